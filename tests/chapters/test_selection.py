"""Who was selected: the numbers against the raw table, planted groups and other software."""

import csv
import re

import numpy as np
import pandas as pd
import pytest
from displayed import displayed
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import effectsize_smd

from bsup_analysis import paths
from bsup_analysis.chapters.comparability import balance, growth
from bsup_analysis.design import load_design
from bsup_analysis.language import LANGUAGES
from bsup_analysis.study import Study, read_table

EXHIBITS = [
    balance.size_overlap,
    growth.population_growth,
    balance.centrality,
    balance.group_balance,
]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return balance.characteristics(
        read_table("municipality"),
        read_table("municipality_year"),
        load_design(paths.study_file()),
    )


@pytest.fixture(scope="module")
def counted() -> dict[tuple[str, str], dict[str, str]]:
    """Rows of Statistics Norway's table, read without the project's own code."""
    with (paths.raw() / "ssb_population.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["municipality_code"], row["year"]): row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module", params=LANGUAGES)
def study(request) -> Study:
    return Study(request.param)


def planted(priority: list[float], other: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "population": [*priority, *other],
            "group": ["priority"] * len(priority) + ["other"] * len(other),
        }
    )


def test_characteristics_are_those_of_the_raw_table(table, counted):
    assert len(table) == 85
    assert table["population"].is_monotonic_decreasing
    row = table.set_index("municipality_name").loc["Trondheim"]
    first, last = counted["1601", "2005"], counted["1601", "2009"]
    assert row["population"] == int(last["population"])
    assert row["growth"] == pytest.approx(
        int(last["population"]) / int(first["population"]) - 1, rel=1e-12
    )
    assert row["immigrant_share"] == pytest.approx(
        int(last["immigrants"]) / int(last["population"]), rel=1e-12
    )
    # Kristiansund of 2009 was Kristiansund and Frei in 2005
    merged = table.set_index("municipality_name").loc["Kristiansund"]
    before = sum(int(counted[code, "2005"]["population"]) for code in ("1503", "1556"))
    assert merged["growth"] == pytest.approx(
        int(counted["1505", "2009"]["population"]) / before - 1, rel=1e-12
    )
    assert not table[["population", "growth", "immigrant_share"]].isna().any().any()


def test_who_is_among_the_largest(table, counted):
    """Reading B7: the sixteen largest and one more."""
    in_2009 = {
        code: int(row["population"]) for (code, year), row in counted.items() if year == "2009"
    }
    ranked = sorted(in_2009, key=lambda code: -in_2009[code])
    treatment = read_table("treatment")
    chosen = set(treatment.loc[treatment["priority"], "municipality_code"])
    run = next(i for i, code in enumerate(ranked) if code not in chosen)
    assert balance.unbroken_run(table) == run == 16
    assert balance.priority_among_largest(table, 17) == len(chosen & set(ranked[:17])) == 16
    assert balance.priority_among_largest(table, 85) == 17
    assert balance.priority_among_largest(table, 0) == 0


@pytest.mark.parametrize(
    ("priority", "other", "expected"),
    [
        ([10, 20, 30], [1, 2, 3], balance.Overlap(10, 3, 0, 0)),
        ([10, 20, 30], [1, 2, 10], balance.Overlap(10, 10, 1, 1)),
        ([10, 20, 30], [5, 15, 25, 26], balance.Overlap(10, 26, 2, 3)),
        ([1, 2, 3], [2, 2.5], balance.Overlap(2, 2.5, 1, 2)),
        ([1, 2], [7, 8], balance.Overlap(7, 2, 0, 0)),
    ],
)
def test_overlap_of_planted_groups(priority, other, expected):
    rows = planted(priority, other)
    assert balance.overlap(rows["population"], rows["group"]) == expected


@pytest.mark.parametrize(
    ("priority", "other", "run", "among_three"),
    [([9, 8, 7], [6, 5], 3, 3), ([9, 4], [8, 7, 6], 1, 1), ([2], [3, 4], 0, 1), ([9, 7], [], 2, 2)],
)
def test_ranks_of_planted_groups(priority, other, run, among_three):
    rows = planted(priority, other).sample(frac=1, random_state=1)
    assert balance.unbroken_run(rows) == run
    assert balance.priority_among_largest(rows, 3) == among_three


