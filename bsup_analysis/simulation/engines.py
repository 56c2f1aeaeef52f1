"""Where chunks are computed: in worker processes of this machine, or on a Dask cluster.

Every engine takes tasks and gives back (task, bytes) as they are finished, in any order. Nothing is
computed in the calling process, whose linear algebra may use threads of its own: on busy cores they
wait for each other fifty times as long as they work, and a worker told to use one does not.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.simulation.chunks import pack
from bsup_analysis.simulation.trial import Task, run

Finished = Generator[tuple[Task, bytes], None, None]
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
ANSWER_SECONDS = 10
_PATIENCE_SECONDS = 30  # between looks at whether any worker is left
_RESULT_SECONDS = 120  # a finished chunk that died with its worker is computed anew


def compute(task: Task) -> bytes:
    """Compute a chunk and pack it; what every worker calls."""
    return pack(run(task))


def _follow_parent() -> None:
    """Leave an interruption to the parent, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Start worker processes that use one core each; on leaving, none is left.

    Raises
    ------
    InputError
        A process was ended from outside, most likely for want of memory.
    """
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # read by workers when they start
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_follow_parent)
    try:
        yield pool
    except BrokenProcessPool:
        raise InputError(
            "A worker process ended before its chunk was done, most likely for want of memory. "
            "Finished chunks are kept; run again, with fewer jobs if it happens again."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def processes(tasks: Iterable[Task], pool: ProcessPoolExecutor, jobs: int) -> Finished:
    """Compute chunks in the worker processes, two for each handed out at a time."""
    waiting = iter(tasks)
    running: dict[Future[bytes], Task] = {}
    while True:
        for task in islice(waiting, 2 * jobs - len(running)):
            running[pool.submit(compute, task)] = task
        if not running:
            return
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(done), done.result()


def cluster(tasks: Iterable[Task], address: str) -> Finished:
    """Compute chunks on the Dask cluster whose scheduler is at `address`.

    Chunks travel with all they need and come back as bytes, so workers need this package but no
    shared disk. A worker that dies has its chunks done by another.

    Raises
    ------
    InputError
        dask.distributed is not installed, the scheduler does not answer within ten seconds or has
        no worker, or the connection is lost.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "--scheduler needs dask.distributed: install the extra bsup_analysis[cluster]."
        ) from None
    for name in ("distributed.client", "distributed.core", "distributed.utils"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said below, once
    client = _connect(Client, address)
    try:
        waiting = iter(tasks)
        running: dict[Any, Task] = {}
        room = 4 * max(1, sum(client.nthreads().values()))
        while True:
            for task in islice(waiting, room - len(running)):
                running[client.submit(compute, task, pure=False)] = task
            if not running:
                return
            for future in _finished(client, list(running), address):
                if future.status != "finished":
                    raise _failed(future, address)
                yield running.pop(future), future.result(timeout=_RESULT_SECONDS)
    except (OSError, TimeoutError, CancelledError, asyncio.CancelledError):
        raise _lost(address, "the connection was lost") from None
    finally:
        client.close(timeout=2)


def _connect(client_class: Any, address: str) -> Any:
    try:
        # a client that is not answered waits past its own time limit, so a first call goes ahead;
        # in a thread, because a notebook has an event loop of its own
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _call(address)).result()
        client = client_class(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError):
        raise InputError(
            f"The Dask scheduler at {address!r} did not answer within {ANSWER_SECONDS} seconds; "
            "check the address, or leave --scheduler out to run on this machine."
        ) from None
    try:
        client.wait_for_workers(1, timeout=ANSWER_SECONDS)
    except (OSError, TimeoutError):
        client.close(timeout=2)
        raise InputError(
            f"The Dask scheduler at {address} has no worker; start one with: dask worker {address}"
        ) from None
    return client


def _finished(client: Any, futures: list[Any], address: str) -> list[Any]:
    """Wait for the first futures to end; as long as it takes, if there are workers at all."""
    from distributed import wait as first_of

    while True:
        try:
            with client.as_current():
                return list(first_of(futures, _PATIENCE_SECONDS, "FIRST_COMPLETED").done)
        except TimeoutError:
            if not client.nthreads():
                raise _lost(address, "no worker is left") from None


async def _call(address: str) -> None:
    from distributed.comm import connect

    comm = await asyncio.wait_for(connect(address, timeout=ANSWER_SECONDS), ANSWER_SECONDS)
    comm.abort()


def _failed(future: Any, address: str) -> InputError:
    """Say why a chunk could not be computed; a sentence of our own is passed on as it is."""
    cause = future.exception() if future.status == "error" else None
    if isinstance(cause, InputError):
        return cause
    return _lost(address, "the connection was lost" if cause is None else repr(cause))


def _lost(address: str, what: str) -> InputError:
    return InputError(
        f"The Dask cluster at {address} could not finish a chunk ({what}). Finished chunks are "
        "kept; run the same command again to go on."
    )
