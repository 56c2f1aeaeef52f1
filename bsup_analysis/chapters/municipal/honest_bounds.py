"""What survives if trends were not parallel: bounds under two restrictions, and breakdowns."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import counted, finite, not_estimable, source
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.honest import HonestInterval, Sensitivity, honest_rows
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.exhibit.charts import ratio_axis, ratio_text, ticks_between
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.style import ACCENT, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

WIDEST = 64.0  # ratios beyond are cut at the edge of the picture, and their ends are arrows


@traced
def honest_bounds(
    municipal_bounds: Sensitivity | NotEstimableError,
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the interval of the mean ratio against the departure from parallel trends allowed."""
    found, data = municipal_bounds, municipal_data
    title = words("municipal_bounds.title", counted=counted(data, words))
    if isinstance(found, NotEstimableError):
        return not_estimable("municipal_honest_bounds", title, found, data, words)
    table = honest_rows(found)
    rows = table.assign(ratio_low=np.exp(table["low"]), ratio_high=np.exp(table["high"]))
    low = max(float(rows["ratio_low"].min()), 1 / WIDEST)
    high = min(float(rows["ratio_high"].max()), WIDEST)

    def draw() -> Figure:
        figure, (left, right) = new_figure(1, 2, 3.9, sharey=True)
        ratio_axis(left, low, high, words, ticks=ticks_between(low, high), along="y")
        axis: Callable[[float], str] = lambda m: words.decimal(m, 2 if m % 0.5 else 1)  # noqa: E731
        _panel(left, found, found.relative, words, axis)
        _panel(right, found, found.smooth, words, lambda m: words.percent(m, 0))
        right.axhline(1, color=REGION, lw=0.9, zorder=0.5)
        right.grid(axis="y")
        left.set_title(words("municipal_bounds.relative"))
        right.set_title(words("municipal_bounds.smooth"))
        left.set_ylabel(words("municipal_bounds.axis"))
        for key, colour, width in (("holds", PRIORITY, 1.8), ("excludes", ACCENT, 3.5)):
            left.plot([], [], color=colour, lw=width, label=words(f"ratios.mark.{key}"))
        handles = left.get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=2, fontsize="small")
        return figure

    parallel = found.parallel
    values = {
        "counted": counted(data, words),
        "reference": design.municipal.reference_year.value,
        "first": design.window.first_treated_year.value,
        "level": words.percent(found.level, 0),
        "parallel": ratio_text(
            math.exp(found.estimate), math.exp(parallel.low), math.exp(parallel.high), words
        ),
        "relative": _breakdown(found.relative_breakdown, found.relative_most, "relative", words),
        "smooth": _breakdown(found.smooth_breakdown, found.smooth_most, "smooth", words),
    }
    return Exhibit(
        id="municipal_honest_bounds",
        title=title,
        caption=words("municipal_bounds.caption", **values),
        source=source(data, words),
        alternative_text=words("municipal_bounds.alternative_text", **values),
        data=rows,
        draw=draw,
        numbers=finite(
            {
                "municipal_breakdown_relative": (found.relative_breakdown, "multiple"),
                "municipal_breakdown_smooth": (found.smooth_breakdown, "log ratio a year"),
                "municipal_mean_ratio": (math.exp(found.estimate), "ratio"),
                "municipal_mean_ratio_low": (math.exp(parallel.low), "ratio"),
                "municipal_mean_ratio_high": (math.exp(parallel.high), "ratio"),
            }
        ),
    )


def _panel(
    axes: Axes,
    found: Sensitivity,
    intervals: Sequence[HonestInterval],
    words: Words,
    written: Callable[[float], str],
) -> None:
    shown = [found.parallel, *intervals]
    bottom, top = axes.get_ylim()
    for at, interval in enumerate(shown):
        colour = ACCENT if interval.excludes_zero else PRIORITY
        ends = np.clip(np.exp([interval.low, interval.high]), bottom, top)
        width = 3.5 if interval.excludes_zero else 1.8
        axes.plot([at, at], ends, color=colour, lw=width, solid_capstyle="butt")
    axes.plot(0, math.exp(found.estimate), "o", color="black", ms=5)
    labels = [words("municipal_bounds.parallel"), *(written(i.m or 0.0) for i in intervals)]
    axes.set_xticks(range(len(shown)), labels, fontsize="small")
    axes.axvline(0.5, color=REGION, lw=0.7, ls=":")


def _breakdown(value: float, most: float, kind: str, words: Words) -> str:
    """Say how large a departure leaves the finding standing, if there is one."""
    written = {
        "relative": lambda m: words.decimal(m),
        "smooth": lambda m: words.percent(m, 1),
    }[kind]
    if value <= 0:
        return words(f"municipal_bounds.{kind}_none")
    key = "all" if value >= most else "some"
    return words(f"municipal_bounds.{kind}_{key}", value=written(value))
