"""Start loans of all municipalities from the user's table, in the form of the published ones."""

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects.paired import Paired
from bsup_analysis.results.groups import years


def all_loans(municipality_year: pd.DataFrame, start_loans: pd.DataFrame) -> pd.DataFrame:
    """Give municipality-years with the loans and NOK of the user's table, for every one alike.

    Published rows are not mixed in: the table may count something else, and says what.
    """
    keys = ["municipality_code", "year"]
    own = start_loans[[*keys, "loans", "amount_nok", "source"]]
    own = own.rename(columns={"source": "loans_source"})
    kept = municipality_year.drop(columns=["loans", "amount_nok", "loans_source"])
    return kept.merge(own, on=keys, how="left")[list(municipality_year.columns)]


def all_twice(available_loans: pd.DataFrame, design: Design) -> Paired:
    """Give loans before and after of every municipality with both in the user's table.

    One with none in both years has no growth and is left out.
    """
    wide = available_loans.pivot(index="municipality_code", columns="year", values="loans")
    both = wide[list(years(design))].dropna().astype(float)
    both = both[both.sum(axis=1) > 0].sort_index()
    before, after = (tuple(both[year]) for year in both.columns)
    return Paired(tuple(map(str, both.index)), before, after)
