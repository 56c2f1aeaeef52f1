"""Tables as exhibits show them, figures put into a page, widths of columns."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.style import new_figure
from bsup_analysis.published.reader import ShownTable, shown_table
from bsup_analysis.report.html import Glyphs, inline_svg
from bsup_analysis.report.render import exhibit_table
from bsup_analysis.report.widths import LEAST_PT, column_widths, fits_whole, is_across


def exhibit(**more: object) -> Exhibit:
    shown = pd.DataFrame(
        {"Kommune": ["Ålesund", "Røros"], "Lån": ["1 047", "–"], "Merknad": ["<a> & b", "7 of 8"]}
    )
    return Exhibit(
        id="toy",
        title="Toy",
        caption="A caption.",
        source="A source.",
        alternative_text="A toy.",
        data=shown,
        shown=shown,
        **more,  # type: ignore[arg-type]
    )


def test_a_table_is_read_as_the_exhibit_shows_it() -> None:
    """What `Exhibit` gives is what the report reads: heads, every row, and which are numbers."""
    told = json.loads(json.dumps(exhibit().shown_cells(), ensure_ascii=False))
    assert shown_table(told) == ShownTable(
        ("Kommune", "Lån", "Merknad"),
        (("Ålesund", "1 047", "<a> & b"), ("Røros", "–", "7 of 8")),
        frozenset({1}),
    )


def test_a_figure_alone_has_no_table() -> None:
    assert shown_table(replace(exhibit(), shown=None).shown_cells()) is None


def drawn(text: str) -> str:
    def draw() -> Figure:
        figure, axes = new_figure()
        axes.bar([0, 1], [1.23456, 2], hatch="//", edgecolor="black")
        axes.plot([0, 1], [0.5, 1.5], "o-")
        axes.set_title(text)
        return figure

    return exhibit(draw=draw).svg().decode()


def test_figures_share_their_letters_and_keep_their_names_apart() -> None:
    glyphs = Glyphs()
    first = inline_svg(drawn("Ærlig"), "first", 'a "label"', glyphs)
    known = len(glyphs.names)
    second = inline_svg(drawn("Ærlig"), "second", "label", glyphs)
    assert len(glyphs.names) == known > 5
    page = first + second + glyphs.definitions()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:url\(#|href="#)([^")]+)', page)
    assert set(used) <= set(ids)
    assert "<style" not in page
    assert 'aria-label="a &quot;label&quot;"' in first
    whole = f'<page xmlns:xlink="http://www.w3.org/1999/xlink">{page}</page>'
    assert len(ET.fromstring(whole)) == 3  # noqa: S314 - our own drawing


def test_a_figure_in_the_page_draws_what_its_file_draws() -> None:
    """As many strokes, letters and marks as in the file, none moved by a hundredth of a point."""
    svg = drawn("Ærlig")
    inside = inline_svg(svg, "toy", "label", Glyphs())
    assert inside.count("<use") == svg.count("<use")
    outlines = re.findall(r'<path id="DejaVu', svg)
    assert inside.count("<path") == svg.count("<path") - len(outlines)

    def places(text: str) -> list[float]:
        return [float(n) for n in re.findall(r'(?<=[xy]=")-?[\d.]+', text)]

    before, after = (places(text.split("<use", 1)[1]) for text in (svg, inside))
    assert after == pytest.approx(before, abs=0.005)


def test_what_is_no_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="toy is no drawing"):
        inline_svg("<html></html>", "toy", "label", Glyphs())


def test_columns_hold_their_longest_number_and_share_the_rest() -> None:
    head = ("Place", "Average", "Reason", "Another")
    rows = [["Røros", "1 277 778", "long " * 60, "a few words of a sentence"]]
    widths = column_widths(head, rows, frozenset({1}), 8.0, 459.0)
    assert sum(widths) == pytest.approx(459, abs=0.5)
    assert widths[1] >= len("1 277 778") * 0.636 * 8  # advance of a digit in DejaVu Sans
    assert widths[2] > widths[3] >= LEAST_PT


def test_a_table_of_numbers_is_no_wider_than_it_needs() -> None:
    widths = column_widths(("Year", "Loans"), [["2009", "738"]], frozenset({1}), 8.0, 459.0)
    assert sum(widths) < 120


def test_too_many_columns_are_pressed_together_and_not_over_the_edge() -> None:
    head = ("Municipality", *("Number",) * 30)
    rows = [["All municipalities of the region", *("1 277 778",) * 30]]
    widths = column_widths(head, rows, frozenset(range(1, 31)), 8.0, 459.0)
    assert sum(widths) == pytest.approx(459, abs=2)
    assert widths[0] == pytest.approx(LEAST_PT, abs=0.1)


def test_a_head_is_hyphenated_only_where_a_word_is_too_wide() -> None:
    head = ("Measure", "Priority municipalities", "Region")
    rows = [["Start loans", "738", "1 047"]]
    widths = column_widths(head, rows, frozenset({1, 2}), 8.0, 459.0)
    assert all(fits_whole(title, width, 8.0) for title, width in zip(head, widths, strict=True))
    # in DejaVu Sans Bold at 8 points the longer word is 72 wide, measured with FreeType
    assert not fits_whole("Priority municipalities", 64.0, 8.0)


def test_a_table_of_many_sentences_is_laid_across() -> None:
    head = ("No.", *("a head",) * 4)
    sentences = [["1", *("a sentence that is longer than its head",) * 4]]
    assert is_across(head, sentences, frozenset())
    assert not is_across(head, sentences, frozenset({1}))
    assert not is_across(head, [["1", *("short",) * 4]], frozenset())


def test_readme_lists_no_exhibit_of_the_users_table() -> None:
    of = {"notebook": "notebooks/a.ipynb", "function": "f"}
    listed = exhibit_table(
        {
            "exhibits": {
                "published": {**of, "inputs": {"data/processed/group_year.csv": "0"}},
                "own": {**of, "inputs": {"data/municipal/start_loans.csv": "0"}},
            }
        }
    )
    assert "| published |" in listed
    assert "| own |" not in listed
