"""The lab on a Dask cluster: a real scheduler and real workers on loopback."""

import socket
import sys
import time
from dataclasses import replace

import pytest
from dask_here import scheduler, worker

from bsup_analysis import engines
from bsup_analysis.errors import InputError
from bsup_analysis.simulation import chunks
from bsup_analysis.simulation.runner import simulate

pytest.importorskip("distributed", reason="needs the extra `cluster`")


@pytest.mark.usefixtures("warm")
def test_a_cluster_gives_the_bytes_of_this_machine_also_when_a_worker_is_killed(
    uninterrupted, region, tmp_path
):
    out, store = tmp_path / "out.csv", tmp_path / "store"
    with scheduler() as address:
        with worker(address, tmp_path) as first, worker(address, tmp_path):
            from distributed import Client

            with Client(address, timeout=30, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
            killed = []

            def kill_one(step):
                if step.done >= 3 and not step.sentence and not killed:
                    first.kill()
                    killed.append(step.done)

            asked = {"scheduler": address, "progress": kill_one, "out": out, "store": store}
            result = simulate(region, ["A", "D"], [1.0, 1.2], 40, 5, chunk_draws=10, **asked)
        assert killed
        assert killed[0] < 16
        assert first.wait() < 0  # by the signal
    assert result.computed == 16
    assert out.read_bytes() == (uninterrupted / "out.csv").read_bytes()
    here, there = (
        {one.name: one.read_bytes() for one in folder.iterdir()}
        for folder in (uninterrupted / "store", store)
    )
    assert there == here


def test_a_scheduler_without_workers_is_told(region, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "ANSWER_SECONDS", 2)
    with (
        scheduler() as address,
        pytest.raises(InputError, match="has no worker; start one with: dask worker tcp"),
    ):
        list(engines.on_cluster(chunks.compute, [], address))


def test_a_cluster_that_loses_every_worker_is_told(task, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "_PATIENCE_SECONDS", 0.5)
    with scheduler() as address, worker(address, tmp_path) as only:
        tasks = (replace(task, first=8 * k) for k in range(400))
        finished = engines.on_cluster(chunks.compute, tasks, address)
        assert next(finished)[0].first >= 0
        only.kill()
        with pytest.raises(InputError, match=r"no worker is left.*run the same command again"):
            list(finished)


@pytest.mark.parametrize("answers", [False, True])
def test_a_scheduler_that_does_not_answer_is_told_in_time(monkeypatch, answers):
    assert engines.ANSWER_SECONDS == 10  # what the command promises
    monkeypatch.setattr(engines, "ANSWER_SECONDS", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if answers:  # takes the call and says nothing
            silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(InputError, match="did not answer within 1 seconds"):
            list(engines.on_cluster(chunks.compute, [], address))
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("address", ["nonsense://x", "", "127.0.0.1"])
def test_an_address_that_is_none_is_one_sentence(monkeypatch, address):
    monkeypatch.setattr(engines, "ANSWER_SECONDS", 1)
    with pytest.raises(InputError, match="Dask scheduler"):
        list(engines.on_cluster(chunks.compute, [], address))


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"bsup_analysis\[cluster\]"):
        list(engines.on_cluster(chunks.compute, [], "tcp://127.0.0.1:1"))
