"""Where many parts of work are done: in processes of this machine, or on a Dask cluster.

`on_machine` and `on_cluster` take a function and items and give back (item, result) as they are
finished, in any order. Nothing is done in the calling process, whose linear algebra may use threads
of its own: on busy cores they wait for each other fifty times as long as they work, and a worker
told to use one does not.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
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
from multiprocessing import active_children, get_context, parent_process
from typing import Any, TypeVar

from bsup_analysis.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")
ANSWER_SECONDS = 10
_PATIENCE_SECONDS = 30  # between looks at whether any worker is left
_RESULT_SECONDS = 120  # a result that died with its worker is computed anew
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


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

    An error or an interruption ends them at once, whatever they are doing.

    Raises
    ------
    InputError
        A process was ended from outside, most likely for want of memory.
    """
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # read by workers when they start
    others = set(active_children())
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_follow_parent)
    try:
        yield pool
    except BrokenProcessPool:
        raise InputError(
            "A worker process ended before its work was done, most likely for want of memory. "
            "What was finished is kept; run again, with fewer jobs if it happens again."
        ) from None
    except BaseException:  # an interruption, also of what is done with the results
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def on_machine(
    work: Callable[[Item], Result], items: Iterable[Item], pool: ProcessPoolExecutor, jobs: int
) -> Generator[tuple[Item, Result], None, None]:
    """Do the work in worker processes, two items for each handed out at a time."""
    waiting = iter(items)
    running: dict[Future[Result], Item] = {}
    while True:
        for item in islice(waiting, 2 * jobs - len(running)):
            running[pool.submit(work, item)] = item
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()


def on_cluster(
    work: Callable[[Item], Result], items: Iterable[Item], address: str
) -> Generator[tuple[Item, Result], None, None]:
    """Do the work on the Dask cluster whose scheduler is at `address`.

    Items travel with all they need and come back as results, so workers need this package but no
    shared disk. A worker that dies has its items done by another.

    Raises
    ------
    InputError
        dask.distributed is not installed, the scheduler does not answer within ten seconds or has
        no worker, or the connection is lost.
    """
    reach(address)
    from distributed import Client

    for name in ("distributed.client", "distributed.core", "distributed.utils"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said below, once
    client = _connect(Client, address)
    try:
        waiting = iter(items)
        running: dict[Any, Item] = {}
        room = 4 * max(1, sum(client.nthreads().values()))
        while True:
            for item in islice(waiting, room - len(running)):
                running[client.submit(work, item, pure=False)] = item
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


def reach(address: str) -> None:
    """Call a scheduler, so that nothing is done for one that does not answer.

    Raises
    ------
    InputError
        dask.distributed is not installed, or there is no answer within ten seconds.
    """
    try:
        from distributed import Security, comm
    except ImportError:
        raise InputError(
            "--scheduler needs dask.distributed: install the extra bsup_analysis[cluster]."
        ) from None

    async def call() -> None:
        # certificates for TLS are those of Dask's configuration, as of the client below
        given = Security().get_connection_args("client")
        answer = comm.connect(address, timeout=ANSWER_SECONDS, **given)
        (await asyncio.wait_for(answer, ANSWER_SECONDS)).abort()

    try:
        # a client that is not answered waits past its own time limit, so this call goes ahead; in
        # a thread, because a notebook has an event loop of its own
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, call()).result()
    except TypeError:
        raise InputError(
            f"{address} speaks TLS: name its certificates under distributed.comm.tls in Dask's"
            " configuration."
        ) from None
    except (OSError, TimeoutError, ValueError):
        raise _silent(address) from None


def _silent(address: str) -> InputError:
    return InputError(
        f"The Dask scheduler at {address!r} did not answer within {ANSWER_SECONDS} seconds; "
        "check the address, or leave --scheduler out to run on this machine."
    )


def _connect(client_class: Any, address: str) -> Any:
    try:
        client = client_class(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError):
        raise _silent(address) from None
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


def _failed(future: Any, address: str) -> InputError:
    """Say why an item could not be done; a sentence of our own is passed on as it is."""
    cause = future.exception() if future.status == "error" else None
    if isinstance(cause, InputError):
        return cause
    return _lost(address, "the connection was lost" if cause is None else repr(cause))


def _lost(address: str, what: str) -> InputError:
    return InputError(
        f"The Dask cluster at {address} could not finish its work ({what}). What was finished "
        "is kept; run the same command again to go on."
    )
