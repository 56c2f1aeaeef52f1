"""Selection rules: planted scores with ties, identities of the weightings, and bad input."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsup_analysis.analysis.phasing import indicator_weights
from bsup_analysis.effects.selection_rules import (
    agreement,
    choose,
    expected_jaccard,
    relative_places,
    sensitivity,
    weighted_score,
    weightings,
)
from bsup_analysis.errors import InputError


def scores(*values: float) -> pd.Series:
    return pd.Series(values, index=list("abcdefghij")[: len(values)], dtype=float, name="score")


def test_the_highest_are_chosen():
    choice = choose(scores(1, 9, 4, 7), 2)
    assert (choice.certain, choice.tied) == ({"b", "d"}, frozenset())
    found = agreement(choice, {"b", "c"})
    assert (found.both_low, found.both_high) == (1, 1)
    assert found.jaccard_low == found.jaccard_high == pytest.approx(1 / 3)


def test_a_tie_for_the_last_place_is_kept():
    choice = choose(scores(5, 3, 3, 3, 1), 3)
    assert (choice.certain, choice.tied) == ({"a"}, {"b", "c", "d"})
    found = agreement(choice, {"a", "b", "e"})
    assert (found.both_low, found.both_high) == (1, 2)
    assert found.jaccard_low == pytest.approx(1 / 5)
    assert found.jaccard_high == pytest.approx(2 / 4)


def test_a_tie_that_fits_is_no_tie():
    assert choose(scores(5, 3, 3, 1), 3).tied == frozenset()


def test_unknown_scores_are_not_chosen():
    assert choose(scores(np.nan, 2, 1), 2).certain == {"b", "c"}
    with pytest.raises(InputError, match="3 municipalities cannot be chosen from 2"):
        choose(scores(np.nan, 2, 1), 3)
    with pytest.raises(InputError, match="0 municipalities"):
        choose(scores(3, 2, 1), 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=3, max_size=8), st.data())
def test_agreement_is_that_of_every_way_to_settle_the_ties(values, data):
    places = data.draw(st.integers(1, len(values)))
    given_scores = scores(*values)
    actual = set(data.draw(st.sets(st.sampled_from(list(given_scores.index)), min_size=1)))
    choice = choose(given_scores, places)
    left = places - len(choice.certain)
    every = [choice.certain | set(extra) for extra in combinations(choice.tied, left)]
    jaccards = [len(one & actual) / len(one | actual) for one in every]
    found = agreement(choice, actual)
    assert found.jaccard_low == pytest.approx(min(jaccards))
    assert found.jaccard_high == pytest.approx(max(jaccards))
    # no choice of as many leaves out a higher score
    for one in every:
        assert min(given_scores[list(one)]) >= max([*given_scores.drop(list(one)), -1])


def test_expected_jaccard_is_the_mean_over_all_lots():
    actual = {0, 1, 2}
    lots = [set(one) for one in combinations(range(7), 3)]
    mean = math.fsum(len(one & actual) / len(one | actual) for one in lots) / len(lots)
    assert expected_jaccard(7, 3, 3) == pytest.approx(mean)


def test_relative_places_use_order_alone():
    small, huge = scores(1, 2, 3, 4), scores(1, 2, 3, 4e9)
    assert relative_places(small).tolist() == relative_places(huge).tolist()
    assert relative_places(small).tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert relative_places(scores(2, 2, 5)).tolist() == pytest.approx([0.25, 0.25, 1])
    with pytest.raises(InputError, match="Fewer than two"):
        relative_places(scores(1, np.nan))


TABLE = pd.DataFrame({"p": scores(0, 0.5, 1), "q": scores(1, np.nan, 0)})


def test_weighted_score_by_hand():
    assert weighted_score(TABLE, {"p": 3, "q": 1}).tolist() == pytest.approx([0.25, 0.5, 0.75])
    # an unknown indicator leaves the others, or nothing
    assert weighted_score(TABLE, {"q": 2}).isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"p": 0.0, "q": 0.0}, "All weights are zero"),
        ({"p": -1.0}, "weight of p is -1.0"),
        ({"p": float("nan")}, "weight of p is nan"),
        ({"z": 1.0}, "no indicator 'z' to weigh; there are: p, q"),
    ],
)
def test_bad_weights_are_refused(weights, told):
    with pytest.raises(InputError, match=told):
        weighted_score(TABLE, weights)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("size", "'size' is not"),
        ("size big", "'size big' is not"),
        ("size 1,,growth 1", "'' is not"),
        ("size 1, size 2", "size twice"),
        ("1", "'1' is not"),
    ],
)
def test_weights_that_cannot_be_read_are_refused(text, told):
    with pytest.raises(InputError, match=told):
        indicator_weights(text)


def test_weights_are_read():
    assert indicator_weights("size 2, growth   0.5") == {"size": 2.0, "growth": 0.5}


@pytest.mark.parametrize(("names", "parts"), [("ab", 4), ("abcd", 10), ("a", 3), ("abc", 1)])
def test_weightings_are_all_and_each_once(names, parts):
    found = list(weightings(list(names), parts))
    assert len(found) == math.comb(parts + len(names) - 1, len(names) - 1)
    assert len({tuple(one.values()) for one in found}) == len(found)
    assert all(sum(one.values()) == pytest.approx(1) for one in found)


def test_sensitivity_of_planted_indicators():
    """a is high on both indicators, e low on both, b and d on one each."""
    table = pd.DataFrame({"p": scores(9, 8, 5, 2, 1), "q": scores(9, 2, 5, 8, 1)})
    found = sensitivity(table, {"a", "b"}, 2, parts=4)
    share = found.share_chosen
    assert share["a"] == 1
    assert share["e"] == 0
    assert share["b"] == pytest.approx(share["d"])
    # each weighting chooses two, shares of a tie added up
    assert found.chosen.sum(axis=1) == pytest.approx(np.full(5, 2.0))
    assert found.jaccard[found.weights[:, 0] == 1] == pytest.approx([1.0])
    assert found.jaccard[found.weights[:, 1] == 1] == pytest.approx([1 / 3])
