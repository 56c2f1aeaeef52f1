"""The toy project, whole and in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import toy_project

from bsup_analysis.run.project import Project


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Project]:
    """A toy project whose notebooks run in this process."""
    root = tmp_path / "toy"
    toy_project.write_project(root)
    with toy_project.without_kernels(root):
        yield toy_project.describe(root)


@pytest.fixture
def toy_with_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A toy project whose notebooks run in kernels, as in the study."""
    root = tmp_path / "toy"
    toy_project.write_project(root)
    monkeypatch.setenv("TOY_ROOT", str(root))
    return toy_project.describe(root)
