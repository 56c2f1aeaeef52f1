"""The study as it is, published once for all tests, and copies that may be changed."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from study_copy import copy_study, edit, publish

# those that read the table that is changed, and two that do not; the others take longer
READING = {"01_programme_figures", "02_document_audit", "05_robustness"}
NOTEBOOKS = READING | {"04_effects", "08_profile"}


@dataclass(frozen=True)
class Runs:
    """Copies of one project after a run, after a cell was changed, and after a note was too.

    `done` are the steps that the changed cell caused.
    """

    base: Path
    changed: Path
    noted: Path
    done: list[str]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The study run three times in one folder."""
    folder = tmp_path_factory.mktemp("runs")
    root, copies = folder / "root", [folder / name for name in ("base", "changed", "noted")]
    root.mkdir()
    copy_study(root)
    publish(root, NOTEBOOKS)
    shutil.copytree(root, copies[0])
    # the share of 2008 that document p. 13 prints
    edit(root, "programme_p13_shares", 5, ",79,", ",78,")
    done = publish(root, NOTEBOOKS)
    shutil.copytree(root, copies[1])
    edit(root, "programme_p11_region_loans", 2, "press gives 1487 for 2010", "as the press has it")
    publish(root, NOTEBOOKS)
    shutil.copytree(root, copies[2])
    return Runs(*copies, done)


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
