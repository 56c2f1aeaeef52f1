"""Exhibits of the simulations: labelled everywhere, equal to what is stored, words that follow."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from displayed import displayed
from readers_eye import says

from bsup_analysis import paths
from bsup_analysis.chapters.power import bias, rejection
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.style import house_style
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.simulation.schemas import SCHEMAS, differs, read_stored
from bsup_analysis.study import Study

SHOWN = (
    rejection.size,
    rejection.curves,
    rejection.detectable,
    bias.coverage,
    bias.regression_to_mean,
    bias.largest_apart,
    bias.linear_rates,
    bias.pretrend,
)
MARK = {"nb": "SYNTETISK", "en": "SYNTHETIC"}


@pytest.fixture(scope="module", params=LANGUAGES)
def study(request: pytest.FixtureRequest) -> Study:
    return Study(request.param)


def stored(name: str) -> list[dict[str, str]]:
    with (paths.simulation() / f"SYNTHETIC_{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("function", SHOWN)
def test_every_exhibit_says_that_it_is_synthetic(study, function):
    exhibit = displayed(study, function)
    assert exhibit.id.startswith("power_")
    assert exhibit.title.startswith(MARK[study.words.language])
    assert MARK[study.words.language] in exhibit.source
    assert set(exhibit.data["label"]) == {"SYNTHETIC"}
    assert exhibit.data.columns[0] == "label"
    if exhibit.draw is not None:
        with house_style():
            figure = exhibit.draw()
        assert figure.get_suptitle().startswith(MARK[study.words.language])
    if exhibit.shown is not None:
        assert exhibit.shown.iloc[:, 0].is_unique


def test_numbers_are_those_stored(study):
    for function in SHOWN:
        displayed(study, function)
    found = study.headlines().numbers
    size_of = {(r["test"], r["scenario"]): r for r in stored("rejection") if r["effect"] == "1"}
    assert len(size_of) == 9 * 4
    for (test, name), row in size_of.items():
        assert found[f"power_size_{test}_{name.lower()}"].value == float(row["rejection_rate"])
    for row in stored("detectable"):
        if row["test"] == "crv3_t_treated":
            number = found[f"power_detectable_{row['scenario'].lower()}"]
            assert number.value == float(row["detectable_ratio"])
    left = found["power_pretrend_left_0_10_c"].value
    (row,) = [
        r for r in stored("pretrend") if (r["scenario"], r["drift_per_year"]) == ("C", "0.100000")
    ]
    assert left == pytest.approx(np.exp(float(row["mean_log_ratio_passed"])), rel=1e-12)
    assert all(name.startswith("power_") for name in found)


def test_the_curve_passes_through_what_it_is_said_to_detect(study):
    """Read off the drawn curve, the detectable ratio has the power it is said to have."""
    exhibit = displayed(study, rejection.curves)
    for name, curve in exhibit.data.groupby("scenario"):
        ratio = exhibit.numbers[f"power_detectable_{name.lower()}"].value
        at = np.interp(np.log(ratio), np.log(curve["effect"]), curve["rejection_rate"])
        assert at == pytest.approx(0.8, abs=1e-5)  # six digits are stored


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_about_the_level_follow_the_rates(language):
    study = Study(language)
    table, words = study.SYNTHETIC_rejection, Words(language)
    none = rejection.size(table.assign(rejection_rate=0.2), study.design, words)
    assert says(none.caption, "power.size.none", language)
    kept = rejection.size(table.assign(rejection_rate=0.05), study.design, words)
    assert says(kept.caption, "power.size.kept", language)
    assert (
        words("power.test_name.poisson")
        in kept.caption.split(words("power.test_name.crv3_t_treated"))[1]
    )


def test_a_range_of_equals_is_one_value():
    words = Words("en")
    table = Study("en").SYNTHETIC_pretrend.assign(mean_log_ratio_passed=0.0)
    caption = bias.pretrend(table, Study("en").design, words).caption
    assert "ratio of 1.00;" in caption


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data" / "simulation"
    shutil.copytree(paths.simulation(), folder)
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    return folder


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_stored_tables_are_read_as_they_are(name):
    table = read_stored(name)
    assert isinstance(table, pd.DataFrame)
    assert len(table) == len(stored(name.removeprefix("SYNTHETIC_")))
    assert differs(name) is None


def test_a_table_that_was_changed_is_refused(copied):
    path = copied / "SYNTHETIC_rejection.csv"
    path.write_text(path.read_text().replace("0.160500", "0.050000", 1))
    with pytest.raises(InputError, match="is not the file its record describes; restore it"):
        read_stored("SYNTHETIC_rejection")
    path.write_text(path.read_text().replace("0.050000", "5", 1))
    with pytest.raises(InputError, match=r"SYNTHETIC_rejection\.csv, row 2: rejection_rate"):
        read_stored("SYNTHETIC_rejection")


def test_a_table_without_a_record_is_refused(copied):
    record = copied / "SYNTHETIC_bias.provenance.toml"
    record.write_text("title =")
    with pytest.raises(InputError, match="cannot be read"):
        read_stored("SYNTHETIC_bias")
    record.unlink()
    with pytest.raises(InputError, match=r"SYNTHETIC_bias\.provenance\.toml is missing"):
        read_stored("SYNTHETIC_bias")
