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
from bsup_analysis.report.render import Values, finding
from bsup_analysis.tables.sources import read_source

# pages, dates, tables, reports and equal growth: what a sentence may hold without a mark
REFERENCES = re.compile(
    r"\b(?:pp?|s)\. \d+(?: (?:and|og) \d+)?|\b\d{1,2}\.? [A-Za-z]+ 20\d\d\b|Fafo-rapport 2014:51"
    r"|(?:report|rapport) 35\b|\b20\d\d\b|\b(?:07459|06493)\b|1\.? [Jj]anuary?"
    r"|(?<![\d.,])1(?![\d.,]\d|\d)"
)
# what a reader who is no statistician is not asked to read, and what the house does not write
STATISTICIANS = r"jaccard|bootstrap|dispersi|dispersjon|poisson|posterior|\b\d-\d"
NOT_IN_THE_REPORT = {
    "en": rf"{STATISTICIANS}|\bletting\b|(?:holds|includes) one\b|\d[ \xa0]%|per cent\b",
    "nb": rf"{STATISTICIANS}|lesemåte|prøveordning|omfatter én|\d[ \xa0]%",
}
ANSWERS = {
    ("nb", -1): "I de publiserte summene økte startlånene mindre der",
    ("nb", 0): "De publiserte summene viser det ikke, og de viser heller ikke at",
    ("nb", 1): "I de publiserte summene økte startlånene mer der",
    ("en", -1): "In the published totals their start loans grew less than",
    ("en", 0): "The published totals do not show it, and they do not show that",
    ("en", 1): "In the published totals their start loans grew more than",
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
        spans = [span for spans in sentences(report) for span in spans if not span.web]
        references = [span for span in spans if span.target and not span.number]
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
                  "appendix_more", "long_tables"),
    }  # fmt: skip
    assert order == list(sections[report.name])
    assert isinstance(report.blocks[0], Heading)


def first_page(report: Report) -> tuple[list[Paragraph], str]:
    """Give the two answers, and all that stands before the first numbered section."""
    page = []
    for block in report.blocks[1:]:
        if isinstance(block, Heading):
            break
        page.append(block)
    answers = [block for block in page if isinstance(block, Paragraph) and block.lead]
    return answers, text({"": replace(report, blocks=tuple(page))})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", [-1, 0, 1])
def test_page_1_answers_both_questions_in_three_sentences_each(
    with_numbers: Callable[..., dict[str, Report]], language: str, verdict: int
) -> None:
    answers, _ = first_page(with_numbers(language, verdict_loans=verdict)["report"])
    assert len(answers) == 2
    for answer in answers:
        question, *rest = plain(answer.spans).split("? ", 1)
        assert answer.spans[0].style == "strong"
        assert answer.spans[0].text == f"{question}?"
        assert len(re.findall(r"\.(?= |$)", rest[0])) == 3
    right, improved = (plain(answer.spans) for answer in answers)
    assert ANSWERS[language, verdict] in improved
    shown = {span.number for answer in answers for span in answer.spans}
    assert {"population_share_priority_2009", "audit_contradicted"} <= shown
    assert {"change_number_priority_2009_2010", "change_number_other_2009_2010"} <= shown
    assert right != improved


@pytest.mark.parametrize(
    ("strength", "en", "nb"),
    [
        (0, "Very weak", "Svært svakt"),
        (1, "Weak", "Svakt"),
        (2, "Moderate", "Middels"),
        (3, "Strong", "Sterkt"),
    ],
)
def test_the_word_for_the_strength_of_the_evidence_follows_its_number(
    with_numbers: Callable[..., dict[str, Report]], strength: int, en: str, nb: str
) -> None:
    for language, word in (("en", en), ("nb", nb)):
        documents = with_numbers(language, evidence_strength=strength)
        _, page = first_page(documents["report"])
        assert f"? {word} (" in page
        (said,) = (line for line in text(documents).split("\n") if "Education Endowment" in line)
        verb = {"en": "the evidence is", "nb": "er grunnlaget"}[language]
        assert f"{verb} {word.lower()} (" in said


