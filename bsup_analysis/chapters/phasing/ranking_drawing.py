"""How ranked municipalities are drawn: values on the left, places on the right."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bsup_analysis.exhibit.style import PRINTED, PRIORITY, REGION
from bsup_analysis.language import Words


def draw_values(
    axes: Axes, rows: pd.DataFrame, median: float, ticks: tuple[float, ...], words: Words
) -> None:
    """Draw raw values, pooled ones and their intervals, a row of `rows` a line."""
    axes.axvline(median, color=REGION, ls=":", lw=1.2, label=words("phasing.ranking.median"))
    axes.plot(
        rows["raw"], rows.index, "D", ms=4.5, mfc="white", mec=PRINTED,
        label=words("phasing.ranking.raw"),
    )  # fmt: skip
    for place, row in enumerate(rows.itertuples()):
        told = row.standing != "undecided"
        axes.plot([row.pooled_low, row.pooled_high], [place, place], color=PRIORITY, lw=1.6)
        axes.plot(row.pooled, place, "o", ms=6, mec=PRIORITY, mfc=PRIORITY if told else "white")
    for key, face in (("told", PRIORITY), ("not_told", "white")):
        label = words(f"phasing.ranking.{key}")
        axes.plot([], [], "o-", ms=6, lw=1.6, color=PRIORITY, mfc=face, label=label)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.decimal(x, 1)))
    axes.set_yticks(range(len(rows)), rows["municipality_name"], fontsize="small")


def draw_places(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw places by the figures alone, expected places and their intervals."""
    for place, row in enumerate(rows.itertuples()):
        axes.plot([row.place_first, row.place_last], [place, place], color=PRIORITY, lw=1.6)
        told = row.standing != "undecided"
        axes.plot(
            row.expected_place, place, "o", ms=6, mec=PRIORITY, mfc=PRIORITY if told else "white"
        )
        axes.plot(row.raw_place, place, "D", ms=4.5, mfc="white", mec=PRINTED)
    axes.set_xlim(0.3, len(rows) + 0.7)
    step = 5 if len(rows) <= 30 else 10
    axes.set_xticks([1, *range(step, len(rows) - (1 if step == 5 else 5), step), len(rows)])
    axes.tick_params(axis="y", labelleft=False)
