"""Estimators for a table of municipalities and years: a panel and settings in, a result out.

Nothing here reads a file or knows a language; `METHODS.md` derives what the
modules compute and says which published numbers they reproduce.
"""
