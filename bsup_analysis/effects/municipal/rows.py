"""Results as tables: one row an estimate, plain numbers and keys, no words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from bsup_analysis.effects.inference import tidy
from bsup_analysis.effects.municipal.estimands import Estimand
from bsup_analysis.effects.municipal.estimate import Estimate
from bsup_analysis.effects.municipal.robustness import RobustnessRow
from bsup_analysis.effects.municipal.sensitivity import Sensitivity
from bsup_analysis.effects.municipal.separation import Dropped


def estimand_rows(found: Iterable[Estimand]) -> pd.DataFrame:
    """One row an estimand: key, confirmatory, the estimate's numbers or why there are none."""
    return pd.DataFrame(
        [
            {
                "key": item.key,
                "confirmatory": item.confirmatory,
                **(_numbers(item.estimate) if item.estimate else {}),
                "holm_p_value": item.holm_p_value,
                "reason": str(item.problem or ""),
            }
            for item in found
        ]
    )


def tidy_estimands(found: Iterable[Estimand]) -> pd.DataFrame:
    """One row an estimand that could be estimated, as `inference.tidy` lays out a regression."""
    rows = [
        tidy([item.key], [given.log_ratio], [given.se], df=given.df, level=given.level)
        for item in found
        if item.estimate and (given := item.estimate.interval)
    ]
    return pd.concat(rows, ignore_index=True) if rows else tidy([], [], [], df=None, level=0.95)


def robustness_rows(found: Iterable[RobustnessRow]) -> pd.DataFrame:
    """One row a variant; where it could not be estimated, a reason in place of numbers."""
    return pd.DataFrame(
        [
            {
                "name": row.name,
                "kind": row.kind,
                **(_numbers(row.estimate) if row.estimate else {}),
                "reason": row.reason,
            }
            for row in found
        ]
    )


def honest_rows(found: Sensitivity) -> pd.DataFrame:
    """One row a bound: restriction, departure allowed, and limits on the log scale."""
    bounds = [("parallel", found.parallel)]
    bounds += [("relative_magnitudes", item) for item in found.relative]
    bounds += [("smoothness", item) for item in found.smooth]
    return pd.DataFrame(
        [
            {"restriction": name, "m": item.m, "low": item.low, "high": item.high}
            for name, item in bounds
        ]
    )


def dropped_rows(dropped: Iterable[Dropped]) -> pd.DataFrame:
    """One row a thing left out before fitting: why, its name, and how many cells."""
    return pd.DataFrame(
        [{"kind": item.kind, "name": item.name, "cells": item.cells} for item in dropped],
        columns=["kind", "name", "cells"],
    )


def _numbers(given: Estimate) -> dict[str, Any]:
    interval, sandwich = given.interval, given.sandwich
    return {
        "ratio": interval.ratio,
        "low": interval.low,
        "high": interval.high,
        "se_log_ratio": interval.se,
        "df": interval.df,
        "p_value": given.p_value,
        "detectable_above": interval.detectable_above,
        "detectable_below": interval.detectable_below,
        "sandwich_low": sandwich.low,
        "sandwich_high": sandwich.high,
        "wild_p_value": given.wild.p_value,
        "wild_low": given.wild.low,
        "wild_high": given.wild.high,
        "randomisation_p_value": given.randomisation.p_value,
        "municipalities": given.municipalities,
        "priority": given.priority,
        "clusters": given.clusters,
        "first_year": given.years[0],
        "last_year": given.years[-1],
        "cells_dropped": sum(item.cells for item in given.dropped),
    }
