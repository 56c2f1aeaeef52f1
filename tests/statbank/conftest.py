"""A local StatBank for each test."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from statbank_server import Statbank, serve
from statbank_tables import QUICK, Said, population_table, published_population, startlaan_table

from bsup_analysis.statbank import Client


@pytest.fixture(scope="session")
def people() -> dict[tuple[str, int], int]:
    return published_population()


@pytest.fixture
def bank(people: dict[tuple[str, int], int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Statbank]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(Statbank([population_table(people), startlaan_table(people)])) as running:
        yield running


@pytest.fixture
def bsup(project: Path, bsup: Callable[..., Said]) -> Callable[..., Said]:
    """Call `bsup` in a project of the test's own."""
    return bsup


@pytest.fixture
def client(bank: Statbank, tmp_path: Path) -> Callable[..., Client]:
    """Make a client of the local StatBank; options take the place of these."""
    return functools.partial(Client, address=bank.address, folder=tmp_path, limits=QUICK)
