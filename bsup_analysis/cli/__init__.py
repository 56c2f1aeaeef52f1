"""The command `bsup`: each module puts rooms together and talks to the reader.

Imports of pandas, papermill and Jupyter stand inside the functions that need them, so that a
command with nothing to do ends at once.
"""

import io
import locale
import signal
import sys
from contextlib import suppress
from typing import Annotated

import typer

from bsup_analysis import __version__, paths
from bsup_analysis.cli import data, reports
from bsup_analysis.errors import InputError
from bsup_analysis.files import clear_aside, repair
from bsup_analysis.run.engine import Interrupted

app = typer.Typer(
    name="bsup",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    *(reports.report, reports.status, reports.verify, reports.notebook, reports.profiles),
    *(reports.variants, reports.trace, reports.diff, reports.package),
    *(data.seal, data.codebook, data.import_, data.fetch, data.demo, data.simulate),
):
    app.command(command.__name__.rstrip("_"))(command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bsup {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Run the study of the social housing programme in Midt-Norge, 2009-2012."""
    clear_aside(paths.root())  # what a killed command left
    for folder in (paths.reports(), paths.municipal()):
        repair(folder, paths.root())


def main() -> None:
    """Run the command; what the reader can set right ends in one sentence and status 1."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a console or file that has not every letter
        sys.stdout.reconfigure(errors="backslashreplace")
    with suppress(locale.Error):  # in Turkish GDAL finds its own settings out of order, and says so
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    # a request to end, or the end of the terminal, is an interruption like any other
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, signal.default_int_handler)
    try:
        app()
    except InputError as error:
        typer.echo(f"bsup: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        typer.echo(f"bsup: {error.strerror or error}{where}.", err=True)
        sys.exit(1)
    except Interrupted:
        typer.echo("bsup: interrupted; what was finished is kept, run again to go on.", err=True)
        sys.exit(130)
