"""Ratios with their intervals, one a row, and what each could have shown."""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.exhibit.ratios import FINE_TICKS, TICKS, ratio_axis
from bsup_analysis.exhibit.style import ACCENT, PRINTED, PRIORITY, new_figure
from bsup_analysis.language import Words

ROW_IN = 0.29
WIDEST = 16.0
CLOSE_TICKS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4, 1.6, 1.8, 2.0)


def ticks_between(low: float, high: float) -> Sequence[float]:
    """Choose ratios to label so that neither few nor many stand on the axis."""
    if high / low < 2.5:
        return CLOSE_TICKS
    return FINE_TICKS if high / low < 8 else TICKS


def forest(rows: pd.DataFrame, title: str, words: Words, *, legend_at: float = 0.35) -> Figure:
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
    legend_at
        Where the legend's middle lies, as a share of the axis.
    """
    figure, axes = new_figure(height_in=1.15 + ROW_IN * len(rows))
    known = rows.dropna(subset=["ratio"])
    edges = ["low", "high", "detectable_below", "detectable_above"]
    low = max(float(known[edges].min().min()), 1 / WIDEST) if len(known) else 0.5
    high = min(float(known[edges].max().max()), WIDEST) if len(known) else 2.0
    for position, row in enumerate(rows.itertuples()):
        _row(axes, position, row, words)
    axes.set_yticks(range(len(rows)), rows["label"], fontsize="small")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    ratio_axis(axes, low, high, words, ticks=ticks_between(low, high))
    axes.grid(axis="y", alpha=0.5)
    axes.set_title(title)
    axes.plot([], [], "o-", color=PRIORITY, mfc="white", label=words("ratios.mark.holds"))
    axes.plot([], [], "D-", color=ACCENT, mfc="white", label=words("ratios.mark.excludes"))
    axes.plot([], [], "|", color=PRINTED, ms=9, mew=1.6, label=words("ratios.mark.detectable"))
    handles = axes.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, fontsize="small")
    return figure


def _row(axes: Axes, position: int, row: object, words: Words) -> None:
    ratio, low, high = row.ratio, row.low, row.high  # type: ignore[attr-defined]
    if math.isnan(ratio):
        axes.annotate(
            words("ratios.no_estimate"),
            (0.02, position),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize="small",
            style="italic",
        )
        return
    excludes = low > 1 or high < 1
    colour = ACCENT if excludes else PRIORITY
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
        axes.plot(limit, position, "|", color=PRINTED, ms=9, mew=1.6, zorder=1)
