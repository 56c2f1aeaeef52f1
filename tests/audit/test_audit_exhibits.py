"""The audit as shown: the same in both languages, complete, in the reader's own words."""

import json

import pandas as pd
import pytest

from bsup_analysis.chapters.audit import document_audit as exhibits
from bsup_analysis.language import Words
from bsup_analysis.study import read_table

LANGUAGES = ("nb", "en")
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def readings() -> pd.DataFrame:
    return read_table("readings")


def test_numbers_are_the_counts_of_the_audit(audit: pd.DataFrame, arithmetic: pd.DataFrame) -> None:
    for language in LANGUAGES:
        words = Words(language)
        numbers = exhibits.audit_summary(audit, words).numbers
        values = {name: number.value for name, number in numbers.items()}
        assert values.pop("audit_statements_total") == len(audit)
        # twelve lines of the contents list (document p. 3)
        assert values.pop("audit_undefined_contents") == 12
        # readings A1, A13 and A14 have a source that decides; A7 and A10 have pages that differ
        assert values.pop("audit_issues") == 5
        assert values.pop("audit_issues_between_pages") == 2
        assert values.pop("audit_issues_settled") == 3
        holds, unchecked = values.pop("audit_holds"), values.pop("audit_unchecked")
        assert holds == values["audit_reproduced"] + values["audit_within_rounding"]
        assert unchecked == values["audit_undefined"] + values["audit_unrecoverable"]
        claims = audit[~audit["kind"].isin(["derived", "artefact"])]
        assert values.pop("audit_claims") == len(claims) == sum(values.values())
        assert values == {
            f"audit_{status}": count for status, count in claims["status"].value_counts().items()
        }
        checks = exhibits.audit_arithmetic(arithmetic, words).numbers
        # 17 rows of loans and of NOK, and six printed sums (document p. 14)
        assert checks["audit_table_checks_total"].value == 2 * 17 + 6
        assert checks["audit_table_checks_exact"].value == 2 * 17 + 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_name_every_row_once_and_leave_no_cell_empty(
    audit: pd.DataFrame, arithmetic: pd.DataFrame, readings: pd.DataFrame, language: str
) -> None:
    words = Words(language)
    for exhibit, rows in (
        (exhibits.audit_statements(audit, words), len(audit)),
        (exhibits.audit_issues(audit, readings, words), audit["issue"].nunique()),
        (exhibits.audit_readings(readings, words), len(readings)),
        (exhibits.audit_arithmetic(arithmetic, words), 4),
    ):
        shown = exhibit.shown
        assert shown is not None
        assert len(shown) == rows
        assert shown.iloc[:, 0].is_unique
        assert shown.columns.is_unique
        assert shown.map(lambda cell: isinstance(cell, str) and cell.strip() != "").all(axis=None)
        assert not shown.map(lambda cell: "{" in cell or "nan" in cell.split()).any(axis=None)


def test_languages_share_the_data_and_differ_in_every_sentence(
    audit: pd.DataFrame, readings: pd.DataFrame
) -> None:
    nb, en = (exhibits.audit_statements(audit, Words(language)) for language in LANGUAGES)
    assert nb.data.equals(en.data)
    assert not (nb.shown.iloc[:, 2] == en.shown.iloc[:, 2]).any()
    nb, en = (exhibits.audit_readings(readings, Words(language)) for language in LANGUAGES)
    assert not (nb.shown.iloc[:, -1] == en.shown.iloc[:, -1]).any()


def test_readings_hold_the_same_digits_in_both_languages(readings: pd.DataFrame) -> None:
    for row in readings.itertuples():
        for part in ("topic", "side_a", "side_b", "side_c", "reason"):
            one, other = getattr(row, part), getattr(row, f"{part}_nb")
            assert pd.isna(one) == pd.isna(other), (row.reading_id, part)
            if not pd.isna(one):
                found = [[sign for sign in text if sign.isdigit()] for text in (one, other)]
                assert sorted(found[0]) == sorted(found[1]), (row.reading_id, part)


