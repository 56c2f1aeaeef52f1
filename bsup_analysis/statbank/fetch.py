"""Population and start loans of the region's municipalities, tables 07459 and 06493 of SSB.

07459 gives inhabitants on 1 January, with codes of all years: a code that was not in use has 0
inhabitants, or the sign for "no figure is possible".  Sex and age are left to SSB to add up.

06493 (closed, 2000-2016) prints dwellings that the municipality approved for financing with start
loans per 1 000 inhabitants: numerator from Husbanken, denominator the population on 31 December
(SSB, documentation of KOSfainansstartp0000).  Dwellings approved are not loans paid out.  The
population on 31 December is that on 1 January of the next year, table 07459.  A municipality
merged on that day has none; the population a year earlier then stands in, uncertain by the largest
relative change that any municipality of the region had in that year.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.statbank import jsonstat
from bsup_analysis.statbank.client import Answer, Client, Found, not_as_expected
from bsup_analysis.statbank.jsonstat import Selection, Table, UnexpectedTable

PREFIXES = ("15", "16", "17", "50")  # Møre og Romsdal, Sør- and Nord-Trøndelag, Trøndelag
POPULATION, PERSONS = "07459", "Personer1"
STARTLAAN, RATE = "06493", "KOSfainansstartp0000"
WORDS = "Antall boliger godkjent av kommunen for finansiering med startlån, per 1000 innbyggere"
PER_1000 = re.compile(r"per 1[\s.,]?000 (innbygg|inhabit)", re.IGNORECASE)
MOST = 10**8  # persons or a rate: no municipality has more
SET_ASIDE = ["municipality_code", "year", "sign", "reason"]
COLUMNS = [
    "municipality_code", "year", "value", "low", "high", "definition", "source",
    "rate_per_1000", "population", "sign", "note",
]  # fmt: skip

# SSB, "Standardtegn i tabeller" (ssb.no/diverse/standardtegn-i-tabeller): three signs since 2021,
# and those of older tables.  None becomes a number but NIL, which always meant nil.
NOT_IN_USE, NIL = ".", "-"
MISSING_CODES = {
    ".": "no figure is possible: the category was not in use",
    "..": "figures are lacking: not received, or too uncertain to publish",
    "...": "figures are not yet available",
    ":": "not shown, so that nobody can be identified",
    "-": "nil",
    "*": "provisional figure",
    "": "an empty cell, and SSB does not say why",
}


@dataclass(frozen=True)
class Fetched:
    """What a fetch brought.

    Parameters
    ----------
    table
        In the codes of each year, sorted by code and year. Population: `municipality_code`,
        `year`, `population` (Int64, persons on 1 January, empty where SSB shows a sign), `sign`,
        `note`. Start loans: `COLUMNS`; `value` (nearest whole number), `low`, `high` (what the
        rounding leaves) are Int64; where SSB shows a sign instead of a rate, `value` and `high`
        are empty and `low` is 0; `rate_per_1000` as printed, `population` the denominator used.
    set_aside
        `municipality_code`, `year`, `sign`, `reason`, codes not in use: with `table`, every cell
        of the answers.
    answers
        The records of all answers used: file, question, date, vintage, sha256.
    notes
        What the reader of the table must know, one sentence each.

    Raises
    ------
    InputError
        There is no row.
    """

    table: pd.DataFrame
    set_aside: pd.DataFrame
    answers: tuple[Answer, ...]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.table.empty:
            raise InputError(
                "SSB has no figure for any municipality of the region in these years;"
                " ask for other years."
            )


def fetch_population(years: Iterable[int], client: Client, contents: str | None = None) -> Fetched:
    """Fetch the population of the region's municipalities on 1 January, SSB table 07459.

    Parameters
    ----------
    years
        1 January of these.
    client
        Asks, and keeps the answers.
    contents
        Another contents code than ``Personer1``.

    Raises
    ------
    InputError
        Nothing usable came; the sentence says why and what to do. What has arrived is kept.
    """
    table, aside, found = _population(years, client, contents)
    notes = ("Population on 1 January, in the municipal borders of each year.",)
    return Fetched(table, aside, found.answers, notes)


def fetch_startlaan(
    years: Iterable[int],
    client: Client,
    contents: str | None = None,
    population_contents: str | None = None,
) -> Fetched:
    """Fetch dwellings approved for start loans, SSB table 06493, turned from rates into counts.

    Parameters
    ----------
    years
        Calendar years.
    client
        Asks, and keeps the answers.
    contents, population_contents
        Other contents codes than ``KOSfainansstartp0000`` and ``Personer1``.

    Raises
    ------
    InputError
        Nothing usable came; the sentence says why and what to do. What has arrived is kept.
    """
    wanted = set(years)

    def choose(table: Table) -> Selection:
        code = jsonstat.contents_code(table, contents or RATE, WORDS)
        label = table.contents.labels[table.contents.codes.index(code)]
        if not PER_1000.search(" ".join(label.split())):
            raise UnexpectedTable(f"its {code} is not per 1 000 inhabitants but {label!r}")
        return jsonstat.select(table, PREFIXES, code, wanted, may_add=False)

    found = client.fetch(STARTLAAN, choose)
    next_years = {year + 1 for year in wanted}
    people, _, population = _population(wanted | next_years, client, population_contents)
    rates, known = _by_municipality(found), denominators(people)
    decimals = _decimals(found, rates)
    rows, aside = [], []
    listed = set(people[["municipality_code", "year"]].itertuples(index=False, name=None))
    for code, year, rate, sign in rates.itertuples(index=False):
        below = known.get((code, year))
        lived_in = {(code, year), (code, year + 1)} & listed
        if (rate is None and sign == NOT_IN_USE) or (below is None and not rate and not lived_in):
            unused = "no inhabitants: code not in use"
            aside.append((code, year, sign, _meaning(NOT_IN_USE) if rate is None else unused))
        else:
            rows.append((code, year, *_row(rate, sign, decimals, below)))
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c not in ("definition", "source")])
    table = table.assign(definition="approved_dwellings", source=f"SSB {STARTLAAN}, fetched")
    whole = dict.fromkeys(("value", "low", "high", "population"), "Int64")
    table = table[COLUMNS].astype({**whole, "rate_per_1000": "Float64"})
    notes = (
        "Dwellings approved by the municipality for financing with start loans; not loans paid"
        " out.",
        f"Counts are SSB's rates per 1 000 inhabitants, printed to {decimals} decimals, times"
        " the population; low and high are what the rounding leaves.",
        "The population on 31 December is that on 1 January of the next year (table 07459).",
    )
    answers = found.answers + population.answers
    return Fetched(table, pd.DataFrame(aside, columns=SET_ASIDE), answers, notes)


@dataclass(frozen=True)
class Count:
    """A count known to an interval.

    Parameters
    ----------
    value
        The whole number nearest to rate times population, within the interval.
    low, high
        Smallest and largest whole number that the printed rate allows.
    fits
        Whether a whole number lies in the interval; where not, the denominator is not the one SSB
        divided by, and `low` and `high` are the whole numbers on either side.
    """

    value: int
    low: int
    high: int
    fits: bool


def count(
    rate: float | int, decimals: int, population: Fraction | int, spread: Fraction = Fraction(0)
) -> Count:
    """Turn a printed rate per 1 000 inhabitants into the whole numbers it can have come from.

    SSB prints the rate r to d decimals, so the count n lies in
    (r - h) N / 1000 <= n <= (r + h) N / 1000, h = 10^-d / 2, N the population; both ends are kept,
    as nothing says how halves are rounded.  Exact arithmetic: no end is lost to a binary fraction.

    Parameters
    ----------
    rate
        As printed, per 1 000.
    decimals
        Decimals SSB prints.
    population
        Inhabitants, the rate's denominator.
    spread
        Relative uncertainty of the population: it lies within population * (1 -+ spread).

    Raises
    ------
    ValueError
        A negative rate, population or spread.
    """
    printed, people = Fraction(str(rate)), Fraction(population)
    if printed < 0 or people < 0 or spread < 0 or decimals < 0:
        raise ValueError("a rate, a population and their uncertainty cannot be negative")
    half = Fraction(1, 2 * 10**decimals)
    least = max(printed - half, Fraction(0)) * people * max(1 - spread, Fraction(0))
    low, high = math.ceil(least / 1000), math.floor((printed + half) * people * (1 + spread) / 1000)
    fits = low <= high
    low, high = sorted((low, high))
    return Count(min(max(round(printed * people / 1000), low), high), low, high, fits)


@dataclass(frozen=True)
class Denominator:
    """Population on 31 December, its relative uncertainty, and how it was found."""

    people: int
    spread: Fraction
    note: str


def denominators(population: pd.DataFrame) -> dict[tuple[str, int], Denominator]:
    """Find the population on 31 December of each municipality and year.

    Parameters
    ----------
    population
        `municipality_code`, `year`, `population` on 1 January.

    Returns
    -------
    dict
        From code and year. None for a year of which the table has no next 1 January, or for a
        municipality whose population on that day is unknown.
    """
    rows = list(population[["municipality_code", "year", "population"]].itertuples(index=False))
    unknown = {(code, int(year)) for code, year, n in rows if pd.isna(n)}
    people = {(code, int(year)): int(n) for code, year, n in rows if not pd.isna(n)}
    change: dict[int, Fraction] = {}
    for (code, year), n in people.items():
        if (after := people.get((code, year + 1))) is not None:
            change[year] = max(change.get(year, Fraction(0)), abs(Fraction(after, n) - 1))
    found = {}
    for (code, year), n in people.items():
        if after := people.get((code, year + 1)):
            found[code, year] = Denominator(after, Fraction(0), "")
        elif year in change and (code, year + 1) not in unknown:
            note = (
                f"merged on 1 January {year + 1}: population of 1 January {year} as denominator,"
                f" -+{100 * float(change[year]):.1f} %"
            )
            found[code, year] = Denominator(n, change[year], note)
    return found


def _population(
    years: Iterable[int], client: Client, contents: str | None
) -> tuple[pd.DataFrame, pd.DataFrame, Found]:
    """Table and set aside as in `Fetched`, and what they were read from."""
    wanted = set(years)

    def choose(table: Table) -> Selection:
        code = jsonstat.contents_code(table, contents or PERSONS, "personer")
        return jsonstat.select(table, PREFIXES, code, wanted, may_add=True)

    found = client.fetch(POPULATION, choose)
    rows = _by_municipality(found)
    if any(v is not None and v != int(v) for v in rows["value"]):
        raise not_as_expected(POPULATION, "it has a number of persons that is not whole")
    unused = (rows["value"] == 0) | (rows["value"].isna() & (rows["sign"] == NOT_IN_USE))
    aside = rows[unused].assign(reason="no inhabitants: the code was not in use on 1 January")
    used = rows[~unused].reset_index(drop=True)
    notes = used["sign"].map(_meaning).where(used["value"].isna(), "")
    table = used.assign(population=used["value"].astype("Int64"), note=notes)
    columns = ["municipality_code", "year", "population", "sign", "note"]
    return table[columns], aside[SET_ASIDE].reset_index(drop=True), found


def _by_municipality(found: Found) -> pd.DataFrame:
    """Add the cells of a municipality and year up; unknown where one of them is.

    Returns
    -------
    pandas.DataFrame
        `municipality_code`, `year` (int64), `value` (object: number or None), `sign` (of a cell
        that has no number, else of any; empty where there is none); sorted.
    """
    region, _ = jsonstat.municipalities(found.table, PREFIXES)
    odd = [v for v in found.cells["value"] if v is not None and not 0 <= v < MOST]
    if odd:
        raise not_as_expected(found.answers[0].table_id, f"a cell holds {str(odd[0])[:12]}")
    rows = []
    for (code, year), group in found.cells.groupby([region, found.table.time.code], sort=True):
        cells = list(zip(group["value"], group["sign"].fillna(""), strict=True))
        known = [0 if sign == NIL and v is None else v for v, sign in cells]
        missing = [sign for (_, sign), n in zip(cells, known, strict=True) if n is None]
        # the sign that says most: one that lacks a figure before one that could have none
        missing.sort(key=lambda sign: (sign == NOT_IN_USE, not sign, sign))
        shown = missing or [sign for _, sign in cells if sign] or [""]
        rows.append((code, int(year), None if missing else sum(known), shown[0]))
    table = pd.DataFrame(rows, columns=["municipality_code", "year", "value", "sign"], dtype=object)
    return table.astype({"year": "int64", "municipality_code": "str", "sign": "str"})


def _meaning(sign: str) -> str:
    return MISSING_CODES.get(sign, f"the sign {sign!r}, which is not among SSB's standard signs")


def _row(
    rate: float | int | None, sign: str, decimals: int, below: Denominator | None
) -> tuple[object, ...]:
    """Value, low, high, rate, population, sign, note."""
    if rate is None or below is None:
        people = None if below is None else below.people
        note = "no population of 31 December to multiply by" if rate is not None else _meaning(sign)
        return None, 0, None, rate, people, sign, note
    found = count(rate, decimals, below.people, below.spread)
    odd = "" if found.fits else "no whole number fits this rate and population"
    notes = (below.note, _meaning(sign) if sign else "", odd)
    note = "; ".join(filter(None, notes))
    return found.value, found.low, found.high, rate, below.people, sign, note


def _decimals(found: Found, rates: pd.DataFrame) -> int:
    """Return how many decimals the rates have: as SSB states, or more where more are printed."""
    code = found.cells[found.table.contents.code].iloc[0]
    stated = found.table.contents.decimals.get(code)
    if stated is None:
        raise not_as_expected(STARTLAAN, f"SSB does not say to how many decimals {code} is rounded")
    shown = (str(rate).partition(".")[2].rstrip("0") for rate in rates["value"] if rate is not None)
    return max(stated, *map(len, shown), 0)
