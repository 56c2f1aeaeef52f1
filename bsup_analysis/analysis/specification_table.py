"""The rows of the specification figure, each computed from the choices `study.toml` gives it."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from bsup_analysis.analysis.groups import years
from bsup_analysis.design import Design
from bsup_analysis.design import Specification as Chosen
from bsup_analysis.effects.group_poisson import GroupContrast, GroupTotals
from bsup_analysis.effects.inference import (
    Specification,
    SpecificationRow,
    dispersed_se,
    specification_rows,
)
from bsup_analysis.effects.intervals import Interval, average_ratio, implied_loans, implied_ratio
from bsup_analysis.effects.paired import Paired, clustered_half, growth_dispersion

MALVIK = "1663"
SHARE_YEAR = 2008


def _population_growth_ratio(
    municipality_year: pd.DataFrame, without: Sequence[str], window: tuple[int, int]
) -> float:
    kept = municipality_year[~municipality_year["municipality_code"].isin(without)]
    people = kept.groupby(["group", "year"])["population"].sum()
    first, last = window
    return float(
        (people["priority", last] / people["priority", first])
        / (people["other", last] / people["other", first])
    )


def _with_malvik_of_the_text(rows: Paired, malvik: pd.DataFrame, year: int) -> Paired:
    printed = malvik[(malvik["year"] == year) & (malvik["quantity"] == "loans")]["printed_value"]
    position = rows.codes.index(MALVIK)
    pre = (*rows.pre[:position], int(printed.item()), *rows.pre[position + 1 :])
    return replace(rows, pre=pre)


def _error(chosen: Chosen, totals: GroupTotals, rows: Paired) -> tuple[float, int | None]:
    """Give the standard error of the log ratio and the degrees of freedom it rests on."""
    if chosen.dispersion == "poisson":
        return dispersed_se(totals), None
    dispersion = growth_dispersion(rows)
    clustered = chosen.dispersion == "clustered"
    phi = clustered_half(rows).equivalent_phi if clustered else dispersion.phi
    return dispersed_se(totals, phi_priority=phi), dispersion.df


def specification_table(
    priority_loans: Paired,
    priority_amounts: Paired,
    printed_share_2008: Interval,
    municipality_year: pd.DataFrame,
    region_year: pd.DataFrame,
    loans_contrast: GroupContrast,
    nok_contrast: GroupContrast,
    programme_p06_malvik: pd.DataFrame,
    design: Design,
) -> tuple[SpecificationRow, ...]:
    """Compute every specification that the design names."""
    first, last = years(design)
    region = region_year.set_index("year")
    averages = average_ratio(loans_contrast.totals, nok_contrast.totals, later=False)
    known = {
        "loans": [Interval.exact(float(region.loc[year, "loans"])) for year in (first, last)],
        "amount_nok": [
            Interval(
                *(float(region.loc[year, f"amount_nok{end}"]) for end in ("", "_low", "_high"))
            )
            for year in (first, last)
        ],
    }

    def compute(chosen: Chosen) -> Specification:
        column = design.outcomes[chosen.outcome].column
        total = known[column]
        if chosen.region_loans:
            total = [Interval.exact(float(count)) for count in chosen.region_loans]
        whole = priority_amounts if column == "amount_nok" else priority_loans
        if chosen.malvik_2009_loans:
            whole = _with_malvik_of_the_text(whole, programme_p06_malvik, first)
        others = [total[0] - whole.pre_total, total[1] - whole.post_total]
        rows = whole.without(chosen.without) if chosen.without else whole
        totals = GroupTotals(rows.pre_total, rows.post_total, others[0].value, others[1].value)
        ratio = rows.growth / others[0].growth_to(others[1])
        if chosen.baseline != "table_2009":
            of_average = 1.0 if chosen.baseline == "share_2008_of_loans" else averages
            implied = implied_loans(
                printed_share_2008, float(region.loc[2008, "loans"]), of_average
            )
            totals = replace(
                totals,
                priority_pre=implied.priority_loans.value,
                other_pre=implied.other_loans.value,
            )
            ratio = implied_ratio(
                printed_share_2008, totals.priority_post, totals.other_post, of_average
            )
        if chosen.per_inhabitant:
            ratio = ratio / _population_growth_ratio(
                municipality_year, chosen.without, (first, last)
            )
        return Specification(chosen.name, ratio, *_error(chosen, totals, rows))

    return specification_rows(
        [compute(chosen) for chosen in design.specifications],
        level=design.inference.confidence_level.value,
    )
