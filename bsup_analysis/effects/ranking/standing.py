"""When a unit may be told from the median: the one place where that is decided."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Standing = Literal["above", "below", "undecided"]


def standings(low: npt.ArrayLike, high: npt.ArrayLike, median: float) -> tuple[Standing, ...]:
    """Tell for each unit on which side of the median its whole interval lies, if on one.

    A unit whose interval touches or covers the median is `undecided`, however far away its
    estimate lies; nothing else in the project says of a unit that it is high or low.

    Parameters
    ----------
    low, high
        Ends of each unit's interval, (units,).
    median
        What it is held against, in the same unit.
    """
    pairs = zip(np.atleast_1d(low).tolist(), np.atleast_1d(high).tolist(), strict=True)
    return tuple(
        "above" if bottom > median else "below" if top < median else "undecided"
        for bottom, top in pairs
    )
