"""The configuration of the simulations as frozen objects: what `scenarios.toml` may say."""

import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from bsup_analysis.design.model import Choice, Text, Year, Years
from bsup_analysis.errors import InputError
from bsup_analysis.files import read_toml

T = TypeVar("T")
FILE = Path(__file__).with_name("scenarios.toml")
_STRICT = ConfigDict(extra="forbid", strict=True)
_Size = Annotated[float, Field(ge=0, le=5)]
_Correlation = Annotated[float, Field(ge=0, lt=1)]
_Share = Annotated[float, Field(gt=0, lt=1)]
_Count = Annotated[int, Field(ge=1)]
_Ratio = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, config=_STRICT)
class PanelYears:
    """Which years are drawn, left out, treated and chosen on."""

    years: Choice[Years]
    dropped_years: Choice[tuple[Year, ...]]
    base_year: Choice[Year]
    first_treated_year: Choice[Year]
    selection_year: Choice[Year]


@dataclass(frozen=True, config=_STRICT)
class TestSettings:
    """Level, resamples and power of the tests."""

    __test__ = False

    level: Choice[_Share]
    bootstrap_weights: Choice[_Count]
    assignments: Choice[_Count]
    power: Choice[_Share]


@dataclass(frozen=True, config=_STRICT)
class RunSettings:
    """Defaults of a run."""

    seed: Choice[int]
    draws: Choice[_Count]
    chunk_draws: Choice[_Count]
    effects: Choice[tuple[_Ratio, ...]]


@dataclass(frozen=True, config=_STRICT)
class StudySettings:
    """What is stored for the report besides rejection rates."""

    published_draws: Choice[_Count]
    dispersion_grid: Choice[tuple[_Ratio, ...]]
    drifts: Choice[tuple[float, ...]]
    selections: Choice[tuple[float, ...]]
    largest_effects: Choice[tuple[_Ratio, ...]]


@dataclass(frozen=True, config=_STRICT)
class NoiseChoices:
    """A scenario as it stands in the file: every size with unit, reason and source."""

    meaning: Text
    sigma: Choice[_Size]
    autocorrelation: Choice[_Correlation]
    small_unit_sigma: Choice[_Size]
    county_sigma: Choice[_Size]


@dataclass(frozen=True, config=_STRICT)
class Config:
    """All of `scenarios.toml`."""

    panel: PanelYears
    tests: TestSettings
    run: RunSettings
    study: StudySettings
    scenario: Mapping[str, NoiseChoices]


@cache
def load_config(path: Path = FILE) -> Config:
    """Read the configuration.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or says something it must not; the sentence says what.
    """
    return read_settings(Config, path)


def read_settings(kind: type[T], path: Path) -> T:
    """Read a TOML file as settings of a kind; raises as `load_config` does."""
    content = json.dumps(read_toml(path))
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path.name}, {where}: {first['msg'].lower()}.") from None


@dataclass(frozen=True)
class Scenario:
    """What a panel is drawn from.

    Attributes
    ----------
    name
        Name of the noise.
    sigma
        Standard deviation of the log mean of a municipality and year.
    autocorrelation
        Of that noise, from one year to the next (first order).
    small_unit_sigma
        Added to it at 1 000 inhabitants; the added variance falls with inhabitants.
    county_sigma
        Standard deviation of the log mean that a county's municipalities share in a year.
    trend
        Drift of the priority group's log rate a year, from the base year on and back.
    selection
        Mean noise of the priority municipalities in the year they were chosen on, in standard
        deviations: what a choice on a noisy figure leaves. It dies out as the noise does.
    largest_effect
        Rate ratio of the largest priority municipality; None where it is that of the others.
    """

    name: str
    sigma: float
    autocorrelation: float = 0.0
    small_unit_sigma: float = 0.0
    county_sigma: float = 0.0
    trend: float = 0.0
    selection: float = 0.0
    largest_effect: float | None = None


def scenario(name: str) -> Scenario:
    """Return the named scenario, without trend, selection or an effect of its own.

    Raises
    ------
    InputError
        There is no such scenario.
    """
    known = load_config().scenario
    if name not in known:
        raise InputError(f"There is no scenario {name!r}; there are {', '.join(sorted(known))}.")
    noise = known[name]
    return Scenario(
        name,
        noise.sigma.value,
        noise.autocorrelation.value,
        noise.small_unit_sigma.value,
        noise.county_sigma.value,
    )


def checked_effects(effects: Iterable[float]) -> tuple[float, ...]:
    """Return the effects in their order, each once.

    Raises
    ------
    InputError
        None is given, or one is not a ratio above zero.
    """
    chosen = tuple(dict.fromkeys(float(effect) for effect in effects))
    if not chosen:
        raise InputError("No effect is given; 1 stands for no effect.")
    for effect in chosen:
        if not (math.isfinite(effect) and effect > 0):
            raise InputError(
                f"An effect is a ratio of rates and must be above zero, not {effect:g}; "
                "1 stands for no effect."
            )
    return chosen
