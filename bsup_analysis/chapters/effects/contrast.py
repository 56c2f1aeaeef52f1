"""Did the priority municipalities improve relative to the others: the contrast of the groups."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bsup_analysis.analysis.outcome_contrast import OutcomeContrast
from bsup_analysis.design import Outcome
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.exhibit.charts import side_of_one
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.style import (
    ACCENT,
    GROUP_TEXT_COLOUR,
    PRIORITY,
    REGION,
    group_line,
    new_figure,
)
from bsup_analysis.language import Words

GROUPS = ("priority", "other")
TICKS = (0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5)


def ratio_axis(axes: Axes, words: Words, low: float, high: float) -> None:
    """Make the horizontal axis one of ratios on a log scale, with one marked."""
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks([tick for tick in TICKS if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.decimal(x)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()
    axes.axvline(1, color=REGION, lw=1)


def _value(measure: Outcome, value: float, words: Words) -> str:
    if measure.column == "loans":
        return words.count(value) if measure.per is None else words.decimal(value)
    return words.million(value) if measure.per is None else words.count(value)


@traced
def group_contrast(outcome_contrast: OutcomeContrast, words: Words) -> Exhibit:
    """Show the growth of both groups and the ratio of the two, with every interval."""
    contrast = outcome_contrast
    outcome = contrast.outcome
    names = list(contrast.intervals)
    data = pd.DataFrame(
        [
            {
                "assumption": name,
                "ratio": interval.ratio,
                "low": interval.low,
                "high": interval.high,
                "se_log_ratio": interval.se,
                "minimum_detectable_above": interval.detectable_above,
                "minimum_detectable_below": interval.detectable_below,
            }
            for name, interval in contrast.intervals.items()
        ]
    ).assign(
        ratio_rounding_low=contrast.ratio.low,
        ratio_rounding_high=contrast.ratio.high,
        **{f"growth_{group}": contrast.growth[group].value for group in GROUPS},
    )

    def draw() -> Figure:
        figure, (left, right) = new_figure(1, 2, 3.9, gridspec_kw={"width_ratios": [1, 1.6]})
        for group in GROUPS:
            growth = contrast.growth[group]
            group_line(left, group, [2009, 2010], [100, 100 * growth.value])
            if growth.high > growth.low:
                left.errorbar(
                    [2010],
                    [100 * growth.value],
                    yerr=[
                        [100 * (growth.value - growth.low)],
                        [100 * (growth.high - growth.value)],
                    ],
                    color=GROUP_TEXT_COLOUR[group],
                    capsize=3,
                )
            left.annotate(
                f"{words(f'groups.{group}')}\n{words.change(growth.value - 1)}",
                (2010, 100 * growth.value),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize="small",
                color=GROUP_TEXT_COLOUR[group],
            )
        left.set_xticks([2009, 2010], ["2009", "2010"])
        left.set_xlim(2008.85, 2011.15)
        left.set_title(words("contrast.index"))
        left.grid(axis="y")
        for row, (name, interval) in enumerate(contrast.intervals.items()):
            right.plot([interval.low, interval.high], [row, row], color=PRIORITY, lw=2.5)
            right.plot(interval.ratio, row, "o", color=PRIORITY, ms=7)
            for limit in (interval.detectable_below, interval.detectable_above):
                right.plot(limit, row, "|", color=ACCENT, ms=14, mew=2)
            right.annotate(
                f"{words(f'contrast.assumption_{name}')}: {words.written(interval, 'interval')}",
                (0.02, row - 0.32),
                xycoords=("axes fraction", "data"),
                va="bottom",
                fontsize="small",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )
        right.plot([], [], "|", color=ACCENT, ms=10, mew=2, ls="none", label=words("contrast.mdr"))
        right.set_yticks([])
        right.set_ylim(len(names) - 0.6, -0.55)
        right.spines["left"].set_visible(False)
        edges = [i.detectable_above for i in contrast.intervals.values()]
        edges += [i.high for i in contrast.intervals.values()]
        lows = [i.low for i in contrast.intervals.values()]
        lows += [i.detectable_below for i in contrast.intervals.values()]
        ratio_axis(right, words, 0.93 * min(lows), 1.07 * max(edges))
        right.set_title(words("contrast.ratio"))
        right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.09), fontsize="small")
        return figure

    widest = max(contrast.intervals.values(), key=lambda i: i.high / i.low)
    ratio = contrast.ratio
    rounding = words("contrast.rounding", low=ratio.low, high=ratio.high)
    growth = {group: contrast.growth[group].value - 1 for group in GROUPS}
    values = {
        "outcome": words(f"outcomes.{outcome}.name"),
        **growth,
        "ratio": ratio.value,
        "rounding": f" {rounding}" if ratio.high > ratio.low else "",
        "widest": widest,
        "side": side_of_one(widest.low, widest.high),
    }
    before, after = (
        {group: _value(contrast.measure, found[group].value, words) for group in GROUPS}
        for found in (contrast.before, contrast.after)
    )
    return Exhibit.of(
        f"group_contrast_{outcome}",
        "contrast",
        words,
        data,
        values,
        title=words(f"outcomes.{outcome}.contrast_title"),
        draw=draw,
        shown=words.table(
            "contrast",
            [
                {"group": g, "before": before[g], "after": after[g], "growth": growth[g]}
                for g in GROUPS
            ],
            head_before=words(f"outcomes.{outcome}.before"),
            head_after=words(f"outcomes.{outcome}.after"),
        ),
        numbers=_numbers(contrast),
    )


def _numbers(contrast: OutcomeContrast) -> dict[str, tuple[float, str]]:
    stem = f"rate_ratio_{contrast.outcome}_2009_2010"
    numbers = {stem: (contrast.ratio.value, "ratio")}
    if contrast.ratio.high > contrast.ratio.low:
        numbers[f"{stem}_rounding_low"] = (contrast.ratio.low, "ratio")
        numbers[f"{stem}_rounding_high"] = (contrast.ratio.high, "ratio")
    if contrast.outcome == "loans":
        level_and_power = contrast.intervals["poisson"]
        numbers["confidence_level"] = (level_and_power.level, "share")
        numbers["power"] = (level_and_power.power, "share")
    for name, interval in contrast.intervals.items():
        numbers[f"{stem}_ci_low_{name}"] = (interval.low, "ratio")
        numbers[f"{stem}_ci_high_{name}"] = (interval.high, "ratio")
        stem_mdr = "minimum_detectable_ratio"
        if contrast.outcome != "loans":
            stem_mdr += f"_{contrast.outcome}"
        numbers[f"{stem_mdr}_{name}"] = (interval.detectable_above, "ratio")
    return numbers


@traced
def per_inhabitant(
    loans_contrast: GroupContrast, loans_contrast_per_inhabitant: GroupContrast, words: Words
) -> Exhibit:
    """Show the ratio of loans as it is and for each inhabitant."""
    raw, rate = loans_contrast, loans_contrast_per_inhabitant
    data = pd.DataFrame(
        {
            "measure": ["loans", "loans_per_inhabitant"],
            "ratio": [raw.ratio, rate.ratio],
            "log_ratio": [raw.log_ratio, rate.log_ratio],
        }
    )
    return Exhibit.of(
        "per_inhabitant",
        "contrast.per_inhabitant",
        words,
        data,
        {"plain": raw.ratio, "rate": rate.ratio},
        shown=words.table("contrast.per_inhabitant", data),
        numbers={
            "log_rate_ratio_loans_2009_2010": (raw.log_ratio, "log ratio"),
            "rate_ratio_per_inhabitant_2009_2010": (rate.ratio, "ratio"),
        },
    )
