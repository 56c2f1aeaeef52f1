"""A run's numbers and drawn data, from a folder, from a file, or from git."""

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bsup_analysis.errors import InputError

NUMBERS = "numbers.json"


@dataclass(frozen=True)
class Snapshot:
    """What a run gave.

    Attributes
    ----------
    numbers
        By id, each with `value`, `unit` and `exhibit`.
    tables
        The drawn data of exhibits as CSV text, by exhibit; None where only numbers are at hand.
    digests
        SHA-256 of drawn data whose text is not at hand, by exhibit.
    """

    numbers: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, str] | None
    digests: Mapping[str, str]

    def digest(self, exhibit: str) -> str | None:
        """Give the hash of an exhibit's drawn data; None without one."""
        text = (self.tables or {}).get(exhibit)
        if text is None:
            return self.digests.get(exhibit)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


def snapshot(place: str, root: Path) -> Snapshot:
    """Read a run.

    Parameters
    ----------
    place
        A folder such as `reports/`, a numbers.json or manifest.json, or a revision of the git
        repository at `root`, whose `reports/` is meant.

    Raises
    ------
    InputError
        It is none of these, or is damaged.
    """
    path = Path(place)
    if path.is_dir():
        return _folder(path, place)
    if path.is_file():
        return _file(path, place)
    return _revision(place, root)


def _folder(path: Path, place: str) -> Snapshot:
    folder = path / "reports" if (path / "reports" / NUMBERS).is_file() else path
    if not (folder / NUMBERS).is_file():
        raise InputError(f"{place} holds no {NUMBERS}; name a reports folder.")
    numbers = _numbers((folder / NUMBERS).read_bytes(), f"{place}/{NUMBERS}")
    return Snapshot(numbers, _tables(folder), {})


def _file(path: Path, place: str) -> Snapshot:
    content = _json(path.read_bytes(), place)
    if not {"pages", "files"} <= set(content):
        return Snapshot(_numbers(path.read_bytes(), place), None, {})
    numbers = {name: row for p in content["pages"].values() for name, row in p["numbers"].items()}
    digests = {
        PurePosixPath(name).stem: digest
        for name, digest in content["files"].items()
        if name.startswith("tables/")
    }
    beside = {
        exhibit: text
        for exhibit, text in _tables(path.parent).items()
        if hashlib.sha256(text.encode("utf-8")).hexdigest() == digests.get(exhibit)
    }
    return Snapshot(numbers, beside, digests)


def _revision(place: str, root: Path) -> Snapshot:
    problem = f"there is no folder, file or git revision {place!r}"
    try:
        made = subprocess.run(  # noqa: S603 - a fixed command; the revision cannot be an option
            ["git", "archive", "--format=tar", "--end-of-options", place, "reports"],  # noqa: S607
            cwd=root,
            capture_output=True,
        )
    except FileNotFoundError:
        raise InputError(f"{problem}: git is not installed.") from None
    if made.returncode:
        raise InputError(
            f"{problem} with reports here; name two reports folders, numbers.json or manifest.json"
            " files, or a revision."
        )
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        files = {
            member.name: stream.read()
            for member in archive.getmembers()
            if (stream := archive.extractfile(member)) is not None
        }
    if f"reports/{NUMBERS}" not in files:
        raise InputError(f"revision {place} has no reports/{NUMBERS}.")
    tables = {
        PurePosixPath(name).stem: content.decode("utf-8")
        for name, content in files.items()
        if name.startswith("reports/tables/") and name.endswith(".csv")
    }
    return Snapshot(_numbers(files[f"reports/{NUMBERS}"], f"{place}:{NUMBERS}"), tables, {})


def _tables(folder: Path) -> dict[str, str]:
    # bytes are decoded as they are: reading as text would change line ends
    return {
        path.stem: path.read_bytes().decode("utf-8")
        for path in sorted((folder / "tables").glob("*.csv"))
    }


def _numbers(content: bytes, place: str) -> dict[str, Any]:
    numbers = _json(content, place)
    if not all(isinstance(row, dict) and {"value", "unit"} <= set(row) for row in numbers.values()):
        raise InputError(f"{place} is no {NUMBERS}: a number lacks its value or unit.")
    return numbers


def _json(content: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{place} is damaged: it is no JSON of numbers or of a manifest.")
    return found
