"""The command that runs notebooks over a grid of parameters, here or on a cluster."""

import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from bsup_analysis import engines
from bsup_analysis.cli.project import study_project
from bsup_analysis.cli.report import CORES
from bsup_analysis.pipeline.engine import run
from bsup_analysis.pipeline.graph import processed, records
from bsup_analysis.pipeline.lock import at_work
from bsup_analysis.pipeline.progress import Progress
from bsup_analysis.pipeline.variant import Files, Variant, is_kept, keep, make
from bsup_analysis.pipeline.variants import grid, write_numbers

Results = Generator[tuple[Variant, Files], None, None]


def variants(
    notebooks: Annotated[list[str], typer.Argument(help="Notebooks, or runs of the report.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="key=value,value or key=all; may be repeated."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Variants at a time on this machine.")] = CORES,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, as tcp://host:8786.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder, a folder in it a variant.")] = None,
) -> None:
    """Run notebooks with every combination of parameters, beside the report."""
    project = study_project()
    folder = project.build / "variants" if out is None else out
    every = grid(project, notebooks, parameter or [], folder)
    if scheduler is not None:
        engines.reach(scheduler)
    with at_work(project):
        run([processed(project)], records(project), jobs, Progress(sys.stdout))
        every = grid(project, notebooks, parameter or [], folder)  # as the tables are now
        missing = [one for one in every if not is_kept(one)]
        typer.echo(f"{len(every)} variants, {len(every) - len(missing)} of them kept")
        if missing:
            results = (
                _here(missing, jobs)
                if scheduler is None
                else engines.on_cluster(compute, missing, scheduler)
            )
            with closing(results):
                for number, (one, files) in enumerate(results, start=1):
                    keep(one, files)
                    typer.echo(f"done     {one.page.run.id}, {number} of {len(missing)}")
        path = write_numbers(every, folder)
    typer.echo(f"numbers  {path}")


def compute(variant: Variant) -> Files:
    """Run a variant in the checkout of this process; what every worker calls."""
    return make(study_project(), variant)


def _here(missing: list[Variant], jobs: int) -> Results:
    with engines.workers(min(jobs, len(missing))) as pool:
        yield from engines.on_machine(compute, missing, pool, jobs)
