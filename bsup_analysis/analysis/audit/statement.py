"""A printed statement, and what a recomputation finds about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from bsup_analysis.errors import InputError

REPRODUCED = "reproduced"
WITHIN_ROUNDING = "within_rounding"
CONTRADICTED = "contradicted"
UNDEFINED = "undefined"
UNRECOVERABLE = "unrecoverable"
STATUSES = (REPRODUCED, WITHIN_ROUNDING, CONTRADICTED, UNDEFINED, UNRECOVERABLE)


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
    details: Mapping[str, float | str | list[str]] = field(default_factory=dict)


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


def written(value: float) -> str:
    """Write a number as the tables do: no thousands mark, at most ten digits."""
    return f"{value:.10g}"


def interval(low: float, high: float) -> str:
    """Write an interval as the tables do, or a number where both ends are the same."""
    return written(low) if low == high else f"{written(low)}/{written(high)}"
