"""Where each table comes from, for the manifest: its file, record, rows with their place, origins.

What is said is what is known.  A processed table names the raw rows that enter it where its
construction selects some (`bsup_analysis.tables.processed`), else all; a raw row names its page or
source where a column does, else the record's.
"""

import csv
import tomllib
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.tables import ORIGINS, OUTPUTS
from bsup_analysis.tables.processed import USED

# rows are numbered as an editor shows them, whose header is row 1
FIRST_ROW = 2
# columns that say where a row stands, the most exact first
_PLACES = ("page", "source_url", "source_reference", "source")
_RECORDED = ("title", "producer", "document", "pages", "url", "licence", "made_by", "seed", "draws")


def origins(
    tables: Iterable[Path], read: Callable[[str], pd.DataFrame]
) -> dict[str, dict[str, Any]]:
    """Describe tables and all they are built from.

    Parameters
    ----------
    tables
        CSV files that are read.
    read
        Gives a raw or decision table by name, with its types.

    Returns
    -------
    dict
        By path below the root: `sha256`, `rows` (those of its data, as ``2-19``); of a raw table
        also its record (`title`, `producer`, `document`, `pages`, `url`, `licence`) and `places`
        (a place, and the rows that stand there); of a SYNTHETIC one `made_by`, `seed` and
        `draws`; of a processed one `from` (path -> rows).

    Raises
    ------
    InputError
        A table that others are built from is refused.
    """
    described: dict[str, dict[str, Any]] = {}
    waiting = [path for path in tables if path.suffix == ".csv" and path.is_file()]
    while waiting:
        path = waiting.pop()
        if _name(path) in described:
            continue
        described[_name(path)] = {"sha256": sha256(path), "rows": _all(path), **_record(path)}
        if path.stem in OUTPUTS and path.parent == paths.processed():
            behind = {paths.table_path(name): name for name in _origins(path.stem)}
            described[_name(path)]["from"] = {
                _name(one): _used(path.stem, name, one, read) for one, name in behind.items()
            }
            waiting += behind
    return dict(sorted(described.items()))


def _origins(name: str) -> list[str]:
    """Name the tables a processed table is built from; what is no table gives its own."""
    tables: list[str] = []
    for origin in ORIGINS[name]:
        is_file = origin in OUTPUTS or origin not in ORIGINS
        tables += [origin] if is_file else _origins(origin)
    return list(dict.fromkeys(tables))


def _used(name: str, origin: str, path: Path, read: Callable[[str], pd.DataFrame]) -> str:
    choose = USED.get((name, origin))
    if choose is None:
        return _all(path)
    return row_spans(row for row, used in enumerate(choose(read(origin)), FIRST_ROW) if used)


def _record(path: Path) -> dict[str, Any]:
    """Read what is recorded of a file, and where each of its rows stands."""
    record = path.with_suffix(".provenance.toml")
    content = tomllib.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    told = {key: content[key] for key in _RECORDED if content.get(key)}
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        column = next((one for one in _PLACES if one in (reader.fieldnames or ())), None)
        stand: dict[str, list[int]] = {}
        if column is not None:
            for number, row in enumerate(reader, FIRST_ROW):
                stand.setdefault(_place(column, row[column]), []).append(number)
    if stand:
        told["places"] = [
            {"place": place, "rows": row_spans(rows)} for place, rows in stand.items()
        ]
    return told


def _place(column: str, value: str | None) -> str:
    if not value:
        return "place not stated"
    if column != "page":
        return value
    pages = value.split(";")
    return f"{'pp.' if len(pages) > 1 else 'p.'} {', '.join(pages)}"


def _all(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as stream:
        return row_spans(range(FIRST_ROW, 1 + sum(1 for _ in csv.reader(stream))))


def _name(path: Path) -> str:
    if not path.is_relative_to(paths.root()):
        raise InputError(f"{path.name} lies outside the project; put it below {paths.root()}.")
    return path.relative_to(paths.root()).as_posix()


def row_spans(rows: Iterable[int]) -> str:
    """Write row numbers as ``2-5, 7``: those that stand together as first and last."""
    ordered = sorted(set(rows))
    parts = []
    for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0]):
        together = [row for _, row in run]
        first, last = together[0], together[-1]
        parts.append(f"{first}" if first == last else f"{first}-{last}")
    return ", ".join(parts)


def rows_within(spans: str) -> set[int]:
    """Read back what `row_spans` wrote."""
    found: set[int] = set()
    for part in filter(None, spans.split(", ")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found
