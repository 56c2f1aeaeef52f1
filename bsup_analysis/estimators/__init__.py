"""Estimators on plain arrays: they read no file, hold no design and know no language."""
