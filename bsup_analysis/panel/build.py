"""From raw tables to the panel: municipalities, municipality-years, group-years, region-years.

Each function takes tables and returns one; nothing is read or written here.  What is not
published stays unknown; the others' loans and amounts are the region's less the table's.
"""

import pandas as pd
from pandera.typing import DataFrame

from bsup_analysis.errors import InputError
from bsup_analysis.panel.borders import Borders
from bsup_analysis.panel.published import bars_by_year, press_amounts, published_loans
from bsup_analysis.panel.schemas import GroupYear, Municipality, MunicipalityYear, RegionYear

PERSONS = ["population", "immigrants", "norwegian_born_to_immigrants"]
# the press prints whole millions: the amount lies half a million to either side
HALF_MILLION_NOK = 500_000


def municipality_table(
    points: pd.DataFrame, treatment: pd.DataFrame, centrality: pd.DataFrame
) -> DataFrame[Municipality]:
    """Put together what does not change with the year, one row a municipality of 2009."""
    known = set(points["municipality_code"])
    unknown = sorted(set(treatment["municipality_code"]) ^ known)
    if unknown:
        raise InputError(
            f"data/decisions/treatment.csv and municipality_points_2009.csv disagree about"
            f" {', '.join(unknown)}; both must hold the municipalities of 2009 once each."
        )
    table = points.merge(
        treatment.drop(columns=["municipality_name", "source", "reason"]), on="municipality_code"
    ).merge(
        centrality[["municipality_code", "centrality_level_2008", "economic_region_name"]],
        on="municipality_code",
        how="left",
    )
    table["group"] = table["priority"].map({True: "priority", False: "other"})
    columns = list(Municipality.to_schema().columns)
    return Municipality.validate(table.sort_values("municipality_code")[columns], lazy=True)


def _with_units(population: pd.DataFrame, borders: Borders) -> pd.DataFrame:
    """Add to each population row the 2009 municipalities it counts, as a tuple."""
    units = []
    for row, (code, year) in enumerate(
        zip(population["municipality_code"], population["year"], strict=True), start=2
    ):
        try:
            units.append(borders.units(code, year))
        except InputError as error:
            raise InputError(f"data/raw/ssb_population.csv, row {row}: {error}") from None
    return population.assign(units=units)


def municipality_year_table(
    municipality: pd.DataFrame,
    population: pd.DataFrame,
    borders: Borders,
    start_loans: pd.DataFrame,
    malvik: pd.DataFrame,
    press: pd.DataFrame,
    *,
    malvik_2009: str,
) -> DataFrame[MunicipalityYear]:
    """Build the municipality-year panel on 2009 borders.

    Merged predecessors are added up.  A later merger's number is not divided: its parts' rows
    are there, their values unknown.
    """
    counted = _with_units(population, borders)
    single = counted[counted["units"].map(len) == 1]
    persons = (
        single.assign(municipality_code=single["units"].map(lambda units: units[0]))
        .groupby(["municipality_code", "year"])[PERSONS]
        .sum(min_count=1)
        .reset_index()
    )
    years = pd.DataFrame({"year": sorted(population["year"].unique())})
    table = (
        municipality[["municipality_code", "municipality_name", "group"]]
        .merge(years, how="cross")
        .merge(persons, on=["municipality_code", "year"], how="left")
        .merge(
            published_loans(start_loans, malvik, press, malvik_2009),
            on=["municipality_code", "year"],
            how="left",
        )
        .sort_values(["municipality_code", "year"])
    )
    columns = list(MunicipalityYear.to_schema().columns)
    return MunicipalityYear.validate(table[columns], lazy=True)


def region_year_table(
    population: pd.DataFrame,
    municipality: pd.DataFrame,
    bars: pd.DataFrame,
    press: pd.DataFrame,
    *,
    order: str,
) -> DataFrame[RegionYear]:
    """Build the region-year table: population, the chart's loans, the press amounts."""
    amounts = (
        press[press_amounts(press)]
        .set_index("year")["printed_value"]
        .rename("amount_nok")
        .reset_index()
    )
    table = (
        population.groupby("year")["population"]
        .sum()
        .reset_index()
        .assign(municipalities=len(municipality))
        .merge(bars_by_year(bars, order), on="year", how="left")
        .merge(amounts, on="year", how="left")
        .sort_values("year")
    )
    table["amount_nok_low"] = table["amount_nok"] - HALF_MILLION_NOK
    table["amount_nok_high"] = table["amount_nok"] + HALF_MILLION_NOK
    columns = list(RegionYear.to_schema().columns)
    return RegionYear.validate(table[columns], lazy=True)


def group_year_table(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    region_year: pd.DataFrame,
    population: pd.DataFrame,
    borders: Borders,
) -> DataFrame[GroupYear]:
    """Build the group-year table.

    Population is added up from the original rows, so that a later merger inside one group
    counts.  Loans and amounts are there for the years in which all priority municipalities
    are published; the others' are the region's less theirs.
    """
    group_of = municipality.set_index("municipality_code")["group"]
    counted = _with_units(population, borders)
    groups = counted["units"].map(lambda units: {group_of[unit] for unit in units})
    mixed = counted[groups.map(len) > 1]
    if not mixed.empty:
        code, year = mixed.iloc[0][["municipality_code", "year"]]
        raise InputError(
            f"municipality {code} in {year} joins priority and other municipalities; decide how"
            " its population is to be shared before group totals are built."
        )
    persons = (
        counted.assign(group=groups.map(lambda group: next(iter(group))))
        .groupby(["group", "year"])["population"]
        .sum()
        .reset_index()
    )
    sizes = municipality.groupby("group").size().rename("municipalities").reset_index()
    priority = municipality_year[municipality_year["group"] == "priority"]
    complete = priority.groupby("year")["loans"].apply(lambda loans: loans.notna().all())
    years = complete.index[complete]
    own = priority[priority["year"].isin(years)].groupby("year")[["loans", "amount_nok"]].sum()
    own["amount_nok_low"] = own["amount_nok_high"] = own["amount_nok"]
    whole = region_year.set_index("year").loc[years, own.columns]
    rest = whole - own
    negative = rest[(rest < 0).any(axis=1)]
    if not negative.empty:
        raise InputError(
            f"in {negative.index[0]} the priority municipalities have more loans or NOK than the"
            " whole region; look at programme_p14_start_loans, programme_p11_region_loans and"
            " press_totals."
        )
    known = pd.concat({"priority": own, "other": rest}, names=["group", "year"]).reset_index()
    table = persons.merge(sizes, on="group").merge(known, on=["group", "year"], how="left")
    columns = list(GroupYear.to_schema().columns)
    order = table["group"].map({"priority": 0, "other": 1})
    table = table.assign(order=order).sort_values(["order", "year"])[columns]
    return GroupYear.validate(table, lazy=True)
