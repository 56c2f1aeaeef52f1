"""The lineage of a number: exhibit, run, function, tables, files and rows."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.published.origins import row_spans, rows_within
from bsup_analysis.published.reader import Published

NEAR = 5


@dataclass(frozen=True)
class Source:
    """A table in a lineage.

    Attributes
    ----------
    path
        Below the root.
    digest
        SHA-256 of the file that was used.
    rows
        Those that enter, of all that it has; rows that do not enter change nothing.
    of
        All rows.
    record
        What is recorded of the file, and what it was built from.
    """

    path: str
    digest: str
    rows: frozenset[int]
    of: frozenset[int]
    record: Mapping[str, Any]

    @property
    def is_built(self) -> bool:
        """Whether it is built from other tables."""
        return "from" in self.record

    def places(self) -> list[tuple[str, str]]:
        """Give each place of the rows used with those rows, as text."""
        found = [
            (one["place"], self.rows & rows_within(one["rows"]))
            for one in self.record.get("places", ())
        ]
        return [(place, row_spans(used)) for place, used in found if used]


@dataclass(frozen=True)
class Lineage:
    """How a number, or an exhibit, was made.

    `number` is None for an exhibit; `given` are the tables its function was given, `behind` all
    that those were built from; `shown` is the manifest's description of the exhibit.
    """

    id: str
    number: Mapping[str, Any] | None
    exhibit: str
    title: str
    shown: Mapping[str, Any]
    given: tuple[Source, ...]
    behind: tuple[Source, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of all tables in it."""
        return tuple(PurePosixPath(one.path).stem for one in (*self.given, *self.behind))

    def changed(self, root: Path) -> list[str]:
        """Name its files that are here and are no longer what was used."""
        used = {one.path: one.digest for one in (*self.given, *self.behind)}
        return [
            path
            for path, was in used.items()
            if (root / path).is_file() and sha256(root / path) != was
        ]


def lineage(published: Published, identifier: str) -> Lineage:
    """Go back from a number or an exhibit.

    Parameters
    ----------
    published
        What is published.
    identifier
        Id of a number or of an exhibit.

    Raises
    ------
    InputError
        There is none of that name (near names are given), or its drawn data are not the
        published ones.
    """
    number = published.numbers.get(identifier)
    exhibit = identifier if number is None else number["exhibit"]
    shown = published.manifest["exhibits"].get(exhibit)
    if shown is None:
        raise InputError(_unknown(published, identifier))
    published.refuse_changed(f"tables/{exhibit}.csv")
    pages = published.manifest["pages"]
    title = max((key for key in shown["pages"]), key=lambda key: pages[key]["language"] == "en")
    given = {path: _source(published, path, digest) for path, digest in shown["inputs"].items()}
    return Lineage(
        identifier,
        number,
        exhibit,
        pages[title]["exhibits"][exhibit]["title"],
        shown,
        tuple(given.values()),
        tuple(one for one in _behind(published, given.values()) if one.path not in given),
    )


def _source(published: Published, path: str, digest: str) -> Source:
    record = published.tables.get(path, {})
    every = frozenset(rows_within(record.get("rows", "")))
    return Source(path, digest, every, every, record)


def _behind(published: Published, given: Iterable[Source]) -> tuple[Source, ...]:
    """Follow tables to what they were built from; built tables come first."""
    used: dict[str, set[int]] = {}
    waiting = list(given)
    while waiting:
        for path, entering in waiting.pop().record.get("from", {}).items():
            if path not in used:
                waiting.append(_source(published, path, published.tables[path]["sha256"]))
            used.setdefault(path, set()).update(rows_within(entering))
    found = []
    for path, entering in sorted(used.items()):
        source = _source(published, path, published.tables[path]["sha256"])
        found.append(Source(path, source.digest, frozenset(entering), source.of, source.record))
    return tuple(sorted(found, key=lambda one: not one.is_built))


def dependents(published: Published, table: str) -> dict[str, list[str]]:
    """Give the exhibits that rest on a table, each with its numbers.

    Parameters
    ----------
    table
        A table's name, or its path.
    """
    numbers: dict[str, list[str]] = {}
    for name, row in published.numbers.items():
        numbers.setdefault(row["exhibit"], []).append(name)
    found = {}
    for exhibit, shown in published.manifest["exhibits"].items():
        given = [_source(published, path, "") for path in shown["inputs"]]
        paths = {one.path for one in (*given, *_behind(published, given))}
        if table in paths | {PurePosixPath(path).stem for path in paths}:
            found[exhibit] = sorted(numbers.get(exhibit, []))
    return found


def _unknown(published: Published, identifier: str) -> str:
    tables = [PurePosixPath(path).stem for path in published.tables]
    known = sorted({*published.numbers, *published.manifest["exhibits"], *tables})
    near = difflib.get_close_matches(identifier, known, NEAR, 0.6)
    near += [name for name in known if identifier and identifier in name and name not in near]
    told = f"near names: {', '.join(near[:NEAR])}" if near else "reports/numbers.json lists them"
    return f"there is no number, exhibit or table {identifier!r}; {told}."
