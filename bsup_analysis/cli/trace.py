"""Commands that follow numbers back, and compare runs."""

from pathlib import PurePosixPath
from typing import Annotated

import typer

from bsup_analysis import paths


def trace(
    name: Annotated[str, typer.Argument(help="Id of a number or an exhibit, or a table.")],
) -> None:
    """Show the lineage of a number: run, function, tables, rows and pages."""
    from bsup_analysis.errors import InputError
    from bsup_analysis.published.lineage import dependents, lineage
    from bsup_analysis.published.lineage_text import lineage_lines, table_lines
    from bsup_analysis.published.reader import read_published

    published = read_published(paths.reports())
    tables = {one: path for path in published.tables for one in (path, PurePosixPath(path).stem)}
    known = {*published.numbers, *published.manifest["exhibits"]}
    if name in tables and name not in known:
        path = tables[name]
        for line in table_lines(
            path, published.tables[path], dependents(published, path), published
        ):
            typer.echo(line)
        return
    found = lineage(published, name)
    for line in lineage_lines(found, published):
        typer.echo(line)
    changed = found.changed(paths.root())
    if changed:
        raise InputError(
            f"{', '.join(changed)} changed since {name} was published, so this is the lineage of"
            " the published one; run `bsup report`."
        )


def diff(
    old: Annotated[str, typer.Argument(help="A reports folder, a file of it, or a git revision.")],
    new: Annotated[str | None, typer.Argument(help="The same; without it, reports/ here.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Tell every row of a table.")] = False,
) -> None:
    """Tell which numbers and rows differ between two runs.

    Ends with status 0 where nothing differs, with 1 where something does, with 2 in trouble.
    """
    from bsup_analysis.errors import InputError
    from bsup_analysis.published.comparison import compare
    from bsup_analysis.published.comparison_text import difference_lines
    from bsup_analysis.published.snapshot import snapshot

    root = paths.root()
    try:
        found = compare(snapshot(old, root), snapshot(new or str(paths.reports()), root))
    except InputError as error:
        typer.echo(f"bsup: {error}", err=True)
        raise typer.Exit(2) from None
    for line in difference_lines(found, every):
        typer.echo(line)
    raise typer.Exit(1 if found else 0)
