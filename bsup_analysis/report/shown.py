"""The table of an exhibit in the reader's language, as the notebook showed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ShownTable:
    """Cells as shown: `head` names the columns, the first of them that of the rows.

    `numeric` are the columns (from 0) whose cells are all numbers, ranges or unknown.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]


def shown_table(cells: Mapping[str, Sequence[Any]] | None) -> ShownTable | None:
    """Read the table of an exhibit as `exhibits.json` holds it; None for one without."""
    if cells is None:
        return None
    rows = tuple(tuple(row) for row in cells["rows"])
    return ShownTable(tuple(cells["head"]), rows, frozenset(cells["numeric"]))
