"""What the reader sees while tasks run: live on a terminal, plain lines elsewhere.

The class has the methods doit calls on a reporter; some are called from worker threads.
"""

import threading
import time
from typing import Any, TextIO

from doit.exceptions import BaseFail, UnmetDependency
from doit.task import Task


class Progress:
    """Counts and shows the tasks of one run.

    Attributes
    ----------
    done, skipped
        Names of the tasks that ran and of those that were up to date, in that order.
    failures
        What went wrong in each task that could not be done; `message` is a sentence.
    """

    def __init__(self, stream: TextIO) -> None:
        self.done: list[str] = []
        self.skipped: list[str] = []
        self.failures: list[BaseFail] = []
        self._stream = stream
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}
        self._bars: Any = None
        self._rows: dict[str, Any] = {}

    def execute_task(self, task: Task) -> None:
        """Show that a task has begun."""
        with self._lock:
            self._started[task.name] = time.monotonic()
            self._say("running", task.name)

    def add_success(self, task: Task) -> None:
        """Show that a task has ended well."""
        with self._lock:
            self.done.append(task.name)
            seconds = time.monotonic() - self._started.pop(task.name)
            self._say("done", task.name, seconds)

    def skip_uptodate(self, task: Task) -> None:
        """Note that a task has nothing to do."""
        with self._lock:
            if task.name not in (*self.done, *self.skipped):
                self.skipped.append(task.name)

    def add_failure(self, task: Task, fail: BaseFail) -> None:
        """Keep the sentence of a task that failed."""
        with self._lock:
            if not isinstance(fail, UnmetDependency):
                self.failures.append(fail)
            if self._started.pop(task.name, None) is not None:
                self._say("stopped", task.name)

    def complete_run(self) -> None:
        """Take the live display down."""
        with self._lock:
            if self._bars is not None:
                self._bars.stop()
                self._bars = None

    def runtime_error(self, msg: str) -> None:
        """Keep what doit itself has to say."""
        self.failures.append(BaseFail(msg))

    def cleanup_error(self, exception: BaseFail) -> None:
        """Keep what went wrong in taking down; no task here takes anything down."""
        self.failures.append(exception)

    def get_status(self, task: Task) -> None:
        """Nothing is shown when a task is looked at."""

    skip_ignore = teardown_task = get_status

    def _say(self, verb: str, name: str, seconds: float | None = None) -> None:
        """Print a line; on a terminal what runs stays at the foot, with a spinner and its time."""
        line = f"{verb:<8} {name}" + ("" if seconds is None else f", {seconds:.1f} s")
        if not self._stream.isatty():
            self._stream.write(f"{line}\n")
            self._stream.flush()
            return
        bars = self._bars = self._bars or _bars(self._stream)
        if verb == "running":
            self._rows[name] = bars.add_task(name, total=None)
        else:
            bars.remove_task(self._rows.pop(name))
            bars.console.print(line, highlight=False, markup=False)


def _bars(stream: TextIO) -> Any:
    """Start a live display; rich is imported here so that a run with nothing to do starts fast."""
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    bars = Bars(*columns, console=Console(file=stream), transient=True)
    bars.start()
    return bars
