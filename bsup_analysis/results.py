"""What the study computes from its tables and its design, by the name others ask for it.

Each function is named after what it gives, and its arguments after what it needs; see
`bsup_analysis.study`.  Here the estimators meet the data, and nothing is estimated by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects.agreement import AgreementContrast, agreement_contrast
from bsup_analysis.effects.amounts import AmountContrast, AxisBounds, amount_contrast, axis_bounds
from bsup_analysis.effects.averages import (
    AverageChange,
    AverageChangeBounds,
    GrowthParts,
    average_change,
    average_change_bounds,
    growth_parts,
)
from bsup_analysis.effects.chart_order import ChartOrder, chart_orders
from bsup_analysis.effects.counties import CountyComparison, county_comparison
from bsup_analysis.effects.dispersion import (
    ClusteredHalf,
    Dispersion,
    clustered_half,
    growth_dispersion,
)
from bsup_analysis.effects.group_poisson import GroupContrast, group_contrast
from bsup_analysis.effects.heterogeneity import Heterogeneity, heterogeneity
from bsup_analysis.effects.inside_priority import LeftOut, leave_one_out
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.effects.paired import Paired, paired
from bsup_analysis.effects.randomisation import GrowthRandomisation, randomise_growth

AGREEMENT_READINGS = ("signed_2010", "eight_2013", "intended_2011")


def _years(design: Design) -> tuple[int, int]:
    return design.window.last_year_before.value, design.window.first_treated_year.value


def _amount(rows: pd.DataFrame, group: str, year: int) -> Interval:
    row = rows[(rows["group"] == group) & (rows["year"] == year)].iloc[0]
    return Interval(
        float(row["amount_nok"]), float(row["amount_nok_low"]), float(row["amount_nok_high"])
    )


def priority_loans(municipality_year: pd.DataFrame, design: Design) -> Paired:
    """Loans of each priority municipality before and after."""
    rows = municipality_year[municipality_year["group"] == "priority"]
    return paired(rows, "loans", *_years(design))


def priority_amounts(municipality_year: pd.DataFrame, design: Design) -> Paired:
    """NOK of each priority municipality before and after."""
    rows = municipality_year[municipality_year["group"] == "priority"]
    return paired(rows, "amount_nok", *_years(design))


def loans_contrast(group_year: pd.DataFrame, design: Design) -> GroupContrast:
    """Two-way fixed-effects Poisson estimate for all municipalities, loans."""
    before, after = _years(design)
    return group_contrast(group_year, measure="loans", treated_years=[after], years=[before, after])


def loans_contrast_per_inhabitant(group_year: pd.DataFrame, design: Design) -> GroupContrast:
    """Estimate the same of loans for each inhabitant."""
    before, after = _years(design)
    return group_contrast(
        group_year,
        measure="loans",
        treated_years=[after],
        years=[before, after],
        exposure="population",
    )


def nok_contrast(group_year: pd.DataFrame, design: Design) -> GroupContrast:
    """Two-way fixed-effects Poisson estimate for all municipalities, NOK at printed values."""
    before, after = _years(design)
    return group_contrast(
        group_year,
        measure="amount_nok",
        treated_years=[after],
        years=[before, after],
        is_count=False,
    )


def loans_dispersion(priority_loans: Paired) -> Dispersion:
    """Dispersion of loans around the priority group's common growth."""
    return growth_dispersion(priority_loans)


def amounts_dispersion(priority_amounts: Paired) -> Dispersion:
    """Dispersion of NOK around the priority group's common growth, in NOK."""
    return growth_dispersion(priority_amounts)


def loans_clustered_half(priority_loans: Paired) -> ClusteredHalf:
    """Compute the priority half of the cluster-robust variance from its rows."""
    return clustered_half(priority_loans)


def amounts_rounding(
    group_year: pd.DataFrame, region_year: pd.DataFrame, design: Design
) -> AmountContrast:
    """Contrast of NOK with what the rounding of the press totals leaves open."""
    before, after = _years(design)
    region = region_year.set_index("year")
    total = [
        Interval(*(float(region.loc[year, f"amount_nok{end}"]) for end in ("", "_low", "_high")))
        for year in (before, after)
    ]
    own = [_amount(group_year, "priority", year).value for year in (before, after)]
    return amount_contrast(*own, *total)


def amounts_county_17(
    municipality_year: pd.DataFrame, press_totals: pd.DataFrame, design: Design
) -> AmountContrast:
    """Contrast of NOK inside Nord-Trøndelag, the one county with a press total."""
    before, after = _years(design)
    rows = municipality_year[
        (municipality_year["group"] == "priority")
        & municipality_year["municipality_code"].str.startswith("17")
    ]
    press = press_totals.query("area_code == '17' and quantity == 'amount'").set_index("year")
    total = [
        Interval.rounded(float(press.loc[year, "printed_value"]), 1e6) for year in (before, after)
    ]
    own = rows.groupby("year")["amount_nok"].sum()
    return amount_contrast(float(own[before]), float(own[after]), *total)


