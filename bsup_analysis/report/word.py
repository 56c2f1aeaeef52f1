"""The report as a Word file, for those who go on writing in it.

Headings, captions, cross references and contents are Word's own fields and styles, so that they
renew themselves when the text is edited; figures are pictures with alternative text.  python-docx
has no fields, bookmarks and links within a document, so they are written as XML.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime, time

import typst
from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from bsup_analysis.report import markdown as blocks
from bsup_analysis.report.content import Report, imprint, released
from bsup_analysis.report.pdf import fonts
from bsup_analysis.report.widths import Layout, layout

_INK, _SOFT = RGBColor(0x1C, 0x24, 0x30), RGBColor(0x55, 0x60, 0x6E)
_TEXT_CM, _DOTS_PER_INCH = 16.2, 170
# the earliest time a zip archive can hold: files of the same content have the same bytes
_TIME = (1980, 1, 1, 0, 0, 0)


def to_docx(report: Report) -> bytes:
    """Write the report as a Word file; the same report has the same bytes."""
    writer = _Writer(report)
    writer.write()
    made, stream = io.BytesIO(), io.BytesIO()
    writer.document.save(made)
    with (
        zipfile.ZipFile(made) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return stream.getvalue()


class _Writer:
    """Writes the blocks of a report into a document, one after the other."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.pictures = _pictures(report)
        self.may_turn = report.name == "annex"
        self.document = Document()
        self._marks = 0

    def write(self) -> None:
        report = self.report
        _set_styles(self.document, report)
        _set_frame(self.document, report)
        self._add(report.title, "Title")
        self._add(report.subtitle, "Subtitle")
        for name, told in imprint(report).items():
            self._add(f"{name}: {told}", "Imprint")
        listed = False
        for i, block in enumerate(report.blocks):
            if not listed and isinstance(block, blocks.Heading) and block.id in report.sections:
                # the answer has the first page to itself
                self._add(
                    report.text("contents"), "TOC Heading"
                ).paragraph_format.page_break_before = bool(i)
                self._contents()
                listed = True
            self._turn(self._across(block))
            self._block(block)

    def _add(self, text: str, style: str) -> Paragraph:
        return self.document.add_paragraph(text, style=style)

    def _block(self, block: blocks.Block) -> None:
        match block:
            case blocks.Heading():
                heading = self.document.add_heading(self._titled(block), block.level)
                self._bookmark(heading, block.id)
            case blocks.Paragraph():
                self._sentence(block.spans, "Intense Quote" if block.lead else None)
            case blocks.Listing():
                for item in block.items:
                    self._sentence(item, "List Number" if block.ordered else "List Bullet")
            case blocks.Commands():
                self._add(block.text, "Command")
            case blocks.Table():
                rows = [[blocks.plain(cell) for cell in row] for row in block.rows]
                laid = layout(block.head, rows, block.numeric, self.may_turn)
                self._caption(block.id, block.title, "")
                self._table(block.head, rows, block.numeric, laid)
                self._source(block.note)
            case blocks.ExhibitBlock():
                self._exhibit(block.id)

    def _titled(self, heading: blocks.Heading) -> str:
        number = self.report.sections.get(heading.id)
        return f"{number}  {heading.text}" if number else heading.text

    def _exhibit(self, name: str) -> None:
        exhibit = self.report.published.exhibits[name]
        table = exhibit.table
        if exhibit.svg is not None:
            drawn = io.BytesIO(self.pictures[name])
            picture = self.document.add_picture(drawn, width=Cm(_TEXT_CM))
            self.document.paragraphs[-1].paragraph_format.keep_with_next = True
            properties = picture._inline.docPr  # python-docx has no way of its own
            properties.set("descr", exhibit.alternative_text)
            properties.set("title", exhibit.title)
        self._caption(name, exhibit.title, exhibit.caption)
        if exhibit.svg is None and table is not None:
            laid = layout(table.head, table.rows, table.numeric, self.may_turn)
            self._table(table.head, table.rows, table.numeric, laid)
        self._source(exhibit.source)

    def _across(self, block: blocks.Block) -> bool:
        """Tell whether a block is a table laid across the page."""
        match block:
            case blocks.Table():
                rows = [[blocks.plain(cell) for cell in row] for row in block.rows]
                return layout(block.head, rows, block.numeric, self.may_turn).across
            case blocks.ExhibitBlock():
                table = self.report.published.exhibits[block.id].table
                drawn = self.report.published.exhibits[block.id].svg
                if drawn is None and table is not None:
                    return layout(table.head, table.rows, table.numeric, self.may_turn).across
        return False

    def _caption(self, name: str, title: str, words: str) -> None:
        """Write number, title and words, which keep to the table or the source below."""
        paragraph = self._add("", "Caption")
        label, number = self.report.labels[name].split("\N{NO-BREAK SPACE}")
        self._bookmark(paragraph, name)
        # Word counts the figures; the letter of the annex stands in front of what it counts
        digits = number.lstrip("A")
        paragraph.add_run(f"{label}\N{NO-BREAK SPACE}{number.removesuffix(digits)}")
        _field(paragraph, f"SEQ {label} \\* ARABIC", digits)
        paragraph.add_run(f". {title}")
        for part in (paragraph, self._add(words, "Note")) if words else (paragraph,):
            part.paragraph_format.keep_with_next = True

    def _source(self, source: str) -> None:
        """Write what stands below a figure or table, if only room to what follows."""
        self._add(f"{self.report.text('source')}: {source}" if source else "", "Source")

    def _table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        numeric: frozenset[int],
        laid: Layout,
    ) -> None:
        style = "Light List Accent 1"
        table = self.document.add_table(rows=1 + len(rows), cols=len(head), style=style)
        table.autofit = False
        _narrow_margins(table)
        # bold names of rows would be wider than what the columns are reckoned for
        look = table._tbl.tblPr.find(qn("w:tblLook"))
        look.set(qn("w:firstColumn"), "0")
        look.set(qn("w:val"), "0420")  # the same for readers of the older form
        for column, width in zip(table.columns, laid.columns_pt, strict=True):
            column.width = Pt(width)
        table_rows = list(table.rows)
        for row, texts in zip(table_rows, [head, *rows], strict=True):
            row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
            for i, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
                cell.width = Pt(laid.columns_pt[i])
                paragraph = cell.paragraphs[0]
                paragraph.paragraph_format.space_after = Pt(0)
                paragraph.paragraph_format.keep_with_next = row is table_rows[-1]
                paragraph.add_run(text).font.size = Pt(laid.type_pt)
                if i in numeric:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))

    def _turn(self, across: bool) -> None:
        """Begin a section laid across the page, or upright again, where it is not so already."""
        if across == (self.document.sections[-1].orientation == WD_ORIENT.LANDSCAPE):
            return
        section = self.document.add_section()
        section.orientation = WD_ORIENT.LANDSCAPE if across else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = section.page_height, section.page_width

    def _sentence(self, spans: blocks.Spans, style: str | None) -> None:
        """Write a sentence; numbers and references lead to their exhibits."""
        paragraph = self.document.add_paragraph(style=style)
        for span in spans:
            run = paragraph.add_run(span.text)
            run.bold = True if span.style == "strong" else None
            run.italic = True if span.style == "em" else None
            if span.style == "code":
                run.font.name = "Consolas"
            if elsewhere := span.target and self.report.elsewhere(span.target):
                _link(run, span.target, self._file(f"{elsewhere}.docx"))
            elif span.web:
                _link(run, "", self._file(span.target))
            elif span.target:
                _link(run, span.target)

    def _file(self, name: str) -> str:
        """Return the id by which a link names another file."""
        return self.document.part.relate_to(name, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)

    def _bookmark(self, paragraph: Paragraph, name: str) -> None:
        """Mark a paragraph so that links can lead to it; Word takes names of 40 letters."""
        self._marks += 1
        number = str(self._marks)
        start = _element("w:bookmarkStart", {"w:id": number, "w:name": name[:40]})
        paragraph._p.append(start)
        paragraph._p.append(_element("w:bookmarkEnd", {"w:id": number}))

    def _contents(self) -> None:
        """Write the list of sections as a field that Word renews with page numbers."""
        headings = [block for block in self.report.blocks if isinstance(block, blocks.Heading)]
        paragraph = first = self.document.add_paragraph()
        _begin(first, 'TOC \\o "1-2" \\h \\z')
        for i, heading in enumerate(headings):
            paragraph = self.document.add_paragraph() if i else first
            paragraph.paragraph_format.space_after = 0
            _link(paragraph.add_run(self._titled(heading)), heading.id)
        _end(paragraph)


