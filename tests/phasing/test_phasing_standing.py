"""No municipality is put on a side of the median which its intervals do not carry."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.chapters.phasing.ranking import standing_sentences
from bsup_analysis.effects.empirical_bayes import Evidence
from bsup_analysis.language import LANGUAGES, Words, templates

# names that are no part of each other nor of a sentence
NAMES = [f"Q{letter}q" for letter in "ABCDEFGHIJ"]

value = st.floats(-5, 5).map(lambda number: round(number, 2))


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    """Any intervals at all, also such as no data would give."""
    units = draw(st.integers(2, len(NAMES)))
    ends = [sorted((draw(value), draw(value))) for _ in range(units)]
    place = st.integers(1, units)
    places = [sorted((draw(place), draw(place))) for _ in range(units)]
    low, high = np.array(ends).T
    first, last = np.array(places).T
    return Evidence(low, high, draw(value), first, last)


@given(evidence(), st.sampled_from(LANGUAGES))
def test_who_covers_the_median_is_never_named(known: Evidence, language: str):
    middle = (len(known.low) + 1) / 2
    covers = ((known.low <= known.median) & (known.median <= known.high)) | (
        (known.first <= middle) & (middle <= known.last)
    )
    words = Words(language)
    names = NAMES[: len(known.low)]
    text = standing_sentences(names, known, words)
    for name, covered, standing in zip(names, covers, known.standings, strict=True):
        assert (name in text) <= (not covered), text
        assert (standing == "undecided") == (name not in text)


@given(evidence(), st.sampled_from(LANGUAGES))
def test_sides_are_the_true_ones_and_nobody_is_lost(known: Evidence, language: str):
    words = Words(language)
    names = NAMES[: len(known.low)]
    above = words("phasing.standing.above", which="|").split("|")[0]
    below = words("phasing.standing.below", which="|").split("|")[0]
    text = standing_sentences(names, known, words)
    listed = {}
    for side, start in (("above", above), ("below", below)):
        found = re.search(re.escape(start) + r"([^.]*)\.", text)
        listed[side] = set(re.findall(r"Q\wq", found[1])) if found else set()
    for number, name in enumerate(names):
        if name in listed["above"]:
            assert known.low[number] > known.median
            assert known.last[number] < (len(names) + 1) / 2
        if name in listed["below"]:
            assert known.high[number] < known.median
            assert known.first[number] > (len(names) + 1) / 2
    named = len(listed["above"]) + len(listed["below"])
    left = known.standings.count("undecided")
    assert named + left == len(names)
    assert words.count(left) in text


@pytest.mark.parametrize(
    ("low", "high", "first", "last", "expected"),
    [
        (1.1, 2.0, 1, 2, "above"),
        (1.0, 2.0, 1, 2, "undecided"),
        (1.1, 2.0, 1, 3, "undecided"),
        (0.2, 0.9, 4, 5, "below"),
        (0.2, 1.0, 4, 5, "undecided"),
        (0.2, 0.9, 3, 5, "undecided"),
        (0.2, 0.9, 1, 2, "undecided"),
        (1.1, 2.0, 4, 5, "undecided"),
    ],
)
def test_both_intervals_must_be_clear_of_the_middle(low, high, first, last, expected):
    five = np.ones(5)
    known = Evidence(low * five, high * five, 1.0, first * five, last * five)
    assert known.standings == (expected,) * 5


JUDGING = {
    "en": r"\b(?:best|worst|better|worse|poor(?:ly)?|weak|strong|fail\w*|excel\w*|success\w*)\b",
    "nb": r"\b(?:best|verst|bedre|verre|dårlig\w*|svak\w*|sterk\w*|mislyk\w*|lykkes|flink\w*)\b",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_about_places_judge_nobody(language):
    """Aims may be better or worse; a municipality's place is not.  One sentence says just that."""
    said = {
        key: text
        for key, text in templates(language).items()
        if re.match(r"phasing\.(?:standing|ranking|loan_rate|loan_growth|funnel)\.", key)
        and re.search(JUDGING[language], text, re.IGNORECASE)
    }
    allowed = "verken bra eller dårlig" if language == "nb" else "neither good nor bad"
    said = {k: v for k, v in said.items() if allowed not in v}
    assert not said
    assert allowed in templates(language)["phasing.loan_rate.caption"]
