"""What the estimators find when the world is not the one they assume."""

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
    ratios,
    rows_where,
    scenarios,
    shares,
    synthetic_figure,
)
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import PRINTED, REGION
from bsup_analysis.language import Words


def _asked(SYNTHETIC_bias: pd.DataFrame, question: str) -> pd.DataFrame:
    """Choose the rows of a question; log ratios also as ratios, with their error."""
    rows = rows_where(SYNTHETIC_bias, question=question)
    ratio = np.exp(rows["mean_estimate"])
    return rows.assign(ratio=ratio, ratio_mc_error=ratio * rows["mc_error"])


@traced
def regression_to_mean(SYNTHETIC_bias: pd.DataFrame, words: Words) -> Exhibit:
    """Show what choosing on a noisy figure of 2008 looks like, with that year and without it."""
    data = _asked(SYNTHETIC_bias, "regression_to_mean")
    names = scenarios(data)
    by_length = sorted(data["dropped_years"].unique(), key=len)
    kinds = dict(zip(("kept", "dropped"), by_length, strict=True))

    def draw() -> Figure:
        figure, panels = synthetic_figure(words, 1, 2, 3.8, sharey=True)
        for axes, (kind, dropped) in zip(panels, kinds.items(), strict=True):
            axes.axhline(1, color=REGION, lw=1)
            for name in names:
                rows = rows_where(data, dropped_years=dropped, scenario=name)
                error = NORMAL_95 * rows["ratio_mc_error"]
                errorbars(axes, name, rows["value"], rows["ratio"], error, label=name)
            axes.set_title(words(f"power.selection_{kind}"))
            axes.set_xlabel(words("power.selection_axis"))
            decimal_ticks(axes.xaxis, sorted(data["value"].unique()), words, 1)
            decimal_ticks(axes.yaxis, (0.8, 0.85, 0.9, 0.95, 1.0), words)
        panels[0].set_ylabel(words("power.mean_ratio"))
        legend(figure, panels[0], names, words)
        return figure

    strongest = data[data["value"] == data["value"].max()].set_index(["dropped_years", "scenario"])
    found = {kind: strongest.loc[dropped, "ratio"] for kind, dropped in kinds.items()}
    values = {
        "strongest": words.decimal(data["value"].max(), 1),
        **{kind: ratios(means, words) for kind, means in found.items()},
    }
    return Exhibit(
        id="power_regression_to_mean",
        title=words("power.selection_title"),
        caption=words("power.selection_caption", **values),
        source=words("power.source"),
        alternative_text=words("power.selection_alternative_text", **values),
        data=labelled(data),
        draw=draw,
        numbers={
            identifier("regression_to_mean_2008", kind, name): Number(means[name], "ratio")
            for kind, means in found.items()
            for name in names
        },
    )


@traced
def largest_apart(SYNTHETIC_bias: pd.DataFrame, words: Words) -> Exhibit:
    """Show what Poisson regression estimates when only the largest municipality changes."""
    data = _asked(SYNTHETIC_bias, "largest_apart")
    data = data.assign(ratio_without_noise=np.exp(data["without_noise"]))
    names = scenarios(data)
    target = data.drop_duplicates("value").set_index("value")["ratio_without_noise"]

    def draw() -> Figure:
        figure, axes = synthetic_figure(words, height_in=3.8)
        axes.plot(target.index, target.index, color=PRINTED, lw=1, ls=":")
        axes.axhline(1, color=REGION, lw=1)
        axes.plot(target.index, target, color=PRINTED, lw=1, label="_")
        for place, name in enumerate(names):
            rows = rows_where(data, scenario=name)
            x = rows["value"] * (1 + 0.008 * (place - (len(names) - 1) / 2))
            error = NORMAL_95 * rows["ratio_mc_error"]
            errorbars(axes, name, x, rows["ratio"], error, label=name, linestyle="none")
        for text, height, below in (("own", target.index[-1], -6), ("others", 1.0, 5)):
            axes.annotate(
                words(f"power.largest_{text}"),
                (target.index[-1], height),
                (-60 if text == "own" else 0, below),
                textcoords="offset points",
                ha="right",
                va="top" if text == "own" else "bottom",
                fontsize="small",
                color=PRINTED,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        decimal_ticks(axes.xaxis, list(target.index), words)
        decimal_ticks(axes.yaxis, (1.0, 1.25, 1.5, 2.0), words)
        axes.set_xlabel(words("power.largest_axis"))
        axes.set_title(words("power.mean_ratio"))
        legend(figure, axes, names, words)
        return figure

    last = target.index[-1]
    values = {
        "own": words.decimal(last, 1),
        "estimand": words.decimal(target[last]),
        "weight": words.percent(np.log(target[last]) / np.log(last), 0),
    }
    return Exhibit(
        id="power_largest_apart",
        title=words("power.largest_title"),
        caption=words("power.largest_caption", **values),
        source=words("power.source"),
        alternative_text=words("power.largest_alternative_text", **values),
        data=labelled(data),
        draw=draw,
        numbers={
            identifier("largest_apart", f"{own:g}"): Number(ratio, "ratio")
            for own, ratio in target.items()
            if own != 1
        },
    )


@traced
def linear_rates(SYNTHETIC_bias: pd.DataFrame, words: Words) -> Exhibit:
    """Tabulate what least squares on rates finds where growth is parallel and nothing happened."""
    data = SYNTHETIC_bias.query("question == 'linear_rates'")
    names, rows = scenarios(data), data.set_index("scenario")
    shown = pd.DataFrame(
        {
            words("power.noise"): [words("power.scenario", name=name) for name in names],
            words("power.rates_mean"): [
                words.decimal(rows.loc[name, "mean_estimate"], 3) for name in names
            ],
            words("power.rates_error"): [
                words.decimal(rows.loc[name, "mc_error"], 3) for name in names
            ],
            words("power.rates_quiet"): [
                words.decimal(rows.loc[name, "without_noise"], 3) for name in names
            ],
            words("power.rates_rejected"): [
                words.percent(rows.loc[name, "rejection_rate"]) for name in names
            ],
        }
    )
    quiet = words.decimal(rows["without_noise"].iloc[0])
    rejected = shares(rows["rejection_rate"], words)
    return Exhibit(
        id="power_linear_rates",
        title=words("power.rates_title"),
        caption=words("power.rates_caption", quiet=quiet, rejected=rejected),
        source=words("power.source"),
        alternative_text=words("power.rates_title"),
        data=labelled(data),
        shown=shown,
        numbers={
            identifier("linear_rates", name): Number(
                rows.loc[name, "mean_estimate"], "loans per 1 000 inhabitants and year"
            )
            for name in names
        },
    )
