"""The group contrast of an outcome with every interval it can be given, and its specifications."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from bsup_analysis.analysis.groups import GROUPS, agreement_unit, region_amounts, rounded
from bsup_analysis.design import Design, Outcome, Specification
from bsup_analysis.effects import inference, paired
from bsup_analysis.effects.group_poisson import GroupContrast, GroupTotals
from bsup_analysis.effects.intervals import (
    AmountContrast,
    GrowthParts,
    Interval,
    average_ratio,
    implied_loans,
    implied_ratio,
)
from bsup_analysis.effects.posterior import Belief, posterior

MALVIK = "1663"


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
        The priority half of the variance of the log ratio, from its rows (jackknife).
    unit_other
        The others' half at one unit of dispersion; times an assumed dispersion it is their half.
    phi
        Dispersion of the priority municipalities in that unit: Pearson's for loans, and for NOK
        and averages, whose variance nothing ties to their mean, the one their half corresponds to.
    known_share
        Share of the variance that the priority municipalities' rows give, if the others are as
        dispersed as they are.
    intervals
        By assumption: `poisson` (loans alone), `phi17` (both groups as dispersed as the
        priority municipalities by Pearson's statistic, normal limits), `phi17_t` (the same with t
        on the degrees of freedom of that dispersion) and `clustered` (the priority half from its
        rows, the others' at the dispersion it corresponds to, t).  Limits hold at the worst of
        the rounding.
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
    known_share: float
    intervals: Mapping[str, inference.RatioInterval]

    @property
    def widest(self) -> inference.RatioInterval:
        """The widest interval, on the scale of logarithms."""
        return max(self.intervals.values(), key=lambda interval: interval.high / interval.low)

    def interval_at(self, phi_other: float, level: float, power: float) -> inference.RatioInterval:
        """Give the interval if the others had dispersion `phi_other`."""
        se = math.sqrt(self.variance_priority + phi_other * self.unit_other)
        return _widened(self.ratio, se, level, power)

    def tipping_dispersion(self, level: float) -> float | None:
        """Give the others' dispersion at which the interval just touches one, if there is any."""
        reach = inference.ratio_interval(0.0, 1.0, level=level).high
        needed = (math.log(self.ratio.value) / math.log(reach)) ** 2 - self.variance_priority
        return needed / self.unit_other if needed > 0 else None


def _widened(
    ratio: Interval, se: float, level: float, power: float, df: int | None = None
) -> inference.RatioInterval:
    """Give the interval of a ratio that is itself known only within its rounding."""
    interval = inference.ratio_interval(math.log(ratio.value), se, level=level, power=power, df=df)
    return replace(
        interval,
        low=interval.low * ratio.low / ratio.value,
        high=interval.high * ratio.high / ratio.value,
    )


def _cells(outcome: Outcome, group_year: pd.DataFrame, year: int) -> Mapping[str, Interval]:
    found = {}
    for group in GROUPS:
        row = group_year[(group_year["year"] == year) & (group_year["group"] == group)]
        found[group] = rounded(row, outcome.column)
        if outcome.per is not None:
            found[group] = outcome.each(outcome.per)[1] * found[group] / rounded(row, outcome.per)
    return found


def _relative_growth(rows: pd.DataFrame, design: Design) -> float:
    """Growth in inhabitants of the priority group divided by that of the others."""
    people = rows.groupby(["group", "year"])["population"].sum()
    before, after = design.years
    growth = {group: people[group, after] / people[group, before] for group in GROUPS}
    return float(growth["priority"] / growth["other"])


def outcome_contrast(
    outcome: str,
    group_year: pd.DataFrame,
    loans_contrast: GroupContrast,
    nok_contrast: GroupContrast,
    amounts_rounding: AmountContrast,
    group_growth_parts: Mapping[str, GrowthParts],
    priority_loans: paired.Paired,
    priority_amounts: paired.Paired,
    design: Design,
) -> OutcomeContrast:
    """Contrast the two groups' growth in an outcome at the published level."""
    chosen = design.outcomes[outcome]
    before, after = (_cells(chosen, group_year, year) for year in design.years)
    poisson = loans_contrast.totals
    if chosen.per == "loans":
        totals, half = poisson, paired.clustered_half_average(priority_loans, priority_amounts)
        parts = group_growth_parts
        pearson, ratio = math.nan, parts["priority"].average / parts["other"].average
    elif chosen.column == "loans":
        totals, half = poisson, paired.clustered_half(priority_loans)
        pearson, ratio = paired.growth_dispersion(priority_loans).phi, Interval.exact(poisson.ratio)
    else:
        totals, half = nok_contrast.totals, paired.clustered_half(priority_amounts)
        pearson, ratio = paired.growth_dispersion(priority_amounts).phi, amounts_rounding.ratio
    if chosen.per == "population":  # the standard error stays (METHODS, published level, section 1)
        ratio = ratio / _relative_growth(group_year, design)
    df = len(priority_loans.codes) - 1
    clustered = inference.dispersed_se(totals, phi_priority=half.equivalent_phi)
    errors: dict[str, tuple[float, int | None]] = {"clustered": (clustered, df)}
    if chosen.per != "loans":
        dispersed = inference.dispersed_se(totals, phi_priority=pearson)
        errors = {"phi17": (dispersed, None), "phi17_t": (dispersed, df), **errors}
    if chosen.column == "loans":
        errors = {"poisson": (inference.dispersed_se(totals), None), **errors}
    return OutcomeContrast(
        outcome=outcome,
        measure=chosen,
        before=before,
        after=after,
        growth={group: before[group].growth_to(after[group]) for group in before},
        ratio=ratio,
        variance_priority=half.variance,
        unit_other=totals.other_half,
        phi=pearson if chosen.column == "loans" else half.equivalent_phi,
        known_share=totals.priority_half / (totals.priority_half + totals.other_half),
        intervals={
            name: _widened(ratio, se, design.level, design.power, at)
            for name, (se, at) in errors.items()
        },
    )


