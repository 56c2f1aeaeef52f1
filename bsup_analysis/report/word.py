"""Styles and paper of the Word file; fields, bookmarks and links, which python-docx lacks."""

from docx.document import Document as DocumentType
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from bsup_analysis.report.blocks import Heading, Spans
from bsup_analysis.report.content import Report

_INK, _SOFT = RGBColor(0x1C, 0x24, 0x30), RGBColor(0x55, 0x60, 0x6E)


class Word:
    """Writes sentences with links into paragraphs, and marks what they lead to.

    Parameters
    ----------
    report
        The report that is written.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._marks = 0

    def write(self, paragraph: Paragraph, spans: Spans) -> None:
        """Write a sentence; numbers and references lead to their exhibits."""
        for span in spans:
            run = paragraph.add_run(span.text)
            run.bold = True if span.style == "strong" else None
            run.italic = True if span.style == "em" else None
            if span.style == "code":
                run.font.name = "Consolas"
            if span.target:
                link = _element("w:hyperlink", {"w:anchor": span.target[:40], "w:history": "1"})
                run._r.addprevious(link)
                link.append(run._r)

    def bookmark(self, paragraph: Paragraph, name: str) -> None:
        """Mark a paragraph so that links can lead to it; Word takes names of 40 letters."""
        self._marks += 1
        number = str(self._marks)
        start = _element("w:bookmarkStart", {"w:id": number, "w:name": name[:40]})
        paragraph._p.append(start)
        paragraph._p.append(_element("w:bookmarkEnd", {"w:id": number}))

    def contents(self, document: DocumentType) -> None:
        """Write the list of sections as a field that Word renews with page numbers."""
        headings = [block for block in self._report.blocks if isinstance(block, Heading)]
        first = document.add_paragraph()
        self._begin(first, 'TOC \\o "1-2" \\h \\z')
        for i, heading in enumerate(headings):
            paragraph = first if i == 0 else document.add_paragraph()
            paragraph.paragraph_format.space_after = 0
            number = self._report.sections.get(heading.id)
            run = paragraph.add_run(f"{number}  {heading.text}" if number else heading.text)
            link = _element("w:hyperlink", {"w:anchor": heading.id[:40], "w:history": "1"})
            run._r.addprevious(link)
            link.append(run._r)
        self._end(paragraph)

    @classmethod
    def field(cls, paragraph: Paragraph, instruction: str, shown: str) -> None:
        """Write a field with what it shows until Word renews it."""
        cls._begin(paragraph, instruction)
        paragraph.add_run(shown)
        cls._end(paragraph)

    @staticmethod
    def _begin(paragraph: Paragraph, instruction: str) -> None:
        paragraph.add_run()._r.append(_element("w:fldChar", {"w:fldCharType": "begin"}))
        told = _element("w:instrText", {"xml:space": "preserve"})
        told.text = instruction
        paragraph.add_run()._r.append(told)
        paragraph.add_run()._r.append(_element("w:fldChar", {"w:fldCharType": "separate"}))

    @staticmethod
    def _end(paragraph: Paragraph) -> None:
        paragraph.add_run()._r.append(_element("w:fldChar", {"w:fldCharType": "end"}))


def _element(name: str, attributes: dict[str, str]) -> BaseOxmlElement:
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(key), value)
    return element


def set_styles(document: DocumentType, report: Report) -> None:
    """Set type, colours and language; add the styles Word does not have."""
    styles = document.styles
    normal = styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    language = normal.element.get_or_add_rPr()
    code = str(report.words.locale).replace("_", "-")
    language.append(language.makeelement(qn("w:lang"), {qn("w:val"): code}))
    for name, size in (("Note", 9), ("Source", 8.5), ("Command", 9)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style, style.font.size = normal, Pt(size)
    styles["Source"].font.color.rgb = _SOFT
    styles["Source"].paragraph_format.space_after = Pt(14)
    styles["Command"].font.name = "Consolas"
    for name in ("Title", "Heading 1", "Heading 2", "Caption", "TOC Heading"):
        styles[name].font.color.rgb = _INK
    styles["Caption"].font.size = Pt(9.5)
    styles["Title"].font.size = Pt(24)
    quote = styles["Intense Quote"]
    quote.font.italic, quote.font.bold, quote.font.size = False, False, Pt(12)
    quote.font.color.rgb = _INK
    quote.paragraph_format.left_indent = quote.paragraph_format.right_indent = Cm(0.5)


def set_frame(document: DocumentType, report: Report) -> None:
    """Set the paper, the running head, the page numbers and the properties."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.4)
    section.top_margin = section.bottom_margin = Cm(2.4)
    section.header.paragraphs[0].text = report.running
    foot: Paragraph = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    foot.add_run(f"{report.text('page')} ")
    Word.field(foot, "PAGE", "1")
    foot.add_run(f" {report.text('of')} ")
    Word.field(foot, "NUMPAGES", "1")
    about = document.core_properties
    about.title, about.subject = report.title, report.subtitle
    about.author, about.comments, about.keywords = "bsup_analysis", "", ""
    about.language = report.words.language
