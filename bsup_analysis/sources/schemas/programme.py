"""What was transcribed from the programme document."""

from typing import ClassVar

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from bsup_analysis.tables import CODE, Strict


class ProgrammeStartLoans(Strict):
    """Document p. 14: start loans of the priority municipalities and the printed sums."""

    row_number: Series[int] = pa.Field(ge=1, unique=True)
    municipality_code: Series[str] = pa.Field(str_matches=CODE, nullable=True, unique=True)
    municipality_name: Series[str] = pa.Field(unique=True)
    row_kind: Series[str] = pa.Field(isin=["municipality", "sum"])
    loans_2010: Series[int] = pa.Field(ge=0)
    loans_2009: Series[int] = pa.Field(ge=0)
    loans_change: Series[int]
    amount_nok_2010: Series[int] = pa.Field(ge=0)
    amount_nok_2009: Series[int] = pa.Field(ge=0)
    amount_nok_change: Series[int]


class ProgrammeRegionLoans(Strict):
    """Document p. 11: the four bars of the region's start loans."""

    label_order: Series[int] = pa.Field(ge=1, unique=True)
    loans: Series[int] = pa.Field(ge=0)
    year: Series[int] = pa.Field(ge=1990, le=2030, unique=True)
    certainty: Series[str] = pa.Field(isin=["confirmed", "reading_order"])
    basis: Series[str]


class ProgrammeShares(Strict):
    """Document p. 13: the printed shares."""

    statistic: Series[str] = pa.Field(isin=["municipalities", "population", "start_loan_use"])
    group: Series[str] = pa.Field(isin=["priority", "other"])
    year: Series[pd.Int64Dtype] = pa.Field(nullable=True)
    printed_percent: Series[float] = pa.Field(ge=0, le=100)
    printed_in: Series[str] = pa.Field(isin=["text", "figure", "text_and_figure"])
    page: Series[int] = pa.Field(ge=1, le=16)
    note: Series[str] = pa.Field(nullable=True)


class ProgrammeMalvik(Strict):
    """Document p. 6: the figures given for Malvik."""

    year: Series[pd.Int64Dtype] = pa.Field(nullable=True)
    quantity: Series[str] = pa.Field(isin=["population", "amount_nok", "average_loan_nok", "loans"])
    printed_value: Series[int] = pa.Field(ge=0)
    precision: Series[str] = pa.Field(
        isin=["approximately_below", "truncated_or_rounded_to_million", "exact"]
    )
    page: Series[int] = pa.Field(ge=1, le=16)
    note: Series[str] = pa.Field(nullable=True)

    class Config:
        unique: ClassVar[list[str]] = ["year", "quantity"]


class ProgrammeChartAxes(Strict):
    """Document pp. 6 and 11: the labels on the axes of the two charts."""

    chart: Series[str] = pa.Field(isin=["average_loan_nok", "loans"])
    page: Series[int] = pa.Field(ge=1, le=16)
    axis: Series[str] = pa.Field(isin=["value", "year"])
    tick_order: Series[int] = pa.Field(ge=1)
    tick: Series[int] = pa.Field(ge=0)
    tick_unit: Series[str]

    class Config:
        unique: ClassVar[list[str]] = ["chart", "axis", "tick_order"]


class ProgrammeLevels(Strict):
    """Document pp. 11-14: which municipality was on which level, and when."""

    municipality_code: Series[str] = pa.Field(str_matches=CODE)
    municipality_name: Series[str]
    level: Series[str] = pa.Field(
        isin=["priority", "agreement", "agreement_intended", "competence_programme", "area_renewal"]
    )
    joint_municipality: Series[str] = pa.Field(nullable=True)
    known_from: Series[str] = pa.Field(str_matches=r"^\d{4}(-\d{2})?$")
    known_to: Series[str] = pa.Field(str_matches=r"^\d{4}(-\d{2})?$", nullable=True)
    date_certainty: Series[str]
    page: Series[int] = pa.Field(ge=1, le=16)
    basis: Series[str]

    class Config:
        unique: ClassVar[list[str]] = ["municipality_code", "level"]


class ProgrammeLevelCounts(Strict):
    """Document pp. 3-15: how many levels and municipalities are counted where."""

    page: Series[int] = pa.Field(ge=1, le=16)
    counted: Series[str] = pa.Field(isin=["levels", "municipalities", "contracts"])
    level: Series[str]
    printed_count: Series[int] = pa.Field(ge=0)
    count_kind: Series[str] = pa.Field(isin=["printed", "names_counted"])
    date: Series[str] = pa.Field(nullable=True)
    note: Series[str] = pa.Field(nullable=True)


class ProgrammeStatements(Strict):
    """The document's quantitative statements, each with the check that recomputes it."""

    statement_id: Series[str] = pa.Field(str_matches=r"^S\d{3}$", unique=True)
    page: Series[int] = pa.Field(ge=1, le=16)
    kind: Series[str] = pa.Field(
        isin=["figure", "date", "claim", "structure", "derived", "artefact"]
    )
    statement: Series[str]
    statement_nb: Series[str]
    printed_value: Series[str] = pa.Field(nullable=True)
    unit: Series[str] = pa.Field(nullable=True)
    period: Series[str] = pa.Field(nullable=True)
    comparison: Series[str] = pa.Field(
        isin=[
            "equal",
            "more_than",
            "at_most",
            "a_little_over",
            "a_little_under",
            "about",
            "whole_million",
            "whole_percent",
            "not_later_than",
            "direction",
            "exists",
        ]
    )
    check: Series[str]
    check_argument: Series[str] = pa.Field(
        str_matches=r"^[a-z_]+=[^;=]+(;[a-z_]+=[^;=]+)*$", nullable=True
    )
    facts: Series[str] = pa.Field(str_matches=r"^F\d{3}(;F\d{3})*$", nullable=True)
    note: Series[str] = pa.Field(nullable=True)
    note_nb: Series[str] = pa.Field(nullable=True)
