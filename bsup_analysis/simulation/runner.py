"""Runs scenarios x effects x draws, in chunks that survive an interruption.

Every run compares the kernel with statsmodels, draw by draw, before it begins.
"""

import shutil
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bsup_analysis import engines, paths
from bsup_analysis.errors import InputError
from bsup_analysis.estimators.jackknife import leave_out
from bsup_analysis.estimators.poisson import crv1, dispersion, fit
from bsup_analysis.simulation import chunks
from bsup_analysis.simulation.config import Scenario, checked_effects, load_config, scenario
from bsup_analysis.simulation.generator import Region, streams
from bsup_analysis.simulation.replicate import RESULT, ROWS, Task, run, task_of

TOLERANCE = 1e-8


def dummy_design(task: Task, kept: np.ndarray) -> np.ndarray:
    """Treatment, year dummies and municipality dummies of the kept municipalities, by row."""
    units, years = len(kept), len(task.treated_years)
    treatment = np.outer(task.region.treated[kept], task.treated_years).reshape(-1, 1)
    year = np.tile(np.eye(years)[:, 1:], (units, 1))
    return np.hstack([treatment, year, np.repeat(np.eye(units), years, axis=0)]).astype(float)


def poisson_refit(task: Task, loans: np.ndarray, kept: np.ndarray) -> Any:
    """Fit one panel (municipalities, years) with statsmodels, clustered on municipalities."""
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    kept = kept[loans[kept].sum(axis=1) > 0]  # without a loan an effect has no finite estimate
    return GLM(
        loans[kept].ravel(),
        dummy_design(task, kept),
        family=Poisson(),
        offset=np.log(task.population[kept].ravel()),
    ).fit(tol=1e-9, tol_criterion="params")


def _clustered(result: Any, units: int, years: int) -> float:
    from statsmodels.stats.sandwich_covariance import cov_cluster

    groups = np.repeat(np.arange(units), years)
    variance = cov_cluster(result, groups, use_correction=False)[0, 0]
    return float(np.sqrt(units / (units - 1) * variance))


def self_check(task: Task, sample: tuple[int, ...]) -> float:
    """Refit a sample of draws with statsmodels.

    Besides the panel itself the refits leave out its largest priority municipality, its largest
    other one, and one more that changes with the draw.

    Parameters
    ----------
    task
        What is drawn; its `first` and `count` are not used.
    sample
        Numbers of the draws.

    Returns
    -------
    float
        Largest absolute difference in estimates, standard errors and dispersion.

    Raises
    ------
    InputError
        A difference above 1e-8: nothing computed with the kernel can then be relied on.
    """
    from statsmodels.regression.linear_model import OLS

    model, everyone = task.model(), np.arange(len(task.region.codes))
    loans = task.loans([streams(task.seed, draw) for draw in sample])
    fitted = fit(model, loans)
    left_out, clustered = leave_out(fitted), np.sqrt(crv1(fitted)[:, 0, 0])
    phi, _ = dispersion(fitted)
    treated, years = task.region.treated, len(task.treated_years)
    rates = task.rates(loans)
    size = task.population[:, 0]
    largest = [int(np.argmax(np.where(mine, size, 0))) for mine in (treated, ~treated)]
    differences: list[float] = []
    for k, draw in enumerate(sample):
        full = poisson_refit(task, loans[k], everyone)
        used = int((loans[k].sum(axis=1) > 0).sum())
        jack = [
            poisson_refit(task, loans[k], np.delete(everyone, i)).params[0] - left_out[k, i, -1]
            for i in (*largest, draw % len(everyone))
        ]
        rate = 1000 * (loans[k] / task.population).ravel()
        least = OLS(rate, dummy_design(task, everyone)).fit()
        differences += [
            full.params[0] - fitted.theta[k, -1],
            full.bse[0] - fitted.model_se[k],
            _clustered(full, used, years) - clustered[k],
            *jack,
            full.pearson_chi2 / full.df_resid - phi[k],
            least.params[0] - rates.estimate[k],
            _clustered(least, len(everyone), years) - rates.crv1_se[k],
        ]
    difference = float(np.max(np.abs(differences)))
    if not difference < TOLERANCE:
        raise InputError(
            f"The simulation kernel and statsmodels differ by {difference:.1e} (allowed: "
            f"{TOLERANCE:.0e}); nothing was written, please report it."
        )
    return difference


