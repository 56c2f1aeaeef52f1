"""`make bench`: the simulation kernel against loops over fits, on the same draws, in one process.

Prints ratios, how far the numbers differ, how cost grows with draws and municipalities, and the
memory at its highest. Times are CPU seconds of one thread and drift on a shared machine; ratios
taken side by side drift less. Nothing here is asserted by a test.
"""

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import argparse
import platform
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import permutation_test
from typer import echo

from bsup_analysis import paths
from bsup_analysis.effects.randomisation import assignments
from bsup_analysis.estimators.jackknife import crv3
from bsup_analysis.estimators.poisson import crv1, fit, restricted
from bsup_analysis.simulation.config import scenario
from bsup_analysis.simulation.generator import Region, build_region, streams
from bsup_analysis.simulation.replicate import Task, task_of, wild_p_value
from bsup_analysis.simulation.runner import poisson_refit

MUNICIPALITIES = (85, 425, 5015)


def enlarged(region: Region, copies: int) -> Region:
    """Repeat every municipality; each copy keeps its size."""
    again = np.tile(np.arange(len(region.codes)), copies)
    rows = ("population", "expected", "treated", "county", "points")
    return replace(
        region,
        codes=tuple(f"{region.codes[i]}-{n}" for n, i in enumerate(again)),
        **{name: getattr(region, name)[again] for name in rows},
    )


def real_region() -> Region:
    """Read the processed tables."""
    names = "municipality", "municipality_year", "group_year", "region_year"
    codes = {"municipality_code": str, "county_code": str}
    tables = [pd.read_csv(paths.processed() / f"{name}.csv", dtype=codes) for name in names]
    return build_region(*tables)


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return a call's result and its CPU seconds: another program's work does not count."""
    began = time.process_time()
    result = function()
    return result, time.process_time() - began


def a_task(region: Region, count: int) -> Task:
    """Chunk of scenario B without effect, as `make bench` draws it."""
    return task_of(region, scenario("B"), 1.0, 0, count)


def kernel(task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """PPML with CRV1, CRV3 and the score wild bootstrap, draws included, block by block."""
    model, treated = task.model(), task.region.treated.astype(float)
    parts = []
    for _, draws, loans in task.blocks():
        fitted = fit(model, loans)
        scores = restricted(model, loans)
        wild = [
            wild_p_value(scores.efficient(treated, k), stream.weights, task.weights)
            for k, stream in enumerate(draws)
        ]
        ses = np.sqrt([crv1(fitted)[:, 0, 0], crv3(fitted)[:, 0, 0]])
        parts.append((fitted.theta[:, -1], ses.T, wild))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def against_statsmodels(region: Region, draws: int) -> None:
    """Refit panel and jackknife with statsmodels in a loop (the bootstrap is given away)."""
    task = a_task(region, draws)
    everyone = np.arange(len(region.codes))
    loans = task.loans([streams(task.seed, k) for k in range(draws)])

    def loop() -> tuple[list[float], list[float]]:
        estimates, errors = [], []
        for panel in loans:
            full = poisson_refit(task, panel, everyone).params[0]
            used = everyone[panel.sum(axis=1) > 0]
            left = [poisson_refit(task, panel, np.delete(everyone, i)).params[0] for i in used]
            away = np.array(left) - full
            estimates.append(full)
            errors.append(np.sqrt((len(used) - 1) / len(used) * (away @ away)))
        return estimates, errors

    (estimates, errors), slow = timed(loop)
    many = replace(task, count=40 * draws)
    kernel(replace(task, count=2))
    results, fast = timed(lambda: kernel(many))
    report(
        "statsmodels GLM loop, PPML + CRV3 over 85",
        slow / draws,
        fast / many.count,
        max(
            np.abs(results[0][:draws] - estimates).max(),
            np.abs(results[1][:draws, 1] - errors).max(),
        ),
    )


def against_pyfixest(region: Region, draws: int) -> None:
    """Fit the panel with fepois in a loop, clustered errors included, no jackknife."""
    import pyfixest as pf

    task = a_task(region, draws)
    loans = task.loans([streams(task.seed, k) for k in range(draws)])
    units, years = task.population.shape
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), years),
            "year": np.tile(np.arange(years), units),
            "treated": np.outer(region.treated, task.treated_years).ravel().astype(float),
            "inhabitants": np.log(task.population).ravel(),
        }
    )

    def loop() -> list[float]:
        estimates = []
        for panel in loans:
            found = pf.fepois(
                "loans ~ treated + i(year) | unit",
                frame.assign(loans=panel.ravel()),
                vcov={"CRV1": "unit"},
                offset="inhabitants",
                iwls_tol=1e-12,
            )
            estimates.append(float(found.coef()["treated"]))
        return estimates

    estimates, slow = timed(loop)
    many = 40 * draws
    model = task.model()
    panels = replace(task, count=many).loans([streams(task.seed, k) for k in range(many)])

    def ours() -> np.ndarray:
        fitted = fit(model, panels)
        crv1(fitted)
        return fitted.theta[:, -1]

    results, fast = timed(ours)
    report(
        "pyfixest fepois loop, PPML + CRV1",
        slow / draws,
        fast / many,
        np.abs(results[:draws] - estimates).max(),
    )


def against_scipy() -> None:
    """Exact randomisation of 7 among 17: every assignment at once, and scipy's permutation test."""
    values = np.random.default_rng(1).normal(size=17)
    treated = np.arange(17) < 7

    def ours() -> float:
        rows = assignments(treated.tolist())
        means = values[rows].sum(axis=1)
        gaps = np.abs(means / 7 - (values.sum() - means) / 10)
        return float((gaps >= gaps[0] * (1 - 1e-12)).mean())

    def theirs() -> float:
        return float(
            permutation_test(
                (values[treated], values[~treated]),
                lambda x, y, axis: np.abs(x.mean(axis=axis) - y.mean(axis=axis)),
                vectorized=True,
                n_resamples=np.inf,
                alternative="greater",
            ).pvalue
        )

    if list(assignments(treated.tolist())[0]) != list(next(combinations(range(17), 7))):
        raise SystemExit("the first assignment is not the observed one")
    exact, fast = timed(ours)
    other, slow = timed(theirs)
    report("scipy permutation_test, 19 448 assignments", slow, fast, abs(exact - other))


