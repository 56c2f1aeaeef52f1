"""The whole municipal rule on SYNTHETIC panels: how often it says what, where the truth is known.

Every panel gets what the municipal level computes: E1 and E2 with the cluster jackknife, the event
study with the year of selection as a year of its own, and the fixed-length interval at each M. The
verdict is `effects.verdict.municipal_verdict`'s, for many panels at once. What departs from no
effect and parallel trends is put into the expected loans or the scenario, never into the generator;
draw k has the same random numbers in every world (`generator`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from bsup_analysis.design.model import Choice
from bsup_analysis.effects.municipal.fixed_length import FixedLength, fixed_length
from bsup_analysis.estimators.jackknife import crv3
from bsup_analysis.estimators.poisson import (
    event_model,
    fit,
    resampled_p,
    restricted,
    treatment_model,
)
from bsup_analysis.simulation.config import Scenario, load_config, read_settings, scenario
from bsup_analysis.simulation.generator import Region
from bsup_analysis.simulation.replicate import ROWS, Task, critical, random_sets, task_of

FILE = Path(__file__).with_name("rule.toml")
EARTH_KM = 6371.0
# worlds without an effect in which the rule may say "improved" in 5 % of the panels at most
NULLS = (
    "parallel",
    "drift_0.05",
    "growth",
    "selection_high",
    "selection_low",
    "put_off",
    "county",
    "largest",
)
_Ratios = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
_Sizes = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=1)]
_Size = Annotated[float, Field(ge=0)]


@checked(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class Settings:
    """All of `rule.toml`."""

    ms: Choice[_Sizes]
    draws: Choice[_Count]
    null_draws: Choice[_Count]
    effects: Choice[_Ratios]
    drifts: Choice[_Sizes]
    growth_response: Choice[_Size]
    selection: Choice[_Size]
    put_off: Choice[_Share]
    county_sigma: Choice[_Size]
    largest_effect: Choice[_Size]
    spillover_effects: Choice[_Ratios]
    spillover_share: Choice[_Share]
    neighbour_km: Choice[_Size]
    score_draws: Choice[_Count]
    score_effects: Choice[_Ratios]


@cache
def settings() -> Settings:
    """Read `rule.toml`."""
    return read_settings(Settings, FILE)


@dataclass(frozen=True, eq=False)
class World:
    """What panels are drawn from.

    Attributes
    ----------
    name
        "parallel", or what departs from parallel trends or from an effect on the 17 alone.
    region
        Expected loans with the departure in them.
    scenario
        Noise, drift, selection and the largest municipality's effect.
    effect
        Rate ratio of the priority municipalities.
    bend
        Change of the slope of the log ratio a year, where there is nothing else and coverage is
        asked; elsewhere None.
    """

    name: str
    region: Region
    scenario: Scenario
    effect: float = 1.0
    bend: float | None = None


def neighbours(region: Region, km: float) -> np.ndarray:
    """Other municipalities whose point lies within `km` of a priority municipality's."""
    east, north = np.radians(region.points).T
    turn = np.cos(north)[:, None] * np.cos(north) * np.cos(east[:, None] - east)
    turn += np.sin(north)[:, None] * np.sin(north)
    away = EARTH_KM * np.arccos(turn.clip(-1, 1))
    return ~region.treated & (away[:, region.treated].min(axis=1) <= km)


def worlds(region: Region, name: str) -> Iterator[World]:
    """Every world of one scenario: effects, then no effect with departures, then spillovers."""
    asked, noise, years = settings(), scenario(name), np.array(region.years)
    base, first = years - region.base_year, region.years.index(region.first_treated_year)
    yield World("parallel", region, noise, bend=0.0)
    for effect in asked.effects.value:
        yield World("parallel", region, noise, effect)
    for drift in asked.drifts.value:
        yield World(f"drift_{drift:g}", region, replace(noise, trend=drift))
    for bend in asked.ms.value:
        if bend > 0:
            since = years - region.selection_year
            log = np.outer(region.treated, bend * since**2 / 2)
            yield World(f"bend_{bend:g}", _moved(region, log), noise, bend=bend)
    begin, end = (region.years.index(year) for year in (years[0], region.base_year))
    growth = np.log(region.population[:, end] / region.population[:, begin]) / (end - begin)
    log = np.outer(asked.growth_response.value * growth, base)
    yield World("growth", _moved(region, log), noise)
    chosen = asked.selection.value
    yield World("selection_high", region, replace(noise, selection=chosen))
    yield World("selection_low", region, replace(noise, selection=-chosen))
    late = region.expected.copy()
    put_off = asked.put_off.value * late[region.treated, first - 1]
    late[region.treated, first - 1] -= put_off
    late[region.treated, first] += put_off
    yield World("put_off", replace(region, expected=late), noise)
    yield World("county", region, replace(noise, county_sigma=asked.county_sigma.value))
    alone = replace(noise, largest_effect=asked.largest_effect.value)
    yield World("largest", region, alone)
    near = neighbours(region, asked.neighbour_km.value)
    for effect in asked.spillover_effects.value:
        gain = 1 + asked.spillover_share.value * (effect - 1)
        log = np.outer(near * math.log(gain), region.treated_years)
        yield World("spillover", _moved(region, log), noise, effect)


