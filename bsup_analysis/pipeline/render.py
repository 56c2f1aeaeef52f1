"""An executed notebook as one self-contained page, and the page a report opens with."""

import json
import re
import tomllib
from collections.abc import Sequence
from html import escape, unescape
from pathlib import Path
from typing import Any

import nbformat

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.pipeline.contents import heading, read_contents, shown_cells
from bsup_analysis.pipeline.execute import RECORD
from bsup_analysis.pipeline.inspection import complaints
from bsup_analysis.pipeline.mathematics import MathMLExporter
from bsup_analysis.pipeline.project import Page
from bsup_analysis.published.manifest import PACKAGE, packages

TEMPLATES = Path(__file__).parent / "templates"
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_CAPTION = re.compile(r"<(caption|figcaption)\b[^>]*>(.*?)</\1>", re.DOTALL)


def render_page(
    page: Page,
    folder: Path,
    target: Path,
    contents: Path | None = None,
    languages: Sequence[str] = (),
) -> list[Path]:
    """Write the page of the executed notebook in `folder`.

    Parameters
    ----------
    target
        The page.
    contents
        The contents of the report the page belongs to; None for a page that stands alone.
    languages
        Those in which this page is published; the page links to the others.

    Raises
    ------
    InputError
        If the page would load something from another host, has an image without
        alternative text, or a formula that cannot be shown.
    """
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    notebook = nbformat.read(folder / "notebook.ipynb", as_version=4)
    notebook.cells = shown_cells(notebook)
    title = heading(notebook)
    about = {
        "run": page.run.id,
        "title": title or page.run.id,
        "titled": title is not None,
        "notebook": record["notebook"],
        "parameters": ", ".join(f"{k} = {v}" for k, v in sorted(page.parameters.items())),
        "tables": [table.stem for table in page.run.tables],
        **_frame(page.language, contents, languages),
    }
    try:
        html, _ = _exporter().from_notebook_node(notebook, resources={"page": about})
        return _write(target, html, about["words"]["table"])
    except InputError as error:
        raise InputError(f"page {page.run.id} ({page.language}): {error}") from None


def render_contents(language: str, contents: Path, languages: Sequence[str] = ()) -> list[Path]:
    """Write ``index.html`` beside the contents of a language: the page a report opens with."""
    frame = _frame(language, contents, languages)
    template = _exporter().environment.get_template("contents.html.j2")
    html = template.render(page={"title": frame["words"]["report"], **frame})
    return _write(contents.with_name("index.html"), html, frame["words"]["table"])


def words(language: str) -> dict[str, str]:
    """Return the words of the page's frame in a language.

    Raises
    ------
    InputError
        If there are none.
    """
    known = tomllib.loads((TEMPLATES / "words.toml").read_text(encoding="utf-8"))
    if language not in known:
        raise InputError(f"no words for language {language!r}; add them to templates/words.toml.")
    return known[language]


def _frame(language: str, contents: Path | None, languages: Sequence[str]) -> dict[str, Any]:
    return {
        "language": language,
        "words": words(language),
        "pages": read_contents(contents) if contents else [],
        "languages": [{"language": o, "words": words(o)} for o in languages if o != language],
        "package": f"{PACKAGE} {packages().get(PACKAGE, '')}".strip(),
    }


def _exporter() -> MathMLExporter:
    return MathMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        embed_images=True,
    )


def _write(path: Path, html: str, table: str) -> list[Path]:
    """Give wide tables a frame that scrolls, also by keyboard; refuse what is not whole; write."""
    frame = '<div class="scroll" role="region" tabindex="0" aria-label="{}">{}</div>'
    number = 0

    def framed(match: re.Match[str]) -> str:
        nonlocal number
        number += 1
        label = _caption(html[: match.start()], match[0]) or f"{table} {number}"
        return frame.format(escape(label), match[0])

    text = _TABLE.sub(framed, html)
    for complaint in complaints(text):
        raise InputError(f"{complaint}.")
    write_aside(path, text if text.endswith("\n") else f"{text}\n")
    return [path]


def _caption(before: str, table: str) -> str:
    """Return the caption of a table, else that of the figure it stands in, as plain text."""
    within = before[before.rfind("</figure>") + 1 :]
    found = _CAPTION.search(table) or _CAPTION.search(within[within.rfind("<figure") + 1 :])
    return unescape(re.sub(r"<[^>]+>", "", found[2])).strip() if found else ""
