"""Pages on paper: filled, in order, nothing over anything, by the boxes that the PDF draws."""

import io
import json
import zlib
from pathlib import Path

import matplotlib as mpl
import pytest
import typst
from paper_check import faults
from published_report import CHECKOUT, LANGUAGES, seal
from pypdf import PdfReader

from bsup_analysis.published.reader import read_edition
from bsup_analysis.report.content import DOCUMENTS, Report, compose
from bsup_analysis.report.markdown import Heading
from bsup_analysis.report.paper import EMPTY, LEAST_SCALE, Part, plan
from bsup_analysis.report.pdf import to_pdf

DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="518" height="{0}" viewBox="0 0 518 {0}">'
    '<rect x="0" y="0" width="518" height="{0}" fill="#0072b2"/></svg>'
)


def order(report: Report) -> list[tuple[str, bool]]:
    """Give the chapters and the labels of exhibits in the order they are to stand."""
    found = []
    for block in report.blocks:
        label = report.labels.get(getattr(block, "id", ""), "")
        if isinstance(block, Heading) and block.level == 1:
            number = report.sections.get(block.id)
            found.append((f"{number}\N{EN SPACE}{block.text}" if number else block.text, True))
        elif "\N{NO-BREAK SPACE}" in label:
            found.append((label, False))
    return found


@pytest.fixture
def varied(own_root: Path) -> Path:
    """A root whose drawings are of many heights, from a third to four fifths of their width."""
    reports = own_root / "reports"
    for path in reports.glob("*/figures/*.svg"):
        path.write_text(DRAWING.format(170 + zlib.crc32(path.stem.encode()) % 240), "utf-8")
    manifest = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
    seal(reports, manifest["pages"], manifest["exhibits"])
    return own_root


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_full_and_in_order_whatever_the_figures(varied: Path, language: str) -> None:
    for report in compose(read_edition(varied / "reports", language)).values():
        assert faults(to_pdf(report), order(report)) == []


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_published_pages_are_full_and_in_order(language: str, name: str) -> None:
    path = CHECKOUT / "reports" / language / f"{name}.pdf"
    if not path.is_file():
        pytest.skip("no report has been made in this checkout")
    report = compose(read_edition(CHECKOUT / "reports", language))[name]
    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF-1.7")
    assert faults(pdf, order(report)) == []
    if name == "report":
        assert len(PdfReader(io.BytesIO(pdf)).pages) <= 16


# --- what is wrong is found ---

PAGE = """#set document(title: "A")
#set page(paper: "a4", margin: (top: 2.6cm, bottom: 2.4cm, x: 2.4cm))
#let label(n) = text(font: "DejaVu Sans", size: 8.5pt, weight: "bold")[Figure #n. A title]
#let box(height, n, ..where) = figure(
  rect(width: 100%, height: height), caption: label(n), kind: image, supplement: none,
  numbering: none, ..where)
#show figure.caption: it => it.body
A cover.
#pagebreak()
= First
#lorem(400)
"""


def printed(text: str) -> bytes:
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(DEJAVU)])
    return bytes(typst.compile((PAGE + text).encode(), font_paths=fonts))  # type: ignore[arg-type]


DEJAVU = Path(mpl.get_data_path()) / "fonts" / "ttf"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#box(5cm, 1)\n= Second\n#box(4cm, 2)", []),
        ("#box(18cm, 1)\n= Second\n#box(1cm, 2)", ["page 2: ", "empty at its end"]),
        ("#box(1cm, 1)\n= Second\n#box(2cm, 2, placement: top)", ["Figure 2 stands before"]),
        ("#box(1cm, 1)\n= Second\nA word#h(-3em)over words\n#box(2cm, 2)", ["words over words"]),
        ("#box(1cm, 1)\n= Second", ["Figure 2 is not found"]),
    ],
)
def test_what_is_wrong_with_a_page_is_found(text: str, said: list[str]) -> None:
    wanted = [("First", True), ("Figure 1", False), ("Second", True), ("Figure 2", False)]
    found = faults(printed(text), wanted)
    assert len(found) == bool(said), found
    assert all(part in found[0] for part in said)


# --- the plan of pages ---

LINE = 14.0


def text(lines: int) -> Part:
    return Part((LINE,) * lines, kind="text")


def figure(height: float) -> Part:
    return Part((height + 50,), image=height, above=16.8, below=16.8)


def test_a_figure_is_made_smaller_rather_than_leaving_a_page_empty() -> None:
    made = plan([text(20), figure(400), Part((20,), kind="heading"), text(40)], 700)
    assert made.order == (0, 1, 2, 3)
    assert LEAST_SCALE <= made.scales[1] < 1
    assert made.emptiest < EMPTY


def test_a_paragraph_goes_before_a_figure_that_does_not_fit() -> None:
    made = plan([text(20), figure(600), text(40), text(40)], 700)
    assert made.order == (0, 2, 1, 3)
    assert made.emptiest < EMPTY


def test_no_paragraph_passes_a_heading_and_no_heading_ends_a_page() -> None:
    heading = Part((20,), kind="heading")
    made = plan([text(47), heading, figure(600), heading, text(60)], 700)
    assert made.order == (0, 1, 2, 3, 4)
    assert 1 in made.starts
    assert not {2, 4} & made.starts


def test_a_page_holds_no_more_than_it_can() -> None:
    parts = [figure(height) for height in (300, 250, 420, 500, 90, 610, 200, 330, 560, 120)]
    made = plan(parts, 700)
    pages: list[float] = []
    for place in made.order:
        part = parts[place]
        height = sum(part.pieces) - part.image * (1 - made.scales[place])
        if place in made.starts:
            pages.append(0.0)
        pages[-1] += height + (16.8 if pages[-1] else 0)
    assert max(pages) <= 700


def test_what_begins_a_page_begins_one() -> None:
    made = plan([text(5), Part((10,), kind="start"), text(5)], 700)
    assert made.starts == {0, 1}
