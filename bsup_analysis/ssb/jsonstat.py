"""json-stat2 read strictly: every cell with its codes, its value and its sign.

Own code because of what the two libraries tried on the recorded answers do. pyjstat 2.4 finds the
same cells (a test compares), but signs only in a second reading, no decimals and no vintage; an
answer cut short or metadata without cells end in an IndexError; 800 000 cells take it 4 to 8 times
as long. pxwebpy 0.6 drops signs, gives labels for codes, fails on an index given as a list, and of
values given as an object returns the places instead of the values, without a word.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bsup_analysis.ssb.faults import NotUnderstood


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
class Cube:
    """A table as SSB answered: cells in row-major order over `dimensions`.

    Parameters
    ----------
    table_id, label, updated
        As the answer states them; empty or None where it does not.
    dimensions
        In the order of the cells.
    roles
        json-stat2's `role`: "time", "metric" and "geo" to the codes of dimensions.
    values
        A number or None for each cell.
    signs
        A status sign or None for each cell.
    """

    table_id: str
    label: str
    updated: str | None
    dimensions: tuple[Dimension, ...]
    roles: Mapping[str, tuple[str, ...]]
    values: tuple[float | int | None, ...]
    signs: tuple[str | None, ...]

    def dimension(self, code: str) -> Dimension | None:
        """Return the dimension named `code`, or None."""
        return next((d for d in self.dimensions if d.code == code), None)

    def table(self) -> pd.DataFrame:
        """Return one row a cell: the code of each dimension, then `value` and `sign` (objects)."""
        shape = [len(d.codes) for d in self.dimensions]
        places = np.indices(shape).reshape(len(shape), -1)
        columns: dict[str, Any] = {
            d.code: np.asarray(d.codes, dtype=object)[place]
            for d, place in zip(self.dimensions, places, strict=True)
        }
        columns["value"] = pd.Series(self.values, dtype=object)
        columns["sign"] = pd.Series(self.signs, dtype=object)
        return pd.DataFrame(columns)


def parse(content: bytes) -> Mapping[str, Any]:
    """Read bytes as a JSON object.

    Raises
    ------
    NotUnderstood
        They are not UTF-8, not JSON, or not an object.
    """
    try:
        read = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        start = " ".join(content[:60].decode("utf-8", "replace").split())
        raise NotUnderstood(f"the answer is not JSON (it begins {start!r})") from None
    if not isinstance(read, dict):
        raise NotUnderstood("the answer is JSON, but not an object")
    return read


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def read_cube(content: bytes, with_values: bool = True) -> Cube:
    """Read a json-stat2 answer.

    Parameters
    ----------
    content
        The answer's body.
    with_values
        Whether cells are expected; version 2 gives metadata as json-stat2 without any.

    Raises
    ------
    NotUnderstood
        The body is not JSON, not a json-stat2 dataset, or its parts do not fit together.
    """
    document = parse(content)
    try:
        dimensions = tuple(_dimension(code, document["dimension"][code]) for code in document["id"])
        shape = [len(d.codes) for d in dimensions]
        _require(document.get("class") == "dataset", "it is no dataset")
        _require(len({d.code for d in dimensions}) == len(shape) > 0, "its id is no set of names")
        _require(list(document["size"]) == shape, "its size is not that of its dimensions")
        cells = math.prod(shape) if with_values else 0
        values = _per_cell(document["value"], cells, (int, float)) if with_values else []
        signs = _per_cell(document.get("status") or {}, cells, (str,)) if with_values else []
        updated = document.get("updated")
        _require(updated is None or isinstance(updated, str), "its date is no text")
        extension = document.get("extension") or {}
        return Cube(
            table_id=str((extension.get("px") or {}).get("tableid", "")),
            label=str(document.get("label", "")),
            updated=updated,
            dimensions=dimensions,
            roles={k: tuple(v) for k, v in (document.get("role") or {}).items()},
            values=tuple(values),
            signs=tuple(signs),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        detail = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise NotUnderstood(f"the answer is not a json-stat2 table ({detail})") from None


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
    extension = spec.get("extension") or {}
    return Dimension(
        code=code,
        label=str(spec.get("label", code)),
        codes=tuple(index),
        labels=tuple(str(labels.get(c, c)) for c in index),
        decimals={c: int(unit["decimals"]) for c, unit in units.items() if "decimals" in unit},
        eliminable=extension.get("elimination") is True,
    )


def _per_cell(given: Any, cells: int, kinds: tuple[type, ...]) -> list[Any]:
    """Spread values or signs over the cells: json-stat2 allows a list, an object, or one text."""
    if isinstance(given, str):
        given = [given] * cells
    if isinstance(given, dict):
        spread: list[Any] = [None] * cells
        for place, one in given.items():
            _require(0 <= int(place) < cells, f"there is no cell {place}")
            spread[int(place)] = one
        given = spread
    _require(len(given) == cells, f"{len(given)} cells where {cells} belong")
    _require(all(v is None or _fits(v, kinds) for v in given), "a cell is of the wrong kind")
    return [None if v == "" else v for v in given]


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    endless = isinstance(value, float) and not math.isfinite(value)
    return isinstance(value, kinds) and not isinstance(value, bool) and not endless
