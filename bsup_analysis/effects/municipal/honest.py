"""Honest bounds on an event study: what survives if trends were not parallel.

Rambachan and Roth (2023, A more credible approach to parallel trends, Review of Economic Studies
90, 2555-2591), with two restrictions on departures, both derived in `METHODS.md` (municipal level,
section 5).

Relative magnitudes: departures after at most M times the largest one before. Conditional test with
least favourable hybrid (C-LF) of Andrews, Roth and Pakes (2023, Inference for linear conditional
moment inequalities, Review of Economic Studies 90, 2763-2791), as Rambachan and Roth (section 3.2)
apply it. Own code: of the packages tried, diff-diff's bounds are not R's and moderndid's, which
are, solve linear programmes at a thousand points for every restriction. Here the programme's dual
has (periods after + 2) corners, known in closed form, so nothing is left to solve.

Smooth departures: the trend's slope changes by at most M from period to period; `fixed_length`
has the interval, which the municipal rule asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_ndtr

from bsup_analysis.effects.municipal.fixed_length import fixed_length, shifted_quantile
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.errors import InputError

BREAKDOWN_STEP = 0.05  # likewise
BREAKDOWN_TOLERANCE = 2e-4  # as a share of the largest departure looked at


@dataclass(frozen=True, eq=False)
class EventCoefficients:
    """An event study, in the order of time, without the reference period.

    Attributes
    ----------
    before
        Coefficients of the periods before the reference, the one next to it last.
    after
        Coefficients of the periods after it.
    vcov
        Variance matrix of both, `before` first.
    weights
        What is estimated is weights x effects of the periods in `after`; by default their mean.
    df
        Degrees of freedom of the standard errors; None takes them for known, as the paper does.

    Raises
    ------
    InputError
        No period on a side, a variance matrix that is not one, or weights that are all zero.
    """

    before: np.ndarray
    after: np.ndarray
    vcov: np.ndarray
    weights: np.ndarray | None = None
    df: int | None = None

    def __post_init__(self) -> None:
        if not (self.before.size and self.after.size):
            raise NotEstimableError(
                "no_year_on_a_side",
                "Honest bounds need an event study with periods before and after.",
            )
        if self.target.shape != self.after.shape or not self.target.any():
            raise InputError(
                f"{self.after.size} periods after need as many weights, not all of them zero."
            )
        scale = np.abs(self.vcov).max()
        symmetric = np.allclose(self.vcov, self.vcov.T, rtol=0, atol=1e-8 * scale)
        if not symmetric or np.linalg.eigvalsh(self.vcov).min() < -1e-8 * scale or scale == 0:
            raise NotEstimableError(
                "event_variance",
                "The variance matrix of the event study is not a variance matrix.",
            )

    @property
    def target(self) -> np.ndarray:
        """The weights, never None."""
        mean = np.full(self.after.size, 1 / self.after.size)
        return mean if self.weights is None else self.weights


@dataclass(frozen=True)
class HonestInterval:
    """A confidence interval under a restriction on departures from parallel trends.

    Attributes
    ----------
    m
        How large a departure the restriction allows; None for exactly parallel trends.
    low, high
        Confidence limits of the weighted effect, in the unit of the coefficients.
    """

    m: float | None
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies wholly above or wholly below zero."""
        return self.low > 0 or self.high < 0


def parallel_trends(given: EventCoefficients, *, level: float = 0.95) -> HonestInterval:
    """Interval if trends were exactly parallel: estimate and quantile of t (normal without df)."""
    post = given.vcov[given.before.size :, given.before.size :]
    critical = shifted_quantile(np.zeros(1), 1 - level, given.df)[0]
    half = critical * np.sqrt(given.target @ post @ given.target)
    middle = given.target @ given.after
    return HonestInterval(None, float(middle - half), float(middle + half))


def smoothness(given: EventCoefficients, m: float, *, level: float = 0.95) -> HonestInterval:
    """Fixed-length interval if the trend's slope changes by at most m between periods."""
    coefficients, df = np.concatenate([given.before, given.after]), given.df
    found = fixed_length(coefficients[None], given.vcov[None], given.target, m, df=df, level=level)
    return HonestInterval(float(m), float(found.low[0]), float(found.high[0]))


def breakdown(bounds: Callable[[float], HonestInterval], *, most: float) -> float:
    """Largest departure at which the interval still excludes zero.

    Walks up in steps and halves the first one at which zero enters; intervals further up are not
    looked at.

    Parameters
    ----------
    bounds
        Interval for a given m.
    most
        Where to stop; returned if zero is excluded all the way.

    Returns
    -------
    float
        0 if the interval holds zero even at m = 0.
    """
    steps = max(1, round(1 / BREAKDOWN_STEP))
    inside = 0.0
    if not bounds(0.0).excludes_zero:
        return inside
    for outside in np.linspace(0, most, steps + 1)[1:]:
        if not bounds(float(outside)).excludes_zero:
            break
        inside = float(outside)
    else:
        return most
    while outside - inside > BREAKDOWN_TOLERANCE * most:
        middle = (inside + float(outside)) / 2
        if bounds(middle).excludes_zero:
            inside = middle
        else:
            outside = middle
    return inside


