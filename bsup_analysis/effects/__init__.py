"""Estimators: numbers, arrays and tables in, frozen results out.

Nothing here reads a file or knows a language; `METHODS.md` derives what the
modules on the published totals compute.
"""
