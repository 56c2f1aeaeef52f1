"""The two groups: their rows, totals and contrasts, and what rounding and reading leave open."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects import agreement
from bsup_analysis.effects.group_poisson import GroupContrast, group_contrast
from bsup_analysis.effects.intervals import (
    AmountContrast,
    AverageChangeBounds,
    AxisBounds,
    ChartOrder,
    GrowthParts,
    Interval,
    amount_contrast,
    average_change_bounds,
    axis_bounds,
    chart_orders,
    growth_parts,
)
from bsup_analysis.effects.paired import Paired, paired
from bsup_analysis.effects.randomisation import GrowthRandomisation, randomise_growth
from bsup_analysis.errors import InputError

GROUPS = ("priority", "other")
PRESS_COUNTY = "17"


def contrast_units(
    municipality_year: pd.DataFrame, group_year: pd.DataFrame, design: Design
) -> pd.DataFrame:
    """Lay out the priority municipalities and the rest of the region as one unit, two years each.

    Values are those that the document prints. With unit and year effects the rest's municipalities
    enter a Poisson model through their sums alone, so these rows give the estimate of all
    (`METHODS.md`, published level, section 1).

    Returns
    -------
    pandas.DataFrame
        One row a unit and year, the rest of the region last: `unit` (code, or `others`), `name`,
        `group` (priority or other), `year`, `treated` (1 for the priority group from the first
        treated year), `loans`, `amount_nok` (NOK) and `population` (1 January).
    """
    shown = ["unit", "name", "group", "year", "loans", "amount_nok", "population"]
    names = {"municipality_code": "unit", "municipality_name": "name"}
    own = municipality_year[municipality_year["group"] == "priority"].rename(columns=names)
    rest = group_year[group_year["group"] == "other"].assign(unit="others", name="others")
    units = pd.concat([own[shown].sort_values(["unit", "year"]), rest[shown].sort_values("year")])
    units = units[units["year"].isin(design.years)].reset_index(drop=True)
    treated = (units["group"] == "priority") & (units["year"] == design.years[1])
    units.insert(4, "treated", treated.astype("int64"))
    return units


def unemployment_units(municipality_indicators: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Lay out the unemployed of every unit in the two years in which loans are compared.

    Returns
    -------
    pandas.DataFrame
        One row a unit and year: `unit`, `name`, `group`, `cluster`, `year`, `treated` (1 for the
        priority group in the later year), `unemployed` (or on measures, fourth quarter) and
        `population` (1 January).
    """
    names = {"unit_name": "name", "unemployed_or_on_measures": "unemployed"}
    rows = municipality_indicators[municipality_indicators["year"].isin(design.years)]
    rows = rows.rename(columns=names).assign(
        treated=lambda table: (table["group"] == "priority") & (table["year"] == design.years[1])
    )
    shown = ["unit", "name", "group", "cluster", "year", "treated", "unemployed", "population"]
    return rows[shown].astype({"treated": "int64"}).reset_index(drop=True)


def priority_pairs(municipality_year: pd.DataFrame, column: str, design: Design) -> Paired:
    """Give loans or NOK of each priority municipality before and after."""
    rows = municipality_year[municipality_year["group"] == "priority"]
    return paired(rows, column, *design.years)


def totals_contrast(
    group_year: pd.DataFrame, column: str, design: Design, *, exposure: str | None = None
) -> GroupContrast:
    """Give the two-way fixed-effects Poisson estimate for all municipalities from group totals.

    Parameters
    ----------
    group_year
        Both groups by year.
    column
        `loans`, or `amount_nok` at printed values.
    design
        The two years.
    exposure
        `population`: the estimate of loans for each inhabitant.
    """
    return group_contrast(
        group_year,
        measure=column,
        treated_years=design.years[1:],
        years=design.years,
        exposure=exposure,
        is_count=column == "loans",
    )


def rounded(rows: pd.DataFrame, column: str = "amount_nok") -> Interval:
    """Give the value of a column in a single row, with what its rounding leaves open."""
    ends = ("", "_low", "_high") if f"{column}_low" in rows else ("", "", "")
    return Interval(*(float(rows[f"{column}{end}"].item()) for end in ends))


def region_amounts(region_year: pd.DataFrame, design: Design) -> tuple[Interval, Interval]:
    """Give the region's NOK of the two years, with their rounding."""
    before, after = (rounded(region_year[region_year["year"] == year]) for year in design.years)
    return before, after


def _group_amounts(group_year: pd.DataFrame, group: str, design: Design) -> list[Interval]:
    rows = group_year[group_year["group"] == group]
    return [rounded(rows[rows["year"] == year]) for year in design.years]


def amounts_rounding(
    group_year: pd.DataFrame, region_year: pd.DataFrame, design: Design
) -> AmountContrast:
    """Contrast of NOK with what the rounding of the press totals leaves open."""
    before, after = (amount.value for amount in _group_amounts(group_year, "priority", design))
    return amount_contrast(before, after, *region_amounts(region_year, design))


