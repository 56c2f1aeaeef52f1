"""Time of a full run, as a ratio to the same notebooks one after the other by papermill's command.

Run from the checkout, in its environment: `python benchmarks/full_run.py [--rounds N] [--jobs N]`.
It works on a copy.  The two are timed in turn, since the speed of a shared machine drifts; the
report also makes pages and publishes, which the command does not.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from typer import echo

CHECKOUT = Path(__file__).resolve().parent.parent
PARTS = (
    "bsup_analysis",
    "data",
    "notebooks",
    "README.md",
    "study.toml",
    "requirements.lock",
)


def copy_checkout(target: Path) -> None:
    """Copy what a run needs, with its byte code, and without anything that was built."""
    for part in PARTS:
        source = CHECKOUT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target / part)


def timed(command: list[str], root: Path) -> float:
    """Run a command in the copy; return its seconds."""
    environment = {**os.environ, "BSUP_ROOT": str(root), "PYTHONPATH": str(root)}
    began = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, cwd=root, env=environment, check=True, **quiet)  # noqa: S603
    return time.perf_counter() - began


def full_report(root: Path, jobs: int) -> float:
    """Time `bsup report` with nothing made before; caches of the environment stay warm."""
    shutil.rmtree(root / "build" / "runs", ignore_errors=True)
    (root / "build" / "tasks.json").unlink(missing_ok=True)
    return timed([sys.executable, "-m", "bsup_analysis", "report", "--jobs", str(jobs)], root)


def one_after_the_other(root: Path) -> tuple[float, int]:
    """Time papermill's command for every run in every language; return seconds and runs."""
    os.environ["BSUP_ROOT"] = str(root)
    from bsup_analysis.cli.study_project import study_project

    seconds = 0.0
    pages = study_project().pages()
    for page in pages:
        out = root / "papermill" / page.key
        out.mkdir(parents=True, exist_ok=True)
        given = {**page.parameters, "output": str(out)}
        options = [part for name, value in given.items() for part in ("-r", name, value)]
        names = [str(page.run.notebook), str(out / "notebook.ipynb"), "-k", "python3"]
        command = [sys.executable, "-m", "papermill", *names, "--no-progress-bar", *options]
        seconds += timed([*command, "--log-level", "ERROR"], root)
    return seconds, len(pages)


def main() -> None:
    """Print the seconds of each round and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_checkout(root)
        full_report(root, options.jobs)
        rows = []
        for _ in range(options.rounds):
            papermill, runs = one_after_the_other(root)
            full = full_report(root, options.jobs)
            again = timed([sys.executable, "-m", "bsup_analysis", "report"], root)
            rows.append((full, papermill, again))
            echo(f"report {full:6.1f} s   papermill {papermill:6.1f} s   again {again:4.1f} s")
    full, papermill, again = (statistics.median(column) for column in zip(*rows, strict=True))
    echo(f"{runs} notebook runs, {options.jobs} at a time")
    echo(f"ratio of a full report to papermill's command: {full / papermill:.2f}")
    echo(f"target of 10 s + 3 s a run: {10 + 3 * runs} s; full {full:.1f} s; again {again:.1f} s")


if __name__ == "__main__":
    main()
