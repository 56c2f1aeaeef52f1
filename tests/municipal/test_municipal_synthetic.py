"""Synthetic control and synthetic difference-in-differences: Proposition 99, and identities."""

from dataclasses import replace

import numpy as np
import pytest

from bsup_analysis.effects.municipal.rate_estimators import (
    METHODS,
    synthetic_municipality,
    synthetic_unit,
)
from bsup_analysis.errors import InputError

# R package synthdid, README and vignette, california_prop99; printed digits.
PROPOSITION_99 = {"synthetic_did": -15.6038, "synthetic_control": -19.6197, "did": -27.3491}


@pytest.fixture(scope="module")
def cigarettes():
    """Packs per head, 39 states x 1970-2000, as synthdid-py 0.1.0 ships them."""
    synthdid = pytest.importorskip("synthdid")
    table = synthdid.load_california_prop99()
    wide = table.pivot(index="State", columns="Year", values="PacksPerCapita")
    return wide.to_numpy(float), list(wide.index), list(wide.columns)


@pytest.mark.parametrize("method", METHODS)
def test_proposition_99(cigarettes, method):
    """R package synthdid; half a unit of the last printed digit."""
    found = synthetic_unit(
        *cigarettes, treated="California", first_treated_year=1989, method=method
    )
    assert found.effect == pytest.approx(PROPOSITION_99[method], abs=5e-5)
    gap = np.array(found.observed) - np.array(found.counterpart)
    assert gap[19:].mean() == pytest.approx(found.effect, abs=1e-9)
    assert np.sqrt((gap[:19] ** 2).mean()) == pytest.approx(found.rmse_before, rel=1e-12)
    assert sum(weight for _, weight in found.donor_weights) == pytest.approx(1, abs=1e-9)


def test_proposition_99_in_diff_diff(cigarettes):
    """diff-diff 3.13, a second program for the synthetic difference-in-differences; 5e-4."""
    diff_diff = pytest.importorskip("diff_diff")
    import pandas as pd

    values, states, years = cigarettes
    table = pd.DataFrame(
        [
            (state, year, values[row, column], int(state == "California"))
            for row, state in enumerate(states)
            for column, year in enumerate(years)
        ],
        columns=["state", "year", "packs", "treated"],
    )
    theirs = diff_diff.SyntheticDiD(variance_method="placebo", n_bootstrap=2, seed=1).fit(
        table,
        outcome="packs",
        treatment="treated",
        unit="state",
        time="year",
        post_periods=[year for year in years if year >= 1989],
    )
    ours = synthetic_unit(
        *cigarettes, treated="California", first_treated_year=1989, method="synthetic_did"
    )
    assert ours.effect == pytest.approx(theirs.att, abs=5e-4)


def test_synthetic_control_solves_its_least_squares(cigarettes):
    """scipy SLSQP on the simplex: the squared error is at most 2 % above the least possible.

    The R package stops its Frank-Wolfe steps early; the published number is that of its weights.
    """
    from scipy.optimize import minimize

    values, states, _ = cigarettes
    own = states.index("California")
    donors = np.delete(values, own, axis=0)[:, :19]

    def misfit(weights):
        return ((values[own, :19] - weights @ donors) ** 2).mean()

    best = minimize(
        misfit,
        np.full(38, 1 / 38),
        method="SLSQP",
        bounds=[(0, 1)] * 38,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"maxiter": 500, "ftol": 1e-12},
    )
    found = synthetic_unit(
        *cigarettes, treated="California", first_treated_year=1989, method="synthetic_control"
    )
    assert best.fun <= found.rmse_before**2 <= 1.02 * best.fun


def test_did_is_the_difference_of_mean_changes(panel):
    """Donors are the others, whatever the order of the rows; 1e-10."""
    found = synthetic_municipality(panel, "u04")[METHODS.index("did")]
    rate = panel.y / panel.population * 1000
    change = rate[:, 4:].mean(axis=1) - rate[:, :4].mean(axis=1)
    assert found.effect == pytest.approx(change[4] - change[10:].mean(), abs=1e-10)
    assert len(found.donor_weights) == 30
    assert {name for name, _ in found.year_weights} == {2005, 2006, 2007, 2008}


def test_a_unit_that_is_a_mean_of_donors_is_found_again():
    """A treated unit equal to 0.7 a + 0.3 b before and 2 above after; 1e-2."""
    source = np.random.default_rng(4)
    donors = source.normal(10, 3, (6, 1)) + source.normal(0, 1.5, (6, 12))
    own = 0.7 * donors[1] + 0.3 * donors[4] + 2.0 * (np.arange(12) >= 9)
    found = synthetic_unit(
        np.vstack([own, donors]),
        ["own", *"abcdef"],
        list(range(2001, 2013)),
        treated="own",
        first_treated_year=2010,
        method="synthetic_control",
    )
    assert found.effect == pytest.approx(2.0, abs=1e-2)
    assert dict(found.donor_weights[:2]) == pytest.approx({"b": 0.7, "e": 0.3}, abs=1e-2)


def test_left_out_and_refused(panel, cigarettes):
    y = panel.y.copy()
    y[12, 0] = np.nan
    found = synthetic_municipality(replace(panel, y=y), "u04")
    assert {item.left_out for item in found} == {("u12",)}
    assert "u12" not in dict(found[2].donor_weights)
    with pytest.raises(InputError, match="not a priority municipality"):
        synthetic_municipality(panel, "u20")
    y[4, 0] = np.nan
    with pytest.raises(InputError, match="u04 is missing"):
        synthetic_municipality(replace(panel, y=y), "u04")
    with pytest.raises(InputError, match="none of the methods"):
        synthetic_unit(*cigarettes, treated="Utah", first_treated_year=1989, method="x")
    with pytest.raises(InputError, match="two years before"):
        synthetic_unit(*cigarettes, treated="Utah", first_treated_year=1971, method="did")
