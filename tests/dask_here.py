"""A real Dask scheduler and real workers on loopback, ended with the test that starts them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "DASK_DISTRIBUTED__WORKER__DAEMON": "False",
    "PYTHONWARNINGS": "ignore",
}
HERE = ["--host", "127.0.0.1", "--no-dashboard"]


@contextmanager
def started(module: str, *arguments: str) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *HERE, *arguments],
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def scheduler() -> Iterator[str]:
    """Run a scheduler on threads of this process: a process of its own takes seconds to begin."""
    from distributed import LocalCluster

    where = {"host": "127.0.0.1", "protocol": "tcp://", "dashboard_address": None}
    with LocalCluster(n_workers=0, processes=False, silence_logs=50, **where) as cluster:
        yield cluster.scheduler_address


def worker(address: str, folder: Path) -> AbstractContextManager[subprocess.Popen]:
    """Start a worker of one thread."""
    return started(
        "dask_worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)
    )
