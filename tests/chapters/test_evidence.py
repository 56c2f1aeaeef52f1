"""Counts, bounds, yardsticks and spillover: printed figures by hand, identities, and words."""

import math
from dataclasses import replace

import pytest

from bsup_analysis.chapters.effects import belief, evidence
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.study import Study

STUDY = Study("en")
SHARE = 0.79 / 0.21  # document p. 13


def bounded(share: Interval | None = None, language: str = "en"):
    s = STUDY
    return evidence.bounded(
        share or s.printed_share_2008,
        s.contrasts,
        s.programme_p06_malvik,
        s.press_totals,
        s.municipality_year,
        s.region_year,
        s.design,
        Words(language),
    )


def test_counts_by_hand() -> None:
    """Document pp. 11 and 14, press totals, Statistics Norway 07459."""
    shown = belief.counted(STUDY.group_year, STUDY.municipality_year, STUDY.design, STUDY.words)
    found = {name: number.value for name, number in shown.numbers.items()}
    assert found["extra_loans_region"] == 1487 - 1047
    assert found["extra_loans_share_priority"] == pytest.approx(271 / 440, rel=1e-12)
    assert found["extra_loans_steinkjer"] == 85 - 41
    assert found["loans_per_1000_priority_2009"] == pytest.approx(1000 * 738 / 425_732, rel=1e-12)
    assert found["loans_per_1000_other_2010"] == pytest.approx(1000 * 478 / 242_127, rel=1e-12)
    own, whole = 109_773_554, (173.999e6, 176.001e6)  # two totals in whole millions
    low, high = found["extra_amount_share_low"], found["extra_amount_share_high"]
    assert low == pytest.approx(own / 176e6, rel=1e-9)
    assert high == pytest.approx(own / 174e6, rel=1e-9)
    assert own / whole[1] < low < own / 175e6 < high < own / whole[0]


def test_bounds_from_2008_by_hand() -> None:
    data = bounded().data.set_index(["outcome", "reading"])
    loans = data.loc[("loans", "share_2008_of_loans")]
    assert loans["earlier"] == pytest.approx(738 / 309 / SHARE, rel=1e-9)
    step = math.exp(abs(math.log(738 / 309 / (0.795 / 0.205))))
    assert loans["bound_high"] == pytest.approx(1009 / 738 / (478 / 309) * step, rel=1e-9)
    assert loans["bound_low"] < 1 < loans["bound_high"]
    nok = data.loc[("loans", "share_2008_of_amount")]
    assert nok["bound_high"] < 1
    for row in data.itertuples():
        assert row.chance_low < row.bound_low < row.ratio < row.bound_high < row.chance_high
        # so many times the earlier departure reach one
        reach = row.multiple * math.log(row.bound_high / row.ratio)
        assert reach == pytest.approx(abs(math.log(row.ratio)), rel=1e-9)


def test_bounds_of_a_share_that_says_nothing_moved_are_the_ratio() -> None:
    share = Interval.exact(738 / 1047)
    row = bounded(share).data.iloc[0]
    assert (row["bound_low"], row["bound_high"]) == pytest.approx((row["ratio"],) * 2, rel=1e-9)


def test_two_municipalities_and_the_rest() -> None:
    """Document p. 6 and press: 46 + 26 in 2008; p. 14: 53 + 62 in 2009; p. 11: 931 and 1047."""
    found = {name: number.value for name, number in bounded().numbers.items()}
    assert (found["known_2008_before"], found["known_2008_after"]) == (72, 115)
    assert (found["rest_2008_before"], found["rest_2008_after"]) == (859, 932)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_follow_the_bounds(language: str) -> None:
    words = Words(language)
    amount = words("evidence.bounded.reading.share_2008_of_amount")
    said = words("evidence.bounded.holds_one", reading="share_2008_of_loans", bounds=(0.5, 1.5))
    undecided = said.rpartition(":")[2]
    for share, is_open in ((None, True), (Interval.exact(738 / 1047), False)):
        of_loans = bounded(share, language).caption.partition(amount)[0]
        assert (undecided in of_loans) == is_open


def test_yardsticks_by_hand() -> None:
    s = STUDY
    shown = evidence.outside(
        s.loans_contrast,
        s.amounts_county_17,
        s.external_facts,
        s.press_totals,
        s.municipality_year,
        s.words,
    )
    found = {name: number.value for name, number in shown.numbers.items()}
    assert found["growth_priority_to_country"] == pytest.approx(1009 / 738 / 1.34, rel=1e-12)
    assert found["unreported_at_year_end_2006"] == pytest.approx(1 - 4800 / 6500, rel=1e-12)
    missing = found["reporting_lag_to_one"]
    assert (1009 / (1 - missing) / 738) / (478 / 309) == pytest.approx(1, rel=1e-12)
    assert found["meraker_amount_nok_2010"] == 3528 * 2471


