"""Reading single values from an import."""

import pandas as pd

from bsup_analysis.municipal_import.importing import ImportResult


def value(result: ImportResult, code: str, year: int, column: str = "loans") -> int | None:
    """One value of one municipality and year; None where it is unknown."""
    row = result.table[(result.table["municipality_code"] == code) & (result.table["year"] == year)]
    found = row[column].item()
    return None if pd.isna(found) else int(found)


def source(result: ImportResult, code: str, year: int) -> str:
    """Where a row says that it comes from."""
    row = result.table[(result.table["municipality_code"] == code) & (result.table["year"] == year)]
    return str(row["source"].item())
