"""The command `bsup`: it puts the pipeline and the study together and talks to the reader.

Imports of pandas, papermill and Jupyter stand inside the functions that need them, so that a
command with nothing to do ends at once.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.pipeline.engine import run, status
from bsup_analysis.pipeline.graph import graph, make, processed, records
from bsup_analysis.pipeline.progress import Progress
from bsup_analysis.pipeline.project import Page, Project, Run, Step, code_of
from bsup_analysis.pipeline.publish import kept_pages
from bsup_analysis.pipeline.session import Interrupted, at_work

app = typer.Typer(
    name="bsup",
    help="Run the study of the housing-social programme in Midt-Norge, 2009-2012.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Language = Annotated[str, typer.Option(help="nb, en or both.")]
Only = Annotated[str | None, typer.Option(help="One notebook, or one run of it.")]
Jobs = Annotated[int, typer.Option(min=1, help="Notebooks at a time.")]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def study_project() -> Project:
    """Describe the study to the pipeline.

    Raises
    ------
    InputError
        If `study.toml` is refused, or names a table that does not exist.
    """
    from bsup_analysis.design import load_design
    from bsup_analysis.panel import INPUTS, OUTPUTS

    def build() -> list[Path]:
        from bsup_analysis.codebook import write_codebook
        from bsup_analysis.panel.making import write_processed
        from bsup_analysis.sources import read_source

        return [*write_processed(read_source), write_codebook()]

    made = {name: paths.processed() / f"{name}.csv" for name in OUTPUTS}
    design = load_design(paths.study_file())
    raw = [paths.table_path(name) for name in INPUTS]
    records = sorted(paths.raw().glob("*.provenance.toml"))
    codebook = paths.raw().parent / "README.md"
    return Project(
        root=paths.root(),
        runs=tuple(
            Run(
                id=one.id,
                notebook=paths.notebooks() / f"{notebook.name}.ipynb",
                tables=tuple(made.get(t) or paths.table_path(t) for t in notebook.tables),
                parameters=one.parameters,
            )
            for notebook in design.notebooks
            for one in notebook.runs
        ),
        allowed={name: tuple(p.allowed) for name, p in design.parameters.items()},
        processed=Step((*raw, *records), (*made.values(), codebook), build),
        design=(paths.study_file(), paths.root() / "requirements.lock"),
        code=code_of(Path(__file__).parent),
    )


def _pages(project: Project, language: str, only: str | None) -> list[Page]:
    return project.pages(None if language == "both" else [language], only)


@app.command()
def report(language: Language = "both", only: Only = None, jobs: Jobs = CORES) -> None:
    """Run what has changed and publish the report."""
    began = time.monotonic()
    project = study_project()
    pages = _pages(project, language, only)
    progress = Progress(sys.stdout)
    with at_work(project):
        make(project, pages, jobs, progress)
    for key, entry in kept_pages(project, pages).items():
        if entry["outdated"]:
            typer.echo(f"kept     {key}, made from earlier data or code; `bsup report` renews it")
    if progress.done and len(pages) == len(project.pages()):
        from bsup_analysis.readme import write_readme

        write_readme()
    seconds = time.monotonic() - began
    typer.echo(
        f"{len(progress.done)} steps run, {len(progress.skipped)} unchanged, {seconds:.1f} s"
    )
    for one in dict.fromkeys(page.language for page in pages):
        typer.echo(f"report   {project.reports / one / 'html' / 'index.html'}")


@app.command(name="status")
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


@app.command(name="verify")
def show_verify() -> None:
    """Compare raw data, processed tables and published exhibits with their records."""
    from bsup_analysis.panel.making import build_panel
    from bsup_analysis.pipeline.verify import Check, verify
    from bsup_analysis.sources import provenance, read_source
    from bsup_analysis.tables import to_csv

    project = study_project()
    raw = [
        Check(f"raw table data/raw/{name}.csv", difference is None, difference or "is as recorded")
        for name in provenance.raw_tables()
        for difference in [provenance.hash_differs(name)]
    ]
    rebuilt = {
        paths.processed() / f"{name}.csv": to_csv(table).encode()
        for name, table in build_panel(read_source).items()
    }
    checks = list(verify(project, raw, rebuilt))
    for check in checks:
        typer.echo(f"{'agrees' if check.passed else 'DIFFERS'}  {check.name} {check.detail}")
    wrong = sum(not check.passed for check in checks)
    typer.echo(f"{wrong} of {len(checks)} comparisons differ")
    if wrong:
        raise typer.Exit(1)


@app.command()
def notebook(
    name: Annotated[str, typer.Argument(help="A notebook, or a run of the report.")],
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="key=value; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the result.")] = None,
) -> None:
    """Run one notebook with parameters of your own, beside the report."""
    from bsup_analysis.pipeline.own import own_folder, own_page

    project = study_project()
    page = own_page(project, name, parameter or [])
    folder = own_folder(project, page, out)
    with at_work(project):
        run([processed(project)], records(project), 1, Progress(sys.stdout))
        from bsup_analysis.pipeline.execute import execute
        from bsup_analysis.pipeline.render import render_page

        execute(project, page, folder, folder.parent)
        render_page(page, folder, None)
    typer.echo(f"result   {folder / 'page.html'}")


@app.command()
def seal(table: Annotated[str, typer.Argument(help="Name of a raw table.")]) -> None:
    """Record the present content of a raw table, after a deliberate edit."""
    from bsup_analysis.sources import provenance

    typer.echo(f"sealed   {provenance.seal(table)}")


@app.command()
def codebook() -> None:
    """Write data/README.md from the schemas and the provenance records."""
    from bsup_analysis.codebook import write_codebook

    typer.echo(f"written  {write_codebook()}")


def main() -> None:
    """Run the command; what the reader can set right ends in one sentence and status 1."""
    # a request to end is an interruption like any other
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except InputError as error:
        typer.echo(f"bsup: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        typer.echo(f"bsup: {error.strerror or error} ({error.filename}).", err=True)
        sys.exit(1)
    except Interrupted:
        typer.echo("bsup: interrupted; what was finished is kept, run again to go on.", err=True)
        sys.exit(130)
