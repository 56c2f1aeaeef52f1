"""Where each table comes from, for the manifest: its file, record, rows with their place, origins.

What is said is what is known.  A processed table names the raw rows that enter it where its
construction selects some (`bsup_analysis.tables.processed`), else all; a raw row names its page or
source where a column does, else the record's.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.published.lineage import FIRST_ROW, row_spans
from bsup_analysis.published.reader import read_rows
from bsup_analysis.tables import ORIGINS, OUTPUTS
from bsup_analysis.tables.processed import USED
from bsup_analysis.tables.sources import record_of

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
        Files that are read.
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
    # of a reader's own borders nothing is recorded
    waiting = [p for p in tables if p.suffix == ".csv" or p.parent == paths.raw() if p.is_file()]
    while waiting:
        path = waiting.pop()
        name = _name(path)
        if name in described:
            continue
        described[name] = {"sha256": sha256(path), **_record(path)}
        if path.stem in OUTPUTS and path.parent == paths.processed():
            built_from = described[name]["from"] = {}
            for origin in _origins(path.stem):
                behind = paths.table_path(origin)
                choose = USED.get((path.stem, origin))
                if choose is None:
                    rows = _record(behind)["rows"]
                else:
                    used = enumerate(choose(read(origin)), FIRST_ROW)
                    rows = row_spans(row for row, enters in used if enters)
                built_from[_name(behind)] = rows
                waiting.append(behind)
    return dict(sorted(described.items()))


def _origins(name: str) -> list[str]:
    """Name the tables a processed table is built from; what is no table gives its own."""
    tables: list[str] = []
    for origin in ORIGINS[name]:
        is_file = origin in OUTPUTS or origin not in ORIGINS
        tables += [origin] if is_file else _origins(origin)
    return list(dict.fromkeys(tables))


def _record(path: Path) -> dict[str, Any]:
    """Read what is recorded of a file, and where each of its rows stands."""
    content = record_of(path)
    told = {key: content[key] for key in _RECORDED if content.get(key)}
    rows = read_rows(path) if path.suffix == ".csv" else []
    told["rows"] = row_spans(range(FIRST_ROW, FIRST_ROW + len(rows)))
    column = next((one for one in _PLACES if rows and one in rows[0]), None)
    stand: dict[str, list[int]] = {}
    for number, row in enumerate(rows if column else [], FIRST_ROW):
        place = row[column or ""] or "place not stated"
        if column == "page" and row["page"]:
            pages = row["page"].split(";")
            place = f"{'pp.' if len(pages) > 1 else 'p.'} {', '.join(pages)}"
        stand.setdefault(place, []).append(number)
    if stand:
        told["places"] = [{"place": place, "rows": row_spans(at)} for place, at in stand.items()]
    return told


def _name(path: Path) -> str:
    if not path.is_relative_to(paths.root()):
        raise InputError(f"{path} lies outside the project; put it below {paths.root()}.")
    return path.relative_to(paths.root()).as_posix()
