"""Population of the region's municipalities, SSB table 07459, on 1 January of each year.

Sex and age are left to SSB to add up (elimination).  The table lists codes of all years: a code
that was not in use has 0 inhabitants, or the sign for "no figure is possible".
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.ssb.metadata import Table
from bsup_analysis.ssb.obtain import Obtained, Way, not_as_expected, obtain
from bsup_analysis.ssb.selection import Selection, contents_code, rest, year_codes
from bsup_analysis.ssb.signs import NOT_IN_USE, meaning, number

TABLE = "07459"
CONTENTS = "Personer1"
WORDS = "personer"
PREFIXES = ("15", "16", "17", "50")  # Møre og Romsdal, Sør- and Nord-Trøndelag, Trøndelag


@dataclass(frozen=True)
class Population:
    """What table 07459 says.

    Parameters
    ----------
    table
        `municipality_code` (in force that year), `year`, `population` (Int64, persons on
        1 January, empty where SSB shows a sign), `sign`, `note`; sorted.
    set_aside
        `municipality_code`, `year`, `sign`, `reason`: codes not in use that year.
    obtained
        The answers.
    """

    table: pd.DataFrame
    set_aside: pd.DataFrame
    obtained: Obtained


def population(way: Way, years: Iterable[int], contents: str | None = None) -> Population:
    """Fetch the population.

    Parameters
    ----------
    way
        How to go about it.
    years
        1 January of these.
    contents
        Another contents code than the expected one.

    Raises
    ------
    InputError
        The table is not as it must be, or SSB did not answer.
    """
    wanted = tuple(years)

    def choose(table: Table) -> Selection:
        region, codes = table.region(PREFIXES)
        named = {
            region.code: codes,
            table.contents.code: (contents_code(table, contents or CONTENTS, WORDS),),
            table.time.code: year_codes(table, wanted),
        }
        return {**named, **rest(table, named, may_add=True)}

    obtained = obtain(way, TABLE, choose)
    region, _ = obtained.table.region(PREFIXES)
    rows = added_up(obtained.cells, region.code, obtained.table.time.code)
    if any(v is not None and v != int(v) for v in rows["value"]):
        raise not_as_expected(TABLE, "it has a number of persons that is not whole")
    unused = (rows["value"] == 0) | (rows["value"].isna() & (rows["sign"] == NOT_IN_USE))
    aside = rows[unused].assign(reason="no inhabitants: the code was not in use on 1 January")
    used = rows[~unused]
    table = pd.DataFrame(
        {
            "municipality_code": used["municipality_code"],
            "year": used["year"],
            "population": used["value"].astype("Int64"),
            "sign": used["sign"],
            "note": [
                "" if known else meaning(sign)
                for known, sign in zip(used["value"].notna(), used["sign"], strict=True)
            ],
        }
    )
    return Population(
        table.reset_index(drop=True),
        aside[["municipality_code", "year", "sign", "reason"]].reset_index(drop=True),
        obtained,
    )


def added_up(cells: pd.DataFrame, region: str, time: str) -> pd.DataFrame:
    """Add the cells of a municipality and year up; unknown where one of them is.

    Parameters
    ----------
    cells
        One row a cell, as `Obtained.cells`.
    region, time
        Names of the columns of codes.

    Returns
    -------
    pandas.DataFrame
        `municipality_code`, `year` (int64), `value` (object: number or None), `sign` (of a cell
        that has no number, else of any; empty where there is none); sorted.
    """
    columns: dict[str, list[object]] = {c: [] for c in ("municipality_code", "year")}
    values: list[float | int | None] = []
    signs: list[str] = []
    for (code, year), group in cells.groupby([region, time], sort=True):
        pairs = list(zip(group["value"], group["sign"], strict=True))
        numbers = [number(value, sign) for value, sign in pairs]
        known = [n for n in numbers if n is not None]
        whole = len(known) == len(numbers)
        hidden = {sign for (_, sign), n in zip(pairs, numbers, strict=True) if n is None}
        lacking = sorted(hidden - {NOT_IN_USE}, key=str) or sorted(hidden, key=str)
        shown = lacking or [sign for _, sign in pairs if sign is not None]
        columns["municipality_code"].append(code)
        columns["year"].append(int(year))
        values.append(sum(known) if whole else None)
        signs.append(shown[0] or "" if shown else "")
    return pd.DataFrame(
        {
            **columns,
            "value": pd.Series(values, dtype=object),
            "sign": pd.Series(signs, dtype="str"),
        }
    )
