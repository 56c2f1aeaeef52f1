"""The two groups: their rows, their contrast, and the spread of the rows."""

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects.group_poisson import GroupContrast, group_contrast
from bsup_analysis.effects.paired import Paired, paired


def years(design: Design) -> tuple[int, int]:
    """Give the last year before and the first treated year."""
    return design.window.last_year_before.value, design.window.first_treated_year.value


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
    units = units[units["year"].isin(years(design))].reset_index(drop=True)
    treated = (units["group"] == "priority") & (units["year"] == years(design)[1])
    units.insert(4, "treated", treated.astype("int64"))
    return units


def priority_loans(municipality_year: pd.DataFrame, design: Design) -> Paired:
    """Loans of each priority municipality before and after."""
    rows = municipality_year[municipality_year["group"] == "priority"]
    return paired(rows, "loans", *years(design))


def priority_amounts(municipality_year: pd.DataFrame, design: Design) -> Paired:
    """NOK of each priority municipality before and after."""
    rows = municipality_year[municipality_year["group"] == "priority"]
    return paired(rows, "amount_nok", *years(design))


def loans_contrast(group_year: pd.DataFrame, design: Design) -> GroupContrast:
    """Two-way fixed-effects Poisson estimate for all municipalities, loans."""
    before, after = years(design)
    return group_contrast(group_year, measure="loans", treated_years=[after], years=[before, after])


def loans_contrast_per_inhabitant(group_year: pd.DataFrame, design: Design) -> GroupContrast:
    """Estimate the same of loans for each inhabitant."""
    before, after = years(design)
    return group_contrast(
        group_year,
        measure="loans",
        treated_years=[after],
        years=[before, after],
        exposure="population",
    )


def nok_contrast(group_year: pd.DataFrame, design: Design) -> GroupContrast:
    """Two-way fixed-effects Poisson estimate for all municipalities, NOK at printed values."""
    before, after = years(design)
    return group_contrast(
        group_year,
        measure="amount_nok",
        treated_years=[after],
        years=[before, after],
        is_count=False,
    )
