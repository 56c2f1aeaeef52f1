"""The stored SYNTHETIC tables: what each must be, and reading them back.

`tables.toml` says what their columns mean; each has a record of how it was made beside it.
"""

import tomllib
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.tables.strict_csv import Strict, read_csv

PREFIX = "SYNTHETIC_"


def _share() -> Any:
    return pa.Field(ge=0, le=1)


class Rejection(Strict):
    """How often each test rejects no effect."""

    scenario: Series[str]
    effect: Series[float] = pa.Field(gt=0)
    test: Series[str]
    draws: Series[int] = pa.Field(ge=1)
    rejection_rate: Series[float] = _share()
    mc_error: Series[float] = _share()
    mean_estimate: Series[float]

    class Config:
        unique = ["scenario", "effect", "test"]


class Detectable(Strict):
    """Smallest ratio each test finds with the wanted probability."""

    scenario: Series[str]
    test: Series[str]
    power: Series[float] = _share()
    detectable_ratio: Series[float] = pa.Field(gt=1, nullable=True)
    mc_error: Series[float] = pa.Field(ge=0, nullable=True)
    draws: Series[int] = pa.Field(ge=1)

    class Config:
        unique = ["scenario", "test"]


class Coverage(Strict):
    """How often the published level's intervals hold the truth."""

    scenario: Series[str]
    effect: Series[float] = pa.Field(gt=0)
    interval: Series[str]
    assumed_phi: Series[float] = pa.Field(gt=0, nullable=True)
    draws: Series[int] = pa.Field(ge=1)
    coverage: Series[float] = _share()
    mc_error: Series[float] = _share()
    median_width: Series[float] = pa.Field(gt=0)
    phi_priority: Series[float] = pa.Field(gt=0)
    phi_other: Series[float] = pa.Field(gt=0)


class Biases(Strict):
    """What estimators find in a world they do not assume."""

    scenario: Series[str]
    question: Series[str]
    value: Series[float]
    estimator: Series[str]
    dropped_years: Series[str]
    draws: Series[int] = pa.Field(ge=1)
    mean_estimate: Series[float]
    mc_error: Series[float] = pa.Field(ge=0)
    truth: Series[float]
    without_noise: Series[float] = pa.Field(nullable=True)
    rejection_rate: Series[float] = _share()

    class Config:
        unique = ["scenario", "question", "value", "estimator", "dropped_years"]


class Pretrends(Strict):
    """What the test of the years before sees, and what passing it leaves."""

    scenario: Series[str]
    drift_per_year: Series[float]
    draws: Series[int] = pa.Field(ge=1)
    rejection_rate: Series[float] = _share()
    mc_error: Series[float] = _share()
    mean_log_ratio: Series[float]
    mean_log_ratio_passed: Series[float] = pa.Field(nullable=True)
    mc_error_passed: Series[float] = pa.Field(ge=0, nullable=True)

    class Config:
        unique = ["scenario", "drift_per_year"]


class Rule(Strict):
    """How often the municipal rule says what."""

    scenario: Series[str]
    world: Series[str]
    effect: Series[float] = pa.Field(gt=0)
    m: Series[float] = pa.Field(ge=0)
    draws: Series[int] = pa.Field(ge=1)
    improved: Series[float] = _share()
    worse: Series[float] = _share()
    not_shown: Series[float] = _share()
    mc_error: Series[float] = _share()
    interval_above: Series[float] = _share()
    interval_below: Series[float] = _share()

    class Config:
        unique = ["scenario", "world", "effect", "m"]


class RuleCoverage(Strict):
    """How often the rule's fixed-length interval holds the truth."""

    scenario: Series[str]
    bend: Series[float] = pa.Field(ge=0)
    m: Series[float] = pa.Field(ge=0)
    quantile: Series[str] = pa.Field(isin=["t", "normal"])
    draws: Series[int] = pa.Field(ge=1)
    coverage: Series[float] = _share()
    mc_error: Series[float] = _share()
    median_half_length: Series[float] = pa.Field(gt=0)
    median_bias: Series[float] = pa.Field(ge=0)

    class Config:
        unique = ["scenario", "bend", "m", "quantile"]


class RuleDetectable(Strict):
    """Smallest ratio that the whole rule finds with the wanted probability."""

    scenario: Series[str]
    m: Series[float] = pa.Field(ge=0)
    power: Series[float] = _share()
    detectable_ratio: Series[float] = pa.Field(gt=1, nullable=True)
    mc_error: Series[float] = pa.Field(ge=0, nullable=True)
    draws: Series[int] = pa.Field(ge=1)

    class Config:
        unique = ["scenario", "m"]


class Randomisation(Strict):
    """Size and power of randomisation on the score, by statistic."""

    scenario: Series[str]
    effect: Series[float] = pa.Field(gt=0)
    statistic: Series[str] = pa.Field(isin=["studentised", "raw"])
    draws: Series[int] = pa.Field(ge=1)
    rejection_rate: Series[float] = _share()
    mc_error: Series[float] = _share()

    class Config:
        unique = ["scenario", "effect", "statistic"]


SCHEMAS: dict[str, type[Strict]] = {
    f"{PREFIX}bias": Biases,
    f"{PREFIX}coverage": Coverage,
    f"{PREFIX}detectable": Detectable,
    f"{PREFIX}pretrend": Pretrends,
    f"{PREFIX}randomisation": Randomisation,
    f"{PREFIX}rejection": Rejection,
    f"{PREFIX}rule": Rule,
    f"{PREFIX}rule_coverage": RuleCoverage,
    f"{PREFIX}rule_detectable": RuleDetectable,
}


def read_stored(name: str) -> pd.DataFrame:
    """Read a stored table by its name, such as `SYNTHETIC_rejection`.

    Raises
    ------
    InputError
        The table is unreadable, refused by its schema, or not the file its record describes.
    """
    table = read_csv(paths.simulation() / f"{name}.csv", SCHEMAS[name].to_schema())
    difference = differs(name)
    if difference:
        raise InputError(difference + ".")
    return table


def differs(name: str) -> str | None:
    """Say how a stored table differs from its record, or None where the hash agrees."""
    path = paths.simulation() / f"{name}.csv"
    record = path.with_suffix(".provenance.toml")
    again = "restore it from git, or make it anew with: bsup simulate --store"
    for file in (record, path):
        if not file.is_file():
            return f"data/simulation/{file.name} is missing; {again}"
    try:
        recorded = tomllib.loads(record.read_text(encoding="utf-8"))["sha256"]
    except (KeyError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return f"data/simulation/{record.name} cannot be read; {again}"
    if sha256(path) != recorded:
        return f"data/simulation/{path.name} is not the file its record describes; {again}"
    return None
