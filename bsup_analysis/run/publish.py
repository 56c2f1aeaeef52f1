"""Put the results of pages together as they will lie in `reports/`, and publish them as a whole."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import digest, digest_of, write_aside, write_together
from bsup_analysis.published.manifest import MANIFEST, NUMBERS, manifest, merge, rounded, to_json
from bsup_analysis.published.reader import read_manifest, read_published
from bsup_analysis.run.notebooks import heading, shown_texts
from bsup_analysis.run.project import Page, Project

CONTENTS = "contents.json"


def page_path(stage: Path, page: Page) -> Path:
    """Return where a page lies below `reports/`, or below a folder staged for it."""
    return stage / page.language / "html" / f"{page.run.id}.html"


def contents_path(stage: Path, language: str) -> Path:
    """Return where the list of a language's pages lies in a staged report; it is not published."""
    return stage / language / "html" / CONTENTS


def describe(project: Project, page: Page) -> dict[str, Any]:
    """Describe an executed page as other pages know it.

    Returns
    -------
    dict
        `run` (the page's file name), `title` (its first heading, else the run), and its
        `exhibits` (`id`, which is also the anchor on the page, and `title`) in their order there.
    """
    folder = project.folder(page)
    exhibits = json.loads((folder / "exhibits" / "exhibits.json").read_text(encoding="utf-8"))
    notebook = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
    shown = "\n".join(shown_texts(notebook))
    place = {name: shown.find(f'id="{name}"') for name in exhibits}
    titles = [
        {"id": name, "title": exhibits[name]["title"]}
        for name in sorted(exhibits, key=lambda name: (place[name] < 0, place[name]))
    ]
    title = heading(notebook) or page.run.id
    return {"run": page.run.id, "title": title, "exhibits": titles}


def write_contents(path: Path, pages: Sequence[dict[str, Any]]) -> None:
    """Write the list of a language's pages, in the order of the report."""
    write_aside(path, json.dumps(pages, indent=1, ensure_ascii=False))


def read_contents(path: Path) -> list[dict[str, Any]]:
    """Read what `write_contents` wrote; pages that share a title are told apart by their id."""
    pages = json.loads(path.read_text(encoding="utf-8"))
    count = Counter(page["title"] for page in pages)
    for page in pages:
        if count[page["title"]] > 1:
            page["title"] = f"{page['title']} ({page['run']})"
    return pages


def stage_results(project: Project, pages: Sequence[Page], stage: Path) -> list[Path]:
    """Put numbers, figures, tables and manifest of built pages beside the pages in `stage`.

    What an earlier selection left in the folder goes, but for documents, which are made anew where
    results are.

    Raises
    ------
    InputError
        If pages disagree, or one shows what is SYNTHETIC.
    """
    sources = {name: path for page in pages for name, path in _exhibits(project, page).items()}
    entries = {page.key: _entry(project, page, stage) for page in pages}
    files, numbers = merge(entries, "exhibits"), merge(entries, "numbers")
    for name, path in sources.items():
        place = stage / name
        if not place.is_file() or digest(place) != digest(path):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    write_aside(stage / NUMBERS, to_json(numbers))
    opening = {contents_path(stage, page.language).with_name("index.html") for page in pages}
    made = [*opening, stage / NUMBERS]
    files |= {path.relative_to(stage).as_posix(): digest(path) for path in made}
    write_aside(stage / MANIFEST, to_json(manifest(entries, files, project.origins())))
    kept = {stage / name for name in (MANIFEST, *files)}
    kept |= {stage / name for name in project.document_files(project.complete(pages))}
    kept |= {contents_path(stage, page.language) for page in pages}
    for path in [one for one in stage.rglob("*") if one.is_file() and one not in kept]:
        path.unlink()
    return [stage / name for name in (MANIFEST, *files)]


def publish(project: Project) -> list[Path]:
    """Publish the next report, which lies there whole; return every file of it.

    Raises
    ------
    InputError
        If a file is not the one that the results' manifest names.
    OSError
        If `reports/` cannot be written; it is then as it was.
    """
    stage = project.next_reports
    results = read_published(stage)
    new: dict[str, Path | bytes] = {}
    for name in results.manifest["files"]:
        results.refuse_changed(name)
        new[name] = stage / name
    new |= {name: stage / name for name in project.document_files(project.languages)}
    for path, content in project.documents.beside(stage).items():
        new[Path(os.path.relpath(path, project.reports)).as_posix()] = content
    files = {name: digest_of(one) for name, one in new.items() if not name.startswith("../")}
    new[MANIFEST] = to_json({**results.manifest, "files": files}).encode()
    write_together(new, read_manifest(project.reports).get("files", ()), project.reports)
    return [Path(os.path.normpath(project.reports / name)) for name in new]


def _exhibits(project: Project, page: Page) -> dict[str, Path]:
    """Return the files of a page's exhibits by the name they are published under."""
    folder, files = project.folder(page), {}
    places = {"exhibits/figures/": f"{page.language}/figures/", "exhibits/tables/": "tables/"}
    for name in json.loads((folder / "run.json").read_text(encoding="utf-8"))["files"]:
        for start, place in places.items():
            if name.startswith(start):
                files[place + name.removeprefix(start)] = folder / name
    return files


def _entry(project: Project, page: Page, stage: Path) -> dict[str, Any]:
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
    path = page_path(stage, page)
    files = {path.relative_to(stage).as_posix(): path, **_exhibits(project, page)}
    return {
        **{name: value for name, value in record.items() if name != "files"},
        "contents": describe(project, page),
        "exhibits": exhibits,
        "numbers": {n: {**row, "value": rounded(n, row["value"])} for n, row in numbers.items()},
        "files": {name: digest(path) for name, path in files.items()},
    }
