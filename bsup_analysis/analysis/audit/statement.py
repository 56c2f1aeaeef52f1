"""A printed statement, what a recomputation finds about it, and when the two agree.

A value may be known as an interval, for example where its inputs are printed in whole millions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from bsup_analysis.errors import InputError

REPRODUCED = "reproduced"
WITHIN_ROUNDING = "within_rounding"
CONTRADICTED = "contradicted"
UNDEFINED = "undefined"
UNRECOVERABLE = "unrecoverable"
STATUSES = (REPRODUCED, WITHIN_ROUNDING, CONTRADICTED, UNDEFINED, UNRECOVERABLE)
# kinds of rows that are no claims of the document: counted by us, or not about the programme
NO_CLAIM = ("derived", "artefact")
MILLION = 1e6


@dataclass(frozen=True)
class Finding:
    """What a check finds.

    Parameters
    ----------
    status
        One of `STATUSES`.
    reason
        Name of the sentence that explains the status; its words are not the audit's business.
    recomputed
        In the statement's unit: a number, an ISO date, `low/high` for an interval, several parted
        by semicolons where sources differ; empty where nothing can be recomputed.
    details
        What the sentence tells, by name; a name ends in its unit (`_year`, `_share`, `_change`,
        `_names`, `_years`), and is a count or NOK otherwise.
    """

    status: str
    reason: str
    recomputed: str = ""
    details: Mapping[str, float | str | list[str] | list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """One printed statement, as its row in `programme_statements` tells it."""

    identifier: str
    page: int
    printed: str
    comparison: str
    check: str
    arguments: Mapping[str, str]

    @classmethod
    def from_row(cls, row: pd.Series) -> "Statement":
        """Read a row; `check_argument` is `key=value` pairs parted by semicolons."""
        pairs = "" if pd.isna(row["check_argument"]) else row["check_argument"]
        printed = "" if pd.isna(row["printed_value"]) else row["printed_value"]
        return cls(
            identifier=row["statement_id"],
            page=int(row["page"]),
            printed=printed,
            comparison=row["comparison"],
            check=row["check"],
            arguments=dict(pair.split("=", 1) for pair in pairs.split(";") if pair),
        )

    @property
    def number(self) -> float:
        """The printed value as a number.

        Raises
        ------
        InputError
            It is not one.
        """
        try:
            return float(self.printed)
        except ValueError:
            raise InputError(
                f"check {self.check} needs a number, but printed_value is {self.printed!r}."
            ) from None

    def argument(self, name: str) -> str:
        """Give an argument of the check.

        Raises
        ------
        InputError
            The row does not have it.
        """
        if name not in self.arguments:
            raise InputError(f"check {self.check} needs {name}= in check_argument.")
        return self.arguments[name]

    def whole(self, name: str) -> int:
        """Give an argument that is a whole number: a year, a page, a count.

        Raises
        ------
        InputError
            The row does not have it, or it is not a whole number.
        """
        value = self.argument(name)
        if not value.isdecimal():
            raise InputError(f"{name} in check_argument is a whole number, not {value!r}.")
        return int(value)

    @property
    def year(self) -> int:
        """The argument `year`."""
        return self.whole("year")

    def years(self, name: str = "plausible_years") -> list[int]:
        """Give an argument that is a span of years, `first-last`, as the years in it.

        Raises
        ------
        InputError
            The row does not have it, or it is not a span.
        """
        first, dash, last = self.argument(name).partition("-")
        if not (dash and first.isdecimal() and last.isdecimal() and first <= last):
            raise InputError(
                f"{name} in check_argument is first-last, not {first + dash + last!r}."
            )
        return list(range(int(first), int(last) + 1))

    def against(
        self,
        reason: str,
        low: float,
        high: float | None = None,
        **details: float | str | list[str] | list[int],
    ) -> Finding:
        """Compare the printed number with a computed one, or with the interval it lies in."""
        ends = low, low if high is None else high
        status = compare(self.comparison, self.number, *ends)
        return Finding(status, reason, interval(*ends), details)


def written(value: float) -> str:
    """Write a number as the tables do: no thousands mark, at most ten digits."""
    return f"{value:.10g}"


def interval(low: float, high: float) -> str:
    """Write an interval as the tables do, or a number where both ends are the same."""
    return written(low) if low == high else f"{written(low)}/{written(high)}"


def held(holds: bool) -> str:
    """Give the status of what is printed and either holds or does not."""
    return REPRODUCED if holds else CONTRADICTED


def agreed(agreeing: Sequence[bool]) -> str:
    """Give the status of what can be read in several ways: it is undefined where they differ."""
    return REPRODUCED if all(agreeing) else UNDEFINED if any(agreeing) else CONTRADICTED


def last_digit_unit(printed: float) -> int:
    """Give the unit of the last digit that is not zero: 12500 is printed in hundreds."""
    unit = 1
    while printed and printed % (unit * 10) == 0:
        unit *= 10
    return unit


def _a_little(side: int, printed: float, low: float, high: float) -> str:
    """Compare with "a little over" (side 1) or "a little under" (side -1).

    How near is not defined: a value on the right side that rounds to the printed one, or an
    interval that reaches it from there, is near enough; one farther away is undefined.
    """
    nearest, farthest = (low, high) if side > 0 else (high, low)
    if side * (farthest - printed) <= 0:
        return CONTRADICTED
    near = side * (nearest - printed) <= last_digit_unit(printed) / 2
    return WITHIN_ROUNDING if near else UNDEFINED


def compare(comparison: str, printed: float, low: float, high: float | None = None) -> str:
    """Give the status of a printed value whose recomputed value lies from `low` to `high`.

    Parameters
    ----------
    comparison
        How the printed value is meant: `equal`, `more_than`, `at_most`, `a_little_over`,
        `a_little_under`, `whole_million` or `whole_percent`.
    printed, low, high
        In the same unit; `high` is `low` where it is left out.

    Raises
    ------
    InputError
        No rule is known for the comparison.
    """
    high = low if high is None else high
    little = {"a_little_over": 1, "a_little_under": -1}
    if comparison in little:
        return _a_little(little[comparison], printed, low, high)
    same = low == high == printed
    # whether it agrees wherever the value lies, and whether it may
    rules = {
        "equal": (same, low <= printed <= high),
        "more_than": (low > printed, high > printed),
        "at_most": (high <= printed, low <= printed),
        # rounded, or cut off: the document does both
        "whole_million": (same, high >= printed - MILLION / 2 and low < printed + MILLION),
        "whole_percent": (same, high >= printed - 0.5 and low <= printed + 0.5),
    }
    if comparison not in rules:
        known = ", ".join((*rules, *little))
        raise InputError(f"no rule for comparison {comparison!r}; there are: {known}.")
    surely, possibly = rules[comparison]
    return REPRODUCED if surely else WITHIN_ROUNDING if possibly else CONTRADICTED
