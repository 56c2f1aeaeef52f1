"""Change between two years pooled in part: given both years' sum, the later year is binomial.

    later_i | both_i ~ Binomial(both_i, p_i),   p_i ~ Beta(p M, (1 - p) M)

so that p_i | later_i ~ Beta(p M + later_i, (1 - p) M + earlier_i), and the growth later / earlier
is p_i / (1 - p_i).  Conditioning on the sum takes each municipality's own level out, so that a
change is not read from a level; it is the same step as in the group contrast (METHODS).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln
from scipy.stats import beta

from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.ranking.counts import Floats
from bsup_analysis.effects.ranking.hyperparameters import Fit, fit, posterior_grid
from bsup_analysis.effects.ranking.posteriors import Posteriors
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class BetaBinomial:
    """The family for `bsup_analysis.effects.ranking.hyperparameters`.

    The location is the log odds of the mean share of the later year, which is the logarithm of
    the typical growth; the strength is the number of loans that the prior counts for.
    """

    pairs: Paired

    def __post_init__(self) -> None:
        if len(self.pairs.codes) < 2:
            raise InputError("A ranking needs two municipalities at least, not 1.")

    @property
    def _counts(self) -> tuple[Floats, Floats]:
        return np.array(self.pairs.pre, float), np.array(self.pairs.post, float)

    @property
    def median_size(self) -> float:
        """Both years' loans of the median municipality."""
        return float(np.median(np.add(*self._counts)))

    @property
    def location_bounds(self) -> tuple[float, float]:
        """Growth to a millionth and to a million times."""
        return -math.log(1e6), math.log(1e6)

    def log_marginal(self, location: float, strength: float) -> float:
        """Logarithm of the beta-binomial probability of all counts (binomial in the limit)."""
        early, late = self._counts
        ways = gammaln(early + late + 1) - gammaln(early + 1) - gammaln(late + 1)
        p, q = expit(location), expit(-location)
        if math.isinf(strength):
            return math.fsum(ways + late * math.log(p) + early * math.log(q))
        a, b = p * strength, q * strength
        return math.fsum(ways + betaln(a + late, b + early) - betaln(a, b))

    def location_score(self, location: float, strength: float) -> float:
        """Give the derivative with respect to the log odds."""
        early, late = self._counts
        p, q = expit(location), expit(-location)
        if math.isinf(strength):
            return math.fsum(late * q - early * p)
        a, b = p * strength, q * strength
        return float(
            a * q * math.fsum(digamma(a + late) - digamma(a) - digamma(b + early) + digamma(b))
        )

    def strength_score(self, location: float, strength: float) -> float:
        """Give the derivative with respect to the strength."""
        early, late = self._counts
        p, q = expit(location), expit(-location)
        a, b = p * strength, q * strength
        return math.fsum(
            p * (digamma(a + late) - digamma(a))
            + q * (digamma(b + early) - digamma(b))
            - digamma(strength + early + late)
            + digamma(strength)
        )


def fit_change(pairs: Paired) -> Fit:
    """Estimate typical growth (its logarithm) and strength by marginal maximum likelihood."""
    return fit(BetaBinomial(pairs))


def average_change(pairs: Paired, strengths: int = 20, points: int = 9) -> Posteriors:
    """Give the posteriors of each later year's share, averaged over the hyperparameters'.

    `growth_of` turns a share into growth; places are the same for both.
    """
    grid = posterior_grid(BetaBinomial(pairs), strengths, points)
    early, late = np.array(pairs.pre, float), np.array(pairs.post, float)
    a = (expit(grid.location) * grid.strength)[:, None] + late
    b = (expit(-grid.location) * grid.strength)[:, None] + early
    return Posteriors(pairs.codes, grid.weights, beta(a, b))


def growth_of(share: Floats) -> Floats:
    """Turn the later year's share of both years into later divided by earlier."""
    return share / (1 - share)
