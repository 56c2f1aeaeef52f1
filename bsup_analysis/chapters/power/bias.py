"""What the estimators find when the world is not the one they assume."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.chapters.power.rejection import (
    draw_scenarios,
    identifier,
    labelled,
    legend,
    synthetic_figure,
)
from bsup_analysis.design import Design
from bsup_analysis.exhibit.charts import number_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import PRINTED, REGION, beside
from bsup_analysis.language import Words

ASSUMED = ("assumed", "known_half")
HELD = ("poisson", "estimated_normal", "estimated_t")


@exhibit("power_coverage", "power.coverage")
def coverage(SYNTHETIC_coverage: pd.DataFrame, design: Design, words: Words) -> Content:
    """Show the coverage of each published-level interval against the dispersion it assumes."""
    data, level = SYNTHETIC_coverage, design.inference.confidence_level.value
    rates = data.pivot_table(index="scenario", columns="interval", values="coverage")
    poisson = data.query("interval == 'assumed' and assumed_phi == 1").set_index("scenario")
    rates = rates.assign(poisson=poisson["coverage"])[[*HELD]]
    own = data.groupby("scenario")[["phi_priority", "phi_other"]].first()

    def draw() -> Figure:
        figure, panels = synthetic_figure(words, 1, 2, 3.5, sharey=True)
        for axes, kind in zip(panels, ASSUMED, strict=True):
            axes.axhline(level, color=REGION, lw=1, ls="--")
            places = ("assumed_phi", "coverage", "mc_error")
            draw_scenarios(axes, data[data["interval"] == kind], places, words)
            axes.set_title(words(f"power.coverage.interval_{kind}"))
            axes.set_xlabel(words(f"power.coverage.phi_{kind}"))
            number_axis(axes.yaxis, words, "percent.0")
        legend(figure, panels[0])
        return figure

    values = {
        "level": level,
        "draws": data["draws"].min(),
        "error": data["mc_error"].max(),
        "phi_priority": own["phi_priority"],
        "phi_other": own["phi_other"],
        **{f"held_{kind}": rates[kind] for kind in HELD},
    }
    table = own.join(rates).reset_index()
    numbers = {
        identifier("coverage", kind, name): (rate, "share")
        for kind in (*HELD[1:], HELD[0])
        for name, rate in rates[kind].items()
    }
    return Content(labelled(data), values, draw=draw, table=table, numbers=numbers)


def _asked(SYNTHETIC_bias: pd.DataFrame, question: str) -> pd.DataFrame:
    """Choose the rows of a question; log ratios also as ratios, with their error."""
    rows = SYNTHETIC_bias[SYNTHETIC_bias["question"] == question]
    ratio = np.exp(rows["mean_estimate"])
    return rows.assign(ratio=ratio, ratio_mc_error=ratio * rows["mc_error"])


@exhibit("power_regression_to_mean", "power.selection")
def regression_to_mean(SYNTHETIC_bias: pd.DataFrame, words: Words) -> Content:
    """Show what choosing on a noisy figure of 2008 looks like, with that year and without it."""
    data = _asked(SYNTHETIC_bias, "regression_to_mean")
    by_length = sorted(data["dropped_years"].unique(), key=len)
    kinds = {
        kind: data[data["dropped_years"] == dropped]
        for kind, dropped in zip(("kept", "dropped"), by_length, strict=True)
    }

    def draw() -> Figure:
        figure, panels = synthetic_figure(words, 1, 2, 3.4, sharey=True)
        for axes, (kind, rows) in zip(panels, kinds.items(), strict=True):
            axes.axhline(1, color=REGION, lw=1)
            draw_scenarios(axes, rows, ("value", "ratio", "ratio_mc_error"), words)
            axes.set_title(words(f"power.selection.{kind}"))
            axes.set_xlabel(words("power.selection.axis"))
            number_axis(axes.xaxis, words, ".1", sorted(data["value"].unique()))
            number_axis(axes.yaxis, words, ".2", (0.8, 0.85, 0.9, 0.95, 1.0))
        panels[0].set_ylabel(words("power.mean_ratio"))
        legend(figure, panels[0])
        return figure

    strongest = data["value"].max()
    found = {
        kind: rows[rows["value"] == strongest].set_index("scenario")["ratio"]
        for kind, rows in kinds.items()
    }
    numbers = {
        identifier("regression_to_mean_2008", kind, name): (mean, "ratio")
        for kind, means in found.items()
        for name, mean in means.items()
    }
    return Content(labelled(data), {"strongest": strongest, **found}, draw=draw, numbers=numbers)


@exhibit("power_pretrend", "power.pretrend")
def pretrend(SYNTHETIC_pretrend: pd.DataFrame, design: Design, words: Words) -> Content:
    """Show the power of the test of earlier trends, and the drift left where it passes."""
    passed = np.exp(SYNTHETIC_pretrend["mean_log_ratio_passed"])
    data = SYNTHETIC_pretrend.assign(
        ratio_passed=passed, ratio_passed_mc_error=passed * SYNTHETIC_pretrend["mc_error_passed"]
    )

    def draw() -> Figure:
        figure, (left, right) = synthetic_figure(words, 1, 2, 3.5)
        left.axhline(design.inference.power.value, color=REGION, lw=1, ls="--")
        right.axhline(1, color=REGION, lw=1)
        drift = "drift_per_year"
        draw_scenarios(left, data, (drift, "rejection_rate", "mc_error"), words)
        draw_scenarios(right, data, (drift, "ratio_passed", "ratio_passed_mc_error"), words)
        right.set_yscale("log")
        number_axis(right.yaxis, words, ".2", (1.0, 1.25, 1.5, 1.75, 2.0))
        number_axis(left.yaxis, words, "percent.0")
        left.set_ylim(0, 1)
        left.set_title(words("power.pretrend.seen"))
        right.set_title(words("power.pretrend.left"))
        for axes in (left, right):
            axes.set_xlabel(words("power.pretrend.axis"))
            number_axis(axes.xaxis, words, ".2", sorted(data[drift].unique()))
        legend(figure, left)
        return figure

    drifting = data.query("drift_per_year > 0")
    rows = [
        {"drift": drift, "seen": rows["rejection_rate"], "left": rows["ratio_passed"]}
        for drift, rows in drifting.groupby("drift_per_year")
    ]
    middle, largest = rows[1], rows[-1]
    at_middle = data["drift_per_year"] == middle["drift"]
    values = {
        "level": 1 - design.inference.confidence_level.value,
        "drift": np.expm1(middle["drift"]),
        "seen": middle["seen"],
        "left": middle["left"],
        "all": np.exp(data.loc[at_middle, "mean_log_ratio"]),
        "large": np.expm1(largest["drift"]),
        "large_seen": largest["seen"],
    }
    numbers = {
        identifier("pretrend", *part, f"{row['drift_per_year']:.2f}", row["scenario"]): (
            row[column],
            unit,
        )
        for row in drifting.to_dict("records")
        for column, part, unit in (
            ("rejection_rate", (), "share"),
            ("ratio_passed", ("left",), "ratio"),
        )
    }
    return Content(labelled(data), values, draw=draw, table=rows, numbers=numbers)


@exhibit("power_largest_apart", "power.largest")
def largest_apart(SYNTHETIC_bias: pd.DataFrame, words: Words) -> Content:
    """Show what Poisson regression estimates when only the largest municipality changes."""
    data = _asked(SYNTHETIC_bias, "largest_apart")
    data = data.assign(ratio_without_noise=np.exp(data["without_noise"]))
    target = data.drop_duplicates("value").set_index("value")["ratio_without_noise"]
    last = target.index[-1]

    def draw() -> Figure:
        figure, axes = synthetic_figure(words, height_in=3.3)
        axes.plot(target.index, target.index, color=PRINTED, lw=1, ls=":")
        axes.axhline(1, color=REGION, lw=1)
        axes.plot(target.index, target, color=PRINTED, lw=1)
        # side by side, so that no scenario hides another
        place = pd.factorize(data["scenario"], sort=True)[0]
        apart = data.assign(at=data["value"] * (1 + 0.008 * (place - place.max() / 2)))
        places = ("at", "ratio", "ratio_mc_error")
        draw_scenarios(axes, apart, places, words, linestyle="none")
        look = {"ha": "right", "fontsize": "small", "color": PRINTED}
        beside(axes, words("power.largest.own"), (last, last), (-60, -6), va="top", **look)
        beside(axes, words("power.largest.others"), (last, 1), (0, 5), va="bottom", **look)
        axes.set_xscale("log")
        axes.set_yscale("log")
        number_axis(axes.xaxis, words, ".2", list(target.index))
        number_axis(axes.yaxis, words, ".2", (1.0, 1.25, 1.5, 2.0))
        axes.set_xlabel(words("power.largest.axis"))
        axes.set_title(words("power.mean_ratio"))
        legend(figure, axes)
        return figure

    values = {
        "own": last,
        "estimand": target[last],
        "weight": np.log(target[last]) / np.log(last),
    }
    numbers = {
        identifier("largest_apart", f"{own:g}"): (ratio, "ratio")
        for own, ratio in target.items()
        if own != 1
    }
    return Content(labelled(data), values, draw=draw, numbers=numbers)


@exhibit("power_linear_rates", "power.rates")
def linear_rates(SYNTHETIC_bias: pd.DataFrame, words: Words) -> Content:
    """Tabulate what least squares on rates finds where growth is parallel and nothing happened."""
    data = SYNTHETIC_bias.query("question == 'linear_rates'").sort_values("scenario")
    unit = "loans per 1 000 inhabitants and year"
    values = {"quiet": data["without_noise"].iloc[0], "rejected": data["rejection_rate"]}
    numbers = {
        identifier("linear_rates", row.scenario): (row.mean_estimate, unit)
        for row in data.itertuples()
    }
    return Content(labelled(data), values, table=data, numbers=numbers)
