"""The lab: same bytes however it is run, nothing lost however it ends, bad input in a sentence."""

import errno
import os
import shutil
import signal
import time
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest

from bsup_analysis.engines import workers
from bsup_analysis.errors import InputError
from bsup_analysis.estimators.jackknife import leave_out
from bsup_analysis.estimators.poisson import fit
from bsup_analysis.simulation import chunks, runner
from bsup_analysis.simulation.chunks import COLUMNS
from bsup_analysis.simulation.config import FILE, load_config, scenario
from bsup_analysis.simulation.generator import streams
from bsup_analysis.simulation.replicate import ROWS, TESTS
from bsup_analysis.simulation.runner import block_bytes, duration, simulate

DRAWS = 40
EFFECTS = [1.0, 1.2]


def begun(region, folder: Path) -> tuple[int, TextIO]:
    """Begin a run in a forked child with a session of its own; its number, and all it complains."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.dup2(into, 2)
            os.close(into)
            runner.engines.workers = workers  # not those of this process, which are kept warm
            again(region, folder)
        finally:
            os._exit(1)
    os.close(into)
    return child, os.fdopen(out)


def copied(uninterrupted: Path, folder: Path) -> Path:
    shutil.copytree(uninterrupted / "store", folder / "store")
    return folder / "store"


def again(region, folder: Path, **options):
    out = folder / "out.csv"
    settings = {"jobs": 1, "out": out, "chunk_draws": 10, "store": folder / "store", **options}
    result = simulate(region, ["A", "D"], EFFECTS, DRAWS, 5, **settings)
    return result, out.read_bytes()


def test_the_table_is_what_was_promised(uninterrupted):
    rows = (uninterrupted / "out.csv").read_text().splitlines()
    assert rows[0] == "scenario,effect,test,draws,rejection_rate,mc_error,mean_estimate"
    assert tuple(rows[0].split(",")) == COLUMNS
    assert len(rows) == 1 + 2 * 2 * 9
    assert [row.split(",")[2] for row in rows[1:10]] == list(TESTS)
    for row in rows[1:]:
        rate, error = (float(value) for value in row.split(",")[4:6])
        assert error == pytest.approx(np.sqrt(rate * (1 - rate) / DRAWS), abs=1e-6)


@pytest.mark.usefixtures("warm")
def test_one_job_gives_the_bytes_of_two_and_finished_chunks_are_not_done_again(
    uninterrupted, region, tmp_path
):
    whole = (uninterrupted / "out.csv").read_bytes()
    fresh, content = again(region, tmp_path)
    assert content == whole
    assert fresh.computed == 16
    assert fresh.difference < 1e-8
    resumed, content = again(region, tmp_path)
    assert content == whole
    assert (resumed.computed, resumed.reused, resumed.difference) == (0, 16, None)


def children(pid: int) -> list[int]:
    """Processes started by `pid`, by /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = status.read_text().rsplit(")", 1)[1].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == str(pid):
            found.append(int(status.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.usefixtures("warm")
def test_runs_broken_off_go_on_and_end_in_the_same_bytes(uninterrupted, region, tmp_path):
    """Interrupted from the terminal, then killed, then finished."""
    kept = 0
    for how in (signal.SIGINT, signal.SIGKILL):
        child, complaints = begun(region, tmp_path)
        deadline = time.monotonic() + 90
        while len(stored(tmp_path)) < kept + 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        workers = children(child)
        if how is signal.SIGINT:
            os.killpg(child, how)  # as a terminal does: workers get it too
        else:
            os.kill(child, how)
        with complaints:
            assert complaints.read().count("Traceback") == 0
        os.waitpid(child, 0)
        assert kept + 2 <= len(stored(tmp_path)) < 16
        kept = len(stored(tmp_path))
        assert not (tmp_path / "out.csv").exists()
        while any(Path(f"/proc/{pid}").exists() for pid in workers):
            assert time.monotonic() < deadline, "a worker outlives its run"
            time.sleep(0.05)
    resumed, content = again(region, tmp_path)
    assert resumed.reused == kept
    assert content == (uninterrupted / "out.csv").read_bytes()


def stored(folder: Path) -> list[Path]:
    return sorted((folder / "store").glob("*.chunk"))


@pytest.mark.usefixtures("warm")
def test_damaged_chunks_are_found_told_and_computed_anew(uninterrupted, region, tmp_path):
    copied(uninterrupted, tmp_path)
    victims = stored(tmp_path)[3:6]
    content = bytearray(victims[0].read_bytes())
    content[len(content) // 2] ^= 1
    for victim, damaged in zip(victims, (content, content[:200], b""), strict=True):
        victim.write_bytes(damaged)
    told = []
    result, whole = again(region, tmp_path, progress=lambda step: told.append(step.sentence))
    assert sorted(result.damaged) == [victim.name for victim in victims]
    assert result.computed == 3
    for victim in victims:
        assert any(victim.name in one and "damaged" in one for one in told)
        assert victim.read_bytes() == (uninterrupted / "store" / victim.name).read_bytes()
    assert whole == (uninterrupted / "out.csv").read_bytes()


@pytest.mark.usefixtures("warm")
def test_a_full_disk_is_one_sentence_and_loses_nothing(
    uninterrupted, region, tmp_path, monkeypatch
):
    right, calls = chunks.write_aside, []

    def full(path, content):
        calls.append(path)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return right(path, content)

    copied(uninterrupted, tmp_path)
    for chunk in stored(tmp_path)[:6]:
        chunk.unlink()
    monkeypatch.setattr(chunks, "write_aside", full)
    with pytest.raises(InputError, match=r"disk is full.*run the same command again"):
        again(region, tmp_path)
    monkeypatch.undo()
    assert len(stored(tmp_path)) == 10 + 3
    resumed, content = again(region, tmp_path)
    assert (resumed.reused, resumed.computed) == (13, 3)
    assert content == (uninterrupted / "out.csv").read_bytes()


def test_a_disk_too_small_is_told_before_anything_is_drawn(region, tmp_path, monkeypatch):
    from types import SimpleNamespace

    monkeypatch.setattr(runner.shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(InputError, match="MB of disk"):
        again(region, tmp_path)
    assert not list((tmp_path / "store").iterdir())


def test_a_folder_that_cannot_be_written_to_is_told(region, tmp_path):
    (tmp_path / "store").write_text("a file where a folder belongs")
    with pytest.raises(InputError, match="cannot be made a folder"):
        again(region, tmp_path)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"scenarios": ["A", "E"]}, "no scenario 'E'; there are A, B, C, D"),
        ({"scenarios": []}, "No scenario is given"),
        ({"effects": [1.0, 0.0]}, "must be above zero, not 0"),
        ({"effects": [-1.2]}, "must be above zero, not -1.2"),
        ({"effects": [float("nan")]}, "must be above zero"),
        ({"effects": [float("inf")]}, "must be above zero"),
        ({"effects": []}, "No effect is given"),
        ({"draws": 0}, "draws must be 1 or more, not 0"),
        ({"draws": -5}, "draws must be 1 or more"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"jobs": 0}, "jobs must be 1 or more"),
    ],
)
def test_bad_input_is_one_sentence(region, tmp_path, changed, sentence):
    settings = {"scenarios": ["A"], "effects": [1.0], "draws": 10, "seed": 1, "jobs": 1}
    with pytest.raises(InputError, match=sentence.replace("(", r"\(")) as told:
        simulate(region, **{**settings, **changed}, store=tmp_path / "store")
    assert "\n" not in str(told.value)
    assert not (tmp_path / "store").exists()


