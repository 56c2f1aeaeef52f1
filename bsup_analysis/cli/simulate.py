"""The command that measures, on synthetic panels, what the study's tests are worth."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsup_analysis.cli.report import CORES
from bsup_analysis.errors import InputError
from bsup_analysis.pipeline.lock import Interrupted

if TYPE_CHECKING:
    from bsup_analysis.simulation.generator import Region
    from bsup_analysis.simulation.runner import Estimate, Step

LONG_SECONDS = 900  # a run that is estimated to take longer asks first
CHOICES = ("scenario", "effect", "draws", "seed", "out")


def simulate(
    context: typer.Context,
    scenario: Annotated[str, typer.Option(help="Scenarios, separated by commas.")] = "A,B,C,D",
    effect: Annotated[str, typer.Option(help="Rate ratios, separated by commas.")] = "1.0",
    draws: Annotated[int, typer.Option(help="Panels a scenario and effect.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of all draws.")] = 20092012,
    jobs: Annotated[int, typer.Option(min=1, help="Processes on this machine.")] = CORES,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, as tcp://host:8786.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write.")] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Make the results that notebook 06 reads anew.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Begin a long run without asking.")] = False,
) -> None:
    """Draw SYNTHETIC panels with a known effect, and count how often each test rejects."""
    given = [name for name in CHOICES if _was_given(context, name)]
    if store and given:
        raise InputError(f"--store makes what the design says; leave out --{given[0]}.")
    # the matrices are small: threads of the linear algebra only get in each other's way
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        if store:
            _store(jobs, scheduler, yes)
        else:
            _simulate(scenario, _numbers(effect), draws, seed, jobs, scheduler, out, yes)
    except KeyboardInterrupt:
        raise Interrupted from None


def _simulate(
    scenario: str,
    effects: list[float],
    draws: int,
    seed: int,
    jobs: int,
    scheduler: str | None,
    out: Path | None,
    yes: bool,
) -> None:
    from bsup_analysis.simulation.runner import simulate as run

    names = [name.strip() for name in scenario.split(",")]
    result = run(
        _region(),
        names,
        effects,
        draws,
        seed,
        jobs,
        scheduler,
        out,
        _told,
        agree=lambda cost: _agree(cost, yes),
    )
    typer.echo(result.table.to_string(index=False))


def _store(jobs: int, scheduler: str | None, yes: bool) -> None:
    from bsup_analysis.simulation.results import store_results

    for path in store_results(
        _region(), jobs, _told, scheduler=scheduler, agree=lambda cost: _agree(cost, yes)
    ):
        typer.echo(f"stored   {path}")


def _region() -> "Region":
    from bsup_analysis.simulation.generator import build_region
    from bsup_analysis.study import read_table

    names = ("municipality", "municipality_year", "group_year", "region_year")
    return build_region(*(read_table(name) for name in names))


def _told(step: "Step") -> None:
    left = "" if step.seconds_left is None else f", {step.seconds_left:.0f} s left"
    typer.echo(step.sentence or f"{step.done} of {step.total} chunks{left}", err=True)


def _agree(cost: "Estimate", yes: bool) -> None:
    """Ask before a long run, where there is somebody to ask."""
    if yes or cost.seconds <= LONG_SECONDS:
        return
    if not sys.stdin.isatty():
        raise InputError("This is a long run; nothing was begun. Say --yes to run it.")
    if not typer.confirm("This is a long run. Begin?", err=True):
        raise InputError("Nothing was begun; fewer --draws take less.")


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--effect {text}: write ratios, separated by commas.") from None
