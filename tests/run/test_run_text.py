"""A notebook's text in the page's language, and its mathematics on a page that loads nothing."""

import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bsup_analysis import paths
from bsup_analysis.cli.study_project import study_project
from bsup_analysis.errors import InputError
from bsup_analysis.language import notebook_texts
from bsup_analysis.language.catalogue import CHAPTERS
from bsup_analysis.run.graph import graph
from bsup_analysis.run.notebooks import translated
from bsup_analysis.run.pages import MathMLExporter, complaints, mathml

NOTEBOOKS = sorted(paths.notebooks().glob("*.ipynb"))
TEXTS = r"""
model = '''
## Modellen

Med kommune $i$ i år $t$:
$$\log \mu_{it} = \alpha_i + \text{år}_t$$
'''
"""


@pytest.fixture
def notebook(tmp_path):
    cells = [
        new_markdown_cell("# Only in the lab", id="title", metadata={"tags": ["lab_only"]}),
        new_code_cell('language = "en"', id="parameters", metadata={"tags": ["parameters"]}),
        new_markdown_cell(
            "## The model\n\n$$\\log \\mu_{it} = \\alpha_i + \\text{year}_t$$\nyear $t$, place $i$",
            id="model",
        ),
    ]
    path = tmp_path / "01_model.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "nb" / "notebooks" / "01_model.toml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXTS, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_has_its_text_in_norwegian(path):
    there = json.loads(path.read_text(encoding="utf-8"))
    nb = translated(path, notebook_texts(path.stem, "nb"))
    assert translated(path, notebook_texts(path.stem, "en")) == there
    for before, after in zip(there["cells"], nb["cells"], strict=True):
        shown = before["cell_type"] == "markdown" and "lab_only" not in before["metadata"].get(
            "tags", ()
        )
        assert (before["source"] == after["source"]) != shown


def test_no_text_is_there_for_a_notebook_that_is_not():
    assert not notebook_texts("any", "nb").exists()
    texts = {path.stem for path in CHAPTERS.glob("*/words/*/notebooks/*.toml")}
    assert texts
    assert texts <= {path.stem for path in NOTEBOOKS}


def test_only_what_a_page_shows_is_replaced(notebook, texts):
    title, parameters, model = translated(notebook, texts)["cells"]
    assert "".join(title["source"]) == "# Only in the lab"
    assert "".join(parameters["source"]) == 'language = "en"'
    assert model["source"].startswith("## Modellen")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, r"nb/notebooks/01_model.toml: the text of cell model is missing; write it\."),
        ("model = ''", "the text of cell model is missing"),
        (TEXTS + "title = 'Bare i laben'", "shows no markdown cell title on its page; remove"),
        (TEXTS.replace("i + ", "t + "), "cell model has other mathematics than the notebook"),
        (TEXTS.replace("år $t$", "år"), "cell model has other mathematics than the notebook"),
        ("model = 3", "01_model.toml: model must be a text"),
        ("model", "01_model.toml is no TOML"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(notebook, texts, text, told):
    texts.unlink()
    if text is not None:
        texts.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        translated(notebook, texts)


def test_the_page_has_the_text_of_its_language(toy, toy_texts):
    import toy_project

    toy_project.publish(toy, toy.pages(only="01_loans"))
    nb, en = (
        (toy.draft / one / "html" / "01_loans.html").read_text(encoding="utf-8")
        for one in ("nb", "en")
    )
    assert "<h1>Lånene</h1>" in nb
    assert "<h1>The loans</h1>" not in nb
    assert "<h1>The loans</h1>" in en


@pytest.fixture
def toy_texts(toy):
    file = toy.root / "nb" / "notebooks" / "01_loans.toml"
    file.parent.mkdir(parents=True)
    file.write_text("toy-0 = '# Lånene'", encoding="utf-8")
    object.__setattr__(
        toy,
        "texts",
        lambda name, language: file if (name, language) == ("01_loans", "nb") else None,
    )
    return file


def test_a_wanting_text_stops_before_anything_runs(toy, toy_texts):
    toy_texts.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"nb/notebooks/01_loans\.toml: the text of cell toy-0"):
        graph(toy, toy.pages())


def test_every_run_of_the_study_is_given_its_text():
    project = study_project()
    for page in project.pages():
        file = project.texts(page.run.notebook.stem, page.language)
        assert (file is None) == (page.language == "en")


def rendered(markdown: str) -> str:
    notebook = new_notebook(cells=[new_markdown_cell(markdown)])
    return MathMLExporter(template_name="basic").from_notebook_node(notebook)[0]


def test_formulas_become_mathml_and_load_nothing():
    html = rendered(
        "The model $\\beta D_{i}$ is\n$$y \\sim \\text{Poisson}(\\mu) < 3$$\n`$x$` stays."
    )
    inline, block = re.findall(r"<math .*?</math>", html, re.DOTALL)
    assert 'display="inline"' in inline
    assert "<mi>β</mi><msub><mi>D</mi>" in inline
    assert 'display="block"' in block
    assert "<mo>∼</mo><mtext>Poisson</mtext>" in block
    assert 'alttext="y \\sim \\text{Poisson}(\\mu) &lt; 3"' in block
    assert "<code>$x$</code>" in html
    assert complaints(html) == []


def test_lines_below_each_other_are_a_table():
    assert mathml("\\begin{split} a &= b \\\\ c &= d \\end{split}", "block").count("<mtr>") == 2
    assert "<mtable" in rendered("\\begin{align*} a &= b \\\\ c &= d \\end{align*}")


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("\\unheardof x", r"\\unheardof is not known here"),
        ("\\begin{aligned} a &= b \\end{aligned}", "& is not known here; lines are set"),
        ("\\left( a", r"'\\\\left\( a' is no LaTeX"),
    ],
)
def test_a_formula_that_cannot_be_shown_is_refused(formula, told):
    with pytest.raises(InputError, match=told):
        rendered(f"$${formula}$$")
