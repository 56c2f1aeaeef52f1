"""The lineage of a number: exhibit, run, function, tables, files and rows, and what rests on them.

It needs `reports/` alone.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from textwrap import wrap
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.published.reader import Published, read_rows

# rows are numbered as an editor shows them, whose header is row 1
FIRST_ROW = 2
NEAR = 5
_WIDTH, _MARGIN = 100, 10
_FEW = 3
WHOLE = (
    "A function is given whole tables: the rows named are all that can enter, and a number may"
    " rest on some of them only."
)


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
    given: list[Source]
    behind: list[Source]

    @property
    def tables(self) -> set[str]:
        """Names of all tables in it."""
        return {PurePosixPath(one.path).stem for one in (*self.given, *self.behind)}

    def changed(self, root: Path) -> list[str]:
        """Name its files that are here and are no longer what was used."""
        return [
            one.path
            for one in (*self.given, *self.behind)
            if (root / one.path).is_file() and sha256(root / one.path) != one.digest
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
    titled = max(shown["pages"], key=lambda key: pages[key]["language"] == "en")
    given = [_source(published, path, digest) for path, digest in shown["inputs"].items()]
    behind = [one for one in _behind(published, given) if one.path not in shown["inputs"]]
    title = pages[titled]["exhibits"][exhibit]["title"]
    return Lineage(identifier, number, exhibit, title, shown, given, behind)


def _source(
    published: Published,
    path: str,
    digest: str | None = None,
    entering: Iterable[int] | None = None,
) -> Source:
    """Describe a table, as it was when it was given, with the rows that enter; else all."""
    record = published.tables.get(path, {})
    every = frozenset(rows_within(record.get("rows", "")))
    used = every if entering is None else frozenset(entering)
    return Source(path, digest or record.get("sha256", ""), used, every, record)


def _behind(published: Published, given: Iterable[Source]) -> list[Source]:
    """Follow tables to what they were built from; built tables come first."""
    used: dict[str, set[int]] = {}
    waiting = [one.record for one in given]
    while waiting:
        for path, entering in waiting.pop().get("from", {}).items():
            if path not in used:
                waiting.append(published.tables[path])
            used.setdefault(path, set()).update(rows_within(entering))
    found = [_source(published, path, None, entering) for path, entering in sorted(used.items())]
    return sorted(found, key=lambda one: "from" not in one.record)


def dependents(published: Published, table: str) -> dict[str, list[str]]:
    """Give the exhibits that rest on a table, by its path or its name, each with its numbers."""
    found = {}
    for exhibit, shown in published.manifest["exhibits"].items():
        given = [_source(published, path) for path in shown["inputs"]]
        paths = {one.path for one in (*given, *_behind(published, given))}
        if table in paths | {PurePosixPath(path).stem for path in paths}:
            numbers = published.numbers.items()
            found[exhibit] = sorted(name for name, row in numbers if row["exhibit"] == exhibit)
    return found


def _unknown(published: Published, identifier: str) -> str:
    tables = [PurePosixPath(path).stem for path in published.tables]
    known = sorted({*published.numbers, *published.manifest["exhibits"], *tables})
    near = difflib.get_close_matches(identifier, known, NEAR, 0.6)
    near += [name for name in known if identifier and identifier in name and name not in near]
    told = f"near names: {', '.join(near[:NEAR])}" if near else "reports/numbers.json lists them"
    return f"there is no number, exhibit or table {identifier!r}; {told}."


def row_spans(rows: Iterable[int]) -> str:
    """Write row numbers as ``2-5, 7``: those that stand together as first and last."""
    parts = []
    for _, run in groupby(enumerate(sorted(set(rows))), key=lambda pair: pair[1] - pair[0]):
        first, *more = [row for _, row in run]
        parts.append(f"{first}-{more[-1]}" if more else f"{first}")
    return ", ".join(parts)


def rows_within(spans: str) -> set[int]:
    """Read back what `row_spans` wrote."""
    found: set[int] = set()
    for part in filter(None, spans.split(", ")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


# --- in words ---


def trace_lines(published: Published, name: str, root: Path) -> Iterator[str]:
    """Yield the lineage of a number or an exhibit, or a table with all that rests on it.

    Parameters
    ----------
    name
        Id of a number or of an exhibit, or a table's name or path.
    root
        The checkout, whose files may have changed since.

    Raises
    ------
    InputError
        There is none of that name; or, after the last line, files of the lineage have changed.
    """
    tables = {one: path for path in published.tables for one in (path, PurePosixPath(path).stem)}
    if name in tables and name not in {*published.numbers, *published.manifest["exhibits"]}:
        yield from table_lines(published, tables[name])
        return
    found = lineage(published, name)
    yield from lineage_lines(found, published)
    if changed := found.changed(root):
        raise InputError(
            f"{', '.join(changed)} changed since {name} was published, so this is the lineage of"
            " the published one; run `bsup report`."
        )


def lineage_lines(found: Lineage, published: Published) -> Iterator[str]:
    """Yield a lineage from the number to its files."""
    manifest, shown, number = published.manifest, found.shown, found.number
    drawn = f"tables/{found.exhibit}.csv"
    more = [f"reports/{drawn}", f"sha256 {manifest['files'][drawn]}"]
    if number is not None:
        yield f"{found.id} = {number['value']} ({number['unit']})"
        more += _cells(published.reports / drawn, number["value"])
    yield from _entry("exhibit", f"{found.exhibit}, a {shown['kind']}: {found.title}", *more)
    runs = {key.partition("/")[2]: manifest["pages"][key]["parameters"] for key in shown["pages"]}
    for place, (run, parameters) in enumerate(runs.items()):
        given = ", ".join(f"{name} = {value}" for name, value in sorted(parameters.items()))
        yield from _entry("" if place else "run", f"{run} with {given}" if given else run)
    inputs = manifest["pages"][shown["pages"][0]]["inputs"]
    for path in (shown["notebook"], "study.toml"):
        yield from _more(path, f"sha256 {inputs.get(path, 'not recorded')}")
    module = shown["function"].rpartition(".")[0]
    yield from _entry("function", f"{shown['function']} ({module.replace('.', '/')}.py)")
    if shown.get("results"):
        yield from _entry("results", ", ".join(shown["results"]))
    for name, sources in (("tables", found.given), ("built from", found.behind)):
        for place, source in enumerate(sources):
            yield from source_lines("" if place else name, source)
    yield ""
    yield from wrap(WHOLE, _WIDTH)


def table_lines(published: Published, path: str) -> Iterator[str]:
    """Yield a table, and all that rests on it."""
    exhibits = dependents(published, path)
    yield from source_lines("table", _source(published, path))
    for exhibit, numbers in exhibits.items():
        function = published.manifest["exhibits"][exhibit]["function"]
        yield from _entry("exhibit", f"{exhibit} ({function})", *numbers)
    count = sum(map(len, exhibits.values()))
    yield f"{len(exhibits)} exhibits and {count} numbers rest on it"


def source_lines(name: str, source: Source) -> Iterator[str]:
    """Yield a table with its rows that enter, its hash and what is recorded of it."""
    used, every, record = row_spans(source.rows), row_spans(source.of), source.record
    rows = f": rows {used} of {every}" if used != every else f": all rows, {used}" if every else ""
    yield from _entry(name, f"{source.path}{rows}", f"sha256 {source.digest}")
    if "from" in record:
        yield from _more(f"built from {', '.join(PurePosixPath(p).stem for p in record['from'])}")
    if "title" in record:
        told = [record.get("document", record["title"])]
        told += [f"{key} {record[key]}" for key in ("seed", "draws") if key in record]
        pages = [] if "places" in record else record.get("pages", [])
        if pages:
            told.append(f"{'p.' if len(pages) == 1 else 'pp.'} {', '.join(map(str, pages))}")
        yield from _more(", ".join([*told, *filter(None, [record.get("url")])]))
    for place, at in source.places():
        yield from _more(f"{_rows(at)}: {place}")


def _cells(path: Path, value: float) -> list[str]:
    """Say where in the drawn data a number stands, unless it is so common that it says nothing."""
    found: dict[str, list[int]] = {}
    for number, row in enumerate(read_rows(path), FIRST_ROW):
        for column in (name for name, cell in row.items() if _is(cell, value)):
            found.setdefault(column, []).append(number)
    if not 0 < len(found) <= _FEW:
        return []
    places = (f"column {name}, {_rows(row_spans(at))}" for name, at in found.items())
    return [f"there in {'; '.join(places)}"]


def _rows(written: str) -> str:
    return f"{'row' if written.isdigit() else 'rows'} {written}"


def _is(cell: str, value: float) -> bool:
    try:
        return float(cell) == value
    except ValueError:
        return False


def _entry(name: str, text: str, *more: str) -> Iterator[str]:
    yield from _indented(f"{name:<{_MARGIN}} ", text)
    yield from _more(*more)


def _more(*texts: str) -> Iterator[str]:
    for text in texts:
        yield from _indented(" " * (_MARGIN + 3), text)


def _indented(first: str, text: str) -> list[str]:
    """Break lines at words only: a path or an id is never divided."""
    return wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * (_MARGIN + 3),
        break_long_words=False,
        break_on_hyphens=False,
    )
