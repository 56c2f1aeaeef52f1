"""What a run will take, measured on a few draws before it begins."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from bsup_analysis.simulation.trial import RESULT, ROWS, Task, run

_PILOT_DRAWS = 16
_ARRAYS = 16  # arrays of years^2 numbers a refit that live at once in the jackknife; tested
_PROCESS_BYTES = 150_000_000  # Python with numpy, scipy and statsmodels


@dataclass(frozen=True)
class Estimate:
    """Cost of the chunks that are not stored yet.

    Attributes
    ----------
    draws
        Panels to be drawn and tested.
    seconds
        Time on this machine with these jobs.
    memory_bytes
        Memory at its highest, all processes together; does not depend on the number of draws.
    disk_bytes
        Size of the chunks to be stored.
    """

    draws: int
    seconds: float
    memory_bytes: int
    disk_bytes: int

    @property
    def sentence(self) -> str:
        """The estimate in words."""
        return (
            f"{self.draws} panels to draw and test: about {duration(self.seconds)}, "
            f"{self.memory_bytes / 1e9:.1f} GB of memory, {self.disk_bytes / 1e6:.1f} MB of disk"
        )


def duration(seconds: float) -> str:
    """Say a time as a reader would."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{max(1, round(seconds))} seconds"


def block_bytes(clusters: int, years: int) -> int:
    """Memory that the refits of one block take at their highest."""
    return max(ROWS, clusters) * years * years * 8 * _ARRAYS


def disk_bytes(draws: int) -> int:
    """Size of the stored chunks of so many draws."""
    return draws * RESULT.itemsize


def estimate(task: Task, draws: int, jobs: int) -> Estimate:
    """Time a few draws and scale them up.

    Parameters
    ----------
    task
        One of the chunks.
    draws
        Panels to be drawn in all.
    jobs
        Processes that share the work.
    """
    run(replace(task, count=1))  # what is computed once is not counted
    pilot = min(_PILOT_DRAWS, max(1, ROWS // len(task.region.codes)))
    began = time.perf_counter()
    run(replace(task, count=pilot))
    seconds = (time.perf_counter() - began) / pilot * draws / jobs
    refits = block_bytes(len(task.region.codes), len(task.treated_years))
    kept = task.count * RESULT.itemsize
    return Estimate(
        draws, seconds, jobs * (_PROCESS_BYTES + refits + kept), draws * RESULT.itemsize
    )
