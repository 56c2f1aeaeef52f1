"""The real region, and worker processes that use one core each."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pytest

from bsup_analysis import engines
from bsup_analysis.simulation.config import scenario
from bsup_analysis.simulation.generator import Region, build_region
from bsup_analysis.simulation.replicate import Task
from bsup_analysis.simulation.runner import simulate

PROCESSED = Path(__file__).resolve().parents[2] / "data" / "processed"
CODES = {"municipality_code": str, "county_code": str}
INPUTS = ("municipality", "municipality_year", "group_year", "region_year")


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(PROCESSED / f"{name}.csv", dtype=CODES) for name in INPUTS}


@pytest.fixture(scope="session")
def region(tables: dict[str, pd.DataFrame]) -> Region:
    return build_region(*(tables[name] for name in INPUTS))


@pytest.fixture(scope="session")
def pool() -> Iterator[Executor]:
    with engines.workers(1) as executor:
        yield executor


@pytest.fixture
def warm(pool: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every run in this process the one worker that is there: starting one costs seconds."""
    monkeypatch.setattr(engines, "workers", lambda _jobs: nullcontext(pool))


@pytest.fixture(scope="session")
def uninterrupted(region: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two jobs: folder with store and out.csv."""
    folder = tmp_path_factory.mktemp("whole")
    store, out = folder / "store", folder / "out.csv"
    simulate(region, ["A", "D"], [1.0, 1.2], 40, 5, 2, out=out, chunk_draws=10, store=store)
    return folder


@pytest.fixture
def task(region: Region) -> Task:
    return Task(region, scenario("B"), 1.0, 1, 0, 8, (2009,), 0.05, 199, 199)
