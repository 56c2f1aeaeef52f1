"""An executed notebook as one self-contained page, and the page a report opens with."""

import json
import re
import sys
import threading
import tomllib
from collections.abc import Sequence
from functools import cache
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from bsup_analysis.errors import InputError
from bsup_analysis.files import only_own_script, write_aside
from bsup_analysis.published.manifest import PACKAGE, packages
from bsup_analysis.run.notebooks import heading, shown_cells
from bsup_analysis.run.project import Page
from bsup_analysis.run.publish import read_contents

TEMPLATES = Path(__file__).parent / "templates"
_EXPORTING = threading.Lock()
# code that brings or shows what stands elsewhere, and that which gives the numbers by id
_PREPARES = re.compile(r"^(?:import|from) |\bstudy\.(?:show|opening|close)\(|\bdisplay\(", re.M)
_NUMBERS = re.compile(r"\bstudy\.headlines\(")
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_CAPTION = re.compile(r"<(caption|figcaption)\b[^>]*>(.*?)</\1>", re.DOTALL)
# what nbconvert writes where a notebook gave an image no alternative text
_PLACEHOLDER = "No description has been provided for this image"
_LOADING = {"src", "srcset", "poster", "data", "href", "xlink:href", "action", "background"}
_ELSEWHERE = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_STYLE = re.compile(r"(?:@import|url\()\s*[\"']?\s*(?:[a-z]+:)?//", re.IGNORECASE)
# the converter takes these for letters, which a browser sets without room beside them
_OPERATORS = {"&#x0007E;": "&#x223C;", "&#x000B1;": "&#x000B1;"}
# a command or an alignment mark that the converter passes on as a letter
_UNKNOWN = re.compile(r"<mi>(\\[^<]*|&)</mi>")


