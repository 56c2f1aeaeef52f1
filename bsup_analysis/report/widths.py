"""How wide the columns of a table are to be on paper, from what stands in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# a digit of DejaVu Sans is 0.636 of the type size wide; bold words with an m take a fifth more
DIGIT_EM, BOLD, PADDING_PT = 0.64, 1.2, 6.0
# a cell of so many letters is kept on one line; a word of a head longer than that may be hyphenated
SHORT, HEAD_WORD, HEAD_LINES = 14, 8, 4
CODE = r"\b[A-Za-z]{4,}\d{4,}\b"
# what a column of sentences gets at least, and how its share grows with its longest cell
LEAST_PT, MOST, SLOPE = 56.0, 24, 6
# from so many columns of sentences on, a long table is laid across the page; one of so many rows is
# kept whole on one page
ACROSS_FROM, WHOLE_TO = 4, 22
PORTRAIT_PT, ACROSS_PT = 459.0, 705.0


@dataclass(frozen=True)
class Layout:
    """How a table is laid on paper.

    `across` tells whether it lies along the longer side; sizes are in points.
    """

    across: bool
    type_pt: float
    columns_pt: tuple[float, ...]


def layout(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: frozenset[int],
    may_turn: bool = True,
) -> Layout:
    """Lay out a table by what stands in it; `may_turn` allows to lay a long one across the page."""
    across = may_turn and len(rows) > WHOLE_TO and is_across(head, rows, numeric)
    size = type_size(len(head), across)
    whole = ACROSS_PT if across else PORTRAIT_PT
    return Layout(across, size, tuple(column_widths(head, rows, numeric, size, whole)))


def column_widths(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: frozenset[int],
    size_pt: float,
    whole_pt: float,
) -> list[float]:
    """Give the width of each column in points.

    Numbers and short words get what they need on one line, and so much that the head above them
    takes few lines; columns of sentences share the rest.

    Parameters
    ----------
    head, rows
        The cells as text.
    numeric
        Columns of numbers, from 0.
    size_pt
        Size of the type.
    whole_pt
        Width of the text on the page.
    """
    longest = [max((len(row[i]) for row in rows), default=0) for i in range(len(head))]
    words = [max((round(BOLD * len(word)) for word in title.split()), default=0) for title in head]
    fixed = [i for i, letters in enumerate(longest) if i in numeric or letters <= SHORT]
    shares = {
        i: min(letters, MOST) + max(0, letters - MOST) // SLOPE
        for i, letters in enumerate(longest)
        if i not in fixed
    }

    def needed(word: int) -> dict[int, float]:
        """Give the widths of columns kept on one line, with head words whole up to a length."""
        letters = {
            i: max(longest[i], min(words[i], word), len(head[i]) // HEAD_LINES) for i in fixed
        }
        return {i: n * DIGIT_EM * size_pt + PADDING_PT for i, n in letters.items()}

    widths = needed(max(words))
    if sum(widths.values()) + len(shares) * LEAST_PT > whole_pt:
        widths = needed(HEAD_WORD)
    taken, left = sum(widths.values()), len(shares) * LEAST_PT
    fit = min(1.0, (whole_pt - left) / taken) if taken else 1.0
    rest = whole_pt - taken * fit
    # a code of a statistics bank, letters and then digits, cannot be hyphenated
    codes = {
        i: max(map(len, re.findall(CODE, " ".join(r[i] for r in rows))), default=0) for i in shares
    }
    least = {i: n * DIGIT_EM * size_pt + PADDING_PT for i, n in codes.items()}
    bound = {i for i in shares if least[i] > rest * shares[i] / sum(shares.values())}
    rest -= sum(least[i] for i in bound)
    total = sum(share for i, share in shares.items() if i not in bound)
    own = {i: least[i] if i in bound else rest * shares[i] / total for i in shares}
    return [round(own[i] if i in own else widths[i] * fit, 1) for i in range(len(head))]


def fits_whole(title: str, width_pt: float, size_pt: float) -> bool:
    """Tell whether each word of a head fits its column, so that none is to be hyphenated."""
    longest = max((round(BOLD * len(word)) for word in title.split()), default=0)
    return longest * DIGIT_EM * size_pt + PADDING_PT <= width_pt + 0.1


def type_size(columns: int, across: bool) -> float:
    """Give the size of a table's type in points."""
    return 6.5 if across or columns > 6 else 8.0


def is_across(head: Sequence[str], rows: Sequence[Sequence[str]], numeric: frozenset[int]) -> bool:
    """Tell whether a table has so many columns of sentences that it is laid across the page."""
    sentences = [
        i
        for i in range(1, len(head))
        if i not in numeric and any(len(row[i]) > 1 + len(head[i]) for row in rows)
    ]
    return len(sentences) >= ACROSS_FROM
