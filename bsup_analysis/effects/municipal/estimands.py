"""The four estimands and the robustness rows, each with every inference the design asks for."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from bsup_analysis.effects.inference import RatioInterval
from bsup_analysis.effects.municipal import cluster_inference
from bsup_analysis.effects.municipal.panel import MunicipalPanel, NotEstimableError, attempt, known
from bsup_analysis.effects.municipal.ppml import Dropped, PpmlSettings, fit
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class Inference:
    """How certain the inference is to be, and how much is drawn at random for it, from where.

    Attributes
    ----------
    seed
        Whole number; each test derives a stream of its own from it and its row's name, so that
        rows may be computed in any order.
    draws
        Number of draws of the bootstrap, and of randomisation inference.
    level, power
        Confidence level, and the probability with which detectable ratios are detected.
    """

    seed: int
    draws: int = 9_999
    level: float = 0.95
    power: float = 0.80

    def stream(self, row: str, test: str) -> np.random.SeedSequence:
        """Source of random numbers for one test of one row."""
        return np.random.SeedSequence([self.seed, zlib.crc32(f"{row}/{test}".encode())])


@dataclass(frozen=True)
class Estimate:
    """A rate ratio and its inference.

    Attributes
    ----------
    name
        Key of the row.
    interval
        Ratio with its CRV3 interval, t on (priority clusters - 1): the primary one.
    p_value
        Its two-sided p-value.
    sandwich
        The interval with CRV1, never shown alone.
    wild
        Restricted score wild bootstrap.
    randomisation
        Randomisation inference over clusters.
    municipalities, priority, clusters
        Municipalities with information, those of them named as priority, and clusters.
    years
        Years of the window.
    dropped
        What was left out before fitting, and why.
    """

    name: str
    interval: RatioInterval
    p_value: float
    sandwich: RatioInterval
    wild: cluster_inference.ScoreWildTest
    randomisation: cluster_inference.ScoreRandomisation
    municipalities: int
    priority: int
    clusters: int
    years: tuple[int, ...]
    dropped: tuple[Dropped, ...]

    @property
    def ratio(self) -> float:
        """Rate ratio."""
        return self.interval.ratio


def estimate(
    name: str, panel: MunicipalPanel, wanted: Inference, settings: PpmlSettings | None = None
) -> Estimate:
    """Estimate the effect on the treated of being named a priority municipality.

    Parameters
    ----------
    name
        Key of the row.
    panel
        The panel; its exposure decides what the ratio is of.
    wanted
        Level, power and random numbers.
    settings
        What stands beside the effect.
    """
    fitted = fit(panel, settings=settings)
    jackknife = cluster_inference.crv3(fitted)
    active = fitted.used.any(axis=1)
    draws, level, power = wanted.draws, wanted.level, wanted.power
    return Estimate(
        name=name,
        interval=jackknife.interval(level=level, power=power),
        p_value=jackknife.p_value(),
        sandwich=cluster_inference.crv1(fitted).interval(level=level, power=power),
        wild=cluster_inference.score_wild(
            fitted, wanted.stream(name, "wild"), draws=draws, level=level
        ),
        randomisation=cluster_inference.randomise_score(
            fitted, wanted.stream(name, "randomisation"), draws=draws
        ),
        municipalities=int(active.sum()),
        priority=int((active & panel.treated).sum()),
        clusters=jackknife.clusters,
        years=panel.years,
        dropped=fitted.dropped,
    )


@dataclass(frozen=True)
class Estimand:
    """An estimand's estimate.

    Attributes
    ----------
    key
        "E1" to "E4".
    estimate
        The estimate; None where the data do not allow one.
    holm_p_value
        p-value adjusted by Holm (1979, Scandinavian Journal of Statistics 6, 65-70) among the
        others that could be estimated; None for the confirmatory one, which is not adjusted.
    problem
        Why there is no estimate.
    """

    key: str
    estimate: Estimate | None
    holm_p_value: float | None
    problem: NotEstimableError | None = None

    @property
    def confirmatory(self) -> bool:
        """Whether it is E1."""
        return self.key == "E1"


def estimands(
    loans: MunicipalPanel,
    amounts: MunicipalPanel | None,
    wanted: Inference,
    *,
    largest: str,
) -> tuple[Estimand, ...]:
    """Estimate E1 to E4.

    E1: loans per inhabitant. E2: the same without the largest municipality. E3: NOK per
    inhabitant. E4: the average loan, each municipality-year weighted by its number of loans, which
    is the Poisson model of NOK with loans as exposure: its score
    sum of (NOK - loans x fitted average) x column is that of averages weighted by loans.

    Parameters
    ----------
    loans
        Loans with population as exposure.
    amounts
        NOK of the same municipalities and years; None where no amounts are known: E3 and E4 are
        then absent.
    wanted
        Level, power and random numbers.
    largest
        Code left out in E2: Trondheim.
    """
    panels = {"E1": loans, "E2": loans.without([largest])}
    if amounts is not None:
        panels |= {"E3": amounts, "E4": average_panel(loans, amounts)}
    found = {key: _estimated(key, panel, wanted) for key, panel in panels.items()}
    others = {key: one.p_value for key, (one, _) in found.items() if one and key != "E1"}
    adjusted = dict(zip(others, holm(list(others.values())), strict=True))
    return tuple(
        Estimand(key, one, adjusted.get(key), problem) for key, (one, problem) in found.items()
    )


def _estimated(
    name: str,
    panel: MunicipalPanel | NotEstimableError,
    wanted: Inference,
    settings: PpmlSettings | None = None,
) -> tuple[Estimate | None, NotEstimableError | None]:
    """Give the estimate, or why there is none."""
    try:
        return estimate(name, known(panel), wanted, settings), None
    except NotEstimableError as problem:
        return None, problem


def average_panel(loans: MunicipalPanel, amounts: MunicipalPanel) -> MunicipalPanel:
    """NOK with loans as exposure: a year of a municipality without loans has no average.

    Raises
    ------
    InputError
        Loans and amounts of different municipalities or years.
    """
    if (loans.codes, loans.years) != (amounts.codes, amounts.years):
        raise InputError("Loans and amounts are not of the same municipalities and years.")
    return replace(amounts, exposure=loans.y)


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down adjustment."""
    from statsmodels.stats.multitest import multipletests

    if not p_values:
        return []
    return [float(value) for value in multipletests(p_values, method="holm")[1]]


