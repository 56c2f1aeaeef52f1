"""Markdown read into blocks, and numbers that know their id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.errors import InputError
from bsup_analysis.language import Words
from bsup_analysis.report.markdown import (
    Commands,
    ExhibitBlock,
    Explorer,
    Heading,
    Listing,
    Paragraph,
    Span,
    Table,
    escape,
    parse,
    plain,
)
from bsup_analysis.report.render import Value, Values

WRITTEN = """
# The answer {: #answer .unnumbered }

## A part of it {: #part_2 }

> Larger
> words.

A **strong** word, *another* one
and [0.88](#figure_1 "ratio"), `code`; see [Figure 1](#figure_1).

- one
- two
  lines

1. first

![](exhibit:figure_1)

![](explorer:dispersion)

```
make report
make test
```

: A title {: #own }
Where it is from,
and more.

| Measure | All |
|---|--:|
| Loans | [17](#figure_1 "loans") |
"""


def test_each_form_of_markdown_becomes_its_block() -> None:
    number, link = Span("0.88", "", "figure_1", "ratio"), Span("Figure 1", "", "figure_1")
    sentence = (
        *(Span("A "), Span("strong", "strong"), Span(" word, "), Span("another", "em")),
        *(Span(" one and "), number, Span(", "), Span("code", "code"), Span("; see "), link),
        Span("."),
    )
    assert parse(WRITTEN) == [
        Heading("answer", 1, "The answer", numbered=False),
        Heading("part_2", 2, "A part of it"),
        Paragraph((Span("Larger words."),), lead=True),
        Paragraph(sentence),
        Listing(((Span("one"),), (Span("two lines"),))),
        Listing(((Span("first"),),), ordered=True),
        ExhibitBlock("figure_1"),
        Explorer("dispersion"),
        Commands("make report\nmake test"),
        Table(
            id="own",
            title="A title",
            note="Where it is from, and more.",
            head=("Measure", "All"),
            rows=(((Span("Loans"),), (Span("17", "", "figure_1", "loans"),)),),
            numeric=frozenset({1}),
        ),
    ]


@pytest.mark.parametrize(
    "written",
    [
        *("---", "# No id", "| a |\n|---|\n| b |", "[a](http://example.org)", "a ![](exhibit:b)"),
        *("- one\n  - two", "> one\n>\n> two", ": A title {: #id }\n\nNo table."),
    ],
)
def test_what_has_no_form_is_refused(written: str) -> None:
    with pytest.raises(InputError, match=r"cannot (show|hold)|needs an id|no table follows"):
        parse(written)


TEXTS = st.text(
    st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" \N{NO-BREAK SPACE}")
)


@given(TEXTS.map(str.strip).filter(bool))
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    (paragraph,) = parse(escape(text))
    assert isinstance(paragraph, Paragraph)
    assert plain(paragraph.spans) == text
    (table,) = parse(f": T {{: #t }}\n\n| a | b |\n|---|---|\n| {escape(text)} | 1 |")
    assert isinstance(table, Table)
    assert [plain(cell) for cell in table.rows[0]] == [text, "1"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://www.husbanken.no/fors%C3%B8k/", "husbanken.no/forsøk"),
        ("https://s-n.no/a-b/1-2", "s-n.no/a-b/1-2"),
    ],
)
def test_an_address_is_shown_without_what_stands_in_front(address: str, shown: str) -> None:
    assert parse(f"See <{address}>.") == [
        Paragraph((Span("See "), Span(shown, "", address), Span(".")))
    ]
    assert Span(shown, "", address).web
    assert not Span("Figure 1", "", "figure_1").web


def test_what_is_computed_from_a_number_has_no_id() -> None:
    a, b = Value(3.0, "a"), Value(2.0, "b")
    for result in (a + b, a - b, a / b, a + 1, 1 - a, sum([a, b])):
        assert not isinstance(result, Value)
    assert abs(Value(-3.0, "a")).id == "a"
    assert sorted([a, b])[0].id == "b"


def test_numbers_by_how_their_id_begins() -> None:
    numbers = Values([("b_2", 2), ("b_1", 1), ("b_1_mc_error", 9), ("c", 3)])
    assert numbers.starting("b_", but="_mc_error") == [1, 2]
    assert [one.id for one in numbers.starting("b_")] == ["b_1", "b_1_mc_error", "b_2"]
    assert numbers.get("d") is None
    with pytest.raises(InputError, match=r"the number d is not in reports/numbers\.json"):
        numbers["d"]


@pytest.mark.parametrize(
    ("change", "said"),
    [(0.367, "up"), (-0.065, "down"), (0.0, "still"), (0.0004, "still"), (-0.0006, "down")],
)
def test_a_change_that_rounds_to_none_is_none(change: float, said: str) -> None:
    assert Words("nb").direction(change) == said
