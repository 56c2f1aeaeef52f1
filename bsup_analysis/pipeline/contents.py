"""What the report of one language consists of: its pages, their titles and their exhibits.

Every page shows the list, so it is a step of its own: a page is rendered anew only when its
notebook changed, or a title.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bsup_analysis.files import write_aside
from bsup_analysis.pipeline.project import Page, Project

LAB_ONLY = "lab_only"
CONTENTS = "contents.json"
_HEADINGS = (
    re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE),
    re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.DOTALL),
)


@dataclass(frozen=True)
class Title:
    """An exhibit as the contents page names it; its id is also its anchor on the page."""

    id: str
    title: str


@dataclass(frozen=True)
class Entry:
    """A page as other pages know it.

    Attributes
    ----------
    run
        Id of the run; the page's file name.
    title
        First heading of the executed notebook, else the id.
    exhibits
        Its figures and tables, in the order they are shown.
    """

    run: str
    title: str
    exhibits: tuple[Title, ...]


def describe(project: Project, page: Page) -> Entry:
    """Describe an executed page."""
    folder = project.folder(page)
    exhibits = json.loads((folder / "exhibits" / "exhibits.json").read_text(encoding="utf-8"))
    notebook = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
    shown = "\n".join(_texts(notebook))
    place = {name: shown.find(f'id="{name}"') for name in exhibits}
    titles = tuple(
        Title(name, exhibits[name]["title"])
        for name in sorted(exhibits, key=lambda name: (place[name] < 0, place[name]))
    )
    return Entry(page.run.id, heading(notebook) or page.run.id, titles)


def write_contents(path: Path, entries: Iterable[Entry]) -> list[Path]:
    """Write the contents of one language, in the order of the report."""
    rows = [asdict(entry) for entry in entries]
    write_aside(path, json.dumps(rows, indent=1, ensure_ascii=False))
    return [path]


def contents_path(stage: Path, language: str) -> Path:
    """Return where the contents of a language lie in a staged report; they are not published."""
    return stage / language / "html" / CONTENTS


def read_contents(path: Path) -> list[Entry]:
    """Read what `write_contents` wrote; pages that share a title are told apart by their id."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    entries = [
        Entry(row["run"], row["title"], tuple(Title(**one) for one in row["exhibits"]))
        for row in rows
    ]
    count = Counter(entry.title for entry in entries)
    return [
        replace(entry, title=f"{entry.title} ({entry.run})") if count[entry.title] > 1 else entry
        for entry in entries
    ]


def heading(notebook: Mapping[str, Any]) -> str | None:
    """Return the first heading of level 1 in an executed notebook, as plain text."""
    for text in _texts(notebook):
        found = [match for pattern in _HEADINGS if (match := pattern.search(text))]
        if found:
            first = min(found, key=lambda match: match.start())
            return re.sub(r"<[^>]+>|[*`]", "", first[1]).strip()
    return None


def _texts(notebook: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader sees as text or HTML, in its order."""
    for cell in shown_cells(notebook):
        if cell["cell_type"] == "markdown":
            yield "".join(cell["source"])
        for output in cell.get("outputs", ()):
            for kind in ("text/html", "text/markdown"):
                if kind in output.get("data", {}):
                    yield "".join(output["data"][kind])
                    break


def shown_cells(notebook: Mapping[str, Any]) -> list[Any]:
    """Return the cells a page shows: all but those tagged ``lab_only``.

    A notebook's own headings are in English, for whoever reads it in JupyterLab; the page has
    those of its language, which the notebook's code shows.
    """
    cells = notebook["cells"]
    return [cell for cell in cells if LAB_ONLY not in cell.get("metadata", {}).get("tags", ())]
