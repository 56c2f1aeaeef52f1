"""The panel: raw tables mapped to the borders of 2009, byte for byte the same each time.

What is not published stays unknown; the others' loans and amounts are the region's less the
table's.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.tables import INPUTS, ORIGINS, OUTPUTS
from bsup_analysis.tables.borders import REFERENCE_YEAR, Borders
from bsup_analysis.tables.sources import read_source
from bsup_analysis.tables.strict_csv import PROCESSED, to_csv

PERSONS = ["population", "immigrants", "norwegian_born_to_immigrants"]
# the press prints whole millions: the amount lies half a million to either side
HALF_MILLION_NOK = 500_000
# a year in which more immigrants than this have no reason gives no number of refugees
MOST = 0.5


def _joined(values: pd.Series) -> str:
    """Give the one value that the parts of a unit have, or all of them with a stroke between."""
    return "/".join(dict.fromkeys(values))


# of a unit's parts, what each column of the municipality table becomes
_OF_UNITS = dict.fromkeys(
    ("unit_name", "municipalities", "group", "county_code", "cluster"), _joined
)

Rows = Callable[[pd.DataFrame], pd.Series]


def _valid(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Check a table against its schema, whose columns it may have among others."""
    schema = PROCESSED[name]
    return schema.validate(table[list(schema.columns)], lazy=True)


def of_municipalities(start_loans: pd.DataFrame) -> pd.Series:
    """Tell the rows of document p. 14 that are municipalities from its printed sum."""
    return start_loans["row_kind"] == "municipality"


def malvik_before_the_table(malvik: pd.DataFrame) -> pd.Series:
    """Tell the loans and NOK of 2008 (document p. 6), the year that p. 14 does not have."""
    return (malvik["year"] == 2008).fillna(False) & malvik["quantity"].isin(["loans", "amount_nok"])


def press_of_municipalities(press: pd.DataFrame) -> pd.Series:
    """Tell the totals of single municipalities in 2008."""
    return (press["area_kind"] == "municipality") & (press["year"] == 2008)


def press_amounts(press: pd.DataFrame) -> pd.Series:
    """Tell the region's amounts."""
    return (press["area_kind"] == "region") & (press["quantity"] == "amount")


USED: Mapping[tuple[str, str], Rows] = {
    ("municipality_year", "programme_p14_start_loans"): of_municipalities,
    ("municipality_year", "programme_p06_malvik"): malvik_before_the_table,
    ("municipality_year", "press_totals"): press_of_municipalities,
    ("region_year", "press_totals"): press_amounts,
}


def bars_by_year(bars: pd.DataFrame, order: str) -> pd.DataFrame:
    """Give the chart's bars their years.

    Parameters
    ----------
    bars
        The bars of p. 11 with the years that reading order gives them.
    order
        `readings.chart_order`: `reading_order`, or `exchanged`, which gives the bars that the
        press does not fix each other's years.

    Returns
    -------
    pandas.DataFrame
        Columns `year`, `loans`, `loans_certainty`.
    """
    table = bars[["year", "loans", "certainty"]].rename(columns={"certainty": "loans_certainty"})
    if order == "exchanged":
        open_years = table["loans_certainty"] != "confirmed"
        table.loc[open_years, "loans"] = table.loc[open_years, "loans"].to_numpy()[::-1]
        table.loc[open_years, "loans_certainty"] = order
    return table


