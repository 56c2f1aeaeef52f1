"""Checks of what the document says about inhabitants, against Statistics Norway's figures.

An undated statement holds if it holds on 1 January of any of its plausible years; which years
those are is an argument of the row, and all years at hand are reported beside them.
"""

import pandas as pd

from bsup_analysis.analysis.audit.compare_printed import compare
from bsup_analysis.analysis.audit.statement import (
    CONTRADICTED,
    REPRODUCED,
    STATUSES,
    WITHIN_ROUNDING,
    Finding,
    Statement,
    interval,
    written,
)
from bsup_analysis.errors import InputError

HOLDS = (REPRODUCED, WITHIN_ROUNDING)


def spans(years: list[int]) -> list[str]:
    """Put years together: [2005, 2006, 2007, 2013] is ["2005-2007", "2013"], with en dashes."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and runs[-1][1] == year - 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return [str(first) if first == last else f"{first}–{last}" for first, last in runs]


def _by_municipality(municipality_year: pd.DataFrame) -> pd.DataFrame:
    """Give population with years as rows and municipality codes as columns."""
    return municipality_year.pivot(
        index="year", columns="municipality_code", values="population"
    ).astype(float)


def _column(wide: pd.DataFrame, code: str) -> pd.Series:
    if code not in wide:
        raise InputError(f"municipality {code!r} in check_argument is not one of the region.")
    return wide[code]


def _in_some_year(statement: Statement, series: pd.Series, unit: str = "count") -> Finding:
    """Compare a printed value with a series by year, undated statements in any plausible year."""
    plausible = [year for year in statement.years() if year in series.dropna().index]
    if not plausible:
        raise InputError("no plausible year in check_argument has a population.")
    status = {
        year: compare(statement.comparison, statement.number, float(value))
        for year, value in series.dropna().items()
    }
    best = min(plausible, key=lambda year: (STATUSES.index(status[year]), year))
    held = [int(year) for year in status if status[year] in HOLDS]
    near = series.loc[plausible]
    scale = 100 if unit == "share" else 1
    holds = status[best] in HOLDS
    return Finding(
        status=status[best],
        reason="by_year_held" if held else "by_year_never",
        recomputed=written(near[best]) if holds else interval(near.min(), near.max()),
        details={
            "plausible_years": spans(plausible),
            f"low_{unit}": near.min() / scale,
            f"high_{unit}": near.max() / scale,
            **({"held_years": spans(held)} if held else {}),
            "all_years": spans([int(year) for year in status]),
        },
    )


def region_population(statement: Statement, region_year: pd.DataFrame) -> Finding:
    """Compare with the region's population of each year."""
    return _in_some_year(statement, region_year.set_index("year")["population"].astype(float))


def municipality_population(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Compare with the population of a municipality, or of the smallest one, each year."""
    wide = _by_municipality(municipality_year)
    code = statement.argument("municipality")
    return _in_some_year(statement, wide.min(axis=1) if code == "smallest" else _column(wide, code))


def population_growth(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Compare with a municipality's growth from each 1 January to the next."""
    persons = _column(_by_municipality(municipality_year), statement.argument("municipality"))
    return _in_some_year(statement, persons.diff().shift(-1))


def population_rank(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Compare with a municipality's rank by population each year, the largest being 1."""
    ranks = _by_municipality(municipality_year).rank(axis=1, ascending=False, method="min")
    return _in_some_year(statement, _column(ranks, statement.argument("municipality")))


def population_share(statement: Statement, group_year: pd.DataFrame) -> Finding:
    """Compare with a group's share of the region's population, in percent, each year."""
    wide = group_year.pivot(index="year", columns="group", values="population").astype(float)
    share = 100 * wide.div(wide.sum(axis=1), axis=0)
    return _in_some_year(statement, share[statement.argument("group")], "share")


def population_decline(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Count the municipalities whose population fell every year of a span; one is enough."""
    years = statement.years("years")
    change = _by_municipality(municipality_year).loc[years].diff().iloc[1:]
    falling = int((change < 0).all().sum())
    return Finding(
        REPRODUCED if falling else CONTRADICTED,
        "declining",
        written(falling),
        {"declining_count": falling, "span_years": spans(years)},
    )


def size_rank(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Count how many of a group are among the equally many largest; one is enough."""
    year = statement.year
    persons = municipality_year[municipality_year["year"] == year]
    group = persons[persons["group"] == statement.argument("group")]
    largest = persons.nlargest(len(group), "population")
    shared = int(group["municipality_code"].isin(largest["municipality_code"]).sum())
    return Finding(
        REPRODUCED if shared else CONTRADICTED,
        "largest",
        written(shared),
        {"shared_count": shared, "group_count": len(group)},
    )


def municipality_count(statement: Statement, ssb_population: pd.DataFrame) -> Finding:
    """Count the municipalities in force on 1 January of each plausible year."""
    years = statement.years()
    counted = ssb_population.groupby("year")["municipality_code"].nunique().reindex(years)
    low, high = float(counted.min()), float(counted.max())
    return Finding(
        compare(statement.comparison, statement.number, low, high),
        "in_force",
        interval(low, high),
        {"plausible_years": spans(years)},
    )


def municipality_share(statement: Statement, group_year: pd.DataFrame) -> Finding:
    """Compare with a group's share of the number of municipalities, in percent."""
    rows = group_year[group_year["year"] == statement.year].set_index("group")["municipalities"]
    number, region = int(rows[statement.argument("group")]), int(rows.sum())
    percent = 100 * number / region
    return Finding(
        compare(statement.comparison, statement.number, percent),
        "share_of_municipalities",
        written(percent),
        {"group_count": number, "region_count": region},
    )


def county_count(statement: Statement, municipality: pd.DataFrame) -> Finding:
    """Count the counties that the region's municipalities lie in."""
    counties = municipality["county_code"].nunique()
    return Finding(
        compare(statement.comparison, statement.number, counties), "counties", written(counties)
    )
