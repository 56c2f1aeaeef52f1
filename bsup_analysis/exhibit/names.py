"""Names on maps: short forms that stay apart, and names set beside marks without overlap."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from matplotlib.textpath import TextPath

# where a name may stand, the best first: steps east and north of its mark; on it where it has
# no size and so hides nothing
SIDES = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def short_names(names: Sequence[str], fitting: int = 8, shortest: int = 5) -> list[str]:
    """Shorten names to beginnings that no two of them share.

    Parameters
    ----------
    names
        Different names.
    fitting
        Names of at most this many letters are kept whole.
    shortest
        Letters of a beginning, before its full stop; more where another name begins so too.

    Returns
    -------
    list of str
        In the order of `names`; a beginning ends in a full stop.
    """
    short = []
    for name in names:
        others = [other for other in names if other != name]
        length = next(
            (n for n in range(shortest, len(name)) if not any(o[:n] == name[:n] for o in others)),
            len(name),
        )
        whole = len(name) <= fitting or length + 1 >= len(name)
        short.append(name if whole else f"{name[:length].rstrip()}.")
    return short


def set_names(axes: Axes, marks: pd.DataFrame, unit_pt: float, size_pt: float = 7.5) -> None:
    """Write names beside their marks where they hide neither each other nor, if possible, a mark.

    Parameters
    ----------
    axes
        Axes of equal aspect.
    marks
        Columns `name` (empty: a mark to be kept clear of, without a name), `x`, `y` (data
        units) and `radius_pt`; names are placed in the order of the rows.
    unit_pt
        Points on paper that one data unit takes.
    size_pt
        Size of the letters.
    """
    centre = marks[["x", "y"]].to_numpy() * unit_pt
    radius = marks["radius_pt"].to_numpy()
    hidden = np.column_stack([centre - radius[:, None], centre + radius[:, None]])
    taken = np.empty((0, 4))
    for (x, y), r, name in zip(centre, radius, marks["name"], strict=True):
        if not name:
            continue
        box = TextPath((0, 0), name, size=size_pt, prop=FontProperties()).get_extents()
        half = np.array([box.width + 4, size_pt + 2]) / 2
        ways = [
            (x + east * (r * _along(north) + half[0]), y + north * (r * _along(east) + half[1]))
            for east, north in SIDES
        ]
        boxes = np.array([[*(way - half), *(way + half)] for way in ways])
        # a name over a name is worse than a name over any mark
        cost = _shared(boxes, hidden) + 1000 * _shared(boxes, taken)
        best = int(np.argmin(cost))
        taken = np.vstack([taken, boxes[best]])
        axes.annotate(
            name,
            (ways[best][0] / unit_pt, ways[best][1] / unit_pt),
            ha="center",
            va="center",
            fontsize=size_pt,
            path_effects=[withStroke(linewidth=1.8, foreground="white")],
        )


def _along(across: int) -> float:
    """Share of a circle's radius along one axis when the name stands off along the other too."""
    return np.sqrt(0.5) if across else 1.0


def _shared(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Area that each box (west, south, east, north) shares with the others together."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=2).sum(axis=1)
