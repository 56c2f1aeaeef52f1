"""Results of several pages as one: every number and every file has one value, or none is kept."""

import math
from collections.abc import Mapping
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.pipeline.manifest import Entries

_DIGITS = 10
_WAY_OUT = "run `bsup report` for the whole report, in all languages"


def rounded(number: str, value: object) -> int | float:
    """Return a published value: a whole number as it is, any other with ten significant digits.

    Raises
    ------
    InputError
        If the value of this id is no finite number.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, float) or not math.isfinite(value):
        raise InputError(f"number {number} is {value}: only finite numbers can be published.")
    return float(f"{value:.{_DIGITS}g}")


def merge_numbers(entries: Entries, kept: Entries) -> dict[str, Any]:
    """Return the numbers of all pages by id.

    Parameters
    ----------
    entries
        All pages that will be published.
    kept
        Those of them that stay as they were.

    Raises
    ------
    InputError
        If two pages disagree about a number, naming it and them.
    """
    merged: dict[str, Any] = {}
    source: dict[str, str] = {}
    for key, entry in entries.items():
        for number, row in entry["numbers"].items():
            first = source.setdefault(number, key)
            was = merged.setdefault(number, row)
            if was != row:
                values = f"{was['value']} in {first} and {row['value']} in {key}"
                _refuse(f"number {number} is {values}", first, key, kept)
    _refuse_uneven(entries, kept, "numbers", "number")
    return merged


def merge_files(entries: Entries, kept: Entries) -> dict[str, str]:
    """Return the SHA-256 of the files of all pages, by published name.

    Raises
    ------
    InputError
        If two pages would publish different files under one name.
    """
    merged: dict[str, str] = {}
    source: dict[str, str] = {}
    for key, entry in entries.items():
        for name, digest in entry["files"].items():
            first = source.setdefault(name, key)
            if merged.setdefault(name, digest) != digest:
                _refuse(f"{name} is not the same in {first} and {key}", first, key, kept)
    _refuse_uneven(entries, kept, "exhibits", "exhibit")
    return merged


def _refuse_uneven(entries: Entries, kept: Entries, kind: str, word: str) -> None:
    """Refuse a run that gives something in one language and not in another."""
    first_of_run: dict[str, str] = {}
    for key, entry in entries.items():
        first = first_of_run.setdefault(entry["run"], key)
        for name in sorted(set(entries[first][kind]) ^ set(entry[kind])):
            there, lacking = (first, key) if name in entries[first][kind] else (key, first)
            _refuse(f"{word} {name} is in {there} and not in {lacking}", first, key, kept)


def _refuse(problem: str, first: str, second: str, kept: Mapping[str, object]) -> None:
    old = first if first in kept else second if second in kept else None
    if old is not None:
        raise InputError(f"{problem}, and {old} was published earlier; {_WAY_OUT}.")
    raise InputError(f"{problem}; one name must have one value in the whole report.")
