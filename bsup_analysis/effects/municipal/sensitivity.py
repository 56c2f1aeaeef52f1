"""What a figure of honest bounds shows: both restrictions over their grids, and breakdowns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsup_analysis.effects.municipal.honest import (
    EventCoefficients,
    HonestInterval,
    breakdown,
    parallel_trends,
)
from bsup_analysis.effects.municipal.magnitudes import relative_magnitudes
from bsup_analysis.effects.municipal.smoothness import smoothness


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
