"""The demonstration panel: calibrated, repeatable, and impossible to take for data."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.demo import (
    YEARS,
    Calibration,
    DemoParameters,
    calibration,
    demo_panel,
    demo_text,
    expected_loans,
    read_demo,
    write_demo,
)
from bsup_analysis.municipal_import.importing import import_file
from bsup_analysis.municipal_import.municipalities import Reference
from bsup_analysis.study import read_table

PARAMETERS = DemoParameters(seed=7, effect=None, dispersion=2.0, noise=0.3)
# Document pp. 11 and 14, press totals.
PUBLISHED = {("priority", 2009): 738, ("priority", 2010): 1009, ("other", 2009): 309}


@pytest.fixture(scope="module")
def known() -> Calibration:
    return calibration(*map(read_table, ("group_year", "municipality_year", "region_year")))


def test_expected_loans_are_the_published_ones(known: Calibration) -> None:
    expected = expected_loans(known, None)
    for key, loans in PUBLISHED.items():
        assert expected[key] == pytest.approx(loans, rel=1e-12)
    for year, loans in {2007: 993, 2008: 931, 2009: 1047, 2010: 1487}.items():
        total = expected["priority", year] + expected["other", year]
        assert total == pytest.approx(loans, rel=1e-12)


@pytest.mark.parametrize("effect", [0.7, 1.0, 1.3])
def test_a_chosen_effect_is_the_ratio_of_ratios(known: Calibration, effect: float) -> None:
    expected = expected_loans(known, effect)

    def odds(year: int) -> float:
        return expected["priority", year] / expected["other", year]

    assert odds(2010) / odds(2009) == pytest.approx(effect, rel=1e-12)
    assert odds(2008) / odds(2005) == pytest.approx(1, rel=1e-12)
    assert expected["priority", 2010] + expected["other", 2010] == pytest.approx(1487, rel=1e-12)


def test_draws_are_calibrated_in_the_mean(known: Calibration) -> None:
    draws = 100
    sums = [
        demo_panel(known, replace(PARAMETERS, seed=seed))
        .groupby(["group", "year"])[["loans", "amount_nok"]]
        .sum()
        for seed in range(draws)
    ]
    mean = sum(sums) / draws
    for (group, year), loans in expected_loans(known, None).items():
        # variance of a sum is dispersion x mean; five standard errors, 16 cells, fixed seeds
        error = np.sqrt(PARAMETERS.dispersion * loans / draws)
        assert abs(mean.loc[(group, year), "loans"] - loans) < 5 * error
    for group, nok in (("priority", 395_266_363), ("other", 102_733_637)):
        # a single large unit carries much of the noise: 5 % is about four standard errors
        assert mean.loc[(group, 2009), "amount_nok"] == pytest.approx(nok, rel=0.05)


def test_dispersion_is_variance_over_mean(known: Calibration) -> None:
    for dispersion in (1.0, 4.0):
        panels = [
            demo_panel(known, replace(PARAMETERS, seed=seed, dispersion=dispersion))
            .groupby(["group", "year"])["loans"]
            .sum()
            for seed in range(100)
        ]
        table = pd.concat(panels, axis=1)
        ratio = (table.var(axis=1) / table.mean(axis=1)).mean()
        # 16 cells of 100 draws: the standard error of the mean ratio is about 3.5 %
        assert ratio == pytest.approx(dispersion, rel=0.12)


def test_units_are_pseudonymous_and_every_row_says_what_it_is(known: Calibration) -> None:
    panel = demo_panel(known, PARAMETERS)
    units = panel["unit"].unique()
    assert sorted(units) == [f"SYN-O{n:02d}" for n in range(1, 69)] + [
        f"SYN-P{n:02d}" for n in range(1, 18)
    ]
    assert set(panel["source"]) == {"synthetic"}
    assert set(panel["county"]) == {"SYN-K01", "SYN-K02", "SYN-K03"}
    assert panel["cluster"].str.fullmatch(r"SYN-[POC]\d\d").all()
    assert len(panel) == 85 * len(YEARS)
    assert panel[["loans", "amount_nok", "population"]].ge(0).all(axis=None)


def test_the_parts_of_the_real_units_are_played(known: Calibration) -> None:
    units = demo_panel(known, PARAMETERS).drop_duplicates("unit").set_index("unit")
    played = units.groupby("role").size().to_dict()
    assert played == {"": 80, "largest": 1, "loss_sharing": 1, "partner": 3}
    largest = units.index[units["role"] == "largest"].item()
    assert (
        units.loc[largest, "population"] == units.query("group == 'priority'")["population"].max()
    )
    assert set(units.loc[units["role"] == "partner", "group"]) == {"other"}
    # two units administer together; nine of the priority group have an agreement, two of them later
    assert units["cluster"].nunique() == len(units) - 1
    assert units["agreement_year"].value_counts().to_dict() == {2010: 7, 2011: 2}
    assert units.groupby("county")["group"].nunique().eq(2).all()


def test_same_bytes_whatever_the_hash_seed(known: Calibration) -> None:
    program = (
        "from bsup_analysis.municipal_import.demo import *;"
        "from bsup_analysis.study import read_table;"
        "import hashlib; p = DemoParameters(7, None, 2.0, 0.3);"
        "k = calibration(*map(read_table, ('group_year', 'municipality_year', 'region_year')));"
        "print(hashlib.sha256(demo_text(demo_panel(k, p), p).encode()).hexdigest())"
    )
    other = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": other},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    own = demo_text(demo_panel(known, PARAMETERS), PARAMETERS)
    assert hashlib.sha256(own.encode()).hexdigest() == found
    assert own != demo_text(demo_panel(known, replace(PARAMETERS, seed=8)), PARAMETERS)


def test_written_and_read_back(known: Calibration, tmp_path: Path) -> None:
    panel = demo_panel(known, PARAMETERS)
    path = write_demo(panel, PARAMETERS, tmp_path)
    assert path.name == "SYNTHETIC_start_loans_seed7.csv"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# SYNTHETIC ")
    assert '"seed": 7' in first
    read, parameters = read_demo(path)
    assert parameters == PARAMETERS
    pd.testing.assert_frame_equal(read, panel, check_dtype=False)


@pytest.mark.parametrize("harm", ["edit", "rename", "behead", "remove"])
def test_a_changed_file_is_not_read(known: Calibration, tmp_path: Path, harm: str) -> None:
    path = write_demo(demo_panel(known, PARAMETERS), PARAMETERS, tmp_path)
    text = path.read_text(encoding="utf-8")
    if harm == "edit":
        path.write_text(text.replace("2009", "2008", 1), "utf-8")
    elif harm == "rename":
        path = path.rename(tmp_path / "data.csv")
    elif harm == "behead":
        path.write_text(text.partition("\n")[2], "utf-8")
    else:
        path.unlink()
    with pytest.raises(InputError):
        read_demo(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_only_an_ordinary_file_is_read_as_a_panel(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "SYNTHETIC_pipe.csv", tmp_path / "SYNTHETIC_folder.csv"
    os.mkfifo(pipe)
    folder.mkdir()
    for path, words in ((pipe, "no ordinary file"), (folder, "is a folder")):
        with pytest.raises(InputError, match=words):
            read_demo(path)
    if Path("/dev/zero").exists():
        with pytest.raises(InputError, match="no ordinary file"):
            read_demo(Path("/dev/zero"))


@pytest.mark.parametrize("harm", ["none", "rename", "behead", "without_source"])
def test_the_importer_refuses_it_in_any_guise(
    known: Calibration, tmp_path: Path, against: Reference, harm: str
) -> None:
    path = write_demo(demo_panel(known, PARAMETERS), PARAMETERS, tmp_path)
    text = path.read_text(encoding="utf-8")
    if harm != "none":
        path = tmp_path / "startlån.csv"
        body = text.partition("\n")[2]
        kept = text if harm == "rename" else body
        if harm == "without_source":
            kept = body.replace(",synthetic\n", ",\n")
        path.write_text(kept.replace("unit,", "kommune,", 1), "utf-8")
    with pytest.raises(InputError, match="synthetic"):
        import_file(path, against, definition="loans")


@pytest.mark.parametrize("folder", ["data", "data/municipal", "data/raw", "reports"])
def test_it_is_never_written_among_data_or_results(
    known: Calibration, project: Path, folder: str
) -> None:
    with pytest.raises(InputError, match="never written"):
        write_demo(demo_panel(known, PARAMETERS), PARAMETERS, project / folder)


@pytest.mark.parametrize(
    "wrong", [{"effect": 0.0}, {"dispersion": 0.5}, {"noise": -1.0}, {"seed": -1}]
)
def test_parameters_out_of_range_are_refused(known: Calibration, wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        demo_panel(known, replace(PARAMETERS, **wrong))
