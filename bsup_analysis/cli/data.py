"""Commands that bring data in and keep their records, and that draw SYNTHETIC data."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bsup_analysis.cli.reports import CORES, Jobs, Scheduler
from bsup_analysis.errors import InputError
from bsup_analysis.run.engine import Interrupted

if TYPE_CHECKING:
    from bsup_analysis.simulation.runner import Estimate, Step

SetAside = Annotated[
    list[str] | None, typer.Option(help="divided or unknown: set such rows aside.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what is understood, write no municipal table.")
]
LONG_SECONDS = 900  # a run that is estimated to take longer asks first
CHOICES = ("scenario", "effect", "draws", "seed", "out")


def seal(table: Annotated[str, typer.Argument(help="Name of a raw table.")]) -> None:
    """Record the present content of a raw table, after a deliberate edit."""
    from bsup_analysis.tables import sources

    typer.echo(f"sealed   {sources.seal(table)}")


def codebook() -> None:
    """Write data/README.md from the schemas and the provenance records."""
    from bsup_analysis.tables.codebook import write_codebook

    typer.echo(f"written  {write_codebook()}")


def import_(
    file: Annotated[Path, typer.Argument(help="CSV, Excel (xlsx) or Parquet.")],
    definition: Annotated[
        str | None, typer.Option(help="What is counted: loans or approved_dwellings.")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="role=header; may be repeated.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook with several.")] = None,
    codes_of: Annotated[
        int | None, typer.Option(help="Year whose municipality codes the file uses.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="comma or point, where unclear.")] = None,
    set_aside: SetAside = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Header of a column to leave out; may be repeated.")
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="A word, mark or name asked about that is harmless; may be repeated."),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Bring a table of start loans by municipality and year, compared with what is published."""
    from bsup_analysis.municipal_import.importing import import_file
    from bsup_analysis.municipal_import.layout import mapping_of
    from bsup_analysis.municipal_import.municipalities import reference

    result = import_file(
        file,
        reference(),
        definition=definition,
        mapping=mapping_of(mapping or []),
        sheet=sheet,
        codes_of=codes_of,
        decimal=decimal,
        set_aside=set_aside or (),
        ignore=ignore or (),
        accept=accept or (),
        dry_run=dry_run,
    )
    typer.echo("\n".join(result.lines()))


def fetch(
    what: Annotated[str, typer.Argument(help="husbanken, startlaan or population.")],
    word: Annotated[str, typer.Argument(help="For husbanken --list: what to look for.")] = "",
    years: Annotated[str, typer.Option(help="First and last year.")] = "2005-2014",
    contents: Annotated[str | None, typer.Option(help="Content code of the table.")] = None,
    population_contents: Annotated[
        str | None, typer.Option(help="Content code of the population table, for startlaan.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again for what is stored.")] = False,
    out: Annotated[Path | None, typer.Option(help="CSV file to write.")] = None,
    definition: Annotated[
        str | None, typer.Option(help="For startlaan: approved_dwellings, once you have looked.")
    ] = None,
    set_aside: SetAside = None,
    dry_run: DryRun = False,
    listing: Annotated[
        bool, typer.Option("--list", help="For husbanken: tables, fields, measures; no table.")
    ] = False,
    count: Annotated[
        str | None, typer.Option(help="For husbanken: measure of the number of loans.")
    ] = None,
    amount: Annotated[
        str | None, typer.Option(help="For husbanken: measure of the amount in NOK.")
    ] = None,
    address: Annotated[str | None, typer.Option(help="For husbanken: another server.")] = None,
    app: Annotated[str | None, typer.Option(help="For husbanken: another app's id.")] = None,
) -> None:
    """Read a table of Husbanken or Statistics Norway, and keep each answer as it came.

    Start loans become the municipal table of the study, in the borders of 2009.
    """
    from bsup_analysis import paths
    from bsup_analysis.files import write_aside
    from bsup_analysis.municipal_import.importing import import_fetched, import_file
    from bsup_analysis.municipal_import.municipalities import reference
    from bsup_analysis.statbank import Client, Limits, fetch_population, fetch_startlaan, husbanken
    from bsup_analysis.statbank.qlik import Engine
    from bsup_analysis.tables.strict_csv import to_csv

    first, _, last = years.partition("-")
    try:
        span = list(range(int(first), int(last or first) + 1))
    except ValueError:
        span = []
    if not span:
        raise InputError(f"--years {years}: write the first and the last year, as in 2005-2014.")
    aside = set_aside or ()
    chosen: dict[str, Any] = {"definition": definition, "set_aside": aside, "dry_run": dry_run}
    if what == "husbanken":
        server = address or husbanken.ADDRESS, app or husbanken.APP
        engine = Engine(*server, Limits(), typer.echo)
        if listing:
            typer.echo("\n".join(husbanken.contents(engine).lines(word)))
            return
        brought = husbanken.fetch_husbanken(span, engine, count, amount)
        path = out or paths.root() / "data" / "municipal" / "husbanken" / "start_loans.csv"
        write_aside(path.with_suffix(".answer.jsonl"), brought.answer)
        write_aside(path, to_csv(brought.table))
        result = import_file(path, reference(), **chosen, origin=brought)
        typer.echo("\n".join([*brought.notes, *result.lines()]))
        return
    client = Client(fresh=fresh, progress=typer.echo)
    if what == "population":
        found = fetch_population(span, client, contents=contents)
    elif what == "startlaan":
        found = fetch_startlaan(
            span, client, contents=contents, population_contents=population_contents
        )
    else:
        raise InputError(
            f"there is no table {what!r} to fetch; there are husbanken, startlaan, population."
        )
    path = out or paths.root() / "data" / "municipal" / "ssb" / f"{what}.csv"
    write_aside(path, to_csv(found.table))
    typer.echo("\n".join(found.notes))
    typer.echo(f"written  {path}: {len(found.table)} rows, {len(found.set_aside)} set aside")
    if what == "startlaan":
        result = import_fetched(found, path.name, reference(), **chosen)
        typer.echo("\n".join(result.lines()))


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder the file is written to.")],
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 1,
    effect: Annotated[
        float | None, typer.Option(help="Rate ratio from 2010; without it, as published.")
    ] = None,
    dispersion: Annotated[float, typer.Option(help="Variance divided by mean.")] = 2.0,
    noise: Annotated[float, typer.Option(help="Spread of log average loans.")] = 0.2,
) -> None:
    """Write a SYNTHETIC panel that nobody can take for data, to try a notebook or a program on."""
    from bsup_analysis.municipal_import.demo import (
        DemoParameters,
        calibration,
        demo_panel,
        write_demo,
    )
    from bsup_analysis.study import read_table

    tables = [read_table(name) for name in ("group_year", "municipality_year", "region_year")]
    parameters = DemoParameters(seed, effect, dispersion, noise)
    panel = demo_panel(calibration(*tables), parameters)
    typer.echo(f"written  {write_demo(panel, parameters, folder)} (synthetic)")


