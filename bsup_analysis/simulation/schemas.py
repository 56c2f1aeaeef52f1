"""What each stored SYNTHETIC table must be; `tables.toml` says what its columns mean."""

from typing import Any

import pandera.pandas as pa
from pandera.typing import Series

from bsup_analysis.tables import Strict

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


SCHEMAS: dict[str, type[Strict]] = {
    f"{PREFIX}bias": Biases,
    f"{PREFIX}coverage": Coverage,
    f"{PREFIX}detectable": Detectable,
    f"{PREFIX}pretrend": Pretrends,
    f"{PREFIX}rejection": Rejection,
}
