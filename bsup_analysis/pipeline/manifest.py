"""The manifest: where every exhibit, number and published file comes from."""

import json
import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError

MANIFEST = "manifest.json"
# what is made of the results, and sealed when it is there
SECTIONS = ("report", "profiles")
PACKAGE = "bsup_analysis"
Entries = Mapping[str, Mapping[str, Any]]


def to_json(content: object) -> str:
    """Return JSON with sorted keys, LF and a last line end: the same content, the same bytes."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def read_manifest(reports: Path) -> dict[str, Any]:
    """Read the manifest of what is published; empty where nothing is.

    Raises
    ------
    InputError
        If the file is there and is no manifest.
    """
    try:
        content = json.loads((reports / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        content = None
    if not isinstance(content, dict) or not {"pages", "files"} <= set(content):
        raise InputError(f"{reports.name}/{MANIFEST} is damaged; delete it and run `bsup report`.")
    return content


def manifest(
    entries: Entries, files: Mapping[str, str], tables: Mapping[str, Any]
) -> dict[str, Any]:
    """Put together the manifest of the notebooks' results.

    Parameters
    ----------
    entries
        Pages by key, as `bsup_analysis.pipeline.publish` describes them.
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
                    "inputs": _inputs(entry, row["tables"]),
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
        "packages": packages(),
        "python": sys.version.split()[0],
    }


def packages() -> dict[str, str]:
    """Return the installed versions of this package and of its direct dependencies."""
    try:
        wanted = [line for line in requires(PACKAGE) or () if "extra ==" not in line]
    except PackageNotFoundError:
        return {}
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted]
    return {name: version(name) for name in (PACKAGE, *names)}


def _inputs(entry: Mapping[str, Any], tables: list[str]) -> dict[str, str]:
    """Return the hashes of the tables an exhibit was made from, by path."""
    return {
        path: digest
        for path, digest in entry["inputs"].items()
        if path.endswith(".csv") and Path(path).stem in tables
    }
