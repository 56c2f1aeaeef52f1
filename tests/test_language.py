"""Words and numbers: both languages say the same things, and no template holds a result."""

import re
import shutil
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.errors import InputError
from bsup_analysis.language import LANGUAGES, Numbers, Words, catalogue, templates
from bsup_analysis.language.numbers import spans
from bsup_analysis.tables.sources import read_source

# no results: pages, years, table numbers, ids of decisions, names of variances, and what a ratio
# or an index is held against
ALLOWED = re.compile(
    r"\b(?:pp?|s)\. ?\d+(?:–\d+)?(?:(?:, \d+(?:–\d+)?)*(?: (?:and|og) \d+(?:–\d+)?)?)"
    r"|\bpage \d+\b|\bside \d+\b|\b1 January\b|\b1\. januar\b"
    r"|\b(?:19|20)\d\d(?:–(?:19|20)\d\d)?\b"
    r"|(?:table|tabell) 0\d{4}\b"
    r"|\b[AB]\d\d?(?:–[AB]\d\d?)?\b"
    r"|\bCRV[13]\b"  # names of variances
    r"|(?<![\d.,])1(?![.,]?\d)|= 100\b|\b1,?000\b"
)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_places() -> None:
    nb, en = (templates(language) for language in ("nb", "en"))
    assert set(nb) == set(en)
    differing = {
        key: (places(nb[key]), places(en[key])) for key in nb if places(nb[key]) != places(en[key])
    }
    assert not differing


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_template_holds_a_result(language: str) -> None:
    typed = {
        key: ALLOWED.sub("", text)
        for key, text in templates(language).items()
        if re.search(r"\d", ALLOWED.sub("", re.sub(r"\{[^{}]*\}", "", text)))
    }
    assert not typed


def test_decisions_that_are_cited_exist() -> None:
    design = (Path(__file__).resolve().parent.parent / "study.toml").read_text(encoding="utf-8")
    texts = [design, *templates("nb").values(), *templates("en").values()]
    cited = {found for text in texts for found in re.findall(r"\b[AB]\d\d?\b", text)}
    assert cited
    assert cited <= set(read_source("readings")["reading_id"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_are_not_left_in_the_other_language(language: str) -> None:
    other = templates("en" if language == "nb" else "nb")
    same = {
        key
        for key, text in templates(language).items()
        if text == other[key] and len(re.sub(r"\{[^{}]*\}", "", text).split()) > 2
    }
    assert not same


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nb", ["1 047", "63,9 %", "+36,7 %", "−6,5 %", "−0,12", "−11", "395,3", "a, b og c"]),
        ("en", ["1,047", "63.9%", "+36.7%", "−6.5%", "−0.12", "−11", "395.3", "a, b and c"]),
    ],
)
def test_number_formats(language: str, expected: list[str]) -> None:
    numbers = Numbers(language)
    written = [
        numbers.count(1047),
        numbers.percent(0.639),
        numbers.change(0.367),
        numbers.change(-0.065),
        numbers.decimal(-0.1235),
        numbers.signed(-11),
        numbers.million(395_266_363),
        numbers.listed(["a", "b", "c"]),
    ]
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in written] == expected


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (2009, "", "2009"),
        (1047, "count", "1,047"),
        (0.884, ".2", "0.88"),
        (0.884, ".0", "1"),
        (0.639, "percent", "63.9%"),
        (0.95, "percent.0", "95%"),
        (0.367, "change", "+36.7%"),
        (-0.367, "change.0", "−37%"),
        (498e6, "million.0", "498"),
        (["a", "b"], "listed", "a and b"),
        ((0.884, 0.672, 1.163), "interval", "0.88 (0.67 to 1.16)"),
        ((0.05, 0.062), "between.percent", "5.0% to 6.2%"),
        ((0.851, 0.849), "between.2", "0.85"),
        (1.25, "ratio", "1.25"),
        (1.5, "ratio", "1.5"),
        (4.0, "ratio", "4"),
        (0.0421, "p", "0.042"),
        (0.0004, "p", "< 0.001"),
        ((0.0004, 300), "p", "< 0.003"),
        (None, "p", "–"),
        ((0.672, 1.163), "range", "0.67–1.16"),
        ("priority", "groups", "Priority municipalities"),
        (float("nan"), ".2", "–"),
    ],
)
def test_a_value_is_written_as_its_place_says(value: object, form: str, expected: str) -> None:
    written = Words("en").written(value, form).replace(" ", " ")
    assert written == expected


