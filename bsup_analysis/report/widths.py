"""How wide the columns of a table are to be, from what stands in them."""

from collections.abc import Sequence

LEAST, MOST, SLOPE = 4, 24, 6
HEAD_LINES, PADDING = 4, 2
# from so many columns of sentences on, a table is laid across the page
ACROSS_FROM = 4


def relative_widths(
    head: Sequence[str], rows: Sequence[Sequence[str]], numeric: frozenset[int]
) -> list[int]:
    """Give each column a share of the width.

    A column of numbers must hold its longest number and the longest word of its head; a column of
    words grows with its longest cell, beyond a limit by a fraction of it, since it breaks lines.
    """
    widths = []
    for i, title in enumerate(head):
        longest = max((len(row[i]) for row in rows), default=0)
        word = max((len(word) for word in title.split()), default=0)
        held = longest if i in numeric else _wrapped(longest)
        widths.append(PADDING + max(word, len(title) // HEAD_LINES, held, LEAST))
    return widths


def _wrapped(longest: int) -> int:
    return min(longest, MOST) + max(0, longest - MOST) // SLOPE


def is_across(head: Sequence[str], rows: Sequence[Sequence[str]], numeric: frozenset[int]) -> bool:
    """Tell whether a table has so many columns of sentences that it is laid across the page."""
    sentences = [
        i
        for i in range(1, len(head))
        if i not in numeric and any(len(row[i]) > 1 + len(head[i]) for row in rows)
    ]
    return len(sentences) >= ACROSS_FROM
