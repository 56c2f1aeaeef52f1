"""When a recomputed value agrees with a printed one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.analysis.audit.statement import compare, last_digit_unit
from bsup_analysis.errors import InputError

AMOUNTS = st.integers(1_000_000, 10**10)


@pytest.mark.parametrize(
    ("comparison", "printed", "low", "high", "status"),
    [
        ("equal", 53, 53, 53, "reproduced"),
        ("equal", 36, 53, 53, "contradicted"),
        ("equal", 46, 45, 46, "within_rounding"),
        ("more_than", 680_000, 680_110, 680_110, "reproduced"),
        ("more_than", 680_000, 680_000, 680_000, "contradicted"),
        ("more_than", 680_000, 679_000, 681_000, "within_rounding"),
        ("at_most", 500_000, 475_167, 476_122, "reproduced"),
        ("at_most", 500_000, 500_000, 500_000, "reproduced"),
        ("at_most", 500_000, 499_000, 501_000, "within_rounding"),
        ("at_most", 500_000, 500_001, 500_001, "contradicted"),
        ("a_little_over", 500, 542, 542, "within_rounding"),
        ("a_little_over", 500, 551, 551, "undefined"),
        ("a_little_over", 500, 500, 500, "contradicted"),
        ("a_little_over", 500, 499, 499, "contradicted"),
        ("a_little_under", 12_500, 12_457, 12_457, "within_rounding"),
        ("a_little_under", 12_500, 12_388, 12_388, "undefined"),
        ("a_little_under", 12_500, 12_550, 12_550, "contradicted"),
        ("a_little_under", 792_000, 771_739, 804_348, "within_rounding"),
        ("a_little_under", 792_000, 792_000, 804_348, "contradicted"),
        ("whole_million", 36e6, 36e6, 36e6, "reproduced"),
        ("whole_million", 36e6, 36_797_400, 36_797_400, "within_rounding"),
        ("whole_million", 37e6, 36_797_400, 36_797_400, "within_rounding"),
        ("whole_million", 36e6, 37e6, 37e6, "contradicted"),
        ("whole_million", 36e6, 35_499_999, 35_499_999, "contradicted"),
        ("whole_percent", 64, 63.908, 63.908, "within_rounding"),
        ("whole_percent", 64, 64.6, 64.6, "contradicted"),
        ("whole_percent", 20, 20, 20, "reproduced"),
        ("whole_percent", 79, 79.6, 80.2, "contradicted"),
        ("whole_percent", 79, 79.4, 79.6, "within_rounding"),
    ],
)
def test_status(comparison: str, printed: float, low: float, high: float, status: str) -> None:
    assert compare(comparison, printed, low, high) == status


@given(AMOUNTS)
def test_a_rounded_or_cut_off_amount_is_never_contradicted(amount: int) -> None:
    for printed in (math.floor(amount / 1e6) * 1e6, math.floor(amount / 1e6 + 0.5) * 1e6):
        assert compare("whole_million", printed, amount) in {"reproduced", "within_rounding"}
    assert compare("whole_million", math.floor(amount / 1e6) * 1e6 - 1e6, amount) == "contradicted"


@given(AMOUNTS, AMOUNTS, st.sampled_from(["equal", "more_than", "at_most", "whole_million"]))
def test_a_value_and_its_interval_of_no_width_are_judged_alike(
    printed: int, value: int, comparison: str
) -> None:
    assert compare(comparison, printed, value) == compare(comparison, printed, value, value)


@given(AMOUNTS, AMOUNTS)
def test_more_than_and_at_most_are_opposites(printed: int, value: int) -> None:
    held = [compare(name, printed, value) == "reproduced" for name in ("more_than", "at_most")]
    assert sum(held) == 1


@pytest.mark.parametrize(
    ("printed", "unit"), [(12_500, 100), (500, 100), (792_000, 1000), (53, 1), (0, 1)]
)
def test_the_last_digit_that_is_not_zero_gives_the_unit(printed: int, unit: int) -> None:
    assert last_digit_unit(printed) == unit


def test_an_unknown_comparison_is_refused() -> None:
    with pytest.raises(InputError, match="no rule for comparison 'roughly'"):
        compare("roughly", 1, 1)
