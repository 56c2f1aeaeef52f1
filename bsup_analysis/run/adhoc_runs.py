"""Runs beside the report: a notebook with the reader's own parameters, or a grid of them.

A variant is one notebook with one value of each parameter.  A worker runs it in its own checkout
and gives the files back as bytes; the caller puts them in place.  So workers may be processes here
or on other machines, and need no shared disk, only the same files.
"""

import atexit
import csv
import hashlib
import io
import itertools
import json
import os
import re
import shutil
import signal
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from bsup_analysis.errors import InputError
from bsup_analysis.files import digest_of, file_and_part, put_folder, sha256, write_aside
from bsup_analysis.run.notebooks import check, defaults
from bsup_analysis.run.project import Fingerprint, Page, Project, Run

RECORD = "variant.json"
NUMBERS = "numbers.csv"
ALL = "all"
Files = Mapping[str, bytes]


def adhoc_page(project: Project, name: str, settings: Iterable[str]) -> Page:
    """Describe the run a reader asks for.

    Parameters
    ----------
    name
        A notebook, with its own default values, or a run of the report, with that run's.
    settings
        ``key=value`` each.  Where a parameter takes any text, a value that is the path of a
        file is read from where the command was called, not from the notebook's folder.

    Raises
    ------
    InputError
        If there is no such notebook, parameter or value; the sentence names those there are.
    """
    run = project.pages(only=name)[0].run
    chosen = dict(run.parameters) if name == run.id else {}
    for key, value in _settings(settings, "key=value, as in -p language=nb, and"):
        free = "*" in project.allowed.get(key, ())
        file, part = file_and_part(value)
        if free and file.is_file():
            value = "#".join([str(file.resolve()), *filter(None, [part])])
        chosen[key] = value
    language = chosen.setdefault("language", str(defaults(run.notebook).get("language", "")))
    check(run.notebook, chosen, project.allowed)
    own = {key: value for key, value in chosen.items() if key != "language"}
    # a run for another level of data may read more
    runs = (one for one in project.runs if one.notebook == run.notebook)
    tables = tuple(dict.fromkeys(table for one in runs for table in one.tables))
    full, short = (
        "-".join([run.notebook.stem, *(f"{key}={value}" for key, value in sorted(values.items()))])
        for values in (chosen, Page(replace(run, parameters=chosen), language).shown)
    )
    label = re.sub(r"[^\w.=-]+", "_", short)[:80]
    if label != full:  # a hash stands for what a file name cannot hold
        label = f"{label[:60]}-{hashlib.sha256(full.encode()).hexdigest()[:8]}"
    return Page(Run(label, run.notebook, tables, own, run.code), language)


def _settings(settings: Iterable[str], form: str) -> Iterator[tuple[str, str]]:
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise InputError(f"-p takes {form} not {setting!r}.")
        yield key, value


def adhoc_folder(project: Project, page: Page, out: Path | None) -> Path:
    """Return where such a run goes: a folder named after its values, or `out`.

    Raises
    ------
    InputError
        If `out` is where the report is kept, or holds something that is no earlier such run.
    """
    if out is None:
        return project.build / "own" / page.run.id
    folder = out.resolve()
    for taken in (project.reports, project.build / "runs", project.next_reports, project.draft):
        if folder == taken or taken in folder.parents or folder in taken.parents:
            raise InputError(f"{out} is where the report is kept; name another folder.")
    used = folder.is_file() or (folder.is_dir() and any(folder.iterdir()))
    if used and not (folder / "run.json").is_file():
        raise InputError(f"{out} holds other files; name a new or an empty folder.")
    return folder


# --- a grid of them ---


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


