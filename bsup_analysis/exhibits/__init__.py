"""Figures and tables: each function takes tables, results and words, and returns an Exhibit.

A function's arguments are named after what they need (a table, a result, `words`, `design`);
`bsup_analysis.study` hands them over by name, and so knows what each exhibit was made from.
"""

from bsup_analysis.exhibits.exhibit import Exhibit, Number

__all__ = ["Exhibit", "Number"]
