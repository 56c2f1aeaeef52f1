"""Made-up panels with a known effect, and the published rows; nothing here is an estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.municipal_import.demo import DemoParameters, calibration, demo_panel, write_demo
from bsup_analysis.study import read_table

YEARS = (2005, 2006, 2007, 2008, 2009, 2010, 2011, 2012)

# Programme document p. 14: code of 2009, loans 2009, loans 2010.
PAGE_14 = [
    ("1601", 225, 295),
    ("1638", 7, 16),
    ("1640", 8, 8),
    ("1653", 31, 20),
    ("1663", 53, 63),
    ("1702", 41, 85),
    ("1703", 9, 22),
    ("1714", 62, 62),
    ("1719", 16, 46),
    ("1721", 39, 70),
    ("1502", 20, 23),
    ("1504", 104, 154),
    ("1505", 75, 86),
    ("1519", 13, 9),
    ("1520", 13, 20),
    ("1534", 15, 15),
    ("1548", 7, 15),
]
# Document p. 14: agreements by August 2010, Innherred samkommune being Levanger and Verdal.
SIGNED = ("1601", "1504", "1502", "1702", "1505", "1719", "1721")


def make_panel(
    seed: int = 1,
    *,
    units: int = 40,
    treated: int = 10,
    years: tuple[int, ...] = YEARS,
    effect: float = 0.0,
    loans_per_1000: float = 1.5,
    dispersion: float = 0.2,
    first_treated_year: int = 2010,
) -> MunicipalPanel:
    """Counts with unit and year effects, gamma noise and a planted log effect from 2010 on.

    The first two treated units share a cluster, as Levanger and Verdal do.
    """
    source = np.random.default_rng(seed)
    on = np.arange(units) < treated
    growth = 1 + 0.01 * np.arange(len(years)) * source.uniform(0, 2, (units, 1))
    population = np.round(np.exp(source.normal(8.2, 0.8, (units, 1)) + on[:, None]) * growth)
    post = np.array(years) >= first_treated_year
    log_rate = (
        np.log(loans_per_1000 / 1000)
        + source.normal(0, 0.4, (units, 1))
        + 0.05 * np.arange(len(years))
        + effect * np.outer(on, post)
    )
    noise = source.gamma(1 / dispersion, dispersion, population.shape) if dispersion else 1.0
    names = [f"u{number:02d}" for number in range(units)]
    return MunicipalPanel(
        y=source.poisson(population * np.exp(log_rate) * noise),
        population=population,
        treated=on,
        cluster=(names[1], *names[1:]),
        county=tuple(("15", "16", "17")[number % 3] for number in range(units)),
        codes=tuple(names),
        years=years,
        first_treated_year=first_treated_year,
    )


def long_table(panel: MunicipalPanel) -> pd.DataFrame:
    """One row a used cell, for other programs: y, log exposure, D, unit, year, cluster, county."""
    rows = pd.DataFrame(
        {
            "y": panel.y.ravel(),
            "log_base": np.log(panel.base.ravel()),
            "D": np.outer(panel.treated, panel.post).ravel().astype(float),
            "unit": np.repeat(panel.codes, len(panel.years)),
            "year": np.tile(panel.years, len(panel.codes)),
            "cluster": np.repeat(panel.cluster, len(panel.years)),
            "county": np.repeat(panel.county, len(panel.years)),
        }
    )
    rows["cluster_number"] = rows["cluster"].astype("category").cat.codes.to_numpy()
    return rows.loc[rows["y"].notna()]


@pytest.fixture(scope="session")
def make() -> Callable[..., MunicipalPanel]:
    return make_panel


@pytest.fixture(scope="session")
def to_long() -> Callable[[MunicipalPanel], pd.DataFrame]:
    return long_table


@pytest.fixture(scope="session")
def panel() -> MunicipalPanel:
    """40 units, 10 treated, 2009 dropped, effect log 1.3, no zeros-only unit."""
    return make_panel(3, effect=np.log(1.3), loans_per_1000=3).without_years([2009])


@pytest.fixture(scope="session")
def published() -> MunicipalPanel:
    """The 17 rows of p. 14 with an agreement as treatment and nothing to be a rate of."""
    return MunicipalPanel(
        y=np.array([[before, after] for _, before, after in PAGE_14]),
        population=np.ones((17, 2)),
        treated=np.array([code in SIGNED for code, _, _ in PAGE_14]),
        cluster=tuple(code for code, _, _ in PAGE_14),
        county=tuple(code[:2] for code, _, _ in PAGE_14),
        codes=tuple(code for code, _, _ in PAGE_14),
        years=(2009, 2010),
        first_treated_year=2010,
    )


@pytest.fixture(scope="session")
def amounts(panel: MunicipalPanel) -> MunicipalPanel:
    """NOK for the same panel: averages of 300 000 to 700 000 that do not change."""
    source = np.random.default_rng(8)
    average = source.uniform(3e5, 7e5, (len(panel.codes), 1))
    return replace(panel, y=panel.y * average * source.gamma(50, 1 / 50, panel.y.shape))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SYNTHETIC panel of bsup demo, as a file."""
    known = calibration(*map(read_table, ("group_year", "municipality_year", "region_year")))
    drawn = DemoParameters(seed=1, effect=1.2, dispersion=2.0, noise=0.2)
    return write_demo(demo_panel(known, drawn), drawn, tmp_path_factory.mktemp("demo"))
