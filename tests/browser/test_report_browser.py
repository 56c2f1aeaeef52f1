"""The page in a real browser: quiet, whole at every width, without barriers, by keyboard."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from bsup_analysis.language import LANGUAGES
from bsup_analysis.published.reader import read_edition
from bsup_analysis.report import beside
from bsup_analysis.report.content import DOCUMENTS, compose
from bsup_analysis.report.html import to_html

WIDTHS = (360, 768, 1280)


@pytest.fixture(scope="module", params=LANGUAGES)
def addresses(request: pytest.FixtureRequest, published_root: Path) -> dict[str, str]:
    """The addresses of a language's report and annex."""
    found = {}
    for name, report in compose(read_edition(published_root / "reports", request.param)).items():
        path = published_root / f"{request.param}_{name}.html"
        path.write_text(to_html(report, beside(report)), encoding="utf-8")
        found[name] = path.as_uri()
    return found


@pytest.fixture(params=DOCUMENTS)
def address(request: pytest.FixtureRequest, addresses: dict[str, str]) -> str:
    return addresses[request.param]


@pytest.fixture
def annex(addresses: dict[str, str]) -> str:
    return addresses["annex"]


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page; what the console says and what is asked of a host is kept in `page.said`."""
    contexts = []

    def opened(address: str, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: said.append(asked.url) if asked.url != address else None)
        page.goto(address)
        page.said = said
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_quiet_and_no_wider_than_the_screen(
    opened: Callable[..., Any], address: str, width: int
) -> None:
    page = opened(address, viewport={"width": width, "height": 900})
    if "annex" in address:
        page.wait_for_selector("[data-explorer=municipalities] .map polygon")
    assert page.said == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_no_barriers_that_axe_finds(
    opened: Callable[..., Any], address: str, width: int, scheme: str
) -> None:
    page = opened(
        address, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": rules}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []


def test_whole_without_a_script(opened: Callable[..., Any], annex: str) -> None:
    page = opened(annex, java_script_enabled=False)
    assert not page.locator("[data-explorer]").first.is_visible()
    assert page.locator("#dispersion_loans .drawing svg").first.is_visible()
    assert page.locator("#start_loan_table table").is_visible()


def test_slider_by_keyboard_says_the_interval(opened: Callable[..., Any], annex: str) -> None:
    page = opened(annex)
    slider, result = page.locator("#slide"), page.locator(".result")
    slider.focus()
    page.keyboard.press("Home")
    first = result.inner_text()
    page.keyboard.press("End")
    last = result.inner_text()
    assert first != last
    assert last.startswith(slider.get_attribute("aria-valuetext"))
    page.keyboard.press("Home")
    assert result.inner_text() == first


def test_map_and_list_choose_the_same(opened: Callable[..., Any], annex: str) -> None:
    page = opened(annex)
    part = page.locator("[data-explorer=municipalities]")
    option = part.locator("option", has_text="Røros")
    part.locator("select").select_option(option.get_attribute("value"))
    assert part.locator(".name strong").inner_text().startswith("Røros")
    chosen = part.locator(".map .chosen title")
    assert chosen.text_content() == "Røros"
    assert part.locator(".series polyline").count() == 3
    part.locator(".map g", has_text="Frosta").click()
    assert part.locator("select option:checked").inner_text().startswith("Frosta")
    assert part.locator(".name strong").inner_text().startswith("Frosta")


def test_table_sorts_and_the_sum_stays_last(opened: Callable[..., Any], annex: str) -> None:
    page = opened(annex)
    table = page.locator("#start_loan_table table")
    button = table.locator("thead button").nth(1)
    before = table.locator("tbody tr").last.inner_text()

    def column() -> list[float]:
        cells = table.locator("tbody tr td:nth-child(2)").all_inner_texts()[:-1]
        return [float(cell) for cell in cells]

    button.focus()
    page.keyboard.press("Enter")
    assert column() == sorted(column())
    assert table.locator("th[aria-sort=ascending]").count() == 1
    page.keyboard.press("Enter")
    assert column() == sorted(column(), reverse=True)
    assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    assert table.locator("tbody tr").last.inner_text() == before


def test_skip_link_comes_first_and_leads_to_the_report(
    opened: Callable[..., Any], address: str
) -> None:
    page = opened(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_on_paper_nothing_is_left_out_and_nothing_that_moves_is_shown(
    opened: Callable[..., Any], annex: str
) -> None:
    page = opened(annex)
    page.emulate_media(media="print")
    assert not page.locator("[data-explorer]").first.is_visible()
    assert not page.locator("nav.contents").is_visible()
    assert page.locator("#size_overlap .drawing svg").first.is_visible()