def report(name: str, slow: float, fast: float, difference: float) -> None:
    """Print one comparison."""
    echo(
        f"{name}: {1000 * slow:.2f} ms against {1000 * fast:.3f} ms, "
        f"{slow / fast:.0f} times; largest difference {difference:.1e}"
    )


def growth(region: Region, draws: int) -> None:
    """Cost by draws and by municipalities, and memory at its highest."""
    for count in (draws // 4, draws // 2, draws):
        _, seconds = timed(lambda count=count: kernel(a_task(region, count)))
        echo(f"{count} draws, 85 municipalities: {seconds:.2f} s CPU")
    for units in MUNICIPALITIES:
        task = a_task(enlarged(region, units // 85), max(2, min(draws, 20_000 // units)))
        found, seconds = timed(lambda task=task: kernel(task))
        one = 1e6 * seconds / task.count / len(task.region.codes)
        echo(
            f"{units} municipalities: {1000 * seconds / task.count:.1f} ms a draw, "
            f"{one:.0f} microseconds a draw and cluster ({len(found[0])} draws)"
        )
    for count in (48, 480):
        task = a_task(region, count)
        tracemalloc.start()
        kernel(task)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        echo(f"memory at its highest, {count} draws: {peak / 1e6:.0f} MB")


def main() -> None:
    """Print every comparison."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--draws", type=int, default=2000, help="draws of the kernel")
    arguments.add_argument("--loop", type=int, default=5, help="draws of the loops")
    chosen = arguments.parse_args()
    warnings.simplefilter("ignore")
    echo(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"numpy {np.__version__}; one thread, CPU seconds"
    )
    region = real_region()
    against_statsmodels(region, chosen.loop)
    against_pyfixest(region, 4 * chosen.loop)
    against_scipy()
    growth(region, chosen.draws)


if __name__ == "__main__":
    main()
