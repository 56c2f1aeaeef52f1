"""The templates: alike in both languages, without typed numbers, refused where they are wrong."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from published_report import LANGUAGES

from bsup_analysis.errors import InputError
from bsup_analysis.published.reader import read_edition
from bsup_analysis.report.content import Report, compose
from bsup_analysis.report.markdown import Block, ExhibitBlock, Listing, Paragraph, Span, Table
from bsup_analysis.report.render import TEMPLATES

NAMES = ("shared", "report", "annex", "readme")
MARKUP = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# pages, dates, tables, laws, reports, addresses and equal growth: what prose may hold of digits
REFERENCES = re.compile(
    r"\b(?:pp?|s)\. \d+(?: (?:and|og) \d+)?|\b(?:19|20)\d\d(?:[–:]\d+)?\b"
    r"|\b(?:table|tabell) \d{5}\b|\b(?:[Ss]ection|[Kk]apittel) \d+(?:\.\d+)?|§ ?\d+(?:-\d+)?"
    r"|\b1 January\b|\b1\. januar\b|^1\. |<https://[^>]*>|\b\d\d?\.? [A-Za-z]+ (?=20\d\d)"
    r"|\b(?:report|rapport) 35\b|(?<![\d.,])1(?![\d.,]*\d)",
    re.MULTILINE,
)


def source(name: str, language: str) -> str:
    return (TEMPLATES / f"{name}.{language}.md.j2").read_text(encoding="utf-8")


def typed(text: str) -> list[str]:
    """Give the lines of a template's prose with a digit that is no reference."""
    strings = [one for part in MARKUP.findall(text) for one in re.findall(r'"([^"]*)"', part)]
    strings = [one for one in strings if " " in one]
    prose = f"{MARKUP.sub('', text)}\n{chr(10).join(strings)}"
    return [line for line in REFERENCES.sub("", prose).split("\n") if re.search(r"\d", line)]


# --- both languages ---


def asks(paragraph: str) -> tuple[list[str], list[str]]:
    """Give the numbers and exhibits a paragraph names, sorted, and its conditions in order."""
    names = r'numbers\.\w+|numbers\["[^]]*\]|\b(?:exhibits?|interval|[Rr]ef)\([^)]*\)'
    conditions = re.findall(r"^\{%-? .*? -?%\}", paragraph, re.MULTILINE)
    # the words of a list are the language's
    alike = [re.sub(r'= \["[^]]*\]', "= []", one) for one in conditions]
    return sorted(set(re.findall(names, paragraph))), alike


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_ask_for_the_same_in_each_paragraph_whatever_the_verdict(name: str) -> None:
    nb, en = (re.split(r"\n\n+", source(name, language)) for language in LANGUAGES)
    assert len(nb) == len(en)
    for ours, theirs in zip(nb, en, strict=True):
        assert asks(ours) == asks(theirs), theirs


def shown(block: Block) -> tuple[str, list[tuple[str, str]]]:
    """Give a block's kind with the numbers and targets it shows."""
    spans: list[Span] = []
    match block:
        case Paragraph():
            spans = list(block.spans)
        case Listing():
            spans = [span for item in block.items for span in item]
        case Table():
            spans = [span for row in block.rows for cell in row for span in cell]
    name = f"{type(block).__name__} {getattr(block, 'id', '')}"
    return name, sorted((span.number, span.target) for span in spans if span.target)


def test_both_languages_show_the_same_exhibits_and_numbers_in_the_same_order(
    with_numbers: Callable[..., dict[str, Report]],
) -> None:
    exhibits = 0
    for changed in ({}, {"verdict_loans": 1, "verdict_amount": -1}):
        both = (with_numbers(language, **changed).values() for language in LANGUAGES)
        for nb, en in zip(*both, strict=True):
            assert [shown(block) for block in nb.blocks] == [shown(block) for block in en.blocks]
            exhibits += sum(isinstance(block, ExhibitBlock) for block in nb.blocks)
            assert list(nb.labels) == list(en.labels)
    assert exhibits > 80


@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_left_in_the_other_language(name: str) -> None:
    nb, en = (set(MARKUP.sub("", source(name, one)).split("\n")) for one in LANGUAGES)
    assert not {line for line in nb & en if len(re.findall(r"[^\W\d_]{2,}", line)) > 3}


