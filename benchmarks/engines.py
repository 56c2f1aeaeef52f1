"""Task engines on the study's own graph: doit, as the pipeline uses it, against pytask.

Run from the checkout, in its environment with `pytask` and `pytask-parallel` on the path, which
are no dependencies of the study: `python benchmarks/engines.py [--rounds N]`.  Both get the same
tasks with the same files.  A task only writes something in the place of what it would make, so
that the engine alone is timed.  The two are timed in turn, on copies.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytask
from doit.task import Task
from full_run import copy_checkout
from typer import echo


def work(task: Task) -> None:
    """Write something in the place of each file a task makes."""
    for target in map(Path, task.targets):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{task.name}\n", encoding="utf-8")


def tasks_of(root: Path) -> list[Task]:
    """Describe the study's tasks in a copy of it."""
    os.environ["BSUP_ROOT"] = str(root)
    from bsup_analysis.cli.study_project import study_project
    from bsup_analysis.run.graph import graph

    project = study_project()
    return graph(project, project.pages())


def by_doit(tasks: list[Task], root: Path) -> None:
    """Run tasks as the pipeline does, two at a time."""
    from bsup_analysis.run.engine import Progress, run, task

    def act(item: Task) -> list[Path]:
        work(item)
        return [Path(path) for path in item.targets]

    again = [
        task(
            item.name,
            lambda item=item: act(item),
            [Path(path) for path in item.file_dep],
            [Path(path) for path in item.targets],
        )
        for item in tasks
    ]
    run(again, root / "build" / "doit.json", 2, Progress(io.StringIO()))


def by_pytask(tasks: list[Task], root: Path) -> None:
    """Run tasks by pytask, two threads."""

    def described(item: Task) -> Callable:
        made = [Path(path) for path in item.targets]
        needed = [Path(path) for path in sorted(item.file_dep)]

        def act(
            before: list[Path] = needed,
            after: Annotated[list[Path], pytask.Product] = made,
        ) -> None:
            work(item)

        return pytask.task(name=item.name)(act)

    session = pytask.build(
        tasks=[described(item) for item in tasks],
        paths=root / "build",
        n_workers=2,
        parallel_backend="threads",
        verbose=0,
    )
    if session.exit_code:
        raise RuntimeError(f"pytask ended with {session.exit_code}")


def timed(engine: Callable) -> tuple[float, float]:
    """Time a run from nothing, and one with nothing to do; return the seconds of both."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_checkout(root)
        (root / "build").mkdir()
        tasks, seconds = tasks_of(root), []
        for _ in range(2):
            began = time.perf_counter()
            engine(tasks, root)
            seconds.append(time.perf_counter() - began)
    return seconds[0], seconds[1]


def main() -> None:
    """Print the seconds of each round and the ratios of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for _ in range(options.rounds):
        rows.append((*timed(by_doit), *timed(by_pytask)))
        echo(
            "doit {:6.2f} s, again {:5.2f} s   pytask {:6.2f} s, again {:5.2f} s".format(*rows[-1])
        )
    doit, doit_again, other, other_again = map(statistics.median, zip(*rows, strict=True))
    first, again = doit / other, doit_again / other_again
    echo(f"ratio of doit to pytask: from nothing {first:.2f}, with nothing to do {again:.2f}")


if __name__ == "__main__":
    main()
