"""Axes, rows, notes and intervals: what the figures of several chapters are drawn with."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.ticker import FixedLocator, NullLocator

from bsup_analysis.exhibit import style
from bsup_analysis.language import Words

TICKS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
FINE_TICKS = (0.25, 0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5, 4.0, 6.0, 10.0)
CLOSE_TICKS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4, 1.6, 1.8, 2.0)
MARGIN = 1.08
ROW_IN = 0.25
WIDEST = 16.0
# where a name may stand, the best first: steps east and north of its mark; on it where it has
# no size and so hides nothing
SIDES = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def side_of_one(low: float, high: float) -> Literal["above", "below", "holds_one"]:
    """Tell where an interval of a ratio lies; one that touches one holds it."""
    return "above" if low > 1 else "below" if high < 1 else "holds_one"


def number_axis(axis: Axis, words: Words, form: str, ticks: Sequence[float] | None = None) -> None:
    """Write the numbers of an axis as a place in a text has them.

    Parameters
    ----------
    axis
        `axes.xaxis` or `axes.yaxis`.
    words
        The language.
    form
        Of `Words.written`, such as `percent.0` or `count`.
    ticks
        Where numbers stand, on a logarithmic scale too; None: where matplotlib has them.
    """
    axis.set_major_formatter(lambda value, _: words.written(value, form))
    if ticks is not None:
        axis.set_major_locator(FixedLocator(list(ticks)))
        axis.set_minor_locator(NullLocator())


def name_rows(axes: Axes, names: Sequence[str], at: Sequence[float] | None = None) -> None:
    """Name the rows of a figure, the first on top, without an axis line or ticks.

    `at` are their heights, rising downwards; None: whole numbers from 0.
    """
    heights = range(len(names)) if at is None else at
    axes.set_yticks(heights, names)
    axes.set_ylim(heights[-1] + 0.6, heights[0] - 0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def write_beside(axes: Axes, at: Sequence[float], texts: Sequence[str], title: str) -> None:
    """Write a column of texts right of the axes, one a row, under a title."""
    for y, text in zip(at, texts, strict=True):
        style.beside(
            axes, text, (1.02, y), (0, 0), xycoords=("axes fraction", "data"), **style.SMALL
        )
    bold = {"fontsize": "small", "va": "bottom", "fontweight": "bold"}
    style.beside(axes, title, (1.02, 1), (0, 4), xycoords="axes fraction", **bold)


def ratio_axis(
    axes: Axes,
    low: float,
    high: float,
    words: Words,
    *,
    ticks: Sequence[float] = TICKS,
    along: Literal["x", "y"] = "x",
    of: str = "growth",
) -> None:
    """Make an axis logarithmic, so that twice and half as much lie equally far from one.

    What lies on either side of one is written along it.

    Parameters
    ----------
    axes
        Where.
    low, high
        Smallest and largest ratio to be seen, above zero; a little room is left around them.
    words
        Language of the tick labels.
    ticks
        Ratios that may be labelled; those outside are left out.
    along
        Which axis.
    of
        What is on either side, a key of `ratios.direction`.
    """
    across = along == "x"
    axis = axes.xaxis if across else axes.yaxis
    ends = low / MARGIN, high * MARGIN
    at_one = float(np.clip(np.log(1 / ends[0]) / np.log(ends[1] / ends[0]), 0.3, 0.7))
    direction = words(f"ratios.direction.{of}")
    if across:
        axes.set(xscale="log", xlim=ends)
        axes.axvline(1, color=style.REGION, lw=0.9, zorder=0.5)
        axes.set_xlabel(direction, x=at_one, fontsize="small", color=style.REGION)
    else:
        axes.set(yscale="log", ylim=ends)
        axes.axhline(1, color=style.REGION, lw=0.9, zorder=0.5)
        axes.set_ylabel(direction, y=at_one, fontsize="small", color=style.REGION)
    number_axis(axis, words, "ratio", [t for t in ticks if ends[0] <= t <= ends[1]])
    axes.grid(axis=along)


def found(ratio: float, low: float, high: float) -> str:
    """Tell what may be said of a ratio: a side only where its interval lies on it.

    Returns
    -------
    str
        `higher` or `lower` where the interval excludes one; else `open_higher`, `open_lower` or
        `open_equal`, by the estimate.
    """
    if (side := side_of_one(low, high)) != "holds_one":
        return "higher" if side == "above" else "lower"
    return "open_higher" if ratio > 1 else "open_lower" if ratio < 1 else "open_equal"


def ticks_between(low: float, high: float) -> Sequence[float]:
    """Choose ratios to label so that neither few nor many stand on the axis."""
    if high / low < 2.5:
        return CLOSE_TICKS
    return FINE_TICKS if high / low < 8 else TICKS


def forest(
    rows: pd.DataFrame, title: str, words: Words, *, whole: tuple[float, str] | None = None
) -> Figure:
    """Draw a row for each ratio.

    Parameters
    ----------
    rows
        `label`, `ratio`, `low`, `high`, `detectable_below`, `detectable_above` (empty where there
        is no estimate) and `is_main` (drawn filled).
    title
        Of the axis.
    words
        Language.
    whole
        A ratio to draw through all rows, and what it is called.
    """
    figure, axes = style.new_figure(height_in=1.15 + ROW_IN * len(rows))
    known = rows.dropna(subset=["ratio"])
    edges = ["low", "high", "detectable_below", "detectable_above"]
    low = max(float(known[edges].min().min()), 1 / WIDEST) if len(known) else 0.5
    high = min(float(known[edges].max().max()), WIDEST) if len(known) else 2.0
    for position, row in enumerate(rows.itertuples()):
        _row(axes, position, row, words)
    name_rows(axes, rows["label"])
    axes.tick_params(axis="y", labelsize="small")
    ratio_axis(axes, low, high, words, ticks=ticks_between(low, high))
    axes.grid(axis="y", alpha=0.5)
    axes.set_title(title)
    axes.plot([], [], "o-", color=style.PRIORITY, mfc="white", label=words("ratios.mark.holds"))
    axes.plot([], [], "D-", color=style.ACCENT, mfc="white", label=words("ratios.mark.excludes"))
    axes.plot(
        [], [], "|", color=style.PRINTED, ms=9, mew=1.6, label=words("ratios.mark.detectable")
    )
    if whole:
        axes.axvline(whole[0], color=style.PRIORITY, ls=":", label=whole[1])
    figure.legend(loc="outside lower center", ncols=2 if whole else 3, fontsize="small")
    return figure


def _row(axes: Axes, position: int, row: object, words: Words) -> None:
    ratio, low, high = row.ratio, row.low, row.high  # type: ignore[attr-defined]
    if math.isnan(ratio):
        look = {"xycoords": ("axes fraction", "data"), "style": "italic", **style.SMALL}
        style.beside(axes, words("ratios.no_estimate"), (0.02, position), (0, 0), **look)
        return
    excludes = low > 1 or high < 1
    colour = style.ACCENT if excludes else style.PRIORITY
    axes.plot([low, high], [position, position], color=colour, lw=2)
    axes.plot(
        ratio,
        position,
        "D" if excludes else "o",
        color=colour,
        mfc=colour if row.is_main else "white",  # type: ignore[attr-defined]
        ms=7 if row.is_main else 5,  # type: ignore[attr-defined]
    )
    for limit in (row.detectable_below, row.detectable_above):  # type: ignore[attr-defined]
        axes.plot(limit, position, "|", color=style.PRINTED, ms=9, mew=1.6, zorder=1)


def set_names(axes: Axes, marks: pd.DataFrame, unit_pt: float, size_pt: float = 7.95) -> None:
    """Write names beside their marks where they hide neither each other nor, if possible, a mark.

    A name that has no free place is left out.

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
        covered = _shared(boxes, taken)
        best = int(np.argmin(_shared(boxes, hidden) + 1000 * covered))
        if covered[best] > 0:
            continue  # whole or not at all
        taken = np.vstack([taken, boxes[best]])
        axes.annotate(
            name,
            (ways[best][0] / unit_pt, ways[best][1] / unit_pt),
            ha="center",
            va="center",
            fontsize=size_pt,
            **style.HALO,
        )


def _along(across: int) -> float:
    """Share of a circle's radius along one axis when the name stands off along the other too."""
    return np.sqrt(0.5) if across else 1.0


def _shared(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Area that each box (west, south, east, north) shares with the others together."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=2).sum(axis=1)
