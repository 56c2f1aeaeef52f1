"""Bars without years: every assignment of the chart's figures to its years, and what it implies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from bsup_analysis.effects.totals import GroupTotals
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class ChartOrder:
    """One assignment of bars to years.

    Attributes
    ----------
    region
        (year, loans of the region), by year.
    other
        (year, loans left for the others) for the years whose priority loans are known.
    possible
        Whether the others have no less than zero in each of those years.
    agrees_with_known
        Whether it gives the region's loans that another source fixes.
    ratio
        Priority growth divided by the others' between the first and the last year with known
        priority loans; None where the assignment is impossible or leaves the others none.
    """

    region: tuple[tuple[int, int], ...]
    other: tuple[tuple[int, int], ...]
    possible: bool
    agrees_with_known: bool
    ratio: float | None


def chart_orders(
    bars: Sequence[int],
    years: Sequence[int],
    priority_loans: Mapping[int, int],
    known: Mapping[int, int],
) -> tuple[ChartOrder, ...]:
    """Try every order of the bars.

    Parameters
    ----------
    bars
        The chart's figures, in the order they are read.
    years
        The chart's years, as many.
    priority_loans
        Loans of the priority group in two or more of the years.
    known
        The region's loans that another source gives for a year; may be empty.

    Returns
    -------
    tuple of ChartOrder
        The order as read first.

    Raises
    ------
    InputError
        Bars and years differ in number, or a year named twice or not on the chart.
    """
    if len(bars) != len(years) or len(dict.fromkeys(years)) != len(years):
        raise InputError(f"{len(bars)} bars cannot be given to the years {list(years)} one by one.")
    outside = sorted(year for year in (*priority_loans, *known) if year not in years)
    if outside:
        raise InputError(f"Year {outside[0]} is not a year of the chart.")
    if len(priority_loans) < 2:
        raise InputError("The window is one year: growth needs priority loans of two years.")
    return tuple(_order(years, order, priority_loans, known) for order in permutations(bars))


def _order(
    years: Sequence[int],
    order: Sequence[int],
    priority_loans: Mapping[int, int],
    known: Mapping[int, int],
) -> ChartOrder:
    region = dict(sorted(zip(years, order, strict=True)))
    other = {year: region[year] - priority_loans[year] for year in sorted(priority_loans)}
    first, *_, last = other
    ratio = None
    if min(other.values()) > 0:
        ratio = GroupTotals(
            priority_loans[first], priority_loans[last], other[first], other[last]
        ).ratio
    return ChartOrder(
        region=tuple(region.items()),
        other=tuple(other.items()),
        possible=min(other.values()) >= 0,
        agrees_with_known=all(region[year] == loans for year, loans in known.items()),
        ratio=ratio,
    )
