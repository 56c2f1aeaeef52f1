"""Events in units that differ in size: the form in which units are ranked."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bsup_analysis.errors import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Events and exposure of units to be ranked.

    Attributes
    ----------
    codes
        Municipality codes, each once.
    events
        Whole numbers of zero or more, such as loans in a year.
    exposure
        What the events are set against, above zero, such as inhabitants.

    Raises
    ------
    InputError
        Fewer than two units, a code twice, a value that is no count, an exposure that is not
        above zero, or no event anywhere.
    """

    codes: tuple[str, ...]
    events: tuple[int, ...]
    exposure: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.codes) == len(self.events) == len(self.exposure):
            raise InputError("Codes, events and exposures differ in number.")
        if len(self.codes) < 2:
            raise InputError(f"A ranking needs two municipalities at least, not {len(self.codes)}.")
        seen: set[str] = set()
        for code, events, exposure in zip(self.codes, self.events, self.exposure, strict=True):
            if code in seen:
                raise InputError(f"Municipality {code} stands twice: keep one row for it.")
            seen.add(code)
            if not (math.isfinite(events) and events >= 0 and float(events).is_integer()):
                raise InputError(
                    f"Municipality {code} has {events} events: a whole number of zero or more is "
                    "needed; leave out what is unknown."
                )
            if not (math.isfinite(exposure) and exposure > 0):
                raise InputError(
                    f"Municipality {code} has an exposure of {exposure}: without any there is no "
                    "rate; leave it out."
                )
        if not any(self.events):
            raise InputError("No municipality has any event, so there is nothing to rank.")

    @property
    def rates(self) -> Floats:
        """Events divided by exposure, (units,)."""
        return np.array(self.events, float) / np.array(self.exposure, float)

    @property
    def pooled_rate(self) -> float:
        """All events divided by all exposure."""
        return sum(self.events) / math.fsum(self.exposure)


def counts_of_year(panel: pd.DataFrame, events: str, exposure: str, year: int) -> Counts:
    """Take one year of a municipality-year table; municipalities with unknown events are left out.

    Parameters
    ----------
    panel
        Columns `municipality_code`, `year`, `events` and `exposure`.
    events, exposure
        Columns to take.
    year
        Calendar year.

    Returns
    -------
    Counts
        Sorted by municipality code.
    """
    rows = panel[(panel["year"] == year) & panel[events].notna()].sort_values("municipality_code")
    return Counts(
        tuple(rows["municipality_code"].astype(str)),
        tuple(int(value) for value in rows[events]),
        tuple(0.0 if pd.isna(value) else float(value) for value in rows[exposure]),
    )
