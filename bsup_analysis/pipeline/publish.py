"""Put the results of all runs together and publish them under `reports/`.

A selection of pages (one language, one notebook) is published beside what is there already.
What is kept that way must not contradict what is new:

- a number or a table that a kept page also has must be the same, else nothing is published and
  the sentence names it; the way out is the whole report, which makes all from the same data;
- a kept page whose own data or code have changed since is kept, and marked as outdated in the
  manifest and on the contents page; the command says so too.

Where there is no manifest (the committed numbers of a fresh clone) a selection keeps the numbers
it does not make.  The whole report replaces them all.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.pipeline.contents import contents_path, describe
from bsup_analysis.pipeline.manifest import MANIFEST, Entries, manifest, read_manifest, to_json
from bsup_analysis.pipeline.merge import merge_files, merge_numbers, rounded
from bsup_analysis.pipeline.project import Page, Project, digest
from bsup_analysis.pipeline.sealing import results_path, with_sections
from bsup_analysis.pipeline.swap import swap

NUMBERS = "numbers.json"


def undo_folder(project: Project) -> Path:
    """Return where a publication keeps what is needed to undo it."""
    return project.build / "undo"


def kept_pages(project: Project, pages: Sequence[Page]) -> dict[str, dict[str, Any]]:
    """Return the manifest's entries of published pages that a selection leaves as they are.

    An entry counts as long as its page is there and `study.toml` still has the run; it is
    marked ``outdated`` where the run's inputs are no longer those it was made from.
    """
    selected = {page.key for page in pages}
    published = read_manifest(project.reports).get("pages", {})
    kept = {}
    for page in project.pages():
        entry = published.get(page.key)
        if entry and page.key not in selected and (project.reports / _html(page)).is_file():
            now = project.fingerprint(page.run)
            outdated = entry["inputs"] != now["inputs"] or entry["code"] != now["code"]
            kept[page.key] = {**entry, "outdated": outdated}
    return kept


def publish(project: Project, pages: Sequence[Page], kept: Entries) -> list[Path]:
    """Publish the built pages beside the kept ones; return every file but the manifest.

    The manifest is not among them because more is entered into it later; what is returned in
    its place is the results' part of it, kept in the build folder.

    Raises
    ------
    InputError
        If pages disagree, or if a kept page's files are not as they were published.
    OSError
        If `reports/` cannot be written; it is then as it was.
    """
    previous = read_manifest(project.reports)
    made = {page.key: _entry(project, page) for page in pages}
    # in the order of the report, whatever was selected
    order = [page.key for page in project.pages()]
    entries = {key: {**made, **kept}[key] for key in order if key in made or key in kept}
    _refuse_damage(project, kept)
    files = merge_files(entries, kept)
    numbers = {**_unclaimed(project, previous, entries), **merge_numbers(entries, kept)}

    stage = project.build / "publish"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    sources = {name: path for page in pages for name, path in _files(project, page).items()}
    for language in dict.fromkeys(entry["language"] for entry in entries.values()):
        index = contents_path(project, language).with_name("index.html")
        sources[f"{language}/html/index.html"] = index
    sources[NUMBERS] = _written(stage / NUMBERS, numbers)
    files |= {name: digest(path) for name, path in sources.items()}
    results = manifest(entries, files, project.origins())
    sources[MANIFEST] = _written(stage / MANIFEST, with_sections(results, previous))

    new = {
        name: _staged(path, stage / name)
        for name, path in sources.items()
        if not _same(path, project.reports / name)
    }
    stale = set(previous.get("files", {})) - set(files)
    swap(new, stale, project.reports, undo_folder(project))
    shutil.rmtree(stage, ignore_errors=True)
    write_aside(results_path(project), to_json(results))
    return [*(project.reports / name for name in files), results_path(project)]


def _html(page: Page) -> str:
    return f"{page.language}/html/{page.run.id}.html"


def _files(project: Project, page: Page) -> dict[str, Path]:
    """Return a page's files by the name they are published under."""
    folder, files = project.folder(page), {_html(page): project.folder(page) / "page.html"}
    places = {"exhibits/figures/": f"{page.language}/figures/", "exhibits/tables/": "tables/"}
    for name in json.loads((folder / "run.json").read_text(encoding="utf-8"))["files"]:
        for start, place in places.items():
            if name.startswith(start):
                files[place + name.removeprefix(start)] = folder / name
    return files


def _entry(project: Project, page: Page) -> dict[str, Any]:
    """Describe a page for the manifest."""
    folder = project.folder(page)
    record, numbers, exhibits = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("run.json", "exhibits/numbers.json", "exhibits/exhibits.json")
    )
    for name, row in exhibits.items():
        if row.get("synthetic"):
            raise InputError(
                f"{page.key} shows {name} from a SYNTHETIC panel, which is never published; take"
                " `panel` out of the run."
            )
    return {
        **{name: value for name, value in record.items() if name != "files"},
        "contents": asdict(describe(project, page)),
        "outdated": False,
        "exhibits": exhibits,
        "numbers": {n: {**row, "value": rounded(n, row["value"])} for n, row in numbers.items()},
        "files": {name: digest(path) for name, path in _files(project, page).items()},
    }


def _refuse_damage(project: Project, kept: Entries) -> None:
    for entry in kept.values():
        for name, was in entry["files"].items():
            path = project.reports / name
            if not path.is_file() or digest(path) != was:
                raise InputError(
                    f"{project.name(path)} is missing or was changed since it was published; run "
                    "`bsup report` for the whole report, in all languages."
                )


def _unclaimed(project: Project, previous: Mapping[str, Any], entries: Entries) -> dict[str, Any]:
    """Return published numbers of runs that are not among the entries and have no manifest."""
    path = project.reports / NUMBERS
    if {entry["run"] for entry in entries.values()} == {run.id for run in project.runs}:
        return {}
    claimed = {n for entry in previous.get("pages", {}).values() for n in entry["numbers"]}
    try:
        published = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:
        raise InputError(f"{project.name(path)} is damaged; restore it from git.") from None
    return {number: row for number, row in published.items() if number not in claimed}


def _written(path: Path, content: object) -> Path:
    path.write_text(to_json(content), encoding="utf-8", newline="\n")
    return path


def _same(path: Path, published: Path) -> bool:
    return published.is_file() and digest(path) == digest(published)


def _staged(path: Path, place: Path) -> Path:
    """Copy a file to where it can be renamed from; the build keeps its own."""
    if path != place:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return place
