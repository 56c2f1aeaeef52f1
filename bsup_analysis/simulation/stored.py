"""The results that the report reads: computed once, kept in git, labelled SYNTHETIC.

Notebook `06_power` reads them and no other does; they say what the study could see, never what it
saw.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bsup_analysis import paths
from bsup_analysis.files import sha256
from bsup_analysis.simulation import chunks, engines
from bsup_analysis.simulation.biases import (
    Bias,
    average_ratio,
    expected_rate_bias,
    rate_bias,
    ratio_bias,
)
from bsup_analysis.simulation.detectable import detectable_ratios
from bsup_analysis.simulation.lab import Step, simulate
from bsup_analysis.simulation.pretrend import pretrend_test
from bsup_analysis.simulation.published_level import coverage
from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.scenarios import FILE, Scenario, load_world, scenario
from bsup_analysis.simulation.summary import csv_text
from bsup_analysis.simulation.trial import TESTS, Task, run

PREFIX = "SYNTHETIC_"
ANCHOR_DRAWS = 100
_DIGITS = 6
BIAS_COLUMNS = (
    "scenario",
    "question",
    "value",
    "estimator",
    "dropped_years",
    "draws",
    "mean_estimate",
    "mc_error",
    "truth",
    "without_noise",
    "rejection_rate",
)


def folder() -> Path:
    """Return where the stored results lie."""
    return paths.root() / "data" / "simulation"


def store_results(
    region: Region, jobs: int, progress: Callable[[Step], None], draws: int | None = None
) -> list[Path]:
    """Compute and write every stored result, each with a record of how it was made.

    Parameters
    ----------
    region
        The region without noise.
    jobs
        Processes on this machine.
    progress
        Called with every step.
    draws
        Draws of each scenario and effect; by default those of `scenarios.toml`, which are what the
        report needs.

    Returns
    -------
    list of Path
        The tables written.
    """
    world = load_world()
    number = world.run.draws.value if draws is None else draws
    seed = world.run.seed.value
    names = sorted(world.scenario)
    made = simulate(region, names, world.run.effects.value, number, seed, jobs, progress=progress)
    tables = {
        "rejection": csv_text(made.table),
        "detectable": _text(detectable_ratios(made.table, world.tests.power.value)),
    }
    with engines.workers(jobs) as pool:
        for name, function in (
            ("coverage", coverage_table),
            ("bias", bias_table),
            ("pretrend", pretrend_table),
        ):
            parts = pool.map(function, *zip(*[(region, one, number) for one in names], strict=True))
            tables[name] = _text(pd.concat(list(parts), ignore_index=True))
            progress(Step(0, 0, None, f"{PREFIX}{name} is ready"))
        anchor = pool.submit(first_rejections, region).result()
    written = []
    for name, text in tables.items():
        path = folder() / f"{PREFIX}{name}.csv"
        chunks.keep(path, text)
        chunks.keep(path.with_suffix(".provenance.toml"), _record(path, number, region, anchor))
        written.append(path)
    return written


def first_rejections(region: Region) -> Mapping[str, int]:
    """Count each test's rejections in the first draws of scenario A without effect.

    Kept in the records: who changes the code sees at once whether the stored results still hold.
    """
    world = load_world()
    results = run(
        Task(
            region,
            scenario("A"),
            1.0,
            world.run.seed.value,
            0,
            ANCHOR_DRAWS,
            world.panel.dropped_years.value,
            world.tests.level.value,
            world.tests.bootstrap_weights.value,
            world.tests.assignments.value,
        )
    )
    return {name: int(results[name].sum()) for name in TESTS}


def coverage_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Coverage of the published-level intervals in one scenario; ten times the draws."""
    world = load_world()
    settings = world.study
    wanted = draws * settings.published_draws.value // world.run.draws.value
    return coverage(
        region,
        scenario(name),
        1.0,
        draws=wanted,
        seed=world.run.seed.value,
        grid=settings.dispersion_grid.value,
        level=1 - world.tests.level.value,
    )


def bias_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Linear rates, regression to the mean, and an effect of the largest municipality's own."""
    world, one = load_world(), scenario(name)
    dropped, seed = world.panel.dropped_years.value, world.run.seed.value
    common: dict[str, Any] = {
        "draws": draws,
        "seed": seed,
        "level": world.tests.level.value,
    }
    rate = rate_bias(region, one, dropped=dropped, **common)
    quiet = expected_rate_bias(region, dropped)
    rows = [_row(one, "linear_rates", 1.0, "ols_rate", dropped, rate, quiet)]
    for value in world.study.selections.value:
        chosen = replace(one, selection=value)
        for without in (dropped, (world.panel.selection_year.value, *dropped)):
            bias = ratio_bias(region, chosen, 1.0, dropped=without, **common)
            rows.append(_row(one, "regression_to_mean", value, "ppml", without, bias, np.nan))
    for value in world.study.largest_effects.value:
        apart = replace(one, largest_effect=value)
        bias = ratio_bias(region, apart, 1.0, dropped=dropped, **common)
        target = float(np.log(average_ratio(region, apart, 1.0, dropped)))
        rows.append(_row(one, "largest_apart", value, "ppml", dropped, bias, target))
    return pd.DataFrame(rows, columns=list(BIAS_COLUMNS))


def _row(
    one: Scenario,
    question: str,
    value: float,
    estimator: str,
    dropped: tuple[int, ...],
    bias: Bias,
    quiet: float,
) -> tuple[object, ...]:
    years = " ".join(str(year) for year in sorted(dropped))
    found = bias.draws, bias.mean, bias.mc_error, bias.truth, quiet, bias.rejection_rate
    return (one.name, question, value, estimator, years, *found)


def pretrend_table(region: Region, name: str, draws: int) -> pd.DataFrame:
    """Power of the test of the years before, and what passing it leaves, in one scenario."""
    world, one = load_world(), scenario(name)
    rows = []
    for drift in world.study.drifts.value:
        found = pretrend_test(
            region,
            replace(one, trend=drift),
            draws=draws,
            seed=world.run.seed.value,
            dropped=world.panel.dropped_years.value,
            level=world.tests.level.value,
        )
        rows.append({"scenario": name, "drift_per_year": drift, **vars(found)})
    return pd.DataFrame(rows)


def _text(table: pd.DataFrame) -> str:
    """Write numbers to six digits after the point, whole ones as they are, unknown ones empty."""
    shown = table.copy()
    for column in shown.select_dtypes("float"):
        shown[column] = shown[column].map(
            lambda value: "" if np.isnan(value) else f"{value + 0.0:.{_DIGITS}f}"
        )
    return shown.to_csv(index=False, lineterminator="\n")


def _record(path: Path, draws: int, region: Region, anchor: Mapping[str, int]) -> str:
    """Say how a table was made."""
    world = load_world()
    entries: dict[str, object] = {
        "title": f"SYNTHETIC: {path.stem.removeprefix(PREFIX)} of the study's tests",
        "warning": "Drawn at random with a known truth; no data and no estimate of the programme.",
        "read_by": "notebook 06_power alone",
        "made_by": "bsup_analysis.simulation.stored.store_results",
        "seed": world.run.seed.value,
        "draws": draws,
        "numpy": np.__version__,
        "sha256": sha256(path),
        "code_sha256": chunks.code_hash(),
        "scenarios_sha256": sha256(FILE),
        "region_sha256": region.digest(),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in entries.items()]
    lines += ["", f"# rejections in the first {ANCHOR_DRAWS} draws of scenario A without effect"]
    lines += ["[first_rejections]", *(f"{name} = {count}" for name, count in anchor.items())]
    return "\n".join(lines) + "\n"
