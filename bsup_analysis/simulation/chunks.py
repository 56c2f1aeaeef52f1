"""Finished chunks on disk, known by what they were computed from and by their own hash."""

import ast
import errno
import hashlib
import io
import math
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.simulation.replicate import RATE_TESTS, RESULT, TESTS, Task, run

_PACKAGE = Path(__file__).parents[1]
_FULL = {errno.ENOSPC, errno.EDQUOT}
_COMPUTING = (
    "estimators/poisson",
    "estimators/jackknife",
    "estimators/rates",
    "simulation/generator",
    "simulation/replicate",
)
COLUMNS = (
    "scenario",
    "effect",
    "test",
    "draws",
    "rejection_rate",
    "mc_error",
    "mean_estimate",
)


@cache
def code_hash() -> str:
    """SHA-256 of the statements that a result depends on, and of the numpy that drew it."""
    known = hashlib.sha256(np.__version__.encode())
    for name in _COMPUTING:
        source = (_PACKAGE / f"{name}.py").read_text(encoding="utf-8")
        known.update(statements(source).encode())
    return known.hexdigest()


def statements(source: str) -> str:
    """Return a module's source without docstrings and lines of comment: words change nothing."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0]
            if ast.get_docstring(node) is not None and first.end_lineno is not None:
                words = slice(first.lineno - 1, first.end_lineno)
                lines[words] = [""] * len(lines[words])
    kept = (line.rstrip() for line in lines)
    return "\n".join(line for line in kept if line and not line.lstrip().startswith("#"))


def key(task: Task) -> str:
    """Name a chunk by everything its result depends on."""
    settings = (task.scenario, task.effect, task.seed, task.first, task.count, task.level)
    resamples = (task.dropped_years, task.weights, task.assignments)
    text = repr((settings, resamples, task.region.digest, code_hash()))
    return hashlib.sha256(text.encode()).hexdigest()


def path_of(store: Path, task: Task) -> Path:
    """Return where a chunk is stored."""
    draws = f"{task.first}-{task.first + task.count - 1}"
    return store / f"SYNTHETIC_{task.scenario.name}_{task.effect:g}_{draws}_{key(task)[:16]}.chunk"


def pack(results: np.ndarray) -> bytes:
    """Turn results into bytes: their SHA-256 on the first line, then numpy's own format."""
    stream = io.BytesIO()
    np.save(stream, results, allow_pickle=False)
    content = stream.getvalue()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def compute(task: Task) -> bytes:
    """Compute a chunk and pack it; what every worker calls."""
    return pack(run(task))


def unpack(content: bytes, count: int) -> np.ndarray | None:
    """Turn bytes into results; None where they are not what was stored."""
    digest, _, body = content.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    results = np.load(io.BytesIO(body), allow_pickle=False)
    return results if results.dtype == RESULT and len(results) == count else None


def read(store: Path, task: Task) -> tuple[np.ndarray | None, bool]:
    """Read a chunk.

    Returns
    -------
    tuple
        The results, or None; and whether a file was there that is damaged.
    """
    path = path_of(store, task)
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None, False
    results = unpack(content, task.count)
    return results, results is None


def keep(path: Path, content: bytes | str) -> None:
    """Write a file aside and rename it; a full disk is told in one sentence.

    Raises
    ------
    InputError
        The disk is full, or the folder cannot be written to.
    """
    try:
        write_aside(path, content)
    except OSError as error:
        if error.errno in _FULL:
            raise InputError(
                f"The disk is full: {path.name} could not be written. Finished chunks are kept; "
                "free some space and run the same command again."
            ) from None
        raise InputError(
            f"{path.name} cannot be written to {path.parent.name}/ ({error.strerror}); "
            "choose another file or folder."
        ) from None


def summarise(store: Path, cells: Iterable[Iterable[Task]]) -> pd.DataFrame:
    """Add up the stored chunks of every scenario and effect.

    Parameters
    ----------
    store
        Folder of the chunks.
    cells
        Chunks of each scenario and effect.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: `rejection_rate` is the share of draws in which the test rejects no effect,
        two-sided at the level of `scenarios.toml` (5 %); `mc_error` its binomial standard error;
        `mean_estimate` the geometric mean of the estimated rate ratios, comparable with `effect`,
        but for the two tests on rates the mean difference of rates per 1 000 inhabitants.
    """
    rows = [row for tasks in cells for row in _rows(store, tasks)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(
    store: Path, tasks: Iterable[Task]
) -> Iterator[tuple[str, float, str, int, float, float, float]]:
    """Add one cell's chunks up, one in memory at a time."""
    draws, rejected = 0, dict.fromkeys(TESTS, 0)
    ratios, differences = [], []
    for task in tasks:
        results, _ = read(store, task)
        if results is None:
            name = path_of(store, task).name
            raise InputError(f"{name} was removed or damaged during the run; run again.")
        draws += len(results)
        for name in TESTS:
            rejected[name] += int(results[name].sum())
        ratios.append(math.fsum(results["log_ratio"]))
        differences.append(math.fsum(results["rate_difference"]))
    ratio, difference = math.exp(math.fsum(ratios) / draws), math.fsum(differences) / draws
    for name in TESTS:
        rate = rejected[name] / draws
        error = math.sqrt(rate * (1 - rate) / draws)
        mean = difference if name in RATE_TESTS else ratio
        yield task.scenario.name, task.effect, name, draws, rate, error, mean


def csv_text(table: pd.DataFrame, *short: str) -> str:
    """Write a table as CSV, the same bytes on every machine.

    Numbers have six digits after the point, but for those of `short` columns and whole ones, which
    are as they are, and unknown ones, which are empty.
    """
    shown = table.assign(**{column: table[column].map("{:g}".format) for column in short})
    for column in shown.select_dtypes("float"):
        shown[column] = shown[column].map(
            lambda value: "" if np.isnan(value) else f"{value + 0.0:.6f}"
        )
    return shown.to_csv(index=False, lineterminator="\n")