def published_loans(
    start_loans: pd.DataFrame, malvik: pd.DataFrame, press: pd.DataFrame, malvik_2009: str
) -> pd.DataFrame:
    """Collect the loans and amounts printed for single municipalities.

    2009 and 2010 are those of the table on p. 14; 2008 is known for Malvik (p. 6) and
    Stjørdal (press) alone.  By `readings.malvik_2009_loans` (`malvik_2009`: `table_p14` or
    `text_p06`) Malvik's loans in 2009 are those of p. 6.
    """
    rows = start_loans[of_municipalities(start_loans)]
    malvik_code = rows.loc[rows["municipality_name"] == "Malvik", "municipality_code"].item()
    text = malvik[malvik_before_the_table(malvik)]
    local = press[press_of_municipalities(press)].replace({"quantity": {"amount": "amount_nok"}})
    before = pd.concat(
        [
            text.assign(area_code=malvik_code, loans_source="document p. 6"),
            local.assign(loans_source="press"),
        ]
    ).pivot(index=["area_code", "year", "loans_source"], columns="quantity", values="printed_value")
    printed = [
        rows[["municipality_code"]].assign(
            year=year,
            loans=rows[f"loans_{year}"],
            amount_nok=rows[f"amount_nok_{year}"],
            loans_source="document p. 14",
        )
        for year in (2009, 2010)
    ]
    columns = {"area_code": "municipality_code"}
    table = pd.concat([*printed, before.reset_index().rename(columns=columns)], ignore_index=True)
    if malvik_2009 == "text_p06":
        stated = malvik[(malvik["year"] == 2009) & (malvik["quantity"] == "loans")]
        here = (table["municipality_code"] == malvik_code) & (table["year"] == 2009)
        table.loc[here, "loans"] = stated["printed_value"].item()
        table.loc[here, "loans_source"] = "document pp. 6 (loans), 14 (NOK)"
    return table


def municipality_table(
    points: pd.DataFrame, treatment: pd.DataFrame, centrality: pd.DataFrame
) -> pd.DataFrame:
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
    return _valid("municipality", table.sort_values("municipality_code"))


def _with_units(
    table: pd.DataFrame, borders: Borders, name: str = "ssb_population", *, year_end: bool = False
) -> pd.DataFrame:
    """Add to each row of a raw table the 2009 municipalities it counts, as a tuple.

    A code is that of 1 January of its year, or of the end of it (`year_end`).
    """
    units = []
    for row, (code, year) in enumerate(
        zip(table["municipality_code"], table["year"] + year_end, strict=True), start=2
    ):
        try:
            units.append(borders.units(code, year))
        except InputError as error:
            raise InputError(f"data/raw/{name}.csv, row {row}: {error}") from None
    return table.assign(units=units)


def municipality_year_table(
    municipality: pd.DataFrame,
    population: pd.DataFrame,
    borders: Borders,
    start_loans: pd.DataFrame,
    malvik: pd.DataFrame,
    press: pd.DataFrame,
    *,
    malvik_2009: str,
) -> pd.DataFrame:
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
    return _valid("municipality_year", table)


def region_year_table(
    population: pd.DataFrame,
    municipality: pd.DataFrame,
    bars: pd.DataFrame,
    press: pd.DataFrame,
    *,
    order: str,
) -> pd.DataFrame:
    """Build the region-year table: population, the chart's loans, the press amounts."""
    amounts = press[press_amounts(press)].rename(columns={"printed_value": "amount_nok"})
    table = (
        population.groupby("year")["population"]
        .sum()
        .reset_index()
        .assign(municipalities=len(municipality))
        .merge(bars_by_year(bars, order), on="year", how="left")
        .merge(amounts[["year", "amount_nok"]], on="year", how="left")
        .sort_values("year")
    )
    table["amount_nok_low"] = table["amount_nok"] - HALF_MILLION_NOK
    table["amount_nok_high"] = table["amount_nok"] + HALF_MILLION_NOK
    return _valid("region_year", table)


def group_year_table(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    region_year: pd.DataFrame,
    population: pd.DataFrame,
    borders: Borders,
) -> pd.DataFrame:
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
    # the priority group first
    return _valid("group_year", table.sort_values(["group", "year"], ascending=[False, True]))


