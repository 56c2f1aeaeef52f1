"""What a reader's choice of municipality, outcome, group and reading selects from the tables."""

from collections.abc import Iterator

import pandas as pd

from bsup_analysis.design import Design

BASE = 100


def members(municipality: pd.DataFrame, group: str, reading: str, code: str) -> list[str]:
    """List the municipalities of a group.

    Parameters
    ----------
    municipality
        A row a municipality.
    group
        `priority`, `other`, `all`, `agreement`, `no_agreement` (of the priority municipalities,
        by the reading) or `county` (that of the municipality `code`).
    reading
        Who had an agreement.
    code
        The chosen municipality.

    Returns
    -------
    list of str
        Codes, sorted.
    """
    rows = municipality.set_index("municipality_code").sort_index()
    priority, agreed = rows["group"] == "priority", rows[f"agreement_{reading}"].astype(bool)
    chosen = {
        "priority": priority,
        "other": ~priority,
        "all": rows["group"].notna(),
        "agreement": agreed,
        "no_agreement": priority & ~agreed,
        "county": rows["county_code"] == rows.loc[code, "county_code"],
    }[group]
    return list(rows.index[chosen])


def group_totals(
    municipality_year: pd.DataFrame, group_year: pd.DataFrame, codes: list[str], group: str
) -> pd.DataFrame:
    """Add up a group's population, loans and NOK by year; what is not published stays unknown.

    The sum over all other municipalities is known without their rows, as the region less the
    priority municipalities.
    """
    columns = ["population", "loans", "amount_nok"]
    if group in ("other", "all"):
        kinds = ["other"] if group == "other" else ["priority", "other"]
        rows = group_year[group_year["group"].isin(kinds)]
    else:
        rows = municipality_year[municipality_year["municipality_code"].isin(codes)]
    whole = rows.groupby("year")[columns]
    # a sum with an unknown part is unknown
    return whole.sum().where(whole.count().eq(whole.size(), axis=0))


def against_group(
    municipality_year: pd.DataFrame, totals: pd.DataFrame, code: str, outcome: str, design: Design
) -> pd.DataFrame:
    """Give population and outcome of a municipality and a group on comparable scales.

    Returns
    -------
    pandas.DataFrame
        `who` (`municipality`, `group`), `quantity` (`population_index`, with the first year as
        100, or the outcome), `unit`, `year`, `value` (empty: not published).
    """
    own = municipality_year[municipality_year["municipality_code"] == code].set_index("year")
    measure = design.outcomes[outcome]
    over, under = measure.column, measure.per or "population"
    unit, factor = measure.each(under)

    def rows() -> Iterator[tuple[str, str, str, int, float]]:
        for who, table in (("municipality", own), ("group", totals)):
            numbers = table[["population", "loans", "amount_nok"]].astype("Float64")
            people = BASE * numbers["population"] / numbers["population"].iloc[0]
            for year, value in people.items():
                yield who, "population_index", "index", int(str(year)), value
            for year in design.window.published_years.value:
                rate = factor * numbers.loc[year, over] / numbers.loc[year, under]
                yield who, outcome, unit, year, rate

    return pd.DataFrame(rows(), columns=["who", "quantity", "unit", "year", "value"]).astype(
        {"value": "Float64"}
    )


def growth_rows(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    outcome: str,
    reading: str,
    design: Design,
) -> pd.DataFrame:
    """Give the growth of every municipality whose loans are published in both years.

    Returns
    -------
    pandas.DataFrame
        `municipality_code`, `municipality_name`, `agreement`, `loans_before`, `loans_after`,
        `growth` (a factor), sorted by growth.
    """
    before, after = (f"{year}" for year in design.window.published_years.value)
    rows = municipality_year.assign(year=municipality_year["year"].astype(str))
    measure = design.outcomes[outcome]
    over = rows[measure.per] if measure.per else 1
    rows["quantity"] = (rows[measure.column] / over).astype("Float64")
    wide = rows.pivot(index="municipality_code", columns="year", values=["loans", "quantity"])
    known = wide[wide["loans"][[before, after]].notna().all(axis=1)]
    own = municipality.set_index("municipality_code").loc[known.index]
    return (
        pd.DataFrame(
            {
                "municipality_name": own["municipality_name"],
                "agreement": own[f"agreement_{reading}"].astype(bool),
                "loans_before": known["loans"][before].astype(int),
                "loans_after": known["loans"][after].astype(int),
                "growth": (known["quantity"][after] / known["quantity"][before]).astype(float),
            }
        )
        .sort_values(["growth", "municipality_name"], kind="stable")
        .reset_index()
    )
