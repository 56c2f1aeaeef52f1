"""The municipal level in the report: told where it was published, and only there.

The numbers are those of notebooks 09, 10 and 14 on a SYNTHETIC panel, published here as if they
were a user's: through the pipeline they could not be.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from displayed import shown_in
from published_report import LANGUAGES, seal

from bsup_analysis.language import Words
from bsup_analysis.published.reader import read_edition
from bsup_analysis.report.content import Report, compose
from bsup_analysis.report.markdown import ExhibitBlock, Heading, Listing, Paragraph, plain

EXHIBITS = {
    "09_municipal_effects": (
        "municipal_change", "municipal_data_used", "municipal_estimands",
        "municipal_event_study", "municipal_honest_bounds", "municipal_left_out",
        "municipal_verdict",
    ),
    "10_municipal_robustness": ("municipal_leave_one_out", "municipal_robustness"),
    "14_municipal_start_loans": ("data_gate", "municipal_agreements", "municipal_synthetic"),
    "11_municipal_phasing": ("loan_rate_ranking_municipal",),
}  # fmt: skip


@cache
def synthetic_numbers() -> dict[str, dict[str, object]]:
    return {
        name: {"value": number.value, "unit": number.unit, "exhibit": "x"}
        for notebook in EXHIBITS
        if "phasing" not in notebook
        for exhibit in shown_in(notebook, {"language": "en", "outcome": "start_loans"})
        for name, number in exhibit.numbers.items()
    }


Documents = dict[str, Report]
Composed = Callable[..., Documents]


@pytest.fixture
def with_table(own_root: Path) -> Composed:
    """Compose the report as if notebooks 09, 10 and 11 had published a municipal level."""

    def composed(
        language: str = "en", counted: str = "loans", **changed: float | None
    ) -> Documents:
        reports = own_root / "reports"
        manifest = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
        numbers = json.loads((reports / "numbers.json").read_text(encoding="utf-8"))
        numbers |= synthetic_numbers()
        for name, value in changed.items():
            numbers.pop(name, None)
            if value is not None:
                numbers[name] = {"value": value, "unit": "1", "exhibit": "x"}
        for notebook, names in EXHIBITS.items():
            for name in names:
                rows = f"what,value\ncounted,{counted}\n"
                (reports / "tables" / f"{name}.csv").write_text(rows, encoding="utf-8")
                for page in manifest["pages"].values():
                    words = next(one for one in page["exhibits"].values() if one["kind"] == "table")
                    page["exhibits"][name] = {**words, "title": name}
                    page["contents"]["exhibits"].append({"id": name, "title": name})
                origin = next(iter(manifest["exhibits"].values()))
                manifest["exhibits"][name] = {
                    **origin,
                    "kind": "table",
                    "notebook": f"notebooks/{notebook}.ipynb",
                    "parameters": {"panel": ""},
                    "inputs": {"data/municipal/start_loans.csv": "0" * 64},
                }
        (reports / "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
        seal(reports, manifest["pages"], manifest["exhibits"])
        return compose(read_edition(own_root / "reports", language))

    return composed


def text(documents: Documents) -> str:
    said = []
    for block in (block for report in documents.values() for block in report.blocks):
        if isinstance(block, Paragraph):
            said.append(plain(block.spans))
        elif isinstance(block, Listing):
            said += [plain(item) for item in block.items]
    return "\n".join(said)


def section(documents: Documents) -> list[object]:
    """Give the blocks of the municipal section."""
    report = documents["annex"]
    place = next(
        i for i, b in enumerate(report.blocks) if isinstance(b, Heading) and b.id == "municipal"
    )
    rest = report.blocks[place + 1 :]
    end = next(i for i, block in enumerate(rest) if isinstance(block, Heading))
    return list(rest[:end])


def lead(documents: Documents) -> list[str]:
    """Give the paragraphs of the answer at the top."""
    report = documents["report"]
    start = next(
        i for i, b in enumerate(report.blocks) if isinstance(b, Heading) and b.id == "answer"
    )
    rest = report.blocks[start + 1 :]
    end = next(i for i, block in enumerate(rest) if isinstance(block, Heading))
    return [plain(b.spans) for b in rest[:end] if isinstance(b, Paragraph)]


def test_without_it_the_section_says_what_it_would_give(documents: Documents) -> None:
    blocks = section(documents)
    assert len(blocks) == 1
    assert "06493" in text(documents)
    number = documents["annex"].sections["municipal"]
    assert not any(number in one for one in lead(documents))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_exhibit_of_it_stands_in_its_section_once(
    with_table: Composed, language: str
) -> None:
    documents = with_table(language)
    placed = [block.id for block in section(documents) if isinstance(block, ExhibitBlock)]
    assert sorted(placed) == sorted(
        name for notebook, names in EXHIBITS.items() if "phasing" not in notebook for name in names
    )
    everywhere = [
        block.id
        for report in documents.values()
        for block in report.blocks
        if isinstance(block, ExhibitBlock)
    ]
    assert all(everywhere.count(name) == 1 for name in placed)
    assert everywhere.count("loan_rate_ranking_municipal") == 1
    # what the table is, before any estimate; the verdict after all of them
    assert placed[:3] == ["municipal_data_used", "data_gate", "municipal_estimands"]
    assert placed[-1] == "municipal_verdict"
    assert not re.search(r"[{}]", text(documents))


@pytest.mark.parametrize(
    ("verdict", "nb", "en"),
    [
        (0, "Heller ikke med tall for alle kommunene er det vist", "is not shown either"),
        (1, "gjorde satsingskommunene det bedre", "the priority municipalities improved"),
        (-1, "gjorde satsingskommunene det dårligere", "the priority municipalities did worse"),
        (None, "kan ikke besvares", "cannot be answered"),
    ],
)
def test_the_answer_at_the_top_follows_the_verdict(
    with_table: Composed, verdict: int | None, nb: str, en: str
) -> None:
    for language, said in (("nb", nb), ("en", en)):
        _, published, municipal, *_ = lead(with_table(language, municipal_verdict=verdict))
        assert said in municipal
        # the published level stands first
        assert {"nb": "publiserte summene", "en": "published totals"}[language] in published


def test_numbers_in_the_section_are_the_published_ones(with_table: Composed) -> None:
    numbers = synthetic_numbers()
    said = " ".join(plain(b.spans) for r in [with_table()] for b in section(r)
                    if isinstance(b, Paragraph))  # fmt: skip
    for name in ("municipal_e1_ratio", "municipal_e1_low", "municipal_e1_high",
                 "municipal_e2_ratio", "municipal_pretrend_p_value",
                 "municipal_leave_one_out_smallest"):  # fmt: skip
        assert f"{float(str(numbers[name]['value'])):.2f}" in said, name
    assert "departs from" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"gate_deviates": 0, "gate_agrees": 5}, "it reproduces all that can be compared"),
        ({"gate_deviates": 0, "gate_agrees": 0, "gate_incomplete": 3}, "No published total could"),
        ({"municipal_e1_high": None}, "and upwards"),
        ({"municipal_robustness_rows": 0}, "Leaving out one priority municipality"),
        ({"municipal_e1_low": None}, "interval up to"),
        ({"municipal_e1_low": None, "municipal_e1_high": None}, "without ends"),
        ({"municipal_e1_ratio": None}, "cannot be answered from this table"),
        ({"municipal_pretrend_p_value": None}, "cannot be tested"),
        ({"municipal_pretrend_power": None}, "has a p-value of"),
        ({"municipal_breakdown_relative": 0.0}, "nothing is left that excludes 1"),
        ({"municipal_breakdown_relative": 1.3}, "departures of up to 1.30 times"),
        ({"municipal_breakdown_relative": None}, "cannot be told from this table"),
    ],
)
def test_words_follow_what_is_known(
    with_table: Composed, changed: dict[str, float | None], said: str
) -> None:
    assert said in text(with_table(**changed))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_counted_is_said_at_the_top(with_table: Composed, language: str) -> None:
    for counted in ("loans", "approved_dwellings"):
        name = Words(language)(f"data_level.outcome.{counted}")
        assert name in lead(with_table(language, counted))[2]


def test_limits_of_the_published_totals_alone_are_not_claimed(
    with_table: Composed, published_root: Path
) -> None:
    alone = "It has not been run on loans"
    assert alone in text(compose(read_edition(published_root / "reports", "en")))
    said = text(with_table())
    assert alone not in said
    assert "Neither level shows cause" in said
    assert "How strong is the evidence of the published totals?" in said
