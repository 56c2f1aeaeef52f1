"""Commands that make, check, follow and compare results."""

import os
import sys
import time
from collections.abc import Generator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bsup_analysis import engines, paths
from bsup_analysis.cli.study_project import study_project
from bsup_analysis.errors import InputError
from bsup_analysis.run import adhoc_runs, engine
from bsup_analysis.run.adhoc_runs import Files, Variant
from bsup_analysis.run.engine import Progress, at_work, run
from bsup_analysis.run.graph import graph, make, processed
from bsup_analysis.run.publish import page_path

Language = Annotated[str, typer.Option(help="nb, en or both.")]
Only = Annotated[str | None, typer.Option(help="One notebook, or one run of it.")]
Jobs = Annotated[int, typer.Option(min=1, help="How many at a time on this machine.")]
Scheduler = Annotated[
    str | None, typer.Option(help="Address of a Dask scheduler, as tcp://host:8786.")
]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="key=value; may be repeated.")
]
Boundaries = Annotated[
    Path | None, typer.Option(help="File of municipal borders for the maps, or FILE#LAYER.")
]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _languages(language: str) -> list[str] | None:
    return None if language == "both" else [language]


def report(
    language: Language = "both",
    only: Only = None,
    jobs: Jobs = CORES,
    boundaries: Boundaries = None,
) -> None:
    """Run what has changed and publish the report; of a part of it, write a draft in build/."""
    began = time.monotonic()
    project = study_project(boundaries)
    pages = project.pages(_languages(language), only)
    progress = Progress(sys.stdout)
    complete = project.complete(pages)
    whole = complete == project.languages
    folder = project.reports if whole else project.draft
    if not whole:
        typer.echo(
            f"a draft, in {project.name(folder)}/: nothing is published;"
            " `bsup report` publishes all pages, in all languages"
        )
    with at_work(project):
        make(project, pages, jobs, progress)
    seconds = time.monotonic() - began
    typer.echo(
        f"{len(progress.done)} steps run, {len(progress.skipped)} unchanged, {seconds:.1f} s"
    )
    for one in dict.fromkeys(page.language for page in pages):
        shown = [page_path(folder, page) for page in pages if page.language == one]
        if one in complete:
            name = (*project.documents.names, "html/index.html")[0]
            shown = [folder / one / name]
        for path in shown:
            typer.echo(f"{'report' if whole else 'draft':<8} {path}")


def status(language: Language = "both", only: Only = None) -> None:
    """Tell what is out of date, and why."""
    project = study_project()
    tasks = graph(project, project.pages(_languages(language), only))
    states = engine.status(tasks, project.records, project.name)
    stale = {name: reasons for name, reasons in states.items() if reasons}
    for name, reasons in stale.items():
        typer.echo(f"stale    {name}")
        for reason in reasons:
            typer.echo(f"           {reason}")
    typer.echo(f"{len(stale)} of {len(states)} steps are out of date, or need one that is")


def verify() -> None:
    """Compare raw data, processed tables and published exhibits with their records."""
    from bsup_analysis.design import load_design
    from bsup_analysis.published.reader import Check
    from bsup_analysis.run import verify as verifying
    from bsup_analysis.simulation.schemas import SCHEMAS, differs
    from bsup_analysis.tables import sources
    from bsup_analysis.tables.processed import build_panel
    from bsup_analysis.tables.strict_csv import to_csv

    sealed = {
        f"raw table data/raw/{paths.raw_path(name).name}": sources.hash_differs(name)
        for name in sources.raw_tables()
    }
    sealed |= {f"simulated table data/simulation/{name}.csv": differs(name) for name in SCHEMAS}
    raw = [
        Check(name, difference is None, difference or "is as recorded")
        for name, difference in sealed.items()
    ]
    design = load_design(paths.study_file())
    rebuilt = {
        paths.processed() / f"{name}.csv": to_csv(table).encode()
        for name, table in build_panel(sources.read_source, *design.of_panel).items()
    }
    checks = list(verifying.verify(study_project(), raw, rebuilt))
    for check in checks:
        typer.echo(f"{'agrees' if check.passed else 'DIFFERS'}  {check.name} {check.detail}")
    wrong = sum(not check.passed for check in checks)
    typer.echo(f"{wrong} of {len(checks)} comparisons differ")
    if wrong:
        raise typer.Exit(1)


def notebook(
    name: Annotated[str, typer.Argument(help="A notebook, or a run of the report.")],
    parameter: Parameters = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the result.")] = None,
) -> None:
    """Run one notebook with parameters of your own, beside the report."""
    project = study_project()
    page = adhoc_runs.adhoc_page(project, name, parameter or [])
    folder = adhoc_runs.adhoc_folder(project, page, out)
    with at_work(project):
        run([processed(project)], project.records, 1, Progress(sys.stdout))
        from bsup_analysis.run.execute import execute
        from bsup_analysis.run.pages import render_page

        execute(project, page, folder, project.build / "scratch")
        render_page(page, folder, folder / "page.html")
    typer.echo(f"result   {folder / 'page.html'}")


