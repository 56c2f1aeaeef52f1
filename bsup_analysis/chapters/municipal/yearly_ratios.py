"""Year by year: the groups' ratio before and after, and what survives unequal trends."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import (
    counted,
    municipal_content,
    not_estimable,
)
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.event_study import EventStudy
from bsup_analysis.effects.municipal.honest import HonestInterval, Sensitivity, honest_rows
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.exhibit import style
from bsup_analysis.exhibit.charts import ratio_axis, side_of_one, ticks_between
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

WIDEST = 64.0  # ratios beyond are cut at the edge of the picture, and their ends are arrows


@exhibit("municipal_event_study", "municipal_event")
def event_study(
    municipal_event_study: EventStudy | NotEstimableError,
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Content:
    """Show the ratio of every year to the reference year, with the test of the years before."""
    study, data = municipal_event_study, municipal_data
    title = words("municipal_event.title", counted=counted(data, words))
    if isinstance(study, NotEstimableError):
        return not_estimable(title, study, data, words)
    rows = study.tidy()
    reference, selection = study.reference_year, data.timing.selection_year

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=3.3)
        own = rows.dropna(subset=["low"])
        axes.axvspan(selection - 0.5, selection + 0.5, color=style.PALE, alpha=0.7, lw=0)
        axes.axvline(study.first_treated_year - 0.5, color=style.OTHER, lw=1.4, ls="--")
        axes.vlines(own["year"], own["low"], own["high"], color=style.PRIORITY, lw=2)
        after = own["year"] >= study.first_treated_year
        for part, fill in ((own[after], style.PRIORITY), (own[~after], "white")):
            axes.plot(part["year"], part["exp"], "o", color=style.PRIORITY, mfc=fill, ms=7)
        axes.plot(reference, 1, "D", color="black", mfc="white", ms=7)
        low, high = float(own["low"].min()), float(own["high"].max())
        ratio_axis(axes, low, high, words, ticks=ticks_between(low, high), along="y")
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        look: Any = {"ha": "center", "va": "top", "fontsize": "small", "bbox": ground}
        for year, key in ((reference, "reference"), (selection, "selection")):
            text, top = words(f"municipal_event.{key}"), axes.get_ylim()[1]
            style.beside(axes, text, (year, top), (0, -3), **look)
        axes.set_xticks(rows["year"], [str(year) for year in rows["year"]])
        axes.set_title(words("municipal_event.axis", reference=reference))
        return figure

    ratios = dict(zip(study.years, study.intervals, strict=True))
    apart = [
        year
        for year, given in ratios.items()
        if year < reference and side_of_one(given.low, given.high) != "holds_one"
    ]
    beyond = [year for year in study.years if year > data.timing.treated[-1]]
    lost = [
        int(item.name.rpartition("_")[2]) for item in study.dropped if "coefficient" in item.kind
    ]
    numbers = {f"municipal_event_{year}": (given.ratio, "ratio") for year, given in ratios.items()}
    if study.joint is not None:
        numbers["municipal_pretrend_p_value"] = (study.joint.p_value, "p-value")
        numbers["municipal_pretrend_power"] = (study.joint.power, "share")
    return municipal_content(
        data,
        words,
        rows,
        {
            "reference": reference,
            "first": study.first_treated_year,
            "selection": selection,
            "level": design.inference.confidence_level.value,
            "after": [
                words("municipal_event.year_ratio", year=year, ratio=given)
                for year, given in ratios.items()
                if year >= study.first_treated_year
            ],
            "apart": words(f"municipal_event.{'some' if apart else 'none'}_apart", years=apart),
            "test": _test(study, words),
            "beyond": " " + words("municipal_event.beyond", years=beyond) if beyond else "",
            "lost": " " + words("municipal_event.lost", years=lost) if lost else "",
        },
        draw=draw,
        numbers=numbers,
    )


def _test(study: EventStudy, words: Words) -> str:
    joint = study.joint
    if joint is None:
        return words("municipal_event.no_test")
    found = "rejected" if joint.p_value < 1 - joint.level else "not_rejected"
    return words("municipal_event.test", joint=joint, reading=words(f"municipal_event.{found}"))


@exhibit("municipal_honest_bounds", "municipal_bounds")
def honest_bounds(
    municipal_bounds: Sensitivity | NotEstimableError,
    municipal_data: MunicipalData,
    words: Words,
) -> Content:
    """Show the interval of the mean ratio against the departure from parallel trends allowed."""
    found, data = municipal_bounds, municipal_data
    title = words("municipal_bounds.title", counted=counted(data, words))
    if isinstance(found, NotEstimableError):
        return not_estimable(title, found, data, words)
    table = honest_rows(found)
    rows = table.assign(ratio_low=np.exp(table["low"]), ratio_high=np.exp(table["high"]))
    low = max(float(rows["ratio_low"].min()), 1 / WIDEST)
    high = min(float(rows["ratio_high"].max()), WIDEST)
    mean = tuple(map(math.exp, (found.estimate, found.parallel.low, found.parallel.high)))

    def draw() -> Figure:
        figure, (left, right) = style.new_figure(1, 2, 3.3, sharey=True)
        ratio_axis(left, low, high, words, ticks=ticks_between(low, high), along="y")
        multiples = [words.decimal(i.m, 2 if i.m and i.m % 0.5 else 1) for i in found.relative]
        _panel(left, found, found.relative, multiples, words)
        _panel(right, found, found.smooth, [words.percent(i.m, 0) for i in found.smooth], words)
        right.axhline(1, color=style.REGION, lw=0.9, zorder=0.5)
        right.grid(axis="y")
        left.set_title(words("municipal_bounds.relative"))
        right.set_title(words("municipal_bounds.smooth"))
        left.set_ylabel(words("municipal_bounds.axis"))
        for key, colour, width in (("holds", style.PRIORITY, 1.8), ("excludes", style.ACCENT, 3.5)):
            left.plot([], [], color=colour, lw=width, label=words(f"ratios.mark.{key}"))
        figure.legend(loc="outside lower center", ncols=2, fontsize="small")
        return figure

    return municipal_content(
        data,
        words,
        rows,
        {
            "reference": data.timing.reference_year,
            "first": data.timing.first_treated_year,
            "last": data.timing.treated[-1],
            "level": found.level,
            "parallel": mean,
            **{
                kind: words(f"municipal_bounds.{kind}_{_how_far(value, most)}", value=value)
                for kind, value, most in (
                    ("relative", found.relative_breakdown, found.relative_most),
                    ("smooth", found.smooth_breakdown, found.smooth_most),
                )
            },
        },
        draw=draw,
        numbers={
            "municipal_breakdown_relative": (found.relative_breakdown, "multiple"),
            "municipal_breakdown_smooth": (found.smooth_breakdown, "log ratio a year"),
            "municipal_mean_ratio": (mean[0], "ratio"),
            "municipal_mean_ratio_low": (mean[1], "ratio"),
            "municipal_mean_ratio_high": (mean[2], "ratio"),
        },
    )


def _how_far(breakdown: float, most: float) -> str:
    """Tell whether the finding stands some, all or none of the departures looked at."""
    return "none" if breakdown <= 0 else "all" if breakdown >= most else "some"


def _panel(
    axes: Axes,
    found: Sensitivity,
    intervals: Sequence[HonestInterval],
    labels: Sequence[str],
    words: Words,
) -> None:
    shown = [found.parallel, *intervals]
    bottom, top = axes.get_ylim()
    for at, interval in enumerate(shown):
        colour, width = (style.ACCENT, 3.5) if interval.excludes_zero else (style.PRIORITY, 1.8)
        ends = np.clip(np.exp([interval.low, interval.high]), bottom, top)
        axes.plot([at, at], ends, color=colour, lw=width, solid_capstyle="butt")
    axes.plot(0, math.exp(found.estimate), "o", color="black", ms=5)
    names = [words("municipal_bounds.parallel"), *labels]
    axes.set_xticks(range(len(shown)), names, fontsize="small")
    axes.axvline(0.5, color=style.REGION, lw=0.7, ls=":")
