"""The contrast as it is shown: reference values, identities, and words that follow the interval."""

from dataclasses import replace

import pytest
from displayed import displayed
from readers_eye import says

from bsup_analysis.analysis.outcome_contrast import OutcomeContrast
from bsup_analysis.chapters.effects import (
    contrast,
    specifications,
)
from bsup_analysis.design import Outcome
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.effects.verdict import published_verdict
from bsup_analysis.language import Words
from bsup_analysis.study import Study

OUTCOMES = ("loans", "amount", "average")


def opened(outcome: str = "loans", language: str = "en") -> Study:
    return Study(language, outcome=outcome, reading="signed_2010")


def numbers(study: Study, function: object) -> dict[str, float]:
    return {i: n.value for i, n in displayed(study, function).numbers.items()}  # type: ignore[arg-type]


def test_reference_values_of_the_loans_contrast() -> None:
    # by hand from p. 14 and the press, to three decimals
    found = numbers(opened(), contrast.group_contrast)
    ratio = "rate_ratio_loans_2009_2010"
    assert found[ratio] == pytest.approx((1009 / 738) / (478 / 309), rel=1e-12)
    assert round(found[f"{ratio}_ci_low_poisson"], 3) == 0.744
    assert round(found[f"{ratio}_ci_high_poisson"], 3) == 1.049
    assert round(found[f"{ratio}_ci_low_phi17"], 3) == 0.686
    assert round(found[f"{ratio}_ci_high_phi17"], 3) == 1.139
    rate = numbers(opened(), contrast.per_inhabitant)
    assert round(rate["log_rate_ratio_loans_2009_2010"], 4) == -0.1235
    assert round(rate["rate_ratio_per_inhabitant_2009_2010"], 3) == 0.879


def test_amount_contrast_carries_its_rounding() -> None:
    # press totals 498 and 673 million, each within half a million; table p. 14
    found = numbers(opened("amount"), contrast.group_contrast)
    own = 505_039_917 / 395_266_363
    low = own / ((673.5e6 - 505_039_917) / (497.5e6 - 395_266_363))
    high = own / ((672.5e6 - 505_039_917) / (498.5e6 - 395_266_363))
    ratio = "rate_ratio_amount_2009_2010"
    assert found[f"{ratio}_rounding_low"] == pytest.approx(low, rel=1e-12)
    assert found[f"{ratio}_rounding_high"] == pytest.approx(high, rel=1e-12)
    assert found[f"{ratio}_ci_low_phi17"] < low < high < found[f"{ratio}_ci_high_phi17"]


def test_ratio_of_amounts_is_that_of_loans_times_that_of_averages() -> None:
    ratios = {o: opened(o).outcome_contrast.ratio.value for o in OUTCOMES}
    assert ratios["amount"] == pytest.approx(ratios["loans"] * ratios["average"], rel=1e-12)


def test_outcome_for_each_inhabitant_is_divided_by_the_growth_in_inhabitants() -> None:
    whole = {"loans": opened(), "amount": opened("amount")}
    published = (
        whole["loans"].loans_contrast_per_inhabitant.ratio / whole["loans"].loans_contrast.ratio
    )
    for name, study in whole.items():
        of = study.design.outcomes[name]
        rate = Outcome(column=of.column, unit="a", reason="b", source="c", per="population")
        other = opened(name)
        other.design = replace(other.design, outcomes={**other.design.outcomes, "rate": rate})
        other.outcome = "rate"
        found, plain = other.outcome_contrast, study.outcome_contrast
        for end in ("value", "low", "high"):
            expected = published * getattr(plain.ratio, end)
            assert getattr(found.ratio, end) == pytest.approx(expected, rel=1e-12)
        assert {n: i.se for n, i in found.intervals.items()} == {
            n: i.se for n, i in plain.intervals.items()
        }
        # 738 loans or 395 266 363 NOK (table p. 14), 425 732 inhabitants (SSB, table 07459)
        before = 1000 * 738 if name == "loans" else 395_266_363
        assert found.before["priority"].value == pytest.approx(before / 425_732, rel=1e-12)


def test_growth_parts_multiply() -> None:
    found = numbers(opened(), contrast.growth_parts)
    for group in ("priority", "other"):
        product = (
            found[f"growth_number_{group}_2009_2010"] * found[f"growth_average_{group}_2009_2010"]
        )
        assert product == pytest.approx(found[f"growth_amount_{group}_2009_2010"], rel=1e-12)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_interval_has_its_detectable_ratio_and_widens_with_dispersion(outcome: str) -> None:
    study = opened(outcome)
    table = displayed(study, contrast.group_contrast).data
    assert (table["minimum_detectable_above"] > 1).all()
    assert (table["low"] < table["ratio"]).all()
    path = displayed(study, contrast.dispersion).data
    assert path["low"].is_monotonic_decreasing
    assert path["high"].is_monotonic_increasing


