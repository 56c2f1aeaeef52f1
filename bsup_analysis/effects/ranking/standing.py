"""When a unit may be told from the median: the one place where that is decided."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Standing = Literal["above", "below", "undecided"]


@dataclass(frozen=True)
class Evidence:
    """What is known of each unit against the median.

    Attributes
    ----------
    low, high
        Interval of each unit's value, (units,).
    median
        The median unit's value, in the same unit.
    first, last
        Interval of each unit's place, 1 the highest, (units,).
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    median: float
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Tell on which side of the median each unit lies, if on one.

        Both intervals must lie wholly on that side: the value's on one side of the median value,
        and the place's on one side of the middle place.  The second also carries that the median
        itself is not known exactly.  A unit of which either interval touches or covers the median
        is `undecided`, however far away its estimate lies.
        """
        middle = (len(self.low) + 1) / 2
        above = (self.low > self.median) & (self.last < middle)
        below = (self.high < self.median) & (self.first > middle)
        return tuple(
            "above" if up else "below" if down else "undecided"
            for up, down in zip(above.tolist(), below.tolist(), strict=True)
        )
