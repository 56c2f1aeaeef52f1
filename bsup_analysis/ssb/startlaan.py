"""Dwellings approved for start loans in the region's municipalities, SSB table 06493.

The table (closed, 2000-2016) prints dwellings that the municipality approved for financing with
start loans per 1 000 inhabitants: numerator from Husbanken, denominator the population on 31
December (SSB, documentation of KOSfainansstartp0000).  Dwellings approved are not loans paid out.

The population on 31 December is that on 1 January of the next year, table 07459.  A municipality
merged on that day has none; the population a year earlier then stands in, uncertain by the largest
relative change that any municipality of the region had in that year.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from bsup_analysis.ssb.metadata import Changed, Table
from bsup_analysis.ssb.obtain import Obtained, Way, not_as_expected, obtain
from bsup_analysis.ssb.population import PREFIXES, Population, added_up, population
from bsup_analysis.ssb.rates import count
from bsup_analysis.ssb.selection import Selection, contents_code, rest, year_codes
from bsup_analysis.ssb.signs import NOT_IN_USE, meaning

TABLE = "06493"
CONTENTS = "KOSfainansstartp0000"
WORDS = "Antall boliger godkjent av kommunen for finansiering med startlån, per 1000 innbyggere"
PER_1000 = re.compile(r"per 1[\s.,]?000 (innbygg|inhabit)", re.IGNORECASE)
DEFINITION = "approved_dwellings"
SOURCE = f"SSB {TABLE}, fetched"
COLUMNS = [
    "municipality_code", "year", "value", "low", "high", "definition", "source",
    "rate_per_1000", "population", "sign", "note",
]  # fmt: skip


@dataclass(frozen=True)
class Startlaan:
    """What table 06493 says, as counts.

    Parameters
    ----------
    table
        `COLUMNS`, sorted: `value` (nearest whole number), `low`, `high` (what the rounding leaves)
        are Int64; where SSB shows a sign instead of a rate, `value` and `high` are empty and `low`
        is 0. `rate_per_1000` is as printed, `population` the denominator used.
    set_aside
        `municipality_code`, `year`, `sign`, `reason`: codes not in use that year.
    obtained
        The answers of table 06493.
    denominators
        The population used.
    decimals
        Of the printed rates.
    """

    table: pd.DataFrame
    set_aside: pd.DataFrame
    obtained: Obtained
    denominators: Population
    decimals: int


@dataclass(frozen=True)
class Denominator:
    """Population on 31 December, its relative uncertainty, and how it was found."""

    people: int
    spread: Fraction
    note: str


def startlaan(
    way: Way,
    years: Iterable[int],
    contents: str | None = None,
    population_contents: str | None = None,
) -> Startlaan:
    """Fetch the rates and the population, and turn rates into counts.

    Parameters
    ----------
    way
        How to go about it.
    years
        Calendar years.
    contents, population_contents
        Other contents codes than the expected ones of tables 06493 and 07459.

    Raises
    ------
    InputError
        The table is not as it must be, or SSB did not answer.
    """
    wanted = sorted(set(years))

    def choose(table: Table) -> Selection:
        region, codes = table.region(PREFIXES)
        code = contents_code(table, contents or CONTENTS, WORDS)
        label = table.contents.labels[table.contents.codes.index(code)]
        if not PER_1000.search(" ".join(label.split())):
            raise Changed(f"its {code} is not per 1 000 inhabitants but {label!r}")
        named = {
            region.code: codes,
            table.contents.code: (code,),
            table.time.code: year_codes(table, wanted),
        }
        return {**named, **rest(table, named, may_add=False)}

    obtained = obtain(way, TABLE, choose)
    people = population(way, {*wanted, *(y + 1 for y in wanted)}, population_contents)
    region, _ = obtained.table.region(PREFIXES)
    rates = added_up(obtained.cells, region.code, obtained.table.time.code)
    decimals = _decimals(obtained, rates)
    known = denominators(people.table)
    rows, aside = [], []
    for code, year, rate, sign in rates.itertuples(index=False):
        below = known.get((code, year))
        if (rate is None and sign == NOT_IN_USE) or (below is None and not rate):
            reason = meaning(NOT_IN_USE) if rate is None else "no inhabitants: code not in use"
            aside.append((code, year, sign, reason))
            continue
        rows.append((code, year, *_row(rate, sign, decimals, below)))
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c not in ("definition", "source")])
    table = table.assign(definition=DEFINITION, source=SOURCE)[COLUMNS]
    whole = dict.fromkeys(("value", "low", "high", "population"), "Int64")
    table = table.astype({**whole, "rate_per_1000": "Float64"})
    columns = ["municipality_code", "year", "sign", "reason"]
    return Startlaan(table, pd.DataFrame(aside, columns=columns), obtained, people, decimals)


def denominators(population_table: pd.DataFrame) -> dict[tuple[str, int], Denominator]:
    """Find the population on 31 December of each municipality and year.

    Parameters
    ----------
    population_table
        `municipality_code`, `year`, `population` on 1 January.

    Returns
    -------
    dict
        From code and year. Empty for the years of which the table has no next 1 January.
    """
    known = population_table.dropna(subset=["population"])
    people = {
        (code, int(year)): int(n)
        for code, year, n in known[["municipality_code", "year", "population"]].itertuples(
            index=False
        )
    }
    change: dict[int, Fraction] = {}
    for (code, year), n in people.items():
        after = people.get((code, year + 1))
        if after is not None:
            change[year] = max(change.get(year, Fraction(0)), abs(Fraction(after, n) - 1))
    found = {}
    for (code, year), n in people.items():
        if year not in change:
            continue
        after = people.get((code, year + 1))
        note = (
            f"merged on 1 January {year + 1}: population of 1 January {year} as denominator,"
            f" -+{100 * float(change[year]):.1f} %"
        )
        exact = Denominator(after or 0, Fraction(0), "")
        found[code, year] = exact if after else Denominator(n, change[year], note)
    return found


def _row(
    rate: float | int | None, sign: str, decimals: int, below: Denominator | None
) -> tuple[object, ...]:
    """Value, low, high, rate, population, sign, note."""
    people = None if below is None else below.people
    if rate is None:
        return None, 0, None, None, people, sign, meaning(sign)
    if below is None:
        return None, 0, None, rate, None, sign, "no population of 31 December to multiply by"
    found = count(rate, decimals, below.people, below.spread)
    notes = [
        below.note,
        meaning(sign) if sign else "",
        "" if found.fits else "no whole number fits this rate and population",
    ]
    note = "; ".join(filter(None, notes))
    return found.value, found.low, found.high, rate, people, sign, note


def _decimals(obtained: Obtained, rates: pd.DataFrame) -> int:
    """Tell how many decimals the rates have: as SSB states, or more where more are printed."""
    code = obtained.cells[obtained.table.contents.code].iloc[0]
    stated = obtained.decimals.get(code)
    if stated is None:
        raise not_as_expected(TABLE, f"SSB does not say to how many decimals {code} is rounded")
    shown = (str(rate).partition(".")[2].rstrip("0") for rate in rates["value"] if rate is not None)
    return max(stated, *map(len, shown), 0)
