"""The files: what they rest on is checked, they hold the same, and their bytes are stable."""

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from bs4 import BeautifulSoup
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt
from pypdf import PdfReader

from bsup_analysis.errors import InputError
from bsup_analysis.language import LANGUAGES
from bsup_analysis.published.reader import PublishedExhibit, read_edition
from bsup_analysis.report import FILES, make_report, report_inputs
from bsup_analysis.report.content import DOCUMENTS, Report, compose, imprint, released
from bsup_analysis.report.html import to_html
from bsup_analysis.report.markdown import ExhibitBlock, Heading, Listing, Paragraph
from bsup_analysis.report.pdf import FONTS
from bsup_analysis.report.widths import ACROSS_PT
from bsup_analysis.run.pages import complaints


@pytest.fixture(scope="module", params=LANGUAGES)
def written(request: pytest.FixtureRequest, published_root: Path) -> dict[str, Report]:
    """The documents of a language, which are written."""
    reports = published_root / "reports"
    files = make_report(reports, request.param)
    assert files == [reports / request.param / name for name in FILES]
    return compose(read_edition(reports, request.param))


@pytest.fixture(scope="module", params=DOCUMENTS)
def made(
    request: pytest.FixtureRequest, written: dict[str, Report]
) -> tuple[Report, dict[str, bytes]]:
    """A document of a language with its files, by ending."""
    report = written[request.param]
    folder = report.published.reports / report.words.language
    files = {path.suffix: path.read_bytes() for path in folder.glob(f"{report.name}.*")}
    return report, files


@pytest.fixture(scope="module")
def page(made: tuple[Report, dict[str, bytes]]) -> BeautifulSoup:
    return BeautifulSoup(made[1][".html"], "html.parser")


def exhibits(report: Report) -> list[PublishedExhibit]:
    """Give what a document shows of what is published."""
    placed = [block.id for block in report.blocks if isinstance(block, ExhibitBlock)]
    return [report.published.exhibits[name] for name in placed]


@pytest.fixture(scope="module")
def annex(written: dict[str, Report]) -> BeautifulSoup:
    report = written["annex"]
    path = report.published.reports / report.words.language / "annex.html"
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


# --- the page ---


def test_page_stands_alone(made: tuple[Report, dict[str, bytes]]) -> None:
    assert complaints(made[1][".html"].decode()) == []


def test_the_policy_lets_the_page_s_own_script_run_and_no_other(page: BeautifulSoup) -> None:
    (script,) = (one.string or "" for one in page.find_all("script", type=False))
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]  # type: ignore
    own = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{own}'; " in str(policy)
    assert "unsafe-inline'; script" in str(policy)  # of styles alone
    assert str(policy).count("unsafe") == 1
    for data in page.find_all("script", type="application/json"):
        assert "<" not in data.string
        assert json.loads(data.string)


def test_every_link_inside_the_page_leads_to_one_place(page: BeautifulSoup) -> None:
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    links = [a["href"][1:] for a in page.find_all("a", href=re.compile("^#"))]
    assert len(links) > 30
    assert set(links) <= set(ids)


def test_every_link_to_the_other_document_leads_to_a_place_in_it(
    written: dict[str, Report],
) -> None:
    pages = {}
    for name, report in written.items():
        path = report.published.reports / report.words.language / f"{name}.html"
        pages[name] = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    for name, page in pages.items():
        (other,) = written[name].others
        links = page.main.find_all("a", href=re.compile(rf"^{other}\.html#"))  # type: ignore
        assert len(links) > 10
        ids = {element["id"] for element in pages[other].find_all(id=True)}
        assert {link["href"].partition("#")[2] for link in links} <= ids


def test_headings_and_landmarks(page: BeautifulSoup, made: tuple[Report, dict[str, bytes]]) -> None:
    levels = [int(h.name[1]) for h in page.find_all(re.compile("^h[1-6]$"))]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for name in ("header", "nav", "main", "footer"):
        assert len(page.find_all(name)) == 1
    assert page.html is not None
    assert page.html["lang"] == made[0].words.language
    assert page.select_one("a.skip")["href"] == "#content"  # type: ignore[index]