# --- no typed number ---


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_no_digit_in_the_prose_but_references(name: str, language: str) -> None:
    assert typed(source(name, language)) == []


@pytest.mark.parametrize(
    "planted",
    ["They had 63 % of it.", "a ratio of 0.88 in 2010", '{{ "63 % of it" if share }}', "of 17,"],
)
def test_a_typed_number_is_found(planted: str) -> None:
    assert typed(f"On p. 14, as in table 07459 and Fafo 2014:51, in 2009–2012.\n{planted}")


# --- a wrong template ---


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The templates, to be changed."""
    for path in TEMPLATES.glob("*.md.j2"):
        shutil.copy(path, tmp_path)
    return tmp_path


RATIO = "{{ numbers.rate_ratio_loans_2009_2010 | ratio }}"


@pytest.mark.parametrize(
    ("was", "planted", "said"),
    [
        (RATIO, "{{ numbers.rate_ratio_lons | ratio }}", "the number rate_ratio_lons is not in"),
        (RATIO, "{{ numbers.rate_ratio_loans_2009_2010 }}", "a number needs a format"),
        (RATIO, "{{ numbers.rate_ratio_loans_2009_2010 | ratoi }}", "No filter named 'ratoi'"),
        (RATIO, "{{ rate_ratio | ratio }}", "'rate_ratio' is undefined"),
        (RATIO, "{% if %}", "Expected an expression"),
        (RATIO, "{{ published() }}", "'Edition' object is not callable"),
        (
            '{{ exhibit("timeline") }}',
            '{{ exhibit("malvick") }}',
            "the exhibit malvick is not published in en; correct the name",
        ),
        (
            '{{ exhibit("loan_share") }}',
            '{{ exhibit("timeline") }}',
            "the exhibit timeline stands there already",
        ),
        (
            '{{ ref("counted") }}',
            '{{ ref("malvick") }}',
            "no exhibit, table or section is called malvick",
        ),
    ],
)
def test_a_wrong_template_is_refused_with_file_and_line(
    published_root: Path, templates: Path, was: str, planted: str, said: str
) -> None:
    text = source("report", "en")
    before, after = text.rsplit(was, 1)
    line = before.count("\n") + 1
    (templates / "report.en.md.j2").write_text(f"{before}{planted}{after}", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        compose(read_edition(published_root / "reports", "en"), templates)
    assert str(refused.value).startswith(f"report.en.md.j2, line {line}: {said}")


def test_a_mistake_in_a_macro_is_named_where_it_stands(
    published_root: Path, templates: Path
) -> None:
    text = source("shared", "en").replace("{{ change | abs | per_cent }}", "{{ change | abs }}", 1)
    (templates / "shared.en.md.j2").write_text(text, encoding="utf-8")
    line = text[: text.index("{{ change | abs }}")].count("\n") + 1
    with pytest.raises(InputError, match=rf"^shared\.en\.md\.j2, line {line}: a number needs a f"):
        compose(read_edition(published_root / "reports", "en"), templates)


def test_a_reference_to_what_is_not_shown_is_refused(published_root: Path, templates: Path) -> None:
    text = source("report", "en").replace('ref("counted")', 'ref("hidden")')
    text += "{% if false %}\n# A section {: #hidden }\n{% endif %}\n"
    (templates / "report.en.md.j2").write_text(text, encoding="utf-8")
    published = read_edition(published_root / "reports", "en")
    with pytest.raises(InputError, match="refers to hidden, which is not shown"):
        compose(published, templates)


@pytest.mark.parametrize(
    ("was", "planted", "said"),
    [
        ("+++\n", "", "needs title, subtitle and running"),
        ("title = ", "heading = ", "needs title, subtitle and running"),
        ('title = "', "title = ", "needs title, subtitle and running"),
        (" {: #others }", "", ": 'What others found' needs an id"),
        ("# What others", "---\n\n# What others", ": the report cannot show this"),
    ],
)
def test_a_template_of_another_form_is_refused_by_name(
    published_root: Path, templates: Path, was: str, planted: str, said: str
) -> None:
    text = source("report", "en").replace(was, planted, 1)
    (templates / "report.en.md.j2").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        compose(read_edition(published_root / "reports", "en"), templates)
    assert str(refused.value).startswith("report.en.md.j2")
    assert said in str(refused.value)
