"""What is known of each unit: a distribution a unit, or a weighted mixture of such sets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bsup_analysis.errors import InputError

Floats = npt.NDArray[np.float64]
_HALVINGS = 60


@dataclass(frozen=True)
class Posteriors:
    """Posterior distributions of the units, independent given a component of the mixture.

    With hyperparameters fixed at their estimates there is one component; averaged over their own
    posterior there is one for each point of the grid.

    Attributes
    ----------
    codes
        The units.
    weights
        (components,), adding up to one.
    distribution
        A frozen `scipy.stats` distribution whose parameters have the shape (components, units).
    """

    codes: tuple[str, ...]
    weights: Floats
    distribution: Any

    def component(self, number: int) -> Any:
        """Give one component: a frozen distribution with parameters of the shape (units,)."""
        law = self.distribution
        shapes = [parameter[number] for parameter in law.args]
        return law.dist(*shapes, **{name: value[number] for name, value in law.kwds.items()})

    @property
    def mean(self) -> Floats:
        """Posterior mean of each unit."""
        return self.weights @ self.distribution.mean()

    def cdf(self, values: npt.ArrayLike) -> Floats:
        """Probability that each unit lies at or below its value; `values` is (units,) or one."""
        return self.weights @ self.distribution.cdf(np.asarray(values, float))

    def quantile(self, probability: float) -> Floats:
        """Give the value each unit lies below with this probability, (units,).

        A mixture's quantile lies between those of its components, and is halved down to there.

        Raises
        ------
        InputError
            The probability is not between zero and one.
        """
        if not 0 < probability < 1:
            raise InputError(f"A probability lies between 0 and 1, not at {probability}.")
        each = self.distribution.ppf(probability)
        low, high = each.min(axis=0), each.max(axis=0)
        if len(self.weights) == 1:
            return low
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self.cdf(middle) < probability
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Give each unit's interval with equal tails, (units,) and (units,)."""
        tail = (1 - level) / 2
        return self.quantile(tail), self.quantile(1 - tail)
