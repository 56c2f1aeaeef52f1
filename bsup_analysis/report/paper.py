"""What stands on which page: how large each figure is, and where a page ends.

A figure that does not fit below what stands above it would leave the rest of the page empty, and
one that floats may stand before the section it belongs to. So figures stand where they are placed,
and a page is filled by making its figures a little smaller, or by letting a paragraph that follows
a figure stand before it. Of all ways to end pages the one of the least cost is chosen, as TeX
chooses the lines of a paragraph (Knuth and Plass 1981): emptiness and smallness count as squares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SCALE = 0.6
# letters of a drawing made smaller than this are small: only an empty page is worse
SMALL = 0.75
# a page that is emptier than this is avoided at almost any price
EMPTY = 0.2
# a page more costs as much as figures at three quarters of their size: an answer stays on one page
PAGE = 0.06
# what sums of measured heights are off by, at most
SLACK_PT = 16.0


@dataclass(frozen=True)
class Part:
    """A block of the document as it takes room on paper; lengths in points.

    Attributes
    ----------
    pieces
        The heights of what it can be cut into: lines, rows; one for what stays whole.
    image
        The height of the drawing in it, which can be made smaller.
    above, below
        Room to the blocks before and after it, of which the larger counts.
    head
        What is repeated where it goes on another page.
    kind
        `text` may change places with a figure or table (no kind) before it; a `heading` ends no
        page, a `start` begins one, and `front` is what opens the document.
    """

    pieces: tuple[float, ...]
    image: float = 0.0
    above: float = 10.5
    below: float = 10.5
    head: float = 0.0
    kind: str = ""


@dataclass(frozen=True)
class Plan:
    """The blocks in their order on paper, by their place in the document.

    `scales` are the sizes of their drawings; `starts` the blocks that begin a page.
    """

    order: tuple[int, ...]
    scales: dict[int, float]
    starts: frozenset[int]
    emptiest: float


def plan(parts: Sequence[Part], page_pt: float) -> Plan:
    """Choose where pages end, how large figures are, and which stand after the next paragraph.

    Parameters
    ----------
    parts
        The blocks in their order.
    page_pt
        Height of the text on a page.
    """
    order = list(range(len(parts)))
    best, cost = _pages(parts, order, page_pt)
    while True:
        tried = []
        for i in range(len(order) - 1):
            first, second = (parts[order[k]] for k in (i, i + 1))
            opens = {order[i], order[max(0, i - 1)]} & best.starts
            if not first.kind and second.kind == "text" and opens:
                other = [*order[:i], order[i + 1], order[i], *order[i + 2 :]]
                tried.append((_pages(parts, other, page_pt), other))
        found = min(tried, key=lambda one: one[0][1], default=None)
        if found is None or found[0][1] >= cost - 1e-9:
            return best
        (best, cost), order = found


def _pages(parts: Sequence[Part], order: Sequence[int], page_pt: float) -> tuple[Plan, float]:
    """Find the pages of least cost for blocks in an order."""
    units = [(i, k) for i in order for k in range(len(parts[i].pieces))]
    end, room = len(units), page_pt - SLACK_PT

    def begins(place: int) -> bool:
        return place == end or (units[place][1] == 0 and parts[units[place][0]].kind == "start")

    def may_end(place: int) -> bool:
        """Tell whether a page may end before this unit."""
        if place == end:
            return True
        (block, line), (last, _) = units[place], units[place - 1]
        if block != last:
            return parts[last].kind != "heading"
        # no line of a paragraph stands alone
        return parts[block].kind != "text" or line not in (1, len(parts[block].pieces) - 1)

    costs = [0.0] + [float("inf")] * end
    ways = [(0, 1.0, 0.0)] * (end + 1)
    for first in range(end):
        if costs[first] == float("inf"):
            continue
        fixed = image = 0.0
        for place in range(first, end):
            if place > first and begins(place):
                break
            block, line = units[place]
            part = parts[block]
            fixed += part.pieces[line] - part.image
            image += part.image
            if place > first and line == 0:
                fixed += max(parts[units[place - 1][0]].below, part.above)
            elif place == first and line:
                fixed += part.head
            scale = min(1.0, (room - fixed) / image) if image else float(fixed <= room)
            if scale < LEAST_SCALE and place > first:
                break
            if not may_end(place + 1):
                continue
            free = max(0.0, room - fixed - scale * image)
            if place + 1 < end and units[place + 1][1] and free > 2 * max(part.pieces):
                continue  # what can be cut goes on as far as the page does
            empty = free / room
            # the last page of a part may be empty, but a page saved is worth smaller figures
            emptiness = 0.2 * empty**2
            if not begins(place + 1):
                emptiness = empty**2 + 9 * (empty > EMPTY)
            else:
                empty = 0.0
            cost = costs[first] + (1 - scale) ** 2 + (scale < SMALL) + emptiness + PAGE
            if cost < costs[place + 1]:
                costs[place + 1], ways[place + 1] = cost, (first, scale, empty)
    scales: dict[int, float] = {}
    starts, emptiest, place = set(), 0.0, end
    while place:
        first, scale, empty = ways[place]
        emptiest = max(emptiest, empty)
        scales |= {units[k][0]: scale for k in range(first, place)}
        if units[first][1] == 0:
            starts.add(units[first][0])
        place = first
    return Plan(tuple(order), scales, frozenset(starts), emptiest), costs[-1]
