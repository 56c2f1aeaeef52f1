"""The stored results: labelled, recorded, reproducible, and of the pattern they are quoted for."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from bsup_analysis.files import sha256
from bsup_analysis.simulation.config import FILE, load_config
from bsup_analysis.simulation.replicate import TESTS
from bsup_analysis.simulation.results import PREFIX, first_rejections
from bsup_analysis.simulation.schemas import SCHEMAS

FOLDER = Path(__file__).resolve().parents[2] / "data" / "simulation"
NAMES = (
    "rejection",
    "detectable",
    "coverage",
    "bias",
    "pretrend",
    "rule",
    "rule_coverage",
    "rule_detectable",
    "randomisation",
)


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{PREFIX}{name}.csv")


def record(name: str) -> dict:
    return tomllib.loads((FOLDER / f"{PREFIX}{name}.provenance.toml").read_text(encoding="utf-8"))


def test_every_file_is_labelled_synthetic():
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {f"{PREFIX}{n}{end}" for n in NAMES for end in (".csv", ".provenance.toml")}


@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_the_one_its_record_describes(name):
    found = record(name)
    assert found["sha256"] == sha256(FOLDER / f"{PREFIX}{name}.csv")
    assert found["scenarios_sha256"] == sha256(FILE)
    assert found["seed"] == load_config().run.seed.value
    assert found["title"].startswith("SYNTHETIC")
    assert list(found["columns"]) == list(table(name).columns)
    described = SCHEMAS[f"{PREFIX}{name}"].columns.items()
    assert found["columns"] == {column: told.description for column, told in described}


def test_the_code_still_gives_the_stored_results(pool, region):
    """The first draws anew: whoever changes the numbers must store them again."""
    anew = pool.submit(first_rejections, region).result()
    for name in NAMES:
        assert record(name)["first_rejections"] == anew


def rejections() -> pd.DataFrame:
    none = table("rejection").query("effect == 1")
    return none.pivot(index="test", columns="scenario", values="rejection_rate")


def test_rejections_at_no_effect_are_complete():
    found = table("rejection")
    config = load_config()
    assert len(found) == 4 * len(config.run.effects.value) * 9
    assert set(found["test"]) == set(TESTS)
    assert set(found["draws"]) == {config.run.draws.value}


@pytest.mark.parametrize(
    ("test", "low", "high"),
    [  # a run of other code, 2 000 draws; margins of two Monte Carlo errors (.5 to 1.1 points)
        ("poisson", 0.16, 0.58),
        ("quasi_poisson", 0.10, 0.37),
        ("crv1", 0.07, 0.12),
        ("crv3_t_treated", 0.03, 0.07),
        ("score_wild", 0.06, 0.11),
        ("ols_rate_crv1", 0.07, 0.22),
    ],
)
def test_rejections_at_no_effect_have_the_expected_pattern(test, low, high):
    rates = rejections().loc[test]
    assert rates.between(low, high).all()


def test_power_rises_and_the_primary_test_detects_what_other_code_finds():
    power = table("rejection").query("test == 'crv3_t_treated'")
    for _, curve in power.groupby("scenario"):
        assert curve.sort_values("effect")["rejection_rate"].is_monotonic_increasing
    found = table("detectable").query("test == 'crv3_t_treated'").set_index("scenario")
    other = {"A": 1.24, "B": 1.44, "C": 1.57, "D": 1.48}  # a run of other code
    for name, ratio in other.items():
        # B to D: .05 more, because 2008 and 2010 are two years apart here (METHODS.md)
        assert found.loc[name, "detectable_ratio"] == pytest.approx(ratio, abs=0.08)
