"""What a figure of honest bounds shows: both restrictions over their grids, and breakdowns.

Here is also the restriction to smooth departures: the trend's slope changes by at most M from
period to period. Optimal fixed-length confidence interval of Rambachan and Roth (2023, section
4.1): among linear estimators that a straight trend does not bias, the one whose interval is
shortest once its largest bias is added. Written out, because diff-diff has it only behind results
objects of its own and finds it by three nested grids in two seconds; here it is one smooth convex
problem (`METHODS.md`, municipal level, section 5). The tests compare it with HonestDiD's numbers
and diff-diff's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import ndtr
from scipy.stats import norm

from bsup_analysis.effects.municipal.honest import (
    EventCoefficients,
    HonestInterval,
    breakdown,
    checked_level,
    checked_m,
    parallel_trends,
)
from bsup_analysis.effects.municipal.magnitudes import relative_magnitudes
from bsup_analysis.effects.municipal.refusal import NotEstimableError


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
    relative_breakdown: float
    smooth_breakdown: float
    relative_most: float
    smooth_most: float
    level: float


def sensitivity(
    given: EventCoefficients,
    relative_grid: Sequence[float],
    smooth_grid: Sequence[float],
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
    level
        Confidence level.
    """
    relative_most, smooth_most = max(relative_grid), max(smooth_grid)
    return Sensitivity(
        estimate=float(given.target @ given.after),
        parallel=parallel_trends(given, level=level),
        relative=tuple(relative_magnitudes(given, m, level=level) for m in relative_grid),
        smooth=tuple(smoothness(given, m, level=level) for m in smooth_grid),
        relative_breakdown=breakdown(
            lambda m: relative_magnitudes(given, m, level=level), most=relative_most
        ),
        smooth_breakdown=breakdown(lambda m: smoothness(given, m, level=level), most=smooth_most),
        relative_most=relative_most,
        smooth_most=smooth_most,
        level=level,
    )


def smoothness(given: EventCoefficients, m: float, *, level: float = 0.95) -> HonestInterval:
    """Confidence interval if the trend's slope changes by at most m between periods.

    Parameters
    ----------
    given
        The event study.
    m
        Largest change of slope, in the unit of the coefficients per period; 0 is a straight trend.
    level
        Confidence level.
    """
    bound, alpha = checked_m(m), 1 - checked_level(level)
    pre, post = given.before.size, given.after.size
    # Kinks j periods from the reference add (h - j) to the departure h periods from it.
    ramp_after = np.maximum(np.arange(1, post + 1)[None, :] - np.arange(post)[:, None], 0)
    ramp_before = np.maximum(np.arange(pre, 0, -1)[None, :] - np.arange(pre)[:, None], 0)
    fixed = np.abs(ramp_after @ given.target).sum()
    slope = ramp_after[0] @ given.target
    to_weights = np.linalg.inv(ramp_before)  # (slope, bias of each kink before) -> weights before
    # estimate = weights before + target after, with the slope's bias taken out
    base = np.concatenate([to_weights[:, 0] * slope, given.target])
    moves = np.vstack([to_weights[:, 1:], np.zeros((post, pre - 1))])
    scale = np.sqrt(base @ given.vcov @ base)
    if scale == 0:
        raise NotEstimableError(
            "event_variance",
            "The event study's variance is zero in the direction that is estimated.",
        )

    def half_length(split: np.ndarray) -> tuple[float, np.ndarray]:
        """Half length in units of `scale`, and its gradient, at biases split into + and - parts."""
        bias = split[: pre - 1] - split[pre - 1 :]
        vector = base + moves @ bias
        covaried = given.vcov @ vector
        sd = max(np.sqrt(vector @ covaried), 1e-12 * scale)
        worst = bound * (fixed + split.sum())
        critical = folded_quantile(worst / sd, alpha)
        # d critical / d bias of the folded normal, from its distribution function
        turn = np.tanh(critical * worst / sd)
        by_sd = (moves.T @ covaried) / sd * (critical - turn * worst / sd)
        gradient = np.concatenate([by_sd, -by_sd]) + turn * bound
        return float(critical * sd / scale), gradient / scale

    split = np.zeros(2 * (pre - 1))
    if pre > 1:
        least = np.linalg.lstsq(moves.T @ given.vcov @ moves, -moves.T @ given.vcov @ base)[0]
        split = np.concatenate([np.maximum(least, 0), np.maximum(-least, 0)])
    if pre > 1 and bound > 0:
        # From least variance, and from least bias where the departure allowed is large.
        split = min(
            (
                minimize(
                    half_length,
                    start,
                    jac=True,
                    method="SLSQP",
                    bounds=[(0, None)] * len(start),
                    options={"ftol": 1e-14, "maxiter": 1_000},
                )
                for start in (split, np.zeros_like(split))
            ),
            key=lambda found: found.fun,
        ).x
        # An interval is valid at any biases. The best are found to 1e-9, and to that depend on the
        # linear algebra library's threads; rounded, they do not.
        split = split.round(6)
    half = half_length(split)[0] * scale
    vector = base + moves @ (split[: pre - 1] - split[pre - 1 :])
    middle = float(vector @ np.concatenate([given.before, given.after]))
    return HonestInterval(bound, middle - half, middle + half)


def folded_quantile(bias: float, alpha: float) -> float:
    """Compute the 1 - alpha quantile of |N(bias, 1)|."""
    if bias > 10:  # the far side's share is below 1e-23
        return float(bias + norm.ppf(1 - alpha))
    return float(
        brentq(
            lambda end: ndtr(end - bias) - ndtr(-end - bias) - (1 - alpha),
            0.0,
            bias + norm.ppf(1 - alpha / 2) + 1e-6,
            xtol=1e-13,
        )
    )
