"""Ranking units by small counts without believing the counts more than they deserve.

Two conjugate families pool units in part. Rates: events Poisson given the rate, rates gamma
between units,

    events_i ~ Poisson(exposure_i rate_i),   rate_i ~ Gamma(shape a, rate b),   mean a / b = m

so that events are negative binomial with size a and mean m exposure_i, and, given the events,
rate_i ~ Gamma(a + events_i, b + exposure_i) (Clayton and Kaldor 1987, Empirical Bayes estimates of
age-standardized relative risks for use in disease mapping, Biometrics 43(3), 671-681). Change
between two years: given both years' sum, the later year is binomial,

    later_i | both_i ~ Binomial(both_i, p_i),   p_i ~ Beta(p M, (1 - p) M)

so that p_i | later_i ~ Beta(p M + later_i, (1 - p) M + earlier_i), and the growth later / earlier
is p_i / (1 - p_i).  Conditioning on the sum takes each municipality's own level out, so that a
change is not read from a level; it is the same step as in the group contrast (METHODS).

How much to pool: both families have a location (logarithm of the mean rate, or log odds of the mean
share) and a strength: how many events (or trials) the prior counts for.  A unit with size z, its
expected events or its trials, is drawn towards the location by strength / (strength + z).
Hyperparameters are found by marginal maximum likelihood, and their posterior on a grid, whose prior
is flat in the location and uniform in that shrinkage for a unit of the median size, a proper prior
on the strength that lets the data say both "all alike" and "nothing in common" (Christiansen and
Morris 1997, Hierarchical Poisson regression modeling, JASA 92(438), 618-632).

The place of each unit, as far as it is known: exact rank distributions, no random draws. Given the
value of unit i, whether another lies above it are independent trials with known chances; their sum
is Poisson-binomial, and its distribution is averaged over unit i's posterior.  The average is taken
at quantiles equally spaced on the normal scale: the chances of a unit known much better than i rise
steeply there, and the trapezoidal rule, unlike Gauss's, takes that well (errors of 5e-8 against
5e-5 with 64 nodes, tests/phasing).

Any number of units from two up; a single unit has no rank and is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import betaln, digamma, expit, gammaln
from scipy.stats import beta, gamma, nbinom, norm, poisson, rankdata

from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Events and exposure of units to be ranked.

    Attributes
    ----------
    codes
        Municipality codes, each once.
    events
        Whole numbers of zero or more, such as loans in a year.
    exposure
        What the events are set against, above zero, such as inhabitants.

    Raises
    ------
    InputError
        Fewer than two units, an exposure that is not above zero, or no event anywhere.
    """

    codes: tuple[str, ...]
    events: tuple[int, ...]
    exposure: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.codes) < 2:
            raise InputError(f"A ranking needs two municipalities at least, not {len(self.codes)}.")
        for code, exposure in zip(self.codes, self.exposure, strict=True):
            if not (math.isfinite(exposure) and exposure > 0):
                raise InputError(
                    f"Municipality {code} has an exposure of {exposure}: without any there is no "
                    "rate; leave it out."
                )
        if not any(self.events):
            raise InputError("No municipality has any event, so there is nothing to rank.")

    @property
    def rates(self) -> Floats:
        """Events divided by exposure, (units,)."""
        return np.array(self.events, float) / np.array(self.exposure, float)

    @property
    def pooled_rate(self) -> float:
        """All events divided by all exposure."""
        return sum(self.events) / math.fsum(self.exposure)


def counts_of_year(panel: pd.DataFrame, events: str, exposure: str, year: int) -> Counts:
    """Take one year of a municipality-year table; municipalities with unknown events are left out.

    Parameters
    ----------
    panel
        Columns `municipality_code`, `year`, `events` and `exposure`.
    events, exposure
        Columns to take.
    year
        Calendar year.

    Returns
    -------
    Counts
        Sorted by municipality code.
    """
    rows = panel[(panel["year"] == year) & panel[events].notna()].sort_values("municipality_code")
    return Counts(
        tuple(rows["municipality_code"].astype(str)),
        tuple(int(value) for value in rows[events]),
        tuple(0.0 if pd.isna(value) else float(value) for value in rows[exposure]),
    )


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


# shrinkage at a unit of median size between which the maximum is looked for
_SCAN = np.linspace(0.005, 0.995, 100)
# standard deviations of the location on either side, and points
_LOCATION_REACH, _POINTS = 4.5, 9
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
        for offset in np.linspace(-_LOCATION_REACH, _LOCATION_REACH, points):
            location = float(centre + offset * spread)
            density = family.log_marginal(location, strength)
            rows.append((location, strength, density, node_weight * spread))
    location, strength_, density, cell = np.array(rows).T
    weights = np.exp(density - density.max()) * cell
    weights /= weights.sum()
    kept = weights > _NEGLIGIBLE
    return Grid(location[kept], strength_[kept], weights[kept] / weights[kept].sum())


@dataclass(frozen=True)
class GammaPoisson:
    """The family for `bsup_analysis.effects.empirical_bayes`.

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
            return math.fsum(poisson.logpmf(y, mu))
        return math.fsum(nbinom.logpmf(y, strength, strength / (strength + mu)))

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


@dataclass(frozen=True)
class BetaBinomial:
    """The family for `bsup_analysis.effects.empirical_bayes`.

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


