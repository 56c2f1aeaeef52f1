"""Run tasks: what is not up to date by content, one command at a time, shown as it goes.

doit decides what has to run and runs it in threads.  Here it is given a checker that reads
content, records that are saved after every task, actions that end in one sentence, and a reporter
that shows what runs.
"""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import stat_result
from pathlib import Path
from typing import Any, TextIO

from doit.control import TaskControl
from doit.dependency import Dependency, FileChangedChecker, JSONCodec, JsonDB
from doit.exceptions import BaseFail, TaskError, UnmetDependency
from doit.reporter import ZeroReporter
from doit.runner import MThreadRunner
from doit.task import Task
from doit.tools import config_changed

from bsup_analysis.errors import InputError
from bsup_analysis.files import BUSY, digest, lock_of, only_one, recover, write_aside
from bsup_analysis.run.notebooks import input_digest
from bsup_analysis.run.project import Project

_REASONS = {
    "changed_file_dep": "changed:",
    "added_file_dep": "now also needs",
    "removed_file_dep": "no longer needs",
    "missing_file_dep": "missing:",
    "missing_target": "missing:",
}


class ContentChecker(FileChangedChecker):
    """An input has changed when its `input_digest` has; a time stamp alone means nothing."""

    def check_modified(self, file_path: str, _status: stat_result, state: str) -> bool:
        """Compare a file with its recorded hash."""
        return input_digest(Path(file_path)) != state

    def get_state(self, dep: str, _current: str | None) -> str:
        """Return what is recorded of a file."""
        return input_digest(Path(dep))


