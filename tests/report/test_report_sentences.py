"""Sentences: every number is marked, and the words follow the numbers."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from published_report import seal

from bsup_analysis.errors import InputError
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.published.reader import PublishedNumber, read_edition
from bsup_analysis.report.content import Report, compose
from bsup_analysis.report.markdown import (
    ExhibitBlock,
    Heading,
    Listing,
    Paragraph,
    Spans,
    Table,
    plain,
)
from bsup_analysis.report.render import finding
from bsup_analysis.tables.sources import read_source

# pages, years and table numbers: what a sentence may hold without a mark
REFERENCES = re.compile(
    r"\b(?:pp?|s)\. \d+(?: (?:and|og) \d+)?|\b20\d\d\b|\b(?:07459|06493)\b|1\.? [Jj]anuary?"
)

ANSWERS = {
    ("nb", -1): "I de publiserte summene vokste antall startlån mindre i satsingskommunene",
    ("nb", 0): "De publiserte summene viser ikke at satsingskommunene gjorde det bedre",
    ("nb", 1): "I de publiserte summene vokste antall startlån mer i satsingskommunene",
    ("en", -1): "In the published totals the number of start loans grew less in the priority",
    ("en", 0): "The published totals do not show that the priority municipalities improved",
    ("en", 1): "In the published totals the number of start loans grew more in the priority",
}


def sentences(report: Report) -> list[Spans]:
    found: list[Spans] = []
    for block in report.blocks:
        if isinstance(block, Paragraph):
            found.append(block.spans)
        elif isinstance(block, Listing):
            found.extend(block.items)
    return found


def text(documents: dict[str, Report]) -> str:
    return "\n".join(plain(said) for one in documents.values() for said in sentences(one))


def test_every_number_in_a_sentence_is_marked(report: Report) -> None:
    """No digit stands in a sentence but in a marked number, a reference, a page or a year."""
    for spans in sentences(report):
        bare = "".join(s.text for s in spans if not s.target and s.style != "code")
        assert not re.search(r"\d", REFERENCES.sub("", bare)), bare


def test_every_mark_names_its_number_and_exhibit(documents: dict[str, Report]) -> None:
    labels = {name for one in documents.values() for name in one.labels}
    for report in documents.values():
        cells = [c for b in report.blocks if isinstance(b, Table) for row in b.rows for c in row]
        marks = [span for spans in (*sentences(report), *cells) for span in spans if span.number]
        assert len(marks) > 50
        for mark in marks:
            assert report.published.numbers[mark.number].exhibit == mark.target
            assert mark.target in labels


def test_every_reference_leads_somewhere(documents: dict[str, Report]) -> None:
    """In the other document too, which the words then name."""
    for name, report in documents.items():
        (other,) = report.others
        references = [s for spans in sentences(report) for s in spans if s.target and not s.number]
        assert len(references) > 15
        elsewhere = 0
        for span in references:
            label = report.labels.get(span.target)
            if label is None:
                elsewhere += 1
                label = report.text(f"of_{other}", label=documents[other].labels[span.target])
            assert label.lower() == span.text.lower()
            assert report.elsewhere(span.target) == ("" if span.target in report.labels else other)
        assert elsewhere > 0, name


def test_every_exhibit_stands_in_one_document(documents: dict[str, Report]) -> None:
    blocks = [block for one in documents.values() for block in one.blocks]
    placed = [block.id for block in blocks if isinstance(block, ExhibitBlock)]
    assert sorted(placed) == sorted(documents["report"].published.exhibits)


def test_exhibits_stand_in_the_order_of_their_numbers(report: Report) -> None:
    prefix = {"report": "", "annex": "A"}[report.name]
    for kind in ("figure", "table"):
        word = report.text(kind)
        labels = [
            report.labels[b.id] for b in report.blocks if getattr(b, "id", "") in report.labels
        ]
        numbered = [label for label in labels if label.startswith(word)]
        assert numbered == [
            f"{word}\N{NO-BREAK SPACE}{prefix}{i + 1}" for i in range(len(numbered))
        ]


def test_order_of_the_sections(report: Report) -> None:
    order = [b.id for b in report.blocks if isinstance(b, Heading) and b.level == 1]
    sections = {
        "report": ("answer", "programme", "document", "improvement", "explanations", "others",
                   "release", "sources"),
        "annex": ("audit", "selection", "comparison", "certainty", "methods", "origins", "remake",
                  "appendix_more"),
    }  # fmt: skip
    assert order == list(sections[report.name])
    assert isinstance(report.blocks[0], Heading)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", [-1, 0, 1])
def test_the_answer_is_three_sentences_and_follows_the_verdict(
    with_numbers: Callable[..., dict[str, Report]], language: str, verdict: int
) -> None:
    report = with_numbers(language, verdict_loans=verdict)["report"]
    answer = next(b for b in report.blocks if isinstance(b, Paragraph))
    words = plain(answer.spans)
    assert words.startswith(ANSWERS[language, verdict])
    assert len(re.findall(r"\.(?= |$)", words)) == 3
    assert {"rate_ratio_loans_2009_2010_ci_low_phi17_t", "confidence_level"} <= {
        span.number for span in answer.spans
    }


@pytest.mark.parametrize(
    ("changed", "said", "not_said"),
    [
        ({"growth_number_other_2009_2010": 0.9}, "fell by 10.0%", "54.7"),
        ({"growth_number_other_2009_2010": 1.0001}, "stood still in the others", "54.7"),
        ({"audit_table_checks_exact": 39}, "is not wholly consistent: 39 of its 40", "is sound"),
        ({"priority_among_largest_17": 9}, "Size did not decide alone", "Size all but decided"),
        ({"population_growth_priority_2005_2009": -0.1}, "growing more slowly", "growing faster"),
        ({"tau_log_growth_17_ci_low": 0.0}, "moved much as one", "did not move as one"),
        ({"tipping_dispersion_loans": 0.1}, "far less than chance", "No such assumption changes"),
        ({"tipping_dispersion_loans": 1.7}, "vary less than 1.70 times", "No such assumption"),
        ({"rate_ratio_leave_out_1601": 1.2}, "can turn the direction", "No single municipality"),
        ({"agreement_rate_ratio_signed_2010_ci_low": 1.1}, "in 1 of the 3 readings", "No reading"),
        (
            {"agreement_amount_rate_ratio_signed_2010_ci_low": 0.9},
            "Counted in NOK no reading gives",
            "Counted in NOK the interval is clear of one in 1 of 3 readings",
        ),
        ({"size_overlap_priority_2009": 2}, "there are 2 priority municipalities", "there is 1"),
        ({"municipalities_agreement_signed_2010": 1}, "1 municipality is named", "are named with"),
        ({"verdict_amount": 1}, "lending in NOK grew more", "Here too the interval holds one"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_words_follow_the_numbers(
    with_numbers: Callable[..., dict[str, Report]],
    changed: dict[str, float],
    said: str,
    not_said: str,
) -> None:
    before = text(with_numbers("en"))
    assert not_said in before
    assert said not in before
    after = text(with_numbers("en", **changed))
    assert said in after
    assert not_said not in after


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_written_as_the_language_writes_them(
    with_numbers: Callable[..., dict[str, Report]], language: str
) -> None:
    shown = text(with_numbers(language, loans_region_2009=1047, loan_share_priority_2009=0.7049))
    space = "\N{NO-BREAK SPACE}"
    assert (f"1{space}047" if language == "nb" else "1,047") in shown
    assert (f"70,5{space}%" if language == "nb" else "70.5%") in shown


def test_a_reference_inside_a_norwegian_sentence_has_a_small_letter(
    with_numbers: Callable[..., dict[str, Report]],
) -> None:
    shown = text(with_numbers("nb"))
    assert re.search(r"\(figur\N{NO-BREAK SPACE}\d", shown)
    assert re.search(r"\. Figur\N{NO-BREAK SPACE}\d", shown)
    assert not re.search(r"\((Figur|Tabell)", shown)


def test_a_missing_number_is_named(with_numbers: Callable[..., dict[str, Report]]) -> None:
    said = r"report\.en\.md\.j2, line \d+: the number audit_reproduced is not .*run `bsup report`"
    with pytest.raises(InputError, match=said):
        with_numbers("en", audit_reproduced=None)


@pytest.mark.parametrize(
    ("issues", "between", "said", "unsaid"),
    [
        (5, 2, ["are about 5 points", "On 3 of them", "On 2 the pages"], []),
        (1, 0, ["are about 1 point (", "On 1 of them"], ["the pages of the document say"]),
        (2, 2, ["are about 2 points", "On 2 the pages"], ["of them the table"]),
    ],
)
def test_contradicted_claims_are_told_by_what_they_are_about(
    own_root: Path, issues: int, between: int, said: list[str], unsaid: list[str]
) -> None:
    reports = own_root / "reports"
    numbers = json.loads((reports / "numbers.json").read_text(encoding="utf-8"))
    for name, value in (("issues", issues), ("issues_between_pages", between)):
        numbers[f"audit_{name}"] = {"value": value, "unit": "issues", "exhibit": "audit_summary"}
    (reports / "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
    manifest = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
    seal(reports, manifest["pages"], manifest["exhibits"])
    shown = text(compose(read_edition(own_root / "reports", "en")))
    assert all(part in shown for part in said)
    assert not any(part in shown for part in unsaid)


@pytest.mark.parametrize(
    ("other", "said"), [(1.5, "by 50.0"), (0.5, "fell by 50.0"), (1.0001, "stood still")]
)
def test_a_verb_is_said_once_where_both_groups_moved_alike(
    with_numbers: Callable[..., dict[str, Report]], other: float, said: str
) -> None:
    shown = text(with_numbers("en", growth_number_other_2009_2010=other))
    assert re.search(rf"rose by 36\.7% in the priority municipalities and {said}", shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_smallest_effect_is_told_at_both_levels(published_root: Path, language: str) -> None:
    """The rule's least and greatest ratio, errors left out, beside those of the main ratio."""
    published = read_edition(published_root / "reports", language)
    made = {
        "power_detectable_a": 1.3,
        "power_detectable_b": 1.72,
        "power_detectable_b_mc_error": 9,
        "power_rule_detectable_a": 1.91,
        "power_rule_detectable_c": 2.63,
        "power_rule_detectable_c_mc_error": 9,
        "power_rule_false_improved": 0.021,
        "power_rule_coverage_a": 0.93,
        "power_rule_coverage_b": 0.88,
    }
    numbers = {n: PublishedNumber(v, "ratio", "power_curves") for n, v in made.items()}
    names = ("power_curves", "power_rule", "power_rule_null", "power_rule_coverage")
    one = published.exhibits["dispersion_loans"]
    documents = compose(
        replace(
            published,
            numbers={**published.numbers, **numbers},
            exhibits={**published.exhibits, **{name: replace(one, id=name) for name in names}},
        )
    )
    said = text(documents).split("\n")
    sentence = next(s for s in said if "SYNTHETIC" in s or "SYNTETISKE" in s)
    start = sentence.index("80")
    words = Words(language)
    shown = re.findall(r"\d[.,]\d\d", sentence[start:])
    assert shown == [words.decimal(value) for value in (1.91, 2.63, 1.3, 1.72)]
    for share in (0.91, 0.88, 0.93):
        assert words.percent(share, 0) in sentence  # lift asked for at the best, and coverage
    assert words.percent(0.021) in sentence
    for name in names:
        assert documents["annex"].labels[name].lower() in sentence.lower()


