"""What the estimators converge to when the world is not the one they assume."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from bsup_analysis.simulation.generator import draw_loans, log_mean, streams
from bsup_analysis.simulation.jackknife import crv3
from bsup_analysis.simulation.kernel import fit
from bsup_analysis.simulation.model import Model, treatment_model
from bsup_analysis.simulation.ols import fit_rates
from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.scenarios import Scenario
from bsup_analysis.simulation.trial import critical

BLOCK = 48  # draws fitted at a time


@dataclass(frozen=True)
class Bias:
    """Estimates of many panels against what was put in.

    Attributes
    ----------
    draws
        Panels.
    mean
        Mean estimate: log rate ratio, or difference of rates per 1 000 inhabitants.
    mc_error
        Standard error of the mean.
    truth
        What was put in, in the same unit.
    rejection_rate
        Share of panels in which the primary test (CRV3, t with treated clusters - 1) rejects no
        effect; for rates the same test on rates.
    """

    draws: int
    mean: float
    mc_error: float
    truth: float
    rejection_rate: float

    @property
    def bias(self) -> float:
        """Mean less truth."""
        return self.mean - self.truth


def used_model(region: Region, dropped: tuple[int, ...]) -> tuple[Model, np.ndarray, np.ndarray]:
    """Build the primary model without some years; also the columns used and which are treated."""
    columns = region.columns(dropped)
    treated_years = region.treated_years[columns]
    alone = np.arange(len(region.codes))
    model = treatment_model(region.population[:, columns], region.treated, treated_years, alone)
    return model, columns, treated_years


def blocks(
    region: Region, scenario: Scenario, effect: float, draws: int, seed: int
) -> Iterator[np.ndarray]:
    """Draw panels of all years, a block of draws at a time."""
    for first in range(0, draws, BLOCK):
        numbers = range(first, min(first + BLOCK, draws))
        yield draw_loans(region, scenario, effect, [streams(seed, k) for k in numbers])


def ratio_bias(
    region: Region,
    scenario: Scenario,
    effect: float,
    *,
    draws: int,
    seed: int,
    dropped: tuple[int, ...],
    level: float = 0.05,
) -> Bias:
    """Compare the Poisson estimate's mean with the effect put in.

    With `scenario.selection` above zero this is regression to the mean, which dropping the year
    of selection lessens as far as the noise does not last; with `largest_effect` the truth is
    still `effect`, and the mean is the estimand that `average_ratio` computes.
    """
    model, columns, _ = used_model(region, dropped)

    def estimate(loans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fitted = fit(model, loans[:, :, columns])
        return fitted.theta[:, -1], np.sqrt(crv3(fitted)[:, 0, 0])

    panels = blocks(region, scenario, effect, draws, seed)
    return _measured(region, panels, estimate, math.log(effect), level)


def rate_bias(
    region: Region,
    scenario: Scenario,
    *,
    draws: int,
    seed: int,
    dropped: tuple[int, ...],
    level: float = 0.05,
) -> Bias:
    """Compare least squares on rates with zero where the programme has no effect.

    Parallel growth in percent is not parallel in loans per 1 000: the group with the higher rate
    gains more of them, and the estimate takes that for an effect.
    """
    model, columns, treated_years = used_model(region, dropped)
    population = region.population[:, columns]

    def estimate(loans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        used = loans[:, :, columns]
        fitted = fit_rates(used, population, region.treated, treated_years, model.cluster)
        return fitted.estimate, fitted.crv3_se

    return _measured(region, blocks(region, scenario, 1.0, draws, seed), estimate, 0.0, level)


def _measured(
    region: Region,
    panels: Iterable[np.ndarray],
    estimate: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    truth: float,
    level: float,
) -> Bias:
    """Estimate every panel, and count how often the estimate is too far from none for its error."""
    df = int(region.treated.sum()) - 1
    found = [estimate(loans) for loans in panels]
    estimates, errors = (np.concatenate(part) for part in zip(*found, strict=True))
    rejected = int((np.abs(estimates) > critical(level, df) * errors).sum())
    draws = len(estimates)
    error = float(estimates.std(ddof=1) / math.sqrt(draws)) if draws > 1 else math.nan
    return Bias(draws, math.fsum(estimates) / draws, error, truth, rejected / draws)


def expected_rate_bias(region: Region, dropped: tuple[int, ...]) -> float:
    """Difference of rates per 1 000 that least squares finds in panels without noise or effect."""
    model, columns, treated_years = used_model(region, dropped)
    exact = region.expected[None][:, :, columns]
    population = region.population[:, columns]
    return float(
        fit_rates(exact, population, region.treated, treated_years, model.cluster).estimate[0]
    )


def average_ratio(
    region: Region, scenario: Scenario, effect: float, dropped: tuple[int, ...]
) -> float:
    """Ratio that Poisson regression estimates when effects differ: its value without noise.

    It is close to the average of the municipalities' ratios weighted by the loans they would have
    had in the treated years, so one large municipality can be most of it.
    """
    model, columns, _ = used_model(region, dropped)
    quiet = replace(scenario, sigma=0.0, small_unit_sigma=0.0, county_sigma=0.0)
    means = np.exp(log_mean(region, quiet, effect))[None][:, :, columns]
    return float(np.exp(fit(model, means).theta[0, -1]))


def loan_weighted_ratio(region: Region, scenario: Scenario, effect: float) -> float:
    """Average ratio weighted by the loans expected in the treated years without effect."""
    loans = region.expected[:, region.treated_years].sum(axis=1) * region.treated
    ratio = np.full(len(loans), effect)
    if scenario.largest_effect is not None:
        ratio[region.largest] = scenario.largest_effect
    return float(loans @ ratio / loans.sum())