def test_spillover_by_hand() -> None:
    found = evidence.spillover(STUDY.contrasts, STUDY.words)
    data = found.data.set_index(["outcome", "part"])
    for outcome, contrast in STUDY.contrasts.items():
        assert data.loc[(outcome, 0.0), "effect"] == pytest.approx(contrast.ratio.value)
        whole = contrast.growth["priority"].value
        assert data.loc[(outcome, 1.0), "effect"] == pytest.approx(whole)
    part = found.numbers["spillover_part_to_one_loans"].value
    assert (1009 / 738) / ((478 - part * 169) / 309) == pytest.approx(1, rel=1e-12)


def test_a_ratio_above_one_has_no_part_at_which_it_is_one() -> None:
    loans = STUDY.contrasts["loans"]
    turned = replace(
        loans, growth={"priority": Interval.exact(1.9), "other": loans.growth["other"]}
    )
    found = evidence.spillover({**STUDY.contrasts, "loans": turned}, STUDY.words)
    assert "spillover_part_to_one_loans" not in found.numbers
    assert STUDY.words("evidence.spillover.even_none") in found.caption


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["explanation", "finding"])
def test_explanations_are_told_in_the_reader_s_language(kind: str, language: str) -> None:
    table = STUDY.other_explanations.query("kind == @kind")
    shown = evidence.told(STUDY.other_explanations, kind, Words(language)).shown
    suffix = "_nb" if language == "nb" else ""
    assert shown is not None
    assert shown.iloc[:, 0].tolist() == table[f"what{suffix}"].tolist()
    assert shown.iloc[:, -1].tolist() == table[f"reason{suffix}"].tolist()


def test_the_main_belief_is_the_prior_of_the_design() -> None:
    shown = belief.belief(STUDY.beliefs, STUDY.design, STUDY.words)
    main = next(
        one
        for one in STUDY.beliefs
        if (one.variant, one.scale) == ("own_totals", STUDY.design.inference.spread_scale.value)
    )
    assert shown.numbers["posterior_above_one"].value == main.above_one
    chances = [one.above_one for one in STUDY.beliefs]
    assert shown.numbers["posterior_above_one_lowest"].value == min(chances)
    assert shown.numbers["posterior_above_one_highest"].value == max(chances)


def rated(**changed):
    group_year, municipality_year = STUDY.group_year.copy(), STUDY.municipality_year.copy()
    contrast = STUDY.contrasts["loans"]
    if "years" in changed:  # figures of both groups in so many years before the choice
        before = group_year["year"].between(2009 - changed["years"], 2008)
        group_year.loc[before, "loans"] = 500
    if "known" in changed:  # so many of the municipalities with figures of their own
        codes = municipality_year["municipality_code"].unique()[: changed["known"]]
        own = municipality_year["municipality_code"].isin(codes)
        municipality_year["loans"] = float("nan")
        municipality_year.loc[own & municipality_year["year"].isin([2009, 2010]), "loans"] = 10
    if "large" in changed:  # one of the others larger than so many priority municipalities
        sizes = municipality_year.query("year == 2009 and group == 'priority'")["population"]
        code = municipality_year.query("group == 'other'")["municipality_code"].iloc[0]
        at = (municipality_year["municipality_code"] == code) & (municipality_year["year"] == 2009)
        municipality_year.loc[at, "population"] = sorted(sizes)[changed["large"] - 1]
    if "detectable" in changed:
        widest = replace(contrast.widest, detectable_above=changed["detectable"])
        contrast = replace(contrast, intervals={"phi17_t": widest})
    data = evidence.rated(contrast, group_year, municipality_year, STUDY.design)
    return data.set_index("criterion")["step"]


@pytest.mark.parametrize(
    ("criterion", "planted", "steps"),
    [
        ("years_before", "years", {0: 0, 1: 1, 2: 1, 3: 2, 4: 2}),
        ("known", "known", {42: 0, 43: 1, 68: 2, 80: 2, 81: 3}),
        ("alike", "large", {8: 0, 9: 1, 14: 2, 17: 3}),
        ("precise", "detectable", {1.51: 0, 1.5: 1, 1.25: 2, 1.1: 3}),
    ],
)
def test_each_criterion_of_the_evidence_is_rated_by_its_own_figure(
    criterion: str, planted: str, steps: dict[float, int]
) -> None:
    for value, step in steps.items():
        assert rated(**{planted: value})[criterion] == step, value


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_weakest_criterion_is_the_strength_of_the_evidence(language: str) -> None:
    s, words = STUDY, Words(language)
    shown = evidence.strength(
        s.contrasts["loans"], s.group_year, s.municipality_year, s.design, words
    )
    assert shown.numbers["evidence_strength"].value == shown.data["step"].min() == 0
    assert words("evidence.strength.step.very_weak") in shown.title
    assert shown.numbers["municipalities_known_share"].value == pytest.approx(17 / 85)
