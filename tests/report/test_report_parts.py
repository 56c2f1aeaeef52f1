"""Tables as exhibits show them, figures put into a page, widths of columns."""

import base64
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import shapely
from fontTools.ttLib import TTFont
from matplotlib import get_data_path
from matplotlib.figure import Figure

from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.style import house_style, new_figure
from bsup_analysis.files import svg_address
from bsup_analysis.published.reader import ShownTable, shown_table
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


def drawing(text: str) -> Figure:
    figure, axes = new_figure()
    axes.bar([0, 1], [1.23456, 2], hatch="//", edgecolor="black")
    axes.plot([0, 1], [0.5, 1.5], "o-")
    axes.set_title(text)
    return figure


def drawn(text: str) -> str:
    return exhibit(draw=lambda: drawing(text)).svg().decode()


def matplotlib_writes(text: str) -> str:
    """Return the same drawing as matplotlib writes it, before it is made small."""
    stream = io.BytesIO()
    with house_style():
        drawing(text).savefig(stream, format="svg")
    return stream.getvalue().decode()


def test_a_small_drawing_draws_what_matplotlib_draws() -> None:
    """As many strokes, letters and marks, none moved by a hundredth of a point."""
    svg, made = matplotlib_writes("Ærlig"), drawn("Ærlig")
    for mark in ("<use", "<text", "<clipPath"):
        assert made.count(mark) == svg.count(mark) > 0
    # of matplotlib's eight curves to a circle one circle is made
    circles = re.findall(r'd="(M -?0 [^"]*(?:C [^"]*){8}z?)', re.sub(r"\s+", " ", svg))
    assert made.count("<circle") == len(circles) > 0
    assert made.count("<path") + len(circles) == svg.count("<path")
    radius = float(re.search(r"M -?0 (-?[\d.]+)", circles[0])[1])
    drawn_radius = re.search(r'<circle[^>]* r="([\d.]+)"', made)[1]
    assert float(drawn_radius) == pytest.approx(abs(radius), abs=0.01)
    ids = re.findall(r'\bid="([^"]+)"', made)
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', made)) <= set(ids)

    def places(text: str) -> list[float]:
        return [float(n) for n in re.findall(r'(?<= [xy]=")-?[\d.]+', text)]

    assert places(made) == pytest.approx(places(svg), abs=0.005)
    assert len(made) < len(svg)


def corners(path: str) -> list[tuple[float, float]]:
    """Follow a path's corners, written as places or as steps."""
    found: list[tuple[float, float]] = []
    for letter, numbers in re.findall(r"([MLl])([^a-zA-Z]*)", path):
        values = [float(one) for one in re.findall(r"-?\d*\.?\d+", numbers)]
        for x, y in zip(values[::2], values[1::2], strict=True):
            before = found[-1] if letter == "l" else (0.0, 0.0)
            found.append((before[0] + x, before[1] + y))
    return found


def test_a_long_line_is_written_as_steps_that_do_not_drift() -> None:
    def long_line() -> Figure:
        figure, axes = new_figure()
        x = np.linspace(0, 30, 900)
        axes.plot(x, np.sin(x) * x)
        return figure

    made = exhibit(draw=long_line).svg().decode()
    stream = io.BytesIO()
    with house_style():
        long_line().savefig(stream, format="svg")
    whole = max(re.findall(r' d="([^"]*)"', stream.getvalue().decode()), key=len)
    steps = max(re.findall(r' d="([^"]*)"', made), key=len)
    assert "l" in steps
    assert len(steps) < 0.5 * len(whole)
    last = np.array(corners(steps)[-1])
    assert last == pytest.approx(np.array(corners(whole)[-1]), abs=0.06)
    kept, all_ = (shapely.LineString(corners(one)) for one in (steps, whole))
    assert shapely.hausdorff_distance(kept, all_) < 0.08


def test_dots_of_a_hatch_are_circles_where_matplotlib_has_them() -> None:
    def dotted() -> Figure:
        figure, axes = new_figure()
        axes.bar([0, 1], [1, 2], hatch="..", edgecolor="white")
        return figure

    made = exhibit(draw=dotted).svg().decode()
    stream = io.BytesIO()
    with house_style():
        dotted().savefig(stream, format="svg")
    whole = re.search(r"<pattern.*?</pattern>", stream.getvalue().decode(), re.DOTALL)[0]
    whole = re.sub(r"\s+", " ", whole)
    steps = re.search(r"<pattern.*?</pattern>", made, re.DOTALL)[0]
    starts = np.array(re.findall(r"M (-?[\d.]+) (-?[\d.]+)", whole), float)
    arcs = re.findall(r"M (\S+) (\S+) a (\S+) \S+ 0 1 1 0 (\S+) a \S+ \S+ 0 1 1 0 (\S+) z", steps)
    x, y, radius, up, down = np.array(arcs, float).T
    assert len(x) == len(starts) > 100
    assert np.column_stack([x, y]) == pytest.approx(starts, abs=0.005)
    highest = [float(one.split(" C")[4].split()[5]) for one in whole.split("M ")[1:]]
    assert y + up == pytest.approx(highest, abs=0.005)
    assert (up == -down).all()
    assert np.abs(up) / 2 == pytest.approx(radius, abs=0.005)
    assert len(steps) < 0.25 * len(whole)


def test_letters_with_a_ground_are_text_twice() -> None:
    """The white one behind; in a picture of dots the same stands around the letters."""

    def named() -> Figure:
        figure, axes = new_figure()
        axes.text(0.5, 0.5, "Ærlig", gid="halo")
        return figure

    svg = exhibit(draw=named).svg().decode()
    ground, letters = re.findall(r'<text class="(\w+)"[^>]*>Ærlig</text>', svg)
    assert "stroke: #ffffff" in re.search(rf"\.{ground}{{([^}}]*)}}", svg)[1]
    assert "stroke" not in re.search(rf"\.{letters}{{([^}}]*)}}", svg)[1]


def test_a_drawing_brings_the_outlines_of_its_letters() -> None:
    """Each letter is in a font that the file brings, with matplotlib's outline of it."""
    svg = drawn("Ærlig & <b>")
    faces = re.findall(r"font-weight:(\w+);src:url\(data:font/woff;base64,([^)]+)\)", svg)
    kept = {weight: TTFont(io.BytesIO(base64.b64decode(data))) for weight, data in faces}
    assert set(kept) == {"normal", "bold"}
    assert {ord(letter) for letter in "Ærlig&<b>"} <= set(kept["bold"].getBestCmap())
    assert {ord(letter) for letter in "0123456789."} & set(kept["normal"].getBestCmap())
    whole = TTFont(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf")
    for letter in map(ord, "Ærlig"):
        widths = [font["hmtx"][font.getBestCmap()[letter]][0] for font in (kept["bold"], whole)]
        assert widths[0] == widths[1]


def test_an_address_holds_the_drawing_and_closes_no_quotes() -> None:
    svg = drawn("Ærlig & <b>")
    held = svg_address(svg.encode())
    assert '"' not in held
    assert "<" not in held
    assert unquote(held).removeprefix("data:image/svg+xml,") == svg.replace('"', "'")
    assert ET.fromstring(unquote(held).partition(",")[2]) is not None  # noqa: S314 - our own


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
