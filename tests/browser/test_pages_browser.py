"""Pages of notebooks and profiles in a real browser: no barrier in light or dark, and by keyboard.

One page is made here from cells of every kind; those of the study are looked at where a report has
been made in this checkout.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from published_report import CHECKOUT, LANGUAGES

from bsup_analysis.run.pages import render_contents, render_page
from bsup_analysis.run.project import Page, Run
from bsup_analysis.run.publish import write_contents

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# a telephone at night and a desk by day: together both widths and both schemes
SCREENS = [(360, "dark"), (1280, "light")]


def found(browser: Any, path: Path, width: int, scheme: str) -> list[tuple[str, str]]:
    """Give what axe finds, and a barrier where the page is wider than the screen."""
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(path.as_uri())
    wide = page.evaluate("document.documentElement.scrollWidth") > width
    violations = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    context.close()
    barriers = [(one["id"], one["nodes"][0]["html"][:160]) for one in violations]
    return [*barriers, *([("wider than the screen", str(path))] if wide else [])]


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A profile with cells of every kind, and the list of profiles."""
    folder = tmp_path_factory.mktemp("page")
    new = nbformat.v4
    cells: list[Any] = []

    def ran(source: str, **data: str) -> None:
        outputs = [
            new.new_output("display_data", {k.replace("_", "/"): v for k, v in data.items()})
        ]
        cells.append(new.new_code_cell(source, execution_count=1, outputs=outputs))

    ran('study.opening("effects")', text_html="<h1>The programme&#x27;s figures</h1>")
    cells.append(new.new_markdown_cell("## The model\n\n$$\\log y = \\alpha_i$$\n\nSome *words*."))
    ran("units = study.contrast_units\nunits", text_html="<table><tr><th scope=col>a</th></tr>"
        "<tr><td>1</td></tr></table>")  # fmt: skip
    ran('fit = study.fit("loans ~ treated | unit + year", units)  # why', text_plain="0.88  loans")
    ran("study.show(x)", text_html='<figure id="x"><figcaption>X</figcaption></figure>')
    ran("study.headlines()", text_plain="rate_ratio  0.88")
    notebook = new.new_notebook(cells=cells)
    nbformat.write(notebook, folder / "notebook.ipynb")
    (folder / "run.json").write_text(json.dumps({"notebook": "notebooks/08_profile.ipynb"}))
    run = Run("1663", folder / "notebook.ipynb", (), {})
    page = Page(run, request.param)
    target, contents = folder / "1663.html", folder / "contents.json"
    render_page(page, folder, target, languages=LANGUAGES, report=True, profile=True)
    write_contents(contents, [{"run": "1663", "title": "Malvik"}])
    render_contents(request.param, contents, LANGUAGES, report=True, profile=True)
    return [target, contents.with_name("index.html")]


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_no_barriers_on_a_page_of_a_notebook(
    browser: Any, made: list[Path], width: int, scheme: str
) -> None:
    for path in made:
        assert found(browser, path, width, scheme) == []


def test_a_page_opens_with_its_title_and_its_code_opens_by_keyboard(
    browser: Any, made: list[Path]
) -> None:
    page = browser.new_page()
    page.goto(made[0].as_uri())
    assert page.locator("main > *").first.inner_text().startswith("The programme's figures")
    shown = page.locator("main .highlight").all_inner_texts()
    assert [text.split(" =")[0].strip() for text in shown] == ["units", "fit"]
    assert "rate_ratio" not in page.locator("main").inner_text()
    summary = page.locator("footer summary")
    assert not page.locator("footer .highlight").first.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("footer .highlight").first.is_visible()
    assert "rate_ratio" in page.locator("footer").inner_text()
    page.close()


def published() -> Iterator[Path]:
    """Give the study's pages, and of the profiles one of each kind."""
    reports = CHECKOUT / "reports"
    for language in LANGUAGES:
        yield from sorted((reports / language).glob("*.html"))
        yield from sorted((reports / language / "html").glob("*.html"))
        for name in ("index", "1663", "1511"):
            yield from (reports / language / "profiles").glob(f"{name}.html")


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.parametrize("path", list(published()), ids=lambda path: "/".join(path.parts[-3:]))
def test_no_barriers_on_the_pages_of_the_study(
    browser: Any, path: Path, width: int, scheme: str
) -> None:
    assert found(browser, path, width, scheme) == []
