"""The four totals of two groups in two states: what every group contrast is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class GroupTotals:
    """The four totals a contrast of two groups rests on, each above zero.

    Attributes
    ----------
    priority_pre, priority_post, other_pre, other_post
        Loans (or NOK) of the group, summed over the untreated (`pre`) or treated (`post`) years.
    """

    priority_pre: float
    priority_post: float
    other_pre: float
    other_post: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value > 0):
                group, period = field.name.split("_")
                span = "untreated" if period == "pre" else "treated"
                raise InputError(
                    f"The {group} group has {value} in the {span} years: a ratio of growth "
                    "needs totals above zero."
                )

    @property
    def priority_growth(self) -> float:
        """Treated-year total of the priority group divided by its untreated-year total."""
        return self.priority_post / self.priority_pre

    @property
    def other_growth(self) -> float:
        """Treated-year total of the others divided by their untreated-year total."""
        return self.other_post / self.other_pre

    @property
    def log_ratio(self) -> float:
        """Log of the ratio of the two growths."""
        return math.log(self.priority_growth) - math.log(self.other_growth)

    @property
    def ratio(self) -> float:
        """Growth of the priority group divided by growth of the others."""
        return self.priority_growth / self.other_growth

    @property
    def priority_half(self) -> float:
        """The priority group's part of the Poisson variance of the log ratio."""
        return 1 / self.priority_pre + 1 / self.priority_post

    @property
    def other_half(self) -> float:
        """The others' part of the Poisson variance of the log ratio."""
        return 1 / self.other_pre + 1 / self.other_post
