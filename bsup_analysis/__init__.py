"""Reproduction, audit and evaluation of a housing-social programme in Midt-Norge, 2009-2012."""
