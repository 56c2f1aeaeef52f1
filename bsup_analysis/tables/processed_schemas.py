"""The processed tables: schema, meaning and unit of every column.

The functions that build the tables return these types, and the codebook `data/README.md` is
generated from them.
"""

from typing import Any

import pandas as pd
from pandera.typing import Series

from bsup_analysis.tables.strict_csv import CODE, Strict, field

GROUPS = ["priority", "other"]
TRUE_OR_FALSE = "true or false"
PERSONS = "persons, 1 January"


def _amount(description: str) -> Any:
    return field("NOK in the year, current prices", description, ge=0, nullable=True)


def _loans(description: str) -> Any:
    return field("loans in the year", description, ge=0, nullable=True)


class Municipality(Strict):
    """One row a municipality of 2009: what does not change with the year."""

    municipality_code: Series[str] = field(
        "code", "Municipality code of 2009.", str_matches=CODE, unique=True
    )
    municipality_name: Series[str] = field("name", "Municipality name.", unique=True)
    county_code: Series[str] = field("code", "County code of 2009.", str_matches=r"^\d{2}$")
    group: Series[str] = field(
        "category",
        "Named as a priority municipality from the start (document p. 13), or not.",
        isin=GROUPS,
    )
    agreement_signed_2010: Series[pd.BooleanDtype] = field(
        TRUE_OR_FALSE, "Agreement signed, as the document lists them (p. 14)."
    )
    agreement_eight_2013: Series[pd.BooleanDtype] = field(
        TRUE_OR_FALSE, "Agreement, as Husbanken's later list implies."
    )
    agreement_intended_2011: Series[pd.BooleanDtype] = field(
        TRUE_OR_FALSE, "Agreement signed, or intended for autumn 2011 (p. 14)."
    )
    cluster: Series[str] = field(
        "name", "Unit of inference: municipalities that administer start loans together are one."
    )
    centrality_level_2008: Series[pd.Int64Dtype] = field(
        "0 (least) to 3 (most central)",
        "Statistics Norway's centrality 2008; unknown where only a later merger is classified.",
        ge=0,
        le=3,
        nullable=True,
    )
    economic_region_name: Series[str] = field(
        "name",
        "Statistics Norway's economic region; unknown where only a later merger is classified.",
        nullable=True,
    )
    longitude_deg: Series[float] = field("degrees east, WGS84", "A point inside the municipality.")
    latitude_deg: Series[float] = field("degrees north, WGS84", "A point inside the municipality.")


class MunicipalityYear(Strict):
    """One row a municipality of 2009 and year."""

    municipality_code: Series[str] = field("code", "Municipality code of 2009.", str_matches=CODE)
    municipality_name: Series[str] = field("name", "Municipality name.")
    group: Series[str] = field(
        "category", "Priority municipality from the start, or other.", isin=GROUPS
    )
    year: Series[int] = field("year", "Calendar year.")
    population: Series[pd.Int64Dtype] = field(
        PERSONS, "Population; unknown where only a later merger is counted.", ge=0, nullable=True
    )
    immigrants: Series[pd.Int64Dtype] = field(
        PERSONS, "Immigrants; unknown as for population.", ge=0, nullable=True
    )
    norwegian_born_to_immigrants: Series[pd.Int64Dtype] = field(
        PERSONS,
        "Norwegian-born to immigrant parents; unknown as for population.",
        ge=0,
        nullable=True,
    )
    loans: Series[pd.Int64Dtype] = _loans(
        "Start loans; unknown for all but the published municipalities and years."
    )
    amount_nok: Series[pd.Int64Dtype] = _amount("Amount of start loans; unknown as for loans.")
    loans_source: Series[str] = field(
        "source", "Where loans and amount are printed.", nullable=True
    )

    class Config:
        unique = ["municipality_code", "year"]


class GroupYear(Strict):
    """One row a group and year."""

    group: Series[str] = field("category", "Priority municipalities, or the others.", isin=GROUPS)
    year: Series[int] = field("year", "Calendar year.")
    municipalities: Series[int] = field(
        "municipalities", "Number of municipalities of 2009 in the group.", ge=1
    )
    population: Series[int] = field(PERSONS, "Population.", ge=0)
    loans: Series[pd.Int64Dtype] = _loans(
        "Start loans; the others' are the region's less the priority municipalities'."
    )
    amount_nok: Series[pd.Int64Dtype] = _amount(
        "Amount of start loans; the others' is the press total less the table's sum."
    )
    amount_nok_low: Series[pd.Int64Dtype] = _amount(
        "Lowest amount that the rounding of the press total leaves."
    )
    amount_nok_high: Series[pd.Int64Dtype] = _amount(
        "Highest amount that the rounding of the press total leaves."
    )

    class Config:
        unique = ["group", "year"]


class RegionYear(Strict):
    """One row a year: the whole region."""

    year: Series[int] = field("year", "Calendar year.", unique=True)
    municipalities: Series[int] = field("municipalities", "Number of municipalities of 2009.", ge=1)
    population: Series[int] = field(PERSONS, "Population.", ge=0)
    loans: Series[pd.Int64Dtype] = _loans(
        "Start loans in the region, the chart's bars under the reading used."
    )
    loans_certainty: Series[str] = field(
        "category",
        "confirmed: the press prints the same number; reading_order: read from the labels;"
        " exchanged: against them.",
        isin=["confirmed", "reading_order", "exchanged"],
        nullable=True,
    )
    amount_nok: Series[pd.Int64Dtype] = _amount(
        "Amount of start loans as the press gives it, in whole millions."
    )
    amount_nok_low: Series[pd.Int64Dtype] = _amount("Lowest amount that the rounding leaves.")
    amount_nok_high: Series[pd.Int64Dtype] = _amount("Highest amount that the rounding leaves.")


SCHEMAS: dict[str, type[Strict]] = {
    "municipality": Municipality,
    "municipality_year": MunicipalityYear,
    "group_year": GroupYear,
    "region_year": RegionYear,
}
