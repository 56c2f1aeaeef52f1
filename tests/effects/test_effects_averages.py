import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.effects.intervals import (
    Interval,
    average_change,
    average_change_bounds,
    growth_parts,
)
from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError

COUNT, NOK = st.integers(1, 300), st.integers(10_000, 10**8)


@st.composite
def loans_and_amounts(draw):
    rows = draw(st.lists(st.tuples(COUNT, COUNT, NOK, NOK), min_size=1, max_size=12))
    codes = tuple(str(n) for n in range(len(rows)))
    columns = list(zip(*rows, strict=True))
    return Paired(codes, *columns[:2]), Paired(codes, *columns[2:])


def test_published_averages(loans, amounts):
    """By hand from the sums of p. 14: 535 591 -> 500 535 NOK a loan in the 17."""
    change = average_change(loans, amounts)
    assert change.total == pytest.approx(500_535 - 535_591, abs=1)
    assert change.within_total + change.composition_total == pytest.approx(change.total, abs=1e-6)


@given(loans_and_amounts())
def test_parts_add_up(pair):
    loans, amounts = pair
    change = average_change(loans, amounts)
    scale = max(amounts.pre_total / loans.pre_total, amounts.post_total / loans.post_total)
    parts = change.within_total + change.composition_total
    assert parts == pytest.approx(change.total, abs=1e-8 * scale)


@given(loans_and_amounts())
def test_reversing_time_reverses_every_part(pair):
    loans, amounts = pair
    forward = average_change(loans, amounts)
    back = average_change(
        Paired(loans.codes, loans.post, loans.pre), Paired(loans.codes, amounts.post, amounts.pre)
    )
    scale = 1e-9 * 10**8
    assert back.within == pytest.approx([-part for part in forward.within], abs=scale)
    assert back.composition == pytest.approx([-part for part in forward.composition], abs=scale)


def test_extremes_are_wholly_one_part():
    same_mix = average_change(
        Paired(("a", "b"), (1, 3), (2, 6)), Paired(("a", "b"), (100, 300), (400, 300))
    )
    assert same_mix.composition == (0, 0)
    same_averages = average_change(
        Paired(("a", "b"), (1, 3), (3, 1)), Paired(("a", "b"), (100, 600), (300, 200))
    )
    assert same_averages.within == (0, 0)
    assert same_averages.composition_total == -50


def test_one_at_the_overall_average_adds_nothing_to_the_composition():
    """c stands at 200, the average of both years, and its share goes from 2/4 to 1/3."""
    change = average_change(
        Paired(("a", "b", "c"), (1, 1, 2), (1, 1, 1)),
        Paired(("a", "b", "c"), (100, 300, 400), (100, 300, 200)),
    )
    assert change.composition[2] == 0
    assert change.composition[0] == -change.composition[1] != 0


def test_bounds_hold_every_rounding(loans, amounts):
    groups = Paired(("priority", "other"), (738, 309), (1009, 478))
    pre = [amounts.pre_total, Interval.rounded(498e6, 1e6) - amounts.pre_total]
    post = [amounts.post_total, Interval.rounded(673e6, 1e6) - amounts.post_total]
    bounds = average_change_bounds(groups, pre, post)
    # Facts, B3: regional averages 475 645 and 452 589 at the printed totals.
    assert bounds.total.value == pytest.approx(452_589 - 475_645, abs=1)
    for down in (0, 0.3, 1):
        for up in (0, 0.6, 1):
            a = pre[1].low + down * (pre[1].high - pre[1].low)
            b = post[1].low + up * (post[1].high - post[1].low)
            change = average_change(groups, Paired(groups.codes, (pre[0], a), (post[0], b)))
            for name, got in (
                ("total", change.total),
                ("within", change.within_total),
                ("composition", change.composition_total),
            ):
                bound = getattr(bounds, name)
                assert bound.low - 1e-6 <= got <= bound.high + 1e-6
    assert bounds.total.high - bounds.total.low == pytest.approx(1e6 / 1047 + 1e6 / 1487, rel=1e-9)


def test_growth_is_number_times_average(amounts):
    parts = growth_parts(738, 1009, amounts.pre_total, amounts.post_total)
    assert parts.number * parts.average.value == pytest.approx(parts.amount.value, rel=1e-14)
    assert parts.amount.value == pytest.approx(1.2777, abs=5e-5)


def test_growth_parts_carry_rounding(amounts):
    region = growth_parts(1047, 1487, Interval.rounded(498e6, 1e6), Interval.rounded(673e6, 1e6))
    # Facts, B3: 452 589 / 475 645, and from the rounding 452 253 / 476 122, 452 925 / 475 167.
    expected = 452_589 / 475_645, 452_253 / 476_122, 452_925 / 475_167
    got = region.average.value, region.average.low, region.average.high
    assert got == pytest.approx(expected, rel=2e-6)


def test_refuses(loans, amounts):
    no_loans = Paired(("a", "b"), (0, 3), (2, 6))
    with pytest.raises(InputError, match="a has a year without loans"):
        average_change(no_loans, Paired(("a", "b"), (1, 3), (2, 6)))
    with pytest.raises(InputError, match="not of the same municipalities"):
        average_change(loans, amounts.without(["1601"]))
    with pytest.raises(InputError, match="loans above zero"):
        growth_parts(0, 5, 1, 2)
