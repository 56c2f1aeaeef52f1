"""Figures that follow a reader's choice of municipality, outcome, group and reading."""
