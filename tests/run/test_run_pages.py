"""Pages: whole in themselves, in the reader's language, readable without a mouse or a script."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from toy_project import publish, write_notebook

from bsup_analysis.errors import InputError
from bsup_analysis.files import only_own_script
from bsup_analysis.run.notebooks import heading
from bsup_analysis.run.pages import (
    TEMPLATES,
    _exporter,
    _shown,
    complaints,
    render_contents,
    render_page,
    words,
)
from bsup_analysis.run.project import Project
from bsup_analysis.run.publish import read_contents, write_contents


class Outline(HTMLParser):
    """What a test asks of a page: elements with attributes, headings, ids, links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def pages(toy: Project) -> dict[str, str]:
    publish(toy)
    return {
        f"{path.parent.parent.name}/{path.name}": path.read_text(encoding="utf-8")
        for path in toy.reports.glob("*/html/*.html")
    }


def test_no_page_asks_another_host_for_anything(pages: dict[str, str]) -> None:
    assert len(pages) == 6
    for name, page in pages.items():
        # all that a browser follows by itself; written apart from the pipeline's own inspection
        for attribute in ("src", "srcset", "poster", "data", "xlink:href", "background"):
            assert not re.search(rf'\s{attribute}\s*=\s*["\']?(?:\w+:)?//', page), name
        assert not Outline(page).all("link"), name
        assert not Outline(page).all("iframe"), name
        assert not re.search(r"@import|url\(\s*[\"']?(?!data:)", page), name
        assert not re.search(r"\b(?:fetch|XMLHttpRequest|import|WebSocket)\b\s*\(", page), name
        policy = [m["content"] for m in Outline(page).all("meta") if "http-equiv" in m]
        assert str(policy[0]).startswith("default-src 'none'")