def test_every_drawing_has_its_words_and_every_table_its_heads(
    page: BeautifulSoup, made: tuple[Report, dict[str, bytes]]
) -> None:
    drawn = {e.id: e for e in exhibits(made[0]) if e.svg}
    for name, exhibit in drawn.items():
        picture = page.find(id=name).find("svg")  # type: ignore[union-attr]
        assert picture["role"] == "img"  # type: ignore[index]
        assert picture["aria-label"] == exhibit.alternative_text  # type: ignore[index]
    for table in page.find_all("table"):
        heads = table.select("thead th[scope=col]")
        for row in table.select("tbody tr"):
            cells = row.find_all(["th", "td"])
            assert len(cells) == len(heads)
            # a head that holds nothing is read aloud as a head: such a row has none
            named = [cell for cell in cells[:1] if cell.get_text(strip=True)]
            assert row.find_all("th", scope="row") == named


def test_cells_are_text_and_not_markup(annex: BeautifulSoup) -> None:
    cell = annex.find(id="start_loan_table").find("td", string="<b>not markup</b>")  # type: ignore
    assert cell is not None


def test_numbers_carry_their_id_and_lead_to_their_exhibit(
    page: BeautifulSoup, made: tuple[Report, dict[str, bytes]]
) -> None:
    numbers = made[0].published.numbers
    marks = page.select("a.number")
    assert len(marks) > 50
    for mark in marks:
        _, target = str(mark["href"]).split("#")
        assert target == numbers[str(mark["data-number"])].exhibit


def test_parts_that_need_a_script_are_hidden_without_it(annex: BeautifulSoup) -> None:
    parts = annex.select("[data-explorer]")
    assert [part["data-explorer"] for part in parts] == ["municipalities", "dispersion"]
    assert all(part.has_attr("hidden") for part in parts)
    for part in parts:
        content = json.loads(part.select_one("script").string)  # type: ignore
        assert content["data"]


def test_page_holds_the_real_municipalities(annex: BeautifulSoup) -> None:
    part = annex.select_one("[data-explorer=municipalities] script")
    data = json.loads(part.string)["data"]  # type: ignore[union-attr,arg-type]
    assert len(data["municipalities"]) == 85  # municipalities of the region in 2009, p. 5
    assert sum(one["priority"] for one in data["municipalities"]) == 17  # p. 13
    # loans are drawn, of whom they are published: the priority municipalities, p. 14
    assert all(len(one["rate"]) == 2 * one["priority"] for one in data["municipalities"])
    (malvik,) = (one for one in data["municipalities"] if one["name"] == "Malvik")
    assert "53" in malvik["lines"][0]  # start loans in 2010, p. 14
    # 738 and 309 loans in 2009 (p. 14; region 1 047, p. 11) by inhabitants of table 07459
    assert data["groups"]["priority"][0] == pytest.approx(1000 * 738 / 425732, abs=0.005)
    assert data["groups"]["other"][0] == pytest.approx(1000 * 309 / 240432, abs=0.005)


def test_drawings_share_one_font_and_keep_their_names_apart(
    page: BeautifulSoup, made: tuple[Report, dict[str, bytes]]
) -> None:
    text = made[1][".html"].decode()
    assert 1 <= text.count("@font-face") <= 2  # normal and bold
    for svg in page.select("figure svg"):
        inside = {element["id"] for element in svg.find_all(id=True)}
        asked = re.findall(r'(?:url\(#|href="#)([^")]+)', str(svg))
        assert set(asked) <= inside


def test_names_of_municipalities_lead_to_their_profiles(written: dict[str, Report]) -> None:
    """Where profiles are published, and only there."""
    report = written["annex"]
    shown = report.published.exhibits["start_loan_table"].table
    assert shown is not None
    assert shown.rows[0][0] == "Ålesund"
    with_profile = BeautifulSoup(to_html(report, (), ("1504", "index")), "html.parser")
    link = with_profile.select_one("#start_loan_table tbody th a")
    assert link["href"] == "profiles/1504.html"  # type: ignore[index]
    content = json.loads(with_profile.select_one("[data-explorer=municipalities] script").string)  # type: ignore
    profiles = {one["name"]: one["profile"] for one in content["data"]["municipalities"]}
    assert profiles.pop("Ålesund")["href"] == "profiles/1504.html"
    assert set(profiles.values()) == {None}
    assert "profiles/" not in to_html(report, ())


