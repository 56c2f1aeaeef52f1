"""The design of the study as frozen objects: what `study.toml` may say, and nothing else.

Every value that is somebody's choice is a `Choice`: the value with its unit, the reason for it
and its source.  A key that is not named here, a wrong type, a missing source or an impossible
value is refused by `bsup_analysis.design.load`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

# by name too, so that a design can be varied with dataclasses.replace
_STRICT = ConfigDict(extra="forbid", strict=True, validate_by_name=True, validate_by_alias=True)
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Year = Annotated[int, Field(ge=1990, le=2030)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
# simulated tables shout what they are wherever they are named
TableName = Annotated[str, Field(pattern=r"^(SYNTHETIC_)?[a-z0-9_]+$")]
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]
Draws = Annotated[int, Field(ge=99)]


def clash(at: str, problem: str) -> PydanticCustomError:
    """Refuse a value because of another one; `at` is the path from the validated table to it."""
    return PydanticCustomError("clash", "{problem}", {"at": at, "problem": problem})


def _among(years: Iterable[int], known: Collection[int], at: str, where: str) -> None:
    """Refuse the first year that is not among those known, which `where` names."""
    for year in years:
        if year not in known:
            raise clash(at, f"{year} is not among {where}")


def _increasing(values: tuple[Any, ...]) -> tuple[Any, ...]:
    for before, after in pairwise(values):
        if before >= after:
            raise clash("", f"{after} follows {before}; give each value once, the smallest first")
    return values


Years = Annotated[tuple[Year, ...], Field(min_length=1), AfterValidator(_increasing)]
Above = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Grid = Annotated[
    tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...],
    Field(min_length=2),
    AfterValidator(_increasing),
]

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
    published_years: Choice[Annotated[Years, Field(min_length=2, max_length=2)]]
    chart_years: Choice[Years]
    labour_market_years: Choice[Years]
    refugee_years: Choice[Years]
    last_year_before: Choice[Year]
    first_treated_year: Choice[Year]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        before, first = self.last_year_before.value, self.first_treated_year.value
        if before >= first:
            problem = f"{before} is not before the first treated year, {first}"
            raise clash("last_year_before.value", problem)
        published, people = self.published_years.value, self.population_years.value
        _among([before], published, "last_year_before.value", "window.published_years")
        _among([first], published, "first_treated_year.value", "window.published_years")
        _among(published, people, "published_years.value", "window.population_years")
        _among(self.chart_years.value, people, "chart_years.value", "window.population_years")
        return self


@dataclass(frozen=True, config=_STRICT)
class Groups:
    """How large the groups are: sizes that the tables must have."""

    municipalities: Choice[Positive]
    priority: Choice[Positive]


@dataclass(frozen=True, config=_STRICT)
class Inference:
    """Levels and grids of the published-level inference."""

    confidence_level: Choice[Share]
    power: Choice[Share]
    dispersion_grid: Choice[Grid]
    seed: Choice[Annotated[int, Field(ge=0)]]
    spread_scales: Choice[Grid]
    spread_scale: Choice[Above]
    notable_gain: Choice[Annotated[float, Field(gt=1, allow_inf_nan=False)]]
    posterior_draws: Choice[Annotated[int, Field(ge=1000)]]
    strength_years: Choice[Annotated[Grid, Field(max_length=2)]]
    strength_share: Choice[Annotated[Grid, Field(min_length=3, max_length=3)]]
    strength_ratio: Choice[Annotated[Grid, Field(min_length=3, max_length=3)]]

    @model_validator(mode="after")
    def _main_among(self) -> Self:
        if self.spread_scale.value not in self.spread_scales.value:
            raise clash("spread_scale.value", "is not among inference.spread_scales")
        return self


@dataclass(frozen=True, config=_STRICT)
class Municipal:
    """Choices of the municipal level, fixed before any municipal data (PLAN.md 2 and 4)."""

    years: Choice[Years]
    selection_year: Choice[Year]
    reference_year: Choice[Year]
    placebo_year: Choice[Year]
    drift: Choice[Share]
    relative_grid: Choice[Grid]
    smooth_grid: Choice[Grid]
    rule_m: Choice[Annotated[float, Field(ge=0, allow_inf_nan=False)]]
    largest_others: Choice[Positive]
    smallest_priority: Choice[Positive]
    draws: Choice[Draws]
    robustness_draws: Choice[Draws]

    @model_validator(mode="after")
    def _years_inside(self) -> Self:
        years, selection = self.years.value, self.selection_year.value
        for name in ("selection_year", "reference_year", "placebo_year"):
            year = getattr(self, name).value
            _among([year], years, f"{name}.value", "municipal.years")
            if name != "selection_year" and year >= selection:
                raise clash(f"{name}.value", f"{year} is not before the selection, {selection}")
        if self.placebo_year.value == years[0]:
            raise clash("placebo_year.value", f"no year of municipal.years is before {years[0]}")
        return self


@dataclass(frozen=True, config=_STRICT)
class Timing:
    """Which years of a municipal outcome lie before the programme, and which under it.

    Attributes
    ----------
    years
        Those that the event study has.
    contrast_years
        Those that the ratio is of, before and from the first treated year on.
    selection_year
        Neither before nor treated; the treated years begin with the next.
    reference_year
        What the event study and the bounds measure from.
    placebo_year
        Where the treated years are pretended to begin.
    """

    years: Years
    contrast_years: Years
    selection_year: Year
    reference_year: Year
    placebo_year: Year

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        before, treated = self.before, self.treated
        early = {"reference_year": self.reference_year, "placebo_year": self.placebo_year}
        for name, year in {"selection_year": self.selection_year, **early}.items():
            _among([year], self.years, name, "the years")
        _among(self.contrast_years, self.years, "contrast_years", "the years")
        for name, year in early.items():
            if year >= self.selection_year:
                raise clash(name, f"{year} is not before the selection, {self.selection_year}")
        if len(before) + len(treated) < len(self.contrast_years):
            raise clash("contrast_years", "has a year that is neither before nor treated")
        if not treated or self.placebo_year not in before[1:]:
            raise clash("contrast_years", "needs a year before the placebo year, and a treated one")
        return self

    @property
    def first_treated_year(self) -> int:
        """The year after the selection."""
        return self.selection_year + 1

    @property
    def before(self) -> tuple[int, ...]:
        """The years of the ratio before the selection."""
        return tuple(year for year in self.contrast_years if year < self.selection_year)

    @property
    def treated(self) -> tuple[int, ...]:
        """The years of the ratio from the first treated one on."""
        return tuple(year for year in self.contrast_years if year >= self.first_treated_year)


@dataclass(frozen=True, config=_STRICT)
class MunicipalOutcome:
    """What is counted in every municipality, per inhabitant, year by year.

    Attributes
    ----------
    column
        Where the numbers are: `loans` of the table brought to the study, or a column of
        `municipality_indicators`.
    kind
        `programme`: what the programme is judged by. `confounder`: what befell the same
        municipalities in the same years. `target_group`: people the programme is for. Of the last
        two it is asked if the groups moved in parallel, and no verdict is given.
    timing
        Its years; None: those of `[municipal]`.
    """

    column: Literal["loans", "unemployed_or_on_measures", "employed", "refugees", "immigrants"]
    kind: Literal["programme", "confounder", "target_group"]
    unit: Text
    reason: Text
    source: Text
    timing: Timing | None = None


@dataclass(frozen=True, config=_STRICT)
class Outcome:
    """An outcome: a column of the group table, whole or for each of another column."""

    column: Literal["loans", "amount_nok"]
    unit: Text
    reason: Text
    source: Text
    per: Literal["loans", "population"] | None = None

    @model_validator(mode="after")
    def _of_another(self) -> Self:
        if self.per == self.column:
            raise clash("per", f"{self.column} for each of themselves are always one")
        return self

    def each(self, per: str) -> tuple[str, float]:
        """Name the unit of the outcome for each of another column, and what it is multiplied by.

        Loans for each inhabitant are small numbers: they are given for each 1000.
        """
        if self.column == "loans":
            return "loans per 1000 inhabitants", 1000.0
        return ("NOK a loan" if per == "loans" else "NOK per inhabitant"), 1.0


@dataclass(frozen=True, config=_STRICT)
class Reading(Generic[T]):
    """A statement of the document that can be read in more than one way.

    Attributes
    ----------
    value
        What the study takes for `side_a`, `side_b`, ... of the row of
        `data/decisions/readings.csv` that drives this reading.
    used
        Those of them that the row's `used` names; filled in by the loader.
    """

    value: Annotated[tuple[T, ...], Field(min_length=2, max_length=3)]
    unit: Text
    reason: Text
    source: Text
    used: tuple[T, ...]


@dataclass(frozen=True, config=_STRICT)
class Readings:
    """The readings that decide a number; the others stand in the table alone, as a record."""

    agreement: Reading[Literal["signed_2010", "eight_2013", "intended_2011"]]
    malvik_2009_loans: Reading[Literal["text_p06", "table_p14"]]
    chart_order: Reading[Literal["reading_order", "exchanged"]]
    share_2008: Reading[Literal["share_2008_of_loans", "share_2008_of_amount"]]

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        for name in ("agreement", "malvik_2009_loans", "chart_order", "share_2008"):
            reading = getattr(self, name)
            if len(set(reading.value)) < len(reading.value):
                raise clash(f"{name}.value", "two sides are the same reading")
            if name != "share_2008" and len(reading.used) != 1:
                problem = "its row of data/decisions/readings.csv has to use one side"
                raise clash(f"{name}.value", problem)
        if self.share_2008.value[0] != "share_2008_of_loans":
            raise clash("share_2008.value", "side_a of its row is the share of loans")
        return self


@dataclass(frozen=True, config=_STRICT)
class Parameter:
    """A notebook parameter: the values it may take; `*` among them stands for any text.

    Those of outcome, reading and specification are given elsewhere (`Design.names`); of the
    outcomes a notebook takes the published ones or the municipal ones.
    """

    reason: Text
    source: Text
    allowed: tuple[Text, ...] = ()

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
    needs: Literal["start_loans"] | None = None


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
    by_agreement_unit
        Whether priority municipalities that signed an agreement together are one row.
    malvik_2009_loans
        Malvik's loans in 2009 by the text, whatever `readings.malvik_2009_loans` uses.
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
    without: Annotated[tuple[str, ...], AfterValidator(_increasing)] = ()
    by_agreement_unit: bool = False
    malvik_2009_loans: Literal["text_p06"] | None = None
    region_loans: tuple[Positive, Positive] | None = None
    baseline: Literal["table_2009", "share_2008_of_loans", "share_2008_of_amount"] = "table_2009"
    dispersion: Literal["poisson", "priority", "clustered"] = "priority"

    @model_validator(mode="after")
    def _together(self) -> Self:
        of_loans = ("malvik_2009_loans", "region_loans")
        given = [name for name in of_loans if getattr(self, name) is not None]
        if self.outcome == "amount" and (given or self.baseline != "table_2009"):
            raise clash((*given, "baseline")[0], "is about loans, and the outcome is amount")
        if self.baseline != "table_2009" and (given or self.per_inhabitant or self.without):
            raise clash("baseline", "the share of 2008 is that of all 17 and replaces 2009")
        return self


@dataclass(frozen=True, config=_STRICT)
class Design:
    """The whole design, as read from `study.toml`."""

    window: Window
    groups: Groups
    inference: Inference
    municipal: Municipal
    outcomes: Mapping[Name, Outcome]
    municipal_outcomes: Mapping[Name, MunicipalOutcome]
    readings: Readings
    parameters: Mapping[Name, Parameter]
    specifications: Annotated[
        tuple[Specification, ...], Field(max_length=30, alias="specification")
    ]
    notebooks: Annotated[tuple[Notebook, ...], Field(alias="notebook")]

    @property
    def years(self) -> tuple[int, int]:
        """The last year before, and the first treated year."""
        return self.window.last_year_before.value, self.window.first_treated_year.value

    @property
    def level(self) -> float:
        """Confidence level of every interval."""
        return self.inference.confidence_level.value

    @property
    def power(self) -> float:
        """Probability with which a detectable ratio would be found."""
        return self.inference.power.value

    def timing(self, outcome: str) -> Timing:
        """Give the years of a municipal outcome."""
        chosen, own = self.municipal, self.municipal_outcomes[outcome].timing
        years, selection = chosen.years.value, chosen.selection_year.value
        return own or Timing(
            years=years,
            contrast_years=tuple(year for year in years if year != selection),
            selection_year=selection,
            reference_year=chosen.reference_year.value,
            placebo_year=chosen.placebo_year.value,
        )

    @property
    def of_panel(self) -> tuple[str, str, tuple[int, ...]]:
        """What the processed tables depend on: Malvik's loans, the chart's order, refugee years."""
        read = self.readings
        years = self.window.refugee_years.value
        return read.malvik_2009_loans.used[0], read.chart_order.used[0], years

    @property
    def reading_of_agreements(self) -> str:
        """Who had an agreement, where a notebook says nothing else."""
        return self.readings.agreement.used[0]

    @property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """What the parameters may take whose values are names in the design."""
        return {
            "outcome": (*self.outcomes, *self.municipal_outcomes),
            "reading": self.readings.agreement.value,
            "specification": tuple(one.name for one in self.specifications),
        }

    def completed(self) -> Self:
        """Leave out specifications whose baseline is no reading used; fill in `names`."""
        baselines = ("table_2009", *self.readings.share_2008.used)
        kept = tuple(one for one in self.specifications if one.baseline in baselines)
        design = replace(self, specifications=kept)
        parameters = {
            name: replace(parameter, allowed=design.names.get(name, parameter.allowed))
            for name, parameter in self.parameters.items()
        }
        return replace(design, parameters=parameters)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        whole, priority = self.groups.municipalities.value, self.groups.priority.value
        first, years = self.window.first_treated_year.value, self.municipal.years.value
        for name, most in (("largest_others", whole - priority), ("smallest_priority", priority)):
            if getattr(self.municipal, name).value > most:
                raise clash(f"municipal.{name}.value", f"the group has {most} municipalities")
        people = self.window.population_years.value
        _among(years, people, "municipal.years.value", "window.population_years")
        if first not in years:
            raise clash("municipal.years.value", f"the first treated year, {first}, is missing")
        if self.municipal.selection_year.value >= first:
            raise clash("municipal.selection_year.value", f"is not before {first}, when treated")
        if self.municipal.selection_year.value != first - 1:
            problem = f"is not the year before {first}: a year between would be neither"
            raise clash("municipal.selection_year.value", problem)
        main = self.outcomes.get("loans")
        if main is None:
            raise clash("outcomes", "there is none named loans, the main outcome")
        if (main.column, main.per) != ("loans", None):
            raise clash("outcomes.loans.column", "the main outcome is a count of loans")
        programme = self.municipal_outcomes.get("start_loans")
        if programme is None:
            raise clash("municipal_outcomes", "there is none named start_loans, what is judged")
        for name, one in self.municipal_outcomes.items():
            if name in self.outcomes:
                raise clash(f"municipal_outcomes.{name}", "is the name of a published outcome too")
            judged = one is programme
            if (one.kind == "programme") != judged:
                raise clash(f"municipal_outcomes.{name}.kind", "start_loans alone are judged")
            if (one.column == "loans") != judged:
                raise clash(f"municipal_outcomes.{name}.column", "loans are those of start_loans")
            if (one.timing is None) != judged:
                problem = "start_loans has the years of [municipal], and any other its own timing"
                raise clash(f"municipal_outcomes.{name}", problem)
        named = [one.name for one in self.specifications]
        for number, name in enumerate(named):
            if name in named[:number]:
                raise clash(f"specification.{number}.name", f"{name} is given more than once")
        if "loans" not in named:
            raise clash("specification", "there is none named loans, the main contrast")
        return self
