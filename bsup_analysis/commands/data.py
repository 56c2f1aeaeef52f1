"""Commands that bring data in, and keep their records."""

from typing import Annotated

import typer


def seal(table: Annotated[str, typer.Argument(help="Name of a raw table.")]) -> None:
    """Record the present content of a raw table, after a deliberate edit."""
    from bsup_analysis.sources import provenance

    typer.echo(f"sealed   {provenance.seal(table)}")


def codebook() -> None:
    """Write data/README.md from the schemas and the provenance records."""
    from bsup_analysis.codebook import write_codebook

    typer.echo(f"written  {write_codebook()}")
