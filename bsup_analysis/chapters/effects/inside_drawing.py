"""How the figures of `inside` are drawn."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bsup_analysis.effects.paired import Heterogeneity
from bsup_analysis.exhibit.charts import range_text, ratio_axis, ratio_text
from bsup_analysis.exhibit.style import PALE, PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

AREA_OF_LOAN_PT2 = 0.55
KEY_LOANS = (20, 100, 500)
THOUSAND = 1000


def _beside(axes: Axes, at: Sequence[float], texts: Sequence[str], title: str) -> None:
    """Write a column of texts right of the axes, one a row, under a title."""
    for y, text in zip(at, texts, strict=True):
        axes.annotate(
            text, (1.02, y), xycoords=("axes fraction", "data"), va="center", fontsize="small"
        )
    axes.annotate(
        title,
        (1.02, 1),
        (0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        va="bottom",
        fontsize="small",
        fontweight="bold",
    )


def draw_growth(
    rows: pd.DataFrame, common: float, spread: Heterogeneity, titles: Sequence[str], words: Words
) -> Figure:
    """Draw growths as dots with exact intervals, and below them what they have in common.

    Parameters
    ----------
    rows
        As `exact_growth.municipality_growth` gives them.
    common
        Growth of all loans together.
    spread
        Mean, prediction interval and spread between municipalities.
    titles
        Of the axis and of the column of loans.
    words
        Language.
    """
    figure, axes = new_figure(height_in=6.2)
    at = np.arange(len(rows))
    mean, predicted = len(rows) + 0.4, len(rows) + 1.4
    axes.axvspan(spread.prediction_low, spread.prediction_high, color=PALE, alpha=0.45, lw=0)
    axes.axvline(common, color=REGION, ls="--", lw=1.2)
    axes.hlines(at, rows["growth_low"], rows["growth_high"], color=PRIORITY, lw=1.1)
    for end in ("detectable_below", "detectable_above"):
        axes.plot(rows[end], at, ls="", marker="|", ms=7, mew=1.4, color=PRINTED)
    size = (rows["loans_before"] + rows["loans_after"]) * AREA_OF_LOAN_PT2
    axes.scatter(rows["growth"], at, s=size, color=PRIORITY, edgecolor="white", lw=0.6, zorder=3)
    axes.axhline(len(rows) - 0.35, color=PRINTED, lw=0.7, ls=":")
    axes.hlines(mean, spread.growth_low, spread.growth_high, color=REGION, lw=2)
    axes.plot(math.exp(spread.mean), mean, "D", color=REGION, ms=7)
    axes.hlines(predicted, spread.prediction_low, spread.prediction_high, color=PRINTED, lw=6)
    ends = rows[["growth_low", "detectable_below"]], rows[["growth_high", "detectable_above"]]
    ratio_axis(axes, ends[0].min(axis=None), ends[1].max(axis=None), words)
    axes.set_ylim(len(rows) + 2.1, -0.8)
    axes.set_yticks(
        [*at, mean, predicted],
        [
            *rows["municipality_name"],
            words("inside.growth.mean"),
            words("inside.growth.predicted"),
        ],
    )
    counts = [
        f"{words.count(r.loans_before)} → {words.count(r.loans_after)}" for r in rows.itertuples()
    ]
    counts += [
        f"{words.decimal(math.exp(spread.mean))} "
        f"({range_text(spread.growth_low, spread.growth_high, words)})",
        range_text(spread.prediction_low, spread.prediction_high, words),
    ]
    _beside(axes, [*at, mean, predicted], counts, titles[1])
    dots = [
        Line2D([], [], ls="", marker="o", color=PRIORITY, ms=math.sqrt(n * AREA_OF_LOAN_PT2))
        for n in KEY_LOANS
    ]
    axes.legend(
        [
            *dots,
            Line2D([], [], color=REGION, ls="--", lw=1.2),
            Line2D([], [], ls="", marker="|", ms=7, mew=1.4, color=PRINTED),
        ],
        [words("inside.growth.key", loans=words.count(n)) for n in KEY_LOANS]
        + [
            words("inside.growth.common", growth=words.decimal(common)),
            words("inside.growth.detectable"),
        ],
        loc="upper center",
        bbox_to_anchor=(0.4, -0.05),
        ncols=2,
        fontsize="small",
        labelspacing=0.8,
    )
    axes.annotate(
        f"τ = {ratio_text(spread.tau, spread.tau_low, spread.tau_high, words)}",
        (0.01, mean),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize="small",
    )
    axes.set_title(titles[0])
    _without_left(axes)
    return figure


def draw_parts(parts: pd.DataFrame, titles: Sequence[str], words: Words) -> Figure:
    """Draw the two parts of each row as bars, and their sum beside them.

    Parameters
    ----------
    parts
        `municipality_name` (empty: the sum, last), `within_nok`, `composition_nok`, `total_nok`.
    titles
        Of the axis and of the column of sums.
    words
        Language.
    """
    figure, axes = new_figure(height_in=6.6)
    at = np.arange(len(parts), dtype=float)
    at[-1] += 0.5
    looks = (
        ("within", -0.19, {"color": PRIORITY, "edgecolor": PRIORITY}),
        ("composition", 0.19, {"color": "white", "edgecolor": PRIORITY, "hatch": "/////"}),
    )
    for part, offset, look in looks:
        bars = axes.barh(at + offset, parts[f"{part}_nok"] / THOUSAND, height=0.36, **look)
        bars.set_label(words(f"inside.average.{part}"))
    axes.plot(
        parts["total_nok"] / THOUSAND,
        at,
        ls="",
        marker="D",
        ms=5,
        color="white",
        markeredgecolor="black",
        label=words("inside.average.both"),
    )
    axes.axvline(0, color=REGION, lw=0.9)
    axes.axhline(at[-1] - 0.75, color=PRINTED, lw=0.7, ls=":")
    axes.set_ylim(at[-1] + 0.6, -0.6)
    names = [*parts["municipality_name"][:-1], words("inside.average.sum")]
    axes.set_yticks(at, names)
    axes.get_yticklabels()[-1].set_fontweight("bold")
    sums = [words.decimal(total / THOUSAND, 1) for total in parts["total_nok"]]
    sums_of = [words.decimal(parts[f"{part}_nok"].iloc[-1] / THOUSAND, 1) for part, _, _ in looks]
    _beside(axes, list(at), sums, titles[1])
    axes.xaxis.set_major_formatter(lambda value, _: words.decimal(value, 0))
    axes.grid(axis="x")
    axes.set_title(titles[0])
    axes.annotate(
        f"({sums_of[0]}) + ({sums_of[1]}) = {sums[-1]}",
        (0.97, at[-1]),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="center",
        fontsize="small",
    )
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.05), ncols=3, fontsize="small")
    _without_left(axes)
    return figure


def _without_left(axes: Axes) -> None:
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
