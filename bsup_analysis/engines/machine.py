"""Work done in processes of this machine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import active_children, get_context, parent_process
from typing import TypeVar

from bsup_analysis.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")
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


def done(
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
