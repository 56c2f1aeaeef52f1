"""Experiments on the estimators: what they find in a world that is not the one they assume.

And the coverage of the intervals that the published totals allow, where the truth is known. The
published level knows the four totals and the priority municipalities' rows; the others' dispersion
is assumed. Here both groups are drawn, the interval is computed as the study does
(`effects.inference`, `effects.paired`, over all draws at once), and what it covers is counted.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import f, norm, t

from bsup_analysis.estimators.jackknife import crv3
from bsup_analysis.estimators.poisson import event_model, fit
from bsup_analysis.simulation.config import Scenario, load_config, scenario
from bsup_analysis.simulation.generator import Region, log_mean
from bsup_analysis.simulation.replicate import Task, critical, task_of


@dataclass(frozen=True)
class Bias:
    """Estimates of many panels against what was put in.

    Attributes
    ----------
    draws
        Panels.
    mean_estimate
        Mean estimate: log rate ratio, or difference of rates per 1 000 inhabitants.
    mc_error
        Standard error of the mean.
    truth
        What was put in, in the same unit.
    without_noise
        What panels without noise give; NaN where that is not asked.
    rejection_rate
        Share of panels in which the primary test (CRV3, t with treated clusters - 1) rejects no
        effect; for rates the same test on rates.
    """

    draws: int
    mean_estimate: float
    mc_error: float
    truth: float
    without_noise: float
    rejection_rate: float


def ratio_bias(task: Task, without_noise: float = math.nan) -> Bias:
    """Compare the Poisson estimate's mean with the effect put in.

    With the scenario's `selection` above zero this is regression to the mean, which dropping the
    year of selection lessens as far as the noise does not last; with `largest_effect` the truth is
    still the task's effect, and the mean is the estimand that `average_ratio` computes.
    """
    model = task.model()

    def estimate(loans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fitted = fit(model, loans)
        return fitted.theta[:, -1], np.sqrt(crv3(fitted)[:, 0, 0])

    return _measured(task, estimate, math.log(task.effect), without_noise)


def rate_bias(task: Task) -> Bias:
    """Compare least squares on rates with zero, for panels on which the programme has no effect.

    Parallel growth in percent is not parallel in loans per 1 000: the group with the higher rate
    gains more of them, and the estimate takes that for an effect.
    """

    def estimate(loans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rates = task.rates(loans)
        return rates.estimate, rates.crv3_se

    return _measured(task, estimate, 0.0, expected_rate_bias(task.region, task.dropped_years))


def _measured(
    task: Task,
    estimate: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    truth: float,
    without_noise: float,
) -> Bias:
    """Estimate every panel, and count how often the estimate is too far from none for its error."""
    found = [estimate(loans) for _, _, loans in task.blocks()]
    estimates, errors = (np.concatenate(part) for part in zip(*found, strict=True))
    limits = critical(task.level, int(task.region.treated.sum()) - 1) * errors
    rejected, draws = int((np.abs(estimates) > limits).sum()), len(estimates)
    error = float(estimates.std(ddof=1) / math.sqrt(draws)) if draws > 1 else math.nan
    mean = math.fsum(estimates) / draws
    return Bias(draws, mean, error, truth, without_noise, rejected / draws)


def expected_rate_bias(region: Region, dropped: tuple[int, ...]) -> float:
    """Difference of rates per 1 000 that least squares finds in panels without noise or effect."""
    task = Task(region, Scenario("none", 0.0), 1.0, 0, 0, 1, dropped)
    return float(task.rates(region.expected[None][:, :, task.columns]).estimate[0])


def average_ratio(
    region: Region, scenario: Scenario, effect: float, dropped: tuple[int, ...]
) -> float:
    """Ratio that Poisson regression estimates when effects differ: its value without noise.

    It is close to the average of the municipalities' ratios weighted by the loans they would have
    had in the treated years, so one large municipality can be most of it.
    """
    quiet = replace(scenario, sigma=0.0, small_unit_sigma=0.0, county_sigma=0.0)
    task = Task(region, quiet, effect, 0, 0, 1, dropped)
    means = np.exp(log_mean(region, quiet, effect))[None][:, :, task.columns]
    return float(np.exp(fit(task.model(), means).theta[0, -1]))


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


def pretrend_test(task: Task) -> Pretrend:
    """Draw panels with the scenario's `trend` and no effect; test the years before, then estimate.

    The test is the event study's joint F of all years before but the last, with CRV3 and
    (tested, treated clusters - 1) degrees of freedom. It is fitted to the years before: where each
    group has an effect of every year, later years say nothing about earlier ones (but for how
    differently municipalities of a group grew, which is small).
    """
    region, level = task.region, task.level
    model, before = task.model(), ~task.treated_years
    tested, df = int(before.sum()) - 1, int(region.treated.sum()) - 1
    events = event_model(task.population[:, before], region.treated, tested, model.cluster)
    p_values, estimates = [], []
    for _, _, loans in task.blocks():
        study = fit(events, loans[:, :, before])
        p_values.append(joint_f(study.theta[:, -tested:], crv3(study, tested), df))
        estimates.append(fit(model, loans).theta[:, -1])
    p, estimate = np.concatenate(p_values), np.concatenate(estimates)
    passed, rate = estimate[p > level], float((p <= level).mean())
    some = len(passed) > 1
    return Pretrend(
        draws=task.count,
        rejection_rate=rate,
        mc_error=math.sqrt(rate * (1 - rate) / task.count),
        mean_log_ratio=float(estimate.mean()),
        mean_log_ratio_passed=float(passed.mean()) if some else math.nan,
        mc_error_passed=float(passed.std(ddof=1) / math.sqrt(len(passed))) if some else math.nan,
    )


def bias_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Linear rates, regression to the mean, and an effect of the largest municipality's own."""
    config, one = load_config(), scenario(name)
    dropped = config.panel.dropped_years.value
    plain = task_of(region, one, 1.0, 0, draws)
    found = [("linear_rates", 1.0, "ols_rate", dropped, rate_bias(plain))]
    for value in config.study.selections.value:
        for without in (dropped, (config.panel.selection_year.value, *dropped)):
            task = replace(plain, scenario=replace(one, selection=value), dropped_years=without)
            found.append(("regression_to_mean", value, "ppml", without, ratio_bias(task)))
    for value in config.study.largest_effects.value:
        apart = replace(one, largest_effect=value)
        target = math.log(average_ratio(region, apart, 1.0, dropped))
        bias = ratio_bias(replace(plain, scenario=apart), target)
        found.append(("largest_apart", value, "ppml", dropped, bias))
    return pd.DataFrame(
        {
            "scenario": name,
            "question": question,
            "value": value,
            "estimator": estimator,
            "dropped_years": " ".join(str(year) for year in sorted(without)),
            **vars(bias),
        }
        for question, value, estimator, without, bias in found
    )


