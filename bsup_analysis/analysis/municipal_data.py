"""The municipal panel with what the design says of its units, from the user's table or made up.

`municipal_data` is for the table in `data/municipal/`; `demonstration_data` stands in its place
where a notebook is given a SYNTHETIC panel of `bsup demo`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.analysis.groups import years
from bsup_analysis.design import Design
from bsup_analysis.effects.paired import Paired

COLUMNS = [
    "unit",
    "year",
    "group",
    "county",
    "population",
    "loans",
    "loans_low",
    "loans_high",
    "amount_nok",
]
# the document's plan for 2011 (p. 14) is the only year given for agreements after the first
FIRST_AGREEMENTS, LATER_AGREEMENTS = 2010, 2011


@dataclass(frozen=True, eq=False)
class MunicipalData:
    """Loans of every municipality and year, and what the design says of the municipalities.

    Attributes
    ----------
    table
        One row a unit and year, sorted: `unit`, `year`, `group` (priority or other), `county`,
        `population` (1 January), `loans`, `loans_low`, `loans_high`, `amount_nok` (Int64); what
        is unknown is <NA>, never zero.
    names
        Unit to the name shown; pseudonyms in a demonstration.
    largest
        The largest priority municipality, which can carry a result alone: Trondheim.
    loss_sharing
        In the national loss-sharing trial at the same time: Steinkjer.
    cluster
        Unit to its unit of inference; municipalities that administer start loans together
        share one.
    excluded
        Not in the comparison group: partners of a priority municipality.
    agreement_year
        Units with an agreement, and its latest possible year.
    definition
        What is counted: `loans` or `approved_dwellings`.
    synthetic
        True for a demonstration.
    origin
        One line: where the data come from.
    """

    table: pd.DataFrame
    names: Mapping[str, str]
    largest: str
    loss_sharing: tuple[str, ...]
    cluster: Mapping[str, str]
    excluded: tuple[str, ...]
    agreement_year: Mapping[str, int]
    definition: str
    synthetic: bool
    origin: str


@dataclass(frozen=True, eq=False)
class Demonstration:
    """A SYNTHETIC panel as `bsup demo` wrote it: its rows, and how they were drawn, in a line."""

    table: pd.DataFrame
    origin: str


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    whole = dict.fromkeys([*COLUMNS[4:], "year"], "Int64")
    ordered = table[COLUMNS].astype(whole).astype({"year": "int64"})
    return ordered.sort_values(["unit", "year"], ignore_index=True)


def municipal_data(
    start_loans: pd.DataFrame,
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    exclusions: pd.DataFrame,
    co_treatment: pd.DataFrame,
    reading: str,
    design: Design,
) -> MunicipalData:
    """Join the user's table with the study's own, on the borders of 2009.

    Years of the table without population in the panel keep their loans; their population is
    unknown.
    """
    about = municipality.set_index("municipality_code")
    people = municipality_year[["municipality_code", "year", "population"]]
    table = (
        start_loans.merge(people, on=["municipality_code", "year"], how="left")
        .merge(municipality[["municipality_code", "group", "county_code"]], on="municipality_code")
        .rename(columns={"municipality_code": "unit", "county_code": "county"})
    )
    selection = people[people["year"] == design.window.last_year_before.value]
    priority = about.index[about["group"] == "priority"]
    sizes = selection.set_index("municipality_code").loc[priority, "population"].astype(int)
    partners = exclusions["applies_to"] == "municipal_comparison_group"
    trial = co_treatment[co_treatment["what"] == "loss_sharing_trial"]
    first, agreed = about["agreement_signed_2010"], about[f"agreement_{reading}"]
    return MunicipalData(
        table=_ordered(table),
        names=about["municipality_name"].to_dict(),
        largest=str(sizes.idxmax()),
        loss_sharing=tuple(sorted(trial["municipality_code"].dropna())),
        cluster=about["cluster"].to_dict(),
        excluded=tuple(sorted(exclusions.loc[partners, "municipality_code"])),
        agreement_year={
            str(unit): FIRST_AGREEMENTS if first[unit] else LATER_AGREEMENTS
            for unit in about.index[agreed]
        },
        definition=str(start_loans["definition"].iloc[0]),
        synthetic=False,
        origin="; ".join(sorted({str(source).split(";")[0] for source in start_loans["source"]})),
    )


def demonstration_data(demonstration: Demonstration) -> MunicipalData:
    """Give a SYNTHETIC panel the same form; it has one reading of who had an agreement."""
    rows = demonstration.table
    units = rows.drop_duplicates("unit").set_index("unit")
    agreed = units["agreement_year"].dropna()

    def having(role: str) -> tuple[str, ...]:
        return tuple(sorted(units.index[units["role"] == role]))

    return MunicipalData(
        table=_ordered(rows),
        names={unit: unit for unit in units.index},
        largest=having("largest")[0],
        loss_sharing=having("loss_sharing"),
        cluster=units["cluster"].to_dict(),
        excluded=having("partner"),
        agreement_year={str(unit): int(year) for unit, year in agreed.items()},
        definition="loans",
        synthetic=True,
        origin=demonstration.origin,
    )


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