@pytest.mark.parametrize(
    ("text", "unit", "nb", "en"),
    [
        ("", "NOK", "–", "–"),
        ("680110", "persons", "680 110", "680,110"),
        ("475167/476122", "NOK per loan", "475 167–476 122", "475,167–476,122"),
        ("7;8;9", "municipalities", "7, 8 eller 9", "7, 8 or 9"),
        ("63.90798662", "percent", "63,9 %", "63.9%"),
        ("20", "percent", "20 %", "20%"),
        ("2009/2012;2010/2012", "years", "2009–2012 eller 2010–2012", "2009–2012 or 2010–2012"),
        ("3", "years", "3", "3"),
        ("2010-08", "month", "august 2010", "August 2010"),
        ("2010-01-19", "date", "19. januar 2010", "19 January 2010"),
        ("up;down", "direction", "opp eller ned", "up or down"),
        ("0.0/1.0", "", "0,0–1,0", "0.0–1.0"),
    ],
)
def test_values_read_as_the_language_writes_them(text: str, unit: str, nb: str, en: str) -> None:
    shown = [exhibits.value(text, unit, Words(language)) for language in LANGUAGES]
    assert [cell.replace(NBSP, " ") for cell in shown] == [nb, en]


@pytest.mark.parametrize(
    ("text", "en"),
    [
        ("46 778 000 and 36 797 400 NOK", "46,778,000 and 36,797,400 NOK"),
        ("on 1 January 2009, 12 550 a year later", "on 1 January 2009, 12,550 a year later"),
        ("46 times 792 000 is 36 432 000.", "46 times 792,000 is 36,432,000."),
        ("pages 11 and 14 of 2009", "pages 11 and 14 of 2009"),
    ],
)
def test_thousands_in_sentences_follow_the_language(text: str, en: str) -> None:
    assert exhibits.grouped(text, Words("en")) == en
    assert exhibits.grouped(text, Words("nb")).replace(NBSP, " ") == text


def test_the_picture_is_the_same_each_time(audit: pd.DataFrame) -> None:
    for language in LANGUAGES:
        words = Words(language)
        first, second = (exhibits.audit_summary(audit, words).svg() for _ in range(2))
        assert first == second


def test_rows_that_are_no_claims_enter_no_count_but_their_own(audit: pd.DataFrame) -> None:
    """S083 is counted by us, S110 postcode and telephone, S005 a line of the contents list."""
    kept = audit[audit["statement_id"].isin(["S005", "S042", "S083", "S110"])]
    spoiled = kept.assign(
        status=kept["status"].where(kept["statement_id"] != "S083", "contradicted")
    )
    for rows in (kept, spoiled):
        numbers = exhibits.audit_summary(rows, Words("en")).numbers
        counted = {name: number.value for name, number in numbers.items() if number.value}
        assert counted == {
            "audit_statements_total": 4,
            "audit_claims": 2,
            "audit_contradicted": 1,
            "audit_undefined": 1,
            "audit_undefined_contents": 1,
            "audit_unchecked": 1,
            "audit_issues": 1,
            "audit_issues_settled": 1,
        }


def test_claims_that_are_one_disagreement_are_one_row(
    audit: pd.DataFrame, readings: pd.DataFrame
) -> None:
    """Contradictions A1, A7, A10, A13 and A14, worked out by hand beside the source material."""
    found = exhibits.audit_issues(audit, readings, Words("en")).data.set_index("issue")
    assert found["statement_id"].to_dict() == {
        "A10": "S001;S003;S019;S053;S099;S101",
        "A7": "S018;S056;S103",
        "A14": "S025",
        "A13": "S028",
        "A1": "S042",
    }
    assert set(found.index[found["decided"] == "no"]) == {"A7", "A10"}
    # one that has no reading stands by itself, with what is printed and what comes out
    alone = audit.assign(issue=audit["issue"].where(audit["issue"] != "A1", "S042"))
    shown = exhibits.audit_issues(alone, readings, Words("en")).shown
    assert shown.iloc[-1, :5].to_list()[::3] == ["S042", "A: 36; B: 53"]
    nobody = exhibits.audit_issues(audit.assign(issue=None), readings, Words("nb"))
    assert (len(nobody.shown), len(nobody.data)) == (0, 0)


def test_a_status_nobody_has_is_counted_as_none(audit: pd.DataFrame) -> None:
    kept = audit[audit["status"] != "undefined"]
    exhibit = exhibits.audit_summary(kept, Words("en"))
    assert exhibit.numbers["audit_undefined"].value == 0
    assert b"<svg" in exhibit.svg()


def test_every_reason_and_input_has_words_that_take_its_values(audit: pd.DataFrame) -> None:
    for language in LANGUAGES:
        words = Words(language)
        for _, row in audit.iterrows():
            told = exhibits.note(row, words)
            for name, value in json.loads(row["reason_values"]).items():
                if name.endswith("_names"):
                    assert all(item in told for item in value)
            assert exhibits.inputs(row, words)
