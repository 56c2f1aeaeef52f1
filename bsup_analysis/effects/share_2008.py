"""The printed 2008 share: what it would mean of loans, and what of NOK.

The document does not say which. If NOK are split in odds S = s / (1 - s) and the priority group's
average loan is r times the others', loans are split in odds S / r. The reading as loans is r = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from bsup_analysis.effects.intervals import Interval
from bsup_analysis.effects.totals import GroupTotals
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class ImpliedLoans:
    """Loans of the share's year under one ratio of average loans.

    Attributes
    ----------
    average_ratio
        Assumed average loan of the priority group divided by the others'; 1 reads the share as
        one of loans.
    priority_share
        The priority group's share of loans.
    priority_loans, other_loans
        Loans; not rounded to whole ones.
    """

    average_ratio: float
    priority_share: Interval
    priority_loans: Interval
    other_loans: Interval


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


def implied_loans(share: Interval, loans: float, average_ratio: float = 1.0) -> ImpliedLoans:
    """Split the year's loans so that the share of NOK is the printed one.

    Parameters
    ----------
    share
        Printed share with its rounding, as a fraction.
    loans
        Loans of all municipalities in that year.
    average_ratio
        Average loan of the priority group divided by the others'.
    """
    _positive(average_ratio=average_ratio, loans=loans)
    odds = share_odds(share) / average_ratio
    priority_share = 1 / (1 + 1 / odds)
    return ImpliedLoans(average_ratio, priority_share, priority_share * loans, loans / (1 + odds))


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


def average_ratio(loans: GroupTotals, amounts: GroupTotals, *, later: bool) -> float:
    """Average loan of the priority group divided by the others', in one of the two known years."""
    if later:
        return (amounts.priority_post / amounts.other_post) / (
            loans.priority_post / loans.other_post
        )
    return (amounts.priority_pre / amounts.other_pre) / (loans.priority_pre / loans.other_pre)


def _positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 < number < float("inf"):
            raise InputError(f"{name} must be above zero, not {number}.")
