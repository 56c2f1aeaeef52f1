"""The real study in a folder of its own, published without kernels, pictures and pages."""

import json
import os
import shutil
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
import pytest

from bsup_analysis.cli.study_project import study_project
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.run.engine import Progress
from bsup_analysis.run.graph import make
from bsup_analysis.run.project import Documents, Project
from bsup_analysis.tables import sources

CHECKOUT = Path(__file__).resolve().parents[1]
PARTS = ("data", "notebooks", "study.toml", "requirements.lock")
# those that read the table that is changed, and two that do not; the others take longer
NOTEBOOKS = {
    "01_programme_figures",
    "02_document_audit",
    "04_effects",
    "05_robustness",
    "08_profile",
}
PATIENCE_S = 300


@dataclass(frozen=True)
class Runs:
    """Copies of one project after a run, after a cell was changed, and after a note was too.

    `done` are the steps that the changed cell caused.
    """

    base: Path
    changed: Path
    noted: Path
    done: list[str]


def _in_process(source: str, _executed: str, parameters: dict[str, str], **_: Any) -> Any:
    """Run a notebook's code here: what papermill does, without a kernel."""
    notebook = nbformat.read(source, as_version=4)
    names: dict[str, Any] = {}
    for cell in (one for one in notebook.cells if one.cell_type == "code"):
        exec(cell.source, names)  # noqa: S102 - the committed notebooks
        if "parameters" in cell.metadata.get("tags", ()):
            names.update(parameters)
    return notebook


def _page(_page: object, _folder: Path, target: Path, *_: object) -> list[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("<h1>A page</h1>", encoding="utf-8")
    return [target]


def _report(reports: Path, language: str) -> list[Path]:
    path = reports / language / "report.pdf"
    path.write_bytes(b"%PDF")
    return [path]


def _index(_language: str, contents: Path, *_: object) -> list[Path]:
    contents.with_name("index.html").write_text("<h1>Pages</h1>", encoding="utf-8")
    return [contents.with_name("index.html")]


def english() -> Project:
    """Describe the study that the package is pointed to: some notebooks, in English."""
    study = study_project()
    return replace(
        study,
        runs=tuple(run for run in study.runs if run.notebook.stem in NOTEBOOKS),
        allowed={**study.allowed, "language": ("en",)},
        documents=Documents((), ("report.pdf",), _report),
    )


def publish(root: Path) -> list[str]:
    """Publish the study below `root`, as `english` describes it; return the steps done."""
    progress = Progress(sys.stdout)
    with (
        patch.dict(os.environ, {"BSUP_ROOT": str(root)}),
        patch("papermill.execute_notebook", _in_process),
        patch("bsup_analysis.run.pages.render_page", _page),
        patch("bsup_analysis.run.pages.render_contents", _index),
        patch.object(Exhibit, "svg", lambda self: f"<svg>{self.title}</svg>".encode()),
    ):
        project = english()
        make(project, project.pages(), 1, progress)
    return progress.done


def edit(root: Path, table: str, row: int, old: str, new: str) -> None:
    """Change a cell of a raw table in a row as an editor counts it, and seal the table."""
    path = root / "data" / "raw" / f"{table}.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert old in lines[row - 1]
    lines[row - 1] = lines[row - 1].replace(old, new)
    path.write_text("".join(lines), encoding="utf-8")
    with patch.dict(os.environ, {"BSUP_ROOT": str(root)}):
        sources.seal(table)


def copy_study(root: Path) -> None:
    """Copy data, notebooks and design."""
    for part in PARTS:
        copy = shutil.copytree if (CHECKOUT / part).is_dir() else shutil.copy
        copy(CHECKOUT / part, root / part)
    shutil.rmtree(root / "data" / "municipal", ignore_errors=True)


def study_runs(folder: Path) -> Runs:
    """Run the study three times in one folder, once for all processes that test."""
    done = folder / "done.json"
    try:
        folder.mkdir()
    except FileExistsError:
        waited_until = time.monotonic() + PATIENCE_S
        while not done.is_file() and time.monotonic() < waited_until:
            time.sleep(0.2)
    else:
        steps = _run_three_times(folder)
        (folder / "steps").write_text(json.dumps(steps), encoding="utf-8")
        (folder / "steps").rename(done)
    steps = json.loads(done.read_text(encoding="utf-8"))
    return Runs(folder / "base", folder / "changed", folder / "noted", steps)


def _run_three_times(folder: Path) -> list[str]:
    root = folder / "root"
    root.mkdir()
    copy_study(root)
    publish(root)
    shutil.copytree(root, folder / "base")
    # the share of 2008 that document p. 13 prints
    edit(root, "programme_p13_shares", 5, ",79,", ",78,")
    steps = publish(root)
    shutil.copytree(root, folder / "changed")
    edit(root, "programme_p11_region_loans", 2, "press gives 1487 for 2010", "as the press has it")
    publish(root)
    shutil.copytree(root, folder / "noted")
    return steps


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The study run three times; not to be changed."""
    base = tmp_path_factory.getbasetemp()
    return study_runs((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "study")
