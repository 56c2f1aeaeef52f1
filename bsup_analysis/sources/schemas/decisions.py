"""Decisions made by hand, each with its reason and source."""

from typing import ClassVar

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from bsup_analysis.tables import CODE, Strict


class Treatment(Strict):
    """Hand decision: who was a priority municipality, and who had an agreement."""

    municipality_code: Series[str] = pa.Field(str_matches=CODE, unique=True)
    municipality_name: Series[str] = pa.Field(unique=True)
    priority: Series[pd.BooleanDtype]
    agreement_signed_2010: Series[pd.BooleanDtype]
    agreement_eight_2013: Series[pd.BooleanDtype]
    agreement_intended_2011: Series[pd.BooleanDtype]
    cluster: Series[str]
    source: Series[str]
    reason: Series[str]


class Readings(Strict):
    """Hand decision: statements that can be read in more than one way, and the reading used.

    `drives` names the reading of `study.toml` that the row's `used` decides; a row where it is
    empty is the record of a choice made elsewhere.
    """

    reading_id: Series[str] = pa.Field(str_matches=r"^[AB]\d+$", unique=True)
    topic: Series[str] = pa.Field(unique=True)
    topic_nb: Series[str] = pa.Field(unique=True)
    page: Series[str] = pa.Field(str_matches=r"^\d+(;\d+)*$", nullable=True)
    side_a: Series[str]
    side_a_nb: Series[str]
    side_b: Series[str]
    side_b_nb: Series[str]
    side_c: Series[str] = pa.Field(nullable=True)
    side_c_nb: Series[str] = pa.Field(nullable=True)
    used: Series[str] = pa.Field(isin=["side_a", "side_b", "side_c", "both", "neither"])
    reason: Series[str]
    reason_nb: Series[str]
    source: Series[str]
    affects: Series[str]
    drives: Series[str] = pa.Field(str_matches=r"^readings\.[a-z0-9_]+$", nullable=True)


class CoTreatment(Strict):
    """Hand decision: what else was done in a municipality at the same time."""

    municipality_code: Series[str] = pa.Field(str_matches=CODE, nullable=True)
    what: Series[str]
    from_date: Series[str] = pa.Field(str_matches=r"^\d{4}(-\d{2}){0,2}$")
    to_date: Series[str] = pa.Field(str_matches=r"^\d{4}(-\d{2}){0,2}$", nullable=True)
    source: Series[str]
    reason: Series[str]

    class Config:
        unique: ClassVar[list[str]] = ["municipality_code", "what"]


class Exclusions(Strict):
    """Hand decision: which municipalities an analysis leaves out."""

    exclusion_id: Series[str] = pa.Field(str_matches=r"^X\d{2}$", unique=True)
    municipality_code: Series[str] = pa.Field(str_matches=CODE)
    applies_to: Series[str] = pa.Field(isin=["municipal_comparison_group", "sensitivity"])
    reason: Series[str]
    source: Series[str]

    class Config:
        unique: ClassVar[list[str]] = ["municipality_code", "applies_to"]


class ResultsFramework(Strict):
    """Hand decision: the programme's aims (document p. 15), what would show them, and where.

    `published_level` tells for whom the document and the press give the indicator,
    `municipal_level` where a value for each municipality is to be had.
    """

    row_id: Series[str] = pa.Field(str_matches=r"^R\d{2}$", unique=True)
    aim_id: Series[str] = pa.Field(str_matches=r"^G\d{2}$")
    page: Series[int] = pa.Field(ge=1, le=16)
    aim_nb: Series[str]
    aim: Series[str]
    indicator_nb: Series[str] = pa.Field(nullable=True)
    indicator: Series[str] = pa.Field(nullable=True)
    unit_nb: Series[str] = pa.Field(nullable=True)
    unit: Series[str] = pa.Field(nullable=True)
    table_nb: Series[str] = pa.Field(nullable=True)
    table: Series[str] = pa.Field(nullable=True)
    published_level: Series[str] = pa.Field(isin=["all", "priority_only", "none"])
    municipal_level: Series[str] = pa.Field(isin=["at_hand", "at_source", "user_file", "none"])
    direction: Series[str] = pa.Field(isin=["up", "down", "undecided", "none"])
    reason_nb: Series[str]
    reason: Series[str]
    source: Series[str]

    class Config:
        unique: ClassVar[list[str]] = ["aim_id", "indicator"]
