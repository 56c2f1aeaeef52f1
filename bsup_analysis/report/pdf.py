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
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl
import typst
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, PdfObject

from bsup_analysis.errors import InputError
from bsup_analysis.report import markdown as blocks
from bsup_analysis.report.content import Report, edition
from bsup_analysis.report.widths import fits_whole, layout

FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")
_CALL = {"strong": "strong", "em": "emph", "code": "raw"}
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
    shipped = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in FONTS:
        if not (shipped / name).is_file():
            raise InputError(
                f"the font {name}, which matplotlib brings, is not installed; set the environment "
                "up anew with `make distclean` and `make report`."
            )
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(shipped)])
    try:
        # typst's own hints want the text and the folder of one type
        made = typst.compile(  # type: ignore[type-var]
            source(report).encode(), root=str(reports), font_paths=fonts, pdf_standards=["ua-1"]
        )
    except RuntimeError as error:
        first = str(error).splitlines()[0]
        raise InputError(f"reports/{report.words.language}/report.pdf: {first}.") from None
    return with_row_heads(bytes(made))


def source(report: Report) -> str:
    """Write the report in Typst's language."""
    frame = {
        "title": report.title,
        "subtitle": report.subtitle,
        "edition": f"{report.text('edition')}: {edition(report)}",
        "running": report.running,
        "language": report.words.language,
    }
    counted = f"(n, all) => [{_text(report.text('page'))} #n {_text(report.text('of'))} #all]"
    settings = ", ".join(f"{key}: {_string(value)}" for key, value in frame.items())
    look = files(__package__).joinpath("templates", "report.typ").read_text(encoding="utf-8")
    parts = [look, f"#show: report.with({settings}, counted: {counted})"]
    listed = False
    for block in report.blocks:
        if not listed and isinstance(block, blocks.Heading) and block.id in report.sections:
            parts.append(f"#contents({_string(report.text('contents'))})")
            listed = True
        parts.append(_block(report, block))
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(report: Report, block: blocks.Block) -> str:
    match block:
        case blocks.Heading():
            number = report.sections.get(block.id, "")
            shown = _text(f"{number}\N{EN SPACE}") if number else ""
            flush = "#place.flush()\n" if block.level == 1 else ""
            return f"{flush}{'=' * block.level} {shown}{_text(block.text)} <{block.id}>"
        case blocks.Paragraph():
            words = _spans(block.spans)
            return f"#lead[{words}]" if block.lead else words
        case blocks.Listing():
            mark = "+" if block.ordered else "-"
            return "\n".join(f"{mark} {_spans(item)}" for item in block.items)
        case blocks.Commands():
            return f"#commands({_string(block.text)})"
        case blocks.Table():
            cells = [[_spans(cell) for cell in row] for row in block.rows]
            plain = [[blocks.plain(cell) for cell in row] for row in block.rows]
            note = _caption(report, block.id, block.title, "", block.note)
            return _table(block.id, block.head, cells, plain, block.numeric, note)
        case blocks.ExhibitBlock():
            return _exhibit(report, block.id)
    return ""


def _exhibit(report: Report, name: str) -> str:
    exhibit = report.published.exhibits[name]
    note = _caption(report, name, exhibit.title, exhibit.caption, exhibit.source)
    if exhibit.svg is not None:
        path = "/" + exhibit.svg.relative_to(report.published.reports).as_posix()
        return f"#drawing({_string(path)}, {_string(exhibit.alternative_text)}, {note}) <{name}>"
    if exhibit.table is None:
        return f"#figure(kind: table, numbering: none, [], caption: {note}) <{name}>"
    plain = [list(row) for row in exhibit.table.rows]
    cells = [[_text(cell) for cell in row] for row in plain]
    return _table(name, exhibit.table.head, cells, plain, exhibit.table.numeric, note)


def _table(
    name: str,
    head: tuple[str, ...],
    cells: list[list[str]],
    plain: list[list[str]],
    numeric: frozenset[int],
    note: str,
) -> str:
    laid = layout(head, plain, numeric)
    widths = ", ".join(f"{width}pt" for width in laid.columns_pt)
    aligns = ", ".join("right" if i in numeric else "left" for i in range(len(head)))
    shown = "".join(f"[{cell}], " for row in cells for cell in row)
    titles = "".join(
        f"text(hyphenate: {str(not fits_whole(title, width, laid.type_pt)).lower()}, "
        f"{_string(title)}), "
        for title, width in zip(head, laid.columns_pt, strict=True)
    )
    kind = '"long"' if len(cells) > _WHOLE_TO else "table"
    columns = f"({widths},), ({aligns},), {laid.type_pt}pt"
    told = f"tabular({kind}, {columns}, ({titles}), ({shown}), {note})"
    return f"#page(flipped: true)[#{told} <{name}>]" if laid.across else f"#{told} <{name}>"


def _caption(report: Report, name: str, title: str, words: str, source: str) -> str:
    origin = f"{report.text('source')}: {source}" if source else ""
    parts = ", ".join(map(_string, (report.labels[name], title, words, origin)))
    return f"caption({parts})"


def _spans(spans: blocks.Spans) -> str:
    parts = []
    for span in spans:
        if span.target:
            parts.append(f"#link(<{span.target}>, {_string(span.text)})")
        elif span.style:
            parts.append(f"#{_CALL[span.style]}({_string(span.text)})")
        else:
            parts.append(_text(span.text))
    return "".join(parts)


def _text(text: str) -> str:
    """Give text as an expression, so that nothing in it is taken for markup."""
    return f"#{_string(text)};"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


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
