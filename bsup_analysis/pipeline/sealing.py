"""The manifest as published: the notebooks' results, and the files that were made of them.

A report follows from the results' manifest, so that one cannot hold the report's own hash.  The
results' manifest is kept in the build folder; the published one is that, with a section for each
kind of file made of it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.pipeline.manifest import MANIFEST, SECTIONS, read_manifest, to_json
from bsup_analysis.pipeline.project import Project, Run, digest


def results_path(project: Project) -> Path:
    """Return where the results' manifest is kept."""
    return project.build / "results.json"


def results_digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest without what was made of it."""
    results = {name: part for name, part in content.items() if name not in SECTIONS}
    return hashlib.sha256(to_json(results).encode("utf-8")).hexdigest()


def with_sections(results: Mapping[str, Any], published: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results with the sections of what is published."""
    return {**results, **{name: published[name] for name in SECTIONS if name in published}}


def restore(project: Project) -> None:
    """Publish the results' manifest as it was built, whatever became of it since."""
    results = json.loads(results_path(project).read_text(encoding="utf-8"))
    published = read_manifest(project.reports)
    _write(project, with_sections(results, published))


def seal(project: Project, section: str, files: Iterable[Path], made_from: str) -> Path:
    """Enter files below `reports/` into a section of the manifest; return the manifest.

    Parameters
    ----------
    section
        One of `SECTIONS`; other files it held stay in it as long as they are there.
    made_from
        A hash of what the files were made from.

    Raises
    ------
    InputError
        Nothing has been published that they could belong to.
    """
    content = read_manifest(project.reports)
    if not content:
        raise InputError(f"there is no reports/{MANIFEST}; run `bsup report`.")
    part = content.get(section, {"files": {}, "made_from": {}})
    held = {n: was for n, was in part["files"].items() if (project.reports / n).is_file()}
    made = {path.relative_to(project.reports).as_posix(): digest(path) for path in files}
    origin = {n: part["made_from"][n] for n in held} | dict.fromkeys(made, made_from)
    content[section] = {"files": held | made, "made_from": origin}
    return _write(project, content)


def inputs_digest(project: Project, run: Run) -> str:
    """Return the SHA-256 of what a run depends on."""
    return hashlib.sha256(to_json(project.fingerprint(run)).encode("utf-8")).hexdigest()


def _write(project: Project, content: object) -> Path:
    path = project.reports / MANIFEST
    write_aside(path, to_json(content))
    return path
