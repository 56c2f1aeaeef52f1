"""The design of the study as frozen objects: what `study.toml` may say, and nothing else.

Every value that is somebody's choice is a `Choice`: the value with its unit, the reason for it
and its source.  A key that is not named here, a wrong type or a missing source is refused by
`bsup_analysis.design.load`.
"""

from collections.abc import Mapping
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

# by name too, so that a design can be varied with dataclasses.replace
_STRICT = ConfigDict(extra="forbid", strict=True, validate_by_name=True, validate_by_alias=True)
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Year = Annotated[int, Field(ge=1990, le=2030)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
# simulated tables shout what they are wherever they are named
TableName = Annotated[str, Field(pattern=r"^(SYNTHETIC_)?[a-z0-9_]+$")]
Years = Annotated[tuple[Year, ...], Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]

T = TypeVar("T")


@dataclass(frozen=True, config=_STRICT)
class Choice(Generic[T]):
    """One choice: value, unit, why, and where it comes from."""

    value: T
    unit: Text
    reason: Text
    source: Text


@dataclass(frozen=True, config=_STRICT)
class Window:
    """The years the study looks at."""

    population_years: Choice[Years]
    published_years: Choice[Years]
    chart_years: Choice[Years]
    last_year_before: Choice[Year]
    first_treated_year: Choice[Year]


@dataclass(frozen=True, config=_STRICT)
class Groups:
    """How large the groups are: sizes that the tables are held against."""

    municipalities: Choice[int]
    priority: Choice[int]


@dataclass(frozen=True, config=_STRICT)
class Inference:
    """Levels and grids of the published-level inference."""

    confidence_level: Choice[float]
    power: Choice[float]
    dispersion_grid: Choice[Annotated[tuple[float, ...], Field(min_length=2)]]
    seed: Choice[int]


Share = Annotated[float, Field(gt=0, lt=1)]
Grid = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=2)]
Positive = Annotated[int, Field(ge=1)]
Draws = Annotated[int, Field(ge=99)]


@dataclass(frozen=True, config=_STRICT)
class Municipal:
    """Choices of the municipal level, fixed before any municipal data."""

    years: Choice[Years]
    selection_year: Choice[Year]
    reference_year: Choice[Year]
    placebo_year: Choice[Year]
    drift: Choice[Share]
    relative_grid: Choice[Grid]
    smooth_grid: Choice[Grid]
    largest_others: Choice[Positive]
    smallest_priority: Choice[Positive]
    draws: Choice[Draws]
    robustness_draws: Choice[Draws]


@dataclass(frozen=True, config=_STRICT)
class Parameter:
    """A notebook parameter: the values it may take; `*` among them stands for any text."""

    allowed: Texts
    reason: Text
    source: Text

    def accepts(self, value: str) -> bool:
        """Tell whether the parameter may take this value."""
        return "*" in self.allowed or value in self.allowed


@dataclass(frozen=True, config=_STRICT)
class Run:
    """One run of a notebook in the report; `id` is the page's file name.

    `needs` names a table that is not kept in git: the run is there only where the table is.
    """

    id: Name
    parameters: Mapping[str, str]
    needs: Name | None = None


@dataclass(frozen=True, config=_STRICT)
class Notebook:
    """A notebook, the tables it reads, its runs in the report, and why it is there."""

    name: Name
    reason: Text
    source: Text
    tables: tuple[TableName, ...]
    runs: Annotated[tuple[Run, ...], Field(min_length=1, alias="run")]


@dataclass(frozen=True, config=_STRICT)
class Specification:
    """One row of the specification figure: where it departs from the main contrast, and why.

    Attributes
    ----------
    outcome
        Loans, or NOK.
    per_inhabitant
        Whether growth is of the number for each inhabitant.
    without
        Codes of priority municipalities left out.
    malvik_2009_loans
        Malvik's loans in 2009 as the table or as the text has them.
    region_loans
        The region's loans in the two years, where other bars of the chart are taken for them.
    baseline
        The year before: 2009, or 2008 with the printed share read as of loans or of NOK.
    dispersion
        `poisson`, `priority` (both groups as dispersed as the priority municipalities) or
        `clustered` (from the priority municipalities' rows, the others alike).
    """

    name: Name
    reason: Text
    source: Text
    outcome: Literal["loans", "amount"] = "loans"
    per_inhabitant: bool = False
    without: tuple[str, ...] = ()
    malvik_2009_loans: Literal["table_p14", "text_p06"] = "table_p14"
    region_loans: tuple[int, int] | None = None
    baseline: Literal["table_2009", "share_2008_of_loans", "share_2008_of_amount"] = "table_2009"
    dispersion: Literal["poisson", "priority", "clustered"] = "priority"


@dataclass(frozen=True, config=_STRICT)
class Design:
    """The whole design, as read from `study.toml`."""

    window: Window
    groups: Groups
    inference: Inference
    municipal: Municipal
    outcomes: Mapping[Name, Choice[Text]]
    readings: Mapping[Name, Choice[Name]]
    parameters: Mapping[Name, Parameter]
    specifications: Annotated[
        tuple[Specification, ...], Field(max_length=30, alias="specification")
    ]
    notebooks: Annotated[tuple[Notebook, ...], Field(alias="notebook")]
