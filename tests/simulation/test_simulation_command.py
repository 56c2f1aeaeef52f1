"""The command: what it refuses, when it asks first, how it ends, and what it stores."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from bsup_analysis import cli, paths
from bsup_analysis.cli import data as command
from bsup_analysis.errors import InputError
from bsup_analysis.run.engine import Interrupted
from bsup_analysis.simulation import generator, results, runner
from bsup_analysis.simulation.config import load_config
from bsup_analysis.simulation.runner import Estimate
from bsup_analysis.simulation.schemas import SCHEMAS, differs, read_stored

LONG = Estimate(10_000_000, command.LONG_SECONDS + 1, 1, 1)
SHORT = Estimate(10, command.LONG_SECONDS, 1, 1)


@pytest.fixture
def bsup(monkeypatch):
    """Call the command; what it would compute says what it costs, and then nothing."""
    asked: list[str] = []

    def simulate(*_: object, agree, **__: object) -> SimpleNamespace:
        asked.append("simulate")
        agree(asked_cost[0])
        asked.append("computed")
        return SimpleNamespace(table=SimpleNamespace(to_string=lambda **_: "the table"))

    asked_cost = [SHORT]
    monkeypatch.setattr(generator, "build_region", lambda *_: None)
    monkeypatch.setattr(runner, "simulate", simulate)

    def call(*given: str, cost: Estimate = SHORT):
        asked_cost[0] = cost
        asked.clear()
        return CliRunner().invoke(cli.app, ["simulate", *given]), list(asked)

    return call


def test_a_short_run_does_not_ask(bsup):
    ended, done = bsup()
    assert ended.stdout == "the table\n"
    assert done == ["simulate", "computed"]


def test_a_long_run_is_not_begun_unasked(bsup):
    ended, done = bsup(cost=LONG)
    assert isinstance(ended.exception, InputError)
    assert "nothing was begun. Say --yes" in str(ended.exception)
    assert done == ["simulate"]
    ended, done = bsup("--yes", cost=LONG)
    assert done == ["simulate", "computed"]


def test_an_interruption_is_told_as_one(bsup, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "simulate", interrupted)
    ended, _ = bsup()
    assert isinstance(ended.exception, Interrupted)  # one sentence and status 130: cli.main


def test_effects_that_are_no_numbers_are_told(bsup):
    ended, done = bsup("--effect", "1,1.2x")
    assert "--effect 1,1.2x: write ratios" in str(ended.exception)
    assert done == []


@pytest.mark.parametrize("option", ["--draws", "--scenario", "--effect", "--seed", "--out"])
def test_what_is_stored_cannot_be_chosen(bsup, option):
    ended, done = bsup("--store", option, "5")
    assert f"--store makes what the design says; leave out {option}." in str(ended.exception)
    assert done == []


@pytest.mark.usefixtures("warm")
def test_storing_makes_tables_and_records_that_are_read(region, tmp_path, monkeypatch):
    """In another root, with two draws and two effects; whatever the draws, the form is the same."""
    config = load_config()
    kept = {name: list(read_stored(name).columns) for name in SCHEMAS}
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    monkeypatch.setattr(results, "workers", runner.engines.workers)
    few = SimpleNamespace(**{**vars(config), "scenario": {"A": config.scenario["A"]}})
    monkeypatch.setattr(results, "load_config", lambda: few)
    told: list[str] = []
    made = results.store_results(region, 1, lambda step: told.append(step.sentence), draws=2)
    assert {path.stem for path in made} == set(SCHEMAS)
    assert {path.parent for path in made} == {paths.simulation()}
    assert paths.simulation().is_relative_to(Path(tmp_path).resolve())
    for name, columns in kept.items():
        assert differs(name) is None
        assert list(read_stored(name).columns) == columns
    assert "SYNTHETIC_pretrend is ready" in told
