"""Figures and tables: each function takes tables, results and words, and returns an Exhibit."""

from bsup_analysis.exhibit.exhibit import Exhibit, Number

__all__ = ["Exhibit", "Number"]
