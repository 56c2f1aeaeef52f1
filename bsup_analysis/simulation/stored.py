"""The results that the report reads: computed once, kept in git, labelled SYNTHETIC.

Notebook `06_power` reads them and no other does; they say what the study could see, never what it
saw.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bsup_analysis import paths
from bsup_analysis.engines.machine import workers
from bsup_analysis.files import sha256
from bsup_analysis.simulation import chunks
from bsup_analysis.simulation.detectable import detectable_ratios
from bsup_analysis.simulation.estimate import Estimate
from bsup_analysis.simulation.lab import simulate, task_of
from bsup_analysis.simulation.outcome import Step
from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.scenarios import FILE, load_world, scenario
from bsup_analysis.simulation.schemas import PREFIX
from bsup_analysis.simulation.studies import bias_table, coverage_table, pretrend_table
from bsup_analysis.simulation.summary import csv_text
from bsup_analysis.simulation.trial import TESTS, run

DESCRIPTIONS = Path(__file__).with_name("tables.toml")
ANCHOR_DRAWS = 100
_DIGITS = 6


def store_results(
    region: Region,
    jobs: int,
    progress: Callable[[Step], None],
    draws: int | None = None,
    *,
    scheduler: str | None = None,
    agree: Callable[[Estimate], None] = lambda _: None,
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
    scheduler, agree
        As `lab.simulate` takes them; what is asked beside size and power is computed here.

    Returns
    -------
    list of Path
        The tables written.
    """
    world = load_world()
    number = world.run.draws.value if draws is None else draws
    seed = world.run.seed.value
    names = sorted(world.scenario)
    effects = world.run.effects.value
    made = simulate(
        region, names, effects, number, seed, jobs, scheduler, None, progress, agree=agree
    )
    tables = {
        "rejection": csv_text(made.table),
        "detectable": _text(detectable_ratios(made.table, world.tests.power.value)),
    }
    with workers(jobs) as pool:
        for name, function in (
            ("coverage", coverage_table),
            ("bias", bias_table),
            ("pretrend", pretrend_table),
        ):
            parts = pool.map(function, *zip(*[(region, one, number) for one in names], strict=True))
            tables[name] = _text(pd.concat(list(parts), ignore_index=True))
            progress(Step(0, 0, None, f"{PREFIX}{name} is ready"))
        anchor = pool.submit(first_rejections, region).result()
    for name, text in tables.items():
        path = paths.simulation() / f"{PREFIX}{name}.csv"
        chunks.keep(path, text)
        chunks.keep(path.with_suffix(".provenance.toml"), record(name, number, region, anchor))
    return [paths.simulation() / f"{PREFIX}{name}.csv" for name in tables]


def first_rejections(region: Region) -> Mapping[str, int]:
    """Count each test's rejections in the first draws of scenario A without effect.

    Kept in the records: who changes the code sees at once whether the stored results still hold.
    """
    results = run(task_of(region, scenario("A"), 1.0, 0, ANCHOR_DRAWS))
    return {name: int(results[name].sum()) for name in TESTS}


def _text(table: pd.DataFrame) -> str:
    """Write numbers to six digits after the point, whole ones as they are, unknown ones empty."""
    shown = table.copy()
    for column in shown.select_dtypes("float"):
        shown[column] = shown[column].map(
            lambda value: "" if np.isnan(value) else f"{value + 0.0:.{_DIGITS}f}"
        )
    return shown.to_csv(index=False, lineterminator="\n")


def record(name: str, draws: int, region: Region, anchor: Mapping[str, int]) -> str:
    """Say what a stored table holds and how it was made."""
    world = load_world()
    known = tomllib.loads(DESCRIPTIONS.read_text(encoding="utf-8"))[name]
    entries: dict[str, object] = {
        "title": f"SYNTHETIC: {known['title']}",
        "warning": "Drawn at random with a known truth; no data and no estimate of the programme.",
        "read_by": "notebook 06_power alone",
        "made_by": "bsup_analysis.simulation.stored.store_results",
        "seed": world.run.seed.value,
        "draws": draws,
        "numpy": np.__version__,
        "sha256": sha256(paths.simulation() / f"{PREFIX}{name}.csv"),
        "code_sha256": chunks.code_hash(),
        "scenarios_sha256": sha256(FILE),
        "region_sha256": region.digest(),
    }
    tables = {"columns": known["columns"], "first_rejections": anchor}
    lines = [f"{key} = {_toml(value)}" for key, value in entries.items()]
    for title, rows in tables.items():
        lines += ["", f"[{title}]", *(f"{key} = {_toml(value)}" for key, value in rows.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Write a string or number as TOML, which takes them as JSON does."""
    return json.dumps(value, ensure_ascii=False)
