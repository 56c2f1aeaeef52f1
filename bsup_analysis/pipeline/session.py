"""What surrounds a run: only one at a time, order after one that was killed, a clean end."""

import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bsup_analysis.errors import InputError
from bsup_analysis.pipeline.project import Project
from bsup_analysis.pipeline.publish import undo_folder
from bsup_analysis.pipeline.swap import BUSY, recover


class Interrupted(Exception):  # noqa: N818 - the reader's wish, not an error
    """The reader broke the run off; kernels are gone and what was finished is kept."""


@contextmanager
def at_work(project: Project) -> Iterator[None]:
    """Be the only run in the checkout, and leave it in order however the run ends.

    A publication that a killed run left half done is undone first.

    Raises
    ------
    InputError
        If another run is at work.
    Interrupted
        If the reader interrupts this one.
    """
    with only_one(project.build / "lock"):
        recover(project.reports, undo_folder(project))
        shutil.rmtree(project.build / "scratch", ignore_errors=True)
        try:
            yield
        except KeyboardInterrupt:
            _end_kernels()
            with BUSY:
                raise Interrupted from None
        finally:
            _end_kernels()


def _end_kernels() -> None:
    """End the kernels; only a run that came to a notebook has loaded Jupyter."""
    kernel = sys.modules.get("bsup_analysis.pipeline.kernel")
    if kernel is not None:
        kernel.kill_all()


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock at `path`.

    A SQLite transaction serves as the lock: it works alike on Linux, macOS and Windows, and the
    system lets go of it when the process ends, however it ends.

    Raises
    ------
    InputError
        If another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise InputError(
                    "another bsup is at work in this checkout; wait for it to end, then run again."
                ) from None
            raise InputError(f"{path} cannot be used as a lock: {error}.") from None
        yield
