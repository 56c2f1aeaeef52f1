"""A copy of the project in a folder of its own, for tests that change something; the command."""

import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from typer.testing import CliRunner

from bsup_analysis import cli

# a loaded machine is no failure; each failure can be repeated
settings.register_profile("study", deadline=None, derandomize=True)
settings.load_profile("study")

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def signals() -> None:
    """Let Ctrl-C and a line hung up end each test and its children.

    A shell that starts the tests in the background leaves the one ignored and `nohup` the other,
    and programs that tests run in this process may leave a handler of their own.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project root with the real data, design and notebooks, and the package pointed to it."""
    root = tmp_path / "project"
    own = shutil.ignore_patterns("municipal")
    shutil.copytree(CHECKOUT / "data", root / "data", ignore=own)
    shutil.copytree(
        CHECKOUT / "notebooks",
        root / "notebooks",
        ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
    )
    shutil.copy(CHECKOUT / "study.toml", root / "study.toml")
    monkeypatch.setenv("BSUP_ROOT", str(root))
    return root


@pytest.fixture
def bsup(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Call `bsup` in this process: status, output, errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bsup", *arguments])
        with CliRunner().isolation() as (out, err, _):
            try:
                cli.main()
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
            return status, out.getvalue().decode(), err.getvalue().decode()

    return call