def profiles(language: Language = "both", jobs: Jobs = CORES) -> None:
    """Make a page for every municipality, and publish them; of one language, in build/ alone."""
    from bsup_analysis.run.profiles import make_profiles

    project, progress = study_project(), Progress(sys.stdout)
    with at_work(project):
        listed = make_profiles(project, _languages(language), jobs, progress)
    typer.echo(f"{len(progress.done)} steps run, {len(progress.skipped)} unchanged")
    for path in listed:
        typer.echo(f"profiles {path}")


def variants(
    notebooks: Annotated[list[str], typer.Argument(help="Notebooks, or runs of the report.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="key=value,value or key=all; may be repeated."),
    ] = None,
    jobs: Jobs = CORES,
    scheduler: Scheduler = None,
    out: Annotated[Path | None, typer.Option(help="Folder, a folder in it a variant.")] = None,
) -> None:
    """Run notebooks with every combination of parameters, beside the report."""
    project = study_project()
    folder = out or project.build / "variants"
    every = adhoc_runs.grid(project, notebooks, parameter or [], folder)
    if scheduler is not None:
        engines.reach(scheduler)
    with at_work(project):
        run([processed(project)], project.records, jobs, Progress(sys.stdout))
        # as the tables are now
        every = adhoc_runs.grid(project, notebooks, parameter or [], folder)
        missing = [one for one in every if not adhoc_runs.is_kept(one)]
        typer.echo(f"{len(every)} variants, {len(every) - len(missing)} of them kept")
        if missing:
            results = _here(missing, jobs)
            if scheduler is not None:
                results = engines.on_cluster(compute, missing, scheduler)
            with closing(results):
                for number, (one, files) in enumerate(results, start=1):
                    adhoc_runs.keep(one, files, project.build / "scratch")
                    typer.echo(f"done     {one.page.run.id}, {number} of {len(missing)}")
        path = adhoc_runs.write_numbers(every, folder)
    typer.echo(f"numbers  {path}")


def compute(variant: Variant) -> Files:
    """Run a variant in the checkout of this process; what every worker calls."""
    return adhoc_runs.run_variant(study_project(), variant)


def _here(missing: list[Variant], jobs: int) -> Generator[tuple[Variant, Files], None, None]:
    with engines.workers(min(jobs, len(missing))) as pool:
        yield from engines.on_machine(compute, missing, pool, jobs)


def trace(
    name: Annotated[str, typer.Argument(help="Id of a number or an exhibit, or a table.")],
) -> None:
    """Show the lineage of a number: run, function, tables, rows and pages."""
    from bsup_analysis.published.lineage import trace_lines
    from bsup_analysis.published.reader import read_published

    for line in trace_lines(read_published(paths.reports()), name, paths.root()):
        typer.echo(line)


def diff(
    old: Annotated[str, typer.Argument(help="A reports folder, a file of it, or a git revision.")],
    new: Annotated[str | None, typer.Argument(help="The same; without it, reports/ here.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Tell every row of a table.")] = False,
) -> None:
    """Tell which numbers and rows differ between two runs.

    Ends with status 0 where nothing differs, with 1 where something does, with 2 in trouble.
    """
    from bsup_analysis.published.comparison import compare, difference_lines, snapshot

    root = paths.root()
    try:
        found = compare(snapshot(old, root), snapshot(new or str(paths.reports()), root))
    except InputError as error:
        typer.echo(f"bsup: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo("\n".join(difference_lines(found, every)))
    raise typer.Exit(1 if found else 0)


def package(
    file: Annotated[
        Path | None, typer.Argument(help="The zip to write; without it, one in dist/.")
    ] = None,
) -> None:
    """Pack the committed study and its published report for replicators, as one zip."""
    from bsup_analysis.published.manifest import PACKAGE
    from bsup_analysis.published.reader import read_edition
    from bsup_analysis.report.content import compose
    from bsup_analysis.run.package import make_package
    from bsup_analysis.run.verify import published

    def labels() -> dict[str, str]:
        documents = compose(read_edition(paths.reports(), "en")).values()
        return {name: label for one in documents for name, label in one.labels.items()}

    name = f"{PACKAGE}-{version(PACKAGE)}-replication.zip"
    path = file or paths.root() / "dist" / name
    number, size = make_package(paths.root(), published(study_project()), labels, path)
    typer.echo(f"package  {path}: {number} files, {size / 1e6:.0f} MB")
