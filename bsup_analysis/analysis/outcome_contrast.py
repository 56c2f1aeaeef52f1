"""The group contrast of an outcome, with every interval it can be given, and the verdict."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from bsup_analysis.analysis.groups import years
from bsup_analysis.design import Design, Outcome
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.inference import RatioInterval, dispersed_se, ratio_interval
from bsup_analysis.effects.intervals import AmountContrast, GrowthParts, Interval
from bsup_analysis.effects.paired import (
    Dispersion,
    Paired,
    clustered_half,
    clustered_half_average,
    growth_dispersion,
)


@dataclass(frozen=True)
class OutcomeContrast:
    """The contrast of one outcome between the two groups, 2009 to 2010.

    Attributes
    ----------
    outcome, measure
        Its name in the design, and what it is there.
    before, after
        Value of each group in the two years, with its rounding.
    growth
        Later divided by earlier value of each group, with its rounding.
    ratio
        Priority growth divided by the others', with its rounding.
    variance_priority
        The priority half of the variance of the log ratio, from its rows (cluster-robust).
    unit_other
        The others' half at one unit of dispersion; times an assumed dispersion it is their half.
    phi
        Dispersion of the priority municipalities in that unit.
    intervals
        By assumption: `poisson` (loans alone), `phi17` (both groups as dispersed as the
        priority municipalities, normal limits, the form that has been quoted), `phi17_t` (the
        same with t on the degrees of freedom of that dispersion) and `clustered` (the priority
        half from its rows, the others' at the dispersion it corresponds to, t).  Limits hold at
        the worst of the rounding.
    """

    outcome: str
    measure: Outcome
    before: Mapping[str, Interval]
    after: Mapping[str, Interval]
    growth: Mapping[str, Interval]
    ratio: Interval
    variance_priority: float
    unit_other: float
    phi: float
    intervals: Mapping[str, RatioInterval]

    def interval_at(self, phi_other: float, level: float, power: float) -> RatioInterval:
        """Give the interval if the others had dispersion `phi_other`."""
        se = math.sqrt(self.variance_priority + phi_other * self.unit_other)
        return _widened(self.ratio, se, level, power)

    def tipping_dispersion(self, level: float) -> float | None:
        """Give the others' dispersion at which the interval just touches one, if there is any."""
        reach = ratio_interval(0.0, 1.0, level=level).high
        needed = (math.log(self.ratio.value) / math.log(reach)) ** 2 - self.variance_priority
        return needed / self.unit_other if needed > 0 else None


def _widened(
    ratio: Interval, se: float, level: float, power: float, df: int | None = None
) -> RatioInterval:
    """Give the interval of a ratio that is itself known only within its rounding."""
    interval = ratio_interval(math.log(ratio.value), se, level=level, power=power, df=df)
    return replace(
        interval,
        low=interval.low * ratio.low / ratio.value,
        high=interval.high * ratio.high / ratio.value,
    )


def _cells(outcome: Outcome, group_year: pd.DataFrame, year: int) -> Mapping[str, Interval]:
    rows = group_year[group_year["year"] == year].set_index("group")

    def known(group: str, column: str) -> Interval:
        ends = ("", "_low", "_high") if f"{column}_low" in rows else ("", "", "")
        return Interval(*(float(rows.loc[group, f"{column}{end}"]) for end in ends))

    whole = {group: known(group, outcome.column) for group in rows.index}
    if outcome.per is None:
        return whole
    scale = outcome.each(outcome.per)[1]
    return {group: scale * whole[group] / known(group, outcome.per) for group in rows.index}


def outcome_contrast(
    outcome: str,
    group_year: pd.DataFrame,
    loans_contrast: GroupContrast,
    nok_contrast: GroupContrast,
    amounts_rounding: AmountContrast,
    group_growth_parts: Mapping[str, GrowthParts],
    priority_loans: Paired,
    priority_amounts: Paired,
    design: Design,
) -> OutcomeContrast:
    """Contrast the two groups' growth in an outcome at the published level."""
    chosen = design.outcomes[outcome]
    first, last = years(design)
    before, after = (_cells(chosen, group_year, year) for year in (first, last))
    poisson = loans_contrast.totals
    if chosen.per == "loans":
        totals, half = poisson, clustered_half_average(priority_loans, priority_amounts)
        parts = group_growth_parts
        phi, ratio = half.equivalent_phi, parts["priority"].average / parts["other"].average
    elif chosen.column == "loans":
        totals, half = poisson, clustered_half(priority_loans)
        phi, ratio = growth_dispersion(priority_loans).phi, Interval.exact(poisson.ratio)
    else:
        totals, half = nok_contrast.totals, clustered_half(priority_amounts)
        phi, ratio = growth_dispersion(priority_amounts).phi, amounts_rounding.ratio
    if chosen.per == "population":  # the standard error stays (METHODS, published level, section 1)
        people = group_year.set_index(["group", "year"])["population"]
        grown = {g: people[g, last] / people[g, first] for g in ("priority", "other")}
        ratio = ratio / float(grown["priority"] / grown["other"])
    settings = design.inference.confidence_level.value, design.inference.power.value
    df = len(priority_loans.codes) - 1
    dispersed = dispersed_se(totals, phi_priority=phi)
    clustered = math.sqrt(half.variance + half.equivalent_phi * totals.other_half)
    errors: dict[str, tuple[float, int | None]] = {"clustered": (clustered, df)}
    if chosen.per != "loans":
        errors = {"phi17": (dispersed, None), "phi17_t": (dispersed, df), **errors}
    if chosen.column == "loans":
        errors = {"poisson": (dispersed_se(totals), None), **errors}
    return OutcomeContrast(
        outcome=outcome,
        measure=chosen,
        before=before,
        after=after,
        growth={group: before[group].growth_to(after[group]) for group in before},
        ratio=ratio,
        variance_priority=half.variance,
        unit_other=totals.other_half,
        phi=phi,
        intervals={name: _widened(ratio, se, *settings, at) for name, (se, at) in errors.items()},
    )


@dataclass(frozen=True)
class DispersionPath:
    """The interval against the dispersion assumed for the others.

    Attributes
    ----------
    phi_other
        Assumed dispersion of the others, in the outcome's unit.
    multiple
        The same, in multiples of the priority municipalities' own.
    intervals
        The interval at each.
    tipping
        Dispersion at which the interval touches one; None where there is none.
    """

    phi_other: tuple[float, ...]
    multiple: tuple[float, ...]
    intervals: tuple[RatioInterval, ...]
    tipping: float | None


def dispersion_path(
    outcome_contrast: OutcomeContrast, loans_dispersion: Dispersion, design: Design
) -> DispersionPath:
    """Move the others' dispersion over the design's grid.

    The grid is stated for loans (variance over mean); for NOK and averages, whose dispersion has
    a unit, the same multiples of the priority municipalities' own dispersion are used.
    """
    level, power = design.inference.confidence_level.value, design.inference.power.value
    multiple = [phi / loans_dispersion.phi for phi in design.inference.dispersion_grid.value]
    grid = [m * outcome_contrast.phi for m in multiple]
    return DispersionPath(
        phi_other=tuple(grid),
        multiple=tuple(multiple),
        intervals=tuple(outcome_contrast.interval_at(phi, level, power) for phi in grid),
        tipping=outcome_contrast.tipping_dispersion(level),
    )
