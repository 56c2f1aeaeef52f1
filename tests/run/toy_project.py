"""A small project for the pipeline's tests: three raw tables, one processed, two notebooks.

The notebooks write what the contract asks for with plain `json`, so that these tests know
nothing of the real study.  `python toy_project.py FOLDER` publishes one from a process of its own.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bsup_analysis.files import JOURNAL
from bsup_analysis.run.adhoc_runs import Files, Variant, run_variant
from bsup_analysis.run.engine import Progress, at_work
from bsup_analysis.run.graph import make
from bsup_analysis.run.project import Documents, Page, Project, Run, Step

TABLES = {
    "loans": "year,value\n2009,1047\n2010,1487\n",
    "people": "year,value\n2009,666164\n",
    "spare": "year,value\n2009,1\n",
}
READ = """\
import csv, json, os
from pathlib import Path

from IPython.display import HTML

root, read = Path(os.environ["TOY_ROOT"]), ["{table}"]
path = next((root / "data").rglob(read[0] + ".csv"))
total = sum(float(row["value"]) for row in csv.DictReader(path.open()))
title = {{"nb": "Tall {exhibit}", "en": "Numbers {exhibit}"}}[language]
"""
SHOW = """\
shown = HTML(
    f'<figure id="{exhibit}"><figcaption>{{title}}</figcaption>'
    f'<img alt="{{title}}: {{total}}" src="data:image/svg+xml;base64,PHN2Zy8+">'
    f'<table><tr><th>sum</th><td>{{total}}</td></tr></table></figure>'
)
shown
"""
WRITE = """\
def write(name, content):
    target = Path(output) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, sort_keys=True)
    target.write_text(text, encoding="utf-8")

if output:
    write("figures/{exhibit}.svg", f"<svg><title>{{title}}</title></svg>")
    write("tables/{exhibit}.csv", f"sum\\n{{total}}\\n")
    number = {{"value": total / 3, "unit": "1", "exhibit": "{exhibit}"}}
    write("numbers.json", {{"{exhibit}_sum": number}})
    write("exhibits.json", {{"{exhibit}": {{
        "kind": "figure", "title": title, "caption": "", "alternative_text": title,
        "function": "toy.{exhibit}", "tables": read,
        "files": ["figures/{exhibit}.svg", "tables/{exhibit}.csv"],
    }}}})
    write("reads.json", read)
"""


def write_notebook(path: Path, table: str, exhibit: str, **cells: str) -> None:
    """Write a notebook that sums `table`; `cells` replaces the source of read, show or write."""
    source = {"read": READ, "show": SHOW, "write": WRITE}
    code = [
        cells.get(name, text.format(table=table, exhibit=exhibit)) for name, text in source.items()
    ]
    parameters = 'language = "en"  # nb | en\noutput = ""\nlevel = "low"  # low | high'
    notebook = new_notebook(
        cells=[
            new_markdown_cell(f"# The {exhibit}"),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *(new_code_cell(text) for text in code),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"toy-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def write_project(root: Path) -> None:
    """Write the project's files."""
    for name, text in TABLES.items():
        path = root / "data" / "raw" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in ("study.toml", "requirements.lock", "package/code.py"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# nothing\n", encoding="utf-8")
    write_notebook(root / "notebooks" / "01_loans.ipynb", "doubled", "loans")
    write_notebook(root / "notebooks" / "02_people.ipynb", "people", "people")


def describe(root: Path) -> Project:
    """Describe the project to the pipeline: `doubled` is made of `loans`."""
    raw, doubled = root / "data" / "raw", root / "data" / "processed" / "doubled.csv"

    def build() -> list[Path]:
        head, *rows = (raw / "loans.csv").read_text(encoding="utf-8").splitlines()
        double = [f"{year},{2 * int(value)}" for year, value in (row.split(",") for row in rows)]
        doubled.parent.mkdir(parents=True, exist_ok=True)
        doubled.write_text("\n".join([head, *double]) + "\n", encoding="utf-8")
        return [doubled]

    notebooks, code = root / "notebooks", (root / "package" / "code.py",)
    return Project(
        root=root,
        runs=(
            Run("01_loans", notebooks / "01_loans.ipynb", (doubled,), {}, code),
            Run(
                "02_people",
                notebooks / "02_people.ipynb",
                (raw / "people.csv",),
                {"level": "high"},
                code,
            ),
        ),
        allowed={"language": ("nb", "en"), "level": ("low", "high")},
        processed=Step((raw / "loans.csv", *code), (doubled,), build),
        design=(root / "study.toml", root / "requirements.lock"),
    )


def with_report(project: Project) -> Project:
    """Give the project a report in each language and a README, made of its results."""

    def write(stage: Path, language: str) -> list[Path]:
        path = stage / language / "report.pdf"
        path.write_text(f"{language} {(stage / 'numbers.json').read_text('utf-8')}", "utf-8")
        return [path]

    def beside(stage: Path) -> dict[Path, bytes]:
        numbers = (stage / "numbers.json").read_bytes()
        return {project.root / "README.md": numbers, project.reports / "picture.svg": b"<svg/>"}

    return replace(project, documents=Documents((), ("report.pdf",), write, beside))


def publish(project: Project, pages: list[Page] | None = None, jobs: int = 2) -> Progress:
    """Do what `bsup report` does; returns what was done and skipped."""
    progress = Progress(sys.stdout)
    with at_work(project):
        make(project, pages or project.pages(), jobs, progress)
    return progress


def published(project: Project) -> dict[str, bytes]:
    """Return everything under `reports/` by name."""
    folder = project.reports
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and JOURNAL not in path.parts
    }


