"""A page for each municipality in each language, all runs of one notebook.

A page is made anew only when something it depends on has changed.  Pages stand beside the report
and are a publication of their own: all of them, in all languages, or none.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from doit.task import Task

from bsup_analysis.errors import InputError
from bsup_analysis.files import digest, write_together
from bsup_analysis.published.manifest import PROFILES, to_json
from bsup_analysis.published.reader import read_profiles, read_rows
from bsup_analysis.run.engine import Progress, run, task
from bsup_analysis.run.graph import EXECUTING, HERE, PUBLISHING, RENDERING, processed
from bsup_analysis.run.notebooks import check
from bsup_analysis.run.project import Page, Project, Run
from bsup_analysis.run.publish import CONTENTS, write_contents

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
        Some of the project's; all if None, and only all are published.
    jobs
        Pages at a time; each worker keeps one kernel for all its pages.
    progress
        What the reader sees.

    Returns
    -------
    list of Path
        The page that lists the profiles, of each language: in `reports/<language>/profiles/`, or
        in `build/profiles/<language>/` where only some languages were made.

    Raises
    ------
    InputError
        With the first thing that is wrong; pages already made are kept.
    """
    template = profile_run(project)
    run([processed(project)], project.records, jobs, progress)
    chosen = project.languages if languages is None else tuple(languages)
    project.pages(chosen, template.id)  # refuses a language that does not exist
    names = _municipalities(template)
    runs = [
        replace(template, id=code, parameters={**template.parameters, PARAMETER: code})
        for code in names
    ]
    pages = [Page(one, language) for language in chosen for one in runs]
    check(template.notebook, pages[0].parameters, project.allowed)
    whole = set(chosen) == set(project.languages)
    tasks = [_task(project, page, whole) for page in pages]
    tasks += [_list(project, one, names, whole) for one in chosen]
    made = {
        f"{one}/profiles/{name}.html": _built(project, one, name)
        for one in chosen
        for name in (*names, "index")
    }
    if whole:
        tasks.append(_publication(project, made))
    run(tasks, project.build / "profiles.json", jobs, progress)
    listed = [f"{one}/profiles/index.html" for one in chosen]
    return [project.reports / name if whole else made[name] for name in listed]


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


def inputs_digest(project: Project) -> str:
    """Return the SHA-256 of what the profiles depend on."""
    return hashlib.sha256(to_json(project.fingerprint(profile_run(project))).encode()).hexdigest()


def _publication(project: Project, made: Mapping[str, Path]) -> Task:
    """Pages in the build folder, by the name they are published under -> `reports/`."""

    def publish() -> list[Path]:
        record = {
            "files": {name: digest(path) for name, path in made.items()},
            "made_from": inputs_digest(project),
        }
        stale = read_profiles(project.reports).get("files", ())
        new: dict[str, Path | bytes] = {**made, PROFILES: to_json(record).encode()}
        write_together(new, stale, project.reports)
        return [project.reports / name for name in new]

    return task(
        "publish profiles",
        publish,
        inputs=[*made.values(), *PUBLISHING],
        outputs=[project.reports / PROFILES],
        settings=inputs_digest(project),
    )


def _make(project: Project, page: Page, whole: bool) -> list[Path]:
    """Run the notebook for a municipality and write its page, linked to what it lies beside."""
    from bsup_analysis.run.execute import run_notebook
    from bsup_analysis.run.pages import render_page

    folder = project.build / "scratch" / f"profile-{page.language}-{page.run.id}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run_notebook(project, page, folder / "notebook.ipynb", page.parameters)
        record = {"notebook": project.name(page.run.notebook)}
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
        target = _built(project, page.language, page.run.id)
        linked = project.languages if whole else ()
        return render_page(page, folder, target, None, linked, report=whole, profile=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _municipalities(template: Run) -> dict[str, str]:
    """Read code and name of every municipality from the table the notebook reads."""
    table = next((one for one in template.tables if one.stem == "municipality"), None)
    if table is None:
        raise InputError(
            f"study.toml must name the table municipality for {template.notebook.stem}."
        )
    return {row["municipality_code"]: row["municipality_name"] for row in read_rows(table)}


def _built(project: Project, language: str, name: str) -> Path:
    return project.build / "profiles" / language / f"{name}.html"


def _task(project: Project, page: Page, whole: bool) -> Task:
    """Notebook, its tables, the design and the code -> the page of one municipality."""
    return task(
        f"profile {page.key}",
        partial(_make, project, page, whole),
        inputs=[*project.inputs(page.run), *_MAKING],
        outputs=[_built(project, page.language, page.run.id)],
        # the code as one hash: hundreds of files for each of the pages would be slow to record
        settings=(page.parameters, project.fingerprint(page.run)["code"], whole),
    )


def _list(project: Project, language: str, names: Mapping[str, str], whole: bool) -> Task:
    """Names of the municipalities -> the page that lists their profiles."""
    path = _built(project, language, "index")

    def write() -> list[Path]:
        from bsup_analysis.run.pages import render_contents

        contents = path.with_name(CONTENTS)
        write_contents(contents, [{"run": code, "title": name} for code, name in names.items()])
        linked = project.languages if whole else ()
        return render_contents(language, contents, linked, report=whole, profile=True)

    return task(
        f"list of profiles {language}",
        write,
        inputs=_MAKING,
        outputs=[path],
        settings=(dict(names), whole),
    )
