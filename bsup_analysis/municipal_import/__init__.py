"""Importing a user's municipal table: read, mapped to 2009, validated against published totals."""
