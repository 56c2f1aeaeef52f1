"""Rates pooled in part: events Poisson given the rate, rates gamma between units.

    events_i ~ Poisson(exposure_i rate_i),   rate_i ~ Gamma(shape a, rate b),   mean a / b = m

so that events are negative binomial with size a and mean m exposure_i, and, given the events,
rate_i ~ Gamma(a + events_i, b + exposure_i) (Clayton and Kaldor 1987, Empirical Bayes estimates of
age-standardized relative risks for use in disease mapping, Biometrics 43(3), 671-681).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln
from scipy.stats import gamma

from bsup_analysis.effects.ranking.counts import Counts, Floats
from bsup_analysis.effects.ranking.hyperparameters import Fit, fit, posterior_grid
from bsup_analysis.effects.ranking.posteriors import Posteriors
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class GammaPoisson:
    """The family for `bsup_analysis.effects.ranking.hyperparameters`.

    The location is the logarithm of the mean rate, the strength the shape of the gamma: the
    number of events that the prior counts for.
    """

    counts: Counts

    @property
    def _events(self) -> Floats:
        return np.array(self.counts.events, float)

    def _expected(self, location: float) -> Floats:
        return math.exp(location) * np.array(self.counts.exposure, float)

    @property
    def median_size(self) -> float:
        """Expected events of the median unit at the pooled rate."""
        return float(np.median(self.counts.pooled_rate * np.array(self.counts.exposure)))

    @property
    def location_bounds(self) -> tuple[float, float]:
        """From far below the pooled rate to above the highest rate."""
        return (
            math.log(self.counts.pooled_rate) - 30,
            math.log(max(self.counts.rates)) + 1,
        )

    def log_marginal(self, location: float, strength: float) -> float:
        """Logarithm of the negative binomial probability of all counts (Poisson in the limit)."""
        y, mu = self._events, self._expected(location)
        if math.isinf(strength):
            return math.fsum(y * np.log(mu) - mu - gammaln(y + 1))
        return math.fsum(
            gammaln(strength + y)
            - gammaln(strength)
            - gammaln(y + 1)
            - strength * np.log1p(mu / strength)
            + y * (np.log(mu) - np.log(strength + mu))
        )

    def location_score(self, location: float, strength: float) -> float:
        """Give the derivative with respect to the logarithm of the mean rate."""
        y, mu = self._events, self._expected(location)
        shrunk = 1.0 if math.isinf(strength) else strength / (strength + mu)
        return math.fsum((y - mu) * shrunk)

    def strength_score(self, location: float, strength: float) -> float:
        """Give the derivative with respect to the shape."""
        y, mu = self._events, self._expected(location)
        return math.fsum(
            digamma(strength + y)
            - digamma(strength)
            - np.log1p(mu / strength)
            + (mu - y) / (strength + mu)
        )


def fit_rates(counts: Counts) -> Fit:
    """Estimate mean rate and shape by marginal maximum likelihood."""
    return fit(GammaPoisson(counts))


def _given(counts: Counts, location: Floats, strength: Floats, weights: Floats) -> Posteriors:
    shape = strength[:, None] + np.array(counts.events, float)
    rate = (strength / np.exp(location))[:, None] + np.array(counts.exposure, float)
    return Posteriors(counts.codes, weights, gamma(shape, scale=1 / rate))


def rates_given(counts: Counts, mean: float, shape: float) -> Posteriors:
    """Give the posteriors of the rates at fixed hyperparameters: the plug-in of empirical Bayes.

    Raises
    ------
    InputError
        The shape is infinite: all rates would be the same number, without any uncertainty.
    """
    if math.isinf(shape):
        raise InputError(
            "The counts differ no more than chance makes them, so fixed hyperparameters would "
            "leave no uncertainty: average over their posterior (average_rates)."
        )
    return _given(counts, np.array([math.log(mean)]), np.array([shape]), np.ones(1))


def average_rates(counts: Counts, strengths: int = 20, points: int = 9) -> Posteriors:
    """Give the posteriors of the rates averaged over the posterior of the hyperparameters."""
    grid = posterior_grid(GammaPoisson(counts), strengths, points)
    return _given(counts, grid.location, grid.strength, grid.weights)
