"""The data of the package, file by file, as their records say."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bsup_analysis import paths
from bsup_analysis.sources import provenance

DECISIONS = "by the authors: choices made by hand, each with reason and source"
BUILT = "by the authors, built from"
OWN = "brought by whoever ran the study; not ours to pass on"


@dataclass(frozen=True)
class Dataset:
    """A table: its file, whose it is, what there is to know, and whether the package holds it."""

    path: str
    source: str
    notes: str
    provided: bool
    record: provenance.Provenance | None = None


def datasets(tracked: Iterable[str], tables: Mapping[str, Mapping[str, Any]]) -> list[Dataset]:
    """Describe every table that is in the package or that the results rest on.

    Parameters
    ----------
    tracked
        Names of the files in the package.
    tables
        Where each table comes from, by path, as the manifest has it.
    """
    held = {name for name in tracked if name.startswith("data/") and name.endswith(".csv")}
    return [
        _dataset(path, path in held, tables.get(path, {})) for path in sorted(held | set(tables))
    ]


def _dataset(path: str, provided: bool, origin: Mapping[str, Any]) -> Dataset:
    folder, name = PurePosixPath(path).parts[1], PurePosixPath(path).stem
    if folder == "raw":
        record = provenance.read_record(name)
        unused = "" if origin else "; no exhibit rests on it"
        return Dataset(path, record.producer, f"{record.licence}{unused}", provided, record)
    if folder == "decisions":
        return Dataset(path, DECISIONS, "CC BY 4.0 (LICENSE-DATA.md)", provided)
    if "from" in origin:
        names = ", ".join(PurePosixPath(one).stem for one in origin["from"])
        return Dataset(path, f"{BUILT} {names}", "built anew by `make report`", provided)
    if folder == "simulation":
        return Dataset(path, "by the authors: SYNTHETIC", _drawn(paths.root() / path), provided)
    return Dataset(path, OWN, f"sha256 {origin.get('sha256', 'not recorded')}", provided)


def _drawn(path: Path) -> str:
    record = path.with_suffix(".provenance.toml")
    drawn = tomllib.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    told = [f"{name} {drawn[name]}" for name in ("seed", "draws") if name in drawn]
    return ", ".join(["drawn at random with a known truth", *told])