@pytest.mark.usefixtures("warm")
def test_a_scenario_and_an_effect_given_twice_count_once(region, tmp_path):
    result = simulate(region, ["A", "A"], [1, 1.0], 1, 1, store=tmp_path, chunk_draws=10)
    assert len(result.table) == 9
    assert set(result.table["draws"]) == {1}


@pytest.mark.usefixtures("warm")
def test_ten_million_draws_begin_with_an_estimate(region, tmp_path):
    told = []

    def stop(step):
        told.append(step)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(region, ["A"], [1.0], 10_000_000, 1, 2, progress=stop, store=tmp_path)
    assert "10000000 panels" in told[0].sentence
    assert "GB of memory" in told[0].sentence
    assert (
        "hours" in told[0].sentence or "days" in told[0].sentence or "minutes" in told[0].sentence
    )
    assert told[0].seconds_left > 600  # at least 60 microseconds a draw on any machine


def test_times_are_said_as_a_reader_would():
    assert [duration(s) for s in (0.1, 90, 600, 9000, 500_000)] == [
        "1 seconds",
        "90 seconds",
        "10 minutes",
        "2 hours",
        "6 days",
    ]


def test_memory_is_bounded_by_the_block_and_its_estimate_holds(task):
    import tracemalloc

    draws = ROWS // 85
    fitted = fit(task.model(), task.loans([streams(1, k) for k in range(draws)]))
    tracemalloc.start()
    leave_out(fitted)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < block_bytes(85, 7) < 4 * peak


def test_a_worker_that_is_ended_is_one_sentence(task):
    with (
        pytest.raises(InputError, match="fewer jobs"),
        workers(1) as pool,
    ):
        pool.submit(os._exit, 3).result()


def test_a_chunk_is_known_by_everything_it_depends_on(task, region, monkeypatch):
    from dataclasses import replace

    keys = {chunks.key(task)}
    other = replace(region, expected=region.expected * 1.01)
    for change in (
        {"effect": 1.1},
        {"seed": 2},
        {"first": 8},
        {"count": 9},
        {"dropped_years": (2008, 2009)},
        {"level": 0.1},
        {"weights": 99},
        {"assignments": 99},
        {"scenario": scenario("C")},
        {"region": other},
    ):
        keys.add(chunks.key(replace(task, **change)))
    monkeypatch.setattr(chunks, "code_hash", lambda: "other code")
    keys.add(chunks.key(task))
    assert len(keys) == 12


def test_words_in_the_code_change_no_key_and_statements_do():
    source = 'def f(x):\n    """Double."""\n    # why\n    return 2 * x\n'
    plain = chunks.statements(source)
    assert plain == "def f(x):\n    return 2 * x"
    assert chunks.statements(source.replace("Double", "Twice").replace("why", "x")) == plain
    assert chunks.statements(source.replace("2 * x", "3 * x")) != plain


def test_scenarios_are_read_strictly(tmp_path):
    text = FILE.read_text(encoding="utf-8")
    path = tmp_path / "scenarios.toml"
    for old, new, sentence in (
        ("value = 0.16", 'value = "0.16"', "scenario.A.sigma"),
        ("[scenario.A.sigma]", "[scenario.A.sigmma]", "scenario.A"),
        ('source = "study.toml, municipal.years', 'sauce = "study.toml', "panel.years"),
        ("[panel.years]", "[panel.years", "TOML"),
        ("value = 0.6", "value = 1.6", "autocorrelation"),
    ):
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        load_config.cache_clear()
        with pytest.raises(InputError, match=sentence):
            load_config(path)
    with pytest.raises(InputError, match="restore it"):
        load_config(tmp_path / "absent.toml")
    load_config.cache_clear()
