"""Difference-in-differences of two groups from their yearly totals.

With municipality and year effects and no covariate that varies inside a group, the Poisson
maximum-likelihood estimate and its model-based standard error for all municipalities are
functions of the group-year totals alone (`METHODS.md`, published level, section 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

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


GROUPS = ("priority", "other")


@dataclass(frozen=True)
class GroupContrast:
    """Two-way fixed-effects Poisson estimate of the effect on the priority group.

    Attributes
    ----------
    log_ratio
        Coefficient of priority x treated year.
    se
        Its model-based standard error; None for NOK, whose Poisson variance would change with
        the unit of money.
    totals
        Totals over the untreated and the treated years.
    """

    log_ratio: float
    se: float | None
    totals: GroupTotals

    @property
    def ratio(self) -> float:
        """Rate ratio, exp(log_ratio)."""
        return math.exp(self.log_ratio)


def group_contrast(
    group_year: pd.DataFrame,
    *,
    measure: str,
    treated_years: Sequence[int],
    years: Sequence[int] | None = None,
    exposure: str | None = None,
    is_count: bool = True,
) -> GroupContrast:
    """Estimate priority x treated year from group-year totals.

    Parameters
    ----------
    group_year
        Columns `group` ('priority', 'other'), `year`, `measure` and, if named, `exposure`.
    measure
        Column of loans or of NOK.
    treated_years
        Years in which the priority group counts as treated.
    years
        The window; by default every year of the table.
    exposure
        Column of the group's inhabitants: the ratio is then one of rates per inhabitant.
    is_count
        False for NOK: no standard error is given.

    Returns
    -------
    GroupContrast
        The estimate of log E[y] = municipality + year + log exposure + effect.

    Raises
    ------
    InputError
        No treated or no untreated year, a group or year missing or twice, a total of zero.
    """
    window = sorted({int(year) for year in (group_year["year"] if years is None else years)})
    treated = sorted({int(year) for year in treated_years})
    outside = [year for year in treated if year not in window]
    if outside:
        raise InputError(f"Treated year {outside[0]} is not in the window {window}.")
    untreated = [year for year in window if year not in treated]
    if not treated or not untreated:
        raise InputError(
            f"The window {window} has no {'treated' if not treated else 'untreated'} year: "
            "a contrast needs one of each."
        )
    cells = _cells(group_year, measure, window)
    if is_count and not (cells == np.rint(cells)).to_numpy().all():
        raise InputError(f"Column {measure} holds a number of loans that is not whole.")
    pre, post = cells.loc[untreated], cells.loc[treated]
    totals = GroupTotals(
        math.fsum(pre["priority"]),
        math.fsum(post["priority"]),
        math.fsum(pre["other"]),
        math.fsum(post["other"]),
    )
    people = None if exposure is None else _cells(group_year, exposure, window)
    log_odds_pre, information_pre = _block(pre, people)
    log_odds_post, information_post = _block(post, people)
    return GroupContrast(
        log_ratio=log_odds_post - log_odds_pre,
        se=math.sqrt(1 / information_pre + 1 / information_post) if is_count else None,
        totals=totals,
    )


def _cells(group_year: pd.DataFrame, column: str, window: Sequence[int]) -> pd.DataFrame:
    """One row a year, one column a group, every cell present, finite and not negative."""
    rows = group_year.loc[group_year["year"].isin(window) & group_year["group"].isin(GROUPS)]
    wide = rows.pivot(index="year", columns="group", values=column)
    cells = wide.reindex(index=list(window), columns=list(GROUPS)).astype(float)
    for year, group in product(window, GROUPS):
        value = cells.loc[year, group]
        if not (np.isfinite(value) and value >= 0):
            raise InputError(
                f"{column} of the {group} group in {year} is missing or not a number of zero or "
                "more."
            )
    return cells


def _block(cells: pd.DataFrame, people: pd.DataFrame | None) -> tuple[float, float]:
    """Log odds that a loan is the priority group's, in years of one treatment state.

    Given the year totals n_t, the priority count is binomial with
    logit = a + log(E_priority / E_other); returns a and its Fisher information.
    """
    total = cells.sum(axis=1).to_numpy()
    priority = math.fsum(cells["priority"])
    crude = math.log(priority) - math.log(math.fsum(cells["other"]))
    offset = np.zeros(len(cells))
    if people is not None:
        inhabitants = people.loc[cells.index]
        if (inhabitants <= 0).to_numpy().any():
            raise InputError("Inhabitants of a group must be above zero in every year.")
        offset = np.log((inhabitants["priority"] / inhabitants["other"]).to_numpy())

    def score(log_odds: float) -> float:
        return math.fsum(total * expit(log_odds + offset)) - priority

    low, high = crude - offset.max(), crude - offset.min()
    # One offset: both ends are the solution itself. Else the increasing score changes sign between.
    log_odds = low if low == high else brentq(score, low, high, xtol=1e-14, rtol=1e-15)
    share = expit(log_odds + offset)
    return float(log_odds), math.fsum(total * share * (1 - share))