def _in_process(source: str, _executed: str, parameters: dict[str, str], **_: Any) -> Any:
    """Run a notebook's code here: what papermill does, without the second a kernel takes."""
    notebook = nbformat.read(source, as_version=4)
    names: dict[str, Any] = {}
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        exec(cell.source, names)  # noqa: S102 - our own toy
        cell.execution_count = number + 1
        if "parameters" in cell.metadata.get("tags", ()):
            names.update(parameters)
        if "shown" in names:
            shown = {"text/html": names.pop("shown").data}
            cell.outputs.append(new_output("display_data", data=shown))
    return notebook


@contextmanager
def without_kernels(root: Path) -> Iterator[None]:
    """Run notebooks in this process, for tests of everything that comes after."""
    with (
        patch("papermill.execute_notebook", _in_process),
        patch.dict(os.environ, {"TOY_ROOT": str(root)}),
    ):
        yield


def compute(variant: Variant) -> Files:
    """Run a variant of the project at `TOY_ROOT`; for workers, which call it by its name."""
    root = Path(os.environ["TOY_ROOT"])
    with without_kernels(root):
        return run_variant(describe(root), variant)


def _renamed(folder: Path, die_after: int, each_takes_s: float) -> Any:
    """Replace `Path.replace` by one that is slow, and ends the process at some rename.

    It ends as by kill -9, and is counted only where it goes into `folder` or beside it.
    """
    replace, count = Path.replace, 0

    def counted(self: Path, target: Path) -> Path:
        nonlocal count
        if Path(target).is_relative_to(folder) or Path(target).parent == folder.parent:
            if count == die_after:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            time.sleep(each_takes_s)
        return replace(self, target)

    return patch.object(Path, "replace", counted)


def in_a_child(act: Callable[[], object]) -> tuple[int, TextIO]:
    """Do something in a child process, forked, with what it prints in a pipe."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # as the command does
            sys.stdout = os.fdopen(into, "w", buffering=1)
            act()
            status = 0
        finally:
            os._exit(status)
    os.close(into)
    return child, os.fdopen(out)


def ended(child: int) -> int:
    """Wait for a child, and give the status it ends with: the signal as a negative number."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def publish_and_die(project: Project, renames: int = -1, each_takes_s: float = 0) -> None:
    """Publish, with slow renames into `reports/`, and killed before one of them."""
    with without_kernels(project.root), _renamed(project.reports, renames, each_takes_s):
        publish(project)


if __name__ == "__main__":
    here = describe(Path(sys.argv[1]))
    with without_kernels(here.root):
        done = publish(with_report(here))
    sys.stdout.write(json.dumps({"done": done.done}))