def test_every_form_carries_date_publisher_and_how_to_cite(
    made: tuple[Report, dict[str, bytes]], page: BeautifulSoup
) -> None:
    """On the first page and in the files' properties, as CITATION.cff has the date."""
    report, files = made
    on = released()
    told = imprint(report)
    assert report.words.date(on) in told.values()
    for name, words in told.items():
        assert page.footer.find("dt", string=name) is not None  # type: ignore[union-attr]
        assert page.footer.find("dd", string=words) is not None  # type: ignore[union-attr]
    assert page.find("meta", {"name": "dcterms.date"})["content"] == on.isoformat()  # type: ignore
    reader = PdfReader(io.BytesIO(files[".pdf"]))
    first = _words(reader.pages[0].extract_text())
    assert all(_words(words) in first for words in told.values())
    assert reader.metadata is not None
    assert reader.metadata.author == report.text("authors")
    assert reader.metadata.creation_date.date() == on  # type: ignore[union-attr]
    document = Document(io.BytesIO(files[".docx"]))
    assert document.core_properties.created.date() == on  # type: ignore[union-attr]
    assert document.core_properties.modified.date() == on  # type: ignore[union-attr]
    assert document.core_properties.author == report.text("authors")
    top = [paragraph.text for paragraph in document.paragraphs[:8]]
    assert all(any(line.endswith(words) for line in top) for words in told.values())


# --- paper ---


