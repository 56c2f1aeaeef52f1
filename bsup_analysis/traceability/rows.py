"""Rows of a file, numbered as an editor shows them (the header is row 1) and written ``2-5, 7``."""

from collections.abc import Iterable
from itertools import groupby

FIRST_ROW = 2


def written(rows: Iterable[int]) -> str:
    """Write row numbers, those that stand together as first and last."""
    ordered = sorted(set(rows))
    parts = []
    for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0]):
        together = [row for _, row in run]
        first, last = together[0], together[-1]
        parts.append(f"{first}" if first == last else f"{first}-{last}")
    return ", ".join(parts)


def read(text: str) -> set[int]:
    """Read back what `written` wrote."""
    found: set[int] = set()
    for part in filter(None, text.split(", ")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found
