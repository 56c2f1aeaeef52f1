"""The report as a Word file, for those who go on writing in it.

Headings, captions, cross references and contents are Word's own fields and styles, so that they
renew themselves when the text is edited; figures are pictures with alternative text.
"""

import io
import zipfile
from collections.abc import Sequence

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from bsup_analysis.report import blocks
from bsup_analysis.report.content import Report, edition
from bsup_analysis.report.widths import Layout, layout
from bsup_analysis.report.word import Word, set_frame, set_styles

_TEXT_CM = 16.2
# the earliest time a zip archive can hold: files of the same content have the same bytes
_TIME = (1980, 1, 1, 0, 0, 0)


def to_docx(report: Report) -> bytes:
    """Write the report as a Word file; the same report has the same bytes."""
    document = Document()
    set_styles(document, report)
    set_frame(document, report)
    word = Word(report)
    document.add_paragraph(report.title, style="Title")
    document.add_paragraph(report.subtitle, style="Subtitle")
    document.add_paragraph(f"{report.text('edition')}: {edition(report)}", style="Source")
    listed = False
    for block in report.blocks:
        if not listed and isinstance(block, blocks.Heading) and block.id in report.sections:
            document.add_page_break()
            document.add_paragraph(report.text("contents"), style="TOC Heading")
            word.contents(document)
            document.add_page_break()
            listed = True
        _block(document, report, word, block)
    stream = io.BytesIO()
    document.save(stream)
    return _timeless(stream.getvalue())


def _block(document: DocumentType, report: Report, word: Word, block: blocks.Block) -> None:
    match block:
        case blocks.Heading():
            number = report.sections.get(block.id)
            text = f"{number}  {block.text}" if number else block.text
            word.bookmark(document.add_heading(text, block.level), block.id)
        case blocks.Paragraph():
            style = "Intense Quote" if block.lead else None
            word.write(document.add_paragraph(style=style), block.spans)
        case blocks.Listing():
            style = "List Number" if block.ordered else "List Bullet"
            for item in block.items:
                word.write(document.add_paragraph(style=style), item)
        case blocks.Commands():
            document.add_paragraph(block.text, style="Command")
        case blocks.Table():
            rows = [[blocks.plain(cell) for cell in row] for row in block.rows]
            _caption(document, report, word, block.id, block.title)
            _table(
                document,
                block.head,
                rows,
                block.numeric,
                layout(block.head, rows, block.numeric, may_turn=False),
            )
            _notes(document, report, "", block.note)
        case blocks.ExhibitBlock():
            _exhibit(document, report, word, block.id)


def _exhibit(document: DocumentType, report: Report, word: Word, name: str) -> None:
    exhibit = report.published.exhibits[name]
    table = exhibit.table
    if exhibit.png is not None:
        picture = document.add_picture(str(exhibit.png), width=Cm(_TEXT_CM))
        document.paragraphs[-1].paragraph_format.keep_with_next = True
        properties = picture._inline.docPr  # python-docx has no way of its own
        properties.set("descr", exhibit.alternative_text)
        properties.set("title", exhibit.title)
        _caption(document, report, word, name, exhibit.title, above=False)
    elif table is not None:
        laid = layout(table.head, table.rows, table.numeric)
        if laid.across:
            _turn(document, True)
        _caption(document, report, word, name, exhibit.title)
        _table(document, table.head, table.rows, table.numeric, laid)
    _notes(document, report, exhibit.caption, exhibit.source)
    if document.sections[-1].orientation == WD_ORIENT.LANDSCAPE:
        _turn(document, False)


def _caption(
    document: DocumentType, report: Report, word: Word, name: str, title: str, above: bool = True
) -> None:
    paragraph = document.add_paragraph(style="Caption")
    paragraph.paragraph_format.keep_with_next = above
    label, number = report.labels[name].split("\N{NO-BREAK SPACE}")
    word.bookmark(paragraph, name)
    paragraph.add_run(f"{label}\N{NO-BREAK SPACE}")
    word.field(paragraph, f"SEQ {label} \\* ARABIC", number)
    paragraph.add_run(f". {title}")


def _notes(document: DocumentType, report: Report, words: str, source: str) -> None:
    if words:
        document.add_paragraph(words, style="Note")
    if source:
        document.add_paragraph(f"{report.text('source')}: {source}", style="Source")


def _table(
    document: DocumentType,
    head: tuple[str, ...],
    rows: Sequence[Sequence[str]],
    numeric: frozenset[int],
    laid: Layout,
) -> None:
    cells = [list(row) for row in rows]
    table = document.add_table(rows=1 + len(cells), cols=len(head), style="Light List Accent 1")
    table.autofit = False
    for row, texts in zip(table.rows, [list(head), *cells], strict=True):
        properties = row._tr.get_or_add_trPr()
        properties.append(properties.makeelement(qn("w:cantSplit"), {}))
        for i, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            cell.width = Pt(laid.columns_pt[i])
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            paragraph.add_run(text).font.size = Pt(laid.type_pt)
            if i in numeric:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    first = table.rows[0]._tr.get_or_add_trPr()
    first.append(first.makeelement(qn("w:tblHeader"), {}))


def _turn(document: DocumentType, across: bool) -> None:
    """Begin a section laid across the page, or upright again."""
    section = document.add_section()
    if across != (section.orientation == WD_ORIENT.LANDSCAPE):
        section.orientation = WD_ORIENT.LANDSCAPE if across else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = section.page_height, section.page_width


def _timeless(archive: bytes) -> bytes:
    """Give the same archive without the time it was made at."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return stream.getvalue()
