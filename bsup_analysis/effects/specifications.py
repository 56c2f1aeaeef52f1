"""Every choice that can tip the answer, as a named row of one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsup_analysis.effects.inference import RatioInterval, ratio_interval
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.errors import InputError

MOST_ROWS = 30  # a reader can still find a named row; a curve of hundreds hides the choices


@dataclass(frozen=True)
class Specification:
    """The outcome of one set of choices.

    Attributes
    ----------
    name
        Key of the row.
    ratio
        The ratio, with what rounding leaves open where it does.
    se
        Standard error of its log, under the row's assumption on dispersion.
    df
        Degrees of freedom of the t distribution; None for the normal.
    """

    name: str
    ratio: float | Interval
    se: float
    df: int | None = None


@dataclass(frozen=True)
class SpecificationRow:
    """A row to draw.

    Attributes
    ----------
    name
        Key of the row.
    ratio
        The ratio, and in its bounds what rounding alone leaves open.
    low, high
        Confidence limits at the worst of the rounding.
    detectable_above, detectable_below
        Minimum detectable ratios.
    """

    name: str
    ratio: Interval
    low: float
    high: float
    detectable_above: float
    detectable_below: float


def specification_rows(
    specifications: Sequence[Specification], *, level: float = 0.95
) -> tuple[SpecificationRow, ...]:
    """Put an interval and the minimum detectable ratios beside each, in the order given.

    Raises
    ------
    InputError
        More rows than one figure shows, none, two of the same name, or a ratio not above zero.
    """
    if not 1 <= len(specifications) <= MOST_ROWS:
        raise InputError(
            f"{len(specifications)} specifications are given: one figure shows 1 to {MOST_ROWS}."
        )
    names = [specification.name for specification in specifications]
    twice = [name for position, name in enumerate(names) if name in names[:position]]
    if twice:
        raise InputError(f"Two specifications are named {twice[0]}.")
    return tuple(_row(specification, level) for specification in specifications)


def _row(chosen: Specification, level: float) -> SpecificationRow:
    ratio = Interval.exact(chosen.ratio)
    if ratio.low <= 0:
        raise InputError(f"{chosen.name}: the ratio must be above zero, not {ratio.low}.")
    # Around a ratio of one the interval is a pair of factors, whatever the ratio.
    factors: RatioInterval = ratio_interval(0.0, chosen.se, level=level, df=chosen.df)
    return SpecificationRow(
        chosen.name,
        ratio,
        ratio.low * factors.low,
        ratio.high * factors.high,
        factors.detectable_above,
        factors.detectable_below,
    )
