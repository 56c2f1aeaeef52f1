"""The published rows the estimators are tried on: raw data with their pages, no results."""

from __future__ import annotations

import importlib.resources
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from bsup_analysis.effects.group_poisson import GroupTotals
from bsup_analysis.effects.paired import Paired, paired

# Programme document p. 14, "Startlån 2009-2010, satsingskommunene":
# code of 2009, name, loans 2010, loans 2009, NOK 2010, NOK 2009.
PAGE_14 = [
    ("1601", "Trondheim", 295, 225, 206_848_920, 134_258_616),
    ("1638", "Orkdal", 16, 7, 4_300_000, 2_337_000),
    ("1640", "Røros", 8, 8, 2_470_000, 2_890_000),
    ("1653", "Melhus", 20, 31, 10_636_000, 12_882_700),
    ("1663", "Malvik", 63, 53, 36_797_400, 46_778_000),
    ("1702", "Steinkjer", 85, 41, 25_931_000, 11_178_000),
    ("1703", "Namsos", 22, 9, 5_469_900, 2_604_000),
    ("1714", "Stjørdal", 62, 62, 33_139_059, 34_427_960),
    ("1719", "Levanger", 46, 16, 11_438_305, 3_149_000),
    ("1721", "Verdal", 70, 39, 16_361_000, 9_042_000),
    ("1502", "Molde", 23, 20, 9_331_000, 8_874_533),
    ("1504", "Ålesund", 154, 104, 88_799_823, 80_805_648),
    ("1505", "Kristiansund", 86, 75, 31_164_271, 25_234_696),
    ("1519", "Volda", 9, 13, 5_600_000, 7_490_000),
    ("1520", "Ørsta", 20, 13, 7_798_939, 4_470_000),
    ("1534", "Haram", 15, 15, 4_062_300, 4_682_000),
    ("1548", "Fræna", 15, 7, 4_892_000, 4_162_210),
]
# Document p. 11 (bars), years of 1047 and 1487 fixed by s-n.no/flest-startlan-i-meraker.
REGION_LOANS = {2009: 1047, 2010: 1487}
# SSB table 07459, 1 January, 2009 and 2010: the 17, and the 85 less the 17.
POPULATION = {"priority": (425_732, 431_237), "other": (240_432, 242_127)}
# Document p. 14: agreements by August 2010, Innherred samkommune being Levanger and Verdal.
SIGNED = ("1601", "1504", "1502", "1702", "1505", "1719", "1721")


@pytest.fixture
def municipality_year() -> pd.DataFrame:
    """17 municipalities x 2009, 2010: loans and NOK."""
    rows = []
    for code, _, loans_2010, loans_2009, nok_2010, nok_2009 in PAGE_14:
        rows.append((code, 2009, loans_2009, nok_2009))
        rows.append((code, 2010, loans_2010, nok_2010))
    return pd.DataFrame(rows, columns=["municipality_code", "year", "loans", "amount_nok"])


@pytest.fixture
def loans(municipality_year: pd.DataFrame) -> Paired:
    """Loans of the 17, 2009 and 2010."""
    return paired(municipality_year, "loans", 2009, 2010)


@pytest.fixture
def amounts(municipality_year: pd.DataFrame) -> Paired:
    """NOK of the 17, 2009 and 2010."""
    return paired(municipality_year, "amount_nok", 2009, 2010)


@pytest.fixture
def totals(loans: Paired) -> GroupTotals:
    """Loans of the 17 and of the 68."""
    return GroupTotals(
        loans.pre_total,
        loans.post_total,
        REGION_LOANS[2009] - loans.pre_total,
        REGION_LOANS[2010] - loans.post_total,
    )


@pytest.fixture
def group_year(totals: GroupTotals) -> pd.DataFrame:
    """The published group-year table."""
    return pd.DataFrame(
        {
            "group": ["priority", "priority", "other", "other"],
            "year": [2009, 2010, 2009, 2010],
            "loans": [
                totals.priority_pre,
                totals.priority_post,
                totals.other_pre,
                totals.other_post,
            ],
            "population": [*POPULATION["priority"], *POPULATION["other"]],
        }
    )


@pytest.fixture
def signed() -> tuple[str, ...]:
    """The seven with an agreement by August 2010."""
    return SIGNED


@pytest.fixture
def simulate() -> Callable[..., pd.DataFrame]:
    """Simulator of 85 municipalities with municipality and year effects and a planted ratio."""

    def simulate(
        seed: int,
        years: tuple[int, ...] = (2009, 2010),
        treated: tuple[int, ...] = (2010,),
        log_ratio: float = 0.3,
    ) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        size = rng.lognormal(2.5, 0.8, 85) + 4
        effect = np.linspace(0, 0.3, len(years))
        rows = []
        for unit in range(85):
            group = "priority" if unit < 17 else "other"
            for year, shift in zip(years, effect, strict=True):
                planted = log_ratio if group == "priority" and year in treated else 0
                mean = size[unit] * math.exp(shift + planted)
                rows.append((unit, group, year, int(rng.poisson(mean))))
        return pd.DataFrame(rows, columns=["unit", "group", "year", "loans"])

    return simulate


@pytest.fixture
def full_dummy() -> Callable[..., object]:
    """Poisson with a dummy for every municipality and year, fitted by statsmodels."""
    import statsmodels.api as sm

    def fit(panel: pd.DataFrame, treated: tuple[int, ...], **keywords: object) -> object:
        units = pd.get_dummies(panel["unit"], dtype=float)
        years = pd.get_dummies(panel["year"], dtype=float).iloc[:, 1:]
        effect = ((panel["group"] == "priority") & panel["year"].isin(treated)).astype(float)
        design = np.column_stack([units, years, effect])
        offset = np.log(panel["people"].to_numpy(float)) if "people" in panel else None
        model = sm.GLM(
            panel["loans"].to_numpy(float), design, family=sm.families.Poisson(), offset=offset
        )
        return model.fit(tol=1e-13, maxiter=200, **keywords)

    return fit


@pytest.fixture(scope="session")
def ships() -> pd.DataFrame:
    """McCullagh and Nelder (1989), table 6.2, as statsmodels ships it for its own tests."""
    path = importlib.resources.files("statsmodels") / "discrete/tests/results/ships.csv"
    if not path.is_file():
        pytest.skip("this statsmodels was installed without its tests' data")
    with path.open() as stream:
        table = pd.read_csv(stream)
    return table.loc[table["service"] > 0].reset_index(drop=True)