def test_standardised_difference_against_statsmodels():
    """With groups of one size Austin's is Hedges' g without its small-sample factor.

    statsmodels 0.14 and later, effectsize_smd: g = d (1 - 3 / (4 n - 9)), n both groups together;
    equal to rounding.
    """
    first = pd.Series([3.1, 4.7, 5.2, 9.9, 1.0])
    second = pd.Series([2.0, 2.5, 8.1, 0.3, 4.4])
    hedges, _ = effectsize_smd(first.mean(), first.std(), 5, second.mean(), second.std(), 5)
    expected = float(hedges) / (1 - 3 / (4 * 10 - 9))
    assert balance.standardised_difference(first, second) == pytest.approx(expected, rel=1e-12)


def test_standardised_difference_by_hand():
    # means 3 and 1, variances 2 and 2
    assert balance.standardised_difference(
        pd.Series([2.0, 4.0]), pd.Series([0.0, 2.0])
    ) == pytest.approx(2 / np.sqrt(2))
    # shares 3/4 and 1/4, p (1 - p) = 3/16 in both
    half = pd.Series([True, True, True, False])
    assert balance.standardised_difference(half, ~half) == pytest.approx(0.5 / np.sqrt(3 / 16))
    with_unknown = pd.array([True, True, True, False, None], dtype="boolean")
    assert balance.standardised_difference(pd.Series(with_unknown), ~half) == pytest.approx(
        0.5 / np.sqrt(3 / 16)
    )
    assert np.isnan(balance.standardised_difference(pd.Series([1.0, 1.0]), pd.Series([2.0, 2.0])))


value = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
sample = st.lists(value, min_size=2, max_size=12).map(pd.Series)


@given(sample, sample, st.floats(0.01, 100), st.floats(-100, 100))
def test_standardised_difference_has_no_unit_and_no_side(first, second, scale, shift):
    assume(first.std() + second.std() > 1)
    found = balance.standardised_difference(first, second)
    assert balance.standardised_difference(second, first) == pytest.approx(-found)
    moved = balance.standardised_difference(scale * first + shift, scale * second + shift)
    assert moved == pytest.approx(found, rel=1e-6, abs=1e-6)


def test_growth_of_groups_is_that_of_the_group_table():
    """Group populations are added up on another way, from the original rows, in group_year."""
    table = growth.population_index(read_table("municipality_year"), 2005, 2009)
    whole = table[table["area"] == "all"].set_index(["group", "year"])["population"]
    persons = read_table("group_year").set_index(["group", "year"])["population"]
    assert whole.to_dict() == persons.loc[whole.index].to_dict()
    assert (table.loc[table["year"] == 2005, "index"] == growth.BASE).all()
    assert len(table) == (85 + 2) * 5


def test_growth_refuses_years_in_which_a_municipality_is_unknown():
    with pytest.raises(ValueError, match="not known everywhere"):
        growth.population_index(read_table("municipality_year"), 2005, 2014)


def test_largest_jump_is_found_where_it_is_planted():
    rows = pd.DataFrame(
        {
            "municipality_code": ["1", "1", "1", "2", "2", "2"],
            "municipality_name": ["A", "A", "A", "B", "B", "B"],
            "year": [2005, 2006, 2007] * 2,
            "population": pd.array([100, 80, 82, 1000, 1100, 900], dtype="Int64"),
            "immigrants": pd.array([5, 6, 7, 50, 60, 30], dtype="Int64"),
        }
    ).sample(frac=1, random_state=2)
    jump = growth.largest_jump(rows, 2005, 2007)
    assert jump.to_dict() == {
        "municipality_name": "A",
        "year": 2006,
        "persons": -20,
        "immigrants": 1,
    }
    later = growth.largest_jump(rows, 2006, 2007)
    assert (later["municipality_name"], later["persons"]) == ("B", -200)