def _moved(region: Region, log: np.ndarray) -> Region:
    return replace(region, expected=region.expected * np.exp(log))


@dataclass(frozen=True, eq=False)
class Said:
    """What the rule says in each panel of a world.

    Attributes
    ----------
    verdict, interval
        Side of one of the rule and of its fixed-length interval, shape (ms, draws).
    found, normal
        The fixed-length intervals by M, with t quantiles and with normal ones (the latter only
        where coverage is asked).
    """

    verdict: np.ndarray
    interval: np.ndarray
    found: list[FixedLength]
    normal: list[FixedLength]


def judge_panels(world: World, first: int, count: int) -> Said:
    """Draw panels `first` to `first + count - 1` of a world and put each to the rule.

    The reference year of the event study is the year of the noisy figures, the last whole year
    before the municipalities were named. Every municipality is a cluster. E1 and E2 are estimated
    where the verdict can still depend on them.
    """
    region, config = world.region, load_config()
    level, seed = config.tests.level.value, config.run.seed.value
    task = Task(region, world.scenario, world.effect, seed, first, count, (), level)
    reference = region.years.index(region.selection_year)
    on = region.treated_years[reference + 1 :]
    blocks = [(loans, *event_study(region, loans, reference)) for _, _, loans in task.blocks()]
    loans, coefficients, vcov = (np.concatenate(part) for part in zip(*blocks, strict=True))
    df, everybody = int(region.treated.sum()) - 1, np.arange(len(region.codes))

    def intervals(df: int | None) -> list[FixedLength]:
        return [
            fixed_length(coefficients, vcov, on / on.sum(), m, df=df, level=1 - level)
            for m in settings().ms.value
        ]

    found = intervals(df)
    sides = np.array([side(one.low, one.high) for one in found])
    verdict = sides
    for kept in (everybody, np.delete(everybody, region.largest)):
        open_still = (verdict != 0).any(axis=0)
        agreed = np.zeros(count, dtype=int)
        agreed[open_still] = _side_of_ratio(region, loans[open_still], kept, level, df)
        verdict = np.where(verdict == agreed, verdict, 0)
    return Said(verdict, sides, found, intervals(None) if world.bend is not None else [])


