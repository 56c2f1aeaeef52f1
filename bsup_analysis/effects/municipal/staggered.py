"""Agreements signed in different years: group-time effects of Callaway and Sant'Anna.

Callaway and Sant'Anna (2021, Journal of Econometrics 225, 200-230), without covariates, by
diff-diff, which reproduces the numbers of the R package did on mpdta. It is linear in the rate, so
where base rates differ a growth common to all does not cancel; shown as a figure, without p-values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from bsup_analysis.effects.municipal.assemble import rates
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError
from bsup_analysis.errors import InputError

Comparison = Literal["never_treated", "not_yet_treated"]


@dataclass(frozen=True)
class GroupTimeEffect:
    """Average effect on those first treated in one year, in one year.

    Attributes
    ----------
    first_year, year
        Year of first treatment, and year of the effect. Before treatment it is the change from the
        year before, a check of trends.
    effect, se
        Effect and standard error, in the unit of the outcome.
    treated, comparison
        Number of units.
    """

    first_year: int
    year: int
    effect: float
    se: float
    treated: int
    comparison: int


@dataclass(frozen=True)
class Staggered:
    """Group-time effects and their summaries.

    Attributes
    ----------
    effects
        By first year and year.
    overall, overall_se
        Mean of the effects after treatment, weighted by units.
    by_years_since
        (years since treatment, effect, standard error), increasing.
    treated_throughout
        Number of units already treated in the first year: without a year before, they are left out.
    left_out
        Municipalities with an unknown year.
    """

    effects: tuple[GroupTimeEffect, ...]
    overall: float
    overall_se: float
    by_years_since: tuple[tuple[int, float, float], ...]
    treated_throughout: int = 0
    left_out: tuple[str, ...] = ()


def group_time_effects(
    outcome: np.ndarray,
    first_years: Sequence[int | None],
    years: Sequence[int],
    *,
    clusters: Sequence[str] | None = None,
    comparison: Comparison = "never_treated",
) -> Staggered:
    """Estimate an effect for every year of first treatment and every year.

    Parameters
    ----------
    outcome
        Shape (units, years), every value known.
    first_years
        Year of first treatment of each unit; None for never.
    years
        Years of the columns.
    clusters
        Unit of inference of each unit; by default the unit.
    comparison
        Units never treated, or those not yet treated.

    Raises
    ------
    InputError
        Nobody treated within the years, nobody to compare with, or an unknown value.
    """
    from diff_diff import CallawaySantAnna

    values = np.asarray(outcome, dtype=float)
    if values.shape != (len(first_years), len(years)) or not np.isfinite(values).all():
        raise InputError("Group-time effects need one known value for every unit and year.")
    first = np.array([0 if year is None else int(year) for year in first_years])
    inside = (first > min(years)) & (first <= max(years))
    if not inside.any():
        raise NotEstimableError(
            "nobody_treated",
            f"Nobody is first treated in {min(years) + 1}-{max(years)}.",
            first=min(years) + 1,
            last=max(years),
        )
    if not ((first == 0) | (first > max(years))).any():
        raise NotEstimableError(
            "nobody_to_compare",
            "Every unit is treated within the years: there is nobody to compare with.",
        )
    usable = (first == 0) | (first > min(years))
    labels = np.arange(len(first)) if clusters is None else np.asarray(clusters)
    values, first, labels = values[usable], first[usable], labels[usable]
    units, count = np.arange(len(first)), len(years)
    table = pd.DataFrame(
        {
            "outcome": values.ravel(),
            "unit": np.repeat(units, count),
            "year": np.tile(np.asarray(years, dtype=int), len(first)),
            "first": np.repeat(first, count),
            "cluster": np.repeat(labels, count),
        }
    )
    estimator = CallawaySantAnna(
        control_group=comparison, cluster=None if clusters is None else "cluster"
    )
    found = estimator.fit(table, outcome="outcome", unit="unit", time="year", first_treat="first")
    effects = tuple(
        GroupTimeEffect(
            int(group),
            int(year),
            float(cell["effect"]),
            float(cell["se"]),
            int(cell["n_treated"]),
            int(cell["n_control"]),
        )
        for (group, year), cell in sorted(found.group_time_effects.items())
    )
    since = found.aggregate("event_study").to_dataframe()
    return Staggered(
        effects=effects,
        overall=float(found.overall_att),
        overall_se=float(found.overall_se),
        by_years_since=tuple(
            (int(row.event_time), float(row.att), float(row.se))
            for row in since.loc[~since["is_reference"]].itertuples()
        ),
        treated_throughout=int((~usable).sum()),
    )


def agreement_effects(
    panel: MunicipalPanel,
    first_years: Mapping[str, int],
    *,
    among_priority: bool = True,
    comparison: Comparison = "never_treated",
    per: float = 1_000.0,
) -> Staggered:
    """Estimate the effect of an agreement on the rate of loans.

    Parameters
    ----------
    panel
        The panel; who is named as priority does not enter but for `among_priority`.
    first_years
        First year with an agreement, by municipality code.
    among_priority
        Compare inside the priority municipalities only: those outside were not asked.
    comparison
        As in `group_time_effects`.
    per
        Unit of the rate.
    """
    unknown = sorted(set(first_years) - set(panel.codes))
    if unknown:
        raise InputError(f"Municipality {unknown[0]} has an agreement but is not in the panel.")
    given = rates(panel, per)
    place = {code: position for position, code in enumerate(panel.codes)}
    kept = [
        position
        for position, code in enumerate(given.codes)
        if panel.treated[place[code]] or not among_priority
    ]
    codes = [given.codes[position] for position in kept]
    found = group_time_effects(
        given.rate[kept],
        [first_years.get(code) for code in codes],
        panel.years,
        clusters=[panel.cluster[place[code]] for code in codes],
        comparison=comparison,
    )
    asked = {code for code in given.left_out if panel.treated[place[code]] or not among_priority}
    return replace(found, left_out=tuple(sorted(asked)))
