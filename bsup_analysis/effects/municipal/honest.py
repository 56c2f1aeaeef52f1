"""Honest bounds on an event study: what survives if trends were not parallel.

Rambachan and Roth (2023, A more credible approach to parallel trends, Review of Economic Studies
90, 2555-2591). `magnitudes` holds the restriction to relative magnitudes, `sensitivity` the one to
smooth departures; here is what they share, and the breakdown value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from bsup_analysis.effects.municipal.refusal import NotEstimableError
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

    Raises
    ------
    InputError
        No period on a side, a variance matrix that is not one, or weights that are all zero.
    """

    before: np.ndarray
    after: np.ndarray
    vcov: np.ndarray
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("before", "after", "vcov"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=float))
        pre, post = self.before.size, self.after.size
        if not (pre and post and self.before.ndim == self.after.ndim == 1):
            raise NotEstimableError(
                "no_year_on_a_side",
                "Honest bounds need an event study with periods before and after.",
            )
        chosen = np.full(post, 1 / post) if self.weights is None else np.array(self.weights, float)
        object.__setattr__(self, "weights", chosen)
        if chosen.shape != (post,) or not chosen.any():
            raise InputError(f"{post} periods after need as many weights, not all of them zero.")
        numbers = np.concatenate([self.before, self.after, chosen, self.vcov.ravel()])
        if self.vcov.shape != (pre + post, pre + post) or not np.isfinite(numbers).all():
            raise InputError(
                f"{pre + post} coefficients need a variance matrix of as many rows and columns, "
                "and every number must be finite."
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
        return np.asarray(self.weights)


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
    """Interval if trends were exactly parallel: estimate and normal quantile."""
    post = given.vcov[given.before.size :, given.before.size :]
    half = norm.ppf((1 + checked_level(level)) / 2) * np.sqrt(given.target @ post @ given.target)
    middle = given.target @ given.after
    return HonestInterval(None, float(middle - half), float(middle + half))


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


def checked_level(level: float) -> float:
    """Return the confidence level if it is one."""
    if not 0.5 < level < 1:
        raise InputError(f"A confidence level lies between 0.5 and 1, not at {level}.")
    return level


def checked_m(m: float) -> float:
    """Return the size of the departure if it is one."""
    if not (np.isfinite(m) and m >= 0):
        raise InputError(f"A departure from parallel trends is zero or more, not {m}.")
    return float(m)
