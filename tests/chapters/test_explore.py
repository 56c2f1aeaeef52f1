"""Looking around: controls are set in Python, the figures follow, and sums are the published."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from bsup_analysis.chapters.effects.contrast import group_contrast
from bsup_analysis.chapters.explore import figures
from bsup_analysis.chapters.explore.figures import Explorer, group_totals, growth_rows, members
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.language import LANGUAGES
from bsup_analysis.study import Study

CHECKOUT = Path(__file__).resolve().parents[2]
FIRST = {
    "municipality_code": "1663",
    "outcome": "loans",
    "group": "priority",
    "reading": "signed_2010",
}


def contrast_of(study: Study) -> Exhibit:
    return group_contrast(study.outcome_contrast, study.words)


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("en")


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer("nb", "", contrast_of, **FIRST)


@pytest.mark.parametrize(
    ("control", "value", "said"),
    [
        ("municipality_code", "1640", "Røros"),
        ("outcome", "average", "584"),  # 36 797 400 NOK in 63 loans, document p. 14
        ("group", "county", "Sør-Trøndelag"),
        ("reading", "intended_2011", "2011"),
    ],
)
def test_figures_follow_a_choice(explorer: Explorer, control: str, value: str, said: str) -> None:
    """Setting a control's value is what a click does; each figure or its words change."""
    before, shown = explorer.exhibits, explorer.children[-1].value
    was = explorer.controls[control].value
    explorer.controls[control].value = value
    try:
        after = explorer.exhibits
        assert after[1].caption != before[1].caption
        assert said in "".join(one.title + one.caption for one in after)
        assert explorer.children[-1].value != shown
        assert explorer.children[-1].value.count("data:image/svg+xml,") == len(after)
    finally:
        explorer.controls[control].value = was
    assert explorer.children[-1].value == shown  # the same choice, the same bytes


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_are_in_the_readers_language_and_alphabet(language: str) -> None:
    explorer = Explorer(language, "", contrast_of, **FIRST)
    shown = [name for name, _ in explorer.controls["municipality_code"].options]
    assert len(shown) == 85  # municipalities of the region in 2009, p. 5
    assert shown[-1] == "Ålesund"
    for name, control in explorer.controls.items():
        assert control.description == explorer.study.words(f"explore.control_{name}")
        assert len({text for text, _ in control.options}) == len(control.options)


def test_a_value_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="group is one of priority, other"):
        Explorer("en", "", contrast_of, **{**FIRST, "group": "small"})
    with pytest.raises(InputError, match=r"no municipality 'Malvik'.*1663 Malvik"):
        Explorer("en", "", contrast_of, **{**FIRST, "municipality_code": "Malvik"})


def test_sums_of_groups_are_the_published_ones(study: Study) -> None:
    """Loans of p. 14; the region's from the press; the others the difference; a county none."""
    municipality, rows, totals = (
        getattr(study, n) for n in ("municipality", "municipality_year", "group_year")
    )

    def loans(group: str) -> list[Any]:
        codes = members(municipality, group, "signed_2010", "1663")
        return group_totals(rows, totals, codes, group)["loans"].loc[[2009, 2010]].tolist()

    assert loans("priority") == [738, 1009]
    assert loans("all") == [1047, 1487]
    assert loans("other") == [309, 478]
    parts = [loans("agreement"), loans("no_agreement")]
    assert [sum(pair) for pair in zip(*parts, strict=True)] == loans("priority")
    assert all(value is not value or str(value) == "<NA>" for value in loans("county"))


def test_growth_is_of_the_rows_of_the_document(study: Study) -> None:
    rows = growth_rows(
        *(getattr(study, name) for name in ("municipality", "municipality_year")),
        "loans", "signed_2010", study.design,
    )  # fmt: skip
    assert len(rows) == 17
    assert rows["loans_before"].sum() == 738  # the table's printed sum, p. 14
    assert rows["growth"].is_monotonic_increasing
    assert (rows["growth"] - rows["loans_after"] / rows["loans_before"]).abs().max() < 1e-12


def choices() -> Iterator[tuple[str, ...]]:
    """Every outcome, group and reading, for one with loans, one without, and one that merged."""
    outcomes, readings = ("loans", "amount", "average"), ("eight_2013", "intended_2011")
    groups = Study("en").design.parameters["group"].allowed
    yield from itertools.product(("1663", "1723"), outcomes, groups, ["signed_2010"])
    yield from itertools.product(["1612"], ["loans"], ("agreement", "no_agreement"), readings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_has_its_words(language: str) -> None:
    tables = Study(language)
    names = ("municipality", "municipality_year", "group_year")
    given = [getattr(tables, name) for name in names]
    for choice in choices():
        for make in (figures.municipality_against_group, figures.growth_of_rows):
            code, outcome, group, reading = choice
            exhibit = make(*given, code, outcome, group, reading, tables.design, tables.words)
            told = exhibit.caption + exhibit.alternative_text
            assert not {"nan", "<NA>", "{"} & set(told.replace("(", " ").split()), choice


@pytest.mark.parametrize("choice", [("1612", "amount", "county"), ("1723", "average", "other")])
def test_what_is_not_published_is_drawn_as_such(choice: tuple[str, ...]) -> None:
    code, outcome, group = choice
    chosen = {**FIRST, "municipality_code": code, "outcome": outcome, "group": group}
    shown = Explorer("nb", "", contrast_of, **chosen)
    assert "ikke publisert" in shown.exhibits[0].caption
    assert shown.exhibits[0].numbers.keys() == (
        set() if group == "county" else {"explore_average_group_2009", "explore_average_group_2010"}
    )


def test_the_notebook_is_no_run_of_the_report_and_writes_what_is_chosen(tmp_path: Path) -> None:
    assert all(one.name != "00_explore" for one in Study("nb").design.notebooks)
    notebook = nbformat.read(CHECKOUT / "notebooks" / "00_explore.ipynb", as_version=4)
    names: dict[str, Any] = {}
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        exec(cell.source, names)  # noqa: S102 - the committed notebook
        if "parameters" in cell.metadata.get("tags", []):
            assert {*FIRST, "language", "output"} == {n for n in names if not n.startswith("__")}
            names.update(output=str(tmp_path), outcome="amount")
    written = {path.name for path in tmp_path.rglob("*.csv")}
    figures = ("explore_against_group", "explore_growth", "group_contrast_amount")
    assert written == {f"{name}.csv" for name in figures}
    assert "explore_amount_group_2010" in (tmp_path / "numbers.json").read_text("utf-8")
