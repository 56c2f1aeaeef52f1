"""Average loans: growth as number times average, and a change as within plus composition.

Formulas: `METHODS.md`, published level, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from bsup_analysis.effects.intervals import Interval
from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError


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

    @property
    def number_share_of_log_growth(self) -> float:
        """Part of the log growth in NOK that is growth in number; the rest is the average's."""
        if self.amount.value == 1:
            raise InputError("NOK did not change, so its growth has no parts.")
        return math.log(self.number) / math.log(self.amount.value)


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
