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
    from bsup_analysis.pipeline.manifest import PACKAGE
    from bsup_analysis.replication.package import make_package
    from bsup_analysis.report.content import compose
    from bsup_analysis.report.published import read_published

    def labels() -> dict[str, str]:
        return compose(read_published(paths.root(), "en")).labels

    name = f"{PACKAGE}-{version(PACKAGE)}-replication.zip"
    made = make_package(study_project(), labels, file or paths.root() / "dist" / name)
    typer.echo(f"package  {made.path}: {made.files} files, {made.size / 1e6:.0f} MB")
