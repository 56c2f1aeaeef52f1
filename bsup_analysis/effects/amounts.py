"""NOK: growth from rounded totals, and what a chart's axis alone says.

Formulas: `METHODS.md`, published level, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from bsup_analysis.effects.intervals import Interval
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class AmountContrast:
    """Growth in NOK of the priority group and of the rest of a rounded total.

    Attributes
    ----------
    other_pre, other_post
        NOK of the others: total less priority group.
    priority_growth
        Later divided by earlier NOK of the priority group.
    other_growth
        The same of the others.
    ratio
        Priority growth divided by the others' growth.
    """

    other_pre: Interval
    other_post: Interval
    priority_growth: float
    other_growth: Interval
    ratio: Interval


def amount_contrast(
    priority_pre: float, priority_post: float, total_pre: Interval, total_post: Interval
) -> AmountContrast:
    """Compare growth in NOK where the others are known as a rounded total less a table.

    Parameters
    ----------
    priority_pre, priority_post
        NOK of the priority group.
    total_pre, total_post
        NOK of all municipalities (of the region, or of a county), with its rounding.

    Raises
    ------
    InputError
        Rounding leaves it open whether the others have anything at all.
    """
    if min(priority_pre, priority_post) <= 0:
        raise InputError("The priority group needs NOK above zero in both years.")
    other_pre, other_post = total_pre - priority_pre, total_post - priority_post
    for name, other in (("earlier", other_pre), ("later", other_post)):
        if other.low <= 0:
            raise InputError(
                f"In the {name} year the total less the priority group lies between {other.low} "
                f"and {other.high} NOK: growth of the others needs an amount above zero."
            )
    growth = other_pre.growth_to(other_post)
    priority_growth = priority_post / priority_pre
    return AmountContrast(other_pre, other_post, priority_growth, growth, priority_growth / growth)


@dataclass(frozen=True)
class AxisBounds:
    """What a chart's axis alone says of a year, (low, high) each.

    The growth of the others' NOK is not bounded by it: nothing keeps their amount from zero.

    Attributes
    ----------
    region_average, other_average
        NOK per loan.
    other_amount
        NOK.
    priority_share
        The priority group's share of the region's NOK.
    """

    region_average: tuple[float, float]
    other_average: tuple[float, float]
    other_amount: tuple[float, float]
    priority_share: tuple[float, float]


def axis_bounds(
    axis_end_nok: float, region_loans: int, priority_loans: int, priority_amount_nok: float
) -> AxisBounds:
    """Bound a year's amounts by an average-loan chart whose bars end below `axis_end_nok`.

    Parameters
    ----------
    axis_end_nok
        Last label of the axis, NOK per loan.
    region_loans, priority_loans
        Loans of all municipalities and of the priority group.
    priority_amount_nok
        NOK of the priority group.

    Raises
    ------
    InputError
        No loans outside the priority group, or the axis is too short for the priority group.
    """
    other_loans = region_loans - priority_loans
    ceiling = axis_end_nok * region_loans
    if other_loans <= 0 or priority_loans <= 0 or priority_amount_nok <= 0:
        raise InputError("Bounds from the axis need loans in both groups and a priority amount.")
    if priority_amount_nok > ceiling:
        raise InputError(
            f"The priority group alone has {priority_amount_nok} NOK, more than the {ceiling} "
            "the axis allows the region: the two cannot both be right."
        )
    other_most = ceiling - priority_amount_nok
    return AxisBounds(
        region_average=(priority_amount_nok / region_loans, axis_end_nok),
        other_average=(0.0, other_most / other_loans),
        other_amount=(0.0, other_most),
        priority_share=(priority_amount_nok / ceiling, 1.0),
    )
