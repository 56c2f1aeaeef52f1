"""A grid of notebooks and parameters: every combination a variant, their numbers side by side."""

import csv
import io
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.pipeline.adhoc_run import adhoc_folder, adhoc_page
from bsup_analysis.pipeline.parameters import defaults
from bsup_analysis.pipeline.project import Project
from bsup_analysis.pipeline.variant import RECORD, Variant, made_from

NUMBERS = "numbers.csv"
ALL = "all"


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
    for setting in settings:
        key, equals, listed = setting.partition("=")
        if not equals or not key:
            raise InputError(f"-p takes key=value,value, as in -p language=nb,en, not {setting!r}.")
        allowed = project.allowed.get(key, ())
        if listed == ALL and allowed and ALL not in allowed:
            if "*" in allowed:
                raise InputError(f"{key} takes any text, so it has no {ALL}; list its values.")
            values = list(allowed)
        else:
            values = listed.split(",")
        wanted.setdefault(key, []).extend(v for v in values if v not in wanted.get(key, ()))
    return wanted


def write_numbers(variants: Sequence[Variant], out: Path) -> Path:
    """Write the numbers of all variants side by side, a row a number and a column a variant.

    A variant that has no such number leaves its cell empty; one of a SYNTHETIC panel says so in
    the head of its column.
    """
    heads: list[str] = []
    found: list[dict[str, dict[str, Any]]] = []
    units: dict[str, str] = {}
    for variant in variants:
        text = (variant.folder / "exhibits" / "numbers.json").read_text(encoding="utf-8")
        numbers = json.loads(text)
        synthetic = any(row.get("synthetic") for row in numbers.values())
        heads.append(f"SYNTHETIC {variant.page.run.id}" if synthetic else variant.page.run.id)
        found.append(numbers)
        units |= {name: row["unit"] for name, row in numbers.items()}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["number", "unit", *heads])
    for name in sorted(units):
        values = [numbers.get(name, {}).get("value", "") for numbers in found]
        writer.writerow([name, units[name], *values])
    path = out / NUMBERS
    write_aside(path, stream.getvalue())
    return path
