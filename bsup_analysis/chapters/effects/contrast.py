"""Did the priority municipalities improve relative to the others: the contrast of the groups."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bsup_analysis.analysis.outcome_contrast import OutcomeContrast
from bsup_analysis.design import Outcome
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.inference import RatioInterval
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
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


def interval_text(interval: RatioInterval, words: Words) -> str:
    """Write an interval as `0.88 (0.69 to 1.14)`."""
    return words(
        "ratios.interval",
        ratio=words.decimal(interval.ratio),
        low=words.decimal(interval.low),
        high=words.decimal(interval.high),
    )


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
                f"{words(f'contrast.assumption_{name}')}: {interval_text(interval, words)}",
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
    shown = pd.DataFrame(
        {
            words("contrast.row"): [words(f"groups.{group}") for group in GROUPS],
            words(f"outcomes.{outcome}.before"): [
                _value(contrast.measure, contrast.before[group].value, words) for group in GROUPS
            ],
            words(f"outcomes.{outcome}.after"): [
                _value(contrast.measure, contrast.after[group].value, words) for group in GROUPS
            ],
            words("contrast.growth"): [
                words.change(contrast.growth[group].value - 1) for group in GROUPS
            ],
        }
    )
    rounding = contrast.ratio.high > contrast.ratio.low
    values = {
        "outcome": words(f"outcomes.{outcome}.name"),
        "priority": words.change(contrast.growth["priority"].value - 1),
        "other": words.change(contrast.growth["other"].value - 1),
        "ratio": words.decimal(contrast.ratio.value, 3),
        "low": words.decimal(widest.low),
        "high": words.decimal(widest.high),
        "above": words.decimal(widest.detectable_above),
        "below": words.decimal(widest.detectable_below),
        "level": words.percent(widest.level, 0),
        "power": words.percent(widest.power, 0),
        "rounding": " "
        + words(
            "contrast.rounding",
            low=words.decimal(contrast.ratio.low, 3),
            high=words.decimal(contrast.ratio.high, 3),
        )
        if rounding
        else "",
        "finding": words(f"contrast.{_side(widest)}"),
    }
    return Exhibit(
        id=f"group_contrast_{outcome}",
        title=words(f"outcomes.{outcome}.contrast_title"),
        caption=words("contrast.caption", **values),
        source=words("contrast.source"),
        alternative_text=words("contrast.alternative_text", **values),
        data=data,
        draw=draw,
        shown=shown,
        numbers=_numbers(contrast),
    )


def _side(interval: RatioInterval) -> str:
    if interval.low > 1:
        return "above_one"
    return "below_one" if interval.high < 1 else "holds_one"


def _numbers(contrast: OutcomeContrast) -> dict[str, Number]:
    stem = f"rate_ratio_{contrast.outcome}_2009_2010"
    numbers = {stem: Number(contrast.ratio.value, "ratio")}
    if contrast.ratio.high > contrast.ratio.low:
        numbers[f"{stem}_rounding_low"] = Number(contrast.ratio.low, "ratio")
        numbers[f"{stem}_rounding_high"] = Number(contrast.ratio.high, "ratio")
    if contrast.outcome == "loans":
        level_and_power = contrast.intervals["poisson"]
        numbers["confidence_level"] = Number(level_and_power.level, "share")
        numbers["power"] = Number(level_and_power.power, "share")
    for name, interval in contrast.intervals.items():
        numbers[f"{stem}_ci_low_{name}"] = Number(interval.low, "ratio")
        numbers[f"{stem}_ci_high_{name}"] = Number(interval.high, "ratio")
        stem_mdr = "minimum_detectable_ratio"
        if contrast.outcome != "loans":
            stem_mdr += f"_{contrast.outcome}"
        numbers[f"{stem_mdr}_{name}"] = Number(interval.detectable_above, "ratio")
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
    shown = pd.DataFrame(
        {
            words("contrast.measure"): [words("contrast.plain"), words("contrast.rate")],
            words("contrast.ratio"): data["ratio"].map(lambda r: words.decimal(r, 3)),
            words("contrast.log_ratio"): data["log_ratio"].map(lambda r: words.decimal(r, 4)),
        }
    )
    values = {
        "plain": words.decimal(data["ratio"][0], 3),
        "rate": words.decimal(data["ratio"][1], 3),
    }
    return Exhibit(
        id="per_inhabitant",
        title=words("contrast.per_inhabitant_title"),
        caption=words("contrast.per_inhabitant_caption", **values),
        source=words("contrast.per_inhabitant_source"),
        alternative_text=words("contrast.per_inhabitant_caption", **values),
        data=data,
        shown=shown,
        numbers={
            "log_rate_ratio_loans_2009_2010": Number(data["log_ratio"][0], "log ratio"),
            "rate_ratio_per_inhabitant_2009_2010": Number(data["ratio"][1], "ratio"),
        },
    )
