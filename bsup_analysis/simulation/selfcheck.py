"""The kernel held against statsmodels, draw by draw, in every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bsup_analysis.errors import InputError
from bsup_analysis.estimators.poisson.fit import crv1, dispersion, fit
from bsup_analysis.estimators.poisson.jackknife import leave_out
from bsup_analysis.simulation.generator import streams
from bsup_analysis.simulation.replicate import Task

TOLERANCE = 1e-8


@dataclass(frozen=True)
class SelfCheck:
    """Largest differences between the kernel and statsmodels.

    Attributes
    ----------
    refits
        Number of statsmodels fits.
    estimate, model_se, crv1_se, left_out, phi, rate_estimate, rate_crv1_se
        Largest absolute difference in each.
    """

    refits: int
    estimate: float
    model_se: float
    crv1_se: float
    left_out: float
    phi: float
    rate_estimate: float
    rate_crv1_se: float

    @property
    def largest(self) -> float:
        """The largest of all differences."""
        return max(value for name, value in vars(self).items() if name != "refits")


def dummy_design(task: Task, kept: np.ndarray) -> np.ndarray:
    """Treatment, year dummies and municipality dummies of the kept municipalities, by row."""
    units, years = len(kept), len(task.treated_years)
    treatment = np.outer(task.region.treated[kept], task.treated_years).reshape(-1, 1)
    year = np.tile(np.eye(years)[:, 1:], (units, 1))
    return np.hstack([treatment, year, np.repeat(np.eye(units), years, axis=0)]).astype(float)


def poisson_refit(task: Task, loans: np.ndarray, kept: np.ndarray) -> Any:
    """Fit one panel (municipalities, years) with statsmodels, clustered on municipalities."""
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    kept = kept[loans[kept].sum(axis=1) > 0]  # without a loan an effect has no finite estimate
    return GLM(
        loans[kept].ravel(),
        dummy_design(task, kept),
        family=Poisson(),
        offset=np.log(task.population[kept].ravel()),
    ).fit(tol=1e-9, tol_criterion="params")


def _clustered(result: Any, units: int, years: int) -> float:
    from statsmodels.stats.sandwich_covariance import cov_cluster

    groups = np.repeat(np.arange(units), years)
    variance = cov_cluster(result, groups, use_correction=False)[0, 0]
    return float(np.sqrt(units / (units - 1) * variance))


def self_check(task: Task, sample: tuple[int, ...]) -> SelfCheck:
    """Refit a sample of draws with statsmodels.

    Besides the panel itself the refits leave out its largest priority municipality, its largest
    other one, and one more that changes with the draw.

    Parameters
    ----------
    task
        What is drawn; its `first` and `count` are not used.
    sample
        Numbers of the draws.

    Raises
    ------
    InputError
        A difference above 1e-8: nothing computed with the kernel can then be relied on.
    """
    from statsmodels.regression.linear_model import OLS

    model, everyone = task.model(), np.arange(len(task.region.codes))
    loans = task.loans([streams(task.seed, draw) for draw in sample])
    fitted = fit(model, loans)
    left_out, clustered = leave_out(fitted), np.sqrt(crv1(fitted)[:, 0, 0])
    phi, _ = dispersion(fitted)
    treated, years = task.region.treated, len(task.treated_years)
    rates = task.rates(loans)
    size = task.population[:, 0]
    largest = [int(np.argmax(np.where(mine, size, 0))) for mine in (treated, ~treated)]
    found: list[tuple[float, ...]] = []
    refits = 0
    for k, draw in enumerate(sample):
        full = poisson_refit(task, loans[k], everyone)
        used = int((loans[k].sum(axis=1) > 0).sum())
        jack = [
            abs(poisson_refit(task, loans[k], np.delete(everyone, i)).params[0] - alone)
            for i in (*largest, draw % len(everyone))
            for alone in left_out[k, [i], -1]
        ]
        rate = 1000 * (loans[k] / task.population).ravel()
        least = OLS(rate, dummy_design(task, everyone)).fit()
        refits += 2 + len(jack)
        found.append(
            (
                abs(full.params[0] - fitted.theta[k, -1]),
                abs(full.bse[0] - fitted.model_se[k]),
                abs(_clustered(full, used, years) - clustered[k]),
                max(jack),
                abs(full.pearson_chi2 / full.df_resid - phi[k]),
                abs(least.params[0] - rates.estimate[k]),
                abs(_clustered(least, len(everyone), years) - rates.crv1_se[k]),
            )
        )
    check = SelfCheck(refits, *(float(value) for value in np.max(found, axis=0)))
    if not check.largest < TOLERANCE:
        raise InputError(
            f"The simulation kernel and statsmodels differ by {check.largest:.1e} (allowed: "
            f"{TOLERANCE:.0e}); nothing was written, please report it."
        )
    return check
