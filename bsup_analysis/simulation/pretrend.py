"""What a test of the years before sees of a drift, and what passing it leaves in the estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import f

from bsup_analysis.simulation.biases import blocks, used_model
from bsup_analysis.simulation.jackknife import crv3
from bsup_analysis.simulation.kernel import fit
from bsup_analysis.simulation.model import event_model
from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.scenarios import Scenario


@dataclass(frozen=True)
class Pretrend:
    """The joint test of the years before, and the estimate with and without passing it.

    Attributes
    ----------
    draws
        Panels.
    rejection_rate, mc_error
        Share in which the test rejects equal years before, and its binomial standard error.
    mean_log_ratio
        Mean estimate over all panels; the panels have no effect, so all of it is drift.
    mean_log_ratio_passed, mc_error_passed
        The same among panels that passed the test, and its standard error; NaN if none did.
    """

    draws: int
    rejection_rate: float
    mc_error: float
    mean_log_ratio: float
    mean_log_ratio_passed: float
    mc_error_passed: float


def joint_f(coefficients: np.ndarray, covariance: np.ndarray, df: int) -> np.ndarray:
    """P-values of F tests that all coefficients are zero, shape (draws,).

    Parameters
    ----------
    coefficients
        Shape (draws, tested).
    covariance
        Their clustered covariance, shape (draws, tested, tested).
    df
        Denominator degrees of freedom.
    """
    solved = np.linalg.solve(covariance, coefficients[..., None])[..., 0]
    tested = coefficients.shape[1]
    return f(tested, df).sf((coefficients * solved).sum(axis=1) / tested)


def pretrend_test(
    region: Region,
    scenario: Scenario,
    *,
    draws: int,
    seed: int,
    dropped: tuple[int, ...],
    level: float = 0.05,
) -> Pretrend:
    """Draw panels with `scenario.trend` and no effect; test the years before, then estimate.

    The test is the event study's joint F of all years before but the last, with CRV3 and
    (tested, treated clusters - 1) degrees of freedom. It is fitted to the years before: where each
    group has an effect of every year, later years say nothing about earlier ones (but for how
    differently municipalities of a group grew, which is small).
    """
    model, columns, _ = used_model(region, dropped)
    before = columns[~region.treated_years[columns]]
    events = event_model(
        region.population[:, before], region.treated, len(before) - 1, model.cluster
    )
    tested = len(before) - 1
    df = int(region.treated.sum()) - 1
    p_values, estimates = [], []
    for loans in blocks(region, scenario, 1.0, draws, seed):
        study = fit(events, loans[:, :, before])
        p_values.append(joint_f(study.theta[:, -tested:], crv3(study, tested), df))
        estimates.append(fit(model, loans[:, :, columns]).theta[:, -1])
    p, estimate = np.concatenate(p_values), np.concatenate(estimates)
    passed, rate = estimate[p > level], float((p <= level).mean())
    some = len(passed) > 1
    return Pretrend(
        draws=draws,
        rejection_rate=rate,
        mc_error=math.sqrt(rate * (1 - rate) / draws),
        mean_log_ratio=float(estimate.mean()),
        mean_log_ratio_passed=float(passed.mean()) if some else math.nan,
        mc_error_passed=float(passed.std(ddof=1) / math.sqrt(len(passed))) if some else math.nan,
    )