def test_centrality_counts_everybody_once():
    municipality = read_table("municipality")
    counts = balance.centrality_counts(municipality)
    assert counts.groupby("group")["municipalities"].sum().to_dict() == {
        "priority": 17,
        "other": 68,
    }
    assert counts.groupby("group")["share"].sum().to_numpy() == pytest.approx([1, 1])
    # classified on the borders of 2012, where 84 units have a level; the parts of the one later
    # merger have none
    by_level = counts.groupby("level")["municipalities"].sum()
    raw = read_table("ssb_centrality_2008")
    merged = raw[~raw["municipality_code"].isin(municipality["municipality_code"])]
    expected = raw["centrality_level_2008"].value_counts() - merged[
        "centrality_level_2008"
    ].value_counts().reindex(range(4), fill_value=0)
    assert {int(level): n for level, n in by_level.drop("unknown").items()} == expected.to_dict()
    assert by_level["unknown"] == 2


def test_balance_table_against_the_raw_values(table):
    rows = balance.balance_table(table).set_index("characteristic")
    groups = table.groupby("group")
    size = groups["population"]
    expected = (size.mean()["priority"] - size.mean()["other"]) / np.sqrt(size.var().mean())
    assert rows.loc["population", "standardised_difference"] == pytest.approx(expected, rel=1e-12)
    # the mean of a logarithm is the logarithm of the geometric mean
    geometric = np.exp(rows.loc["log_population", "mean_other"])
    others = table.loc[table["group"] == "other", "population"]
    assert geometric == pytest.approx(np.prod(others.to_numpy() ** (1 / len(others))), rel=1e-9)
    level = table.loc[table["group"] == "other", "centrality_level_2008"].dropna()
    assert rows.loc["most_central", "mean_other"] == pytest.approx((level == 3).mean())
    assert rows.loc["most_central", "known_other"] == len(level) == 66
    assert rows.loc["least_central", "standardised_difference"] < 0
    # an order-preserving change of scale moves nobody in or out of the overlap
    inside = ["inside_priority", "inside_other"]
    assert list(rows.loc["population", inside]) == list(rows.loc["log_population", inside])


def test_headlines_are_what_the_exhibits_show(study, counted):
    exhibit = displayed(study, balance.size_overlap)
    numbers = {name: number.value for name, number in exhibit.numbers.items()}
    # Statistics Norway, table 07459, 1.1.2009: Røros and Herøy (Møre og Romsdal)
    assert numbers["smallest_priority_population_2009"] == int(
        counted["1640", "2009"]["population"]
    )
    assert numbers["largest_other_population_2009"] == int(counted["1515", "2009"]["population"])
    assert numbers["priority_among_largest_17"] == 16
    assert list(exhibit.shown.iloc[:, 1]) == ["16", "16", "17"]
    rows = exhibit.data
    assert rows.loc[rows["group"] == "priority", "rank"].max() == int(
        re.search(r"\d+", exhibit.shown.iloc[-1, 0]).group()
    )
    grown = displayed(study, growth.population_growth).numbers
    # population 1.1.2005 and 1.1.2009 in data/processed/group_year.csv
    assert grown["population_growth_priority_2005_2009"].value == pytest.approx(
        425_732 / 405_852 - 1
    )
    assert grown["population_growth_other_2005_2009"].value == pytest.approx(240_432 / 239_848 - 1)


@pytest.mark.parametrize("function", EXHIBITS)
def test_words_have_all_their_values(study, function):
    exhibit = displayed(study, function)
    for text in (exhibit.title, exhibit.caption, exhibit.source, exhibit.alternative_text):
        assert text
        assert not re.search(r"[{}]|\bnan\b|<NA>|  ", text)
    if exhibit.shown is not None:
        assert exhibit.shown.iloc[:, 0].is_unique
        assert not exhibit.shown.isna().any().any()


@pytest.mark.parametrize("function", EXHIBITS)
def test_numbers_and_data_are_the_same_in_both_languages(function):
    first, second = (displayed(Study(language), function) for language in LANGUAGES)
    pd.testing.assert_frame_equal(first.data, second.data)
    assert first.numbers == second.numbers
