"""Inside the priority group: exact intervals, sums of parts, and words that follow the numbers."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers_eye import says
from scipy.stats import beta, binom

from bsup_analysis.chapters.effects.priority_growth import (
    average_change,
    change_parts,
    detectable_growth,
    exact_growth_interval,
    growth_spread,
    movers,
    municipality_growth,
)
from bsup_analysis.effects.intervals import AverageChange
from bsup_analysis.effects.paired import Paired, growth_dispersion, heterogeneity
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.study import Study

COUNT = st.integers(1, 400)


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("en")


def spread_of(study: Study, rows: Paired, language: str = "en") -> Exhibit:
    return growth_spread(
        rows,
        study.municipality,
        heterogeneity(rows),
        growth_dispersion(rows),
        study.design,
        Words(language),
    )


def change_of(study: Study, change: AverageChange, language: str = "en") -> Exhibit:
    return average_change(change, study.municipality, study.design, Words(language))


def test_exact_interval_is_that_of_another_program() -> None:
    # R 4, example of ?poisson.test: poisson.test(c(11, 6+8+7), c(800, 1083+1050+878)) prints the
    # rate ratio's interval 0.8584264 4.2772659; it prints seven digits
    exposure = 800 / (1083 + 1050 + 878)
    limits = [limit / exposure for limit in exact_growth_interval(6 + 8 + 7, 11)]
    assert limits == pytest.approx([0.8584264, 4.2772659], abs=5e-8)


@given(pre=COUNT, post=COUNT, level=st.sampled_from([0.8, 0.95, 0.99]))
def test_exact_interval_by_quantiles_of_beta(pre: int, post: int, level: float) -> None:
    # Clopper and Pearson's limits in closed form; the package finds them by root finding
    tail = (1 - level) / 2
    share = beta.ppf(tail, post, pre + 1), beta.ppf(1 - tail, post + 1, pre)
    found = exact_growth_interval(pre, post, level=level)
    assert found == pytest.approx([p / (1 - p) for p in share], rel=1e-7)


@given(pre=COUNT, post=COUNT)
def test_turning_time_round_turns_the_interval(pre: int, post: int) -> None:
    low, high = exact_growth_interval(pre, post)
    back_low, back_high = exact_growth_interval(post, pre)
    assert low < post / pre < high
    assert (back_low, back_high) == pytest.approx((1 / high, 1 / low), rel=1e-7)


@pytest.mark.parametrize("growth", [0.4, 1.0, 1.37, 3.0])
def test_exact_interval_covers_at_least_what_it_claims(growth: float) -> None:
    total, share = 30, growth / (1 + growth)
    covered = 0.0
    for post in range(total + 1):
        low, high = exact_growth_interval(total - post, post)
        covered += binom.pmf(post, total, share) * (low <= growth <= high)
    assert 0.95 <= covered < 1


def test_a_year_without_loans_leaves_one_side_open() -> None:
    assert exact_growth_interval(5, 0)[0] == 0
    assert exact_growth_interval(0, 5)[1] == math.inf


def test_growths_are_those_of_the_table(study: Study) -> None:
    loans = study.priority_loans
    names = study.municipality.set_index("municipality_code")["municipality_name"]
    rows = municipality_growth(loans, names, level=0.95)
    named = study.municipality.query("group == 'priority'")["municipality_name"]
    assert sorted(rows["municipality_name"]) == sorted(named)
    assert (rows["loans_before"].sum(), rows["loans_after"].sum()) == (738, 1009)  # p. 14, sums
    assert rows["growth"].is_monotonic_decreasing
    # the common growth is the mean of growths weighted by the earlier year's loans
    weighted = np.average(rows["growth"], weights=rows["loans_before"])
    assert weighted == pytest.approx(1009 / 738, rel=1e-12)


def test_fewer_loans_leave_wider_intervals(study: Study) -> None:
    rows = spread_of(study, study.priority_loans).data
    width = np.log(rows["growth_high"] / rows["growth_low"])
    loans = rows["loans_before"] + rows["loans_after"]
    assert width[loans.idxmin()] == width.max()
    assert width[loans.idxmax()] == width.min()


@pytest.mark.parametrize("language", LANGUAGES)
def test_spread_tells_its_numbers(study: Study, language: str) -> None:
    loans, words = study.priority_loans, Words(language)
    exhibit = spread_of(study, loans, language)
    numbers = exhibit.numbers
    for identifier in (
        "growth_loans_priority_2009_2010",
        "tau_log_growth_17",
        "prediction_interval_17_low",
        "prediction_interval_17_high",
    ):
        assert words.decimal(numbers[identifier].value) in exhibit.alternative_text
    assert words.decimal(numbers["dispersion_phi_17"].value) in exhibit.caption
    assert numbers["dispersion_phi_17"].unit == "variance / mean"
    assert numbers["dispersion_phi_17"].value == pytest.approx(
        growth_dispersion(loans).phi, rel=1e-12
    )


# growth by municipality, loans in the earlier year, sentences that must and must not follow
SPREADS = [
    ([1.0] * 17, 200, {"spread_not_shown", "next_holds_one"}),
    ([2.0] * 17, 200, {"spread_not_shown", "next_above"}),
    ([0.5] * 17, 200, {"spread_not_shown", "next_below"}),
    # some spread is estimated, but none is not excluded
    ([1.0, 1.6] * 8 + [1.3], 50, {"spread_not_shown", "next_holds_one"}),
    ([0.25, 4.0] * 8 + [1.0], 200, {"spread_shown", "next_holds_one"}),
    ([4.0, 4.4] * 8 + [4.2], 5000, {"spread_shown", "next_above"}),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("growth", "before", "expected"), SPREADS)
def test_words_on_spread_follow_planted_growth(
    study: Study, growth: list[float], before: int, expected: set[str], language: str
) -> None:
    codes = study.priority_loans.codes
    rows = Paired(codes, (before,) * 17, tuple(round(before * g) for g in growth))
    caption = spread_of(study, rows, language).caption
    keys = ("spread_shown", "spread_not_shown", "next_holds_one", "next_above", "next_below")
    assert {key for key in keys if says(caption, f"inside.growth.{key}", language)} == expected


def test_parts_add_up_to_the_change_of_the_printed_averages(study: Study) -> None:
    parts = change_parts(
        study.priority_average_change,
        study.municipality.set_index("municipality_code")["municipality_name"],
    )
    rows, whole = parts.iloc[:-1], parts.iloc[-1]
    for name in ("within_nok", "composition_nok", "total_nok"):
        assert math.fsum(rows[name]) == pytest.approx(whole[name], abs=1e-6)
    assert whole["within_nok"] + whole["composition_nok"] == pytest.approx(
        whole["total_nok"], abs=1e-6
    )
    # sums of the table on p. 14
    printed = 505_039_917 / 1009 - 395_266_363 / 738
    assert whole["total_nok"] == pytest.approx(printed, abs=1e-6)


@pytest.mark.parametrize("language", LANGUAGES)
def test_average_change_tells_its_numbers(study: Study, language: str) -> None:
    exhibit = change_of(study, study.priority_average_change, language)
    numbers, words = exhibit.numbers, Words(language)
    parts = ("within", "composition")
    assert sum(numbers[f"average_change_priority_{name}"].value for name in parts) == (
        pytest.approx(numbers["average_change_priority_total"].value, abs=1e-6)
    )
    for number in numbers.values():
        assert words.decimal(number.value / 1000, 1) in exhibit.alternative_text


def planted_change(within: list[float], composition: list[float]) -> AverageChange:
    codes = ("1601", "1504", "1663")[: len(within)]
    total = sum(within) + sum(composition)
    return AverageChange(total, tuple(within), tuple(composition), codes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("within", "composition", "expected"),
    [
        ([9000.0, 100.0, 100.0], [500.0, 100.0, 100.0], "own"),
        ([-500.0, -100.0, -100.0], [-9000.0, -100.0, -100.0], "mix"),
        ([9000.0, 100.0, 100.0], [-500.0, -100.0, -100.0], "opposed"),
    ],
)
def test_words_on_weight_follow_planted_parts(
    study: Study, within: list[float], composition: list[float], expected: str, language: str
) -> None:
    exhibit = change_of(study, planted_change(within, composition), language)
    said = {
        k
        for k in ("own", "mix", "opposed")
        if says(exhibit.caption, f"inside.average.{k}", language)
    }
    assert said == {expected}


def test_movers_are_the_fewest_with_more_than_half() -> None:
    def parts(*totals: float) -> pd.DataFrame:
        ordered = sorted(totals, key=abs, reverse=True)
        names = [f"N{n}" for n in range(len(ordered))]
        return pd.DataFrame(
            {"municipality_code": names, "municipality_name": names, "total_nok": ordered}
        )

    assert movers(parts(60, -20, 20)) == (["N0"], pytest.approx(0.6))
    assert movers(parts(50, -30, 20)) == (["N0", "N1"], pytest.approx(0.8))
    assert movers(parts(25, -25, 25, -25)) == (["N0", "N1", "N2"], pytest.approx(0.75))


def test_planted_mover_is_named(study: Study) -> None:
    change = planted_change([100.0, 100.0, -9000.0], [0.0, 0.0, 0.0])
    text = change_of(study, change).caption
    assert "Malvik" in text
    assert "Trondheim" not in text
    turned = replace(change, within=(-9000.0, 100.0, 100.0))
    assert "Trondheim" in change_of(study, turned).caption


@pytest.mark.parametrize("common", [0.5, 1.0, 1.37])
def test_a_growth_at_the_stroke_is_found_as_often_as_said(common: float) -> None:
    """The exact binomial power of the test of the later year's share, both years' loans given."""
    loans = 2000  # so many that the normal approximation is as good as exact
    for growth in detectable_growth(loans, common, level=0.95, power=0.80):
        null, share = common / (1 + common), growth / (1 + growth)
        low, high = binom(loans, null).ppf([0.025, 0.975])
        found = binom(loans, share).cdf(low - 1) + binom(loans, share).sf(high)
        assert found == pytest.approx(0.80, abs=0.02)


def test_strokes_lie_equally_far_from_the_common_growth_and_narrow_with_loans() -> None:
    few, many = (detectable_growth(loans, 1.4) for loans in (20, 500))
    assert few[0] < many[0] < 1.4 < many[1] < few[1]
    assert few[0] * few[1] == pytest.approx(1.4**2)
    # 2 / root 100 = 0.2 and 1.959964 + 0.841621 = 2.801585 (normal tables): exp(0.560317)
    assert detectable_growth(100, 1.0)[1] == pytest.approx(1.75123, rel=1e-5)
