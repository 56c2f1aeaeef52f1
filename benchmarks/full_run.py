"""Time of a full run, as ratios: to papermill's command, and to an earlier edition of the study.

Run from the checkout, in its environment: `python benchmarks/full_run.py [--rounds N] [--jobs N]
[--against REVISION]`.  It works on copies.  All are timed in turn, since the speed of a shared
machine drifts; the report also makes pages and publishes, which papermill's command does not.
"""

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from typer import echo

CHECKOUT = Path(__file__).resolve().parent.parent
PARTS = (
    "bsup_analysis",
    "data",
    "notebooks",
    "CITATION.cff",
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


def earlier_edition(revision: str, target: Path) -> None:
    """Write the files of an earlier revision, which runs in the same environment."""
    archive = subprocess.run(  # noqa: S603 - our own revisions
        ["git", "archive", revision, *PARTS],  # noqa: S607
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(target, filter="data")


def main() -> None:
    """Print the seconds of each round and the ratios of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--against", default="", help="a revision, such as the first edition's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        root, earlier = Path(folder), Path(other)
        copy_checkout(root)
        full_report(root, options.jobs)
        if options.against:
            earlier_edition(options.against, earlier)
            full_report(earlier, options.jobs)
        found: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            papermill, runs = one_after_the_other(root)
            row = {"papermill": papermill, "full": full_report(root, options.jobs)}
            row["again"] = timed([sys.executable, "-m", "bsup_analysis", "report"], root)
            if options.against:
                row["earlier"] = full_report(earlier, options.jobs)
            row["profiles"] = timed([sys.executable, "-m", "bsup_analysis", "profiles"], root)
            for name, seconds in row.items():
                found.setdefault(name, []).append(seconds)
            echo("   ".join(f"{name} {seconds:6.1f} s" for name, seconds in row.items()))
    median = {name: statistics.median(seconds) for name, seconds in found.items()}
    echo(f"{runs} notebook runs, {options.jobs} at a time")
    echo(
        f"ratio of a full report to papermill's command: {median['full'] / median['papermill']:.2f}"
    )
    if options.against:
        ratio = median["full"] / median["earlier"]
        echo(f"ratio of a full report to that of {options.against}: {ratio:.2f}")
    echo(f"nothing to do: {median['again']:.1f} s; 170 profiles: {median['profiles']:.0f} s")


if __name__ == "__main__":
    main()
