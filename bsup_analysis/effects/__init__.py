"""Estimators: numbers, arrays and tables in, frozen results out.

Nothing here reads a file or knows a language; `docs/methods_published.md` derives what the
modules on the published totals compute.
"""
