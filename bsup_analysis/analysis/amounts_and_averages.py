"""NOK and averages, with what the rounding of the press totals leaves open."""

from collections.abc import Mapping

import pandas as pd

from bsup_analysis.analysis.groups import years
from bsup_analysis.design import Design
from bsup_analysis.effects.intervals import (
    AmountContrast,
    AverageChangeBounds,
    AxisBounds,
    GrowthParts,
    Interval,
    amount_contrast,
    average_change_bounds,
    axis_bounds,
    growth_parts,
)
from bsup_analysis.effects.paired import Paired

PRESS_COUNTY = "17"


def _amount(rows: pd.DataFrame, group: str, year: int) -> Interval:
    row = rows[(rows["group"] == group) & (rows["year"] == year)].iloc[0]
    return Interval(
        float(row["amount_nok"]), float(row["amount_nok_low"]), float(row["amount_nok_high"])
    )


def _region(region_year: pd.DataFrame, year: int) -> Interval:
    row = region_year[region_year["year"] == year].iloc[0]
    return Interval(*(float(row[f"amount_nok{end}"]) for end in ("", "_low", "_high")))


def amounts_rounding(
    group_year: pd.DataFrame, region_year: pd.DataFrame, design: Design
) -> AmountContrast:
    """Contrast of NOK with what the rounding of the press totals leaves open."""
    before, after = years(design)
    own = [_amount(group_year, "priority", year).value for year in (before, after)]
    return amount_contrast(
        own[0], own[1], _region(region_year, before), _region(region_year, after)
    )


def _press_county(press_totals: pd.DataFrame, county: str, year: int) -> Interval:
    rows = press_totals[
        (press_totals["area_code"] == county)
        & (press_totals["quantity"] == "amount")
        & (press_totals["year"] == year)
    ]
    return Interval.rounded(float(rows["printed_value"].item()), 1e6)


def _priority_amount(municipality_year: pd.DataFrame, inside: bool, year: int) -> float:
    rows = municipality_year[
        (municipality_year["group"] == "priority")
        & (municipality_year["municipality_code"].str.startswith(PRESS_COUNTY) == inside)
        & (municipality_year["year"] == year)
    ]
    return float(rows["amount_nok"].sum())


def amounts_county_17(
    municipality_year: pd.DataFrame, press_totals: pd.DataFrame, design: Design
) -> AmountContrast:
    """Contrast of NOK inside Nord-Trøndelag, the one county with a press total."""
    before, after = years(design)
    return amount_contrast(
        _priority_amount(municipality_year, True, before),
        _priority_amount(municipality_year, True, after),
        _press_county(press_totals, PRESS_COUNTY, before),
        _press_county(press_totals, PRESS_COUNTY, after),
    )


def amounts_other_counties(
    municipality_year: pd.DataFrame,
    press_totals: pd.DataFrame,
    region_year: pd.DataFrame,
    design: Design,
) -> AmountContrast:
    """Contrast of NOK in the other counties: the region's press total less Nord-Trøndelag's."""
    before, after = years(design)
    return amount_contrast(
        _priority_amount(municipality_year, False, before),
        _priority_amount(municipality_year, False, after),
        _region(region_year, before) - _press_county(press_totals, PRESS_COUNTY, before),
        _region(region_year, after) - _press_county(press_totals, PRESS_COUNTY, after),
    )


def group_growth_parts(group_year: pd.DataFrame, design: Design) -> Mapping[str, GrowthParts]:
    """Growth in NOK of each group as growth in number times growth in the average loan."""
    before, after = years(design)
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


def region_average_change(group_year: pd.DataFrame, design: Design) -> AverageChangeBounds:
    """Change of the region's average loan: within the two groups and composition."""
    before, after = years(design)
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
        for year in years(design)
    }
