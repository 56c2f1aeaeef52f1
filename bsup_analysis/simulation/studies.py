"""The questions asked of every scenario beside size and power, each a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bsup_analysis.simulation.biases import (
    Bias,
    average_ratio,
    expected_rate_bias,
    rate_bias,
    ratio_bias,
)
from bsup_analysis.simulation.pretrend import pretrend_test
from bsup_analysis.simulation.published_level import coverage
from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.scenarios import Scenario, load_world, scenario

BIAS_COLUMNS = (
    "scenario",
    "question",
    "value",
    "estimator",
    "dropped_years",
    "draws",
    "mean_estimate",
    "mc_error",
    "truth",
    "without_noise",
    "rejection_rate",
)


def coverage_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Coverage of the published-level intervals in one scenario; ten times the draws."""
    world = load_world()
    settings = world.study
    wanted = draws * settings.published_draws.value // world.run.draws.value
    return coverage(
        region,
        scenario(name),
        1.0,
        draws=wanted,
        seed=world.run.seed.value,
        grid=settings.dispersion_grid.value,
        level=1 - world.tests.level.value,
    )


def bias_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Linear rates, regression to the mean, and an effect of the largest municipality's own."""
    world, one = load_world(), scenario(name)
    dropped, seed = world.panel.dropped_years.value, world.run.seed.value
    common: dict[str, Any] = {
        "draws": draws,
        "seed": seed,
        "level": world.tests.level.value,
    }
    rate = rate_bias(region, one, dropped=dropped, **common)
    quiet = expected_rate_bias(region, dropped)
    rows = [_row(one, "linear_rates", 1.0, "ols_rate", dropped, rate, quiet)]
    for value in world.study.selections.value:
        chosen = replace(one, selection=value)
        for without in (dropped, (world.panel.selection_year.value, *dropped)):
            bias = ratio_bias(region, chosen, 1.0, dropped=without, **common)
            rows.append(_row(one, "regression_to_mean", value, "ppml", without, bias, np.nan))
    for value in world.study.largest_effects.value:
        apart = replace(one, largest_effect=value)
        bias = ratio_bias(region, apart, 1.0, dropped=dropped, **common)
        target = float(np.log(average_ratio(region, apart, 1.0, dropped)))
        rows.append(_row(one, "largest_apart", value, "ppml", dropped, bias, target))
    return pd.DataFrame(rows, columns=list(BIAS_COLUMNS))


def _row(
    one: Scenario,
    question: str,
    value: float,
    estimator: str,
    dropped: tuple[int, ...],
    bias: Bias,
    quiet: float,
) -> tuple[object, ...]:
    years = " ".join(str(year) for year in sorted(dropped))
    found = bias.draws, bias.mean, bias.mc_error, bias.truth, quiet, bias.rejection_rate
    return (one.name, question, value, estimator, years, *found)


def pretrend_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Power of the test of the years before, and what passing it leaves, in one scenario."""
    world, one = load_world(), scenario(name)
    rows = []
    for drift in world.study.drifts.value:
        found = pretrend_test(
            region,
            replace(one, trend=drift),
            draws=draws,
            seed=world.run.seed.value,
            dropped=world.panel.dropped_years.value,
            level=world.tests.level.value,
        )
        rows.append({"scenario": name, "drift_per_year": drift, **vars(found)})
    return pd.DataFrame(rows)
