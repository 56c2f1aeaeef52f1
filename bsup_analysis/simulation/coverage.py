"""Coverage of the intervals that the published totals allow, where the truth is known.

The published level knows the four totals and the priority municipalities' rows; the others'
dispersion is assumed. Here both groups are drawn, the interval is computed as the study does
(`effects.inference`, `effects.dispersion`, over all draws at once), and what it covers is counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from bsup_analysis.simulation.config import load_config
from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.replicate import Task
from bsup_analysis.simulation.scenarios import Scenario, scenario


def draw_published(
    region: Region, scenario: Scenario, effect: float, draws: int, seed: int
) -> np.ndarray:
    """Draw the year before treatment and the first treated one, (draws, municipalities, 2)."""
    pair = region.base_year, region.first_treated_year
    others = tuple(year for year in region.years if year not in pair)
    task = Task(region, scenario, effect, seed, 0, draws, others)
    return np.concatenate([loans for _, _, loans in task.blocks()])


def growth_phi(rows: np.ndarray) -> np.ndarray:
    """Pearson dispersion around a common growth (`effects.dispersion.growth_dispersion`).

    Parameters
    ----------
    rows
        One group's loans, shape (draws, municipalities, 2).

    Returns
    -------
    numpy.ndarray
        Shape (draws,); a municipality without a loan in both years says nothing and is left out.
    """
    totals = rows.sum(axis=2)
    share = rows[:, :, 1].sum(axis=1) / totals.sum(axis=1)
    expected = totals * share[:, None]
    used = totals > 0
    spread = np.where(used, expected * (1 - share[:, None]), 1)
    return ((rows[:, :, 1] - expected) ** 2 / spread).sum(axis=1) / (used.sum(axis=1) - 1)


def clustered_variance(rows: np.ndarray) -> np.ndarray:
    """Compute a group's half of the clustered variance, shape (draws,).

    As `effects.dispersion.clustered_half` does for one panel.
    """
    share = rows / rows.sum(axis=1, keepdims=True)
    units = rows.shape[1]
    return units / (units - 1) * ((share[:, :, 1] - share[:, :, 0]) ** 2).sum(axis=1)


def coverage(
    region: Region,
    scenario: Scenario,
    effect: float,
    *,
    draws: int,
    seed: int,
    grid: Sequence[float],
    level: float = 0.95,
) -> pd.DataFrame:
    """Count how often each published-level interval covers the effect it was drawn with.

    Parameters
    ----------
    region, scenario, effect, draws, seed
        What is drawn.
    grid
        Dispersions assumed: of both groups, and of the others with the priority half known.
    level
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        One row an interval: `assumed` (both groups at the assumed dispersion; 1 is
        Poisson), `known_half` (the priority half from its rows, the others' assumed), and both
        groups at the priority rows' own dispersion with the normal (`estimated_normal`) and with t
        (`estimated_t`). `median_width` is that of the log ratio's interval; `phi_priority` and
        `phi_other` are the mean dispersions drawn.
    """
    loans = draw_published(region, scenario, effect, draws, seed)
    priority, other = loans[:, region.treated], loans[:, ~region.treated]
    sums = np.stack([priority.sum(axis=1), other.sum(axis=1)], axis=1)
    growth = np.log(sums[:, :, 1] / sums[:, :, 0])
    halves = (1 / sums).sum(axis=2)
    away = np.abs(growth[:, 0] - growth[:, 1] - np.log(effect))
    phi, phi_other = growth_phi(priority), growth_phi(other)
    normal = float(norm.ppf((1 + level) / 2))
    student = float(t(priority.shape[1] - 1).ppf((1 + level) / 2))
    known = clustered_variance(priority)
    cases = [("assumed", p, np.sqrt(p * halves.sum(axis=1)), normal) for p in grid]
    cases += [("known_half", p, np.sqrt(known + p * halves[:, 1]), normal) for p in grid]
    own = np.sqrt(phi * halves.sum(axis=1))
    cases += [("estimated_normal", np.nan, own, normal), ("estimated_t", np.nan, own, student)]
    rows = []
    for name, assumed, se, quantile in cases:
        rate = float((away <= quantile * se).mean())
        rows.append(
            {
                "scenario": scenario.name,
                "effect": effect,
                "interval": name,
                "assumed_phi": assumed,
                "draws": draws,
                "coverage": rate,
                "mc_error": np.sqrt(rate * (1 - rate) / draws),
                "median_width": float(np.median(2 * quantile * se)),
                "phi_priority": float(phi.mean()),
                "phi_other": float(phi_other.mean()),
            }
        )
    return pd.DataFrame(rows)


def coverage_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Coverage of the published-level intervals in one scenario; ten times the draws."""
    config = load_config()
    settings = config.study
    wanted = draws * settings.published_draws.value // config.run.draws.value
    return coverage(
        region,
        scenario(name),
        1.0,
        draws=wanted,
        seed=config.run.seed.value,
        grid=settings.dispersion_grid.value,
        level=1 - config.tests.level.value,
    )
