"""The lab: scenarios x effects x draws, in chunks that survive an interruption."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path

from bsup_analysis import paths
from bsup_analysis.engines import cluster, machine
from bsup_analysis.errors import InputError
from bsup_analysis.simulation import chunks
from bsup_analysis.simulation.estimate import Estimate, disk_bytes, estimate
from bsup_analysis.simulation.outcome import Simulation, Step
from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.scenarios import Scenario, checked_effects, load_world, scenario
from bsup_analysis.simulation.selfcheck import SelfCheck, self_check
from bsup_analysis.simulation.summary import csv_text, summarise
from bsup_analysis.simulation.trial import Task

_CHECKED_DRAWS = 2  # of each scenario; the kernel's tests refit many more


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
    world = load_world()
    chosen = _chosen(scenarios)
    ratios = checked_effects(effects)
    _check_numbers(draws, seed, jobs)
    store = paths.build() / "simulation" if store is None else store

    size = world.run.chunk_draws.value if chunk_draws is None else chunk_draws

    def cell(one: Scenario, effect: float) -> Iterator[Task]:
        for first in range(0, draws, size):
            count = min(size, draws - first)
            yield task_of(region, one, effect, first, count, seed=seed, dropped=dropped_years)

    cells = [(one, effect) for one in chosen for effect in ratios]
    missing: list[Task] = []
    damaged: list[str] = []
    total = 0
    for one, effect in cells:
        for task in cell(one, effect):
            total += 1
            results, is_damaged = chunks.read(store, task)
            if results is None:
                missing.append(task)
            if is_damaged:
                damaged.append(chunks.path_of(store, task).name)
    for name in damaged:
        progress(Step(0, total, None, f"stored chunk {name} is damaged and is computed anew"))
    check = cost = None
    if missing:
        _need_disk(missing, store)
        firsts = [next(cell(one, ratios[0])) for one in chosen]
        if scheduler is not None:
            cluster.reach(scheduler)
        with machine.workers(min(jobs, max(len(missing), len(firsts)))) as pool:
            check = _checked(pool, firsts, draws)
            wanted = sum(task.count for task in missing)
            shared = 1 if scheduler else min(jobs, len(missing))
            cost = pool.submit(estimate, missing[0], wanted, shared).result()
            progress(Step(total - len(missing), total, cost.seconds, cost.sentence))
            agree(cost)
            if scheduler is None:
                finished = machine.done(chunks.compute, missing, pool, jobs)
                _compute(missing, finished, total, store, progress)
        if scheduler is not None:
            finished = cluster.done(chunks.compute, missing, scheduler)
            _compute(missing, finished, total, store, progress)
    table = summarise((store, cell(one, effect)) for one, effect in cells)
    if out is not None:
        chunks.keep(out, csv_text(table))
    return Simulation(table, len(missing), total - len(missing), tuple(damaged), check, cost)


def task_of(
    region: Region,
    one: Scenario,
    effect: float,
    first: int,
    count: int,
    *,
    seed: int | None = None,
    dropped: tuple[int, ...] | None = None,
) -> Task:
    """Describe a chunk with the tests of `scenarios.toml`, and its seed and years unless given."""
    world = load_world()
    return Task(
        region,
        one,
        effect,
        world.run.seed.value if seed is None else seed,
        first,
        count,
        world.panel.dropped_years.value if dropped is None else dropped,
        world.tests.level.value,
        world.tests.bootstrap_weights.value,
        world.tests.assignments.value,
    )


def _chosen(scenarios: Iterable[str | Scenario]) -> tuple[Scenario, ...]:
    chosen = tuple(scenario(one) if isinstance(one, str) else one for one in scenarios)
    if not chosen:
        known = ", ".join(sorted(load_world().scenario))
        raise InputError(f"No scenario is given; there are {known}.")
    return tuple(dict.fromkeys(chosen))


def _check_numbers(draws: int, seed: int, jobs: int) -> None:
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0), ("jobs", jobs, 1)):
        if value < least:
            raise InputError(f"--{name} must be {least} or more, not {value}.")


def _checked(pool: Executor, firsts: Sequence[Task], draws: int) -> SelfCheck:
    """Hold the kernel against statsmodels in every scenario; keep the worst differences."""
    sample = tuple(range(min(draws, _CHECKED_DRAWS)))
    checks = list(pool.map(self_check, firsts, [sample] * len(firsts)))
    worst = {name: max(getattr(one, name) for one in checks) for name in vars(checks[0])}
    return SelfCheck(**{**worst, "refits": sum(one.refits for one in checks)})


def _need_disk(missing: list[Task], store: Path) -> None:
    """Refuse a run that the disk cannot hold."""
    needed = disk_bytes(sum(task.count for task in missing))
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
            chunks.write(store, task, content)
            left = (time.monotonic() - began) / number * (len(missing) - number)
            progress(Step(stored + number, total, left))
