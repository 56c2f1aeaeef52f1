"""The study published and committed in a git repository of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from study_copy import CHECKOUT, copy_study, english, publish

from bsup_analysis.pipeline.project import Project, Step

# those whose numbers the README's finding uses
NOTEBOOKS = {"01_programme_figures", "02_document_audit", "04_effects"}
MORE = ("bsup_analysis", "README.md", "pyproject.toml", "LICENSE", ".gitignore", ".gitattributes")
WHO = ("-c", "user.name=test", "-c", "user.email=test@example.invalid")


def commit(root: Path) -> None:
    """Commit all there is, with programs as programs."""
    for command in (["add", "-A"], ["add", "-f", "reports/tables"], ["commit", "-qm", "all"]):
        subprocess.run(["git", *WHO, *command], cwd=root, check=True, capture_output=True)


def reported(root: Path) -> dict[str, Step]:
    """Make a report of what is published: as many bytes as numbers.json has."""
    path = root / "reports" / "en" / "report.pdf"

    def build() -> list[Path]:
        path.write_bytes(b"%" * (root / "reports" / "numbers.json").stat().st_size)
        return [path]

    return {"report en": Step((), (path,), build)}


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, published and committed; not to be changed."""
    if not shutil.which("git"):
        pytest.skip("a package is made in a git clone")
    root = tmp_path_factory.mktemp("committed")
    copy_study(root)
    for name in MORE:
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pyc*"))
        else:
            shutil.copy(CHECKOUT / name, root / name)
    (root / "tool").write_text("#!/bin/sh\n", encoding="utf-8")
    (root / "tool").chmod(0o755)
    publish(root, NOTEBOOKS, reported(root))
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    commit(root)
    return root


@pytest.fixture
def study(committed: Path, tmp_path: Path) -> Iterator[Project]:
    """A copy of it that may be changed, and that the package is pointed to."""
    root = tmp_path / "study"
    shutil.copytree(committed, root, symlinks=True)
    with patch.dict(os.environ, {"BSUP_ROOT": str(root)}):
        yield english(NOTEBOOKS, reported(root))
