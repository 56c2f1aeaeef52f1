"""Reproduction, audit and evaluation of a social housing programme in Midt-Norge, 2009-2012."""

__version__ = "0.1.0"