def side(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell on which side of zero intervals lie: 1 above, -1 below, 0 where they hold zero."""
    return np.where(low > 0, 1, np.where(high < 0, -1, 0))


def _side_of_ratio(
    region: Region, loans: np.ndarray, kept: np.ndarray, level: float, df: int
) -> np.ndarray:
    """Side of one of the CRV3 interval of the kept municipalities' ratio, shape (draws,)."""
    used = region.columns(load_config().panel.dropped_years.value)
    model = treatment_model(
        region.population[np.ix_(kept, used)],
        region.treated[kept],
        region.treated_years[used],
        np.arange(len(kept)),
    )
    df -= len(region.codes) - len(kept)  # the largest priority municipality may be left out
    size = max(1, ROWS // len(region.codes))
    sides = [np.zeros(0, dtype=int)]
    for begin in range(0, len(loans), size):
        fitted = fit(model, loans[begin : begin + size][:, kept][:, :, used])
        estimate, se = fitted.theta[:, -1], np.sqrt(crv3(fitted)[:, 0, 0])
        reach = critical(level, df) * se
        sides.append(side(estimate - reach, estimate + reach))
    return np.concatenate(sides)


def event_study(region: Region, loans: np.ndarray, reference: int) -> tuple[np.ndarray, np.ndarray]:
    """Log ratio of every year but the reference, and its CRV3 variances, for a batch of panels."""
    alone, years = np.arange(len(region.codes)), loans.shape[2] - 1
    fitted = fit(event_model(region.population, region.treated, reference, alone), loans)
    return fitted.theta[:, -years:], crv3(fitted, years)


def rule_tables(
    region: Region, name: str, draws: int | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count how often the rule says what in every world of a scenario; cover by its interval.

    Parameters
    ----------
    region
        The region without noise.
    name
        Name of the scenario.
    draws
        Panels of every world; by default those of `rule.toml`.

    Returns
    -------
    tuple of pandas.DataFrame
        `rule` and `rule_coverage`, as `tables.toml` describes their columns.
    """
    asked = settings()
    rows: list[dict[str, object]] = []
    covered: list[dict[str, object]] = []
    for world in worlds(region, name):
        number = (asked.null_draws if world.effect == 1 else asked.draws).value
        said = judge_panels(world, 0, number if draws is None else draws)
        rows += rule_rows(world, said)
        covered += coverage_rows(world, said)
    return pd.DataFrame(rows), pd.DataFrame(covered)


def false_improved(rule: pd.DataFrame) -> pd.Series:
    """Largest share of "improved" by M over the scenarios and worlds that the criterion counts."""
    counted = rule[rule["world"].isin(NULLS) & (rule["effect"] == 1)]
    return counted.groupby("m")["improved"].max()


def rule_rows(world: World, said: Said) -> list[dict[str, object]]:
    """One row an M: shares of the three verdicts, and of intervals on either side of one."""
    rows: list[dict[str, object]] = []
    for m, verdict, interval in zip(settings().ms.value, said.verdict, said.interval, strict=True):
        shares = [float((verdict == key).mean()) for key in (1, -1, 0)]
        rows.append(
            {
                "scenario": world.scenario.name,
                "world": world.name,
                "effect": world.effect,
                "m": m,
                "draws": len(verdict),
                **dict(zip(("improved", "worse", "not_shown"), shares, strict=True)),
                "mc_error": max(_error(share, len(verdict)) for share in shares),
                "interval_above": float((interval == 1).mean()),
                "interval_below": float((interval == -1).mean()),
            }
        )
    return rows


def coverage_rows(world: World, said: Said) -> list[dict[str, object]]:
    """Coverage of one, where the trend is of a known class; elsewhere no rows."""
    return [
        {
            "scenario": world.scenario.name,
            "bend": world.bend,
            "m": m,
            "quantile": quantile,
            "draws": len(one.low),
            "coverage": share,
            "mc_error": _error(share, len(one.low)),
            "median_half_length": float(np.median(by_t.half_length)),
            "median_bias": float(np.median(by_t.bias)),
        }
        for m, by_t, normal in zip(settings().ms.value, said.found, said.normal, strict=False)
        for quantile, one in (("t", by_t), ("normal", normal))
        for share in [float(((one.low <= 0) & (one.high >= 0)).mean())]
    ]


def _error(share: float, draws: int) -> float:
    return math.sqrt(share * (1 - share) / draws)


def score_table(region: Region, name: str, draws: int | None = None) -> pd.DataFrame:
    """Measure size and power of randomisation on the score, studentised and raw.

    Assignments and p-values are those of `replicate.randomisation_p_value`, whose statistic is the
    studentised one; the raw statistic is the sum of the efficient scores.
    """
    config = load_config()
    tests, rows = config.tests, []
    number = settings().score_draws.value if draws is None else draws
    for effect in settings().score_effects.value:
        task = task_of(region, scenario(name), effect, 0, number)
        model, chosen = task.model(), region.treated.astype(float)
        small = {"studentised": 0, "raw": 0}
        for _, streams, loans in task.blocks():
            scores = restricted(model, loans)
            for k, stream in enumerate(streams):
                sets = random_sets(
                    stream.assignments, len(chosen), int(chosen.sum()), tests.assignments.value
                )
                efficient, own = scores.efficient(sets, k), scores.efficient(chosen, k)
                compared = {
                    "studentised": (scores.studentised(sets, k), scores.studentised(chosen, k)),
                    "raw": (efficient.sum(axis=1), own.sum()),
                }
                for statistic, (drawn, mine) in compared.items():
                    small[statistic] += resampled_p(drawn, float(mine)) <= tests.level.value
        rows += [
            {
                "scenario": name,
                "effect": effect,
                "statistic": statistic,
                "draws": number,
                "rejection_rate": count / number,
                "mc_error": _error(count / number, number),
            }
            for statistic, count in small.items()
        ]
    return pd.DataFrame(rows)