Kind = Literal[
    "primary", "window", "sample", "counts", "leave_one_out", "placebo", "controls", "overlap"
]


@dataclass(frozen=True, eq=False)
class Variant:
    """A panel and settings that differ from the primary ones in one choice.

    Attributes
    ----------
    name
        Key of the row.
    kind
        What was changed.
    panel
        What is estimated, or why the data have no such panel.
    settings
        What stands beside the effect.
    """

    name: str
    kind: Kind
    panel: MunicipalPanel | NotEstimableError
    settings: PpmlSettings = field(default_factory=PpmlSettings)


@dataclass(frozen=True)
class RobustnessRow:
    """A row of the table.

    Attributes
    ----------
    name, kind
        Its key, and what was changed.
    estimate
        The estimate; None where it cannot be estimated.
    problem
        Why not.
    """

    name: str
    kind: Kind
    estimate: Estimate | None
    problem: NotEstimableError | None = None


def variants(
    panel: MunicipalPanel,
    *,
    doubtful_year: int,
    placebo_year: int,
    left_out: Mapping[str, Iterable[str]],
    largest_others: int,
    smallest_priority: int,
    further: Mapping[str, MunicipalPanel | NotEstimableError] | None = None,
) -> tuple[Variant, ...]:
    """List the rows.

    Parameters
    ----------
    panel
        The primary panel.
    doubtful_year
        Untreated year left out in one row: 2008, whose figures the choice may have rested on.
    placebo_year
        Pretended first treated year; only untreated years enter that row.
    left_out
        Codes left out, by the row's name (Steinkjer, Trondheim).
    largest_others, smallest_priority
        How many of the largest others are held against how many of the smallest priority
        municipalities: where the two groups are of about one size.
    further
        More panels by the row's name, such as the selection year counted as treated.
    """
    treated_years = [year for year in panel.years if year >= panel.first_treated_year]
    rows = [
        Variant("primary", "primary", panel),
        Variant(
            f"without_{doubtful_year}",
            "window",
            attempt(lambda: panel.without_years([doubtful_year])),
        ),
        *(Variant(name, "sample", panel.without(codes)) for name, codes in left_out.items()),
        Variant("county_by_year", "controls", panel, PpmlSettings(by_county=True)),
        Variant("size_by_year", "controls", panel, PpmlSettings(by_size=True)),
        Variant(
            f"largest_{largest_others}_others_smallest_{smallest_priority}_priority",
            "overlap",
            attempt(lambda: overlap(panel, largest_others, smallest_priority)),
        ),
        Variant(
            f"placebo_{placebo_year}",
            "placebo",
            attempt(lambda: panel.without_years(treated_years, first_treated_year=placebo_year)),
        ),
        *(Variant(name, "window", other) for name, other in (further or {}).items()),
        *(
            Variant(f"leave_out_{code}", "leave_one_out", panel.without([code]))
            for code, treated in zip(panel.codes, panel.treated, strict=True)
            if treated
        ),
    ]
    return tuple(rows)


