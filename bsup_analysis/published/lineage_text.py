"""The lineage of a number, and what rests on a table, as lines of text."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from textwrap import wrap

from bsup_analysis.published.lineage import Lineage, Source
from bsup_analysis.published.origins import FIRST_ROW, row_spans, rows_within
from bsup_analysis.published.reader import Published

_WIDTH, _MARGIN = 100, 10
_FEW = 3
WHOLE = (
    "A function is given whole tables: the rows named are all that can enter, and a number may"
    " rest on some of them only."
)


def lineage_lines(found: Lineage, published: Published) -> Iterator[str]:
    """Yield a lineage from the number to its files."""
    page = published.manifest["pages"][found.shown["pages"][0]]
    drawn = f"tables/{found.exhibit}.csv"
    if found.number is not None:
        yield f"{found.id} = {found.number['value']} ({found.number['unit']})"
    kind = found.shown["kind"]
    yield from _entry("exhibit", f"{found.exhibit}, a {kind}: {found.title}")
    yield from _more(f"reports/{drawn}", f"sha256 {published.manifest['files'][drawn]}")
    if found.number is not None:
        yield from _more(*_cells(published.reports / drawn, found.number["value"]))
    name = "run"
    for run in _runs(found, published):
        yield from _entry(name, run)
        name = ""
    for path in (found.shown["notebook"], "study.toml"):
        yield from _more(path, f"sha256 {page['inputs'].get(path, 'not recorded')}")
    module, _, _ = found.shown["function"].rpartition(".")
    yield from _entry("function", f"{found.shown['function']} ({module.replace('.', '/')}.py)")
    if found.shown.get("results"):
        yield from _entry("results", ", ".join(found.shown["results"]))
    for name, sources in (("tables", found.given), ("built from", found.behind)):
        for source in sources:
            yield from _source(name, source)
            name = ""
    yield ""
    yield from wrap(WHOLE, _WIDTH)


def _cells(path: Path, value: float) -> Iterator[str]:
    """Say where in the drawn data a number stands, unless it is so common that it says nothing."""
    found: dict[str, list[int]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row, cells in enumerate(csv.DictReader(stream), FIRST_ROW):
            for column in (name for name, cell in cells.items() if _is(cell, value)):
                found.setdefault(column, []).append(row)
    if 0 < len(found) <= _FEW:
        places = (f"column {name}, {_rows(row_spans(at))}" for name, at in found.items())
        yield f"there in {'; '.join(places)}"


def _rows(written: str) -> str:
    return f"{'row' if written.isdigit() else 'rows'} {written}"


def _is(cell: str, value: float) -> bool:
    try:
        return float(cell) == value
    except ValueError:
        return False


def _runs(found: Lineage, published: Published) -> Iterator[str]:
    """Name each run that showed the exhibit, with its parameters."""
    pages = {
        key.partition("/")[2]: published.manifest["pages"][key] for key in found.shown["pages"]
    }
    for run, page in pages.items():
        given = ", ".join(f"{name} = {value}" for name, value in sorted(page["parameters"].items()))
        yield f"{run} with {given}" if given else run


def table_lines(
    path: str, record: Mapping, exhibits: Mapping[str, list[str]], published: Published
) -> Iterator[str]:
    """Yield a table, and all that rests on it."""
    every = frozenset(rows_within(record.get("rows", "")))
    yield from _source("table", Source(path, record["sha256"], every, every, record))
    for exhibit, numbers in exhibits.items():
        function = published.manifest["exhibits"][exhibit]["function"]
        yield from _entry("exhibit", f"{exhibit} ({function})")
        yield from _more(*numbers)
    count = sum(map(len, exhibits.values()))
    yield f"{len(exhibits)} exhibits and {count} numbers rest on it"


def _source(name: str, source: Source) -> Iterator[str]:
    used, every = row_spans(source.rows), row_spans(source.of)
    told = "" if not every else f": all rows, {used}"
    if source.rows != source.of:
        told = f": rows {used} of {every}"
    yield from _entry(name, f"{source.path}{told}")
    yield from _more(f"sha256 {source.digest}")
    if source.is_built:
        names = ", ".join(PurePosixPath(path).stem for path in source.record["from"])
        yield from _more(f"built from {names}")
    if "title" in source.record:
        yield from _more(", ".join(_record(source.record)))
    for place, used in source.places():
        yield from _more(f"{_rows(used)}: {place}")


def _record(record: Mapping) -> Iterator[str]:
    yield record.get("document", record["title"])
    yield from (f"{name} {record[name]}" for name in ("seed", "draws") if name in record)
    pages = record.get("pages", ())
    if pages and "places" not in record:
        yield f"{'p.' if len(pages) == 1 else 'pp.'} {', '.join(map(str, pages))}"
    if record.get("url"):
        yield record["url"]


def _entry(name: str, text: str) -> Iterator[str]:
    yield from _indented(f"{name:<{_MARGIN}} ", text)


def _more(*texts: str) -> Iterator[str]:
    for text in texts:
        yield from _indented(" " * (_MARGIN + 3), text)


def _indented(first: str, text: str) -> Iterator[str]:
    """Break lines at words only: a path or an id is never divided."""
    yield from wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * (_MARGIN + 3),
        break_long_words=False,
        break_on_hyphens=False,
    )
