"""How far chance alone carries a rate from the common one, and how far rates are drawn to it."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.analysis.phasing import Pooled
from bsup_analysis.design import Design
from bsup_analysis.effects.empirical_bayes import (
    Counts,
    GammaPoisson,
    funnel_limit,
    posterior_grid,
    rates_given,
)
from bsup_analysis.exhibit.charts import number_axis, set_names
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

OUTER = 0.998
"""Coverage of the outer limits, as usual in funnel plots (Spiegelhalter 2005)."""
PAPER_PT = 490.0, 245.0
"""About the size of the axes on paper, in points, by which names are kept apart."""
FEW, MOST_NAMES = 20, 12
"""Municipalities that can all be named, and how many are where there are more."""
TICKS = (5_000, 10_000, 20_000, 50_000, 100_000, 200_000)


@exhibit("loan_funnel", "phasing.funnel")
def loan_funnel(
    loan_counts: Counts,
    loan_rates: Pooled,
    municipality: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Show loans for each inhabitant against size, with exact limits around the common rate."""
    names = municipality.set_index("municipality_code")["municipality_name"]
    level = design.inference.confidence_level.value
    exposure, rate = np.array(loan_counts.exposure, float), loan_counts.pooled_rate
    shape = loan_rates.fit.strength

    def limits(at: np.ndarray, coverage: float, spread: float = np.inf) -> dict[str, np.ndarray]:
        tail = (1 - coverage) / 2
        centre = rate if np.isinf(spread) else float(np.exp(loan_rates.fit.location))
        ends = {"low": tail, "high": 1 - tail}
        return {end: 1000 * funnel_limit(at, centre, p, spread) for end, p in ends.items()}

    data = pd.DataFrame(
        {
            "municipality_code": loan_counts.codes,
            "municipality_name": list(names[list(loan_counts.codes)]),
            "population": exposure.astype(int),
            "loans": loan_counts.events,
            "loans_per_1000": 1000 * loan_counts.rates,
        }
    )
    for name, found in (
        ("limit", limits(exposure, level)),
        ("outer_limit", limits(exposure, OUTER)),
        ("spread_limit", limits(exposure, level, shape)),
    ):
        data = data.assign(**{f"{name}_{end}": values for end, values in found.items()})
    data = data.sort_values(["population", "municipality_code"], ignore_index=True)
    outside, beyond = (
        int((~data["loans_per_1000"].between(data[f"{name}_low"], data[f"{name}_high"])).sum())
        for name in ("limit", "spread_limit")
    )

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.6)
        line = np.geomspace(exposure.min() / 1.6, exposure.max() * 1.9, 400)
        for coverage, style, decimals in ((level, "-", 0), (OUTER, "--", 1)):
            label = words("phasing.funnel.chance", level=words.percent(coverage, decimals))
            for side in limits(line, coverage).values():
                axes.plot(line, side, color=REGION, ls=style, lw=1.2, label=label)
                label = ""
        low, high = limits(line, level, shape).values()
        label = words("phasing.funnel.spread", level=level)
        axes.fill_between(line, low, high, color=PRIORITY, alpha=0.12, lw=0, label=label)
        axes.axhline(1000 * rate, color=PRINTED, lw=1, ls=":", label=words("phasing.funnel.rate"))
        points, label = data[["population", "loans_per_1000"]], words("phasing.funnel.municipality")
        axes.plot(*points.to_numpy().T, "o", color=PRIORITY, ms=5, ls="none", label=label)
        axes.set_xscale("log")
        axes.set_xlim(line[0], line[-1])
        axes.set_ylim(0, 1.12 * data[["loans_per_1000", "spread_limit_high"]].max().max())
        number_axis(axes.xaxis, words, "count", TICKS)
        number_axis(axes.yaxis, words, ".0")
        axes.set_xlabel(words("phasing.funnel.size"))
        axes.set_title(words("phasing.funnel.axis"))
        _set_names(axes, data)
        handles = axes.get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=2, fontsize="small")
        return figure

    return Content(
        data,
        {
            "year": max(design.window.published_years.value),
            "count": len(data),
            "outside": outside,
            "beyond": beyond,
            "expected": (1 - level) * len(data),
            "finding": "no_more_than_chance" if loan_rates.fit.all_alike else "beyond_chance",
            "rate": 1000 * rate,
            "level": level,
        },
        draw=draw,
        numbers={
            "loan_rate_pooled": (1000 * rate, "loans per 1,000 inhabitants"),
            "funnel_outside_chance": (outside, "municipalities"),
            "funnel_outside_spread": (beyond, "municipalities"),
        },
        source=words("phasing.loan_rate.source"),
    )


