"""Run one notebook with papermill, aside, and keep the result only if the run is whole.

What a run leaves has no time stamp, no path of this machine and no random cell id, so that a
run that gives the same results gives the same bytes and nothing after it has to run.
"""

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from papermill.translators import translate_parameters

from bsup_analysis.errors import InputError
from bsup_analysis.files import put_folder, sha256
from bsup_analysis.run.notebooks import translated
from bsup_analysis.run.project import Page, Project
from bsup_analysis.run.warm_kernels import ENGINE, kernel_for

RECORD = "run.json"
EXHIBITS = "exhibits"
WRITTEN = ("numbers.json", "exhibits.json", "reads.json")


def execute(project: Project, page: Page, folder: Path, scratch: Path) -> list[Path]:
    """Run the notebook of `page` and put what it made in `folder`.

    The folder then holds ``notebook.ipynb`` (executed), ``exhibits/`` and ``run.json`` (what
    was run, on what, and the SHA-256 of each file).

    Parameters
    ----------
    folder
        Where the result goes.  What an earlier run left there is replaced by a rename, and
        only after this run has ended well.
    scratch
        The run lasts in a hidden folder of its own below it.

    Returns
    -------
    list of Path
        Every file of the result.

    Raises
    ------
    InputError
        If a cell fails, with notebook, cell and error; if the notebook does not write what
        the report is made of; or if it reads a table that `study.toml` does not declare.
    """
    work = scratch / f".{page.run.id}-{page.language}-{uuid.uuid4().hex[:8]}"
    exhibits = work / EXHIBITS
    exhibits.mkdir(parents=True)
    try:
        before = project.fingerprint(page.run)
        executed = work / "notebook.ipynb"
        notebook = run_notebook(
            project, page, executed, {**page.parameters, "output": str(exhibits)}
        )
        nbformat.write(_cleaned(notebook, project, page), executed)
        _check(project, page, exhibits)
        files = sorted(path for path in work.rglob("*") if path.is_file())
        record = {
            "run": page.run.id,
            "language": page.language,
            "notebook": project.name(page.run.notebook),
            "parameters": {name: page.shown[name] for name in page.run.parameters},
            **before,
            "files": {path.relative_to(work).as_posix(): sha256(path) for path in files},
        }
        (work / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
        put_folder(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return [folder / path.relative_to(work) for path in (*files, work / RECORD)]


def run_notebook(
    project: Project, page: Page, executed: Path, parameters: Mapping[str, str]
) -> NotebookNode:
    """Run the notebook of a page with papermill, in this thread's kernel.

    Parameters
    ----------
    executed
        Where the executed notebook is written.
    parameters
        All of the notebook's parameters that are given.

    Raises
    ------
    InputError
        If a cell fails; the notebook with the error is kept, and the sentence says which cell.
        If the notebook's text in the language of the page does not fit it.
    """
    source = page.run.notebook
    text = translated(source, project.texts(source.stem, page.language))
    executed.write_text(json.dumps(text, ensure_ascii=False), encoding="utf-8")
    label = f"{source.stem} ({page.language if page.run.id == source.stem else page.key})"
    try:
        return papermill.execute_notebook(
            # papermill takes braces in a path for parameters
            *[str(executed).replace("{", "{{").replace("}", "}}")] * 2,
            parameters=dict(parameters),
            kernel_name="bsup",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            # papermill's own cwd changes the directory of the whole process: not with threads
            resources={"metadata": {"path": str(source.parent)}},
            engine_name=ENGINE,
            kernel_manager_class=kernel_for(project.root, project.build),
        )
    except PapermillExecutionError as error:
        failed = project.build / "failed" / f"{page.run.id}-{page.language}.ipynb"
        failed.parent.mkdir(parents=True, exist_ok=True)
        executed.replace(failed)
        raise InputError(
            f"notebook {label} failed in code cell {_number(failed, error)}"
            f" ({_first_line(error.source)}): {_what(error)} [{project.name(failed)}]"
        ) from None
    except DeadKernelError:
        raise InputError(
            f"notebook {label}: its kernel died, perhaps for want of "
            "memory; free some, or run fewer at a time with --jobs 1."
        ) from None


def _number(failed: Path, error: PapermillExecutionError) -> int:
    """Count code cells as the notebook's author does, from 1, up to the one that failed."""
    cells = [c for c in nbformat.read(failed, as_version=4).cells if c.cell_type == "code"]
    written = [c for c in cells if "injected-parameters" not in c.metadata.get("tags", ())]
    return next((n for n, c in enumerate(written, 1) if c.execution_count == error.exec_count), 1)


def _first_line(source: str) -> str:
    lines = [line for line in source.splitlines() if line.strip() and line.strip()[0] not in "#%"]
    return f"`{lines[0].strip()[:60]}`" if lines else "empty"


def _what(error: PapermillExecutionError) -> str:
    """Return the sentence of an error meant for the reader, else its type and first line."""
    message = str(error.evalue).strip().split("\n")[0]
    if error.ename == InputError.__name__:
        return message
    return f"{error.ename}: {message}" if message else str(error.ename)


def _cleaned(notebook: NotebookNode, project: Project, page: Page) -> NotebookNode:
    """Take out of an executed notebook what differs between two runs with the same results."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", ()):
            shown = {**page.shown, "output": EXHIBITS}
            cell.source = translate_parameters("bsup", "python", shown, "Parameters")
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":  # a warning names the file it comes from
                output.text = output.text.replace(f"{project.root}{os.sep}", "")
    return notebook


def _check(project: Project, page: Page, exhibits: Path) -> None:
    """Refuse a run that wrote too little, or read what it did not declare."""
    name = page.run.notebook.stem
    for file in WRITTEN:
        if not (exhibits / file).is_file():
            raise InputError(
                f"notebook {name} wrote no {file}; its last cell must be study.close()."
            )
    declared = {table.stem for table in page.run.tables}
    read = json.loads((exhibits / "reads.json").read_text(encoding="utf-8"))
    for table in sorted(set(read) - declared):
        raise InputError(
            f"notebook {name} reads table {table!r}, which {project.design[0].name} does not "
            "declare for it; add it to the notebook's tables."
        )
