"""The share of 2008: identities between readings, and words that follow the share."""

import pytest
from readers_eye import says

from bsup_analysis.chapters.effects.share_2008 import (
    observed_average_ratio,
    share_points,
    share_readings,
)
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.study import Study

YEARS = (2009, 2010)
SIDES = ("above", "below", "holds_one")
EN = Words("en")


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("en")


def readings(study: Study, share: Interval, words: Words = EN) -> Exhibit:
    return share_readings(share, study.group_year, study.design, words)


@pytest.fixture(scope="module")
def points(study: Study):
    return share_points(study.printed_share_2008, study.group_year, YEARS)


def test_break_evens_from_printed_figures(study: Study) -> None:
    # document pp. 11, 13 and 14: 79 %; 738 of 1047 loans in 2009, 1009 of 1487 in 2010
    numbers = readings(study, study.printed_share_2008).numbers
    for year, priority, other in ((2009, 738, 309), (2010, 1009, 478)):
        for end, share in (("", 0.79), ("_low", 0.785), ("_high", 0.795)):
            expected = (share / (1 - share)) / (priority / other)
            found = numbers[f"breakeven_average_ratio_2008_{year}{end}"].value
            assert found == pytest.approx(expected, rel=1e-12)


def test_reading_as_loans_does_not_depend_on_the_years_total(study: Study) -> None:
    numbers = readings(study, study.printed_share_2008).numbers
    for total in (931, 993, 5000):
        growth = (738 / (0.79 * total)) / (309 / (0.21 * total))
        found = numbers["implied_ratio_2008_2009_loans"].value
        assert found == pytest.approx(growth, rel=1e-12)


def test_the_two_years_differ_by_the_known_contrast(study: Study, points) -> None:
    wide = points.pivot(index=["point", "average_ratio"], columns="year", values="ratio")
    contrast = study.loans_contrast.totals.ratio
    assert len(wide) > 40
    assert (wide[2010] / wide[2009]).to_numpy() == pytest.approx(contrast, rel=1e-12)


def test_lines_pass_one_at_the_break_evens(points) -> None:
    for year in YEARS:
        own = points[points["year"] == year]
        even = own[own["point"] == f"breakeven_{year}"].iloc[0]
        assert even["ratio"] == 1
        grid = own[own["point"] == "grid"]
        # the line goes through the origin: ratio = average ratio / break-even
        expected = grid["average_ratio"] / even["average_ratio"]
        assert grid["ratio"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)
        assert grid["average_ratio"].min() < even["average_ratio"] < grid["average_ratio"].max()
        marked = own[own["point"] != "grid"]
        on_line = marked["average_ratio"] / even["average_ratio"]
        assert len(marked) == 5
        assert marked["ratio"].to_numpy() == pytest.approx(on_line.to_numpy(), rel=1e-12)
        at_ends = grid["average_ratio"] / even["average_ratio_high"]
        assert grid["ratio_low"].to_numpy() == pytest.approx(at_ends.to_numpy(), rel=1e-12)


def test_observed_average_ratio_from_printed_figures(study: Study) -> None:
    # p. 14 sums and the press totals of 498 million (2009), half a million either way
    def of(total: float) -> float:
        return (395_266_363 / 738) / ((total - 395_266_363) / 309)

    found = observed_average_ratio(study.group_year, 2009)
    assert found.value == pytest.approx(of(498e6), rel=1e-12)
    assert found.low == pytest.approx(of(498.5e6), rel=1e-12)
    assert found.high == pytest.approx(of(497.5e6), rel=1e-12)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figure_tells_its_numbers(study: Study, language: str) -> None:
    words = Words(language)
    exhibit = readings(study, study.printed_share_2008, words)
    for identifier in (
        "breakeven_average_ratio_2008_2009",
        "breakeven_average_ratio_2008_2010",
        "implied_ratio_2008_2009_loans",
        "implied_ratio_2008_2010_loans",
        "implied_ratio_2008_2009_average_2009",
        "implied_ratio_2008_2010_average_2010",
    ):
        for end in ("", "_low", "_high"):
            number = words.decimal(exhibit.numbers[identifier + end].value)
            assert number in exhibit.alternative_text
            # what rests on an assumed average is drawn, and told of in the alternative text alone
            assert (number in exhibit.caption) != ("_average_20" in identifier)
    assert exhibit.shown is not None
    assert exhibit.shown.iloc[:, 0].is_unique


def sides(text: str, language: str) -> set[str]:
    keys = [f"{how}_{side}" for how in ("both", "to") for side in SIDES]
    return {key for key in keys if says(text, f"share_2008.{key}", language)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (Interval.rounded(0.40, 0.01), {"both_above"}),
        (Interval.rounded(0.95, 0.01), {"both_below"}),
        # so coarse a share that nothing is known
        (Interval.rounded(0.70, 0.30), {"both_holds_one"}),
    ],
)
def test_words_follow_the_share(
    study: Study, share: Interval, expected: set[str], language: str
) -> None:
    caption = readings(study, share, Words(language)).caption
    assert sides(caption, language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_tell_the_years_apart_where_they_differ(study: Study, language: str) -> None:
    # the share of loans of 2009 itself: nothing changed to 2009, a fall to 2010
    share = Interval.rounded(738 / 1047, 0.002)
    words = Words(language)
    exhibit = readings(study, share, words)
    of_loans = [
        words(
            f"share_2008.to_{side}",
            year=year,
            ratio=tuple(
                exhibit.numbers[f"implied_ratio_2008_{year}_loans{end}"].value
                for end in ("", "_low", "_high")
            ),
        )
        for year, side in ((2009, "holds_one"), (2010, "below"))
    ]
    first, second = of_loans
    assert words("share_2008.joined", first=first, second=second) in exhibit.caption
