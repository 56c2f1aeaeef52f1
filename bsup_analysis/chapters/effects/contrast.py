"""Did the priority municipalities improve relative to the others: the contrast, and the verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.analysis.outcome_contrast import DispersionPath, OutcomeContrast
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.inference import RatioInterval
from bsup_analysis.effects.intervals import AverageChangeBounds, GrowthParts, Interval
from bsup_analysis.effects.verdict import Verdict
from bsup_analysis.exhibit import charts, style
from bsup_analysis.exhibit.charts import number_axis, ratio_axis, side_of_one, ticks_between
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

FILE_NAMES = {
    "se": "se_log_ratio",
    "detectable_above": "minimum_detectable_above",
    "detectable_below": "minimum_detectable_below",
}
MINIMUM = ["minimum_detectable_above", "minimum_detectable_below"]
# how a value is written: by the column it is of, and whether it is a rate
FORMS = {
    ("loans", False): "count",
    ("loans", True): ".2",
    ("amount_nok", False): "million",
    ("amount_nok", True): "count",
}


def interval_rows(intervals: Iterable[RatioInterval], **named: object) -> pd.DataFrame:
    """Lay out intervals, one a row, under the names they have in files, and what they are of."""
    return pd.DataFrame(list(intervals)).assign(**named).rename(columns=FILE_NAMES)


@exhibit("group_contrast_{outcome_contrast.outcome}", "contrast")
def group_contrast(outcome_contrast: OutcomeContrast, words: Words) -> Content:
    """Show the growth of both groups and the ratio of the two, with every interval."""
    contrast, outcome = outcome_contrast, outcome_contrast.outcome
    intervals, ratio = contrast.intervals, contrast.ratio
    growth = {group: contrast.growth[group].value - 1 for group in style.GROUPS}
    data = interval_rows(intervals.values(), assumption=list(intervals))
    data = data[["assumption", "ratio", "low", "high", "se_log_ratio", *MINIMUM]].assign(
        ratio_rounding_low=ratio.low,
        ratio_rounding_high=ratio.high,
        **{f"growth_{group}": contrast.growth[group].value for group in style.GROUPS},
    )

    def draw() -> Figure:
        figure, (left, right) = style.new_figure(1, 2, 3.7, gridspec_kw={"width_ratios": [1, 1.6]})
        for group in style.GROUPS:
            found, colour = contrast.growth[group], style.GROUP_TEXT_COLOUR[group]
            style.group_line(left, group, [2009, 2010], [100, 100 * found.value])
            left.vlines(2010, 100 * found.low, 100 * found.high, color=colour)
            text = f"{words(f'groups.{group}')}\n{words.change(growth[group])}"
            style.beside(left, text, (2010, 100 * found.value), (6, 0), color=colour, **style.SMALL)
        left.set_xticks([2009, 2010], ["2009", "2010"])
        left.set_xlim(2008.85, 2011.15)
        left.set_title(words("contrast.index"))
        left.grid(axis="y")
        look = {"va": "bottom", "fontsize": "small", "xycoords": ("axes fraction", "data")}
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        for row, (name, interval) in enumerate(intervals.items()):
            right.plot([interval.low, interval.high], [row, row], color=style.PRIORITY, lw=2.5)
            right.plot(interval.ratio, row, "o", color=style.PRIORITY, ms=7)
            for limit in (interval.detectable_below, interval.detectable_above):
                right.plot(limit, row, "|", color=style.ACCENT, ms=14, mew=2)
            text = f"{words(f'contrast.assumption.{name}')}: {words.written(interval, 'interval')}"
            style.beside(right, text, (0.02, row - 0.32), (0, 0), bbox=ground, **look)
        right.plot(
            [], [], "|", color=style.ACCENT, ms=10, mew=2, ls="none", label=words("contrast.mdr")
        )
        right.set_yticks([])
        right.set_ylim(len(intervals) - 0.6, -0.55)
        right.spines["left"].set_visible(False)
        low, high = data[["low", MINIMUM[1]]].min().min(), data[["high", MINIMUM[0]]].max().max()
        ratio_axis(right, low, high, words, ticks=ticks_between(low, high))
        right.grid(visible=False)
        right.set_title(words("contrast.ratio"))
        right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), fontsize="small")
        return figure

    widest = contrast.widest
    rounding = words("contrast.rounding", low=ratio.low, high=ratio.high)
    form = FORMS[contrast.measure.column, contrast.measure.per is not None]
    return Content(
        data,
        {
            "outcome": words(f"outcomes.{outcome}.name"),
            **{f"head_{when}": words(f"outcomes.{outcome}.{when}") for when in ("before", "after")},
            **growth,
            "ratio": ratio.value,
            "rounding": f" {rounding}" if ratio.high > ratio.low else "",
            "widest": widest,
            "side": side_of_one(widest.low, widest.high),
            "compatible": words(
                f"contrast.compatible.{'apart' if widest.excludes_one else 'holds_one'}",
                widest=widest,
                gain=widest.high - 1,
                slower=1 - widest.low,
            ),
        },
        title=words(
            f"contrast.title.{charts.found(widest.ratio, widest.low, widest.high)}",
            what=words(f"outcomes.{outcome}.name"),
        ),
        draw=draw,
        table=[
            {
                "group": group,
                "before": words.written(contrast.before[group].value, form),
                "after": words.written(contrast.after[group].value, form),
                "growth": growth[group],
            }
            for group in style.GROUPS
        ],
        numbers=_numbers(contrast),
    )


def _numbers(contrast: OutcomeContrast) -> dict[str, tuple[float, str]]:
    loans, ratio = contrast.outcome == "loans", contrast.ratio
    stem = f"rate_ratio_{contrast.outcome}_2009_2010"
    detectable = "minimum_detectable_ratio" + ("" if loans else f"_{contrast.outcome}")
    numbers = {stem: (ratio.value, "ratio")}
    if ratio.high > ratio.low:
        numbers[f"{stem}_rounding_low"] = (ratio.low, "ratio")
        numbers[f"{stem}_rounding_high"] = (ratio.high, "ratio")
    if loans:
        numbers["confidence_level"] = (contrast.intervals["poisson"].level, "share")
        numbers["power"] = (contrast.intervals["poisson"].power, "share")
    for end, growth in vars(contrast.growth["other"]).items():
        if ratio.high > ratio.low and end != "value":
            change = f"change_{contrast.outcome}_other_2009_2010_{end}"
            numbers[change] = (growth - 1, "relative change")
    for end in ("low", "high"):
        against = getattr(contrast.widest, end) - 1
        numbers[f"growth_against_others_{contrast.outcome}_{end}"] = (against, "relative change")
    for name, interval in contrast.intervals.items():
        numbers[f"{stem}_ci_low_{name}"] = (interval.low, "ratio")
        numbers[f"{stem}_ci_high_{name}"] = (interval.high, "ratio")
        numbers[f"{detectable}_{name}"] = (interval.detectable_above, "ratio")
    return numbers


@exhibit("per_inhabitant", "contrast.per_inhabitant")
def per_inhabitant(
    loans_contrast: GroupContrast, loans_contrast_per_inhabitant: GroupContrast, words: Words
) -> Content:
    """Show the ratio of loans as it is and for each inhabitant."""
    raw, rate = loans_contrast, loans_contrast_per_inhabitant
    data = pd.DataFrame(
        {
            "measure": ["loans", "loans_per_inhabitant"],
            "ratio": [raw.ratio, rate.ratio],
            "log_ratio": [raw.log_ratio, rate.log_ratio],
        }
    )
    numbers = {
        "log_rate_ratio_loans_2009_2010": (raw.log_ratio, "log ratio"),
        "rate_ratio_per_inhabitant_2009_2010": (rate.ratio, "ratio"),
    }
    return Content(data, {"plain": raw.ratio, "rate": rate.ratio}, table=data, numbers=numbers)


@exhibit("dispersion_{outcome_contrast.outcome}", "contrast.dispersion")
def dispersion(
    dispersion_path: DispersionPath, outcome_contrast: OutcomeContrast, words: Words
) -> Content:
    """Show the interval against the dispersion assumed for the municipalities not published."""
    path, contrast = dispersion_path, outcome_contrast
    counts = contrast.measure.column == "loans"
    position = path.phi_other if counts else path.multiple
    own = contrast.phi if counts else 1.0
    data = interval_rows(
        path.intervals,
        dispersion_other=path.phi_other,
        multiple_of_priority=path.multiple,
        ratio=contrast.ratio.value,
    )[["dispersion_other", "multiple_of_priority", "ratio", "low", "high", *MINIMUM]]

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=3.1)
        axes.fill_between(
            position, data["low"], data["high"], color=style.PRIORITY, alpha=0.25, lw=0
        )
        axes.plot(position, data[["low", "high"]], color=style.PRIORITY, marker="o", ms=4)
        axes.plot(
            position, data["ratio"], color=style.PRIORITY, lw=2, label=words("contrast.ratio")
        )
        labels = [words("contrast.mdr"), None]
        axes.plot(position, data[MINIMUM], color=style.ACCENT, ls="--", label=labels)
        axes.axvline(own, color=style.PALE, lw=2, zorder=0)
        top = (own, data["minimum_detectable_above"].max())
        style.beside(axes, words("contrast.dispersion.own_dispersion"), top, (4, 0), **style.SMALL)
        ends = data[["low", *MINIMUM]].min().min(), data[["high", *MINIMUM]].max().max()
        ratio_axis(axes, *ends, words, ticks=ticks_between(*ends), along="y")
        axes.grid(visible=False)
        axes.set_xlabel(words(f"contrast.dispersion.{'phi' if counts else 'multiple'}_other"))
        axes.set_title(words("contrast.ratio_and_interval"))
        axes.legend(loc="lower left", fontsize="small")
        return figure

    tipping = path.tipping if path.tipping is None or counts else path.tipping / contrast.phi
    kind = "none" if tipping is None else "count" if counts else "multiple"
    unit = "variance / mean" if counts else "multiple of the priority municipalities' dispersion"
    values = {
        "first": path.intervals[0],
        "last": path.intervals[-1],
        "start": position[0],
        "end": position[-1],
        "own": own,
        "known": contrast.known_share,
        "tipping": words(f"contrast.dispersion.tipping_{kind}", value=tipping, chance=1),
    }
    title = words(
        f"contrast.dispersion.title.{'none' if tipping is None else 'some'}",
        what=words(f"outcomes.{contrast.outcome}.choice"),
    )
    numbers = {
        f"tipping_dispersion_{contrast.outcome}": (tipping, unit),
        f"known_variance_share_{contrast.outcome}": (contrast.known_share, "share"),
    }
    return Content(data, values, title=title, draw=draw, numbers=numbers)


@exhibit("growth_parts", "amount_growth")
def growth_parts(
    group_growth_parts: Mapping[str, GrowthParts],
    region_average_change: AverageChangeBounds,
    words: Words,
) -> Content:
    """Show growth in NOK of each group as growth in number and in the average loan."""
    change = region_average_change
    rows = [
        (group, part, *astuple(Interval.exact(value)))
        for group, parts in group_growth_parts.items()
        for part, value in vars(parts).items()
    ]
    rows += [
        ("region", f"average_{name}_nok", *astuple(part))
        for name, part in (
            ("change", change.total),
            ("within", change.within),
            ("composition", change.composition),
        )
    ]
    data = pd.DataFrame(rows, columns=["group", "part", "growth", "low", "high"])
    growth = data.set_index(["group", "part"])["growth"]
    parts = list(growth["priority"].index)

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=3.2)
        for offset, group in ((-0.2, "priority"), (0.2, "other")):
            at, label = np.arange(len(parts)) + offset, words(f"groups.{group}")
            bars = style.group_bars(axes, group, at, np.log(growth[group]), width=0.38, label=label)
            axes.bar_label(bars, [words.change(g - 1) for g in growth[group]], padding=3)
        axes.axhline(0, color=style.REGION, lw=1)
        axes.set_xticks(range(len(parts)), [words(f"amount_growth.part.{part}") for part in parts])
        axes.margins(y=0.2)
        number_axis(axes.yaxis, words, ".1")
        axes.set_title(words("amount_growth.axis"))
        axes.legend(fontsize="small")
        return figure

    of_groups = {(group, part): growth[group, part] for group in style.GROUPS for part in parts}
    values = {f"{group}_{part}": value - 1 for (group, part), value in of_groups.items()} | {
        name.replace("average", "region").removesuffix("_nok"): value
        for name, value in growth["region"].items()
    }
    numbers = {
        f"growth_{part}_{group}_2009_2010": (value, "ratio")
        for (group, part), value in of_groups.items()
    } | {
        f"change_{part}_{group}_2009_2010": (value - 1, "relative change")
        for (group, part), value in of_groups.items()
    }
    return Content(data, values, source=words("contrast.source"), draw=draw, numbers=numbers)


@exhibit("verdict_{outcome_contrast.outcome}", "verdict")
def verdict_table(verdict: Verdict, outcome_contrast: OutcomeContrast, words: Words) -> Content:
    """Show the verdict, the conditions of the decision table, and what limits its reading."""
    key, widest = verdict.key, verdict.interval
    rows: list[tuple[str, str, str]] = [("verdict", key, verdict.interval_name)]
    rows += [
        ("criterion", c.name, "above" if c.above else "below" if c.below else "neither")
        for c in verdict.criteria
    ]
    rows += [("reason", reason, "") for reason in verdict.reasons]
    shown = [
        {
            "question": words(f"contrast.assumption.{name}"),
            "interval": interval,
            "answer": words("verdict.beyond" if interval.excludes_one else "verdict.holds"),
        }
        for name, interval in outcome_contrast.intervals.items()
    ]
    last = {"question": words("verdict.head_verdict"), "answer": words(f"verdict.word.{key}")}
    outcome = words(f"outcomes.{outcome_contrast.outcome}.name")
    data = pd.DataFrame(rows, columns=["kind", "key", "result"]).assign(
        ratio=widest.ratio, low=widest.low, high=widest.high
    )
    values = {
        "outcome": outcome,
        "key": key,
        "said": words(f"verdict.said.{key}", outcome=outcome, interval=widest),
        "reasons": " ".join(words(f"verdict.reason.{reason}") for reason in verdict.reasons),
    }
    numbers = {
        f"verdict_{outcome_contrast.outcome}": (
            {"worse": -1, "not_shown": 0, "improved": 1}[key],
            "-1 worse, 0 not shown, 1 improved",
        )
    }
    return Content(data, values, table=[*shown, {**last, "interval": widest}], numbers=numbers)
