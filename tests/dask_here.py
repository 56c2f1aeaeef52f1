"""A real Dask scheduler and real workers on loopback, ended with the test that starts them."""

import os
import socket
import subprocess
import sys
import time
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with started("dask_scheduler", "--port", str(port)):
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"tcp://127.0.0.1:{port}"


def worker(address: str, folder: Path) -> AbstractContextManager[subprocess.Popen]:
    """Start a worker of one thread."""
    return started(
        "dask_worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)
    )
