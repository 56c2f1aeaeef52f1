"""The report on paper: tagged PDF with vector figures and embedded fonts, by Typst.

Fonts are those Typst brings (Libertinus Serif) and those matplotlib brings (DejaVu); fonts of the
machine are not looked at, and no date is written, so the same report has the same bytes.
Libertinus is under the SIL Open Font License, DejaVu under the Bitstream Vera licence; both may be
embedded.

Typst tags the heads of columns alone: its function for heads of rows stands behind a switch that
its Python package does not have.  So the heads of rows are tagged in the finished file; what is
seen stays.
"""

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, PdfObject

from bsup_analysis.errors import InputError
from bsup_analysis.report import markdown as blocks
from bsup_analysis.report.content import Report, imprint, released
from bsup_analysis.report.paper import LEAST_SCALE, Part, plan
from bsup_analysis.report.widths import PORTRAIT_PT, WHOLE_TO, fits_whole, layout

FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")
# height of the text on a page, pitch of its lines and of the list of contents, as in report.typ
PAGE_PT, _LINE_PT, _ENTRY_PT = 700.0, 14.0, 15.0
# what stands at the foot of the first page keeps this clear of the text: 1.5 em
_FLOAT_PT = 16.0
# a table higher than this may go on another page
WHOLE_PT = 200.0
_SIZE = re.compile(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"')
_ROW = {NameObject("/O"): NameObject("/Table"), NameObject("/Scope"): NameObject("/Row")}


def to_pdf(report: Report) -> bytes:
    """Write the report as PDF/UA-1.

    Raises
    ------
    InputError
        Typst refuses it: a figure or a font cannot be read.
    """
    try:
        # typst's own hints want the text and the folder of one type
        made = typst.compile(  # type: ignore[type-var]
            source(report).encode(),
            root=str(report.published.reports),
            font_paths=fonts(),
            pdf_standards=["1.7", "ua-1"],
        )
    except RuntimeError as error:
        first = str(error).splitlines()[0]
        raise InputError(f"reports/{report.words.language}/{report.name}.pdf: {first}.") from None
    return with_row_heads(bytes(made))


def fonts() -> typst.Fonts:
    """Find the fonts that matplotlib brings; those of the machine are not looked at."""
    shipped = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in FONTS:
        if not (shipped / name).is_file():
            raise InputError(
                f"the font {name}, which matplotlib brings, is not installed; set the environment "
                "up anew with `make distclean` and `make report`."
            )
    return typst.Fonts(include_system_fonts=False, font_paths=[str(shipped)])


def source(report: Report) -> str:
    """Write the report in Typst's language: the look of `report.typ`, given the report as data.

    Typst measures the blocks first; then it is told where pages end and how large figures are.
    """
    described = [_described(report, block) for block in report.blocks]
    first = next(i for i, b in enumerate(report.blocks) if getattr(b, "id", "") in report.sections)
    # after the answer the list of contents is a paragraph of the sections alone
    depth = 1 if first else 2
    contents = {"kind": "Contents", "title": report.text("contents"), "depth": depth}
    described.insert(first, contents)
    for i, block in enumerate(described):
        block["answer"] = i < first
    # the answer has the first page to itself if it fits, and without one the list of contents
    opening = 1 + (first or 1)
    content = {
        "title": report.title,
        "subtitle": report.subtitle,
        "running": report.running,
        "language": report.words.language,
        "author": report.text("authors"),
        "released": [released().year, released().month, released().day],
        "imprint": [[name, told] for name, told in imprint(report).items()],
        **{word: report.text(word) for word in ("page", "of")},
        "blocks": described,
    }
    heights = typst.query(  # type: ignore[type-var]
        _typst(report, {**content, "measured": True}, linked=False).encode(),
        "<height>",
        field="value",
        root=str(report.published.reports),
        font_paths=fonts(),
    )
    front, foot, *rest = json.loads(heights)
    headings = [block for block in report.blocks if isinstance(block, blocks.Heading)]
    listed = _ENTRY_PT * sum(one.level <= depth for one in headings) / (3 if first else 1)
    parts = [Part((front[0] + foot[0] + _FLOAT_PT,), kind="front")]
    for block, (height, *rows) in zip(described, rest, strict=True):
        block["long"] = len(rows) > WHOLE_TO or (height > WHOLE_PT and len(rows) > 1)
        parts.append(_part(block, height + listed * (block["kind"] == "Contents"), rows))
    least = [sum(one.pieces) - one.image * (1 - LEAST_SCALE) + one.above for one in parts[:opening]]
    alone = sum(least) < PAGE_PT
    turned = [False, *(block.get("across", False) for block in described)]
    for i in range(1, len(parts)):
        block = described[i - 1]
        # in a long document a chapter begins a page; where the paper turns one begins, too
        chapter = depth > 1 and block["kind"] == "Heading" and block["level"] == 1
        chapter &= not any(turned[i : i + 3])  # a table laid across turns the page by itself
        if chapter or turned[i] != turned[i - 1] or (i == opening and alone):
            parts[i] = replace(parts[i], kind="start")
    found = plan(parts, PAGE_PT)
    laid: list[dict[str, Any]] = []
    for place in found.order[1:]:
        block = {**described[place - 1], "scale": round(found.scales[place], 3)}
        block["starts"] = place in found.starts
        if turned[place] and laid and laid[-1]["kind"] == "Across":
            laid[-1]["blocks"].append(block)
        elif turned[place]:
            laid.append({"kind": "Across", "blocks": [block], "starts": False})
        else:
            laid.append(block)
    return _typst(report, {**content, "blocks": laid, "measured": False})


def _typst(report: Report, content: dict[str, Any], linked: bool = True) -> str:
    look = files(__package__).joinpath("templates", "report.typ").read_text(encoding="utf-8")
    given = partial(_given, report, linked)
    text = json.dumps(json.dumps(content, ensure_ascii=False, default=given), ensure_ascii=False)
    return f"{look}\n#written(json(bytes({text})))\n"


def _part(block: dict[str, Any], height: float, rows: Sequence[float]) -> Part:
    """Tell how a block takes room, by its look in `report.typ`."""
    match block["kind"]:
        case "Heading":
            above, below = (30.8, 12.6) if block["level"] == 1 else (17.6, 8.8)
            return Part((height,), above=above, below=below, kind="heading")
        case "Figure":
            return Part((height,), image=block["ratio"] * PORTRAIT_PT, above=16.8, below=16.8)
        case "Table" if block["long"]:
            # the caption above it, the head and the first rows stay together
            first = height - sum(rows[3:])
            return Part((first, *rows[3:]), above=16.8, below=16.8, head=rows[0])
        case "Table" | "Nothing":
            return Part((height,), above=16.8, below=16.8)
        case "Paragraph" | "Listing":
            lines = max(1, round((height + 7.1) / _LINE_PT))
            gap = 8.5 if block["answer"] else 10.5
            return Part((height / lines,) * lines, above=gap, below=gap, kind="text")
    return Part((height,), kind="front")


def _given(report: Report, linked: bool, span: blocks.Span) -> dict[str, Any]:
    """Give what a span holds; one that leads out of the document has the file or address."""
    elsewhere = span.target and report.elsewhere(span.target)
    file = span.target if span.web else f"{elsewhere}.pdf" if elsewhere else ""
    return {**vars(span), "target": span.target if linked else "", "file": file}


def _described(report: Report, block: blocks.Block) -> dict[str, Any]:
    """Give a block with all that its drawing needs: number, caption, widths of columns."""
    shown = {"kind": type(block).__name__, **vars(block)}
    may_turn = report.name == "annex"
    match block:
        case blocks.Heading():
            return {**shown, "number": report.sections.get(block.id, "")}
        case blocks.Table():
            caption = _caption(report, block.id, block.title, "", block.note)
            return {
                **shown,
                **_table(block.head, block.rows, block.numeric, may_turn),
                "caption": caption,
            }
        case blocks.ExhibitBlock():
            one = report.published.exhibits[block.id]
            shown["caption"] = _caption(report, block.id, one.title, one.caption, one.source)
            if one.svg is not None:
                path = one.svg.relative_to(report.published.reports).as_posix()
                size = _SIZE.search(one.svg.read_text(encoding="utf-8"))
                if size is None:
                    raise InputError(f"reports/{path} does not say how large it is; make it anew.")
                shown |= {"ratio": float(size[2]) / float(size[1]), "scale": 1.0}
                return {**shown, "kind": "Figure", "path": f"/{path}", "alt": one.alternative_text}
            if one.table is None:
                return {**shown, "kind": "Nothing"}
            rows = [[(blocks.Span(cell),) for cell in row] for row in one.table.rows]
            return {
                **shown,
                "kind": "Table",
                **_table(one.table.head, rows, one.table.numeric, may_turn),
            }
    return shown


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[blocks.Spans]],
    numeric: frozenset[int],
    may_turn: bool,
) -> dict[str, Any]:
    texts = [[blocks.plain(cell) for cell in row] for row in rows]
    laid = layout(head, texts, numeric, may_turn)
    columns = zip(head, laid.columns_pt, strict=True)
    return {
        "head": head,
        "rows": rows,
        "numeric": sorted(numeric),
        "long": False,
        "across": laid.across,
        "type_pt": laid.type_pt,
        "columns_pt": laid.columns_pt,
        "hyphenate": [not fits_whole(title, width, laid.type_pt) for title, width in columns],
    }