def amounts_by_county(
    municipality_year: pd.DataFrame,
    press_totals: pd.DataFrame,
    region_year: pd.DataFrame,
    design: Design,
    *,
    inside: bool,
) -> AmountContrast:
    """Contrast of NOK inside Nord-Trøndelag, the one county with a press total, or outside it."""
    press = press_totals[press_totals["area_code"] == PRESS_COUNTY]
    press = press[press["quantity"] == "amount"].set_index("year")["printed_value"]
    totals = [Interval.rounded(float(press[year]), 1e6) for year in design.years]
    if not inside:
        regions = region_amounts(region_year, design)
        totals = [region - county for region, county in zip(regions, totals, strict=True)]
    rows = municipality_year[municipality_year["group"] == "priority"]
    rows = rows[rows["municipality_code"].str.startswith(PRESS_COUNTY) == inside]
    before, after = (float(rows.loc[rows["year"] == y, "amount_nok"].sum()) for y in design.years)
    return amount_contrast(before, after, *totals)


def _group_loans(group_year: pd.DataFrame, design: Design) -> dict[str, tuple[int, ...]]:
    loans = group_year.set_index(["group", "year"])["loans"]
    return {group: tuple(int(loans[group, year]) for year in design.years) for group in GROUPS}


def group_growth_parts(group_year: pd.DataFrame, design: Design) -> Mapping[str, GrowthParts]:
    """Growth in NOK of each group as growth in number times growth in the average loan."""
    return {
        group: growth_parts(*map(float, loans), *_group_amounts(group_year, group, design))
        for group, loans in _group_loans(group_year, design).items()
    }


def region_average_change(group_year: pd.DataFrame, design: Design) -> AverageChangeBounds:
    """Change of the region's average loan: within the two groups and composition."""
    before, after = zip(*_group_loans(group_year, design).values(), strict=True)
    amounts = zip(*(_group_amounts(group_year, group, design) for group in GROUPS), strict=True)
    return average_change_bounds(Paired(GROUPS, before, after), *amounts)


def chart_axis_bounds(
    programme_chart_axes: pd.DataFrame, group_year: pd.DataFrame, design: Design
) -> Mapping[int, AxisBounds]:
    """Bound each year by the axis of the average-loan chart alone, without the press totals."""
    axis = programme_chart_axes.query("chart == 'average_loan_nok' and axis == 'value'")
    loans = group_year.pivot(index="year", columns="group", values="loans")
    amount = group_year.pivot(index="year", columns="group", values="amount_nok")["priority"]
    return {
        year: axis_bounds(
            float(axis["tick"].max()),
            int(loans.loc[year].sum()),
            int(loans.loc[year, "priority"]),
            float(amount[year]),
        )
        for year in design.years
    }


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
    before, after = design.years
    bars = programme_p11_region_loans.sort_values("year")["loans"].tolist()
    press = press_totals.query("area_kind == 'region' and quantity == 'loans'")
    return chart_orders(
        bars,
        list(design.window.chart_years.value),
        {before: int(priority_loans.pre_total), after: int(priority_loans.post_total)},
        {int(row.year): int(row.printed_value) for row in press.itertuples()},
    )


def agreement_unit(municipality: pd.DataFrame) -> dict[str, str]:
    """Name the unit that could sign an agreement, for each priority municipality.

    It is the column `cluster` of `data/decisions/treatment.csv`: Levanger and Verdal signed once,
    through Innherred samkommune, so they are one unit in everything that compares agreements, and
    one unit of inference at the municipal level. The contrast of priority municipalities with
    the others, where nobody signs, keeps its rows.
    """
    priority = municipality[municipality["group"] == "priority"]
    return dict(zip(priority["municipality_code"], priority["cluster"], strict=True))


@dataclass(frozen=True)
class AgreementReading:
    """The agreement contrast under one reading of who had an agreement, by `agreement_unit`.

    Attributes
    ----------
    reading
        Its name.
    contrast
        Growth with against without an agreement, with intervals.
    randomisation, within_counties
        The exact test over all assignments, and over those with as many in each county.
    counties
        The comparison inside counties.
    """

    reading: str
    contrast: agreement.AgreementContrast
    randomisation: GrowthRandomisation
    within_counties: GrowthRandomisation
    counties: agreement.CountyComparison


def agreement_readings(
    municipality: pd.DataFrame, rows: Paired, design: Design
) -> tuple[AgreementReading, ...]:
    """Compare agreement with none inside the priority group, under each reading of who had one.

    Parameters
    ----------
    municipality
        The municipalities: group, county, cluster, and who had an agreement by reading.
    rows
        Loans, or NOK, of the priority municipalities before and after.
    design
        Readings, confidence level and power.

    Raises
    ------
    InputError
        A unit whose municipalities lie in several counties, or had an agreement in part.
    """
    settings = {"level": design.level, "power": design.power}
    readings = design.parameters["reading"].allowed
    unit = agreement_unit(municipality)
    signed = {name: f"agreement_{name}" for name in readings}
    about = municipality.set_index("municipality_code").loc[list(unit)]
    about = about[["cluster", "county_code", *signed.values()]].drop_duplicates()
    about = about.set_index("cluster").sort_index()
    if about.index.has_duplicates:
        mixed = about.index[about.index.duplicated()][0]
        raise InputError(f"The municipalities of {mixed} differ in county or in agreement.")
    rows, county = rows.by_unit(unit), about["county_code"].to_dict()
    strata = [county[code] for code in rows.codes]
    found = []
    for reading, column in signed.items():
        treated = list(about.index[about[column]])
        found.append(
            AgreementReading(
                reading,
                agreement.agreement_contrast(rows, treated, **settings),
                randomise_growth(rows, treated),
                randomise_growth(rows, treated, strata),
                agreement.county_comparison(rows, treated, county, **settings),
            )
        )
    return tuple(found)