@pytest.mark.parametrize(
    ("low", "high", "en", "nb"),
    [
        (
            -0.33,
            0.16,
            "more than 16% faster, or more than 33% slower,",
            "mer enn 16 prosent sterkere",
        ),
        (
            0.05,
            0.4,
            "less than 5% faster, or more than 40% faster,",
            "mindre enn 5 prosent sterkere",
        ),
        (
            -0.4,
            -0.05,
            "less than 5% slower, or more than 40% slower,",
            "mindre enn 5 prosent svakere",
        ),
    ],
)
def test_what_is_ruled_out_follows_the_interval(
    with_numbers: Callable[..., dict[str, Report]], low: float, high: float, en: str, nb: str
) -> None:
    ends = {"growth_against_others_loans_low": low, "growth_against_others_loans_high": high}
    for language, said in (("en", en), ("nb", nb)):
        _, page = first_page(with_numbers(language, **ends)["report"])
        assert said in page.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_recommendations_name_their_addressee(documents: dict[str, Report], language: str) -> None:
    report = documents["report"]
    (listed,) = [b for b in report.blocks if isinstance(b, Listing) and b.ordered]
    assert len(listed.items) == 3
    assert all(item[0].style == "strong" and item[0].text.endswith(":") for item in listed.items)


def shows(shown: str, value: float, words: Words) -> bool:
    """Tell whether a number is written as one of the forms writes it, with or without its sign."""
    written = {words.signed(value)}
    for number in (value, abs(value)):
        written |= {words.count(number), words.spelled(number), words.rounded(number)}
        written |= {words.decimal(number, n) for n in range(4)}
        written |= {words.million(number, n) for n in range(2)}
        for n in range(2):
            written |= {
                words.percent(number, n),
                words.per_cent(number, n),
                words.change(number, n),
            }
    return shown in written


def test_a_link_leads_to_the_number_that_it_shows(documents: dict[str, Report]) -> None:
    """85 municipalities do not lead to 27, and a change does not lead to the growth factor."""
    for report in documents.values():
        cells = [c for b in report.blocks if isinstance(b, Table) for row in b.rows for c in row]
        for spans in (*sentences(report), *cells):
            for span in spans:
                if span.number:
                    value = report.published.numbers[span.number].value
                    assert shows(span.text, value, report.words), (span.text, span.number)


def test_what_is_computed_from_a_number_leads_nowhere() -> None:
    assert not shows("85", 27, Words("en"))
    assert not shows("36.7%", 1.367, Words("en"))
    assert not hasattr(Values([("a", 2.0)])["a"] - 1, "id")


def test_the_report_has_no_word_for_statisticians_alone(documents: dict[str, Report]) -> None:
    report = documents["report"]
    said = "\n".join(s.text for spans in sentences(report) for s in spans if not s.web)
    found = re.findall(NOT_IN_THE_REPORT[report.words.language], said, flags=re.IGNORECASE)
    assert not found


def test_no_sentence_begins_with_a_numeral(report: Report) -> None:
    for spans in sentences(report):
        said = REFERENCES.sub("", plain(spans))
        assert not re.search(r"(?:^|(?<=[a-z)%][.?!] ))\d", said), said


def test_no_norwegian_sentence_is_english(documents: dict[str, Report]) -> None:
    if documents["report"].words.language == "nb":
        assert not re.search(r"\b(?:the|of the|and the|with|was|which)\b", text(documents))


def test_both_languages_say_the_same(published_root: Path) -> None:
    """The same blocks, exhibits, references and numbers, in the same order."""
    made = [compose(read_edition(published_root / "reports", one)) for one in LANGUAGES]
    for name in made[0]:
        nb, en = (documents[name] for documents in made)
        assert [type(block) for block in nb.blocks] == [type(block) for block in en.blocks]
        for one, other in zip(sentences(nb), sentences(en), strict=True):
            told = [
                sorted((s.number or s.target) for s in spans if s.target and not s.web)
                for spans in (one, other)
            ]
            assert told[0] == told[1], (plain(one), plain(other))


