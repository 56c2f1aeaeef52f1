"""A local StatBank for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from statbank_server import Statbank, serve
from statbank_tables import population_table, published_population, startlaan_table

from bsup_analysis.ssb import Addresses


@pytest.fixture(scope="session")
def people() -> dict[tuple[str, int], int]:
    return published_population()


@pytest.fixture
def bank(people: dict[tuple[str, int], int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Statbank]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(Statbank([population_table(people), startlaan_table(people)])) as running:
        yield running


@pytest.fixture
def addresses(bank: Statbank) -> Addresses:
    return Addresses(bank.v2, bank.v1)