class _Records(JsonDB):
    """Records written aside; a file that is no JSON counts as no record, so all runs anew."""

    def _load(self) -> dict[str, object]:
        try:
            content = self.codec.decode(Path(self.name).read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def dump(self) -> None:
        write_aside(Path(self.name), self.codec.encode(self._db))


class _Dependency(Dependency):
    """Saved after each task and not only at the end, so that a killed run loses nothing done."""

    def save_success(self, task: Task, result_hash: str | None = None) -> None:
        super().save_success(task, result_hash)
        self.backend.dump()

    def remove_success(self, task: Task) -> None:
        super().remove_success(task)
        self.backend.dump()


def _dependency(records: Path) -> _Dependency:
    return _Dependency(_Records, str(records), ContentChecker, JSONCodec)


def task(
    name: str,
    action: Callable[[], Iterable[Path]],
    inputs: Iterable[Path],
    outputs: Iterable[Path],
    settings: object = None,
) -> Task:
    """Describe a task.

    Parameters
    ----------
    name
        As shown to the reader.
    action
        Makes the outputs and returns every file it wrote.  The task is up to date only as
        long as each of them is as it was left.
    inputs, outputs
        Files; an input that is another task's output orders the two.
    settings
        What the task depends on beside files; anything with a stable `repr`.
    """
    files = sorted(set(inputs))

    def act() -> dict[str, dict[str, str]] | TaskError:
        try:
            before = [input_digest(path) for path in files]
            written = {str(path): digest(path) for path in action()}
        except InputError as error:
            return TaskError(str(error))
        except OSError as error:
            place = f" ({error.filename})" if error.filename else ""
            return TaskError(f"{name} stopped: {error.strerror or error}{place}.")
        except Exception as error:  # noqa: BLE001 - a fault of the program, too, ends in a sentence
            fault = f"{type(error).__name__}: {error}".splitlines()[0]
            return TaskError(f"{name} stopped by a fault of the program ({fault})", error)
        for path, was in zip(files, before, strict=True):
            if input_digest(path) != was:
                return TaskError(f"{path.name} was changed while {name} ran; run again.")
        return {"written": written}

    return Task(
        name,
        [(act,)],
        file_dep=[str(path) for path in files],
        targets=[str(path) for path in outputs],
        uptodate=[config_changed(repr(settings)), _untouched],
        # doit's capture swaps sys.stdout for the whole process, which threads must not do
        io={"capture": False},
    )


def _untouched(task: Task, values: Mapping[str, Mapping[str, str]]) -> bool:
    """Tell doit whether all a task wrote is as it left it; it calls this by argument name."""
    return not _touched(values)


def _touched(values: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return those of the files a task wrote that are missing or no longer the same."""
    return [
        path
        for path, was in values.get("written", {}).items()
        if not Path(path).is_file() or digest(Path(path)) != was
    ]


def run(tasks: Sequence[Task], records: Path, jobs: int, progress: "Progress") -> None:
    """Run what is not up to date, at most `jobs` tasks at a time.

    Raises
    ------
    InputError
        With the sentence of the first task that could not be done.  Tasks already under way
        are finished; no other is begun.  The traceback of a fault goes to a file.
    """
    control = TaskControl(list(tasks))
    control.process(None)
    for path in sorted({path for item in tasks for path in item.file_dep}):
        if path not in control.targets and not Path(path).is_file():
            raise InputError(f"{path} is missing; restore it from git.")
    runner = MThreadRunner(_dependency(records), progress, num_process=max(1, jobs))
    runner.run_all(control.task_dispatcher())
    for fail in progress.failures[:1]:
        if not fail.traceback:
            raise InputError(fail.message)
        path = records.parent / "failed" / "trace.txt"
        write_aside(path, "".join(fail.traceback))
        raise InputError(f"{fail.message}; please report it with {path}.")


def status(
    tasks: Sequence[Task], records: Path, name: Callable[[Path], str]
) -> dict[str, tuple[str, ...]]:
    """Return why each task has to run, in the order given; nothing is run or written.

    Parameters
    ----------
    name
        Gives the name a path is shown by.

    Returns
    -------
    dict
        Reasons by the task's name; none for a task that is up to date.
    """
    control = TaskControl(list(tasks))
    dependency = _dependency(records)
    states: dict[str, tuple[str, ...]] = {}
    for item in tasks:
        found = dependency.get_status(item, control.tasks, get_log=True)
        reasons = [f"needs {other}" for other in item.task_dep if states.get(other)]
        if dependency._in(item.name):
            for kind, words in _REASONS.items():
                reasons += [f"{words} {name(Path(p))}" for p in found.reasons.get(kind, ())]
            touched = _touched(dependency.get_values(item.name))
            reasons += [f"no longer as written: {name(Path(path))}" for path in touched]
        else:
            reasons.append("has not been run")
        if found.status != "up-to-date" and not reasons:
            reasons = ["its settings have changed"]
        states[item.name] = tuple(dict.fromkeys(reasons))
    return states


class Progress(ZeroReporter):
    """Counts and shows the tasks of one run: live on a terminal, in plain lines elsewhere.

    Some methods are called from worker threads.

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


class Interrupted(Exception):  # noqa: N818 - the reader's wish, not an error
    """The reader broke the run off; kernels are gone and what was finished is kept."""


@contextmanager
def at_work(project: Project) -> Iterator[None]:
    """Be the only run in the checkout, and leave it in order however the run ends.

    What a killed run left half done is undone first.

    Raises
    ------
    InputError
        If another run is at work.
    Interrupted
        If the reader interrupts this one.
    """
    with only_one(lock_of(project.root)):
        recover(project.reports)
        _clear(project)
        try:
            yield
        except KeyboardInterrupt:
            _end_kernels()
            with BUSY:
                raise Interrupted from None
        finally:
            _end_kernels()
            _clear(project)


def _clear(project: Project) -> None:
    """Remove what runs have written aside, and the keys of their kernels."""
    for name in ("scratch", "kernels"):
        shutil.rmtree(project.build / name, ignore_errors=True)


def _end_kernels() -> None:
    """End the kernels; only a run that came to a notebook has loaded Jupyter."""
    kernel = sys.modules.get("bsup_analysis.run.warm_kernels")
    if kernel is not None:
        kernel.kill_all()
