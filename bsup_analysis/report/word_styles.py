"""The look of the Word file: styles, paper, running head and page numbers."""

from docx.document import Document as DocumentType
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from bsup_analysis.report.content import Report
from bsup_analysis.report.word import Word

_INK, _SOFT = RGBColor(0x1C, 0x24, 0x30), RGBColor(0x55, 0x60, 0x6E)


def set_styles(document: DocumentType, report: Report) -> None:
    """Set type, colours and language; add the styles Word does not have."""
    styles = document.styles
    normal = styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    language = normal.element.get_or_add_rPr()
    code = "nb-NO" if report.words.language == "nb" else "en-GB"
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