def _set_names(axes: Axes, data: pd.DataFrame) -> None:
    """Write the municipalities' names beside their points, on axes of paper size laid over.

    Of a whole region the largest are named; the small ones stand too close.
    """
    left, right = np.log(axes.get_xlim())
    bottom, top = axes.get_ylim()
    paper = axes.inset_axes((0, 0, 1, 1))
    paper.set(xlim=(0, PAPER_PT[0]), ylim=(0, PAPER_PT[1]), xticks=[], yticks=[])
    paper.axis("off")
    most = len(data) if len(data) <= FEW else MOST_NAMES
    smallest = data["population"].nlargest(most).min()
    marks = pd.DataFrame(
        {
            "name": data["municipality_name"].where(data["population"] >= smallest, ""),
            "x": PAPER_PT[0] * (np.log(data["population"]) - left) / (right - left),
            "y": PAPER_PT[1] * (data["loans_per_1000"] - bottom) / (top - bottom),
            "radius_pt": 4.0,
        }
    )
    set_names(paper, marks, 1.0)


@exhibit("pooling_check", "phasing.pooling")
def pooling_check(loan_counts: Counts, loan_rates: Pooled, design: Design, words: Words) -> Content:
    """Hold empirical Bayes with fixed hyperparameters against their full posterior."""
    fit, level = loan_rates.fit, design.inference.confidence_level.value
    # finer than for the rates: here the hyperparameters themselves are shown
    grid = posterior_grid(GammaPoisson(loan_counts), strengths=200)
    rows = [
        ("mean_rate", 1000 * math.exp(fit.location), 1000 * np.exp(grid.location)),
        ("prior_loans", fit.strength, grid.strength),
        ("spread", 1 / math.sqrt(fit.strength), 1 / np.sqrt(grid.strength)),
    ]
    tail = (1 - level) / 2
    at = {"posterior_low": tail, "posterior_median": 0.5, "posterior_high": 1 - tail}
    data = pd.DataFrame(
        [
            {
                "quantity": name,
                "maximum_likelihood": plug,
                **{column: _quantile(points, grid.weights, p) for column, p in at.items()},
            }
            for name, plug, points in rows
        ]
    )
    shown = data.assign(decimals=[2, 1, 2])
    shown["most_likely"] = [
        words.decimal(row.maximum_likelihood, row.decimals)
        if math.isfinite(row.maximum_likelihood)
        else words("phasing.pooling.infinite")
        for row in shown.itertuples()
    ]
    values, difference, case = {"level": level}, math.nan, "caption_all_alike"
    if not fit.all_alike:
        fixed, case = rates_given(loan_counts, math.exp(fit.location), fit.strength), "caption"
        narrow = np.subtract(*fixed.interval(level)[::-1])
        difference = float(np.abs(fixed.quantile(0.5) / loan_rates.estimate - 1).max())
        narrower = 1 - float((narrow / (loan_rates.high - loan_rates.low)).mean())
        values |= {"difference": difference, "narrower": narrower}
    caption = words(f"phasing.pooling.{case}", **values)
    numbers = {"pooling_largest_difference": (difference, "relative difference of the estimates")}
    return Content(data, table=shown, numbers=numbers, caption=caption)


def _quantile(points: np.ndarray, weights: np.ndarray, probability: float) -> float:
    """Give the quantile of weighted points, linear between the middles of their weights."""
    order = np.argsort(points, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(probability, middle, points[order]))
