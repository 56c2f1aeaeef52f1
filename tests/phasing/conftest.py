"""A root with the parameters of notebooks 07 and 08, and data every test here may use."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bsup_analysis.effects.empirical_bayes import Counts, counts_of_year
from bsup_analysis.study import Study, read_table

CHECKOUT = Path(__file__).resolve().parents[2]
WEIGHTS = "size 1, growth 1, immigrants 1, centrality 1"
PARAMETERS = ("k", "weights", "municipality_code")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the package to a root of its own with the real tables and the notebooks' parameters."""
    text = (CHECKOUT / "study.toml").read_text(encoding="utf-8")
    for name in PARAMETERS:
        if f"[parameters.{name}]" not in text:
            text += f'\n[parameters.{name}]\nallowed = ["*"]\nreason = "test"\nsource = "test"\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    for folder in ("data", "notebooks"):
        (tmp_path / folder).symlink_to(CHECKOUT / folder)
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def study(root: Path) -> Callable[..., Study]:
    """Return a function that opens the study with the parameters of notebook 07."""

    def opened(language: str = "en", **changed: str) -> Study:
        return Study(language, **{"k": "5", "weights": WEIGHTS, **changed})

    return opened


@pytest.fixture(scope="session")
def lip_cancer() -> Counts:
    """Lip cancer in the 56 counties of Scotland, 1975-1980: observed and expected cases.

    Clayton and Kaldor (1987), Biometrics 43(3), 671-681, as given with one decimal in Stan's case
    study on intrinsic autoregressions (mc-stan.org, icar_stan.html) and, equal in every number, in
    the data sets of IowaBiostat (github.com/IowaBiostat/data-sets, lip-cancer).
    """
    observed = (
        "9 39 11 9 15 8 26 7 6 20 13 5 3 8 17 9 2 7 9 7 16 31 11 7 19 15 7 10 16 11 5 3 7 8 11 9 11"
        " 8 6 4 10 8 2 6 19 3 2 3 28 6 1 1 1 1 0 0"
    )
    expected = (
        "1.4 8.7 3.0 2.5 4.3 2.4 8.1 2.3 2.0 6.6 4.4 1.8 1.1 3.3 7.8 4.6 1.1 4.2 5.5 4.4 10.5 22.7"
        " 8.8 5.6 15.5 12.5 6.0 9.0 14.4 10.2 4.8 2.9 7.0 8.5 12.3 10.1 12.7 9.4 7.2 5.3 18.8 15.8"
        " 4.3 14.6 50.7 8.2 5.6 9.3 88.7 19.6 3.4 3.6 5.7 7.0 4.2 1.8"
    )
    cases = [int(number) for number in observed.split()]
    codes = tuple(f"county {number}" for number in range(1, len(cases) + 1))
    return Counts(codes, tuple(cases), tuple(float(number) for number in expected.split()))


@pytest.fixture(scope="session")
def loans() -> Counts:
    """Start loans and inhabitants of the priority municipalities, 2010."""
    return counts_of_year(read_table("municipality_year"), "loans", "population", 2010)
