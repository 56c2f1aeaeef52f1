"""Rates per 1 000 turned back into counts."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsup_analysis.statbank.fetch import count, denominators


def printed(n: int, population: int, decimals: int, up: bool) -> float:
    """Print n per 1 000, exactly rounded, with halves up or to even."""
    scaled = Fraction(n * 1000, population) * 10**decimals
    whole = int(scaled + Fraction(1, 2)) if up else round(scaled)
    return float(Fraction(whole, 10**decimals))


@settings(deadline=None)
@given(st.integers(0, 2000), st.integers(1, 200_000), st.integers(0, 4), st.booleans(), st.data())
def test_the_true_count_is_within_the_bounds(
    n: int, population: int, decimals: int, up: bool, data: st.DataObject
) -> None:
    found = count(printed(n, population, decimals, up), decimals, population)
    assert found.fits
    assert found.low <= n <= found.high
    assert found.low <= found.value <= found.high
    # no wider than rounding allows: an interval of N / 10^(3+d), ends included
    assert found.high - found.low <= population / 10 ** (3 + decimals)
    # and every count in it can be printed as this rate
    other = data.draw(st.integers(found.low, found.high))
    half = Fraction(1, 2 * 10**decimals)
    rate = Fraction(str(printed(n, population, decimals, up)))
    assert abs(Fraction(other * 1000, population) - rate) <= half


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(200, 200_000), st.integers(-50, 50))
def test_an_uncertain_population_widens_the_bounds_enough(
    n: int, guess: int, promille: int
) -> None:
    true = guess + int(guess * promille / 1000)  # towards the guess: within 5 per cent
    found = count(printed(n, true, 1, True), 1, guess, Fraction(5, 100))
    assert found.low <= n <= found.high


@pytest.mark.parametrize(
    ("rate", "decimals", "population", "expected"),
    [
        # by hand: Røros 2009, 8 per 5 604 inhabitants is 1.4276, printed 1.4
        (1.4, 1, 5604, (8, 8, 8)),
        (1.43, 2, 5604, (8, 8, 8)),
        # Trondheim: 0.05 per 1 000 of 170 000 is 8.5 dwellings either way
        (1.7, 1, 170_000, (289, 281, 297)),
        # nothing printed may still be some
        (0.0, 1, 20_000, (0, 0, 1)),
        (0, 0, 1000, (0, 0, 0)),
    ],
)
def test_counts_by_hand(
    rate: float, decimals: int, population: int, expected: tuple[int, int, int]
) -> None:
    found = count(rate, decimals, population)
    assert (found.value, found.low, found.high) == expected


def test_a_rate_that_no_whole_number_gives_says_so() -> None:
    found = count(1.5, 1, 1000)  # 1.45 to 1.55 of 1 000: no whole number
    assert (found.fits, found.low, found.high) == (False, 1, 2)


def test_negative_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        count(-0.1, 1, 1000)


def test_the_day_of_a_merger_has_last_year_s_population_as_denominator() -> None:
    table = pd.DataFrame(
        [
            ("1503", 2007, 17_000), ("1556", 2007, 5_000), ("1505", 2008, 22_000),
            ("1502", 2007, 20_000), ("1502", 2008, 20_400),
        ],
        columns=["municipality_code", "year", "population"],
    )  # fmt: skip
    found = denominators(table)
    assert (found["1502", 2007].people, found["1502", 2007].spread) == (20_400, 0)
    assert (found["1503", 2007].people, found["1503", 2007].spread) == (17_000, Fraction(2, 100))
    assert found["1556", 2007].note == (
        "merged on 1 January 2008: population of 1 January 2007 as denominator, -+2.0 %"
    )
    # of 2008 there is no next 1 January at all: nothing is made up
    assert not any(year == 2008 for _, year in found)


def test_an_unknown_population_is_no_merger() -> None:
    table = pd.DataFrame(
        [
            ("1503", 2007, 17_000), ("1503", 2008, None),
            ("1502", 2007, 20_000), ("1502", 2008, 20_400),
        ],
        columns=["municipality_code", "year", "population"],
    )  # fmt: skip
    found = denominators(table.astype({"population": "Int64"}))
    assert ("1503", 2007) not in found
    assert found["1502", 2007].people == 20_400
