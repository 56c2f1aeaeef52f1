"""The study as an object: typed attributes, what they rest on, and whose an exhibit is."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bsup_analysis.chapters.effects.contrast import group_contrast
from bsup_analysis.chapters.programme.shares import population_share
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.coefficients import regression
from bsup_analysis.language import LANGUAGES
from bsup_analysis.study import DemonstrationStudy, MunicipalStudy, Study, municipal_study
from bsup_analysis.study.recording import Recording, result

CHECKOUT = Path(__file__).parents[1]
FORMULA = "loans ~ treated | unit + year"


@pytest.fixture
def study() -> Study:
    return Study("en")


def test_an_attribute_is_computed_once_and_knows_what_it_rests_on() -> None:
    computed = []

    class Three(Recording):
        @result
        def first(self) -> int:
            computed.append("first")
            return 1

        @result
        def second(self) -> list[int]:
            return [self.first + 1]

        @result
        def third(self) -> list[int]:
            return [*self.second, self.first]

    three = Three()
    assert three.third == [2, 1]
    assert three.third is three.third
    assert computed == ["first"]
    assert three.behind(three.third) == {"first", "second", "third"}
    assert three.behind(three.second) == {"first", "second"}
    assert three.behind([2]) is None


def test_an_unknown_attribute_says_what_there_is(study: Study) -> None:
    with pytest.raises(AttributeError, match=r"no 'loan_contrast'; near names: loans_contrast"):
        _ = study.loan_contrast
    with pytest.raises(AttributeError, match=r"It has: .*group_year, .*verdict"):
        _ = study.anything
    with pytest.raises(AttributeError, match="no 'municipal_estimands'"):
        _ = study.municipal_estimands  # of another level


def test_an_error_inside_an_attribute_is_not_taken_for_an_unknown_one() -> None:
    class Broken(Recording):
        @result
        def value(self) -> int:
            return self.nothing  # type: ignore[no-any-return]

    with pytest.raises(RuntimeError, match="value could not be computed: Broken has no 'nothing'"):
        _ = Broken().value


def test_a_renamed_result_is_an_error_before_anything_runs(tmp_path: Path) -> None:
    """What mypy says of a notebook's line: the attribute's type, and a name that is not there."""
    program = tmp_path / "cell.py"
    program.write_text(
        "from bsup_analysis.study import Study\n"
        "study = Study('en')\nreveal_type(study.loans_contrast)\n"
        "reveal_type(study.fit('', study.group_year))\n"
        "study.loans_contrast.log_ration\n",
        encoding="utf-8",
    )
    cache = ["--cache-dir", str(CHECKOUT / ".mypy_cache")]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *cache, "--follow-imports", "silent", str(program)],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )
    for name in ("group_poisson.GroupContrast", "regression.Fit"):
        assert re.search(rf'Revealed type is ".*{name}', run.stdout), run.stdout + run.stderr
    assert 'has no attribute "log_ration"' in run.stdout


def test_the_main_interval_is_the_regression_digit_for_digit(study: Study) -> None:
    numbers = json.loads((CHECKOUT / "reports/numbers.json").read_text(encoding="utf-8"))
    units = study.contrast_units
    assert units.shape[0] == 36
    fit = study.fit(FORMULA, units)
    interval = fit.interval()
    stem = "rate_ratio_loans_2009_2010"
    for name, value in (
        (stem, interval.ratio),
        (f"{stem}_ci_low_phi17_t", interval.low),
        (f"{stem}_ci_high_phi17_t", interval.high),
        ("minimum_detectable_ratio_phi17_t", interval.detectable_above),
    ):
        assert f"{value:.10g}" == f"{numbers[name]['value']:.10g}", name
    # recomputed with statsmodels alone and with R
    assert fit.params["treated"] == pytest.approx(-0.12350, abs=5e-6)
    assert fit.se["treated"] == pytest.approx(0.12939, abs=5e-6)
    assert fit.dispersion == pytest.approx(2.1814, abs=5e-5)
    assert fit.df == 16
    assert abs(fit.params["treated"] - study.loans_contrast.log_ratio) < 1e-9


def test_what_the_study_handed_out_is_published_with_what_it_rests_on(tmp_path: Path) -> None:
    study = Study("en", str(tmp_path))
    fit = study.fit(FORMULA, study.contrast_units)
    exhibit = study.show(regression(fit, study.words))
    study.close()
    assert exhibit.banner == ""
    entry = json.loads((tmp_path / "exhibits.json").read_text(encoding="utf-8"))[exhibit.id]
    assert entry["tables"] == ["group_year", "municipality_year"]
    assert entry["results"] == ["contrast_units"]
    assert (tmp_path / "tables" / f"{exhibit.id}.csv").is_file()


def readers(study: Study) -> dict[str, Exhibit]:
    """Exhibits that rest on something the study did not hand out."""
    units, words = study.contrast_units, study.words
    dropped = units.query("name != 'Stjørdal'")
    changed = replace(study.outcome_contrast, outcome="loans")
    own = study.group_year.assign(population=1)
    other = Study("en").outcome_contrast
    return {
        "a sample of the reader's": regression(study.fit(FORMULA, dropped), words),
        "a result changed": group_contrast(changed, words),
        "a table changed": population_share(own, study.programme_p13_shares, words),
        "a result of another study": group_contrast(other, words),
        "an exhibit made by hand": Exhibit("mine", "T", "", "S", "A", dropped),
    }


def test_what_it_did_not_hand_out_is_the_readers_shown_and_never_written(tmp_path: Path) -> None:
    study = Study("en", str(tmp_path))
    for why, exhibit in readers(study).items():
        shown = study.show(exhibit)
        assert shown.banner.startswith("A reader's own"), why
        assert "<strong>A reader&#x27;s own" in shown._repr_html_(), why
    study.close()
    assert json.loads((tmp_path / "exhibits.json").read_text()) == {}
    assert json.loads((tmp_path / "numbers.json").read_text()) == {}
    assert not (tmp_path / "tables").exists()


def test_a_table_changed_in_place_is_the_readers_too(study: Study) -> None:
    assert study.show(group_contrast(study.outcome_contrast, study.words)).banner == ""
    study.group_year.loc[0, "loans"] = 1
    again = group_contrast(study.outcome_contrast, study.words)
    assert study.show(again).banner.startswith("A reader's own")


def test_dropping_a_municipality_takes_one_line(study: Study) -> None:
    mine = study.fit(FORMULA, study.contrast_units.query("name != 'Stjørdal'"))
    found = mine.interval()
    assert [f"{x:.3f}" for x in (found.ratio, found.low, found.high)] == ["0.906", "0.688", "1.192"]
    assert regression(mine, study.words).figure.axes


def test_another_formula_changes_estimate_and_interval(study: Study) -> None:
    units = study.contrast_units
    logs = study.fit("np.log(loans) ~ treated | unit + year", units, family="gaussian")
    more = study.fit("loans ~ treated + np.log(population) | unit + year", units)
    assert list(more.params.index) == ["treated", "np.log(population)"]
    ratios = {f"{one.interval('treated').ratio:.6f}" for one in (logs, more)}
    assert len(ratios | {f"{study.loans_contrast.ratio:.6f}"}) == 3
    with pytest.raises(InputError, match="two of each"):
        study.fit(FORMULA, units, vcov="CRV3")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_regression_reads_in_each_language(language: str) -> None:
    study = Study(language)
    units, words = study.contrast_units, study.words
    linear = study.fit("loans ~ treated | unit + year", units, family="gaussian")
    for fit in (study.fit(FORMULA, units), study.fit("amount_nok" + FORMULA[5:], units), linear):
        exhibit = regression(fit, words)
        text = exhibit.title + exhibit.caption + exhibit.alternative_text
        assert not re.search(r"[{}]|\bnan\b|<NA>|  ", text)
        assert exhibit.shown is not None
        assert exhibit.shown.iloc[0, 1].removeprefix("\N{MINUS SIGN}")[0].isdigit()
        assert (exhibit.draw is None) == (fit is linear)


def test_the_sentence_follows_from_the_interval(study: Study) -> None:
    units = study.contrast_units
    for factor, side in ((1, "includes 1"), (3, "above 1"), (1 / 3, "below 1")):
        treated = units["treated"] == 1
        planted = units.assign(
            loans=units["loans"].astype(float).mask(treated, units["loans"] * factor)
        )
        assert side in regression(study.fit(FORMULA, planted), study.words).caption


def test_levels_are_classes(tmp_path: Path) -> None:
    assert type(municipal_study("en")) is MunicipalStudy
    demonstration = municipal_study("en", str(tmp_path), panel="synthetic")
    assert type(demonstration) is DemonstrationStudy
    fit = demonstration.fit(FORMULA, demonstration.municipal_units, exposure="population")
    shown = demonstration.show(regression(fit, demonstration.words))
    assert shown.banner.startswith("SYNTHETIC")
    (first, *_) = demonstration.municipal_estimands
    assert first.estimate is not None
    assert fit.vcov_type == "CRV3"
    assert fit.interval().low == pytest.approx(first.estimate.interval.low, rel=1e-9)
    # planted with 1.3, and found (bsup demo, seed 1)
    assert fit.interval().low < 1.3 < fit.interval().high


def test_results_are_what_their_types_say(study: Study) -> None:
    assert isinstance(study.loans_contrast, GroupContrast)
    assert isinstance(study.group_year, pd.DataFrame)