def test_the_report_says_of_how_many_articles_the_totals_are(
    documents: dict[str, Report],
) -> None:
    """The words say one; a second source is to be named there too."""
    (address,) = read_source("press_totals")["source_url"].unique()
    assert address.split("/")[2] in text({"report": documents["report"]})


@pytest.mark.parametrize(
    ("language", "answer", "readme"),
    [
        (
            "nb",
            "økte med 11,0 % i satsingskommunene og med 22,0 % i de øvrige",
            "med +11,0 % i satsingskommunene og med +22,0 % i de øvrige",
        ),
        (
            "en",
            "rose by 11.0% in the priority municipalities and by 22.0% in the others",
            "by +11.0% in the priority municipalities and by +22.0% in the others",
        ),
    ],
)
def test_each_group_has_its_own_growth(
    with_numbers: Callable[..., dict[str, Report]], language: str, answer: str, readme: str
) -> None:
    """Planted: 11 % in the one group and 22 % in the other, in the report and in README."""
    growth = {"priority": 1.11, "other": 1.22}
    planted = {f"growth_number_{group}_2009_2010": value for group, value in growth.items()}
    documents = with_numbers(language, **planted)
    published = documents["report"].published
    numbers = {name: {"value": one.value} for name, one in published.numbers.items()}
    for said, whole in ((answer, text(documents)), (readme, finding(numbers, Words(language)))):
        assert said in whole.replace("\N{NO-BREAK SPACE}", " ")
