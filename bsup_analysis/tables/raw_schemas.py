"""What each raw and decision table must be: columns in order, types and allowed values.

Meaning and unit of the columns stand in the provenance record beside each raw table; here is
what a machine can check.
"""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from bsup_analysis.tables.strict_csv import CODE, Strict

# --- transcribed from the programme document ---


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
        unique = ["year", "quantity"]


class ProgrammeChartAxes(Strict):
    """Document pp. 6 and 11: the labels on the axes of the two charts."""

    chart: Series[str] = pa.Field(isin=["average_loan_nok", "loans"])
    page: Series[int] = pa.Field(ge=1, le=16)
    axis: Series[str] = pa.Field(isin=["value", "year"])
    tick_order: Series[int] = pa.Field(ge=1)
    tick: Series[int] = pa.Field(ge=0)
    tick_unit: Series[str]

    class Config:
        unique = ["chart", "axis", "tick_order"]


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
        unique = ["municipality_code", "level"]


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
    readings: Series[str] = pa.Field(str_matches=r"^[AB]\d+(;[AB]\d+)*$", nullable=True)
    note: Series[str] = pa.Field(nullable=True)
    note_nb: Series[str] = pa.Field(nullable=True)


# --- published by others: Statistics Norway, Kartverket, the press, Husbanken ---


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
        unique = ["area", "year", "base_year", "quantity"]


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
        unique = ["municipality_code", "year"]


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
        unique = ["change_date", "predecessor_code", "successor_code"]


class MunicipalityChangesLater(MunicipalityChanges):
    """Changes after the years of the population table, for data given in later codes."""

    source: Series[str]


# --- decided by hand, each with its reason and source ---


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
        unique = ["municipality_code", "what"]


class Exclusions(Strict):
    """Hand decision: which municipalities an analysis leaves out."""

    exclusion_id: Series[str] = pa.Field(str_matches=r"^X\d{2}$", unique=True)
    municipality_code: Series[str] = pa.Field(str_matches=CODE)
    applies_to: Series[str] = pa.Field(isin=["municipal_comparison_group", "sensitivity"])
    reason: Series[str]
    source: Series[str]

    class Config:
        unique = ["municipality_code", "applies_to"]


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
        unique = ["aim_id", "indicator"]


SCHEMAS: dict[str, type[Strict]] = {
    "co_treatment": CoTreatment,
    "exclusions": Exclusions,
    "external_facts": ExternalFacts,
    "municipality_changes": MunicipalityChanges,
    "municipality_codes_later": MunicipalityChangesLater,
    "municipality_points_2009": Points,
    "press_totals": PressTotals,
    "programme_chart_axes": ProgrammeChartAxes,
    "programme_level_counts": ProgrammeLevelCounts,
    "programme_levels": ProgrammeLevels,
    "programme_p06_malvik": ProgrammeMalvik,
    "programme_p11_region_loans": ProgrammeRegionLoans,
    "programme_p13_shares": ProgrammeShares,
    "programme_p14_start_loans": ProgrammeStartLoans,
    "programme_statements": ProgrammeStatements,
    "readings": Readings,
    "results_framework": ResultsFramework,
    "ssb_centrality_2008": Centrality,
    "ssb_population": Population,
    "treatment": Treatment,
}
