"""What to ask of a table: codes for each variable, in pieces under the limit, in two dialects."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher

from bsup_analysis.ssb.jsonstat import Dimension
from bsup_analysis.ssb.metadata import Changed, Table

Selection = Mapping[str, tuple[str, ...]]

TOTALS = {"begge kjønn", "both sexes", "alle aldre", "all ages", "alle", "all", "i alt", "total"}
PART = re.compile(r"\d{1,3}\+?")  # one sex, or one year of age, the last one open


def cells(selection: Selection) -> int:
    """Count the cells that a selection asks for."""
    return math.prod(len(codes) for codes in selection.values())


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
    if cells(selection) <= limit:
        yield selection
        return
    longest = max(selection, key=lambda code: len(selection[code]))
    codes = selection[longest]
    others = cells(selection) // len(codes)
    length = limit // others or 1
    for start in range(0, len(codes), length):
        yield from split({**selection, longest: codes[start : start + length]}, limit)


def key(selection: Selection) -> str:
    """Return 16 hexadecimal digits that are the same for the same question, in either version."""
    text = json.dumps(selection, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def body_v2(selection: Selection) -> dict[str, object]:
    """Write a selection as the body of a POST to version 2 (its user guide, "POST body")."""
    return {
        "selection": [
            {"variableCode": code, "valueCodes": list(codes)} for code, codes in selection.items()
        ]
    }


def body_v1(selection: Selection) -> dict[str, object]:
    """Write a selection as the body of a POST to version 1."""
    return {
        "query": [
            {"code": code, "selection": {"filter": "item", "values": list(codes)}}
            for code, codes in selection.items()
        ],
        "response": {"format": "json-stat2"},
    }


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
    Changed
        The code is not there; the message names the nearest codes with their labels.
    """
    if expected in table.contents.codes:
        return expected
    named = zip(table.contents.codes, table.contents.labels, strict=True)
    near = sorted(named, key=lambda pair: -max(_alike(pair[0], expected), _alike(pair[1], words)))
    listed = ", ".join(f"{code} ({label})" for code, label in near[:5])
    raise Changed(
        f"it has no contents code {expected}; nearest of its {len(table.contents.codes)}: {listed};"
        " name the right one with --contents"
    )


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio()


def year_codes(table: Table, years: Iterable[int]) -> tuple[str, ...]:
    """Look years up in the table.

    Raises
    ------
    Changed
        A year is not there.
    """
    wanted = tuple(str(year) for year in sorted(set(years)))
    missing = [year for year in wanted if year not in table.time.codes]
    if missing or not wanted:
        first, last = table.time.codes[0], table.time.codes[-1]
        raise Changed(
            f"it has no {', '.join(missing) or 'year to ask for'}; it goes from {first} to {last}"
        )
    return wanted


def rest(table: Table, named: Iterable[str], may_add: bool) -> dict[str, tuple[str, ...]]:
    """Choose for the variables that are not asked about: their total.

    Left out where the table adds them up itself (elimination); else the only value, or the one
    labelled as a total; else, if `may_add`, all values, where they are single years of age or
    single sexes and so add up to the total.

    Raises
    ------
    Changed
        A variable offers none of these.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    for one in table.dimensions:
        if one.code in set(named) or one.eliminable:
            continue
        chosen[one.code] = _total(one, may_add)
    return chosen


def _total(one: Dimension, may_add: bool) -> tuple[str, ...]:
    pairs = zip(one.codes, one.labels, strict=True)
    totals = [code for code, label in pairs if label.strip().casefold() in TOTALS]
    if len(one.codes) == 1 or len(totals) == 1:
        return tuple(totals) or one.codes
    if may_add and not totals and all(PART.fullmatch(code) for code in one.codes):
        return one.codes
    raise Changed(
        f"its variable {one.code} ({one.label}) must be chosen from and has no clear total among"
        f" {', '.join(one.labels[:6])}{', ...' if len(one.labels) > 6 else ''}"
    )