def simulate(
    context: typer.Context,
    scenario: Annotated[str, typer.Option(help="Scenarios, separated by commas.")] = "A,B,C,D",
    effect: Annotated[str, typer.Option(help="Rate ratios, separated by commas.")] = "1.0",
    draws: Annotated[int, typer.Option(help="Panels a scenario and effect.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of all draws.")] = 20092012,
    jobs: Jobs = CORES,
    scheduler: Scheduler = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write.")] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Make the results that notebook 06 reads anew.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Begin a long run without asking.")] = False,
) -> None:
    """Draw SYNTHETIC panels with a known effect, and count how often each test rejects."""
    sources = {name: context.get_parameter_source(name) for name in CHOICES}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    if store and given:
        raise InputError(f"--store makes what the design says; leave out --{given[0]}.")
    try:
        effects = [float(part) for part in effect.split(",")]
    except ValueError:
        raise InputError(f"--effect {effect}: write ratios, separated by commas.") from None
    # the matrices are small: threads of the linear algebra only get in each other's way
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from bsup_analysis.simulation import results, runner
    from bsup_analysis.simulation.generator import build_region
    from bsup_analysis.study import read_table

    def agree(cost: "Estimate") -> None:
        """Ask before a long run, where there is somebody to ask."""
        if yes or cost.seconds <= LONG_SECONDS:
            return
        if not sys.stdin.isatty():
            raise InputError("This is a long run; nothing was begun. Say --yes to run it.")
        if not typer.confirm("This is a long run. Begin?", err=True):
            raise InputError("Nothing was begun; fewer --draws take less.")

    names = ("municipality", "municipality_year", "group_year", "region_year")
    region = build_region(*map(read_table, names))
    try:
        if store:
            made = results.store_results(region, jobs, _step, scheduler=scheduler, agree=agree)
            for path in made:
                typer.echo(f"stored   {path}")
            return
        scenarios = [name.strip() for name in scenario.split(",")]
        found = runner.simulate(
            region, scenarios, effects, draws, seed, jobs, scheduler, out, _step, agree=agree
        )
        typer.echo(found.table.to_string(index=False))
    except KeyboardInterrupt:
        raise Interrupted from None


def _step(step: "Step") -> None:
    left = "" if step.seconds_left is None else f", {step.seconds_left:.0f} s left"
    typer.echo(step.sentence or f"{step.done} of {step.total} chunks{left}", err=True)