def render_page(
    page: Page,
    folder: Path,
    target: Path,
    contents: Path | None = None,
    languages: Sequence[str] = (),
    report: bool = False,
    profile: bool = False,
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
    report
        Whether the report lies in the folder above, where the page links to it.
    profile
        Whether the page is one of the profiles, which link to their list and not to each other.

    Raises
    ------
    InputError
        If the page would load something from another host, has an image without
        alternative text, or a formula that cannot be shown.
    """
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    notebook = nbformat.read(folder / "notebook.ipynb", as_version=4)
    notebook.cells = shown_cells(notebook)
    for cell in notebook.cells:
        cell.metadata["shown"] = _shown(cell)
    title = heading(notebook)
    about = {
        "run": page.run.id,
        "title": title or page.run.id,
        "titled": title is not None,
        "notebook": record["notebook"],
        "parameters": ", ".join(f"{k} = {v}" for k, v in sorted(page.shown.items())),
        "tables": [table.stem for table in page.run.tables],
        **_frame(page.language, contents, languages),
        **_place(report, profile),
    }
    try:
        with _EXPORTING:
            html, _ = _exporter().from_notebook_node(notebook, resources={"page": about})
        return _write(target, html, about["words"]["table"])
    except InputError as error:
        raise InputError(f"page {page.run.id} ({page.language}): {error}") from None


def _shown(cell: Any) -> str:
    """Tell what a page shows of a cell in its place.

    Data and fit are read with their code, an exhibit alone; the numbers by id, which are for
    comparing, stand with all code at the page's foot, and so do preparations.
    """
    if cell.cell_type != "code" or _PREPARES.search(cell.source):
        return "output"
    if _NUMBERS.search(cell.source):
        return ""
    made = "".join(str(one.get("data", {}).get("text/html", "")) for one in cell.outputs)
    given = {"parameters", "injected-parameters"} & set(cell.metadata.get("tags", ()))
    return "output" if given or "<h1" in made else "code and output"


def render_contents(
    language: str,
    contents: Path,
    languages: Sequence[str] = (),
    report: bool = False,
    profile: bool = False,
) -> list[Path]:
    """Write ``index.html`` beside the contents of a language: the page a report opens with.

    With `profile` it is the list of the profiles, each a line; the rest is as of a page.
    """
    frame = _frame(language, contents, languages)
    template = _exporter().environment.get_template("contents.html.j2")
    title = frame["words"]["profiles" if profile else "report"]
    html = template.render(page={"title": title, **frame, **_place(report, profile)})
    return _write(contents.with_name("index.html"), html, frame["words"]["table"])


def _place(report: bool, profile: bool) -> dict[str, Any]:
    return {"folder": "profiles" if profile else "html", "profile": profile, "report": report}


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


def _write(path: Path, html: str, table: str) -> list[Path]:
    """Give wide tables a frame that scrolls, also by keyboard; refuse what is not whole; write."""
    frame = '<div class="scroll" role="region" tabindex="0" aria-label="{}">{}</div>'
    number = 0

    def framed(match: re.Match[str]) -> str:
        nonlocal number
        number += 1
        label = _caption(html[: match.start()], match[0]) or f"{table} {number}"
        return frame.format(escape(label), match[0])

    # pandas gives the corner above its index a head that holds nothing
    text = only_own_script(_TABLE.sub(framed, html.replace("<th></th>", "<td></td>")))
    for complaint in complaints(text):
        raise InputError(f"{complaint}.")
    write_aside(path, text if text.endswith("\n") else f"{text}\n")
    return [path]


def _caption(before: str, table: str) -> str:
    """Return the caption of a table, else that of the figure it stands in, as plain text."""
    within = before[before.rfind("</figure>") + 1 :]
    found = _CAPTION.search(table) or _CAPTION.search(within[within.rfind("<figure") + 1 :])
    return unescape(re.sub(r"<[^>]+>", "", found[2])).strip() if found else ""


# --- whole in itself ---


class _Inspector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self._element = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element = tag
        values = dict(attrs)
        if tag == "img" and values.get("alt") in (None, _PLACEHOLDER):
            self.complaints.append("an image has no alternative text")
        for name, value in attrs:
            # a link is followed by the reader, all else by the browser itself
            if tag != "a" and name in _LOADING and _ELSEWHERE.match(value or ""):
                self.complaints.append(f"<{tag}> loads {value}")
            if name == "style" and _STYLE.search(value or ""):
                self.complaints.append(f"the style of <{tag}> loads from another host")

    def handle_data(self, data: str) -> None:
        if self._element == "style" and _STYLE.search(data):
            self.complaints.append("<style> loads from another host")

    def handle_endtag(self, _tag: str) -> None:
        self._element = ""


def complaints(html: str) -> list[str]:
    """Return what keeps a page from standing alone, in the order of the page.

    Parameters
    ----------
    html
        The whole page.

    Returns
    -------
    list of str
        Empty for a page that loads nothing from elsewhere and describes all its images.
    """
    inspector = _Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.complaints


# --- formulas as MathML, which a browser draws by itself ---


def mathml(formula: str, display: str) -> str:
    """Convert a formula.

    Parameters
    ----------
    formula
        LaTeX, without the dollar signs.
    display
        `block` or `inline`.

    Raises
    ------
    InputError
        The formula is none, or has a command that is not known.
    """
    try:
        made = convert(formula, display=display)
    except Exception as error:  # noqa: BLE001 - the converter's errors have no common base
        raise InputError(
            f"the formula {formula.strip()!r} is no LaTeX ({type(error).__name__})."
        ) from None
    unknown = _UNKNOWN.search(made)
    if unknown:
        raise InputError(
            f"the formula {formula.strip()!r} cannot be shown: {unknown[1]} is not known here;"
            " lines are set below each other by \\begin{split}."
        )
    for letter, operator in _OPERATORS.items():
        made = made.replace(f"<mi>{letter}</mi>", f"<mo>{operator}</mo>")
    # a formula wider than the screen scrolls, by keyboard too
    reached = ' tabindex="0"' if display == "block" else ""
    told = f'<math alttext="{escape(" ".join(formula.split()))}"{reached} '
    return made.replace("<math ", told, 1)


class _Renderer(IPythonRenderer):
    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


class MathMLExporter(HTMLExporter):
    """nbconvert's exporter of HTML, with the formulas of markdown as MathML."""

    def get_prefix_root_dirs(self) -> list[str]:
        """Name where nbconvert's templates were installed, and no place of the user's own."""
        installed = Path(sys.prefix) / "share" / "jupyter"
        there = (installed / "nbconvert" / "templates" / "base").is_dir()
        return [str(installed)] if there else super().get_prefix_root_dirs()

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Convert markdown; an image that is attached to the cell is embedded."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _Renderer(
            escape=False,
            attachments=attachments,
            embed_images=self.embed_images,
            exclude_anchor_links=self.exclude_anchor_links,
        )
        return MarkdownWithMath(renderer=renderer).render(source)


@cache
def _exporter() -> MathMLExporter:
    """Give the one exporter, whose templates are compiled once; for one thread at a time."""
    return MathMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        embed_images=True,
    )
