"""Municipal borders through time: which municipalities of one year make up a code of another.

Mergers map: the parts add up to the whole.  Splits and moved pieces refuse: how a number is to
be divided is somebody's decision, never the code's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.errors import InputError


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

    def _steps(self, first: int, last: int) -> Iterator[tuple[str, pd.DataFrame]]:
        """Go through the changes between two New Year's Days, in the direction of travel."""
        changed = pd.to_datetime(self.changes["change_date"])
        start, end = sorted([pd.Timestamp(first, 1, 1), pd.Timestamp(last, 1, 1)])
        between = self.changes[(changed > start) & (changed <= end)]
        steps = between.sort_values("change_date", ascending=first < last, kind="stable")
        for date, step in steps.groupby("change_date", sort=False):
            yield str(date), step

    def codes_in(self, year: int) -> frozenset[str]:
        """Find the codes in force on 1 January of `year`.

        A municipality that gives away a piece goes on; any other predecessor ends, unless it is
        its own successor.
        """
        forward = self.reference_year < year
        gone, come = _columns(forward)
        codes = set(self.codes)
        for _, step in self._steps(self.reference_year, year):
            whole = step[step["kind"] != "partial"]
            codes = (codes - set(whole[gone])) | set(whole[come])
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
        here, there = _columns(year < self.reference_year)
        units = {code}
        for date, step in self._steps(year, self.reference_year):
            touched = step[step[here].isin(units)]
            # a moved piece changes the area of the one who gives as well as of the one who gets
            moved = step[(step["kind"] == "partial") & step[there].isin(units)]
            if touched["kind"].isin(["split", "partial"]).any() or not moved.empty:
                raise InputError(
                    f"municipality {code} in {year}: its area was divided on"
                    f" {date}; decide how its numbers are to be shared"
                    " and give them in the borders of the reference year."
                )
            units = (units - set(touched[here])) | set(touched[there])
        if not units <= self.codes:
            raise InputError(
                f"municipality code {code} is not known in the region in {year};"
                " correct the code or add the change to municipality_changes."
            )
        return tuple(sorted(units))


def _columns(forward: bool) -> tuple[str, str]:
    """Name the columns of a step's start and end, in the direction of travel."""
    columns = ("predecessor_code", "successor_code")
    return columns if forward else (columns[1], columns[0])
