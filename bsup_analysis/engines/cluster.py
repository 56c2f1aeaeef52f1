"""Work done on a Dask cluster, by the address of its scheduler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

from bsup_analysis.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")
ANSWER_SECONDS = 10
_PATIENCE_SECONDS = 30  # between looks at whether any worker is left
_RESULT_SECONDS = 120  # a result that died with its worker is computed anew


def done(
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
        from distributed import comm
    except ImportError:
        raise InputError(
            "--scheduler needs dask.distributed: install the extra bsup_analysis[cluster]."
        ) from None

    async def call() -> None:
        answer = comm.connect(address, timeout=ANSWER_SECONDS)
        (await asyncio.wait_for(answer, ANSWER_SECONDS)).abort()

    try:
        # a client that is not answered waits past its own time limit, so this call goes ahead; in
        # a thread, because a notebook has an event loop of its own
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, call()).result()
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
