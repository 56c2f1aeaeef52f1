"""Relative magnitudes: departures after at most M times the largest one before.

Conditional test with least favourable hybrid (C-LF) of Andrews, Roth and Pakes (2023, Inference for
linear conditional moment inequalities, Review of Economic Studies 90, 2763-2791), as Rambachan and
Roth (2023, section 3.2) apply it. Own code: of the packages tried, diff-diff's bounds are not R's
and moderndid's, which are, solve linear programmes at a thousand points for every restriction.
Here the programme's dual has (periods after + 2) corners, known in closed form
(`METHODS.md`, municipal level, section 5), so nothing is left to solve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from bsup_analysis.effects.municipal.honest import (
    EventCoefficients,
    HonestInterval,
    checked_level,
    checked_m,
)

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
    alpha = 1 - checked_level(level)
    ratio = checked_m(m)
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
