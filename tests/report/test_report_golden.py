"""Pages of the report on paper look as they did."""

import io
from pathlib import Path

import matplotlib as mpl
import pytest
import typst
from golden_pages import golden_report, golden_root, hold
from PIL import Image, ImageDraw
from pypdf import PdfReader

from bsup_analysis.language import LANGUAGES
from bsup_analysis.report.content import Report
from bsup_analysis.report.markdown import Heading
from bsup_analysis.report.pdf import source, to_pdf

__all__ = ["golden_root"]

SECTIONS = {"report": ("answer", "programme", "improvement"), "annex": ("remake",)}
INCH_PIXELS = 64
FOOT = 0.06  # page numbers, which another section moves, are held elsewhere
ALLOWED = 5 / (529 * 711)  # five pixels of a page


def pages(report: Report) -> dict[str, bytes]:
    """Draw the pages on which the sections begin."""
    reader = PdfReader(io.BytesIO(to_pdf(report)))
    titles = [str(one["/Title"]) for one in _flat(reader.outline)]
    numbers = [reader.get_destination_page_number(one) for one in _flat(reader.outline)]
    place = dict(zip(titles, numbers, strict=True))
    shipped = Path(mpl.get_data_path()) / "fonts" / "ttf"
    drawn = typst.compile(
        source(report).encode(),
        root=str(report.published.reports),
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[str(shipped)]),
        format="png",
        ppi=INCH_PIXELS,
    )
    found = {}
    for section in SECTIONS[report.name]:
        number = report.sections.get(section, "")
        heading = next(b.text for b in report.blocks if isinstance(b, Heading) and b.id == section)
        title = f"{number}\N{EN SPACE}{heading}" if number else heading
        found[section] = _without_foot(drawn[place[title]])
    return found


def _flat(outline: list) -> list:
    return [one for part in outline for one in (_flat(part) if isinstance(part, list) else [part])]


def _without_foot(png: bytes) -> bytes:
    picture = Image.open(io.BytesIO(png))
    kept = picture.crop((0, 0, picture.width, round(picture.height * (1 - FOOT))))
    stream = io.BytesIO()
    kept.save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module", params=LANGUAGES)
def drawn(request: pytest.FixtureRequest, golden_root: Path) -> tuple[str, dict[str, bytes]]:
    documents = golden_report(golden_root, request.param).values()
    return request.param, {k: page for one in documents for k, page in pages(one).items()}


@pytest.mark.parametrize("section", [one for found in SECTIONS.values() for one in found])
def test_pages_on_paper_look_as_stored(drawn: tuple[str, dict[str, bytes]], section: str) -> None:
    language, found = drawn
    hold(f"paper_{language}_{section}", found[section], allowed=ALLOWED)


# --- the comparison itself can fail ---


def page(**changed: object) -> bytes:
    """Draw a small page of text in Typst, as the report's pages are."""
    text = {"ratio": "0,88", "word": "satsingskommunene", **changed}
    told = f"#set page(width: 200pt, height: 80pt)\nForhold {text['ratio']} i {text['word']}."
    drawn = typst.compile(told.encode(), format="png", ppi=INCH_PIXELS)
    assert isinstance(drawn, bytes)
    return drawn


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the stored picture of the small page; differences go beside it."""
    import golden_pages

    monkeypatch.setattr(golden_pages, "DIFFERENCES", tmp_path / "differences")
    monkeypatch.setenv(golden_pages.WRITE, "1")
    hold("small", page(), allowed=0, stored=tmp_path)
    monkeypatch.delenv(golden_pages.WRITE)
    return tmp_path


def test_the_same_page_and_an_unseen_difference_pass(stored: Path) -> None:
    hold("small", page(), allowed=0, stored=stored)
    pale = Image.open(io.BytesIO(page())).convert("RGB").point(lambda level: max(0, level - 9))
    stream = io.BytesIO()
    pale.save(stream, "PNG")
    hold("small", stream.getvalue(), allowed=0, stored=stored)


@pytest.mark.parametrize("changed", [{"ratio": "0,89"}, {"word": "satsingskommunane"}], ids=str)
def test_a_changed_digit_is_found_and_shown(stored: Path, changed: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match=r"small: .*of the page looks otherwise") as told:
        hold("small", page(**changed), allowed=ALLOWED, stored=stored)
    shown = stored / "differences" / "small.png"
    assert str(shown) in str(told.value)
    picture = Image.open(shown)
    assert picture.width > 3 * Image.open(io.BytesIO(page())).width
    assert (204, 0, 0) in {colour for _, colour in picture.getcolors(1 << 20)}  # type: ignore


def test_another_size_and_no_stored_picture_are_told(stored: Path) -> None:
    larger = Image.open(io.BytesIO(page())).resize((300, 90))
    ImageDraw.Draw(larger).rectangle((0, 0, 9, 9), "black")
    stream = io.BytesIO()
    larger.save(stream, "PNG")
    with pytest.raises(AssertionError, match=r"100\.000%"):
        hold("small", stream.getvalue(), allowed=0.5, stored=stored)
    with pytest.raises(AssertionError, match="`make golden` stores it"):
        hold("unknown", page(), allowed=0, stored=stored)
