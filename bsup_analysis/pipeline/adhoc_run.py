"""One notebook with the reader's own parameters, in a folder of its own."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from bsup_analysis.errors import InputError
from bsup_analysis.pipeline.parameters import check, defaults
from bsup_analysis.pipeline.project import Page, Project, Run


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
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise InputError(f"-p takes key=value, as in -p language=nb, and not {setting!r}.")
        free = "*" in project.allowed.get(key, ())
        chosen[key] = str(Path(value).resolve()) if free and Path(value).is_file() else value
    language = chosen.setdefault("language", str(defaults(run.notebook).get("language", "")))
    check(run.notebook, chosen, project.allowed)
    own = {key: value for key, value in chosen.items() if key != "language"}
    # a run for another level of data may read more
    runs = (one for one in project.runs if one.notebook == run.notebook)
    tables = tuple(dict.fromkeys(table for one in runs for table in one.tables))
    label = _label(run.notebook.stem, chosen)
    return Page(Run(label, run.notebook, tables, own, run.code), language)


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
    kept = project.reports, project.build / "runs", project.next_reports, project.draft
    for taken in kept:
        if folder == taken or taken in folder.parents or folder in taken.parents:
            raise InputError(f"{out} is where the report is kept; name another folder.")
    used = folder.is_file() or (folder.is_dir() and any(folder.iterdir()))
    if used and not (folder / "run.json").is_file():
        raise InputError(f"{out} holds other files; name a new or an empty folder.")
    return folder


def _label(notebook: str, chosen: dict[str, str]) -> str:
    """Name a run after its values; a hash stands for what a file name cannot hold."""
    full = "-".join([notebook, *(f"{key}={value}" for key, value in sorted(chosen.items()))])
    safe = re.sub(r"[^\w.=-]+", "_", full)[:80]
    return safe if safe == full else f"{safe[:60]}-{hashlib.sha256(full.encode()).hexdigest()[:8]}"
