"""Municipal borders through time: which municipalities of one year make up a code of another.

Mergers map: the parts add up to the whole.  Splits and moved pieces refuse: how a number is to
be divided is somebody's decision, never the code's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import pandas as pd

from bsup_analysis.errors import InputError

REFERENCE_YEAR = 2009


class Change(NamedTuple):
    """A change seen in the direction of travel, backwards or forwards in time."""

    kind: str
    here: str
    there: str


@dataclass(frozen=True)
class Borders:
    """The municipalities of one reference date and the changes around it.

    Parameters
    ----------
    reference_year
        Borders on 1 January of this year are meant.
    codes
        Municipality codes on that date.
    changes
        Columns `change_date` (ISO date), `kind`, `predecessor_code`, `successor_code`.
    """

    reference_year: int
    codes: frozenset[str]
    changes: pd.DataFrame

    @cached_property
    def _dated(self) -> tuple[tuple[str, str, str, str], ...]:
        """List the changes as date, kind, predecessor and successor, oldest first."""
        columns = ["change_date", "kind", "predecessor_code", "successor_code"]
        rows = self.changes[columns].sort_values("change_date", kind="stable")
        return tuple(rows.itertuples(index=False, name=None))

    def _steps(self, first: int, last: int) -> Iterator[tuple[str, list[Change]]]:
        """Go through the changes between two New Year's Days, in the direction of travel."""
        forward = first < last
        start, end = (f"{year:04d}-01-01" for year in sorted((first, last)))
        between = [row for row in self._dated if start < row[0] <= end]
        for date, step in groupby(between if forward else between[::-1], key=lambda row: row[0]):
            yield (
                date,
                [
                    Change(kind, *((before, after) if forward else (after, before)))
                    for _, kind, before, after in step
                ],
            )

    def codes_in(self, year: int) -> frozenset[str]:
        """Find the codes in force on 1 January of `year`.

        A municipality that gives away a piece goes on; any other predecessor ends, unless it is
        its own successor.
        """
        codes = set(self.codes)
        for _, step in self._steps(self.reference_year, year):
            whole = [change for change in step if change.kind != "partial"]
            codes = (codes - {c.here for c in whole}) | {c.there for c in whole}
        return frozenset(codes)

    def units(self, code: str, year: int) -> tuple[str, ...]:
        """Find the reference municipalities that a code on 1 January of `year` stands for.

        Parameters
        ----------
        code
            Four-digit municipality code.
        year
            The year on whose 1 January the code was in use.

        Returns
        -------
        tuple of str
            One code where the municipality is, or became part of, a reference municipality;
            several where it is a later merger of them.

        Raises
        ------
        InputError
            The code is not known in that year, or a split or a moved piece lies between.
        """
        units = {code}
        for date, step in self._steps(year, self.reference_year):
            touched = [change for change in step if change.here in units]
            # a moved piece changes the area of the one who gives as well as of the one who gets
            moved = any(c.kind == "partial" and c.there in units for c in step)
            if moved or any(change.kind in ("split", "partial") for change in touched):
                raise InputError(
                    f"municipality {code} in {year}: its area was divided on"
                    f" {date}; decide how its numbers are to be shared"
                    " and give them in the borders of the reference year."
                )
            units = (units - {c.here for c in touched}) | {c.there for c in touched}
        if not units <= self.codes:
            raise InputError(
                f"municipality code {code} is not known in the region in {year};"
                " correct the code or add the change to municipality_changes."
            )
        return tuple(sorted(units))
