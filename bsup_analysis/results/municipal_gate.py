"""The data gate: the municipal table held against every published total, before any estimate."""

import pandas as pd

from bsup_analysis.municipal_import.validation import compare, published_totals
from bsup_analysis.results.municipal_data import Demonstration


def totals_in_print(
    programme_p14_start_loans: pd.DataFrame,
    programme_p11_region_loans: pd.DataFrame,
    programme_p06_malvik: pd.DataFrame,
    press_totals: pd.DataFrame,
) -> pd.DataFrame:
    """Collect the published totals of start loans, each with what its rounding leaves."""
    return published_totals(
        {
            "programme_p14_start_loans": programme_p14_start_loans,
            "programme_p11_region_loans": programme_p11_region_loans,
            "programme_p06_malvik": programme_p06_malvik,
            "press_totals": press_totals,
        }
    )


def municipal_gate(start_loans: pd.DataFrame, totals_in_print: pd.DataFrame) -> pd.DataFrame:
    """Compare the user's table with the published totals."""
    return compare(start_loans, totals_in_print)


def demonstration_gate(demonstration: Demonstration, totals_in_print: pd.DataFrame) -> pd.DataFrame:
    """Compare a SYNTHETIC panel with the totals of the region and of the priority group."""
    table = demonstration.table.rename(columns={"unit": "municipality_code"})
    priority = table.loc[table["group"] == "priority", "municipality_code"]
    groups = totals_in_print[totals_in_print["area"].isin(["region", "priority"])]
    return compare(table, groups, priority.unique())
