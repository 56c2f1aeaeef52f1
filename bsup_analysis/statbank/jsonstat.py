"""json-stat2 read strictly, every cell with its codes, value and sign; and what to ask of a table.

Own code because of what the two libraries tried on the recorded answers do. pyjstat 2.4 finds the
same cells (a test compares), but signs only in a second reading, no decimals and no vintage; an
answer cut short or metadata without cells end in an IndexError; 800 000 cells take it 4 to 8 times
as long. pxwebpy 0.6 drops signs, fails on an index given as a list, and of values given as an
object returns the places instead of the values, without a word.
"""

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import pandas as pd

Selection = Mapping[str, tuple[str, ...]]
MOST_CELLS = 1_000_000  # SSB answers 800 000 at most

MUNICIPALITY = re.compile(r"\d{4}")
NO_MUNICIPALITY = re.compile(r"uoppgitt|unspecified|unknown", re.IGNORECASE)
TOTALS = {"begge kjønn", "both sexes", "alle aldre", "all ages", "alle", "all", "i alt", "total"}
PART = re.compile(r"\d{1,3}\+?")  # one sex, or one year of age, the last one open


class Malformed(Exception):  # noqa: N818 - what the answer is
    """The answer is not what was asked for: no JSON, no json-stat2, or about something else."""


class UnexpectedTable(Exception):  # noqa: N818 - reads as the sentence it ends in
    """The table is not as it must be; the message says in half a sentence what changed."""


@dataclass(frozen=True)
class Dimension:
    """A variable of a table: its codes in order, and their labels."""

    code: str
    label: str
    codes: tuple[str, ...]
    labels: tuple[str, ...]
    decimals: Mapping[str, int]
    eliminable: bool


@dataclass(frozen=True)
class Table:
    """A table as SSB answers: its metadata, and its cells in row-major order over `dimensions`.

    Parameters
    ----------
    table_id, title, updated
        As the answer states them; empty or None where it does not.  `updated`: when SSB last
        changed the table (its vintage).
    dimensions
        From their codes, in the order of the cells.
    roles
        json-stat2's `role`: "time", "metric" and "geo" to the codes of dimensions.
    values
        A number or None for each cell; empty in metadata.
    signs
        A status sign or None for each cell; empty in metadata.
    """

    table_id: str
    title: str
    updated: str | None
    dimensions: Mapping[str, Dimension]
    roles: Mapping[str, tuple[str, ...]]
    values: tuple[float | int | None, ...]
    signs: tuple[str | None, ...]

    @property
    def time(self) -> Dimension:
        """The variable of the year; raises `UnexpectedTable` where there is none."""
        return self._in_role("time", "Tid", "year")

    @property
    def contents(self) -> Dimension:
        """The variable of what is counted; raises `UnexpectedTable` where there is none."""
        return self._in_role("metric", "ContentsCode", "contents")

    def _in_role(self, role: str, usual: str, what: str) -> Dimension:
        code = (self.roles.get(role) or (usual,))[0]
        if code not in self.dimensions:
            raise UnexpectedTable(
                f"it no longer says which variable is the {what} ({code} is expected);"
                f" its variables are {', '.join(self.dimensions)}"
            )
        return self.dimensions[code]

    def cells(self) -> pd.DataFrame:
        """Return one row a cell: the code of each dimension, then `value` and `sign` (objects)."""
        codes = itertools.product(*(d.codes for d in self.dimensions.values()))
        table = pd.DataFrame(list(codes), columns=list(self.dimensions), dtype=object)
        signs = pd.Series(self.signs, dtype=object)
        return table.assign(value=pd.Series(self.values, dtype=object), sign=signs)


def read_table(content: bytes, with_cells: bool = True) -> Table:
    """Read a json-stat2 answer.

    Parameters
    ----------
    content
        The answer's body.
    with_cells
        Whether cells are expected; metadata are json-stat2 without any.

    Raises
    ------
    Malformed
        The body is not JSON, not a json-stat2 dataset, or its parts do not fit together.
    """
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        start = " ".join(content[:60].decode("utf-8", "replace").split())
        raise Malformed(f"the answer is not JSON (it begins {start!r})") from None
    if not isinstance(document, dict):
        raise Malformed("the answer is JSON, but not an object")
    try:
        codes = document["id"]
        dimensions = {code: _dimension(code, document["dimension"][code]) for code in codes}
        shape = [len(d.codes) for d in dimensions.values()]
        _require(document.get("class") == "dataset", "it is no dataset")
        _require(len(codes) == len(shape) > 0, "its id is no set of names")
        _require(list(document["size"]) == shape, "its size is not that of its dimensions")
        count = math.prod(shape) if with_cells else 0
        _require(count <= MOST_CELLS, f"it has {count} cells")
        values = _per_cell(document["value"], count, (int, float)) if with_cells else []
        signs = _per_cell(document.get("status") or {}, count, (str,)) if with_cells else []
        updated = document.get("updated")
        _require(updated is None or isinstance(updated, str), "its date is no text")
        extension = document.get("extension") or {}
        return Table(
            table_id=str((extension.get("px") or {}).get("tableid", "")),
            title=str(document.get("label", "")),
            updated=updated,
            dimensions=dimensions,
            roles={k: tuple(v) for k, v in (document.get("role") or {}).items()},
            values=tuple(values),
            signs=tuple(signs),
        )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        detail = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise Malformed(f"the answer is not a json-stat2 table ({detail})") from None


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _dimension(code: str, spec: Mapping[str, Any]) -> Dimension:
    category = spec["category"]
    labels = category.get("label") or {}
    index = category.get("index", list(labels))
    if isinstance(index, dict):
        _require(sorted(index.values()) == list(range(len(index))), f"the order of {code} has gaps")
        index = sorted(index, key=index.__getitem__)
    _require(isinstance(index, list) and len(index) > 0, f"{code} has no codes")
    _require(all(isinstance(c, str) for c in (code, *index)), f"a code of {code} is no text")
    _require(len(set(index)) == len(index), f"a code of {code} stands twice")
    units = category.get("unit") or {}
    decimals = {c: int(unit["decimals"]) for c, unit in units.items() if "decimals" in unit}
    _require(all(0 <= n <= 15 for n in decimals.values()), f"decimals of {code}: {decimals}")
    extension = spec.get("extension") or {}
    return Dimension(
        code=code,
        label=str(spec.get("label", code)),
        codes=tuple(index),
        labels=tuple(str(labels.get(c, c)) for c in index),
        decimals=decimals,
        eliminable=extension.get("elimination") is True,
    )


def _per_cell(given: Any, count: int, kinds: tuple[type, ...]) -> list[Any]:
    """Spread values or signs over the cells: json-stat2 allows a list, an object, or one text."""
    if isinstance(given, str):
        given = [given] * count
    if isinstance(given, dict):
        spread: list[Any] = [None] * count
        for place, one in given.items():
            _require(0 <= int(place) < count, f"there is no cell {place}")
            spread[int(place)] = one
        given = spread
    _require(len(given) == count, f"{len(given)} cells where {count} belong")
    _require(all(v is None or _is(v, kinds) for v in given), "a cell is of the wrong kind")
    return [None if v == "" else v for v in given]


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a cell is of a kind: a finite number where it is one, and never a truth value."""
    finite = not isinstance(value, float) or math.isfinite(value)
    return isinstance(value, kinds) and not isinstance(value, bool) and finite


# --- what to ask of a table, in pieces under the limit of cells ---


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
