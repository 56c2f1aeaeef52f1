"""Event study: identities, statsmodels' joint test, and the power against simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f, ncf

from bsup_analysis.effects.municipal.cluster_inference import crv3
from bsup_analysis.effects.municipal.event_study import _joint, event_study
from bsup_analysis.effects.municipal.ppml import event, fit
from bsup_analysis.errors import InputError


def test_coefficients_of_statsmodels(panel, to_long):
    """statsmodels GLM with all dummies; 1e-8."""
    import statsmodels.api as sm

    rows = to_long(panel)
    design = pd.get_dummies(rows[["unit", "year"]].astype(str), dtype=float)
    design = design.drop(columns="year_2005")
    treated = rows["unit"].isin([f"u{number:02d}" for number in range(10)])
    years = [year for year in panel.years if year != 2008]
    for year in years:
        design[f"D{year}"] = (treated & (rows["year"] == year)).astype(float)
    model = sm.GLM(rows["y"], design, family=sm.families.Poisson(), offset=rows["log_base"])
    theirs = model.fit(tol=1e-13, tol_criterion="params", maxiter=200)
    found = event_study(panel, 2008)
    assert found.years == tuple(years)
    assert found.log_ratios == pytest.approx(theirs.params[-6:].to_numpy(), abs=1e-8)


def test_one_year_before_is_the_square_of_t(panel):
    """With one restriction F is t squared, so the p-values agree; 1e-10."""
    short = panel.without_years([2005, 2006])
    found = event_study(short, 2008)
    variance = crv3(fit(short, lambda given: event(given, 2008)))
    position = found.years.index(2007)
    assert found.joint.df == 1
    assert found.joint.p_value == pytest.approx(variance.p_value(position), rel=1e-10)


def test_joint_test_does_not_depend_on_the_reference(panel):
    """Another reference among the years before is a rotation of the same hypothesis; 1e-8."""
    early = panel.without_years([2006])
    one = event_study(early, 2008).joint
    kept = replace(early.without_years([2005]), years=(2007, 2008, 2010, 2011, 2012))
    assert one.df == 2
    assert event_study(kept, 2008).joint.df == 1
    coefficients = event_study(early, 2008)
    turned = np.array([[1, 0], [1, -1]]) @ coefficients.log_ratios[:2]
    vcov = np.array([[1, 0], [1, -1]]) @ coefficients.vcov[:2, :2] @ np.array([[1, 0], [1, -1]]).T
    assert turned @ np.linalg.solve(vcov, turned) / 2 == pytest.approx(one.statistic, rel=1e-8)


def test_power_is_the_share_of_rejections():
    """Normal coefficients, variance known up to a chi-squared scale: 20 000 draws, 3 errors."""
    source = np.random.default_rng(0)
    vcov = np.array([[3.0, 2, 1], [2, 2, 1], [1, 1, 1]]) * 0.01
    drifts = np.log(1.05) * np.array([-3, -2, -1])
    stated = _joint(np.zeros(3), vcov, drifts, 15, 0.05, 0.95)
    draws = drifts + source.multivariate_normal(np.zeros(3), vcov, 20_000)
    scale = source.chisquare(15, 20_000) / 15
    statistics = np.einsum("ij,jk,ik->i", draws, np.linalg.inv(vcov), draws) / 3 / scale
    share = (statistics > f.ppf(0.95, 3, 15)).mean()
    assert stated.power == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / 20_000))
    none = _joint(np.zeros(3), vcov, np.full(3, 1e-9), 15, 0.05, 0.95)
    assert none.power == pytest.approx(0.05, abs=1e-6)
    assert none.p_value == 1


def test_power_is_stated_for_a_compound_drift(panel):
    """5 % a year is log 1.05 a year away from the reference; noncentral F by scipy; 1e-10."""
    found = event_study(panel, 2008)
    vcov = found.vcov[:3, :3]
    away = np.log(1.05) * np.array([-3, -2, -1])
    noncentrality = away @ np.linalg.inv(vcov) @ away
    expected = ncf.sf(f.ppf(0.95, 3, 8), 3, 8, noncentrality)
    assert found.joint.power == pytest.approx(expected, rel=1e-10)


def test_a_drift_is_seen_more_often_the_steeper(panel):
    powers = [event_study(panel, 2008, drift=drift).joint.power for drift in (0.02, 0.05, 0.2, 1)]
    assert powers == sorted(powers)
    assert 0.05 < powers[0] < powers[-1]


def test_honest_coefficients_keep_the_year_of_selection_as_a_step(make):
    with_selection = make(3, loans_per_1000=3)
    found = event_study(with_selection, 2008)
    given = found.for_honest_bounds()
    assert given.before.size == 3
    assert given.after.size == 4
    assert given.target == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])
    assert given.vcov == pytest.approx(found.vcov)


def test_a_year_without_finite_ratio(panel):
    y = panel.y.copy()
    y[panel.treated, 1] = 0
    found = event_study(replace(panel, y=y), 2008)
    assert 2006 not in found.years
    with pytest.raises(InputError, match="priority_2006 has no finite ratio"):
        found.for_honest_bounds()


def test_refuses(panel):
    with pytest.raises(InputError, match="reference year 2010"):
        event_study(panel, 2010)
    with pytest.raises(InputError, match="drift"):
        event_study(panel, 2008, drift=0)
    assert event_study(panel, 2005).joint is None