def test_at_the_tipping_dispersion_the_interval_touches_one() -> None:
    found = planted(opened("amount").outcome_contrast, 0.6)
    tipping = found.tipping_dispersion(0.95)
    assert tipping is not None
    assert found.interval_at(tipping, 0.95, 0.8).high == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_known_part_of_the_variance_is_the_priority_half_over_both(outcome: str) -> None:
    """By hand 31 % of loans, 22 % of NOK; both halves at the dispersion of the known one."""
    study = opened(outcome)
    found, clustered = study.outcome_contrast, study.outcome_contrast.intervals["clustered"]
    known = displayed(study, contrast.dispersion).numbers[f"known_variance_share_{outcome}"].value
    assert known == pytest.approx(found.variance_priority / clustered.se**2, rel=1e-12)
    assert round(known, 2) == {"loans": 0.31, "amount": 0.22, "average": 0.31}[outcome]


def planted(found: OutcomeContrast, ratio: float) -> OutcomeContrast:
    """The contrast as if its ratio were another, with the same uncertainty."""
    factor = ratio / found.ratio.value
    moved = {
        name: replace(i, ratio=i.ratio * factor, low=i.low * factor, high=i.high * factor)
        for name, i in found.intervals.items()
    }
    return replace(found, ratio=Interval.exact(ratio), intervals=moved)


# written here, so that words exchanged in the words' files are not exchanged here too: how a
# conclusion is titled, and what its sentence says of growth
CONCLUSIONS = {
    ("en", "worse"): ("worse", "Worse: ", "grew less in the priority"),
    ("en", "not_shown"): (
        "not shown",
        "Not shown: ",
        "developed better, or worse, in the priority",
    ),
    ("en", "improved"): ("improved", "Improved: ", "grew more in the priority"),
    ("nb", "worse"): ("dårligere", "Dårligere: ", "vokste mindre i satsingskommunene"),
    ("nb", "not_shown"): ("ikke påvist", "Ikke påvist: ", "bedre, eller dårligere, i satsingsk"),
    ("nb", "improved"): ("bedre", "Bedre: ", "vokste mer i satsingskommunene"),
}


@pytest.mark.parametrize(("ratio", "key"), [(0.5, "worse"), (1.0, "not_shown"), (2.0, "improved")])
@pytest.mark.parametrize("language", ["nb", "en"])
def test_words_follow_the_interval(ratio: float, key: str, language: str) -> None:
    words = Words(language)
    found = planted(opened().outcome_contrast, ratio)
    exhibit = contrast.verdict_table(published_verdict(found.intervals), found, words)
    word, start, growth = CONCLUSIONS[language, key]
    assert exhibit.title.endswith(f": {word}")
    assert exhibit.shown is not None
    assert exhibit.shown.iloc[-1, -1] == word
    assert exhibit.alternative_text.startswith(start)
    assert growth in exhibit.alternative_text
    side = {"worse": "below", "not_shown": "holds_one", "improved": "above"}[key]
    assert words(f"contrast.side.{side}") in contrast.group_contrast(found, words).caption


def test_specifications_are_those_of_the_design_and_few() -> None:
    study = opened()
    exhibit = displayed(study, specifications.specifications)
    assert list(exhibit.data["specification"]) == [s.name for s in study.design.specifications]
    assert len(exhibit.data) <= 30
    rows = exhibit.data.set_index("specification")
    assert rows.loc["loans", "ratio"] == pytest.approx(
        numbers(study, contrast.group_contrast)["rate_ratio_loans_2009_2010"], rel=1e-12
    )
    # two municipalities left out one after the other are two left out together
    assert rows.loc["loans_without_malvik", "ratio"] == pytest.approx(
        (1009 - 63) / (738 - 53) / (478 / 309), rel=1e-12
    )
    # Malvik's 17 loans less in the table are 17 more for the others: the region's sum stands
    assert rows.loc["loans_malvik_text", "ratio"] == pytest.approx(
        (1009 / (738 - 17)) / (478 / (309 + 17)), rel=1e-12
    )


def test_leaving_out_each_municipality_moves_the_ratio_the_right_way() -> None:
    study = opened()
    data = displayed(study, specifications.left_out).data.set_index("municipality_code")
    rows = study.priority_loans
    whole = study.loans_contrast.ratio
    for code, pre, post in zip(rows.codes, rows.pre, rows.post, strict=True):
        faster = post / pre > rows.growth
        assert (data.loc[code, "ratio"] < whole) == faster


def test_the_chosen_specification_is_its_row_of_the_figure() -> None:
    study = opened()
    rows = displayed(study, specifications.specifications).data.set_index("specification")
    for name, row in rows.iterrows():
        exhibit = specifications.chosen_specification(
            study.specification_table, str(name), study.words
        )
        for measure, value in row[list(specifications.MEASURES)].items():
            assert exhibit.numbers[f"chosen_specification_{measure}"].value == value
        key = (
            "holds_one"
            if row["low"] <= 1 <= row["high"]
            else "below"
            if row["high"] < 1
            else "above"
        )
        assert says(exhibit.caption, f"robustness.chosen.{key}", "en")


def test_the_main_specification_is_the_main_contrast() -> None:
    study = opened()
    main = numbers(study, contrast.group_contrast)
    table = study.specification_table
    own = specifications.chosen_specification(table, "loans", study.words).numbers
    ratio = "rate_ratio_loans_2009_2010"
    assert own["chosen_specification_ratio"].value == pytest.approx(main[ratio], rel=1e-12)
    low = own["chosen_specification_low"].value
    assert low == pytest.approx(main[f"{ratio}_ci_low_phi17_t"], rel=1e-12)
