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
from collections.abc import Sequence
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
from bsup_analysis.report.widths import fits_whole, layout

FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")
# a table of so many rows is kept on one page
_WHOLE_TO = 22
_ROW = {NameObject("/O"): NameObject("/Table"), NameObject("/Scope"): NameObject("/Row")}


def to_pdf(report: Report) -> bytes:
    """Write the report as PDF/UA-1.

    Raises
    ------
    InputError
        Typst refuses it: a figure or a font cannot be read.
    """
    reports = report.published.reports
    try:
        # typst's own hints want the text and the folder of one type
        made = typst.compile(  # type: ignore[type-var]
            source(report).encode(), root=str(reports), font_paths=fonts(), pdf_standards=["ua-1"]
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
    """Write the report in Typst's language: the look of `report.typ`, given the report as data."""
    content = {
        "title": report.title,
        "subtitle": report.subtitle,
        "running": report.running,
        "language": report.words.language,
        "author": report.text("authors"),
        "released": [released().year, released().month, released().day],
        "imprint": [[name, told] for name, told in imprint(report).items()],
        **{word: report.text(word) for word in ("page", "of", "contents")},
        "blocks": [_described(report, block) for block in report.blocks],
    }
    look = files(__package__).joinpath("templates", "report.typ").read_text(encoding="utf-8")
    told = json.dumps(content, ensure_ascii=False, default=partial(_given, report))
    text = json.dumps(told, ensure_ascii=False)
    return f"{look}\n#written(json(bytes({text})))\n"


def _given(report: Report, block: object) -> dict[str, Any]:
    """Give what a span holds; one that leads to another document has the file it leads to."""
    if not isinstance(block, blocks.Span):
        return vars(block)
    elsewhere = block.target and report.elsewhere(block.target)
    return {**vars(block), "file": f"{elsewhere}.pdf" if elsewhere else ""}


def _described(report: Report, block: blocks.Block) -> dict[str, Any]:
    """Give a block with all that its drawing needs: number, caption, widths of columns."""
    shown = {"kind": type(block).__name__, **vars(block)}
    match block:
        case blocks.Heading():
            return {**shown, "number": report.sections.get(block.id, "")}
        case blocks.Table():
            caption = _caption(report, block.id, block.title, "", block.note)
            return {**shown, **_table(block.head, block.rows, block.numeric), "caption": caption}
        case blocks.ExhibitBlock():
            one = report.published.exhibits[block.id]
            shown["caption"] = _caption(report, block.id, one.title, one.caption, one.source)
            if one.svg is not None:
                path = one.svg.relative_to(report.published.reports).as_posix()
                return {**shown, "kind": "Figure", "path": f"/{path}", "alt": one.alternative_text}
            if one.table is None:
                return {**shown, "kind": "Nothing"}
            rows = [[(blocks.Span(cell),) for cell in row] for row in one.table.rows]
            return {**shown, "kind": "Table", **_table(one.table.head, rows, one.table.numeric)}
    return shown


def _table(
    head: Sequence[str], rows: Sequence[Sequence[blocks.Spans]], numeric: frozenset[int]
) -> dict[str, Any]:
    laid = layout(head, [[blocks.plain(cell) for cell in row] for row in rows], numeric)
    columns = zip(head, laid.columns_pt, strict=True)
    return {
        "head": head,
        "rows": rows,
        "numeric": sorted(numeric),
        "long": len(rows) > _WHOLE_TO,
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