HYBRID_SHARE = 0.1  # of the level spent on the least favourable test, as in both papers
DRAWS = 50_000  # for the least favourable critical value
SEED = 0  # of those draws: one value, so that bounds are functions of the data alone
POINTS = 1_000  # values tried in each component before its ends are refined
REFINEMENTS = 3  # times that an end is looked at more closely
REFINED_POINTS = 65  # with as many values each time


@dataclass(frozen=True, eq=False)
class _Component:
    """One restriction: |change after| <= M x sign x one change before, in every period after.

    The statistic at a value of the effect is the largest of level - slope x value over corners.
    """

    level: np.ndarray
    slope: np.ndarray
    covariance: np.ndarray
    critical: float


def relative_magnitudes(
    given: EventCoefficients, m: float, *, level: float = 0.95
) -> HonestInterval:
    """Confidence interval if no change after exceeds m times the largest one before.

    A change is the step of the departure from one period to the next.

    The departures allowed are a union over the changes before and their signs; the interval is the
    hull of the union of their confidence sets.

    Parameters
    ----------
    given
        The event study.
    m
        Relative magnitude, 0 or more.
    level
        Confidence level.
    """
    alpha = 1 - level
    ratio = m
    kappa = HYBRID_SHARE * alpha
    size = (alpha - kappa) / (1 - kappa)
    values, vectors = np.linalg.eigh(given.vcov)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    normal = root @ np.random.default_rng(SEED).standard_normal((len(values), DRAWS))
    ends = [
        _accepted(_component(given, ratio, change, sign, normal, kappa), size)
        for change in range(given.before.size)
        for sign in (1, -1)
    ]
    found = [end for end in ends if end is not None]
    return HonestInterval(ratio, min(low for low, _ in found), max(high for _, high in found))


def _component(
    given: EventCoefficients,
    m: float,
    change: int,
    sign: int,
    normal: np.ndarray,
    kappa: float,
) -> _Component:
    pre, post = given.before.size, given.after.size
    # Changes from period to period; the reference period's coefficient is zero.
    differences = np.delete(np.diff(np.eye(pre + post + 1), axis=0), pre, axis=1)
    allowed = m * sign * differences[change]
    up, down = differences[pre:] - allowed, -differences[pre:] - allowed
    sd_up, sd_down = _deviations(up, given.vcov), _deviations(down, given.vcov)
    weight = np.cumsum(given.target[::-1])[::-1]  # of each change in the target
    plus, minus = np.maximum(weight, 0), np.maximum(-weight, 0)
    forward = 1 / (plus @ sd_up + minus @ sd_down)
    backward = 1 / (minus @ sd_up + plus @ sd_down)
    corners = np.vstack(
        [
            forward * (plus @ up + minus @ down),
            backward * (minus @ up + plus @ down),
            (up + down) / (sd_up + sd_down)[:, None]
            if post > 1
            else _changes_before(differences[:pre], change, sign, given.vcov),
        ]
    )
    critical = np.quantile((corners @ normal).max(axis=0), 1 - kappa)
    return _Component(
        level=corners @ np.concatenate([given.before, given.after]),
        slope=np.concatenate([[forward, -backward], np.zeros(len(corners) - 2)]),
        covariance=corners @ given.vcov @ corners.T,
        critical=float(critical),
    )


def _changes_before(
    differences: np.ndarray, change: int, sign: int, vcov: np.ndarray
) -> np.ndarray:
    """Rows that make the chosen change the largest of all before.

    With one period after nothing is free but the effect, and HonestDiD tests these rows too; with
    more it uses those of the periods after alone.
    """
    largest = sign * differences[change]
    rows = np.vstack([differences - largest, -differences - largest])
    rows = rows[np.abs(rows).max(axis=1) > 0]  # the change held against itself
    return rows / _deviations(rows, vcov)[:, None]


def _deviations(rows: np.ndarray, vcov: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("pk,kl,pl->p", rows, vcov, rows))


def _accepted(component: _Component, size: float) -> tuple[float, float] | None:
    """Smallest and largest value not rejected; None if there is none."""
    if component.level[2:].max() > component.critical:
        return None
    low, high = (component.level[:2] - component.critical) / component.slope[:2]
    if low > high:
        return None
    grid = np.linspace(low, high, POINTS)
    kept = np.flatnonzero(~_rejects(component, grid, size))
    if not kept.size:
        return None
    return (
        _edge(component, grid[kept[0]], grid[max(kept[0] - 1, 0)], size),
        _edge(component, grid[kept[-1]], grid[min(kept[-1] + 1, POINTS - 1)], size),
    )