def overlap(panel: MunicipalPanel, largest_others: int, smallest_priority: int) -> MunicipalPanel:
    """Keep the largest others and the smallest priority municipalities, by mean population.

    The mean is over untreated years; ties go to the lower code.
    """
    before = panel.population[:, ~panel.post]
    if not np.isfinite(before).any(axis=1).all():
        unknown = panel.codes[int(np.flatnonzero(~np.isfinite(before).any(axis=1))[0])]
        raise NotEstimableError(
            "population_before",
            f"Municipality {unknown} has no known population before the programme.",
            code=unknown,
        )
    size = np.nanmean(before, axis=1)
    order = sorted(range(len(size)), key=lambda unit: (size[unit], panel.codes[unit]))
    others = [unit for unit in order if not panel.treated[unit]][::-1][:largest_others]
    priority = [unit for unit in order if panel.treated[unit]][:smallest_priority]
    chosen = {*others, *priority}
    return panel.keep([unit in chosen for unit in range(len(size))])


def robustness(rows: Iterable[Variant], wanted: Inference) -> tuple[RobustnessRow, ...]:
    """Estimate each row; one that cannot be estimated stays in the table with its reason."""
    return tuple(
        RobustnessRow(row.name, row.kind, *_estimated(row.name, row.panel, wanted, row.settings))
        for row in rows
    )


def estimand_rows(found: Iterable[Estimand]) -> pd.DataFrame:
    """One row an estimand: key, confirmatory, the estimate's numbers or why there are none."""
    return pd.DataFrame(
        {
            "key": item.key,
            "confirmatory": item.confirmatory,
            **_numbers(item.estimate),
            "holm_p_value": item.holm_p_value,
            "reason": str(item.problem or ""),
        }
        for item in found
    )


def robustness_rows(found: Iterable[RobustnessRow]) -> pd.DataFrame:
    """One row a variant; where it could not be estimated, a reason in place of numbers."""
    return pd.DataFrame(
        {
            "name": row.name,
            "kind": row.kind,
            **_numbers(row.estimate),
            "reason": str(row.problem or ""),
        }
        for row in found
    )


def dropped_rows(dropped: Iterable[Dropped]) -> pd.DataFrame:
    """One row a thing left out before fitting: why, its name, and how many cells."""
    return pd.DataFrame(list(dropped), columns=["kind", "name", "cells"])


def _numbers(given: Estimate | None) -> dict[str, Any]:
    if given is None:
        return {}
    interval, sandwich = given.interval, given.sandwich
    return {
        "ratio": interval.ratio,
        "low": interval.low,
        "high": interval.high,
        "se_log_ratio": interval.se,
        "df": interval.df,
        "p_value": given.p_value,
        "detectable_above": interval.detectable_above,
        "detectable_below": interval.detectable_below,
        "sandwich_low": sandwich.low,
        "sandwich_high": sandwich.high,
        "wild_p_value": given.wild.p_value,
        "wild_low": given.wild.low,
        "wild_high": given.wild.high,
        "randomisation_p_value": given.randomisation.p_value,
        "municipalities": given.municipalities,
        "priority": given.priority,
        "clusters": given.clusters,
        "first_year": given.years[0],
        "last_year": given.years[-1],
        "cells_dropped": sum(item.cells for item in given.dropped),
    }
