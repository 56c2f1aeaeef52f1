"""What Word calls fields, bookmarks and links, which python-docx leaves to its users to write."""

from docx.document import Document as DocumentType
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.text.paragraph import Paragraph

from bsup_analysis.report.blocks import Heading, Spans
from bsup_analysis.report.content import Report


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
