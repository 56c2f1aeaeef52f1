"""When a recomputed value agrees with a printed one, for each way a value can be printed.

A value may be known as an interval, for example where its inputs are printed in whole millions.
"""

import math
from collections.abc import Callable

from bsup_analysis.analysis.audit.statement import (
    CONTRADICTED,
    REPRODUCED,
    UNDEFINED,
    WITHIN_ROUNDING,
)
from bsup_analysis.errors import InputError

MILLION = 1e6


def last_digit_unit(printed: float) -> int:
    """Give the unit of the last digit that is not zero: 12500 is printed in hundreds."""
    unit = 1
    while printed and printed % (unit * 10) == 0:
        unit *= 10
    return unit


def rounds_to(value: float, printed: float, unit: float) -> bool:
    """Tell whether `value` is `printed` once rounded to `unit`, halves either way."""
    return abs(value - printed) <= unit / 2


def cut_off_to(value: float, printed: float, unit: float) -> bool:
    """Tell whether `value` is `printed` once its digits below `unit` are dropped."""
    return math.floor(value / unit) * unit == printed


def _equal(printed: float, low: float, high: float) -> str:
    if low == high == printed:
        return REPRODUCED
    return WITHIN_ROUNDING if low <= printed <= high and low < high else CONTRADICTED


def _more_than(printed: float, low: float, high: float) -> str:
    if low > printed:
        return REPRODUCED
    return WITHIN_ROUNDING if high > printed else CONTRADICTED


def _at_most(printed: float, low: float, high: float) -> str:
    if high <= printed:
        return REPRODUCED
    return WITHIN_ROUNDING if low <= printed else CONTRADICTED


def _a_little(side: int) -> Callable[[float, float, float], str]:
    """Compare with "a little over" (side 1) or "a little under" (side -1).

    How near is not defined: a value on the right side that rounds to the printed one, or an
    interval that reaches it from there, is near enough; one farther away is undefined.
    """

    def compare(printed: float, low: float, high: float) -> str:
        nearest, farthest = (low, high) if side > 0 else (high, low)
        if side * (farthest - printed) <= 0:
            return CONTRADICTED
        reached = side * (nearest - printed) <= 0 or rounds_to(
            nearest, printed, last_digit_unit(printed)
        )
        return WITHIN_ROUNDING if reached else UNDEFINED

    return compare


def _whole_million(printed: float, low: float, high: float) -> str:
    if low == high == printed:
        return REPRODUCED
    # rounded, or cut off: the document does both
    near = high >= printed - MILLION / 2 and low < printed + MILLION
    return WITHIN_ROUNDING if near else CONTRADICTED


def _whole_percent(printed: float, low: float, high: float) -> str:
    if low == high == printed:
        return REPRODUCED
    near = high >= printed - 0.5 and low <= printed + 0.5
    return WITHIN_ROUNDING if near else CONTRADICTED


COMPARISONS: dict[str, Callable[[float, float, float], str]] = {
    "equal": _equal,
    "more_than": _more_than,
    "at_most": _at_most,
    "a_little_over": _a_little(1),
    "a_little_under": _a_little(-1),
    "whole_million": _whole_million,
    "whole_percent": _whole_percent,
}


def compare(comparison: str, printed: float, low: float, high: float | None = None) -> str:
    """Give the status of a printed value whose recomputed value lies from `low` to `high`.

    Parameters
    ----------
    comparison
        How the printed value is meant, one of `COMPARISONS`.
    printed, low, high
        In the same unit; `high` is `low` where it is left out.

    Raises
    ------
    InputError
        No rule is known for the comparison.
    """
    if comparison not in COMPARISONS:
        raise InputError(
            f"no rule for comparison {comparison!r}; there are: {', '.join(COMPARISONS)}."
        )
    return COMPARISONS[comparison](printed, low, low if high is None else high)
