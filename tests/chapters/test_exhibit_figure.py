"""An exhibit's figure: shows itself, can be drawn on and saved, and leaves what is published."""

import subprocess
import sys
from dataclasses import replace

import nbformat
import pandas as pd
import pytest
from elsewhere import other_environment
from nbclient import NotebookClient

from bsup_analysis.errors import InputError
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.style import new_figure

MADE = """
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.style import new_figure
import pandas as pd
def draw():
    figure, axes = new_figure(1, 2)
    for one in axes:
        one.plot([1, 2], [1000, 2000], label="growth")
        one.set(xlabel="year", ylabel="loans")
    return figure
exhibit = Exhibit("growth", "Growth", "", "", "Loans <double>.", pd.DataFrame({"a": [1]}), draw)
"""


@pytest.fixture
def exhibit() -> Exhibit:
    names: dict = {}
    exec(MADE, names)  # noqa: S102 - the text above
    return names["exhibit"]


def test_the_figure_is_the_published_one_and_shows_itself(exhibit, tmp_path):
    exhibit.save(tmp_path / "growth.svg")
    assert (tmp_path / "growth.svg").read_bytes() == exhibit.svg()
    html = exhibit.figure._repr_html_()
    assert html.startswith('<img src="data:image/svg+xml,')
    assert html.endswith('alt="Loans &lt;double&gt;.">')
    assert html in exhibit._repr_html_()


def test_what_is_drawn_on_it_is_saved_and_not_published(exhibit, tmp_path):
    published = exhibit.svg()
    exhibit.axes[0].axhline(1500)
    assert len(exhibit.axes) == 2
    for name in ("one.png", "one.svg", "one.pdf", "two.png", "two.svg", "two.PDF"):
        exhibit.save(tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.PDF").read_bytes()
    assert (tmp_path / "one.svg").read_bytes() != published
    assert replace(exhibit).svg() == published


def test_files_are_the_same_under_another_hash_seed(exhibit, tmp_path):
    forms = ("svg", "png", "pdf")
    saved = "".join(f"exhibit.save(r'{tmp_path}/there.{form}')\n" for form in forms)
    subprocess.run([sys.executable, "-c", MADE + saved], env=other_environment(), check=True)
    for form in forms:
        exhibit.save(tmp_path / f"here.{form}")
        here, there = (tmp_path / f"{place}.{form}" for place in ("here", "there"))
        assert here.read_bytes() == there.read_bytes(), form


def test_a_banner_is_on_the_figure_too(exhibit):
    marked = replace(exhibit, banner="SYNTHETIC: drawn at random")
    assert "SYNTHETIC:" in {text.get_text() for text in marked.figure.texts}


def test_what_cannot_be_saved_is_said_in_a_sentence(exhibit, tmp_path):
    with pytest.raises(InputError, match=r"growth.jpg must end in one of .svg, .png, .pdf."):
        exhibit.save(tmp_path / "growth.jpg")
    with pytest.raises(InputError, match=r"growth must end in one of"):
        exhibit.save("growth")
    with pytest.raises(InputError, match=r"there is no folder .*nowhere; make it first."):
        exhibit.save(tmp_path / "nowhere" / "growth.svg")
    table = replace(exhibit, draw=None, shown=pd.DataFrame({"a": ["1"]}))
    with pytest.raises(InputError, match="growth is a table and has no picture"):
        table.save(tmp_path / "growth.svg")


def test_a_cell_that_ends_in_the_figure_shows_it_without_a_magic_line():
    sources = (f"{MADE}\nexhibit.figure", "import matplotlib.pyplot as plt; plt.figure();")
    cells = [nbformat.v4.new_code_cell(one) for one in (*sources, "exhibit.figure")]
    notebook = NotebookClient(nbformat.v4.new_notebook(cells=cells)).execute()
    for shown in (notebook.cells[0].outputs[-1], notebook.cells[2].outputs[0]):
        assert shown["data"]["text/html"].startswith("<img src=")


def test_a_figure_of_this_house_is_one_that_shows_itself():
    figure, _ = new_figure()
    assert figure._repr_html_().endswith('alt="">')


def test_a_table_has_its_heads_above_and_its_names_before_the_rows(exhibit):
    shown = pd.DataFrame({"group": ["priority", "", "a <b>"], "loans": ["1", "–", "3"]})
    written = replace(exhibit, shown=shown).table_html()
    head, body = written.split("<tbody>")
    assert head.count("<th ") == 2
    assert '<th scope="col">group</th><th scope="col" style="text-align: right">loans</th>' in head
    assert body.count('<th scope="row">') == 2
    assert '<th scope="row">a &lt;b&gt;</th><td style="text-align: right">3</td>' in body
    assert "<tr><td></td>" in body  # of a row without a name