def pretrend_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Power of the test of the years before, and what passing it leaves, in one scenario."""
    one = scenario(name)
    return pd.DataFrame(
        {
            "scenario": name,
            "drift_per_year": drift,
            **vars(pretrend_test(task_of(region, replace(one, trend=drift), 1.0, 0, draws))),
        }
        for drift in load_config().study.drifts.value
    )


def draw_published(
    region: Region, scenario: Scenario, effect: float, draws: int, seed: int
) -> np.ndarray:
    """Draw the year before treatment and the first treated one, (draws, municipalities, 2)."""
    pair = region.base_year, region.first_treated_year
    others = tuple(year for year in region.years if year not in pair)
    task = Task(region, scenario, effect, seed, 0, draws, others)
    return np.concatenate([loans for _, _, loans in task.blocks()])


def growth_phi(rows: np.ndarray) -> np.ndarray:
    """Pearson dispersion around a common growth (`effects.paired.growth_dispersion`).

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

    As `effects.paired.clustered_half` does for one panel.
    """
    left = np.log1p(-rows / rows.sum(axis=1, keepdims=True))  # of a year's loans, without a unit
    units = rows.shape[1]
    return (units - 1) / units * ((left[:, :, 1] - left[:, :, 0]) ** 2).sum(axis=1)


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