def test_templates_of_the_users_own_change_no_page(
    toy: Project, pages: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted where nbconvert looks first: a template of its name, and one of ours."""
    for name in ("base", "report"):
        folder = tmp_path / "share" / "nbconvert" / "templates" / name
        folder.mkdir(parents=True)
        (folder / "conf.json").write_text('{"base_template": null, "preprocessors": {}}')
        for file in ("display_priority.j2", "index.html.j2", "null.j2"):
            (folder / file).write_text("spoilt")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "share"))
    _exporter.cache_clear()
    page = toy.pages(["nb"], "01_loans")[0]
    target = tmp_path / "page.html"
    render_page(page, toy.folder(page), target)
    spoilt = target.read_text(encoding="utf-8")
    monkeypatch.undo()
    _exporter.cache_clear()
    render_page(page, toy.folder(page), target)
    assert spoilt == target.read_text(encoding="utf-8")
    assert "spoilt" not in spoilt


def test_pages_have_language_landmarks_skip_link_and_one_main_heading(
    pages: dict[str, str],
) -> None:
    for name, page in pages.items():
        outline = Outline(page)
        tags = [tag for tag, _ in outline.elements]
        assert outline.all("html")[0]["lang"] == name.split("/")[0]
        for landmark in ("header", "nav", "main", "footer"):
            assert tags.count(landmark) == 1, (name, landmark)
        links = outline.all("a")
        assert links[0]["href"] == "#content"
        assert outline.all("main")[0]["id"] == "content"
        assert outline.all("nav")[0]["aria-label"] == words(name.split("/")[0])["pages"]
        levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert all(image.get("alt") for image in outline.all("img"))
        ids = [values["id"] for _, values in outline.elements if "id" in values]
        assert len(ids) == len(set(ids))


def test_links_between_pages_lead_to_pages_and_exhibits(
    toy: Project, pages: dict[str, str]
) -> None:
    for name, page in pages.items():
        folder = toy.reports / name.split("/")[0] / "html"
        for link in Outline(page).all("a"):
            place, _, anchor = str(link["href"]).partition("#")
            target = (folder / place).resolve() if place else folder / name.split("/")[1]
            assert target.is_file(), (name, link)
            if anchor:
                assert f'id="{anchor}"' in target.read_text(encoding="utf-8"), (name, link)
    nav = [a["href"] for a in Outline(pages["nb/01_loans.html"]).all("a")]
    assert "../../en/html/01_loans.html" in nav
    assert "02_people.html" in nav
    current = [a for a in Outline(pages["nb/01_loans.html"]).all("a") if "aria-current" in a]
    assert [a["href"] for a in current] == ["01_loans.html"]


def test_all_code_is_closed_at_the_foot_and_opens_without_a_script(pages: dict[str, str]) -> None:
    page = pages["nb/01_loans.html"]
    (code,) = Outline(page).all("details")
    assert "open" not in code
    foot = page[page.index("<footer") :]
    assert foot.count("<details") == 1
    assert foot.count('class="highlight') == 4
    assert not Outline(page).all("button") + Outline(page).all("script")


CODE = (
    ("study = Study(language)", "parameters", "<p>a</p>", False, True),
    ('municipality_code = "1601"', "injected-parameters", "", False, True),
    ("from pandas import DataFrame\nstudy = 1", "", "", False, True),
    ('study.opening("effects")', "", "<h1>The title</h1>", False, True),
    ("units = study.contrast_units\nunits", "", "<table></table>", True, True),
    ('fit = study.fit("loans ~ treated | unit + year", units)\nfit', "", "<p>0.88</p>", True, True),
    ("study.show(contrast.dispersion(study.path))", "", "<figure></figure>", False, True),
    ("study.headlines()", "keep_output", "persons, 1 January", False, False),
    ("page.heading(study.municipality)", "", "<h1>Malvik</h1>", False, True),
)


@pytest.mark.parametrize(("source", "tag", "made", "code", "output"), CODE)
def test_a_page_shows_the_code_of_data_and_fit_and_of_the_rest_what_it_made(
    source: str, tag: str, made: str, code: bool, output: bool
) -> None:
    cell = nbformat.v4.new_code_cell(
        source,
        metadata={"tags": [tag] if tag else []},
        outputs=[nbformat.v4.new_output("display_data", {"text/html": made})],
    )
    assert ("code" in _shown(cell), "output" in _shown(cell)) == (code, output)


def test_no_page_shows_the_name_of_a_letter(pages: dict[str, str], toy: Project) -> None:
    """A title is taken from a page as what it says, not as its HTML is written."""
    cell = {"cell_type": "code", "source": "", "outputs": [{"data": {"text/html": HEADING}}]}
    assert heading({"cells": [cell]}) == "The programme's figures & <others>"
    for page in pages.values():
        assert not re.search(r"&amp;(?:#\w+|amp|lt|gt|quot);", page)


HEADING = "<h1>The programme&#x27;s figures &amp; &lt;others&gt;</h1>"


def test_profiles_link_to_their_list_the_report_and_the_other_language(toy: Project) -> None:
    publish(toy)
    page = toy.pages(["nb"], "01_loans")[0]
    target = toy.folder(page) / "page.html"
    render_page(page, toy.folder(page), target, languages=("nb", "en"), report=True, profile=True)
    links = {a["href"] for a in Outline(target.read_text(encoding="utf-8")).all("a")}
    assert links == {"#content", "../report.html", "index.html", "../../en/profiles/01_loans.html"}
    contents = toy.folder(page) / "contents.json"
    write_contents(contents, [{"run": "1663", "title": "Malvik"}])
    (path,) = render_contents("nb", contents, ("nb", "en"), report=True, profile=True)
    html = path.read_text(encoding="utf-8")
    assert f"<h1>{words('nb')['profiles']}</h1>" in html
    links = {a["href"] for a in Outline(html).all("a")}
    assert links == {
        *("#content", "../report.html", "index.html", "1663.html"),
        "../../en/profiles/index.html",
    }


def test_foot_tells_where_the_page_comes_from_and_not_when(pages: dict[str, str]) -> None:
    foot = pages["en/02_people.html"].split("<footer")[1]
    text = re.sub(r"<[^>]+>", " ", foot)
    for part in ("notebooks/02_people.ipynb", "language = en, level = high", "people"):
        assert part in text
    assert not re.search(r"20[2-9]\d-\d\d|\d\d:\d\d", text)


def test_wide_tables_scroll_in_a_named_region(pages: dict[str, str]) -> None:
    regions = [d for d in Outline(pages["nb/01_loans.html"]).all("div") if d.get("role")]
    assert [(d["role"], d["tabindex"], d["aria-label"]) for d in regions] == [
        ("region", "0", "Tall loans")
    ]


def test_contents_page_lists_pages_and_their_exhibits_in_order(pages: dict[str, str]) -> None:
    text = pages["nb/index.html"]
    order = [text.index(part) for part in ("01_loans.html#loans", "02_people.html#people")]
    assert order == sorted(order)
    assert "Tall loans" in text


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ('<img alt="x" src="https://example.org/x.png">', "<img> loads https://example.org/x.png"),
        ('<img alt="x" src="//example.org/x.png">', "<img> loads //example.org"),
        ('<script src="http://example.org/x.js"></script>', "<script> loads"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "<link> loads"),
        ("<style>@import 'https://example.org/x.css';</style>", "<style> loads"),
        ("<style>p {background: url( 'https://example.org/x')}</style>", "<style> loads"),
        ('<p style="background: url(//example.org/x)">', "the style of <p>"),
        ('<iframe src="https://example.org"></iframe>', "<iframe> loads"),
        ('<svg><image xlink:href="https://example.org/x.png"/></svg>', "<image> loads"),
        ('<img src="data:image/png;base64,AA">', "an image has no alternative text"),
        ('<img src="x.png" alt="No description has been provided for this image">', "no alternat"),
    ],
)
def test_inspection_finds_what_is_not_whole(html: str, complaint: str) -> None:
    found = complaints(f"<!DOCTYPE html><html><body>{html}</body></html>")
    assert len(found) == 1
    assert complaint in found[0]


def test_inspection_lets_pass_what_is_whole() -> None:
    html = (
        '<a href="https://www.ssb.no">SSB</a><img alt="" src="data:image/svg+xml;base64,AA">'
        '<p>see url(https://example.org) and @import "//x"</p><style>p {color: red}</style>'
    )
    assert complaints(html) == []


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        ("""'<img src="https://example.org/x.png" alt="x">'""", "loads https://example.org"),
        ("""'<img src="data:image/png;base64,AA">'""", "an image has no alternative text"),
    ],
)
def test_page_that_is_not_whole_is_not_published(toy: Project, shown: str, sentence: str) -> None:
    write_notebook(
        toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=f"shown = HTML({shown})"
    )
    with pytest.raises(InputError, match=rf"page 01_loans \((nb|en)\): .*{sentence}"):
        publish(toy)
    assert not toy.reports.exists()


def test_image_output_takes_its_words_from_the_metadata(toy_with_kernels: Project) -> None:
    toy = toy_with_kernels
    show = """\
from IPython.display import display
pixel = "iVBORw0KGgo="  # the start of a PNG is enough: nobody draws it here
words = {"alt": 'Shares of "others" & priority'}
display({"image/png": pixel}, raw=True, metadata={"image/png": words})
display({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"}, raw=True, metadata=words)
total
"""
    write_notebook(toy.root / "notebooks/01_loans.ipynb", "doubled", "loans", show=show)
    publish(toy, toy.pages(["en"], "01_loans"))
    page = (toy.draft / "en/html/01_loans.html").read_text(encoding="utf-8")
    images = Outline(page).all("img")
    assert [image["alt"] for image in images] == ['Shares of "others" & priority'] * 2
    assert str(images[0]["src"]).startswith("data:image/png;base64,iVBOR")
    assert str(images[1]["src"]).startswith("data:image/svg+xml;base64,")
    # a page without a language beside it offers none, and the plain value is shown
    assert "hreflang" not in page
    assert re.search(r"<pre[^>]*>5068.0</pre>", page)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([("markdown", "intro\n# The *first* `one` #\n# second")], "The first one"),
        (
            [("markdown", "## not this"), ("output", "<p><h1 id='x'>That <b>one</b></h1>")],
            "That one",
        ),
        ([("markdown", "nothing")], None),
    ],
)
def test_title_is_the_first_main_heading(
    cells: list[tuple[str, str]], expected: str | None
) -> None:
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": text}
            if kind == "markdown"
            else {"cell_type": "code", "source": "", "outputs": [{"data": {"text/html": text}}]}
            for kind, text in cells
        ]
    }
    assert heading(notebook) == expected


def test_page_without_heading_gets_the_name_of_its_run(toy: Project) -> None:
    path = toy.root / "notebooks" / "01_loans.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("# The loans", "The loans"), "utf-8")
    publish(toy)
    page = (toy.reports / "nb/html/01_loans.html").read_text(encoding="utf-8")
    assert "<h1>01_loans</h1>" in page
    assert "<title>01_loans – " in page


def test_pages_with_one_title_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "contents.json"
    rows = [
        {"run": run, "title": title, "exhibits": [{"id": "a", "title": "A"}]}
        for run, title in [("x", "Same"), ("y", "Same"), ("z", "Other")]
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert [entry["title"] for entry in read_contents(path)] == ["Same (x)", "Same (y)", "Other"]
    assert read_contents(path)[2] == rows[2]


def test_own_run_is_a_page_without_links_to_others(toy: Project) -> None:
    publish(toy)
    page = toy.pages(["nb"], "01_loans")[0]
    (path,) = render_page(page, toy.folder(page), toy.folder(page) / "page.html")
    html = path.read_text(encoding="utf-8")
    assert {a["href"] for a in Outline(html).all("a")} == {"#content"}


def test_every_language_has_every_word_and_a_language_without_words_is_refused() -> None:
    assert set(words("nb")) == set(words("en"))
    assert not [word for language in ("nb", "en") for word in words(language).values() if not word]
    used = set()
    for template in TEMPLATES.rglob("*.j2"):
        used |= set(re.findall(r"words\.(\w+)", template.read_text(encoding="utf-8")))
    assert used | {"table"} == set(words("nb"))
    with pytest.raises(InputError, match="no words for language 'fi'"):
        words("fi")


def test_style_has_contrast_of_at_least_4_5_in_light_and_dark() -> None:
    style = (TEMPLATES / "report" / "style.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", part)) for part in style.split("@media")[:2]
    )
    for name, colours in {"light": light, "dark": dark}.items():
        grounds = {"paper", "sheet"}
        for text in set(colours) - grounds - {"rule", "warn", "warn-sheet"}:
            for ground in grounds:
                assert _contrast(colours[text], colours[ground]) >= 4.5, (name, text, ground)
        assert _contrast(colours["warn"], colours["warn-sheet"]) >= 4.5


def _contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, WCAG 2.2, definition of relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_browser_runs_no_script_but_a_page_s_own(pages: dict[str, str]) -> None:
    for page in pages.values():
        assert "script-src 'none'; base-uri 'none'; form-action 'none'" in page
        assert "<script" not in page
        assert not re.search(r"<[a-z]+ [^>]*\bon[a-z]+=", page)
    policy = "<meta content=\"script-src 'none'\">"
    page = only_own_script(f"{policy}<script>alert(1)</script><p>a</p><script>1</script>")
    own = base64.b64encode(hashlib.sha256(b"1").digest()).decode()
    assert re.findall("script-src ([^;]*);", page) == [f"'sha256-{own}'"]
