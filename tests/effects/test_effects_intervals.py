import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.effects.intervals import Interval
from bsup_analysis.errors import InputError

NUMBERS = st.floats(-1e9, 1e9)


@st.composite
def interval_and_member(draw):
    low, value, high = sorted(draw(st.lists(NUMBERS, min_size=3, max_size=3)))
    return Interval(value, low, high), draw(st.floats(low, high))


@given(
    interval_and_member(),
    interval_and_member(),
    st.sampled_from([operator.add, operator.sub, operator.mul]),
)
def test_holds_every_result_of_its_members(one, other, operation):
    """Rounding of floats is monotone, so this holds without any tolerance."""
    assert operation(one[1], other[1]) in operation(one[0], other[0])
    assert operation(one[1], other[1]) in operation(one[0], Interval.exact(other[1]))
    assert operation(one[1], other[1]) in operation(one[1], other[0])


@given(interval_and_member(), st.floats(1e-3, 1e6), st.floats(0, 1e6))
def test_division_holds_every_quotient(one, low, width):
    divisor = Interval(low, low, low + width)
    for member in (low, low + width, low + width / 3):
        assert one[1] / member in one[0] / divisor
        assert one[1] / -member in one[0] / -divisor


def test_bounds_are_attained():
    quotient = Interval.rounded(673, 1) / Interval.rounded(498, 1)
    assert quotient == Interval(673 / 498, 672.5 / 498.5, 673.5 / 497.5)
    assert Interval.rounded(498, 1).growth_to(Interval.rounded(673, 1)) == quotient


def test_exact_numbers_stay_exact():
    exact = (Interval.exact(7) * 3 - 1) / 4
    assert exact.low == exact.value == exact.high == 5
    assert 2 - Interval.exact(5) == Interval.exact(-3)
    assert 10 / Interval(4, 2, 5) == Interval(2.5, 2, 5)
    assert 1 + Interval(4, 2, 5) == Interval(5, 3, 6)


def test_refuses():
    with pytest.raises(InputError, match="does not lie between"):
        Interval(1, 2, 3)
    with pytest.raises(InputError, match="does not lie between"):
        Interval(float("nan"), 0, 1)
    with pytest.raises(InputError, match="can be zero"):
        1 / Interval(0.5, -1, 1)
    with pytest.raises(InputError, match="unit must be above zero"):
        Interval.rounded(5, 0)
