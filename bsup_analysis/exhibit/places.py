"""The region's counties and municipalities by code; names are alike in every language."""

from difflib import get_close_matches

import pandas as pd

from bsup_analysis.errors import InputError

COUNTIES = {"15": "Møre og Romsdal", "16": "Sør-Trøndelag", "17": "Nord-Trøndelag"}
"""Names of the region's counties before 2018, by two-digit code."""


def known_municipality(municipality: pd.DataFrame, code: str) -> pd.Series:
    """Find a municipality by its code.

    Returns
    -------
    pandas.Series
        Its row.

    Raises
    ------
    InputError
        There is none; the sentence names codes that are near it, or that of the name given.
    """
    rows = municipality.set_index("municipality_code")
    if code in rows.index:
        return rows.loc[code]
    names = rows["municipality_name"]
    by_name = get_close_matches(code, list(names), n=3, cutoff=0.7)
    near = list(names.index[names.isin(by_name)])
    near = near or get_close_matches(code, list(names.index), n=3, cutoff=0.5)
    near = near or [names.index[0], names.index[-1]]
    suggested = ", ".join(f"{one} {names[one]}" for one in sorted(near))
    raise InputError(
        f"there is no municipality {code!r} of 2009 in the region; look at {suggested}."
    )
