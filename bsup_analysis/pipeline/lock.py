"""What surrounds a run: only one at a time, order after one that was killed, a clean end."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bsup_analysis.files import only_one
from bsup_analysis.pipeline.project import Project
from bsup_analysis.published.atomic_publish import BUSY, lock_of, recover


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
    with only_one(lock_of(project.root)):
        recover(project.reports)
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
    kernel = sys.modules.get("bsup_analysis.pipeline.warm_kernels")
    if kernel is not None:
        kernel.kill_all()
