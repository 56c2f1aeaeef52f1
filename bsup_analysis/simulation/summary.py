"""What a simulation ends in: one row a scenario, effect and test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.simulation import chunks
from bsup_analysis.simulation.trial import RATE_TESTS, TESTS, Task

COLUMNS = (
    "scenario",
    "effect",
    "test",
    "draws",
    "rejection_rate",
    "mc_error",
    "mean_estimate",
)


def summarise(cells: Iterable[tuple[Path, Iterable[Task]]]) -> pd.DataFrame:
    """Add up the stored chunks of every scenario and effect.

    Parameters
    ----------
    cells
        Folder and chunks of each scenario and effect.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: `rejection_rate` is the share of draws in which the test rejects no effect,
        two-sided at the level of `scenarios.toml` (5 %); `mc_error` its binomial standard error;
        `mean_estimate` the geometric mean of the estimated rate ratios, comparable with `effect`,
        but for the two tests on rates the mean difference of rates per 1 000 inhabitants.
    """
    rows = [row for store, tasks in cells for row in _rows(store, tasks)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(
    store: Path, tasks: Iterable[Task]
) -> Iterator[tuple[str, float, str, int, float, float, float]]:
    """Add one cell's chunks up, one in memory at a time."""
    draws, rejected = 0, dict.fromkeys(TESTS, 0)
    ratios, differences = [], []
    for task in tasks:
        results, _ = chunks.read(store, task)
        if results is None:
            name = chunks.path_of(store, task).name
            raise InputError(f"{name} was removed or damaged during the run; run again.")
        draws += len(results)
        for name in TESTS:
            rejected[name] += int(results[name].sum())
        ratios.append(math.fsum(results["log_ratio"]))
        differences.append(math.fsum(results["rate_difference"]))
    ratio, difference = math.exp(math.fsum(ratios) / draws), math.fsum(differences) / draws
    for name in TESTS:
        rate = rejected[name] / draws
        error = math.sqrt(rate * (1 - rate) / draws)
        mean = difference if name in RATE_TESTS else ratio
        yield task.scenario.name, task.effect, name, draws, rate, error, mean


def csv_text(table: pd.DataFrame) -> str:
    """Write the table as CSV, rates and estimates to six digits: same bytes on every machine."""
    shown = table.copy()
    for name in ("rejection_rate", "mc_error", "mean_estimate"):
        shown[name] = shown[name].map(lambda value: f"{value:.6f}")
    shown["effect"] = shown["effect"].map(lambda value: f"{value:g}")
    return shown.to_csv(index=False, lineterminator="\n")