def _caption(report: Report, name: str, title: str, words: str, source: str) -> list[str]:
    origin = f"{report.text('source')}: {source}" if source else ""
    return [report.labels[name], title, words, origin]


def with_row_heads(pdf: bytes) -> bytes:
    """Tag the first cell of each row of a table's body as a head with the row as its scope.

    Cells then find their heads by scope, in both directions, and not by a list of column heads.

    Parameters
    ----------
    pdf
        A tagged PDF, the first column of whose tables names the rows.

    Returns
    -------
    bytes
        The same file but for the tags; the same input has the same bytes.
    """
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    for entry in writer._objects:  # the writer has no way of its own through the tags
        if _is(entry, "/TBody"):
            for row in _kids(entry):
                if _is(row, "/TR"):
                    _name_row(_kids(row))
    stream = io.BytesIO()
    writer.pdf_header = "%PDF-1.7"
    writer.write(stream)
    return stream.getvalue()


def _name_row(cells: list[PdfObject]) -> None:
    for place, cell in enumerate(cells):
        if not isinstance(cell, DictionaryObject):
            continue
        attributes = [DictionaryObject(one) for one in _listed(cell.get("/A"))]
        for one in attributes:
            one.pop("/Headers", None)
        if place == 0:
            cell[NameObject("/S")] = NameObject("/TH")
            attributes.append(DictionaryObject(_ROW))
        cell.pop("/A", None)
        if kept := [one for one in attributes if len(one) > 1]:
            cell[NameObject("/A")] = ArrayObject(kept)


def _is(entry: PdfObject | None, kind: str) -> bool:
    return isinstance(entry, DictionaryObject) and entry.get("/S") == kind


def _kids(element: PdfObject | None) -> list[PdfObject]:
    return _listed(element.get("/K")) if isinstance(element, DictionaryObject) else []


def _listed(value: PdfObject | None) -> list:
    if value is None:
        return []
    found = value.get_object()
    return [one.get_object() for one in found] if isinstance(found, ArrayObject) else [found]
