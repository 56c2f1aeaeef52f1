"""What to ask of a table: codes looked up in its metadata, in pieces under the limit of cells."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from bsup_analysis.statbank.jsonstat import Dimension, Table, UnexpectedTable

Selection = Mapping[str, tuple[str, ...]]

MUNICIPALITY = re.compile(r"\d{4}")
NO_MUNICIPALITY = re.compile(r"uoppgitt|unspecified|unknown", re.IGNORECASE)
TOTALS = {"begge kjønn", "both sexes", "alle aldre", "all ages", "alle", "all", "i alt", "total"}
PART = re.compile(r"\d{1,3}\+?")  # one sex, or one year of age, the last one open


def split(selection: Selection, limit: int) -> Iterator[Selection]:
    """Divide a selection into pieces of at most `limit` cells each, none twice.

    The longest variable is divided first, into as few pieces as fit, and its order is kept.

    Raises
    ------
    ValueError
        If `limit` is less than 1.
    """
    if limit < 1:
        raise ValueError("an answer holds at least one cell")
    cells = math.prod(map(len, selection.values()))
    if cells <= limit:
        yield selection
        return
    longest = max(selection, key=lambda code: len(selection[code]))
    codes = selection[longest]
    length = limit // (cells // len(codes)) or 1
    for start in range(0, len(codes), length):
        yield from split({**selection, longest: codes[start : start + length]}, limit)


def key(selection: Selection) -> str:
    """Return 16 hexadecimal digits that are the same for the same selection."""
    return hashlib.sha256(json.dumps(selection, sort_keys=True).encode()).hexdigest()[:16]


def post_body(selection: Selection) -> dict[str, Any]:
    """Write a selection as the body of a POST (PxWebApi 2 user guide, "POST body")."""
    return {"selection": [{"variableCode": c, "valueCodes": list(v)} for c, v in selection.items()]}


def municipalities(table: Table, prefixes: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Find the variable with municipality codes, and a region's codes in it.

    Parameters
    ----------
    table
        The table's metadata.
    prefixes
        First two digits of the counties' codes.

    Returns
    -------
    str, tuple of str
        The variable's code, and codes of any year, without those for an unknown municipality.

    Raises
    ------
    UnexpectedTable
        No variable, or more than one, holds such codes.
    """
    found = {}
    for code in [c for c in table.dimensions if c not in (table.time.code, table.contents.code)]:
        one = table.dimensions[code]
        codes = tuple(
            value
            for value, label in zip(one.codes, one.labels, strict=True)
            if MUNICIPALITY.fullmatch(value)
            and value.startswith(prefixes)
            and not NO_MUNICIPALITY.search(label)
        )
        if codes:
            found[code] = codes
    if len(found) != 1:
        which = "no variable holds" if not found else f"{' and '.join(found)} both hold"
        raise UnexpectedTable(
            f"{which} codes of municipalities beginning with {', '.join(prefixes)};"
            f" its variables are {', '.join(table.dimensions)}"
        )
    return next(iter(found.items()))


def contents_code(table: Table, expected: str, words: str) -> str:
    """Look a contents code up in the table.

    Parameters
    ----------
    table
        The table's metadata.
    expected
        The code that is expected.
    words
        What it counts, in SSB's words; labels like it are named when the code is not there.

    Raises
    ------
    UnexpectedTable
        The code is not there; the message names the nearest codes with their labels.
    """
    contents = table.contents
    if expected in contents.codes:
        return expected
    pairs = zip(contents.codes, contents.labels, strict=True)
    near = sorted(pairs, key=lambda pair: -max(_alike(pair[0], expected), _alike(pair[1], words)))
    listed = ", ".join(f"{code} ({label})" for code, label in near[:5])
    raise UnexpectedTable(
        f"it has no contents code {expected}; nearest of its {len(near)}: {listed};"
        " name the right one with --contents"
    )


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio()


def year_codes(table: Table, years: Iterable[int]) -> tuple[str, ...]:
    """Look years up in the table.

    Raises
    ------
    UnexpectedTable
        A year is not there.
    """
    wanted, there = tuple(str(year) for year in sorted(set(years))), table.time.codes
    missing = [year for year in wanted if year not in there]
    if missing or not wanted:
        raise UnexpectedTable(
            f"it has no {', '.join(missing) or 'year to ask for'}; it goes from {there[0]} to"
            f" {there[-1]}"
        )
    return wanted


def select(
    table: Table, prefixes: tuple[str, ...], contents: str, years: Iterable[int], may_add: bool
) -> Selection:
    """Choose a region's municipalities in some years, and of all other variables the total.

    A variable is left out where the table adds it up itself (elimination); else its only value is
    chosen, or the one labelled as a total; else, if `may_add`, all its values, where they are
    single years of age or single sexes and so add up to the total.

    Parameters
    ----------
    table
        The table's metadata.
    prefixes
        First two digits of the counties' codes.
    contents
        The contents code.
    years
        Calendar years.
    may_add
        Whether several cells a municipality and year are added up afterwards.

    Raises
    ------
    UnexpectedTable
        Municipalities or a year are not there, or a variable has no total.
    """
    region, codes = municipalities(table, prefixes)
    when = year_codes(table, years)
    named = {region: codes, table.contents.code: (contents,), table.time.code: when}
    others = [d for d in table.dimensions.values() if d.code not in named and not d.eliminable]
    return {**named, **{one.code: _total(one, may_add) for one in others}}


def _total(one: Dimension, may_add: bool) -> tuple[str, ...]:
    pairs = zip(one.codes, one.labels, strict=True)
    total = tuple(code for code, label in pairs if label.strip().casefold() in TOTALS)
    if len(one.codes) == 1 or len(total) == 1:
        return total or one.codes
    if may_add and not total and all(PART.fullmatch(code) for code in one.codes):
        return one.codes
    raise UnexpectedTable(
        f"its variable {one.code} ({one.label}) must be chosen from and has no clear total among"
        f" {', '.join(one.labels[:6])}{', ...' if len(one.labels) > 6 else ''}"
    )
