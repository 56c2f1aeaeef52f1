"""The real study in a folder of its own, published without kernels, pictures and pages."""

import os
import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat

from bsup_analysis.commands.project import study_project
from bsup_analysis.exhibits import Exhibit
from bsup_analysis.pipeline.graph import make
from bsup_analysis.pipeline.progress import Progress
from bsup_analysis.pipeline.project import Project, Step
from bsup_analysis.sources import provenance

CHECKOUT = Path(__file__).resolve().parents[1]
PARTS = ("data", "notebooks", "study.toml", "requirements.lock")


def _in_process(source: str, _executed: str, parameters: dict[str, str], **_: Any) -> Any:
    """Run a notebook's code here: what papermill does, without a kernel."""
    notebook = nbformat.read(source, as_version=4)
    names: dict[str, Any] = {}
    for cell in (one for one in notebook.cells if one.cell_type == "code"):
        exec(cell.source, names)  # noqa: S102 - the committed notebooks
        if "parameters" in cell.metadata.get("tags", ()):
            names.update(parameters)
    return notebook


def _page(_page: object, folder: Path, *_: object) -> list[Path]:
    (folder / "page.html").write_text("<h1>A page</h1>", encoding="utf-8")
    return [folder / "page.html"]


def _index(_language: str, contents: Path, *_: object) -> list[Path]:
    contents.with_name("index.html").write_text("<h1>Pages</h1>", encoding="utf-8")
    return [contents.with_name("index.html")]


def english(notebooks: Collection[str], after: Mapping[str, Step] | None = None) -> Project:
    """Describe the study that the package is pointed to: some notebooks, in English."""
    study = study_project()
    return replace(
        study,
        runs=tuple(run for run in study.runs if run.notebook.stem in notebooks),
        allowed={**study.allowed, "language": ("en",)},
        after=after or {},
    )


def publish(
    root: Path, notebooks: Collection[str], after: Mapping[str, Step] | None = None
) -> list[str]:
    """Publish notebooks of the study below `root` in English; return the steps that were done."""
    progress = Progress(sys.stdout)
    with (
        patch.dict(os.environ, {"BSUP_ROOT": str(root)}),
        patch("papermill.execute_notebook", _in_process),
        patch("bsup_analysis.pipeline.render.render_page", _page),
        patch("bsup_analysis.pipeline.render.render_contents", _index),
        patch.object(Exhibit, "svg", lambda self: f"<svg>{self.title}</svg>".encode()),
        patch.object(Exhibit, "png", lambda self: self.title.encode()),
    ):
        project = english(notebooks, after)
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
        provenance.seal(table)


def copy_study(root: Path) -> None:
    """Copy data, notebooks and design."""
    for part in PARTS:
        copy = shutil.copytree if (CHECKOUT / part).is_dir() else shutil.copy
        copy(CHECKOUT / part, root / part)
    shutil.rmtree(root / "data" / "municipal", ignore_errors=True)
