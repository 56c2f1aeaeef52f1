"""A page for each municipality in each language, all runs of one notebook.

A page is made anew only when something it depends on has changed.  Pages stand beside the report
and are no part of it: its manifest does not name them.
"""

import csv
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from doit.task import Task

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.pipeline.contents import CONTENTS, Entry
from bsup_analysis.pipeline.engine import run, task
from bsup_analysis.pipeline.graph import EXECUTING, HERE, RENDERING, processed, records
from bsup_analysis.pipeline.parameters import check
from bsup_analysis.pipeline.progress import Progress
from bsup_analysis.pipeline.project import Page, Project, Run

# where the user's table is, the profile with the loans of all
NOTEBOOKS = ("08_profile", "12_municipal_profile")
PARAMETER = "municipality_code"
_MAKING = [HERE / "profiles.py", *EXECUTING, *RENDERING]


def make_profiles(
    project: Project, languages: Iterable[str] | None, jobs: int, progress: Progress
) -> list[Path]:
    """Make every profile that is not up to date, and the page that lists them.

    Parameters
    ----------
    languages
        Some of the project's; all if None.
    jobs
        Pages at a time; each worker keeps one kernel for all its pages.
    progress
        What the reader sees.

    Returns
    -------
    list of Path
        The page that lists the profiles, of each language: `reports/<language>/profiles/`.

    Raises
    ------
    InputError
        With the first thing that is wrong; pages already made are kept.
    """
    template = profile_run(project)
    run([processed(project)], records(project), jobs, progress)
    chosen = project.languages if languages is None else tuple(languages)
    project.pages(chosen, template.id)  # refuses a language that does not exist
    names = _municipalities(template)
    pages = [Page(_run(template, code), one) for one in chosen for code in names]
    check(template.notebook, pages[0].parameters, project.allowed)
    tasks = [_task(project, page) for page in pages]
    tasks += [_list(project, one, names) for one in chosen]
    try:
        run(tasks, project.build / "profiles.json", jobs, progress)
    finally:
        shutil.rmtree(project.build / "profiles", ignore_errors=True)
    return [_target(project, one, "index") for one in chosen]


def profile_run(project: Project) -> Run:
    """Find the run whose notebook makes a profile: the last of those there are shows most.

    Raises
    ------
    InputError
        There is none.
    """
    runs = [one for one in project.runs if one.notebook.stem in NOTEBOOKS]
    if not runs:
        raise InputError(f"study.toml names no notebook {NOTEBOOKS[0]}; restore it from git.")
    return runs[-1]


def _make(project: Project, page: Page) -> list[Path]:
    """Run the notebook for a municipality and put its page in place."""
    from bsup_analysis.pipeline.execute import run_notebook
    from bsup_analysis.pipeline.render import render_page

    folder = project.build / "profiles" / page.language / page.run.id
    folder.mkdir(parents=True, exist_ok=True)
    run_notebook(project, page, folder / "notebook.ipynb", page.parameters)
    write_aside(folder / "run.json", json.dumps({"notebook": project.name(page.run.notebook)}))
    (made,) = render_page(page, folder, None)
    target = _target(project, page.language, page.run.id)
    target.parent.mkdir(parents=True, exist_ok=True)
    made.replace(target)
    return [target]


def _municipalities(template: Run) -> dict[str, str]:
    """Read code and name of every municipality from the table the notebook reads."""
    table = next((one for one in template.tables if one.stem == "municipality"), None)
    if table is None:
        raise InputError(
            f"study.toml must name the table municipality for {template.notebook.stem}."
        )
    with table.open(encoding="utf-8", newline="") as stream:
        return {
            row["municipality_code"]: row["municipality_name"] for row in csv.DictReader(stream)
        }


def _run(template: Run, code: str) -> Run:
    return replace(template, id=code, parameters={**template.parameters, PARAMETER: code})


def _target(project: Project, language: str, name: str) -> Path:
    return project.reports / language / "profiles" / f"{name}.html"


def _task(project: Project, page: Page) -> Task:
    """Notebook, its tables, the design and the code -> the page of one municipality."""
    return task(
        f"profile {page.key}",
        partial(_make, project, page),
        inputs=[*project.inputs(page.run), *_MAKING],
        outputs=[_target(project, page.language, page.run.id)],
        # the code as one hash: hundreds of files for each of the pages would be slow to record
        settings=(page.parameters, project.fingerprint(page.run)["code"]),
    )


def _list(project: Project, language: str, names: Mapping[str, str]) -> Task:
    """Names of the municipalities -> the page that lists their profiles."""

    def write() -> list[Path]:
        from bsup_analysis.pipeline.render import render_contents

        folder = project.build / "profiles" / language
        entries = [Entry(code, name, ()) for code, name in names.items()]
        contents = folder / CONTENTS
        write_aside(contents, json.dumps([asdict(entry) for entry in entries]))
        (made,) = render_contents(language, contents)
        target = _target(project, language, "index")
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)
        return [target]

    return task(
        f"list of profiles {language}",
        write,
        inputs=_MAKING,
        outputs=[_target(project, language, "index")],
        settings=dict(names),
    )
