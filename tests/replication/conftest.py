"""The study published and committed in a git repository of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from study_copy import CHECKOUT, Runs, english, runs

from bsup_analysis.run.project import Project

__all__ = ["runs"]

MORE = ("bsup_analysis", "README.md", "pyproject.toml", "LICENSE", ".gitignore", ".gitattributes")
WHO = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")


def commit(root: Path) -> None:
    """Commit all there is, with programs as programs."""
    for command in (["add", "-A"], ["add", "-f", "reports/tables"], ["commit", "-qm", "all"]):
        subprocess.run(["git", *WHO, *command], cwd=root, check=True, capture_output=True)


@pytest.fixture(scope="session")
def committed(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, published and committed; not to be changed."""
    if not shutil.which("git"):
        pytest.skip("a package is made in a git clone")
    root = tmp_path_factory.mktemp("committed") / "study"
    shutil.copytree(runs.base, root)
    for name in MORE:
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pyc*"))
        else:
            shutil.copy(CHECKOUT / name, root / name)
    (root / "tool").write_text("#!/bin/sh\n", encoding="utf-8")
    (root / "tool").chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    commit(root)
    return root


@pytest.fixture
def study(committed: Path, tmp_path: Path) -> Iterator[Project]:
    """A copy of it that may be changed, and that the package is pointed to."""
    root = tmp_path / "study"
    shutil.copytree(committed, root, symlinks=True)
    with patch.dict(os.environ, {"BSUP_ROOT": str(root)}):
        yield english()
