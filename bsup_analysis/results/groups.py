"""The two groups: their rows, their contrast, and the spread of the rows."""

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects.group_poisson import GroupContrast, group_contrast
from bsup_analysis.effects.paired import Paired, paired


def years(design: Design) -> tuple[int, int]:
    """Give the last year before and the first treated year."""
    return design.window.last_year_before.value, design.window.first_treated_year.value


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