def funnel_limit(
    exposure: Floats, rate: float, probability: float, shape: float = math.inf
) -> Floats:
    """Give the rate below which a unit's own rate falls with this probability.

    Parameters
    ----------
    exposure
        (points,), above zero.
    rate
        The common mean rate.
    probability
        For example 0.025 and 0.975.
    shape
        Shape of the gamma spread between units; infinite for chance alone (Poisson).

    Returns
    -------
    ndarray
        Rates, (points,); zero where even a count of zero is likelier than `probability`.

    Raises
    ------
    InputError
        An exposure or the rate is not above zero, or the probability not between 0 and 1.
    """
    exposure = np.asarray(exposure, float)
    if not (exposure > 0).all() or not rate > 0:
        raise InputError("Funnel limits need exposures and a rate above zero.")
    if not 0 < probability < 1:
        raise InputError(f"A probability lies between 0 and 1, not at {probability}.")
    mean = rate * exposure
    law: Any = poisson(mean) if math.isinf(shape) else nbinom(shape, shape / (shape + mean))
    count = law.ppf(probability)
    at = law.cdf(count)
    return np.maximum(count - (at - probability) / (at - law.cdf(count - 1)), 0) / exposure


# standard deviations on the normal scale that the quadrature reaches on either side
_REACH = 5.2


@dataclass(frozen=True)
class Ranks:
    """Probability of each place for each unit; place 1 is the highest.

    Attributes
    ----------
    codes
        The units.
    probability
        (units, places).  Every row adds up to one, and so does every column: each place is taken
        by one unit.
    """

    codes: tuple[str, ...]
    probability: Floats

    @property
    def expected(self) -> Floats:
        """Mean place of each unit."""
        return self.probability @ np.arange(1, len(self.codes) + 1)

    def interval(self, level: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Give the places between which each unit lies with at least this probability.

        Equal tails: the chance of a place before the first, and of one after the last, is at
        most half of what is left.
        """
        tail = (1 - level) / 2
        cumulated = np.cumsum(self.probability, axis=1)
        first = (cumulated <= tail).sum(axis=1) + 1
        last = (cumulated < 1 - tail).sum(axis=1) + 1
        return first, np.minimum(last, len(self.codes))

    def among_highest(self, k: int) -> Floats:
        """Probability that each unit is one of the `k` highest; they add up to `k`."""
        return self.probability[:, : self._checked(k)].sum(axis=1)

    def among_lowest(self, k: int) -> Floats:
        """Probability that each unit is one of the `k` lowest; they add up to `k`."""
        return self.probability[:, len(self.codes) - self._checked(k) :].sum(axis=1)

    def _checked(self, k: int) -> int:
        if not 1 <= k <= len(self.codes):
            raise InputError(
                f"Of {len(self.codes)} municipalities there are no {k} highest or lowest: choose"
                f" a number from 1 to {len(self.codes)}."
            )
        return k


def ranks(posteriors: Posteriors, nodes: int = 64) -> Ranks:
    """Compute the distribution of every unit's place.

    Parameters
    ----------
    posteriors
        What is known of each unit.
    nodes
        Quadrature nodes a unit.

    Returns
    -------
    Ranks
        Averaged over the mixture's components.
    """
    scores = np.linspace(-_REACH, _REACH, nodes)
    probability, weights = norm.cdf(scores), norm.pdf(scores) / norm.pdf(scores).sum()
    units = len(posteriors.codes)
    own = np.arange(units)
    total = np.zeros((units, units))
    for number, share in enumerate(posteriors.weights):
        law = posteriors.component(number)
        values = law.ppf(probability[:, None])
        # (nodes, unit, other unit): the chance that the other lies above the unit's value
        above = 1 - law.cdf(values[..., None])
        above[:, own, own] = 0
        total += share * np.einsum("n,nup->up", weights, _sum_of_trials(above))
    return Ranks(posteriors.codes, total)


def _sum_of_trials(chances: Floats) -> Floats:
    """Turn chances of success (..., trials), the unit's own zero, into those of 0, 1, ... ones."""
    trials = chances.shape[-1]
    distribution = np.zeros(chances.shape)
    distribution[..., 0] = 1
    for done in range(trials):
        p, last = chances[..., done, None], min(done + 1, trials - 1)
        moved = distribution[..., :last] * p
        distribution[..., : last + 1] *= 1 - p
        distribution[..., 1 : last + 1] += moved
    return distribution


def raw_ranks(values: Floats) -> Floats:
    """Give the places by the values alone, 1 the highest; equal values share their mean place."""
    return np.asarray(rankdata(-values))


Standing = Literal["above", "below", "undecided"]


@dataclass(frozen=True)
class Evidence:
    """What is known of each unit against the median.

    Attributes
    ----------
    low, high
        Interval of each unit's value, (units,).
    median
        The median unit's value, in the same unit.
    first, last
        Interval of each unit's place, 1 the highest, (units,).
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    median: float
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Tell on which side of the median each unit lies, if on one.

        Both intervals must lie wholly on that side: the value's on one side of the median value,
        and the place's on one side of the middle place.  The second also carries that the median
        itself is not known exactly.  A unit of which either interval touches or covers the median
        is `undecided`, however far away its estimate lies.
        """
        middle = (len(self.low) + 1) / 2
        above = (self.low > self.median) & (self.last < middle)
        below = (self.high < self.median) & (self.first > middle)
        return tuple(
            "above" if up else "below" if down else "undecided"
            for up, down in zip(above.tolist(), below.tolist(), strict=True)
        )
