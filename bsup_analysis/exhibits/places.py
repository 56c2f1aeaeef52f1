"""Proper names that are written alike in every language."""

COUNTIES = {"15": "Møre og Romsdal", "16": "Sør-Trøndelag", "17": "Nord-Trøndelag"}
"""Names of the region's counties before 2018, by two-digit code."""
