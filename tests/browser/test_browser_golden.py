"""The page on a screen looks as it did: wide and light, narrow and dark, and what moves."""

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from golden_pages import STORED, WRITE, golden_report, golden_root, hold

from bsup_analysis.language import LANGUAGES
from bsup_analysis.report import beside
from bsup_analysis.report.html import to_html

__all__ = ["golden_root"]

ALLOWED = 0.01
VERSION = STORED / "browser.txt"
WIDE = {"viewport": {"width": 1280, "height": 1500}, "device_scale_factor": 0.5}
NARROW = {"viewport": {"width": 360, "height": 1300}, "color_scheme": "dark"}


@pytest.fixture(scope="module", params=LANGUAGES)
def shown(
    request: pytest.FixtureRequest, browser: Any, golden_root: Path
) -> Iterator[Callable[..., Any]]:
    """Open a language's page in the font that every machine has here.

    Letters are set by the browser, and another version may break a line elsewhere.
    """
    if os.environ.get(WRITE):
        VERSION.write_text(f"{browser.version.split('.')[0]}\n", encoding="utf-8")
    stored = VERSION.read_text(encoding="utf-8").strip()
    if browser.version.split(".")[0] != stored:
        pytest.skip(f"pictures are of Chromium {stored}, this is {browser.version}; `make golden`")
    language = request.param
    documents = golden_report(golden_root, language)
    for name, report in documents.items():
        path = golden_root / f"{language}_{name}.html"
        path.write_text(to_html(report, beside(report)), encoding="utf-8")
    font = (Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf").read_bytes()
    address = f"data:font/ttf;base64,{base64.b64encode(font).decode('ascii')}"
    style = (
        f'@font-face {{ font-family: "golden"; src: url("{address}") }}'
        '* { font-family: "golden" !important }'
    )
    contexts = []

    def opened(document: str = "report", **options: Any) -> tuple[str, Any]:
        # the page's own rule lets no font in
        contexts.append(browser.new_context(bypass_csp=True, **options))
        page = contexts[-1].new_page()
        page.goto((golden_root / f"{language}_{document}.html").as_uri())
        page.add_style_tag(content=style)
        page.evaluate("document.fonts.ready")
        return language, page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("name", "options"), [("wide", WIDE), ("narrow", NARROW)])
def test_the_top_of_the_page_looks_as_stored(
    shown: Callable[..., Any], name: str, options: dict[str, Any]
) -> None:
    language, page = shown(**options)
    hold(f"screen_{language}_{name}", page.screenshot(), allowed=ALLOWED)


@pytest.mark.parametrize("part", ["municipalities", "dispersion"])
def test_what_moves_looks_as_stored(shown: Callable[..., Any], part: str) -> None:
    language, page = shown("annex", **WIDE)
    taken = page.locator(f"[data-explorer={part}]").screenshot()
    hold(f"screen_{language}_{part}", taken, allowed=ALLOWED)


def test_a_changed_page_is_found(shown: Callable[..., Any]) -> None:
    language, page = shown(**WIDE)
    page.locator(".lead").first.evaluate("element => { element.textContent = 'Planted.' }")
    with pytest.raises(AssertionError, match=r"build/golden/screen_.*\.png"):
        hold(f"screen_{language}_wide", page.screenshot(), allowed=ALLOWED)
