"""One variant: a notebook with a value of each parameter, how it is run, and how it is kept.

A worker runs it in its own checkout and gives the files back as bytes; the caller puts them in
place.  So workers may be processes here or on other machines, and need no shared disk, only the
same files.
"""

import atexit
import hashlib
import json
import os
import shutil
import signal
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256, write_aside
from bsup_analysis.pipeline.adhoc_run import adhoc_page
from bsup_analysis.pipeline.project import Fingerprint, Page, Project

RECORD = "variant.json"
Files = Mapping[str, bytes]


@dataclass(frozen=True, eq=False)
class Variant:
    """One notebook with one value of each parameter.

    Attributes
    ----------
    page
        What is run.
    folder
        Where the result lies.
    made_from
        Fingerprint of all it is made from.
    """

    page: Page
    folder: Path
    made_from: Fingerprint


def made_from(project: Project, page: Page) -> Fingerprint:
    """Return the fingerprint of a run, the files among its parameters included."""
    known = project.fingerprint(page.run)
    given = {f"{k} = {v}": sha256(Path(v)) for k, v in page.parameters.items() if _is_file(v)}
    return Fingerprint(inputs={**known["inputs"], **given}, code=known["code"])


def _is_file(value: str) -> bool:
    return Path(value).is_absolute() and Path(value).is_file()


def is_kept(variant: Variant) -> bool:
    """Tell whether a variant lies there whole, made from what is there now."""
    try:
        record = json.loads((variant.folder / RECORD).read_text(encoding="utf-8"))
        same = record["made_from"] == variant.made_from
        return same and all(
            sha256(variant.folder / name) == digest for name, digest in record["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def make(project: Project, variant: Variant) -> Files:
    """Run a variant in the checkout of this process; what every worker does.

    Returns
    -------
    mapping
        The files of the result by name: executed notebook, page and exhibits.

    Raises
    ------
    InputError
        A cell fails, or this checkout holds other files than the one that asks.
    """
    from bsup_analysis.pipeline.execute import execute
    from bsup_analysis.pipeline.render import render_page

    asked = variant.page
    settings = [f"{key}={value}" for key, value in asked.parameters.items()]
    page = adhoc_page(project, asked.run.notebook.stem, settings)
    _refuse_other_files(made_from(project, page), variant.made_from)
    _begin_with_new_kernels(variant.made_from["code"])
    work = project.build / "scratch" / f"variant-{uuid.uuid4().hex}"
    result = work / "result"
    try:
        execute(project, page, result, work)
        render_page(page, result, result / "page.html")
        made = sorted(path for path in result.rglob("*") if path.is_file())
        return {path.relative_to(result).as_posix(): path.read_bytes() for path in made}
    finally:
        shutil.rmtree(work, ignore_errors=True)


@lru_cache(maxsize=1)
def _begin_with_new_kernels(_code: str) -> None:
    """End kernels that have other code loaded; those of this code end with the process."""
    from bsup_analysis.pipeline.warm_kernels import kill_all

    def end(*_: object) -> None:
        kill_all()
        os._exit(1)

    kill_all()
    atexit.register(kill_all)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


def _refuse_other_files(here: Fingerprint, wanted: Fingerprint) -> None:
    differing = [
        name
        for name in sorted({*here["inputs"], *wanted["inputs"]})
        if here["inputs"].get(name) != wanted["inputs"].get(name)
    ]
    if here["code"] != wanted["code"]:
        differing.append("the package's code")
    if differing:
        raise InputError(
            f"a worker has another {differing[0]} than this checkout; give all workers the same "
            "files and run again."
        )


def keep(variant: Variant, files: Files) -> None:
    """Put a finished variant in place, whole or not at all."""
    aside = variant.folder.with_name(f".{variant.folder.name}-{uuid.uuid4().hex[:8]}")
    try:
        for name, content in files.items():
            write_aside(aside / name, content)
        record = {
            "notebook": variant.page.run.notebook.stem,
            "parameters": variant.page.parameters,
            "made_from": variant.made_from,
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        }
        write_aside(aside / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")
        shutil.rmtree(variant.folder, ignore_errors=True)
        aside.replace(variant.folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
