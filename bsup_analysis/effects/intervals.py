"""Closed intervals: what rounding leaves open, carried through arithmetic without noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

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

    def __sub__(self, other: float | Interval) -> Interval:
        return self + -Interval.exact(other)

    def __mul__(self, other: float | Interval) -> Interval:
        factor = Interval.exact(other)
        ends = [a * b for a in (self.low, self.high) for b in (factor.low, factor.high)]
        return Interval(self.value * factor.value, min(ends), max(ends))

    def __truediv__(self, other: float | Interval) -> Interval:
        divisor = Interval.exact(other)
        if 0 in divisor:
            raise InputError(
                f"A quantity between {divisor.low} and {divisor.high} can be zero: "
                "nothing is divided by it."
            )
        ends = [a / b for a in (self.low, self.high) for b in (divisor.low, divisor.high)]
        return Interval(self.value / divisor.value, min(ends), max(ends))

    def __radd__(self, other: float) -> Interval:
        return self + other

    def __rsub__(self, other: float) -> Interval:
        return Interval.exact(other) - self

    def __rmul__(self, other: float) -> Interval:
        return self * other

    def __rtruediv__(self, other: float) -> Interval:
        return Interval.exact(other) / self

    def growth_to(self, later: float | Interval) -> Interval:
        """Return the later quantity divided by this one."""
        return Interval.exact(later) / self
