"""The study as it is, published once for all tests, and copies that may be changed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from study_copy import Runs, runs

__all__ = ["runs"]


@pytest.fixture(scope="session")
def base(runs: Runs) -> Path:
    """The study as it is, published; not to be changed."""
    return runs.base


@pytest.fixture
def own(base: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it that may be changed, and that the package is pointed to."""
    root = tmp_path / "own"
    shutil.copytree(base, root)
    with patch.dict(os.environ, {"BSUP_ROOT": str(root)}):
        yield root
