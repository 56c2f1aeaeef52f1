"""How much each municipality's rate changed, before anything is modelled."""

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.results.municipal_data import MunicipalData


def municipal_change(municipal_data: MunicipalData, design: Design) -> pd.DataFrame:
    """Loans per 1 000 inhabitants and year, before and from the first treated year on.

    Returns
    -------
    pandas.DataFrame
        One row a municipality: `unit`, `name`, `group`, `county`, `population` (mean of the
        years before), `loans_before`, `loans_after`, `years_before`, `years_after` (years with
        loans and population known), `rate_before`, `rate_after` (per 1 000 and year) and `ratio`;
        a ratio to a rate of zero, or without years, is unknown.
    """
    chosen = design.municipal
    years = [year for year in chosen.years.value if year != chosen.selection_year.value]
    rows = municipal_data.table.dropna(subset=["loans", "population"])
    rows = rows[rows["year"].isin(years) & (rows["population"] > 0)]
    after = rows["year"] >= design.window.first_treated_year.value
    units = municipal_data.table.drop_duplicates("unit").set_index("unit")
    table = units[["group", "county"]].assign(name=pd.Series(dict(municipal_data.names)))
    for side, part in (("before", rows[~after]), ("after", rows[after])):
        sums = part.groupby("unit")[["loans", "population"]].sum().astype(float)
        table[f"loans_{side}"] = sums["loans"].reindex(table.index)
        table[f"years_{side}"] = part.groupby("unit").size().reindex(table.index, fill_value=0)
        table[f"rate_{side}"] = (1_000 * sums["loans"] / sums["population"]).reindex(table.index)
        if side == "before":
            mean = part.groupby("unit")["population"].mean().astype(float)
            table["population"] = mean.reindex(table.index)
    ratio = table["rate_after"] / table["rate_before"]
    table["ratio"] = ratio.where(table["rate_before"] > 0)
    return table.reset_index()
