"""A printed rate per 1 000 turned back into the whole numbers it can have come from.

SSB prints the rate r to d decimals, so the count n lies in
(r - h) N / 1000 <= n <= (r + h) N / 1000, h = 10^-d / 2, N the population; both ends are kept,
as nothing says how halves are rounded.  Exact arithmetic: no end is lost to a binary fraction.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

PER = 1000


@dataclass(frozen=True)
class Count:
    """A count known to an interval.

    Parameters
    ----------
    value
        The whole number nearest to rate times population, within the interval.
    low, high
        Smallest and largest whole number that the printed rate allows.
    fits
        Whether a whole number lies in the interval; where not, the denominator is not the one SSB
        divided by, and `low` and `high` are the whole numbers on either side.
    """

    value: int
    low: int
    high: int
    fits: bool


def count(
    rate: float | int, decimals: int, population: Fraction | int, spread: Fraction = Fraction(0)
) -> Count:
    """Turn a rate per 1 000 inhabitants into a count.

    Parameters
    ----------
    rate
        As printed, per 1 000.
    decimals
        Decimals SSB prints.
    population
        Inhabitants, the rate's denominator.
    spread
        Relative uncertainty of the population: it lies within population * (1 -+ spread).

    Raises
    ------
    ValueError
        A negative rate, population or spread.
    """
    printed, people = Fraction(str(rate)), Fraction(population)
    if printed < 0 or people < 0 or spread < 0 or decimals < 0:
        raise ValueError("a rate, a population and their uncertainty cannot be negative")
    half = Fraction(1, 2 * 10**decimals)
    least = max(printed - half, Fraction(0)) * people * (1 - min(spread, Fraction(1))) / PER
    most = (printed + half) * people * (1 + spread) / PER
    low, high = math.ceil(least), math.floor(most)
    fits = low <= high
    if not fits:
        low, high = high, low
    return Count(min(max(round(printed * people / PER), low), high), low, high, fits)