def group_growth_parts(group_year: pd.DataFrame, design: Design) -> Mapping[str, GrowthParts]:
    """Growth in NOK of each group as growth in number times growth in the average loan."""
    before, after = _years(design)
    loans = group_year.set_index(["group", "year"])["loans"]
    return {
        group: growth_parts(
            float(loans[group, before]),
            float(loans[group, after]),
            _amount(group_year, group, before),
            _amount(group_year, group, after),
        )
        for group in ("priority", "other")
    }


def priority_average_change(priority_loans: Paired, priority_amounts: Paired) -> AverageChange:
    """Change of the priority group's average loan: within municipalities and composition."""
    return average_change(priority_loans, priority_amounts)


def region_average_change(group_year: pd.DataFrame, design: Design) -> AverageChangeBounds:
    """Change of the region's average loan: within the two groups and composition."""
    before, after = _years(design)
    groups = ("priority", "other")
    loans = group_year.set_index(["group", "year"])["loans"]
    rows = Paired(
        groups,
        tuple(int(loans[group, before]) for group in groups),
        tuple(int(loans[group, after]) for group in groups),
    )
    return average_change_bounds(
        rows,
        [_amount(group_year, group, before) for group in groups],
        [_amount(group_year, group, after) for group in groups],
    )


def chart_axis_bounds(
    programme_chart_axes: pd.DataFrame, group_year: pd.DataFrame, design: Design
) -> Mapping[int, AxisBounds]:
    """Bound each year by the axis of the average-loan chart alone, the press set aside."""
    top = programme_chart_axes.query("chart == 'average_loan_nok' and axis == 'value'")[
        "tick"
    ].max()
    rows = group_year.set_index(["group", "year"])
    return {
        year: axis_bounds(
            float(top),
            int(rows.loc[("priority", year), "loans"] + rows.loc[("other", year), "loans"]),
            int(rows.loc[("priority", year), "loans"]),
            float(rows.loc[("priority", year), "amount_nok"]),
        )
        for year in _years(design)
    }


def loans_heterogeneity(priority_loans: Paired, design: Design) -> Heterogeneity:
    """Spread of log growth between the priority municipalities beyond chance."""
    return heterogeneity(priority_loans, level=design.inference.confidence_level.value)


def loans_left_out(
    priority_loans: Paired, loans_contrast: GroupContrast, design: Design
) -> tuple[LeftOut, ...]:
    """Group contrast of loans without each priority municipality in turn."""
    totals = loans_contrast.totals
    return leave_one_out(
        priority_loans,
        totals.other_pre,
        totals.other_post,
        level=design.inference.confidence_level.value,
    )


@dataclass(frozen=True)
class AgreementReading:
    """The agreement contrast under one reading of who had an agreement."""

    reading: str
    contrast: AgreementContrast
    randomisation: GrowthRandomisation
    counties: CountyComparison


def agreement_readings(
    municipality: pd.DataFrame, priority_loans: Paired, design: Design
) -> tuple[AgreementReading, ...]:
    """Agreement against none inside the priority group, loans, under each reading."""
    level = design.inference.confidence_level.value
    rows = municipality[municipality["group"] == "priority"].set_index("municipality_code")
    county = rows["county_code"].to_dict()
    found = []
    for reading in AGREEMENT_READINGS:
        treated = sorted(rows.index[rows[f"agreement_{reading}"]])
        found.append(
            AgreementReading(
                reading,
                agreement_contrast(priority_loans, treated, level=level),
                randomise_growth(priority_loans, treated),
                county_comparison(priority_loans, treated, county, level=level),
            )
        )
    return tuple(found)


def printed_share_2008(programme_p13_shares: pd.DataFrame) -> Interval:
    """Give the printed share of start loan use in 2008, with what rounding to a percent leaves."""
    rows = programme_p13_shares.query("statistic == 'start_loan_use' and group == 'priority'")
    return Interval.rounded(float(rows["printed_percent"].item()), 1.0) / 100


def orders_of_the_chart(
    programme_p11_region_loans: pd.DataFrame,
    priority_loans: Paired,
    press_totals: pd.DataFrame,
    design: Design,
) -> tuple[ChartOrder, ...]:
    """Every assignment of the chart's bars to its years."""
    before, after = _years(design)
    bars = programme_p11_region_loans.sort_values("year")["loans"].tolist()
    press = press_totals.query("area_kind == 'region' and quantity == 'loans'")
    return chart_orders(
        bars,
        list(design.window.chart_years.value),
        {before: int(priority_loans.pre_total), after: int(priority_loans.post_total)},
        {int(row.year): int(row.printed_value) for row in press.itertuples()},
    )


RESULTS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        agreement_readings,
        amounts_county_17,
        amounts_dispersion,
        amounts_rounding,
        chart_axis_bounds,
        group_growth_parts,
        loans_clustered_half,
        loans_contrast,
        loans_contrast_per_inhabitant,
        loans_dispersion,
        loans_heterogeneity,
        loans_left_out,
        nok_contrast,
        orders_of_the_chart,
        printed_share_2008,
        priority_amounts,
        priority_average_change,
        priority_loans,
        region_average_change,
    )
}
