"""How the figure of `share_2008` is drawn."""

import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.exhibit.charts import ratio_axis
from bsup_analysis.exhibit.style import PALE, PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

TICKS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0)
LINES = ("-", "--")
HATCHES = ("", "////")
LABEL = 14  # letters on a line


def draw_readings(
    data: pd.DataFrame, years: Sequence[int], names: Mapping[str, str], words: Words
) -> Figure:
    """Draw the implied ratio against the assumed ratio of average loans, one line a later year.

    Parameters
    ----------
    data
        As `share_2008.share_points` gives it.
    years
        Later years.
    names
        What each point is called.
    words
        Language.
    """
    figure, axes = new_figure(height_in=4.6)
    grid = data[data["point"] == "grid"]
    for year, line, hatch in zip(years, LINES, HATCHES, strict=True):
        rows = grid[grid["year"] == year]
        at = rows["average_ratio"]
        axes.fill_between(
            at,
            rows["ratio_low"],
            rows["ratio_high"],
            facecolor="none" if hatch else PALE,
            edgecolor=PRINTED if hatch else "none",
            hatch=hatch,
            lw=0,
        )
        axes.plot(at, rows["ratio"], color=PRIORITY, ls=line, lw=1.8)
        axes.annotate(
            words("share_2008.line", year=year),
            (at.iloc[-1], rows["ratio"].iloc[-1]),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
            fontweight="bold",
            color=PRIORITY,
        )
    evens = [name for name in names if name.startswith("breakeven")]
    for point, side in zip(evens, (-1, 1), strict=True):
        row = data[(data["point"] == point) & (data["year"] == int(point[-4:]))].iloc[0]
        axes.hlines(1, row["average_ratio_low"], row["average_ratio_high"], color=REGION, lw=4)
        axes.plot(row["average_ratio"], 1, "D", color="white", mec=REGION, mew=1.5, ms=8, zorder=4)
        # the first line runs below its label, the last above its own
        axes.annotate(
            f"{textwrap.fill(names[point], LABEL)}\n{words.decimal(row['average_ratio'])}",
            (row["average_ratio"], 1),
            (8 * side, -9 * side),
            textcoords="offset points",
            ha="right" if side < 0 else "left",
            va="bottom" if side < 0 else "top",
            fontsize="small",
        )
    for point in (name for name in names if name not in evens):
        rows = data[data["point"] == point]
        x = rows["average_ratio"].iloc[0]
        axes.vlines(
            x, grid["ratio_low"].min(), rows["ratio"].max(), color=REGION, lw=0.8, ls=":", zorder=1
        )
        axes.errorbar(
            rows["average_ratio"],
            rows["ratio"],
            yerr=[rows["ratio"] - rows["ratio_low"], rows["ratio_high"] - rows["ratio"]],
            ls="",
            marker="o",
            color=PRIORITY,
            capsize=3,
            zorder=3,
        )
        axes.annotate(
            f"{textwrap.fill(names[point], LABEL)}\n{words.decimal(x)}",
            (x, 0),
            (4, 6),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            fontsize="small",
        )
    ratio_axis(
        axes, grid["ratio_low"].min(), grid["ratio_high"].max(), words, ticks=TICKS, along="y"
    )
    ends = grid["average_ratio"].min(), grid["average_ratio"].max()
    axes.set(xscale="log", xlim=(ends[0], ends[1] * 1.14))
    ratio_axis(axes, *ends, words, ticks=TICKS)
    axes.set_xlabel(words("share_2008.average_ratio"))
    axes.set_title(words("share_2008.axis"))
    return figure
