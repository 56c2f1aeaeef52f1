"""The task engine (doit), made to judge by content and to keep its records safely.

doit decides what has to run and runs it in threads.  Here it is given a checker that reads
content, records that are saved after every task, and actions that end in one sentence.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import stat_result
from pathlib import Path

from doit.control import TaskControl
from doit.dependency import Dependency, FileChangedChecker, JSONCodec, JsonDB
from doit.exceptions import BaseFail, TaskError
from doit.runner import MThreadRunner
from doit.task import Task
from doit.tools import config_changed

from bsup_analysis.errors import InputError
from bsup_analysis.files import digest, write_aside
from bsup_analysis.pipeline.progress import Progress
from bsup_analysis.pipeline.project import input_digest

_REASONS = {
    "changed_file_dep": "changed:",
    "added_file_dep": "now also needs",
    "removed_file_dep": "no longer needs",
    "missing_file_dep": "missing:",
    "missing_target": "missing:",
}


@dataclass(frozen=True)
class State:
    """Whether a task has to run, and why."""

    name: str
    stale: bool
    reasons: tuple[str, ...]


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


def run(tasks: Sequence[Task], records: Path, jobs: int, progress: Progress) -> None:
    """Run what is not up to date, at most `jobs` tasks at a time.

    Raises
    ------
    InputError
        With the sentence of the first task that could not be done.  Tasks already under way
        are finished; no other is begun.
    """
    control = TaskControl(list(tasks))
    control.process(None)
    for path in sorted({path for item in tasks for path in item.file_dep}):
        if path not in control.targets and not Path(path).is_file():
            raise InputError(f"{path} is missing; restore it from git.")
    runner = MThreadRunner(_dependency(records), progress, num_process=max(1, jobs))
    runner.run_all(control.task_dispatcher())
    if progress.failures:
        raise InputError(_sentence(progress.failures[0], records.parent))


def _sentence(fail: BaseFail, build: Path) -> str:
    """Return what to tell of a failure; the traceback of a fault goes to a file."""
    if not fail.traceback:
        return fail.message
    path = build / "failed" / "trace.txt"
    write_aside(path, "".join(fail.traceback))
    return f"{fail.message}; please report it with {path}."


def status(tasks: Sequence[Task], records: Path, name: Callable[[Path], str]) -> list[State]:
    """Return the state of every task, in the order given; nothing is run or written.

    Parameters
    ----------
    name
        Gives the name a path is shown by.
    """
    control = TaskControl(list(tasks))
    dependency = _dependency(records)
    stale: dict[str, State] = {}
    states = []
    for item in tasks:
        found = dependency.get_status(item, control.tasks, get_log=True)
        reasons = [f"needs {other}" for other in item.task_dep if other in stale]
        if not dependency._in(item.name):
            reasons = [*reasons, "has not been run"]
        else:
            for kind, words in _REASONS.items():
                reasons += [f"{words} {name(Path(p))}" for p in found.reasons.get(kind, ())]
            touched = _touched(dependency.get_values(item.name))
            reasons += [f"no longer as written: {name(Path(path))}" for path in touched]
        if found.status != "up-to-date" and not reasons:
            reasons = ["its settings have changed"]
        states.append(State(item.name, bool(reasons), tuple(dict.fromkeys(reasons))))
        if reasons:
            stale[item.name] = states[-1]
    return states
