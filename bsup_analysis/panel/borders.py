"""Municipal borders through time: which municipalities of one year make up a code of another.

Mergers map: the parts add up to the whole.  Splits and moved pieces refuse: how a number is to
be divided is somebody's decision, never the code's.
"""

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
        changed = pd.to_datetime(self.changes["change_date"])
        start, end = sorted([pd.Timestamp(year, 1, 1), pd.Timestamp(self.reference_year, 1, 1)])
        between = self.changes[(changed > start) & (changed <= end)]
        forward = year < self.reference_year
        here, there = (
            ("predecessor_code", "successor_code")
            if forward
            else ("successor_code", "predecessor_code")
        )
        steps = between.sort_values("change_date", ascending=forward, kind="stable")
        units = {code}
        for _, step in steps.groupby("change_date", sort=False):
            touched = step[step[here].isin(units)]
            refused = touched[touched["kind"].isin(["split", "partial"])]
            if not refused.empty:
                raise InputError(
                    f"municipality {code} in {year}: its area was divided on"
                    f" {refused['change_date'].iloc[0]}; decide how its numbers are to be shared"
                    " and give them in the borders of the reference year."
                )
            units = (units - set(touched[here])) | set(touched[there])
        if not units <= self.codes:
            raise InputError(
                f"municipality code {code} is not known in the region in {year};"
                " correct the code or add the change to municipality_changes."
            )
        return tuple(sorted(units))