def _narrow_margins(table: Table) -> None:
    """Leave as little room beside a cell's words as the widths of columns are reckoned with."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", {"w:w": "50", "w:type": "dxa"}))
    table._tbl.tblPr.append(margins)


def _pictures(report: Report) -> dict[str, bytes]:
    """Draw the published figures as PNG, by exhibit; python-docx places no SVG."""
    root = report.published.reports
    exhibits = report.published.exhibits.values()
    placed = {block.id for block in report.blocks if isinstance(block, blocks.ExhibitBlock)}
    figures = {
        one.id: one.svg.relative_to(root).as_posix()
        for one in exhibits
        if one.svg and one.id in placed
    }
    page = f"#page(image({{}}, width: {_TEXT_CM}cm), width: auto, height: auto, margin: 0pt)"
    pages = "\n".join(page.format(json.dumps(f"/{path}")) for path in figures.values())
    # typst's own hints want the text and the folder of one type
    made = typst.compile(  # type: ignore[call-overload]
        pages.encode(), root=str(root), font_paths=fonts(), format="png", ppi=_DOTS_PER_INCH
    )
    return dict(zip(figures, made if isinstance(made, list) else [made], strict=True))


def _link(run: Run, target: str, file: str = "") -> None:
    """Make a run lead to a bookmark, or to a file or page that the document knows by an id."""
    anchor = {"w:anchor": target[:40]} if target else {}
    link = _element("w:hyperlink", {**anchor, "w:history": "1"})
    if file:
        link.set(qn("r:id"), file)
    run._r.addprevious(link)
    link.append(run._r)


def _field(paragraph: Paragraph, instruction: str, shown: str) -> None:
    """Write a field with what it shows until Word renews it."""
    _begin(paragraph, instruction)
    paragraph.add_run(shown)
    _end(paragraph)


def _begin(paragraph: Paragraph, instruction: str) -> None:
    told = _element("w:instrText", {"xml:space": "preserve"})
    told.text = instruction
    begin, separate = (
        _element("w:fldChar", {"w:fldCharType": kind}) for kind in ("begin", "separate")
    )
    for part in (begin, told, separate):
        paragraph.add_run()._r.append(part)


def _end(paragraph: Paragraph) -> None:
    paragraph.add_run()._r.append(_element("w:fldChar", {"w:fldCharType": "end"}))


def _element(name: str, attributes: dict[str, str]) -> BaseOxmlElement:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(key), value)
    return element


def _set_styles(document: DocumentType, report: Report) -> None:
    """Set type, colours and language; add the styles Word does not have."""
    styles = document.styles
    normal = styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    language = normal.element.get_or_add_rPr()
    code = str(report.words.locale).replace("_", "-")
    language.append(language.makeelement(qn("w:lang"), {qn("w:val"): code}))
    for name, size in (("Note", 9), ("Source", 8.5), ("Imprint", 8.5), ("Command", 9)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style, style.font.size = normal, Pt(size)
    styles["Source"].font.color.rgb = styles["Imprint"].font.color.rgb = _SOFT
    styles["Imprint"].paragraph_format.space_after = Pt(1)
    styles["Source"].paragraph_format.space_after = Pt(14)
    styles["Source"].paragraph_format.space_before = Pt(3)
    styles["Command"].font.name = "Consolas"
    for name in ("Title", "Heading 1", "Heading 2", "Caption", "TOC Heading"):
        styles[name].font.color.rgb = _INK
    styles["Caption"].font.size = Pt(9.5)
    styles["Title"].font.size = Pt(24)
    quote = styles["Intense Quote"]
    quote.font.italic, quote.font.bold, quote.font.size = False, False, Pt(12)
    quote.font.color.rgb = _INK
    quote.paragraph_format.left_indent = quote.paragraph_format.right_indent = Cm(0.5)


def _set_frame(document: DocumentType, report: Report) -> None:
    """Set the paper, the running head, the page numbers and the properties."""
    stop = document.settings.element.find(qn("w:defaultTabStop"))
    stop.addnext(OxmlElement("w:autoHyphenation"))
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.4)
    section.top_margin = section.bottom_margin = Cm(2.4)
    section.header.paragraphs[0].text = report.running
    foot: Paragraph = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    foot.add_run(f"{report.text('page')} ")
    _field(foot, "PAGE", "1")
    foot.add_run(f" {report.text('of')} ")
    _field(foot, "NUMPAGES", "1")
    about = document.core_properties
    about.title, about.subject = report.title, report.subtitle
    about.author = about.last_modified_by = report.text("authors")
    about.comments, about.keywords = imprint(report)[report.text("cite")], ""
    about.created = about.modified = datetime.combine(released(), time())
    about.language = report.words.language
