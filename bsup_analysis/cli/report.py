"""Commands that make the report, and tell of it."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from bsup_analysis import paths
from bsup_analysis.cli.project import study_project
from bsup_analysis.pipeline.engine import run, status
from bsup_analysis.pipeline.graph import graph, make, processed, records
from bsup_analysis.pipeline.lock import at_work
from bsup_analysis.pipeline.progress import Progress
from bsup_analysis.pipeline.project import Page, Project
from bsup_analysis.pipeline.publish import page_path

Language = Annotated[str, typer.Option(help="nb, en or both.")]
Only = Annotated[str | None, typer.Option(help="One notebook, or one run of it.")]
Jobs = Annotated[int, typer.Option(min=1, help="Notebooks at a time.")]
Boundaries = Annotated[
    Path | None, typer.Option(help="GeoJSON or GeoPackage with a municipality code, for the maps.")
]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pages(project: Project, language: str, only: str | None) -> list[Page]:
    return project.pages(None if language == "both" else [language], only)


def report(
    language: Language = "both",
    only: Only = None,
    jobs: Jobs = CORES,
    boundaries: Boundaries = None,
) -> None:
    """Run what has changed and publish the report; of a part of it, write a draft in build/."""
    began = time.monotonic()
    project = study_project(boundaries)
    pages = _pages(project, language, only)
    progress = Progress(sys.stdout)
    with at_work(project):
        make(project, pages, jobs, progress)
    seconds = time.monotonic() - began
    typer.echo(
        f"{len(progress.done)} steps run, {len(progress.skipped)} unchanged, {seconds:.1f} s"
    )
    complete = project.complete(pages)
    whole = complete == project.languages
    folder = project.reports if whole else project.draft
    if not whole:
        typer.echo("nothing is published: `bsup report` publishes all pages, in all languages")
    for one in dict.fromkeys(page.language for page in pages):
        shown = [page_path(folder, page) for page in pages if page.language == one]
        if one in complete:
            name = (*project.documents.names, "html/index.html")[0]
            shown = [folder / one / name]
        for path in shown:
            typer.echo(f"{'report' if whole else 'draft':<8} {path}")


def show_status(language: Language = "both", only: Only = None) -> None:
    """Tell what is out of date, and why."""
    project = study_project()
    tasks = graph(project, _pages(project, language, only))
    states = status(tasks, records(project), project.name)
    for state in states:
        if state.stale:
            typer.echo(f"stale    {state.name}")
            for reason in state.reasons:
                typer.echo(f"           {reason}")
    stale = sum(state.stale for state in states)
    typer.echo(f"{stale} of {len(states)} steps are out of date, or need one that is")


def show_verify() -> None:
    """Compare raw data, processed tables and published exhibits with their records."""
    from bsup_analysis.design import load_design
    from bsup_analysis.pipeline.verify import verify
    from bsup_analysis.published.reader import Check
    from bsup_analysis.simulation.schemas import SCHEMAS, differs
    from bsup_analysis.tables import sources
    from bsup_analysis.tables.processed import build_panel
    from bsup_analysis.tables.strict_csv import to_csv

    project = study_project()
    raw = [
        Check(f"raw table data/raw/{name}.csv", difference is None, difference or "is as recorded")
        for name in sources.raw_tables()
        for difference in [sources.hash_differs(name)]
    ]
    raw += [
        Check(f"simulated table data/simulation/{name}.csv", told is None, told or "is as recorded")
        for name in SCHEMAS
        for told in [differs(name)]
    ]
    readings = load_design(paths.study_file()).readings
    rebuilt = {
        paths.processed() / f"{name}.csv": to_csv(table).encode()
        for name, table in build_panel(sources.read_source, *readings.of_panel).items()
    }
    checks = list(verify(project, raw, rebuilt))
    for check in checks:
        typer.echo(f"{'agrees' if check.passed else 'DIFFERS'}  {check.name} {check.detail}")
    wrong = sum(not check.passed for check in checks)
    typer.echo(f"{wrong} of {len(checks)} comparisons differ")
    if wrong:
        raise typer.Exit(1)


def notebook(
    name: Annotated[str, typer.Argument(help="A notebook, or a run of the report.")],
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="key=value; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the result.")] = None,
) -> None:
    """Run one notebook with parameters of your own, beside the report."""
    from bsup_analysis.pipeline.adhoc_run import adhoc_folder, adhoc_page

    project = study_project()
    page = adhoc_page(project, name, parameter or [])
    folder = adhoc_folder(project, page, out)
    with at_work(project):
        run([processed(project)], records(project), 1, Progress(sys.stdout))
        from bsup_analysis.pipeline.execute import execute
        from bsup_analysis.pipeline.render import render_page

        execute(project, page, folder, folder.parent)
        render_page(page, folder, folder / "page.html")
    typer.echo(f"result   {folder / 'page.html'}")


def profiles(language: Language = "both", jobs: Jobs = CORES) -> None:
    """Make a page for every municipality, and publish them; of one language, in build/ alone."""
    from bsup_analysis.pipeline.profiles import make_profiles

    project, progress = study_project(), Progress(sys.stdout)
    with at_work(project):
        listed = make_profiles(project, None if language == "both" else [language], jobs, progress)
    typer.echo(f"{len(progress.done)} steps run, {len(progress.skipped)} unchanged")
    for path in listed:
        typer.echo(f"profiles {path}")
