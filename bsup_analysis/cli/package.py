"""The command that makes the replication package."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bsup_analysis import paths


def package(
    file: Annotated[
        Path | None, typer.Argument(help="The zip to write; without it, one in dist/.")
    ] = None,
) -> None:
    """Pack the committed study and its published report for replicators, as one zip."""
    from bsup_analysis.cli.project import study_project
    from bsup_analysis.pipeline.verify import published
    from bsup_analysis.published.manifest import PACKAGE
    from bsup_analysis.published.package import make_package
    from bsup_analysis.published.reader import read_edition, read_published
    from bsup_analysis.report.content import compose
    from bsup_analysis.report.finding import generated

    def labels() -> dict[str, str]:
        return compose(read_edition(paths.reports(), "en")).labels

    def renewed(text: str) -> str:
        return generated(text, read_published(paths.reports()))

    name = f"{PACKAGE}-{version(PACKAGE)}-replication.zip"
    checks, path = published(study_project()), file or paths.root() / "dist" / name
    made = make_package(paths.root(), checks, labels, renewed, path)
    typer.echo(f"package  {made.path}: {made.files} files, {made.size / 1e6:.0f} MB")