def beliefs(
    priority_loans: paired.Paired,
    loans_contrast: GroupContrast,
    municipality_year: pd.DataFrame,
    design: Design,
) -> tuple[Belief, ...]:
    """Give the posterior of the ratio of loans for every prior of the design."""
    chosen, totals = design.inference, loans_contrast.totals
    others = municipality_year.query("group == 'other' and year == @design.years[0]")
    return posterior(
        priority_loans,
        totals.other_pre,
        totals.other_post,
        others.sort_values("municipality_code")["population"].astype(float).tolist(),
        scales=chosen.spread_scales.value,
        gain=chosen.notable_gain.value,
        level=design.level,
        draws=chosen.posterior_draws.value,
        seed=chosen.seed.value,
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
    intervals: tuple[inference.RatioInterval, ...]
    tipping: float | None


def dispersion_path(
    outcome_contrast: OutcomeContrast, loans_dispersion: paired.Dispersion, design: Design
) -> DispersionPath:
    """Move the others' dispersion over the design's grid.

    The grid is stated for loans (variance over mean); for NOK and averages, whose dispersion has
    a unit, the same multiples of the priority municipalities' own dispersion are used.
    """
    multiple = [phi / loans_dispersion.phi for phi in design.inference.dispersion_grid.value]
    grid = [m * outcome_contrast.phi for m in multiple]
    return DispersionPath(
        phi_other=tuple(grid),
        multiple=tuple(multiple),
        intervals=tuple(
            outcome_contrast.interval_at(phi, design.level, design.power) for phi in grid
        ),
        tipping=outcome_contrast.tipping_dispersion(design.level),
    )


def _with_malvik_of_the_text(rows: paired.Paired, malvik: pd.DataFrame, year: int) -> paired.Paired:
    printed = malvik[(malvik["year"] == year) & (malvik["quantity"] == "loans")]["printed_value"]
    position = rows.codes.index(MALVIK)
    pre = (*rows.pre[:position], int(printed.item()), *rows.pre[position + 1 :])
    return replace(rows, pre=pre)


def _error(
    chosen: Specification, totals: GroupTotals, rows: paired.Paired
) -> tuple[float, int | None]:
    """Give the standard error of the log ratio and the degrees of freedom it rests on."""
    if chosen.dispersion == "poisson":
        return inference.dispersed_se(totals), None
    dispersion = paired.growth_dispersion(rows)
    clustered = chosen.dispersion == "clustered"
    phi = paired.clustered_half(rows).equivalent_phi if clustered else dispersion.phi
    return inference.dispersed_se(totals, phi_priority=phi), dispersion.df


def specification_table(
    priority_loans: paired.Paired,
    priority_amounts: paired.Paired,
    printed_share_2008: Interval,
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    region_year: pd.DataFrame,
    loans_contrast: GroupContrast,
    nok_contrast: GroupContrast,
    programme_p06_malvik: pd.DataFrame,
    design: Design,
) -> tuple[inference.SpecificationRow, ...]:
    """Compute every specification that the design names."""
    region_loans = region_year.set_index("year")["loans"].astype(float)
    averages = average_ratio(loans_contrast.totals, nok_contrast.totals)
    known = {
        "loans": [Interval.exact(region_loans[year]) for year in design.years],
        "amount_nok": region_amounts(region_year, design),
    }

    def compute(chosen: Specification) -> inference.SpecificationRow:
        column = design.outcomes[chosen.outcome].column
        total = known[column]
        if chosen.region_loans:
            total = [Interval.exact(float(count)) for count in chosen.region_loans]
        whole = priority_amounts if column == "amount_nok" else priority_loans
        if chosen.malvik_2009_loans:
            whole = _with_malvik_of_the_text(whole, programme_p06_malvik, design.years[0])
        rest = [total[0] - whole.pre_total, total[1] - whole.post_total]
        rows = whole.without(chosen.without) if chosen.without else whole
        if chosen.by_agreement_unit:
            rows = rows.by_unit(agreement_unit(municipality))
        totals = GroupTotals(rows.pre_total, rows.post_total, rest[0].value, rest[1].value)
        ratio = rows.growth / rest[0].growth_to(rest[1])
        if chosen.baseline != "table_2009":
            of_average = 1.0 if chosen.baseline == "share_2008_of_loans" else averages
            priority, others = implied_loans(printed_share_2008, region_loans[2008], of_average)
            totals = replace(totals, priority_pre=priority.value, other_pre=others.value)
            ratio = implied_ratio(
                printed_share_2008, totals.priority_post, totals.other_post, of_average
            )
        if chosen.per_inhabitant:
            kept = ~municipality_year["municipality_code"].isin(chosen.without)
            ratio = ratio / _relative_growth(municipality_year[kept], design)
        return inference.specification_row(
            chosen.name, ratio, *_error(chosen, totals, rows), level=design.level
        )

    return tuple(compute(one) for one in design.specifications)