def test_a_fraction_without_a_form_is_refused() -> None:
    with pytest.raises(TypeError, match=r"0\.884 is to be shown without a form"):
        Words("en").written(0.884, "")


def test_a_table_has_the_columns_of_the_words_and_a_dash_for_what_is_unknown() -> None:
    rows = [
        {"group": "priority", "before": "738", "after": "1,009", "growth": 0.367},
        {"group": "other", "before": None, "after": "478", "growth": None},
    ]
    table = Words("en").table("contrast", rows, head_before="Loans 2009", head_after="Loans 2010")
    assert list(table.columns) == ["Group", "Loans 2009", "Loans 2010", "Growth"]
    assert list(table.iloc[1]) == ["Other municipalities", "–", "478", "–"]


@given(st.integers(-(10**12), 10**12), st.sampled_from(LANGUAGES))
def test_a_count_is_read_back_from_its_digits(value: int, language: str) -> None:
    written = Numbers(language).count(value).replace("\N{MINUS SIGN}", "-")
    assert int(re.sub(r"[^\d-]", "", written)) == value


@pytest.mark.parametrize(
    ("years", "shown"),
    [
        ([2005, 2006, 2007, 2013], ["2005–2007", "2013"]),
        ([2013, 2005, 2006], ["2005–2006", "2013"]),
        ([2009], ["2009"]),
        ([], []),
    ],
)
def test_years_in_a_row_are_put_together(years: list[int], shown: list[str]) -> None:
    assert spans(years) == shown


@given(st.sets(st.integers(1990, 2030)))
def test_spans_hold_each_year_once(years: set[int]) -> None:
    found = []
    for span in spans(list(years)):
        first, _, last = span.partition("–")
        found += range(int(first), int(last or first) + 1)
    assert found == sorted(years)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_unknown_is_a_dash(language: str, unknown: float | None) -> None:
    numbers = Numbers(language)
    assert {numbers.count(unknown), numbers.percent(unknown), numbers.million(unknown)} == {"–"}


def test_unknown_language_is_refused() -> None:
    with pytest.raises(InputError, match="en or nb"):
        Words("fr")


def test_what_a_language_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room, words = tmp_path / "bsup_analysis" / "language", "chapters/effects/words"
    for name in ("en", "xx"):
        shutil.copytree(catalogue.HERE / "en", room / name)
        shutil.copytree(catalogue.HERE.parent / words / "en", room.parent / words / name)
    monkeypatch.setattr(catalogue, "HERE", room)
    monkeypatch.setattr(catalogue, "CHAPTERS", room.parent / "chapters")
    monkeypatch.setattr(catalogue, "LANGUAGES", ("en", "xx"))

    def gaps() -> str:
        templates.cache_clear()
        return "; ".join(catalogue.gaps.__wrapped__("xx"))

    try:
        assert gaps() == ""
        contrast = room.parent / words / "xx" / "contrast.toml"
        text = contrast.read_text(encoding="utf-8")
        contrast.write_text(re.sub(r"^index = .*\n", "", text, flags=re.M), encoding="utf-8")
        assert gaps() == f"bsup_analysis/{words}/xx/contrast.toml lacks index"
        contrast.write_text(text.replace("{priority:change}", "{first:change}"), encoding="utf-8")
        assert "contrast.toml has other places in braces than English in alternative" in gaps()
        contrast.write_text(f'more = "more"\n{text}', encoding="utf-8")
        assert gaps().endswith("contrast.toml has what English has not: more")
        contrast.unlink()
        assert re.search(r"contrast\.toml lacks after_|contrast\.toml lacks .* more$", gaps())
    finally:
        templates.cache_clear()


def test_a_word_that_is_missing_is_named_with_its_file() -> None:
    with pytest.raises(
        InputError, match=r"effects/words/en/contrast\.toml has no nothing; write it"
    ):
        Words("en")("contrast.nothing")
    with pytest.raises(
        InputError, match=r"language/en/ratios\.toml: interval shows 'low', which it is not"
    ):
        Words("en")("ratios.interval", ratio="1")
