"""How much to pool: hyperparameters by marginal maximum likelihood, and their posterior on a grid.

Both conjugate families here have a location (logarithm of the mean rate, or log odds of the mean
share) and a strength: how many events (or trials) the prior counts for.  A unit with size z, its
expected events or its trials, is drawn towards the location by strength / (strength + z).

The grid's prior is flat in the location and uniform in that shrinkage for a unit of the median
size, a proper prior on the strength that lets the data say both "all alike" and "nothing in
common" (Christiansen and Morris 1997, Hierarchical Poisson regression modeling, JASA 92(438),
618-632).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Floats = npt.NDArray[np.float64]

# shrinkage at a unit of median size between which the maximum is looked for
_SCAN = np.linspace(0.005, 0.995, 100)
# standard deviations of the location on either side, and points
_REACH, _POINTS = 4.5, 9
_STRENGTHS = 20
_NEGLIGIBLE = 1e-6


class Family(Protocol):
    """A conjugate family as seen by the search for its hyperparameters."""

    @property
    def median_size(self) -> float:
        """Expected events, or trials, of the median unit."""

    @property
    def location_bounds(self) -> tuple[float, float]:
        """Locations between which the best lies for every strength."""

    def log_marginal(self, location: float, strength: float) -> float:
        """Logarithm of the probability of all counts; `strength` may be infinite."""

    def location_score(self, location: float, strength: float) -> float:
        """Give the derivative of `log_marginal` with respect to the location."""

    def strength_score(self, location: float, strength: float) -> float:
        """Give the derivative of `log_marginal` with respect to the strength."""


@dataclass(frozen=True)
class Fit:
    """Hyperparameters at the maximum of the marginal likelihood.

    Attributes
    ----------
    location, strength
        The strength is infinite where the units differ no more than chance makes them: all are
        then drawn the whole way, and nothing is known of who is higher.
    log_marginal
        The maximum.
    """

    location: float
    strength: float
    log_marginal: float

    @property
    def all_alike(self) -> bool:
        """Whether the units differ no more than chance makes them."""
        return bool(np.isinf(self.strength))


@dataclass(frozen=True)
class Grid:
    """Posterior of the hyperparameters: points (points,) and weights that add up to one."""

    location: Floats
    strength: Floats
    weights: Floats


def best_location(family: Family, strength: float) -> float:
    """Solve for the location that fits best at a strength."""
    return brentq(
        lambda location: family.location_score(location, strength),
        *family.location_bounds,
        xtol=1e-14,
        rtol=1e-14,
    )


def fit(family: Family) -> Fit:
    """Maximise the marginal likelihood.

    Roots of the score instead of a search for the highest value: a maximum is flat, and a search
    stops half of the digits too early to give the same bytes everywhere.  Every maximum between
    the ends of the scan is compared with the limit of no spread.
    """

    def profile_score(strength: float) -> float:
        return family.strength_score(best_location(family, strength), strength)

    strengths = family.median_size * _SCAN / (1 - _SCAN)
    scores = np.array([profile_score(strength) for strength in strengths])
    summits = np.flatnonzero((scores[:-1] > 0) & (scores[1:] <= 0))
    limit = best_location(family, np.inf)
    found = [Fit(limit, np.inf, family.log_marginal(limit, np.inf))]
    for place in summits:
        strength = brentq(
            profile_score, strengths[place], strengths[place + 1], xtol=1e-12, rtol=1e-13
        )
        location = best_location(family, strength)
        found.append(Fit(location, strength, family.log_marginal(location, strength)))
    return max(found, key=lambda one: one.log_marginal)


def posterior_grid(family: Family, strengths: int = _STRENGTHS, points: int = _POINTS) -> Grid:
    """Compute the posterior of the hyperparameters on a grid that follows the likelihood.

    Parameters
    ----------
    strengths
        Gauss-Legendre nodes of the shrinkage between 0 and 1.
    points
        Equally spaced locations at each, within 4.5 of its standard deviations.

    Returns
    -------
    Grid
        Points of negligible weight are left out.
    """
    nodes, node_weights = np.polynomial.legendre.leggauss(strengths)
    shrinkage, rows = (nodes + 1) / 2, []
    for share, node_weight in zip(shrinkage, node_weights, strict=True):
        strength = float(family.median_size * share / (1 - share))
        centre, step = best_location(family, strength), 1e-3
        slope = family.location_score(centre + step, strength) - family.location_score(
            centre - step, strength
        )
        spread = np.sqrt(-2 * step / slope)
        for offset in np.linspace(-_REACH, _REACH, points):
            location = float(centre + offset * spread)
            density = family.log_marginal(location, strength)
            rows.append((location, strength, density, node_weight * spread))
    location, strength_, density, cell = np.array(rows).T
    weights = np.exp(density - density.max()) * cell
    weights /= weights.sum()
    kept = weights > _NEGLIGIBLE
    return Grid(location[kept], strength_[kept], weights[kept] / weights[kept].sum())
