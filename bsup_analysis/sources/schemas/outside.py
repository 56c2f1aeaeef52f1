"""What others published: Statistics Norway, Kartverket, the press, Husbanken."""

from typing import ClassVar

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from bsup_analysis.tables import CODE, Strict


class PressTotals(Strict):
    """Totals of start loans that the press printed."""

    area_kind: Series[str] = pa.Field(isin=["region", "county", "municipality"])
    area: Series[str]
    area_code: Series[str] = pa.Field(nullable=True)
    year: Series[int] = pa.Field(ge=1990, le=2030)
    base_year: Series[pd.Int64Dtype] = pa.Field(nullable=True)
    quantity: Series[str]
    printed_value: Series[int] = pa.Field(ge=0)
    unit: Series[str]
    rounding: Series[str] = pa.Field(
        isin=[
            "exact",
            "whole_million",
            "tenth_of_million",
            "whole_thousand",
            "whole_percent",
            "more_than",
        ]
    )
    source_url: Series[str]
    note: Series[str] = pa.Field(nullable=True)

    class Config:
        unique: ClassVar[list[str]] = ["area", "year", "base_year", "quantity"]


class ExternalFacts(Strict):
    """Outside statements that decisions rest on."""

    external_id: Series[str] = pa.Field(str_matches=r"^E\d{2}$", unique=True)
    topic: Series[str]
    statement: Series[str]
    value: Series[pd.Float64Dtype] = pa.Field(nullable=True)
    unit: Series[str] = pa.Field(nullable=True)
    date: Series[str] = pa.Field(nullable=True)
    source_reference: Series[str] = pa.Field(nullable=True)
    note: Series[str] = pa.Field(nullable=True)


class Population(Strict):
    """Statistics Norway, table 07459: population on 1 January, codes of the year."""

    municipality_code: Series[str] = pa.Field(str_matches=CODE)
    municipality_name: Series[str]
    year: Series[int] = pa.Field(ge=1990, le=2030)
    population: Series[int] = pa.Field(ge=0)
    immigrants: Series[pd.Int64Dtype] = pa.Field(ge=0, nullable=True)
    norwegian_born_to_immigrants: Series[pd.Int64Dtype] = pa.Field(ge=0, nullable=True)

    class Config:
        unique: ClassVar[list[str]] = ["municipality_code", "year"]


class Centrality(Strict):
    """Statistics Norway: centrality 2008, borders of 2012."""

    municipality_code: Series[str] = pa.Field(str_matches=CODE, unique=True)
    municipality_name: Series[str]
    county_code: Series[str] = pa.Field(str_matches=r"^\d{2}$")
    economic_region_code: Series[str] = pa.Field(str_matches=r"^\d{2}$")
    economic_region_name: Series[str]
    centrality_level_2008: Series[int] = pa.Field(ge=0, le=3)
    centrality_label_nb: Series[str]


class Points(Strict):
    """A point inside each municipality of 2009, computed from Kartverket's borders."""

    municipality_code: Series[str] = pa.Field(str_matches=CODE, unique=True)
    municipality_name: Series[str] = pa.Field(unique=True)
    county_code: Series[str] = pa.Field(str_matches=r"^\d{2}$")
    longitude_deg: Series[float] = pa.Field(ge=4, le=32)
    latitude_deg: Series[float] = pa.Field(ge=57, le=72)


class MunicipalityChanges(Strict):
    """Changes of municipal borders and codes."""

    change_date: Series[str] = pa.Field(str_matches=r"^\d{4}-\d{2}-\d{2}$")
    kind: Series[str] = pa.Field(isin=["merger", "renumbering", "split", "partial"])
    predecessor_code: Series[str] = pa.Field(str_matches=CODE)
    predecessor_name: Series[str]
    successor_code: Series[str] = pa.Field(str_matches=CODE)
    successor_name: Series[str]

    class Config:
        unique: ClassVar[list[str]] = ["change_date", "predecessor_code", "successor_code"]


class MunicipalityChangesLater(MunicipalityChanges):
    """Changes after the years of the population table, for data given in later codes."""

    source: Series[str]
