"""Ratios as a reader meets them: in words, in figures, and on a logarithmic axis."""

from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bsup_analysis.exhibit.style import REGION
from bsup_analysis.language import Words

TICKS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
FINE_TICKS = (0.25, 0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5, 4.0, 6.0, 10.0)
MARGIN = 1.08


def side_of_one(low: float, high: float) -> Literal["above", "below", "holds_one"]:
    """Tell where an interval of a ratio lies; one that touches one holds it."""
    return "above" if low > 1 else "below" if high < 1 else "holds_one"


def range_text(low: float, high: float, words: Words) -> str:
    """Write an interval on little room, with an en dash."""
    return words.written((low, high), "range")


def ratio_text(ratio: float, low: float, high: float, words: Words) -> str:
    """Write a ratio and its interval as they stand in a sentence."""
    return words.written((ratio, low, high), "interval")


def ratio_axis(
    axes: Axes,
    low: float,
    high: float,
    words: Words,
    *,
    ticks: Sequence[float] = TICKS,
    along: Literal["x", "y"] = "x",
) -> None:
    """Make an axis logarithmic, so that twice and half as much lie equally far from one.

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
    """
    across = along == "x"
    axis = axes.xaxis if across else axes.yaxis
    ends = low / MARGIN, high * MARGIN
    if across:
        axes.set(xscale="log", xlim=ends)
        axes.axvline(1, color=REGION, lw=0.9, zorder=0.5)
    else:
        axes.set(yscale="log", ylim=ends)
        axes.axhline(1, color=REGION, lw=0.9, zorder=0.5)
    axis.set_major_locator(FixedLocator([t for t in ticks if ends[0] <= t <= ends[1]]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda ratio, _: _label(ratio, words)))
    axes.grid(axis=along)


def _label(ratio: float, words: Words) -> str:
    decimals = next((n for n in (0, 1) if abs(round(ratio, n) - ratio) < 1e-9), 2)
    return words.decimal(ratio, decimals)