_CHECKED_DRAWS = 2  # of each scenario; the kernel's tests refit many more
_PILOT_DRAWS = 16
_ARRAYS = 16  # arrays of years^2 numbers a refit that live at once in the jackknife; tested
_PROCESS_BYTES = 150_000_000  # Python with numpy, scipy and statsmodels


@dataclass(frozen=True)
class Estimate:
    """Cost of the chunks that are not stored yet.

    Attributes
    ----------
    draws
        Panels to be drawn and tested.
    seconds
        Time on this machine with these jobs.
    memory_bytes
        Memory at its highest, all processes together; does not depend on the number of draws.
    disk_bytes
        Size of the chunks to be stored.
    """

    draws: int
    seconds: float
    memory_bytes: int
    disk_bytes: int

    @property
    def sentence(self) -> str:
        """The estimate in words."""
        return (
            f"{self.draws} panels to draw and test: about {duration(self.seconds)}, "
            f"{self.memory_bytes / 1e9:.1f} GB of memory, {self.disk_bytes / 1e6:.1f} MB of disk"
        )


def duration(seconds: float) -> str:
    """Say a time as a reader would."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{max(1, round(seconds))} seconds"


def block_bytes(clusters: int, years: int) -> int:
    """Memory that the refits of one block take at their highest."""
    return max(ROWS, clusters) * years * years * 8 * _ARRAYS


def estimate(task: Task, draws: int, jobs: int) -> Estimate:
    """Time a few draws and scale them up.

    Parameters
    ----------
    task
        One of the chunks.
    draws
        Panels to be drawn in all.
    jobs
        Processes that share the work.
    """
    run(replace(task, count=1))  # what is computed once is not counted
    pilot = min(_PILOT_DRAWS, max(1, ROWS // len(task.region.codes)))
    began = time.perf_counter()
    run(replace(task, count=pilot))
    seconds = (time.perf_counter() - began) / pilot * draws / jobs
    refits = block_bytes(len(task.region.codes), len(task.treated_years))
    kept = task.count * RESULT.itemsize
    return Estimate(
        draws, seconds, jobs * (_PROCESS_BYTES + refits + kept), draws * RESULT.itemsize
    )


@dataclass(frozen=True)
class Step:
    """What a run has to say: a sentence, or how far it is.

    Attributes
    ----------
    done, total
        Chunks finished and chunks in all.
    seconds_left
        Time left; None before it is known.
    sentence
        What is to be told apart from the count; empty for a plain step.
    """

    done: int
    total: int
    seconds_left: float | None
    sentence: str = ""


@dataclass(frozen=True, eq=False)
class Simulation:
    """A finished run.

    Attributes
    ----------
    table
        One row a scenario, effect and test, as `summary` defines them.
    computed, reused
        Chunks computed now, and chunks found stored.
    damaged
        Names of stored chunks that were damaged and computed anew.
    difference
        Of the kernel from statsmodels, the worst of all scenarios; None if nothing was computed.
    """

    table: pd.DataFrame
    computed: int
    reused: int
    damaged: tuple[str, ...]
    difference: float | None


def simulate(
    region: Region,
    scenarios: Iterable[str | Scenario],
    effects: Iterable[float],
    draws: int,
    seed: int,
    jobs: int = 1,
    scheduler: str | None = None,
    out: Path | None = None,
    progress: Callable[[Step], None] = lambda _: None,
    *,
    agree: Callable[[Estimate], None] = lambda _: None,
    dropped_years: tuple[int, ...] | None = None,
    chunk_draws: int | None = None,
    store: Path | None = None,
) -> Simulation:
    """Draw panels and put them to every test.

    Each finished chunk is stored, so an interrupted run goes on where it was and ends in the
    same bytes; so do runs with other jobs or on a cluster.

    Parameters
    ----------
    region
        The region without noise.
    scenarios
        Names from `scenarios.toml`, or scenarios.
    effects
        Rate ratios; 1 is no effect.
    draws
        Panels a scenario and effect.
    seed
        Seed of all draws.
    jobs
        Processes on this machine; not used with a scheduler.
    scheduler
        Address of a Dask scheduler, e.g. tcp://127.0.0.1:8786.
    out
        CSV file to write; None writes none.
    progress
        Called with every step.
    agree
        Called with what the run is estimated to take, before it begins; raises to stop it.
    dropped_years
        Years the estimators leave out; by default those of `scenarios.toml`.
    chunk_draws
        Draws a stored chunk; by default that of `scenarios.toml`.
    store
        Folder of finished chunks; by default build/simulation.

    Raises
    ------
    InputError
        An unknown scenario, an effect or number that makes no sense, a disk too small or full, a
        scheduler that does not answer, or a kernel that differs from statsmodels.
    """
    config = load_config()
    chosen = _chosen(scenarios)
    ratios = checked_effects(effects)
    _check_numbers(draws, seed, jobs)
    store = paths.build() / "simulation" if store is None else store
    size = config.run.chunk_draws.value if chunk_draws is None else chunk_draws
    cells = [
        [
            task_of(region, one, effect, k, min(size, draws - k), seed=seed, dropped=dropped_years)
            for k in range(0, draws, size)
        ]
        for one in chosen
        for effect in ratios
    ]
    missing: list[Task] = []
    damaged: list[str] = []
    total = sum(len(cell) for cell in cells)
    for task in chain.from_iterable(cells):
        results, is_damaged = chunks.read(store, task)
        if results is None:
            missing.append(task)
        if is_damaged:
            damaged.append(chunks.path_of(store, task).name)
    for name in damaged:
        progress(Step(0, total, None, f"stored chunk {name} is damaged and is computed anew"))
    difference = None
    if missing:
        _need_disk(missing, store)
        firsts = [cell[0] for cell in cells[:: len(ratios)]]
        sample = tuple(range(min(draws, _CHECKED_DRAWS)))
        if scheduler is not None:
            engines.reach(scheduler)
        with engines.workers(min(jobs, max(len(missing), len(firsts)))) as pool:
            # the kernel against statsmodels, in every scenario
            difference = max(pool.map(self_check, firsts, [sample] * len(firsts)))
            wanted = sum(task.count for task in missing)
            shared = 1 if scheduler else min(jobs, len(missing))
            cost = pool.submit(estimate, missing[0], wanted, shared).result()
            progress(Step(total - len(missing), total, cost.seconds, cost.sentence))
            agree(cost)
            if scheduler is None:
                finished = engines.on_machine(chunks.compute, missing, pool, jobs)
                _compute(missing, finished, total, store, progress)
        if scheduler is not None:
            finished = engines.on_cluster(chunks.compute, missing, scheduler)
            _compute(missing, finished, total, store, progress)
    table = chunks.summarise(store, cells)
    if out is not None:
        chunks.keep(out, chunks.csv_text(table, "effect"))
    return Simulation(table, len(missing), total - len(missing), tuple(damaged), difference)


def _chosen(scenarios: Iterable[str | Scenario]) -> tuple[Scenario, ...]:
    chosen = tuple(scenario(one) if isinstance(one, str) else one for one in scenarios)
    if not chosen:
        known = ", ".join(sorted(load_config().scenario))
        raise InputError(f"No scenario is given; there are {known}.")
    return tuple(dict.fromkeys(chosen))


def _check_numbers(draws: int, seed: int, jobs: int) -> None:
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0), ("jobs", jobs, 1)):
        if value < least:
            raise InputError(f"--{name} must be {least} or more, not {value}.")


def _need_disk(missing: list[Task], store: Path) -> None:
    """Refuse a run that the disk cannot hold."""
    needed = sum(task.count for task in missing) * RESULT.itemsize
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{store} cannot be made a folder for finished chunks: {error}.") from None
    free = shutil.disk_usage(store).free
    if needed > free:
        raise InputError(
            f"The run needs {needed / 1e6:.1f} MB of disk and {free / 1e6:.1f} MB are free; "
            "choose fewer draws, or free some space."
        )


def _compute(
    missing: list[Task],
    finished: Generator[tuple[Task, bytes], None, None],
    total: int,
    store: Path,
    progress: Callable[[Step], None],
) -> None:
    began, stored = time.monotonic(), total - len(missing)
    with closing(finished):
        for number, (task, content) in enumerate(finished, start=1):
            chunks.keep(chunks.path_of(store, task), content)
            left = (time.monotonic() - began) / number * (len(missing) - number)
            progress(Step(stored + number, total, left))
