"""A program run here and in another process, where hash seed and threads are others."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def other_environment() -> dict[str, str]:
    """Give this process's environment with another hash seed and another number of threads."""
    threads = "2" if os.environ.get("OPENBLAS_NUM_THREADS") == "1" else "1"
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        **os.environ,
        **dict.fromkeys(names, threads),
        "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1",
        "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]),
    }


def printed_here_and_elsewhere(program: str, given: str = "") -> tuple[str, str]:
    """Give what a program prints of what it reads, in this process and in another one."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setattr(sys, "stdin", io.StringIO(given))
        exec(program, {"__name__": "__main__"})  # noqa: S102 - a program of the tests
    command = [sys.executable, "-c", program]
    other = subprocess.run(
        command, input=given, capture_output=True, text=True, env=other_environment(), check=True
    )
    return out.getvalue(), other.stdout
