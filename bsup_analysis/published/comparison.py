"""What differs between two runs: numbers by id, drawn data by row and cell."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from bsup_analysis.published.snapshot import Snapshot

Row = tuple[str, ...]
Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class NumberChange:
    """A number before and after; None where it is not there."""

    id: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None


@dataclass(frozen=True)
class RowChange:
    """A row before and after, by the columns that name it; None where it is not there."""

    key: Key
    old: Mapping[str, str] | None
    new: Mapping[str, str] | None

    @property
    def cells(self) -> list[tuple[str, str, str]]:
        """Give the cells that changed: column, before, after."""
        if self.old is None or self.new is None:
            return []
        return [
            (name, self.old[name], self.new[name])
            for name in self.old
            if name in self.new and self.old[name] != self.new[name]
        ]


@dataclass(frozen=True)
class TableChange:
    """An exhibit's drawn data before and after.

    `rows` is None where the data are not at hand and only their hashes differ; `columns` are the
    names gone and the names new.
    """

    exhibit: str
    state: str
    rows: tuple[RowChange, ...] | None = ()
    columns: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


@dataclass(frozen=True)
class Comparison:
    """All that differs; `counted` are the numbers and tables compared."""

    numbers: tuple[NumberChange, ...]
    tables: tuple[TableChange, ...]
    counted: tuple[int, int | None]

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.numbers or self.tables)


def compare(old: Snapshot, new: Snapshot) -> Comparison:
    """Compare two runs; tables only where both have them."""
    names = sorted({*old.numbers, *new.numbers})
    numbers = [NumberChange(n, old.numbers.get(n), new.numbers.get(n)) for n in names]
    tables: list[TableChange] = []
    exhibits: list[str] | None = None
    if old.tables is not None and new.tables is not None:
        exhibits = sorted({*old.tables, *old.digests, *new.tables, *new.digests})
        found = (_table(name, old, new) for name in exhibits)
        tables = [one for one in found if one is not None]
    return Comparison(
        tuple(one for one in numbers if one.old != one.new),
        tuple(tables),
        (len(names), None if exhibits is None else len(exhibits)),
    )


def _table(exhibit: str, old: Snapshot, new: Snapshot) -> TableChange | None:
    before, after = old.digest(exhibit), new.digest(exhibit)
    if before == after:
        return None
    if before is None or after is None:
        return TableChange(exhibit, "new" if before is None else "gone")
    texts = [(one.tables or {}).get(exhibit) for one in (old, new)]
    if None in texts:
        return TableChange(exhibit, "changed", None)
    (head, *rows), (new_head, *new_rows) = (
        [tuple(row) for row in csv.reader(io.StringIO(text or ""))] or [()] for text in texts
    )
    gone = tuple(name for name in head if name not in new_head)
    come = tuple(name for name in new_head if name not in head)
    pairs = _paired(head, rows, new_head, new_rows)
    return TableChange(exhibit, "changed", tuple(pairs), (gone, come))


def _paired(
    head: Row, rows: Sequence[Row], new_head: Row, new_rows: Sequence[Row]
) -> list[RowChange]:
    """Pair rows by what names them, else by their order, and give those that differ."""
    key = _key(head, rows, new_head, new_rows)
    if key:
        places = [[some.index(name) for name in key] for some in (head, new_head)]
        before, after = (
            {tuple(row[i] for i in place): row for row in some}
            for place, some in zip(places, (rows, new_rows), strict=True)
        )
        names = dict.fromkeys([*before, *after])
        matched = [
            (tuple(zip(key, name, strict=True)), before.get(name), after.get(name))
            for name in names
        ]
    else:
        matched = _by_order(rows, new_rows)
    return [
        RowChange(
            name,
            None if was is None else dict(zip(head, was, strict=True)),
            None if now is None else dict(zip(new_head, now, strict=True)),
        )
        for name, was, now in matched
        if was != now or head != new_head
    ]


def _key(head: Row, rows: Sequence[Row], new_head: Row, new_rows: Sequence[Row]) -> list[str]:
    """Name the columns that tell rows apart: as few of the first as do, none of them measured."""
    key: list[str] = []
    sides = ((head, rows), (new_head, new_rows))
    for name in head:
        if name not in new_head or any(
            _is_measured(row[names.index(name)]) for names, some in sides for row in some
        ):
            continue
        key.append(name)
        if all(
            len({tuple(row[names.index(one)] for one in key) for row in some}) == len(some)
            for names, some in sides
        ):
            return key
    return []


def _is_measured(cell: str) -> bool:
    try:
        return not float(cell).is_integer()
    except (ValueError, OverflowError):
        return False


def _by_order(
    rows: Sequence[Row], new_rows: Sequence[Row]
) -> list[tuple[Key, Row | None, Row | None]]:
    """Pair rows in their order; each is named by its row of the file, the newer one's if it can."""
    pairs: list[tuple[Key, Row | None, Row | None]] = []
    for kind, a, b, c, d in SequenceMatcher(None, rows, new_rows, autojunk=False).get_opcodes():
        if kind != "equal":
            for i in range(max(b - a, d - c)):
                was = rows[a + i] if a + i < b else None
                now = new_rows[c + i] if c + i < d else None
                number = (a if now is None else c) + i + 2
                pairs.append(((("row", f"{number}"),), was, now))
    return pairs
