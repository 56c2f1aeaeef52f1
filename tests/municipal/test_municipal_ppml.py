"""Coefficients against statsmodels' and pyfixest's, and identities that must hold."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsup_analysis.effects.group_poisson import group_contrast
from bsup_analysis.effects.municipal.ppml import PpmlSettings, event, fit
from bsup_analysis.errors import InputError

SETTINGS = [PpmlSettings(), PpmlSettings(by_county=True), PpmlSettings(by_size=True)]


def statsmodels_fit(rows, panel, chosen):
    """The full model with a dummy for every municipality and year (of a county)."""
    import statsmodels.api as sm

    year = rows["year"].astype(str)
    by = rows["county"] + year if chosen.by_county else year
    dummies = pd.get_dummies(by, dtype=float)
    first = {name for name in dummies if name.endswith(str(panel.years[0]))}
    design = pd.concat(
        [rows[["D"]], pd.get_dummies(rows["unit"], dtype=float), dummies.drop(columns=first)],
        axis=1,
    )
    if chosen.by_size:
        before = panel.population[:, list(panel.years).index(2008)]
        size = rows["unit"].map(dict(zip(panel.codes, np.log(before), strict=True)))
        for name in panel.years[1:]:
            design[f"size_{name}"] = size * (rows["year"] == name)
    model = sm.GLM(rows["y"], design, family=sm.families.Poisson(), offset=rows["log_base"])
    return model.fit(tol=1e-13, tol_criterion="params", maxiter=200)


@pytest.mark.parametrize("chosen", SETTINGS)
def test_statsmodels_with_all_dummies(panel, to_long, chosen):
    """statsmodels GLM; 1e-8 on coefficient and model-based standard error."""
    ours = fit(panel, settings=chosen)
    theirs = statsmodels_fit(to_long(panel), panel, chosen)
    assert ours.log_ratio == pytest.approx(theirs.params["D"], abs=1e-8)
    assert ours.poisson.model_se[0] == pytest.approx(theirs.bse["D"], rel=1e-7)
    assert ours.fitted.ravel() == pytest.approx(theirs.fittedvalues.to_numpy(), rel=1e-7)


def test_unknown_cells_are_left_out_as_statsmodels_leaves_them_out(panel, to_long):
    y = panel.y.copy()
    y[[2, 5, 30], [0, 3, 6]] = np.nan
    holed = replace(panel, y=y)
    ours = fit(holed)
    theirs = statsmodels_fit(to_long(holed), holed, PpmlSettings())
    assert ours.log_ratio == pytest.approx(theirs.params["D"], abs=1e-8)
    assert [item.name for item in ours.dropped] == ["u02 2005", "u05 2008", "u30 2012"]
    assert {item.kind for item in ours.dropped} == {"unknown"}


def test_pyfixest(panel, to_long):
    """pyfixest 0.60 fepois, a second program; 1e-8."""
    pyfixest = pytest.importorskip("pyfixest")
    theirs = pyfixest.fepois("y ~ D + i(year) | unit", to_long(panel), offset="log_base")
    assert fit(panel).log_ratio == pytest.approx(theirs.coef()["D"], abs=1e-8)


def test_group_totals_are_enough_where_all_grow_alike(panel):
    """With population of one growth the estimate is that of the 2 x years table; 1e-10."""
    flat = replace(panel, population=np.outer(np.arange(1, 41), np.linspace(1, 1.3, 7)) * 100)
    rows = pd.DataFrame(
        [
            (group, year, flat.y[flat.treated == on, position].sum())
            for group, on in (("priority", True), ("other", False))
            for position, year in enumerate(flat.years)
        ],
        columns=["group", "year", "loans"],
    )
    treated_years = [year for year in flat.years if year >= 2010]
    table = group_contrast(rows, measure="loans", treated_years=treated_years)
    found = fit(flat)
    assert found.log_ratio == pytest.approx(table.log_ratio, abs=1e-10)
    assert found.poisson.covariance[0, -1, -1] == pytest.approx(table.se**2, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    money=st.floats(1, 1e6),
    people=st.floats(0.01, 100),
    growth=st.lists(st.floats(0.5, 2), min_size=7, max_size=7),
)
def test_units_do_not_matter(panel, money, people, growth):
    """NOK for loans, thousands of people, a year's factor common to all: the ratio stays; 1e-9."""
    scaled = replace(
        panel, y=panel.y * money, population=panel.population * people * np.array(growth)
    )
    assert fit(scaled).log_ratio == pytest.approx(fit(panel).log_ratio, abs=1e-9)


def test_planted_effect_is_exact_without_noise(panel):
    """With y equal to its mean the coefficients are the planted ones; 1e-10."""
    mean = fit(panel).fitted
    planted = replace(panel, y=mean * np.exp(0.7 * np.outer(panel.treated, panel.post)))
    assert fit(planted).log_ratio == pytest.approx(fit(panel).log_ratio + 0.7, abs=1e-10)


def test_event_coefficients_average_to_nothing_planted_before(panel):
    mean = fit(panel).fitted
    drift = 0.05 * (np.array(panel.years) - 2008)
    drifting = replace(panel, y=mean * np.exp(np.outer(panel.treated, drift)))
    found = fit(drifting, lambda given: event(given, 2008))
    before = dict(zip(found.names, found.coefficients, strict=True))
    for year in (2005, 2006, 2007):
        assert before[f"priority_{year}"] == pytest.approx(0.05 * (year - 2008), abs=1e-9)


def test_planted_effect_is_recovered(make):
    """Mean of 40 estimates within 3 standard errors of the planted log 1.3."""
    planted = math.log(1.3)
    found = np.array([fit(make(seed, effect=planted)).log_ratio for seed in range(40)])
    assert abs(found.mean() - planted) < 3 * found.std(ddof=1) / math.sqrt(40)


def test_refuses_an_effect_that_has_no_finite_estimate(panel):
    y = panel.y.copy()
    y[np.ix_(panel.treated, panel.post)] = 0
    with pytest.raises(InputError, match="no finite estimate of priority"):
        fit(replace(panel, y=y))