@pytest.mark.parametrize(
    ("changed", "said", "not_said"),
    [
        ({"change_number_other_2009_2010": -0.1}, "fell by 10.0%", "by 54.7% in the 68 others"),
        (
            {"change_number_other_2009_2010": 0.0001},
            "stood still in the 68 others",
            "by 54.7% in the",
        ),
        ({"audit_table_checks_exact": 39}, "is not wholly consistent: 39 of its 40", "is sound"),
        ({"population_share_priority_2009": 0.7}, "and not 64%", "as the printed 64% says"),
        ({"priority_among_largest_17": 9}, "Size did not decide alone", "Size all but decided"),
        ({"population_growth_priority_2005_2009": -0.1}, "growing more slowly", "growing faster"),
        ({"tau_log_growth_17_ci_low": 0.0}, "moved much as one", "did not move as one"),
        ({"tipping_dispersion_loans": 0.1}, "far less than chance", "No such assumption changes"),
        ({"tipping_dispersion_loans": 1.7}, "vary less than 1.70 times", "No such assumption"),
        ({"rate_ratio_leave_out_1601": 1.2}, "can turn the direction", "No single municipality"),
        ({"agreement_readings_apart": 1}, "Of the three readings one gives", "Under every reading"),
        (
            {"agreement_rate_ratio_signed_2010_ci_low": 1.1},
            "does not include 1, but the",
            "The interval includes 1.",
        ),
        (
            {"agreement_amount_readings_apart": 0},
            "In NOK the interval includes 1 under",
            "In NOK one of",
        ),
        (
            {"size_overlap_priority_2009": 2},
            "two of the 17 priority municipalities lie",
            "one of the 17 priority",
        ),
        (
            {"municipalities_agreement_signed_2010": 1},
            "One municipality is named",
            "seven municipalities",
        ),
        ({"verdict_amount": 1}, "lending in NOK grew more", "That interval includes 1 as well"),
        (
            {"loans_per_1000_other_2010": 3.0},
            "they gave no more at the end",
            "they still gave more",
        ),
        (
            {"growth_priority_to_country": 1.4},
            "the priority municipalities' growth that was",
            "the others' growth that was",
        ),
        (
            {"rate_ratio_amount_county_17_low": 0.7},
            "The counties may be alike",
            "The counties differ",
        ),
        (
            {"unemployment_ratio_2009_2010_ci_high": 0.99},
            "the two groups differ",
            "no difference between the two",
        ),
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
    assert (f"70,5{space}prosent" if language == "nb" else "70.5%") in shown


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
        (5, 2, ["comes down to five points", "On three of them", "On two the pages"], []),
        (1, 0, ["comes down to one point,", "On one of them"], ["the pages say"]),
        (2, 2, ["comes down to two points", "On two the pages"], ["of them the table"]),
    ],
)
def test_contradicted_claims_are_told_by_what_they_are_about(
    own_root: Path, issues: int, between: int, said: list[str], unsaid: list[str]
) -> None:
    reports = own_root / "reports"
    numbers = json.loads((reports / "numbers.json").read_text(encoding="utf-8"))
    counts = {"": issues, "_between_pages": between, "_settled": issues - between}
    for name, value in ((f"issues{end}", count) for end, count in counts.items()):
        numbers[f"audit_{name}"] = {"value": value, "unit": "issues", "exhibit": "audit_summary"}
    (reports / "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
    manifest = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
    seal(reports, manifest["pages"], manifest["exhibits"])
    shown = text(compose(read_edition(own_root / "reports", "en")))
    assert all(part in shown for part in said)
    assert not any(part in shown for part in unsaid)


@pytest.mark.parametrize(
    ("other", "said"), [(0.5, "by 50.0"), (-0.5, "fell by 50.0"), (0.0001, "stood still")]
)
def test_a_verb_is_said_once_where_both_groups_moved_alike(
    with_numbers: Callable[..., dict[str, Report]], other: float, said: str
) -> None:
    shown = text(with_numbers("en", change_number_other_2009_2010=other))
    assert re.search(rf"rose by 36\.7% in the 17 priority municipalities and {said}", shown)


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
    for share in (0.88, 0.93):
        assert words.per_cent(share, 0) in sentence  # coverage
    assert words.per_cent(0.021) in sentence
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
            "økte med 11,0 prosent i de 17 satsingskommunene og med 22,0 prosent i de 68 øvrige",
            "antall startlån med 11,0 prosent i satsingskommunene og med 22,0 prosent i de øvrige",
        ),
        (
            "en",
            "rose by 11.0% in the 17 priority municipalities and by 22.0% in the 68 others",
            "rose by 11.0% in the priority municipalities and by 22.0% in the others",
        ),
    ],
)
def test_each_group_has_its_own_growth(
    with_numbers: Callable[..., dict[str, Report]], language: str, answer: str, readme: str
) -> None:
    """Planted: 11 % in the one group and 22 % in the other, in the report and in README."""
    changes = {"priority": 0.11, "other": 0.22}
    planted = {f"change_number_{group}_2009_2010": value for group, value in changes.items()}
    documents = with_numbers(language, **planted)
    published = documents["report"].published
    numbers = {name: {"value": one.value} for name, one in published.numbers.items()}
    for said, whole in ((answer, text(documents)), (readme, finding(numbers, Words(language)))):
        assert said in whole.replace("\N{NO-BREAK SPACE}", " ")