def _edge(component: _Component, inside: float, outside: float, size: float) -> float:
    """Last value not rejected on the way out, by grids ever finer."""
    for _ in range(REFINEMENTS):
        steps = np.linspace(inside, outside, REFINED_POINTS)
        rejected = _rejects(component, steps, size)
        if not rejected.any():
            return float(outside)
        first = int(np.argmax(rejected))
        inside, outside = steps[first - 1], steps[first]
    return float(inside)


def _rejects(component: _Component, values: np.ndarray, size: float) -> np.ndarray:
    """Whether the hybrid test rejects each value of the effect.

    Given which corner attains the maximum, and what is independent of it, the statistic is a
    normal cut off below and above; a second cut is at the least favourable critical value.
    """
    statistics = component.level - values[:, None] * component.slope
    top = statistics.argmax(axis=1)
    largest = statistics.max(axis=1)
    variance = np.diag(component.covariance)[top]
    flat = variance <= 1e-14 * component.covariance.diagonal().max()
    share = component.covariance[top] / np.where(flat, 1.0, variance)[:, None]
    room = 1 - share
    with np.errstate(divide="ignore", invalid="ignore"):
        cut = (statistics - share * largest[:, None]) / room
    below = np.where(room > 1e-10, cut, -np.inf).max(axis=1)
    above = np.where(room < -1e-10, cut, np.inf).min(axis=1)
    above = np.minimum(above, component.critical)
    sd = np.sqrt(np.where(flat, 1.0, variance))
    tail = _log_tail(largest / sd, above / sd) - _log_tail(
        np.minimum(below, largest) / sd, above / sd
    )
    conditional = (largest > 0) & (tail < np.log(size))
    return (largest > component.critical) | np.where(flat, largest > 1e-12, conditional)


def _log_tail(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Log of the standard normal's probability of [start, end]; -inf where the two meet."""
    with np.errstate(divide="ignore", invalid="ignore"):
        upper = log_ndtr(-start)
        return upper + np.log1p(-np.exp(np.minimum(log_ndtr(-end) - upper, 0)))


@dataclass(frozen=True)
class Sensitivity:
    """Bounds of one weighted effect, in the unit of the coefficients (log ratios).

    Attributes
    ----------
    estimate
        The weighted effect.
    parallel
        Its interval under exactly parallel trends.
    relative, smooth
        Intervals over the two grids.
    decisive
        The smooth interval at the M of the municipal rule.
    relative_breakdown, smooth_breakdown
        Largest departure at which zero is still excluded; the end of the search if none enters.
    relative_most, smooth_most
        Where the searches end.
    level
        Confidence level.
    """

    estimate: float
    parallel: HonestInterval
    relative: tuple[HonestInterval, ...]
    smooth: tuple[HonestInterval, ...]
    decisive: HonestInterval
    relative_breakdown: float
    smooth_breakdown: float
    relative_most: float
    smooth_most: float
    level: float


def sensitivity(
    given: EventCoefficients,
    relative_grid: Sequence[float],
    smooth_grid: Sequence[float],
    rule_m: float,
    *,
    level: float = 0.95,
) -> Sensitivity:
    """Compute both kinds of bounds over their grids.

    Parameters
    ----------
    given
        The event study.
    relative_grid
        Relative magnitudes; the search for the breakdown ends at the largest.
    smooth_grid
        Changes of slope, in the unit of the coefficients per period; likewise.
    rule_m
        The one at which the municipal rule asks.
    level
        Confidence level.
    """
    relative_most, smooth_most = max(relative_grid), max(smooth_grid)
    return Sensitivity(
        estimate=float(given.target @ given.after),
        parallel=parallel_trends(given, level=level),
        relative=tuple(relative_magnitudes(given, m, level=level) for m in relative_grid),
        smooth=tuple(smoothness(given, m, level=level) for m in smooth_grid),
        decisive=smoothness(given, rule_m, level=level),
        relative_breakdown=breakdown(
            lambda m: relative_magnitudes(given, m, level=level), most=relative_most
        ),
        smooth_breakdown=breakdown(lambda m: smoothness(given, m, level=level), most=smooth_most),
        relative_most=relative_most,
        smooth_most=smooth_most,
        level=level,
    )


def honest_rows(found: Sensitivity) -> pd.DataFrame:
    """One row a bound: restriction, departure allowed, and limits on the log scale."""
    bounds = [("parallel", found.parallel)]
    bounds += [("relative_magnitudes", item) for item in found.relative]
    bounds += [("smoothness", item) for item in found.smooth]
    return pd.DataFrame(
        {"restriction": name, "m": item.m, "low": item.low, "high": item.high}
        for name, item in bounds
    )