def indicators_table(
    municipality: pd.DataFrame,
    labour_market: pd.DataFrame,
    immigrants: pd.DataFrame,
    borders: Borders,
    *,
    refugee_years: Sequence[int],
) -> pd.DataFrame:
    """Build the table of what was measured in every municipality, 2006 on.

    Municipalities of 2009 that some years count as one are one unit in every year, under the
    code of the later merger.  Refugees are unknown but for `refugee_years`.
    """
    counted = [
        _with_units(labour_market, borders, "labour_market", year_end=True),
        _with_units(immigrants, borders, "immigrants_by_reason"),
    ]
    together = pd.concat(counted)[["units", "municipality_code"]]
    later = together[together["units"].map(len) > 1].drop_duplicates("units").set_index("units")
    of_unit = {part: code for parts, code in later["municipality_code"].items() for part in parts}
    about = municipality.assign(
        unit=municipality["municipality_code"].map(lambda code: of_unit.get(code, code)),
        unit_name=municipality["municipality_name"],
        municipalities=municipality["municipality_code"],
    )
    units = about.groupby("unit")[list(_OF_UNITS)].agg(_OF_UNITS).reset_index()
    mixed = units.loc[units["group"].str.contains("/"), "unit"]
    if not mixed.empty:
        raise InputError(
            f"municipality {mixed.iloc[0]} joins priority and other municipalities; decide how its"
            " numbers are to be shared before they are compared."
        )
    unit_of = about.set_index("municipality_code")["unit"]
    sums = [
        table.assign(unit=table["units"].map(lambda parts: unit_of[parts[0]]))
        .drop(columns=["municipality_code", "units"])
        .groupby(["unit", "year"], as_index=False)
        .sum()
        for table in counted
    ]
    table = sums[1].merge(sums[0], on=["unit", "year"], how="outer").merge(units, on="unit")
    lost = table.groupby("year")[["immigrants_reason_unknown", "immigrants"]].sum()
    share = lost["immigrants_reason_unknown"] / lost["immigrants"]
    for year in share.index[share > MOST].intersection(list(refugee_years)):
        raise InputError(
            f"study.toml: window.refugee_years has {year}, and data/raw/immigrants_by_reason.csv"
            f" gives no reason for {share[year]:.0%} of that year's immigrants; take the year out."
        )
    known = table["year"].isin(refugee_years)
    table["refugees"] = table["immigrants_refuge"].astype("Int64").where(known)
    return _valid("municipality_indicators", table.sort_values(["unit", "year"]))


def build_panel(
    read: Callable[[str], pd.DataFrame],
    malvik_2009: str,
    chart_order: str,
    refugee_years: Sequence[int],
) -> Mapping[str, pd.DataFrame]:
    """Build the processed tables under the readings that the design uses.

    Parameters
    ----------
    read
        Gives a raw or decision table by name (the names in `INPUTS`).
    malvik_2009, chart_order, refugee_years
        The choices of `study.toml` that the tables depend on (`Design.of_panel`).

    Returns
    -------
    mapping of str to pandas.DataFrame
        The tables named in `OUTPUTS`, each valid by its schema.

    Raises
    ------
    InputError
        A raw table is refused.
    """
    made: dict[str, Any] = {name: read(name) for name in INPUTS}
    # each is called with the tables that `ORIGINS` names for it, so the way back cannot be wrong
    makers: Mapping[str, Callable[..., Any]] = {
        "municipality": municipality_table,
        "borders": lambda of, changes: Borders(
            REFERENCE_YEAR, frozenset(of["municipality_code"]), changes
        ),
        "municipality_year": partial(municipality_year_table, malvik_2009=malvik_2009),
        "region_year": partial(region_year_table, order=chart_order),
        "group_year": group_year_table,
        "municipality_indicators": partial(indicators_table, refugee_years=refugee_years),
    }
    for name, origins in ORIGINS.items():
        made[name] = makers[name](*(made[origin] for origin in origins))
    return {name: made[name] for name in OUTPUTS}


def write_processed(malvik_2009: str, chart_order: str, refugee_years: Sequence[int]) -> list[Path]:
    """Build the processed tables from the study's own and write them under `data/processed/`.

    All tables are built before the first is written, so that a refused input changes nothing.

    Raises
    ------
    InputError
        A raw table is refused.
    """
    panel = build_panel(read_source, malvik_2009, chart_order, refugee_years)
    written = {paths.processed() / f"{name}.csv": to_csv(table) for name, table in panel.items()}
    for path, text in written.items():
        write_aside(path, text)
    return list(written)
