"""Closed intervals: what rounding, a chart's axis or an ambiguous reading leaves open.

`Interval` carries what rounding leaves open through arithmetic without noise. With it: growth in
NOK from rounded totals and as number times average (`METHODS.md`, published level, section 3);
what a chart's axis alone says; the printed 2008 share read as one of loans or of NOK; and bars
without years, in every assignment of the chart's figures to its years.

The document does not say what the 2008 share is of. If NOK are split in odds S = s / (1 - s) and
the priority group's average loan is r times the others', loans are split in odds S / r. The
reading as loans is r = 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from bsup_analysis.effects.group_poisson import GroupTotals
from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class Interval:
    """A value and the closed interval it must lie in.

    Bounds are the tightest possible as long as every rounded quantity stands once in an
    expression (natural extension: Moore, Kearfott and Cloud 2009, Introduction to Interval
    Analysis, chapter 5); write `1 / (1 + b / a)`, not `a / (a + b)`.

    Attributes
    ----------
    value
        What the printed figures give.
    low, high
        Smallest and largest possible, `low <= value <= high`.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        finite = all(math.isfinite(number) for number in (self.value, self.low, self.high))
        if not (finite and self.low <= self.value <= self.high):
            raise InputError(
                f"{self.value} does not lie between the bounds {self.low} and {self.high}."
            )

    @classmethod
    def exact(cls, value: float | Interval) -> Interval:
        """Take a number as known exactly; an interval stays what it is."""
        return value if isinstance(value, Interval) else cls(value, value, value)

    @classmethod
    def rounded(cls, value: float, unit: float) -> Interval:
        """Take a number as printed to the nearest `unit`: half a unit to either side."""
        if not unit > 0:
            raise InputError(f"A rounding unit must be above zero, not {unit}.")
        return cls(value, value - unit / 2, value + unit / 2)

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high

    def __neg__(self) -> Interval:
        return Interval(-self.value, -self.high, -self.low)

    def __add__(self, other: float | Interval) -> Interval:
        term = Interval.exact(other)
        return Interval(self.value + term.value, self.low + term.low, self.high + term.high)

    __radd__ = __add__

    def __sub__(self, other: float | Interval) -> Interval:
        return self + -Interval.exact(other)

    def __mul__(self, other: float | Interval) -> Interval:
        factor = Interval.exact(other)
        ends = [a * b for a in (self.low, self.high) for b in (factor.low, factor.high)]
        return Interval(self.value * factor.value, min(ends), max(ends))

    __rmul__ = __mul__

    def __truediv__(self, other: float | Interval) -> Interval:
        divisor = Interval.exact(other)
        if 0 in divisor:
            raise InputError(
                f"A quantity between {divisor.low} and {divisor.high} can be zero: "
                "nothing is divided by it."
            )
        ends = [a / b for a in (self.low, self.high) for b in (divisor.low, divisor.high)]
        return Interval(self.value / divisor.value, min(ends), max(ends))

    def __rsub__(self, other: float) -> Interval:
        return Interval.exact(other) - self

    def __rtruediv__(self, other: float) -> Interval:
        return Interval.exact(other) / self

    def growth_to(self, later: float | Interval) -> Interval:
        """Return the later quantity divided by this one."""
        return Interval.exact(later) / self


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
    priority_share
        The priority group's share of the region's NOK.
    """

    region_average: tuple[float, float]
    other_average: tuple[float, float]
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
    return AxisBounds(
        region_average=(priority_amount_nok / region_loans, axis_end_nok),
        other_average=(0.0, (ceiling - priority_amount_nok) / other_loans),
        priority_share=(priority_amount_nok / ceiling, 1.0),
    )


@dataclass(frozen=True)
class GrowthParts:
    """Growth in NOK as growth in number times growth in the average loan.

    Attributes
    ----------
    amount, average
        Growth ratios of NOK and of NOK per loan.
    number
        Growth ratio of loans.
    """

    amount: Interval
    number: float
    average: Interval


def growth_parts(
    loans_pre: float, loans_post: float, amount_pre: float | Interval, amount_post: float | Interval
) -> GrowthParts:
    """Split growth in NOK into number and average; log growths add up exactly."""
    if min(loans_pre, loans_post) <= 0:
        raise InputError("Growth in number and average needs loans above zero in both years.")
    amount = Interval.exact(amount_pre).growth_to(amount_post)
    number = loans_post / loans_pre
    return GrowthParts(amount, number, amount / number)


@dataclass(frozen=True)
class AverageChange:
    """Change of an average loan, in NOK per loan, and its two parts.

    Attributes
    ----------
    total
        Later average less earlier average.
    within, composition
        Parts by municipality: change of its own average at its mean share of loans; change of
        its share of loans at its mean distance from the overall average.
    codes
        Municipality of each part.
    """

    total: float
    within: tuple[float, ...]
    composition: tuple[float, ...]
    codes: tuple[str, ...]

    @property
    def within_total(self) -> float:
        """Sum of the parts within municipalities."""
        return math.fsum(self.within)

    @property
    def composition_total(self) -> float:
        """Sum of the parts from the changed mix of municipalities."""
        return math.fsum(self.composition)


def average_change(loans: Paired, amounts: Paired) -> AverageChange:
    """Split the change of the overall average loan exactly.

    With w the shares of loans and a the averages, and bars for the mean of the two years,
    A1 - A0 = sum(mean w x change of a) + sum((mean a - mean A) x change of w)
    (Griliches and Regev 1995, Journal of Econometrics 65, 175-203; Bennet 1920, Journal of the
    Royal Statistical Society 83, 455-462).

    Raises
    ------
    InputError
        Different municipalities, or one without loans in a year (it has no average).
    """
    if loans.codes != amounts.codes:
        raise InputError("Loans and amounts are not of the same municipalities in the same order.")
    for code, pre, post in zip(loans.codes, loans.pre, loans.post, strict=True):
        if min(pre, post) == 0:
            raise InputError(f"Municipality {code} has a year without loans, so no average then.")
    overall_pre = amounts.pre_total / loans.pre_total
    overall_post = amounts.post_total / loans.post_total
    middle = (overall_pre + overall_post) / 2
    within, composition = [], []
    for n_pre, n_post, a_pre, a_post in zip(
        loans.pre, loans.post, amounts.pre, amounts.post, strict=True
    ):
        share_pre, share_post = n_pre / loans.pre_total, n_post / loans.post_total
        mean_pre, mean_post = a_pre / n_pre, a_post / n_post
        within.append((share_pre + share_post) / 2 * (mean_post - mean_pre))
        composition.append(((mean_pre + mean_post) / 2 - middle) * (share_post - share_pre))
    return AverageChange(overall_post - overall_pre, tuple(within), tuple(composition), loans.codes)


@dataclass(frozen=True)
class AverageChangeBounds:
    """The parts of `AverageChange` where amounts are rounded.

    Attributes
    ----------
    total, within, composition
        NOK per loan.
    """

    total: Interval
    within: Interval
    composition: Interval


def average_change_bounds(
    loans: Paired, amount_pre: Sequence[float | Interval], amount_post: Sequence[float | Interval]
) -> AverageChangeBounds:
    """Split the change of an average whose amounts are intervals.

    Every part is linear in the amounts, so its extremes lie at the intervals' ends and all of
    them are tried.

    Parameters
    ----------
    loans
        Loans of a few groups in two years.
    amount_pre, amount_post
        NOK of the same groups.
    """
    cells = [Interval.exact(amount) for amount in (*amount_pre, *amount_post)]

    def parts(amounts: Sequence[float]) -> tuple[float, float, float]:
        half = len(loans.codes)
        change = average_change(
            loans, Paired(loans.codes, tuple(amounts[:half]), tuple(amounts[half:]))
        )
        return change.total, change.within_total, change.composition_total

    # Exact cells have one end; dict keeps their order and drops the double.
    corners = [parts(a) for a in product(*(dict.fromkeys((c.low, c.value, c.high)) for c in cells))]
    printed = parts([cell.value for cell in cells])
    bounds = [
        Interval(value, min(ends), max(ends))
        for value, ends in zip(printed, zip(*corners, strict=True), strict=True)
    ]
    return AverageChangeBounds(*bounds)


def share_odds(share: Interval) -> Interval:
    """Odds s / (1 - s) of a share.

    Raises
    ------
    InputError
        The share may be zero or one.
    """
    if not 0 < share.low <= share.high < 1:
        raise InputError(
            f"A share between {share.low} and {share.high} has no odds: it must lie within 0 and 1."
        )
    return 1 / (1 / share - 1)


def implied_loans(
    share: Interval, loans: float, average_ratio: float = 1.0
) -> tuple[Interval, Interval]:
    """Split the share's year's loans so that the share of NOK is the printed one.

    Parameters
    ----------
    share
        Printed share with its rounding, as a fraction.
    loans
        Loans of all municipalities in that year.
    average_ratio
        Assumed average loan of the priority group divided by the others'; 1 reads the share as
        one of loans.

    Returns
    -------
    tuple of Interval
        Loans of the priority group and of the others; not rounded to whole ones.
    """
    _positive(average_ratio=average_ratio, loans=loans)
    odds = share_odds(share) / average_ratio
    return 1 / (1 + 1 / odds) * loans, loans / (1 + odds)


def implied_ratio(
    share: Interval, priority_loans: float, other_loans: float, average_ratio: float = 1.0
) -> Interval:
    """Ratio of growths from the share's year to a year with known loans.

    It does not depend on the number of loans in the share's year.

    Parameters
    ----------
    share
        Printed share with its rounding.
    priority_loans, other_loans
        Loans of the two groups in the later year.
    average_ratio
        Assumed ratio of average loans in the share's year; 1 for the reading as loans.
    """
    _positive(average_ratio=average_ratio, priority_loans=priority_loans, other_loans=other_loans)
    return average_ratio * (priority_loans / other_loans) / share_odds(share)


def breakeven_average_ratio(share: Interval, priority_loans: float, other_loans: float) -> Interval:
    """Ratio of average loans at which nothing changed from the share's year to a later one.

    The r for which the share, read as one of NOK, goes with the later year's split of loans:
    r = (s / (1 - s)) / (priority loans / other loans). There `implied_ratio` is one; with a
    larger r the priority group grew faster, with a smaller one slower.
    """
    _positive(priority_loans=priority_loans, other_loans=other_loans)
    return share_odds(share) / (priority_loans / other_loans)


def average_ratio(loans: GroupTotals, amounts: GroupTotals) -> float:
    """Average loan of the priority group divided by the others', in the earlier year."""
    return (amounts.priority_pre / amounts.other_pre) / (loans.priority_pre / loans.other_pre)


def _positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 < number < float("inf"):
            raise InputError(f"{name} must be above zero, not {number}.")


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
    first, *_, last = sorted(priority_loans)
    found = []
    for order in permutations(bars):
        region = dict(sorted(zip(years, order, strict=True)))
        other = {year: region[year] - priority_loans[year] for year in sorted(priority_loans)}
        ratio = None
        if min(other.values()) > 0:
            ratio = GroupTotals(
                priority_loans[first], priority_loans[last], other[first], other[last]
            ).ratio
        found.append(
            ChartOrder(
                region=tuple(region.items()),
                other=tuple(other.items()),
                possible=min(other.values()) >= 0,
                agrees_with_known=all(region[year] == loans for year, loans in known.items()),
                ratio=ratio,
            )
        )
    return tuple(found)
