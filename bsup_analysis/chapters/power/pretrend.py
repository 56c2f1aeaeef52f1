"""What a test of the years before sees of a drift, and what passing it leaves."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.chapters.power.marks import (
    NORMAL_95,
    decimal_ticks,
    errorbars,
    identifier,
    labelled,
    legend,
    percent_axis,
    ratios,
    rows_where,
    scenarios,
    shares,
    synthetic_figure,
)
from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import REGION
from bsup_analysis.language import Words


@traced
def pretrend(SYNTHETIC_pretrend: pd.DataFrame, design: Design, words: Words) -> Exhibit:
    """Show the power of the test of earlier trends, and the drift left where it passes."""
    passed = np.exp(SYNTHETIC_pretrend["mean_log_ratio_passed"])
    data = SYNTHETIC_pretrend.assign(
        ratio_passed=passed, ratio_passed_mc_error=passed * SYNTHETIC_pretrend["mc_error_passed"]
    )
    names, power = scenarios(data), design.inference.power.value

    def draw() -> Figure:
        figure, (left, right) = synthetic_figure(words, 1, 2, 4.0)
        left.axhline(power, color=REGION, lw=1, ls="--")
        right.axhline(1, color=REGION, lw=1)
        for name in names:
            rows = rows_where(data, scenario=name)
            drift = rows["drift_per_year"]
            seen, error = rows["rejection_rate"], NORMAL_95 * rows["mc_error"]
            errorbars(left, name, drift, seen, error, label=name)
            error = NORMAL_95 * rows["ratio_passed_mc_error"]
            errorbars(right, name, drift, rows["ratio_passed"], error)
        right.set_yscale("log")
        decimal_ticks(right.yaxis, (1.0, 1.25, 1.5, 1.75, 2.0), words)
        percent_axis(left.yaxis, words)
        left.set_ylim(0, 1)
        left.set_title(words("power.pretrend_seen"))
        right.set_title(words("power.pretrend_left"))
        for axes in (left, right):
            axes.set_xlabel(words("power.pretrend_axis"))
            decimal_ticks(axes.xaxis, sorted(data["drift_per_year"].unique()), words)
        legend(figure, left, names, words)
        return figure

    drifts = sorted(data.query("drift_per_year > 0")["drift_per_year"].unique())
    by_drift = {drift: data[data["drift_per_year"] == drift] for drift in drifts}
    shown = pd.DataFrame(
        {
            words("power.pretrend_drift"): [words.decimal(drift) for drift in drifts],
            words("power.pretrend_seen"): [
                shares(by_drift[drift]["rejection_rate"], words) for drift in drifts
            ],
            words("power.pretrend_left"): [
                ratios(by_drift[drift]["ratio_passed"], words) for drift in drifts
            ],
        }
    )
    middle, largest = drifts[1], drifts[-1]
    values = {
        "level": words.percent(1 - design.inference.confidence_level.value, 0),
        "drift": words.change(np.expm1(middle)),
        "seen": shares(by_drift[middle]["rejection_rate"], words),
        "left": ratios(by_drift[middle]["ratio_passed"], words),
        "all": ratios(np.exp(by_drift[middle]["mean_log_ratio"]), words),
        "large": words.change(np.expm1(largest)),
        "large_seen": shares(by_drift[largest]["rejection_rate"], words),
    }
    return Exhibit(
        id="power_pretrend",
        title=words("power.pretrend_title"),
        caption=words("power.pretrend_caption", **values),
        source=words("power.source"),
        alternative_text=words("power.pretrend_alternative_text", **values),
        data=labelled(data),
        draw=draw,
        shown=shown,
        numbers={
            identifier("pretrend", *part, f"{row.drift_per_year:.2f}", row.scenario): Number(
                getattr(row, column), unit
            )
            for row in data.query("drift_per_year > 0").itertuples()
            for column, part, unit in (
                ("rejection_rate", (), "share"),
                ("ratio_passed", ("left",), "ratio"),
            )
        },
    )