def grid(
    project: Project, notebooks: Sequence[str], settings: Iterable[str], out: Path
) -> list[Variant]:
    """Describe every combination, checked before anything runs.

    Parameters
    ----------
    notebooks
        Notebooks, or runs of the report.
    settings
        `key=value,value` each; `all` stands for every value that `study.toml` allows.  A notebook
        that does not have a parameter is run without it; one of them must.
    out
        Folder of all variants.

    Raises
    ------
    InputError
        If there is no such notebook, parameter or value, or a folder holds something else.
    """
    wanted = _wanted(project, settings)
    known = {name: defaults(project.pages(only=name)[0].run.notebook) for name in notebooks}
    for key in wanted:
        if not any(key in parameters for parameters in known.values()):
            names = ", ".join(sorted({n for one in known.values() for n in one} - {"output"}))
            raise InputError(f"{', '.join(notebooks)}: no parameter {key!r}; there are: {names}.")
    found: dict[str, Variant] = {}
    for name in notebooks:
        own = {key: values for key, values in wanted.items() if key in known[name]}
        for values in itertools.product(*own.values()):
            page = adhoc_page(project, name, map("=".join, zip(own, values, strict=True)))
            folder = out.resolve() / page.run.id
            if not (folder / RECORD).is_file():
                adhoc_folder(project, page, folder)
            found[page.run.id] = Variant(page, folder, made_from(project, page))
    return list(found.values())


def _wanted(project: Project, settings: Iterable[str]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for key, listed in _settings(settings, "key=value,value, as in -p language=nb,en,"):
        allowed = project.allowed.get(key, ())
        if listed == ALL and allowed and ALL not in allowed:
            if "*" in allowed:
                raise InputError(f"{key} takes any text, so it has no {ALL}; list its values.")
            values = list(allowed)
        else:
            values = listed.split(",")
        wanted.setdefault(key, []).extend(v for v in values if v not in wanted.get(key, ()))
    return wanted


def made_from(project: Project, page: Page) -> Fingerprint:
    """Return the fingerprint of a run, the files among its parameters included."""
    known = project.fingerprint(page.run)
    given = {
        f"{key} = {value}": sha256(Path(value))
        for key, value in page.parameters.items()
        if Path(value).is_absolute() and Path(value).is_file()
    }
    return Fingerprint(inputs={**known["inputs"], **given}, code=known["code"])


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


def run_variant(project: Project, variant: Variant) -> Files:
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
    from bsup_analysis.run.execute import execute
    from bsup_analysis.run.pages import render_page

    asked = variant.page
    settings = [f"{key}={value}" for key, value in asked.parameters.items()]
    page = adhoc_page(project, asked.run.notebook.stem, settings)
    here, wanted = made_from(project, page), variant.made_from
    names = sorted({*here["inputs"], *wanted["inputs"]})
    differing = [name for name in names if here["inputs"].get(name) != wanted["inputs"].get(name)]
    if here["code"] != wanted["code"]:
        differing.append("the package's code")
    if differing:
        raise InputError(
            f"a worker has another {differing[0]} than this checkout; give all workers the same "
            "files and run again."
        )
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
    from bsup_analysis.run.warm_kernels import kill_all

    def end(*_: object) -> None:
        kill_all()
        os._exit(1)

    kill_all()
    atexit.register(kill_all)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


def keep(variant: Variant, files: Files, scratch: Path) -> None:
    """Put a finished variant in place from a folder below `scratch`, whole or not at all."""
    aside = scratch / f"kept-{uuid.uuid4().hex}"
    try:
        for name, content in files.items():
            write_aside(aside / name, content)
        record = {
            "notebook": variant.page.run.notebook.stem,
            "parameters": variant.page.parameters,
            "made_from": variant.made_from,
            "files": {name: digest_of(content) for name, content in files.items()},
        }
        write_aside(aside / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")
        put_folder(aside, variant.folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_numbers(variants: Sequence[Variant], out: Path) -> Path:
    """Write the numbers of all variants side by side, a row a number and a column a variant.

    A variant that has no such number leaves its cell empty; one of a SYNTHETIC panel says so in
    the head of its column.
    """
    columns = {}
    units: dict[str, str] = {}
    for variant in variants:
        text = (variant.folder / "exhibits" / "numbers.json").read_text(encoding="utf-8")
        numbers = json.loads(text)
        synthetic = any(row.get("synthetic") for row in numbers.values())
        head = f"SYNTHETIC {variant.page.run.id}" if synthetic else variant.page.run.id
        columns[head] = {name: row["value"] for name, row in numbers.items()}
        units |= {name: row["unit"] for name, row in numbers.items()}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["number", "unit", *columns])
    for name in sorted(units):
        values = [numbers.get(name, "") for numbers in columns.values()]
        writer.writerow([name, units[name], *values])
    path = out / NUMBERS
    write_aside(path, stream.getvalue())
    return path
