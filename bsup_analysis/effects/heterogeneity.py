"""How unlike the municipalities' growths are beyond chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, norm, t

from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class Heterogeneity:
    """Spread of true log growth between municipalities.

    Attributes
    ----------
    tau, tau_low, tau_high
        Standard deviation of log growth beyond Poisson noise, and its interval.
    mean, mean_se
        Random-effects mean of log growth and its standard error.
    growth_low, growth_high
        Interval of the mean growth, as ratios.
    prediction_low, prediction_high
        Interval for the growth of one more such municipality, as ratios.
    q, df
        Cochran's statistic and its degrees of freedom.
    level
        Confidence level of all intervals.
    """

    tau: float
    tau_low: float
    tau_high: float
    mean: float
    mean_se: float
    growth_low: float
    growth_high: float
    prediction_low: float
    prediction_high: float
    q: float
    df: int
    level: float


def heterogeneity(group: Paired, *, level: float = 0.95) -> Heterogeneity:
    """Estimate the spread of log growth by Paule and Mandel's moment equation.

    Paule-Mandel because it assumes no distribution of the true growths and, unlike
    DerSimonian-Laird, is not pulled down where precision differs as much as here (Veroniki et
    al. 2016, Research Synthesis Methods 7, 55-79). Sampling variance of log growth is
    1/pre + 1/post. Interval of tau: Q-profile (Viechtbauer 2007, Statistics in Medicine 26,
    37-52). Prediction interval: t with k - 2 degrees of freedom (Higgins, Thompson and
    Spiegelhalter 2009, JRSS A 172, 137-159).

    Raises
    ------
    InputError
        A municipality without loans in one year (its log growth does not exist, and no constant
        is added to make one up), or fewer than three municipalities.
    """
    if len(group.codes) < 3:
        raise InputError("Spread between municipalities needs three of them at least.")
    for code, pre, post in zip(group.codes, group.pre, group.post, strict=True):
        if min(pre, post) == 0:
            raise InputError(
                f"Municipality {code} has none in one year, so its log growth does not exist: "
                "leave it out of the heterogeneity, and say so."
            )
    pairs = list(zip(group.pre, group.post, strict=True))
    effects = np.array([math.log(post / pre) for pre, post in pairs])
    variances = np.array([1 / pre + 1 / post for pre, post in pairs])
    df = len(pairs) - 1
    tau2 = between_variance(effects, variances, df)
    tail = (1 - level) / 2
    weights = 1 / (variances + tau2)
    mean = math.fsum(weights * effects) / math.fsum(weights)
    mean_se = 1 / math.sqrt(math.fsum(weights))
    reach = float(t.ppf(1 - tail, df - 1)) * math.sqrt(tau2 + mean_se**2)
    margin = float(norm.ppf(1 - tail)) * mean_se
    return Heterogeneity(
        tau=math.sqrt(tau2),
        tau_low=math.sqrt(between_variance(effects, variances, chi2.ppf(1 - tail, df))),
        tau_high=math.sqrt(between_variance(effects, variances, chi2.ppf(tail, df))),
        mean=mean,
        mean_se=mean_se,
        growth_low=math.exp(mean - margin),
        growth_high=math.exp(mean + margin),
        prediction_low=math.exp(mean - reach),
        prediction_high=math.exp(mean + reach),
        q=_cochran(effects, variances, 0.0),
        df=df,
        level=level,
    )


def _cochran(effects: np.ndarray, variances: np.ndarray, tau2: float) -> float:
    """Weighted squared distance from the weighted mean; falls as tau2 rises."""
    weights = 1 / (variances + tau2)
    mean = math.fsum(weights * effects) / math.fsum(weights)
    return math.fsum(weights * (effects - mean) ** 2)


def between_variance(effects: np.ndarray, variances: np.ndarray, target: float) -> float:
    """Solve for the variance between units at which Cochran's statistic is `target`.

    Parameters
    ----------
    effects, variances
        Estimate and sampling variance of each unit.
    target
        Degrees of freedom for Paule and Mandel's estimate; a chi-square quantile for a bound.

    Returns
    -------
    float
        Zero where the statistic is below the target without any variance between units.
    """
    if _cochran(effects, variances, 0.0) <= target:
        return 0.0
    upper = 1.0
    while _cochran(effects, variances, upper) > target:
        upper *= 2
    return brentq(lambda tau2: _cochran(effects, variances, tau2) - target, 0.0, upper, xtol=1e-15)