def test_pdf_is_tagged_titled_and_carries_its_fonts(
    made: tuple[Report, dict[str, bytes]],
) -> None:
    report, files = made
    reader = PdfReader(io.BytesIO(files[".pdf"]))
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).lower().startswith(report.words.language)
    assert reader.metadata is not None
    assert reader.metadata.title.startswith(report.title)  # type: ignore[union-attr]
    fonts = {
        font.get_object()["/BaseFont"]: font.get_object()["/DescendantFonts"][0].get_object()
        for one in reader.pages
        for font in one["/Resources"].get("/Font", {}).values()
    }
    assert any("Libertinus" in name for name in fonts)
    for descendant in fonts.values():
        described = descendant["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(described)


def test_every_row_of_a_table_has_its_head_on_paper(
    made: tuple[Report, dict[str, bytes]],
) -> None:
    """In each row of a body the first cell is a head of the row, and no other cell is a head."""
    reader = PdfReader(io.BytesIO(made[1][".pdf"]))
    rows = 0

    def walk(element: Any, inside: str = "") -> None:
        nonlocal rows
        element = element.get_object()
        kind = element.get("/S", "") if isinstance(element, dict) else ""
        kids = element.get("/K", []) if isinstance(element, dict) else []
        kids = kids.get_object() if hasattr(kids, "get_object") else kids
        kids = kids if isinstance(kids, list) else [kids]
        if kind == "/TR":
            cells = [kid.get_object() for kid in kids]
            kinds = [cell["/S"] for cell in cells]
            if inside == "/THead":
                assert set(kinds) == {"/TH"}
            else:
                rows += 1
                assert kinds == ["/TH", *["/TD"] * (len(kinds) - 1)]
                assert {"/Row"} == {a["/Scope"] for a in cells[0]["/A"] if "/Scope" in a}
                assert not any("/Headers" in a for cell in cells for a in cell.get("/A", []))
        for kid in kids:
            if not isinstance(kid, int):
                walk(kid, kind or inside)

    walk(reader.root_object["/StructTreeRoot"])
    assert rows > 5


def test_pdf_says_what_the_page_says(made: tuple[Report, dict[str, bytes]]) -> None:
    report, files = made
    reader = PdfReader(io.BytesIO(files[".pdf"]))
    pages = [_words(one.extract_text()) for one in reader.pages]
    everything = "".join(pages)
    for label in report.labels.values():
        assert _words(label) in everything, label
    if report.name == "report":
        share = report.published.numbers["population_share_priority_2009"].value
        assert _words(report.words.decimal(100 * share, 1)) in pages[0]
    for number, one in enumerate(pages, 1):
        ending = f"{report.text('page')} {number} {report.text('of')} {len(pages)}"
        assert _words(ending) in one
    numbered = [
        f"{report.sections[b.id]}\N{EN SPACE}{b.text}" if b.id in report.sections else b.text
        for b in report.blocks
        if isinstance(b, Heading)
    ]
    assert [one for one in _flat(reader.outline) if one != report.text("contents")] == numbered


def _words(text: str) -> str:
    """Give the letters alone: lines break and hyphens fall differently in every form."""
    return re.sub(r"[\s\u00a0\u202f\u00ad\u2010-]", "", text)


def _flat(outline: list[Any]) -> list[str]:
    return [
        title
        for one in outline
        for title in (_flat(one) if isinstance(one, list) else [str(one["/Title"])])
    ]


def addresses(report: Report) -> set[str]:
    """Give the pages on the web that sentences of a document lead to."""
    blocks = (block for block in report.blocks if isinstance(block, Paragraph | Listing))
    told = [spans for b in blocks for spans in (b.items if isinstance(b, Listing) else [b.spans])]
    return {span.target for spans in told for span in spans if span.web}


def test_addresses_can_be_followed_in_every_form(made: tuple[Report, dict[str, bytes]]) -> None:
    report, files = made
    page = BeautifulSoup(files[".html"].decode(), "html.parser")
    assert page.main is not None
    linked = {str(a["href"]) for a in page.main.find_all("a", href=re.compile("^https://"))}
    notes = (note.get_object() for p in PdfReader(io.BytesIO(files[".pdf"])).pages
             for note in p.get("/Annots", []))  # fmt: skip
    printed = {str(note["/A"]["/URI"]) for note in notes if "/URI" in note.get("/A", {})}
    assert addresses(report) <= linked
    assert {address.rstrip("/") for address in addresses(report)} <= {
        p.rstrip("/") for p in printed
    }
    assert bool(addresses(report)) == (report.name == "report")


# --- Word ---


def test_word_file_has_the_same_headings_and_described_figures(
    made: tuple[Report, dict[str, bytes]],
) -> None:
    report, files = made
    document = Document(io.BytesIO(files[".docx"]))
    headings = [p.text for p in document.paragraphs if p.style.name.startswith("Heading ")]
    assert [h.split("  ")[-1] for h in headings] == [
        b.text for b in report.blocks if isinstance(b, Heading)
    ]
    drawn = [e for e in exhibits(report) if e.svg]
    described = {shape._inline.docPr.get("descr") for shape in document.inline_shapes}
    assert described == {exhibit.alternative_text for exhibit in drawn}
    for table in document.tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    links = {
        a.get(qn("w:anchor"))
        for a in document.element.iter(qn("w:hyperlink"))
        if a.get(qn("r:id")) is None
    }
    marks = [m.get(qn("w:name")) for m in document.element.iter(qn("w:bookmarkStart"))]
    assert len(marks) == len(set(marks))
    assert links <= set(marks)
    files_named = {r.target_ref for r in document.part.rels.values() if r.is_external}
    assert files_named == {f"{other}.docx" for other in report.others} | addresses(report)


def test_word_captions_bear_the_numbers_of_the_page(
    made: tuple[Report, dict[str, bytes]],
) -> None:
    report, files = made
    document = Document(io.BytesIO(files[".docx"]))
    captions = [p.text.split(".")[0] for p in document.paragraphs if p.style.name == "Caption"]
    placed = [label for label in report.labels.values() if "\N{NO-BREAK SPACE}" in label]
    assert captions == placed


def test_word_tables_have_widths_by_content_and_no_page_is_blank(
    made: tuple[Report, dict[str, bytes]],
) -> None:
    document = Document(io.BytesIO(made[1][".docx"]))
    for table in document.tables:
        grid = [column.width for column in table.columns]
        assert grid == [cell.width for cell in table.rows[0].cells]
        assert sum(grid) <= Pt(ACROSS_PT + 1)
    inside = 0
    for element in document.element.body:
        if element.find(f".//{qn('w:sectPr')}") is not None:
            assert inside > 0  # a section of nothing is a blank page
            inside = -1
        inside += 1


# --- the same bytes ---


@pytest.mark.parametrize("written", ["nb"], indirect=True)
def test_same_report_same_bytes(written: dict[str, Report], own_root: Path) -> None:
    """Whatever the order of hashing, the time zone and the folder."""
    folder = own_root / "reports" / "nb"
    here = {name: (folder / name).read_bytes() for name in FILES}
    for name in FILES:
        (folder / name).unlink()
    code = (
        "import sys; from pathlib import Path; from bsup_analysis.report import make_report\n"
        "make_report(Path(sys.argv[1]), 'nb')"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(folder.parent)],
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Pacific/Apia"},
        check=True,
    )
    assert [name for name in FILES if (folder / name).read_bytes() != here[name]] == []


