import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.effects.group_poisson import GroupTotals
from bsup_analysis.effects.intervals import (
    Interval,
    average_ratio,
    breakeven_average_ratio,
    implied_loans,
    implied_ratio,
    share_odds,
)
from bsup_analysis.errors import InputError

# Document p. 13: 79 % of "Startlånbruken i 2008", printed to the whole per cent; p. 11: 931 loans.
SHARE = Interval.rounded(0.79, 0.01)
LOANS_2008 = 931
LATER = [(738, 309), (1009, 478)]


@pytest.mark.parametrize(("later", "printed"), list(zip(LATER, (1.575, 1.782), strict=True)))
def test_break_even_ratios(later, printed):
    """By hand: 1.575 (2009) and 1.782 (2010), to three decimals."""
    ratio = breakeven_average_ratio(SHARE, *later)
    assert ratio.value == pytest.approx(printed, abs=5e-4)
    assert ratio.value == pytest.approx((79 / 21) / (later[0] / later[1]), rel=1e-14)
    assert ratio.low == pytest.approx((785 / 215) / (later[0] / later[1]), rel=1e-12)
    assert ratio.high == pytest.approx((795 / 205) / (later[0] / later[1]), rel=1e-12)


@pytest.mark.parametrize("later", LATER)
def test_nothing_changes_at_the_break_even_ratio(later):
    ratio = breakeven_average_ratio(SHARE, *later).value
    assert implied_ratio(SHARE, *later, ratio).value == pytest.approx(1, rel=1e-14)
    assert implied_ratio(SHARE, *later, ratio * 1.1).value > 1
    assert implied_ratio(SHARE, *later, ratio * 0.9).value < 1
    priority, others = implied_loans(SHARE, LOANS_2008, ratio)
    share = priority.value / (priority.value + others.value)
    assert share == pytest.approx(later[0] / sum(later), rel=1e-12)


@given(st.floats(0.2, 5), st.floats(0.05, 0.95))
def test_the_split_gives_back_the_printed_share_of_nok(ratio, share):
    priority, others = implied_loans(Interval.exact(share), LOANS_2008, ratio)
    nok_priority = priority.value * ratio
    assert nok_priority / (nok_priority + others.value) == pytest.approx(share, rel=1e-9)
    assert priority.value + others.value == pytest.approx(LOANS_2008)
    contrast = GroupTotals(priority.value, 738, others.value, 309)
    assert implied_ratio(Interval.exact(share), 738, 309, ratio).value == pytest.approx(
        contrast.ratio, rel=1e-9
    )


def test_read_as_loans():
    priority, others = implied_loans(SHARE, LOANS_2008)
    assert priority.value == pytest.approx(0.79 * LOANS_2008)
    assert priority.low == pytest.approx(0.785 * LOANS_2008)
    assert others.high == pytest.approx(0.215 * LOANS_2008)


def test_odds_of_rounded_shares_are_tight():
    assert share_odds(Interval(0.5, 0.2, 0.8)).low == pytest.approx(0.25)
    assert share_odds(Interval(0.5, 0.2, 0.8)).high == pytest.approx(4)


def test_observed_ratios_of_average_loans(totals, amounts):
    """By hand from p. 14 and the press: 535 591 / 332 471 in 2009."""
    nok = GroupTotals(
        amounts.pre_total,
        amounts.post_total,
        498_000_000 - amounts.pre_total,
        673_000_000 - amounts.post_total,
    )
    assert average_ratio(totals, nok) == pytest.approx(535_591 / 332_471, rel=2e-6)


def test_refuses():
    for share in (Interval.exact(0), Interval.exact(1), Interval(79, 78.5, 79.5)):
        with pytest.raises(InputError, match="no odds"):
            share_odds(share)
    with pytest.raises(InputError, match="other_loans must be above zero"):
        breakeven_average_ratio(SHARE, 738, 0)
    with pytest.raises(InputError, match="average_ratio must be above zero"):
        implied_loans(SHARE, LOANS_2008, 0)
    with pytest.raises(InputError, match="priority_loans"):
        implied_ratio(SHARE, float("nan"), 3)
