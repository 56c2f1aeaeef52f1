"""The command that measures, on synthetic panels, what the study's tests are worth."""

import os
from pathlib import Path
from typing import Annotated

import typer

from bsup_analysis.commands.report import CORES
from bsup_analysis.errors import InputError


def simulate(
    scenario: Annotated[str, typer.Option(help="Scenarios, separated by commas.")] = "A,B,C,D",
    effect: Annotated[str, typer.Option(help="Rate ratios, separated by commas.")] = "1.0",
    draws: Annotated[int, typer.Option(help="Panels a scenario and effect.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of all draws.")] = 20092012,
    jobs: Annotated[int, typer.Option(min=1, help="Processes on this machine.")] = CORES,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, as tcp://host:8786.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write.")] = None,
) -> None:
    """Draw SYNTHETIC panels with a known effect, and count how often each test rejects."""
    # the matrices are small: threads of the linear algebra only get in each other's way
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from bsup_analysis.simulation.lab import simulate as run
    from bsup_analysis.simulation.outcome import Step
    from bsup_analysis.simulation.region import build_region
    from bsup_analysis.study import read_table

    def told(step: Step) -> None:
        left = "" if step.seconds_left is None else f", {step.seconds_left:.0f} s left"
        typer.echo(step.sentence or f"{step.done} of {step.total} chunks{left}", err=True)

    names = ("municipality", "municipality_year", "group_year", "region_year")
    result = run(
        build_region(*(read_table(name) for name in names)),
        [name.strip() for name in scenario.split(",")],
        _numbers(effect),
        draws,
        seed,
        jobs,
        scheduler,
        out,
        told,
    )
    typer.echo(result.table.to_string(index=False))


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--effect {text}: write ratios, separated by commas.") from None