def test_word_archive_holds_no_time(made: tuple[Report, dict[str, bytes]]) -> None:
    with zipfile.ZipFile(io.BytesIO(made[1][".docx"])) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


# --- bad input ---


def keeps(root: Path, language: str = "nb") -> bytes:
    """Put a last good report there, and give its bytes."""
    path = root / "reports" / language / "report.html"
    path.write_bytes(b"the last good report")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda r: (r / "manifest.json").unlink(),
            r"there is no reports/manifest\.json; run `bsup report`",
        ),
        (lambda r: (r / "manifest.json").write_text("{"), r"manifest\.json is damaged"),
        (lambda r: (r / "numbers.json").write_text("[]"), r"numbers\.json is not the file"),
        (lambda r: (r / "numbers.json").write_text("{}"), r"numbers\.json is not the file"),
        (
            lambda r: (r / "nb" / "figures" / "malvik.svg").unlink(),
            r"reports/nb/figures/malvik\.svg is missing; run `bsup report`",
        ),
        (
            lambda r: (r / "tables" / "malvik.csv").write_text("changed"),
            r"tables/malvik\.csv is not the file that was published",
        ),
    ],
    ids=["nothing", "manifest", "numbers", "emptied", "figure", "table"],
)
def test_what_is_not_whole_is_refused_and_the_last_report_kept(
    own_root: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    last = keeps(own_root)
    spoil(own_root / "reports")
    with pytest.raises(InputError, match=sentence):
        make_report(own_root / "reports", "nb")
    assert (own_root / "reports" / "nb" / "report.html").read_bytes() == last


def test_unknown_language_is_refused(own_root: Path) -> None:
    with pytest.raises(InputError, match="it is en or nb"):
        make_report(own_root / "reports", "sv")


def test_language_that_was_not_run_is_refused(own_root: Path) -> None:
    path = own_root / "reports" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["pages"] = {k: p for k, p in manifest["pages"].items() if p["language"] == "nb"}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="no notebook has been published in language 'en'"):
        make_report(own_root / "reports", "en")


FULL = """
import resource, sys
from pathlib import Path
from bsup_analysis.report import make_report
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
make_report(Path(sys.argv[1]) / "reports", sys.argv[3])
"""


@pytest.mark.skipif(os.name == "nt", reason="the limit on a file's size is Unix's")
@pytest.mark.parametrize("written", ["nb"], indirect=True)
def test_a_write_that_stops_half_way_is_said_and_leaves_no_half_file(
    written: dict[str, Report], own_root: Path
) -> None:
    """The system refuses the largest file when the others are written, as a full disk would."""
    report = written["report"]
    language = report.words.language
    folder = report.published.reports / language
    sizes = {name: (folder / name).stat().st_size for name in FILES}
    largest = own_root / "reports" / language / max(sizes, key=lambda one: sizes[one])
    largest.write_bytes(b"the last good one")
    limit = max(sizes.values()) - 4096
    assert sizes["report.html"] < limit  # the first to be written is written
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(own_root), str(limit), language],
        capture_output=True,
        text=True,
    )
    assert "File too large" in run.stderr
    assert str(largest) in run.stderr
    assert largest.read_bytes() == b"the last good one"
    assert not list((own_root / "reports" / language).glob(".*"))


@pytest.mark.parametrize("font", FONTS)
def test_a_missing_font_is_named_and_nothing_written(
    own_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, font: str
) -> None:
    last = keeps(own_root)
    fonts = tmp_path / "fonts" / "ttf"
    shutil.copytree(Path(mpl.get_data_path()) / "fonts" / "ttf", fonts)
    (fonts / font).unlink()
    monkeypatch.setattr(mpl, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(InputError, match=f"the font {font}, .* is not installed; set the env"):
        make_report(own_root / "reports", "nb")
    assert (own_root / "reports" / "nb" / "report.html").read_bytes() == last


def test_inputs_name_words_and_code() -> None:
    names = {path.name for path in report_inputs()}
    assert {"report.nb.md.j2", "annex.en.md.j2", "page.toml", "report.html.j2", "html.py"} <= names
