"""Agreement against none: counts of the exact test, county sums, and words that follow."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from readers_eye import clashes, says
from scipy.stats.contingency import odds_ratio

from bsup_analysis.analysis.groups import AgreementReading
from bsup_analysis.chapters.effects.agreements import (
    FORMS,
    agreement_contrast_figure,
    agreement_table,
    assignment_bins,
    counties,
    county_rows,
    reading_intervals,
    reading_rows,
)
from bsup_analysis.effects.agreement import agreement_contrast, county_comparison
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.randomisation import randomise_growth
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.study import Study

READINGS = ("signed_2010", "eight_2013", "intended_2011")
SIDES = ("above", "below", "holds_one")
EN = Words("en")


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("en")


@pytest.fixture(scope="module")
def readings(study: Study) -> tuple[AgreementReading, ...]:
    return study.agreement_readings


def planted(
    growth_with: float, growth_without: float, *, reading: str = "signed_2010", each: int = 2
) -> AgreementReading:
    """As many municipalities of each kind in each of three counties, growing a little unevenly."""
    before = 400
    codes = [f"{county}{n:02d}" for county in (15, 16, 17) for n in range(1, 2 * each + 1)]
    treated = [code for code in codes if int(code[-2:]) <= each]
    rows = Paired(
        tuple(codes),
        (before,) * len(codes),
        tuple(
            round(
                before
                * (1.03 if int(c) % 2 else 0.97)
                * (growth_with if c in treated else growth_without)
            )
            for c in codes
        ),
    )
    return of_rows(rows, treated, {code: code[:2] for code in codes}, reading)


def of_rows(
    rows: Paired, treated: list[str], county: dict[str, str], reading: str = "signed_2010"
) -> AgreementReading:
    return AgreementReading(
        reading,
        agreement_contrast(rows, treated),
        randomise_growth(rows, treated),
        randomise_growth(rows, treated, [county[code] for code in rows.codes]),
        county_comparison(rows, treated, county),
    )


def said(text: str, keys: list[str], language: str) -> set[str]:
    return {key for key in keys if says(text, f"agreement.{key}", language)}


def test_every_reading_of_the_design_has_its_name(study: Study) -> None:
    allowed = study.design.parameters["reading"].allowed
    assert set(allowed) == set(READINGS)
    for language in LANGUAGES:
        assert len({Words(language)(f"readings.{name}") for name in allowed}) == 3


def test_the_exact_test_counts_every_choice(readings: tuple[AgreementReading, ...]) -> None:
    for row in reading_rows(readings).itertuples():
        assert row.units_with + row.units_without == 16  # Levanger and Verdal are one
        assert row.assignments == math.comb(16, row.units_with)
        assert row.p_value == row.extreme / row.assignments
        assert row.growth_with / row.growth_without == pytest.approx(row.ratio, rel=1e-12)
        assert row.low < row.ratio < row.high
        assert row.detectable_below * row.detectable_above == pytest.approx(1, rel=1e-12)


def test_bins_hold_every_assignment_once(readings: tuple[AgreementReading, ...]) -> None:
    for found in readings:
        bins = assignment_bins(found)
        assert bins["assignments"].sum() == found.randomisation.test.assignments
        assert bins["extreme"].sum() == found.randomisation.test.extreme
        assert (bins["extreme"] <= bins["assignments"]).all()
        # no bin wholly nearer to one than the observed ratio holds an extreme assignment
        far = abs(math.log(found.contrast.ratio))
        reach = np.maximum(np.abs(np.log(bins["low"])), np.abs(np.log(bins["high"])))
        assert (bins.loc[reach < far - 1e-9, "extreme"] == 0).all()


def test_an_assignment_with_none_in_a_year_is_in_the_last_bin() -> None:
    logs = np.array([-math.inf, -0.5, -0.1, 0.1, 0.5, math.inf])
    drawn = SimpleNamespace(log_ratios=logs, test=SimpleNamespace(extreme=4))
    bins = assignment_bins(SimpleNamespace(randomisation=drawn))
    assert bins["assignments"].sum() == 6
    assert list(bins["extreme"].iloc[[0, -1]]) == [2, 2]


def test_bins_count_ties_that_floats_do_not_see() -> None:
    logs = np.array([-0.3, -0.1, 0.1, 0.3 * (1 + 1e-16), 0.1 + 0.2, 0.2])
    drawn = SimpleNamespace(log_ratios=logs, test=SimpleNamespace(extreme=3))
    bins = assignment_bins(SimpleNamespace(randomisation=drawn))
    assert bins["extreme"].sum() == 3


def test_county_rows_add_up(readings: tuple[AgreementReading, ...]) -> None:
    for found in readings:
        rows = county_rows(found, level=0.95)
        sides = rows[rows["element"].isin(["with", "without"])]
        inside, whole = sides[sides["area"] != "all"], sides[sides["area"] == "all"]
        for kind in ("with", "without"):
            for column in ("units", "loans_before", "loans_after"):
                total = inside.loc[inside["element"] == kind, column].sum()
                assert total == whole.loc[whole["element"] == kind, column].item()
        assert (whole["loans_before"].sum(), whole["loans_after"].sum()) == (738, 1009)  # p. 14
        assert (rows["low"] < rows["ratio"]).all()
        assert (rows["ratio"] < rows["high"]).all()


def test_county_ratios_are_the_effects_own(readings: tuple[AgreementReading, ...]) -> None:
    rows = county_rows(readings[0], level=0.95)
    cells = rows.set_index(["area", "element"])
    for county in readings[0].counties.rows:
        row = cells.loc[(county.county, "poisson")]
        assert row["ratio"] == pytest.approx(county.ratio, rel=1e-12)
        # this package's Poisson interval against scipy's interval of the odds ratio
        both = cells.loc[[(county.county, "with"), (county.county, "without")]]
        table = both[["loans_after", "loans_before"]].to_numpy().astype(int)
        theirs = odds_ratio(table, kind="sample").confidence_interval(0.95)
        assert (row["low"], row["high"]) == pytest.approx(tuple(theirs), rel=1e-9)


@pytest.mark.parametrize("language", LANGUAGES)
def test_table_shows_every_number_with_its_interval(
    readings: tuple[AgreementReading, ...], language: str
) -> None:
    words = Words(language)
    exhibit = agreement_table(readings, words)
    shown, numbers = exhibit.shown, exhibit.numbers
    assert shown is not None
    assert shown.iloc[:, 0].is_unique
    for (_, cells), reading in zip(shown.iterrows(), READINGS, strict=True):
        row = " ".join(cells.astype(str))
        ratio = f"agreement_rate_ratio_{reading}"
        for identifier in (ratio, f"{ratio}_ci_low", f"{ratio}_ci_high"):
            assert words.decimal(numbers[identifier].value) in row
        for identifier in ("extreme", "assignments"):
            assert words.count(numbers[f"agreement_ri_{identifier}_{reading}"].value) in row
        assert words.decimal(numbers[f"agreement_ri_p_{reading}"].value, 3) in row
        p = numbers[f"agreement_ri_extreme_{reading}"].value
        p /= numbers[f"agreement_ri_assignments_{reading}"].value
        assert numbers[f"agreement_ri_p_{reading}"].value == p


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reading", READINGS)
def test_figure_never_shows_p_alone(
    readings: tuple[AgreementReading, ...], reading: str, language: str
) -> None:
    words = Words(language)
    exhibit = agreement_contrast_figure(readings, reading, words)
    found = next(r for r in readings if r.reading == reading)
    primary, test = found.contrast.jackknife, found.randomisation.test
    for text in (exhibit.caption, exhibit.alternative_text):
        for value in (primary.ratio, primary.low, primary.high, primary.detectable_above):
            assert words.decimal(value) in text
        assert words.decimal(test.p_value, 3) in text
        assert words.count(test.extreme) in text
        assert words.count(test.assignments) in text
    assert exhibit.id.endswith(reading)
    assert not exhibit.numbers  # they belong to the table: one name, one exhibit, in every run
    assert not clashes(exhibit)


def test_the_exact_test_is_never_rounded_to_nothing() -> None:
    found = [planted(3.0, 1.0, each=3)]
    p = found[0].randomisation.test.p_value
    assert p == 2 / math.comb(18, 9)  # the observed assignment and its mirror image
    shown = agreement_contrast_figure(found, "signed_2010", EN).alternative_text
    written = float(re.search(r"exact test (0\.\d+)", shown)[1])
    assert written == pytest.approx(p, rel=0.2)
    assert written > 0


WITH_EFFECT = [
    ((2.0, 1.0), "above"),
    ((1.0, 2.0), "below"),
    ((1.2, 1.2), "holds_one"),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("growths", "side"), WITH_EFFECT)
def test_words_follow_a_planted_effect(
    growths: tuple[float, float], side: str, language: str
) -> None:
    found = [planted(*growths, reading=reading) for reading in READINGS]
    words = Words(language)
    keys = [f"{how}_{end}" for how in ("every", "some") for end in SIDES]
    texts = [agreement_table(found, words).caption]
    texts.append(agreement_contrast_figure(found, "eight_2013", words).caption)
    for text in texts:
        assert said(text, [*keys, "forms_agree", "forms_differ"], language) == {
            f"every_{side}",
            "forms_agree",
        }


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_name_the_readings_that_differ(language: str) -> None:
    sides = {"signed_2010": (2.0, 1.0), "eight_2013": (1.0, 1.0), "intended_2011": (1.0, 2.0)}
    found = [planted(*growths, reading=reading) for reading, growths in sides.items()]
    words = Words(language)
    caption = agreement_table(found, words).caption
    keys = [f"{how}_{end}" for how in ("every", "some") for end in SIDES]
    assert said(caption, keys, language) == {f"some_{end}" for end in SIDES}
    above = words("agreement.some_above", readings=[words.quoted(words("readings.signed_2010"))])
    assert above in caption


def test_words_tell_when_the_forms_disagree() -> None:
    # one municipality far off its side: scaled (15 df pooled) and jackknife part ways
    found = next(
        reading
        for growth in np.linspace(1.02, 1.5, 97)
        if (reading := planted(growth, 1.0))
        and len({i.excludes_one for i in (getattr(reading.contrast, f) for f in FORMS)}) == 2
    )
    caption = agreement_table([found], EN).caption
    assert said(caption, ["forms_agree", "forms_differ"], "en") == {"forms_differ"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reading", READINGS)
def test_counties_tell_their_numbers(
    readings: tuple[AgreementReading, ...], reading: str, language: str
) -> None:
    words = Words(language)
    exhibit = counties(readings, reading, words)
    found = next(r for r in readings if r.reading == reading)
    assert found.counties.within is not None
    for interval in (found.contrast.jackknife, found.counties.within):
        for value in (interval.ratio, interval.low, interval.high):
            assert words.decimal(value) in exhibit.caption
            assert words.decimal(value) in exhibit.alternative_text
    for row in found.counties.rows:
        contrast = found.contrast
        for side, codes in ((contrast.treated, row.treated), (contrast.untreated, row.untreated)):
            if not codes:
                continue
            growth = side.only(codes).growth
            assert words.decimal(growth) in exhibit.alternative_text
    for name in ("Møre og Romsdal", "Sør-Trøndelag", "Nord-Trøndelag"):
        assert name in exhibit.alternative_text
    one_kind = any(row.ratio is None for row in found.counties.rows)
    assert says(exhibit.caption, "agreement.counties.dropped", language) == one_kind
    identifier = f"agreement_within_county_ratio_{reading}"
    assert exhibit.numbers[identifier].value == found.counties.within.ratio
    assert exhibit.shown is not None
    assert exhibit.shown.iloc[:, 0].is_unique
    assert not clashes(exhibit)


def by_county(with_agreement: dict[str, float], without: dict[str, float]) -> AgreementReading:
    """Growth of two municipalities of each kind in each county named."""
    rows = {
        f"{county}{n:02d}": growth
        for kind, first in ((with_agreement, 1), (without, 3))
        for county, growth in kind.items()
        for n in (first, first + 1)
    }
    codes = tuple(sorted(rows))
    paired = Paired(
        codes, (300,) * len(codes), tuple(round(300 * rows[c]) + int(c) % 2 for c in codes)
    )
    treated = [code for code in codes if code[-1] in "12"]
    return of_rows(paired, treated, {code: code[:2] for code in codes})


KEYS = ["counties.pooled_nearer", "counties.pooled_not_nearer", "counties.pooled_unknown"]
PATTERNS = [
    # counties differ and more agreements lie in the county that grew: county explains all
    ({"15": 3.0, "16": 1.0}, {"16": 1.0, "17": 1.0}, "counties.pooled_nearer"),
    # the agreement doubles growth inside both, but counties cancel it across
    ({"15": 2.0, "16": 4.0}, {"15": 1.0, "16": 2.0, "17": 4.0}, "counties.pooled_not_nearer"),
    # no county has both kinds
    ({"15": 2.0, "16": 2.1}, {"17": 1.0}, "counties.pooled_unknown"),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("with_agreement", "without", "key"), PATTERNS)
def test_words_on_county_follow_planted_growth(
    with_agreement: dict[str, float], without: dict[str, float], key: str, language: str
) -> None:
    found = by_county(with_agreement, without)
    exhibit = counties([found], "signed_2010", Words(language))
    assert said(exhibit.caption, KEYS, language) == {key}
    assert said(exhibit.alternative_text, KEYS, language) == {key}
    pooled = "agreement_within_county_ratio_signed_2010" in exhibit.numbers
    assert pooled == (found.counties.within is not None)
    assert exhibit.svg()


def test_intervals_are_those_of_the_contrast(readings: tuple[AgreementReading, ...]) -> None:
    table = reading_intervals(readings)
    assert len(table) == len(readings) * len(FORMS)
    one = pd.Series(table["ratio"].to_numpy().reshape(len(readings), len(FORMS)).std(axis=1))
    assert (one < 1e-12).all()  # the forms differ in width alone
    assert (table["low"] < table["ratio"]).all()
