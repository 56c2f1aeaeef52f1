"""What taking in and letting go is judged by: the aims with their indicators, and the pooling."""

import math

import numpy as np
import pandas as pd

from bsup_analysis.analysis.phasing import Pooled
from bsup_analysis.design import Design
from bsup_analysis.effects.empirical_bayes import Counts, GammaPoisson, posterior_grid, rates_given
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.language import Words


@traced
def framework(results_framework: pd.DataFrame, words: Words) -> Exhibit:
    """Show the programme's aims (document p. 15), what would show them, and where it is found."""
    data = results_framework
    suffix = "_nb" if words.language == "nb" else ""
    aim = data[f"aim{suffix}"]
    number, of = (
        data.groupby("aim_id").cumcount() + 1,
        data.groupby("aim_id")["row_id"].transform("size"),
    )
    none = words("phasing.framework.no_indicator")

    shown = pd.DataFrame(
        {
            words("phasing.framework.aim"): [
                name if many == 1 else words("phasing.framework.numbered", aim=name, number=n)
                for name, n, many in zip(aim, number, of, strict=True)
            ],
            words("phasing.framework.indicator"): [
                none
                if pd.isna(unit)
                else words("phasing.framework.with_unit", indicator=indicator, unit=unit)
                for indicator, unit in zip(
                    data[f"indicator{suffix}"], data[f"unit{suffix}"], strict=True
                )
            ],
            words("phasing.framework.table"): data[f"table{suffix}"].fillna(""),
        }
    )
    for column in ("published_level", "municipal_level", "direction"):
        shown[words(f"phasing.framework.{column}")] = [
            words(f"phasing.framework.{column}_{value}") for value in data[column]
        ]
    shown[words("phasing.framework.reason")] = data[f"reason{suffix}"]
    aims, without = data["aim_id"].nunique(), int(data["indicator"].isna().sum())
    here = data["indicator"].notna() & (data["published_level"] != "none")
    values = {
        "aims": words.count(aims),
        "without": words.count(without),
        "indicators": words.count(int(data["indicator"].notna().sum())),
        "here": words.count(int(here.sum())),
        "all": words.count(int((data["municipal_level"] == "at_hand").sum())),
    }
    return Exhibit(
        id="results_framework",
        title=words("phasing.framework.title"),
        caption=words("phasing.framework.caption", **values),
        source=words("phasing.framework.source"),
        alternative_text=words("phasing.framework.caption", **values),
        data=data,
        shown=shown,
        numbers={
            "aims_total": Number(aims, "aims"),
            "aims_without_public_indicator": Number(without, "aims"),
            "aims_indicators": Number(int(data["indicator"].notna().sum()), "indicators"),
        },
    )


@traced
def pooling_check(loan_counts: Counts, loan_rates: Pooled, design: Design, words: Words) -> Exhibit:
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
    data = pd.DataFrame(
        [
            (name, plug, *(_quantile(points, grid.weights, p) for p in (tail, 0.5, 1 - tail)))
            for name, plug, points in rows
        ],
        columns=["quantity", "maximum_likelihood", "posterior_low", "posterior_median",
                 "posterior_high"],
    )  # fmt: skip
    number = {"mean_rate": 2, "prior_loans": 1, "spread": 2}
    shown = pd.DataFrame(
        {
            words("phasing.pooling.quantity"): [
                words(f"phasing.pooling.{name}") for name in data["quantity"]
            ],
            words("phasing.pooling.maximum_likelihood"): [
                words.decimal(row.maximum_likelihood, number[row.quantity])
                if math.isfinite(row.maximum_likelihood)
                else words("phasing.pooling.infinite")
                for row in data.itertuples()
            ],
            words("phasing.pooling.posterior"): [
                words(
                    "ratios.estimate",
                    value=words.decimal(row.posterior_median, number[row.quantity]),
                    low=words.decimal(row.posterior_low, number[row.quantity]),
                    high=words.decimal(row.posterior_high, number[row.quantity]),
                )
                for row in data.itertuples()
            ],
        }
    )
    values = {"level": words.percent(level, 0)}
    if fit.all_alike:
        difference, key = math.nan, "phasing.pooling.caption_all_alike"
    else:
        fixed = rates_given(loan_counts, math.exp(fit.location), fit.strength)
        narrow = np.subtract(*fixed.interval(level)[::-1])
        wide = loan_rates.high - loan_rates.low
        difference = float(np.abs(fixed.quantile(0.5) / loan_rates.estimate - 1).max())
        values |= {
            "difference": words.percent(difference),
            "narrower": words.percent(1 - float((narrow / wide).mean())),
        }
        key = "phasing.pooling.caption"
    return Exhibit(
        id="pooling_check",
        title=words("phasing.pooling.title"),
        caption=words(key, **values),
        source=words("phasing.pooling.source"),
        alternative_text=words(key, **values),
        data=data,
        shown=shown,
        numbers={
            "pooling_largest_difference": Number(difference, "relative difference of the estimates")
        },
    )


def _quantile(points: np.ndarray, weights: np.ndarray, probability: float) -> float:
    """Give the quantile of weighted points, linear between the middles of their weights."""
    order = np.argsort(points, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(probability, middle, points[order]))
