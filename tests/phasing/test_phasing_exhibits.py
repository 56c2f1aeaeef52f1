"""Notebook 07's exhibits: whole in both languages, from the tables and from nothing else."""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from displayed import displayed

from bsup_analysis.chapters.phasing import pooling, ranking, rules
from bsup_analysis.errors import InputError
from bsup_analysis.language import LANGUAGES
from bsup_analysis.study import read_table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "exhibits"))

EXHIBITS = [
    rules.framework,
    pooling.pooling_check,
    ranking.loan_rate_ranking,
    ranking.loan_growth_ranking,
    pooling.loan_funnel,
    rules.candidate_rules,
    rules.weights_decide,
    rules.weights_agreement,
]


@pytest.mark.parametrize("function", EXHIBITS)
def test_exhibit_is_whole_and_the_same_in_both_languages(study, function):
    shown = {language: displayed(study(language), function) for language in LANGUAGES}
    for language, exhibit in shown.items():
        for text in (exhibit.title, exhibit.caption, exhibit.source, exhibit.alternative_text):
            assert text
            assert not re.search(r"[{}]|\bnan\b|\binf\b|<NA>|  ", text), (language, text)
        if exhibit.shown is not None:
            assert exhibit.shown.iloc[:, 0].is_unique
            assert not exhibit.shown.isna().any().any()
    nb, en = shown.values()
    pd.testing.assert_frame_equal(nb.data, en.data)
    assert nb.numbers == en.numbers


def test_figures_are_the_same_bytes_each_time(study):
    first, second = (displayed(study("nb"), pooling.loan_funnel) for _ in range(2))
    assert first.svg() == second.svg()


def test_ranking_rests_on_the_printed_table(study):
    """Document p. 14: Malvik 63 and Røros 8 loans in 2010; inhabitants from table 07459."""
    rows = displayed(study(), ranking.loan_rate_ranking).data.set_index("municipality_name")
    assert len(rows) == 17
    assert rows.loc["Malvik", "loans"] == 63
    assert rows.loc["Røros", "loans"] == 8
    people = read_table("municipality_year").query("year == 2010").set_index("municipality_name")
    malvik = int(people.loc["Malvik", "population"])
    assert rows.loc["Malvik", "raw"] == pytest.approx(1000 * 63 / malvik)
    assert rows["loans"].sum() == 1009
    assert rows["raw_place"].sort_values().tolist() == list(range(1, 18))
    assert rows["expected_place"].is_monotonic_increasing
    # pooling draws the smallest furthest, and never past the middle
    moved = (rows["pooled"] - rows["raw"]).abs() / rows["raw"]
    assert moved["Røros"] > moved["Trondheim"]


def test_growth_rests_on_the_printed_table(study):
    rows = displayed(study(), ranking.loan_growth_ranking).data.set_index("municipality_name")
    assert rows.loc["Levanger", "raw"] == pytest.approx(46 / 16)
    # three municipalities without change share the places 13 to 15
    assert set(rows.index[rows["raw_place"] == 14]) == {"Røros", "Stjørdal", "Haram"}
    assert rows["pooled"].between(rows["pooled_low"], rows["pooled_high"]).all()
    assert rows["pooled"].max() - rows["pooled"].min() < rows["raw"].max() - rows["raw"].min()


def test_k_changes_the_probabilities_and_nothing_else(study):
    few, many = (displayed(study(k=k), ranking.loan_rate_ranking).data for k in ("1", "17"))
    assert few["probability_among_highest"].sum() == pytest.approx(1, abs=1e-4)
    assert many["probability_among_lowest"].to_numpy() == pytest.approx(np.ones(17), abs=1e-6)
    same = [c for c in few if not c.startswith("probability") and c != "k"]
    pd.testing.assert_frame_equal(few[same], many[same])


@pytest.mark.parametrize(
    ("k", "told"),
    [("18", "from 1 to 17"), ("0", "from 1 to 17"), ("five", "not 'five'"), ("-2", "not '-2'")],
)
def test_a_k_that_cannot_be_is_refused(study, k, told):
    with pytest.raises(InputError, match=told):
        displayed(study(k=k), ranking.loan_rate_ranking)


def test_rules_against_the_tables(study):
    """Reading B7: the 16 largest municipalities and Røros."""
    data = displayed(study(), rules.candidate_rules).data.set_index("rule")
    assert data.loc["size", "both_low"] == 16
    assert data.loc["size", "only_actual"] == "1640"
    assert data.loc["centrality", "tied"] == (
        (read_table("municipality")["centrality_level_2008"] == 3).sum()
    )
    assert data.loc[["need", "success"], "jaccard_low"].isna().all()
    fastest = displayed(study(weights="growth 2"), rules.candidate_rules).data.set_index("rule")
    columns = ["both_low", "jaccard_low", "only_rule", "only_actual"]
    assert fastest.loc["weighted", columns].tolist() == fastest.loc["growth", columns].tolist()


def test_an_unknown_indicator_is_refused(study):
    with pytest.raises(InputError, match="no indicator 'wealth' to weigh; there are: size"):
        displayed(study(weights="wealth 1"), rules.candidate_rules)


def test_every_weighting_is_in_the_data(study):
    rows = displayed(study(), rules.weights_agreement).data
    weights = rows.filter(like="weight_")
    assert len(rows) == 286
    assert weights.sum(axis=1).to_numpy() == pytest.approx(np.ones(286))
    size_alone = rows.loc[rows["weight_size"] == 1, "jaccard"].item()
    assert size_alone == pytest.approx(16 / 18)


def test_every_aim_of_page_15_has_a_row_and_a_direction_only_with_an_indicator():
    """Document p. 15: ten aims, from the housing of young people to plans of action."""
    rows = read_table("results_framework")
    assert rows["aim_id"].nunique() == 10
    known = rows["indicator"].notna()
    for column in ("indicator_nb", "unit", "unit_nb", "table", "table_nb"):
        assert (rows[column].notna() == known).all(), column
    assert ((rows["direction"] == "none") == ~known).all()
    assert (rows.loc[~known, ["published_level", "municipal_level"]] == "none").all().all()
    assert rows.groupby("aim_id")["aim"].nunique().eq(1).all()
