"""The manifest: where every exhibit, number and published file comes from.

Results of several pages become one: a number and a file have one value, or nothing is published.
"""

import json
import math
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError

NUMBERS, MANIFEST, PROFILES = "numbers.json", "manifest.json", "profiles.json"
PACKAGE = "bsup_analysis"
Entries = Mapping[str, Mapping[str, Any]]
_DIGITS = 10


def to_json(content: object) -> str:
    """Return JSON with sorted keys, LF and a last line end: the same content, the same bytes."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def manifest(
    entries: Entries, files: Mapping[str, str], tables: Mapping[str, Any]
) -> dict[str, Any]:
    """Put together the manifest of the notebooks' results.

    Parameters
    ----------
    entries
        Pages by key, as `bsup_analysis.run.publish` describes them.
    files
        SHA-256 of every published file, by its name below `reports/`.
    tables
        Where each table comes from, by path.

    Returns
    -------
    dict
        ``exhibits`` (id -> notebook, function, results, parameters, inputs and files with
        SHA-256), ``pages``, ``files``, ``tables``, ``packages`` (versions of the direct
        dependencies), ``python``.
    """
    exhibits: dict[str, Any] = {}
    for key, entry in entries.items():
        for name, row in entry["exhibits"].items():
            seen = exhibits.setdefault(
                name,
                {
                    "notebook": entry["notebook"],
                    "function": row["function"],
                    "results": row.get("results", []),
                    "kind": row["kind"],
                    "parameters": entry["parameters"],
                    "inputs": {
                        path: digest
                        for path, digest in entry["inputs"].items()
                        if path.endswith((".csv", ".geojson")) and Path(path).stem in row["tables"]
                    },
                    "pages": [],
                    "files": {},
                },
            )
            seen["pages"].append(key)
            seen["files"] |= {
                file: digest for file, digest in entry["files"].items() if Path(file).stem == name
            }
    return {
        "exhibits": exhibits,
        "pages": dict(entries),
        "files": dict(files),
        "tables": dict(tables),
        "packages": dict(packages()),
        "python": sys.version.split()[0],
    }


@cache
def packages() -> Mapping[str, str]:
    """Return the installed versions of this package and of its direct dependencies."""
    try:
        wanted = [line for line in requires(PACKAGE) or () if "extra ==" not in line]
    except PackageNotFoundError:
        return {}
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted]
    return {name: version(name) for name in (PACKAGE, *names)}


def rounded(number: str, value: object) -> int | float:
    """Return a published value: a whole number as it is, any other with ten significant digits.

    Raises
    ------
    InputError
        If the value of this id is no finite number.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, float) or not math.isfinite(value):
        raise InputError(f"number {number} is {value}: only finite numbers can be published.")
    return float(f"{value:.{_DIGITS}g}")


def merge(entries: Entries, kind: str) -> dict[str, Any]:
    """Return what the pages have together.

    Parameters
    ----------
    entries
        Pages by key.
    kind
        `numbers`, which gives the numbers by id, or `exhibits`, which gives the SHA-256 of their
        files by published name.

    Raises
    ------
    InputError
        If two pages disagree about a number or a file, or a run has a number or an exhibit in one
        language alone.
    """
    merged: dict[str, tuple[str, Any]] = {}
    first_of_run: dict[str, str] = {}
    for key, entry in entries.items():
        first = first_of_run.setdefault(entry["run"], key)
        for name in sorted(set(entries[first][kind]) ^ set(entry[kind])):
            there, lacking = (first, key) if name in entries[first][kind] else (key, first)
            _refuse(f"{kind[:-1]} {name} is in {there} and not in {lacking}")
    for key, entry in entries.items():
        for name, content in entry["files" if kind == "exhibits" else kind].items():
            first, was = merged.setdefault(name, (key, content))
            if was != content and kind == "exhibits":
                _refuse(f"{name} is not the same in {first} and {key}")
            if was != content:
                values = f"{was['value']} in {first} and {content['value']} in {key}"
                _refuse(f"number {name} is {values}")
    return {name: content for name, (_, content) in merged.items()}


def _refuse(problem: str) -> None:
    raise InputError(f"{problem}; one name must have one value in the whole report.")
