"""Score tests against enumeration and brute force, least squares against statsmodels."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from bsup_analysis.effects.municipal.cluster_inference import randomise_score
from bsup_analysis.effects.municipal.cluster_inference import score_wild as municipal_score_wild
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.ppml import fit as municipal_fit
from bsup_analysis.errors import InputError
from bsup_analysis.estimators.poisson import restricted, treatment_model
from bsup_analysis.estimators.rates import fit_rates
from bsup_analysis.simulation.generator import streams
from bsup_analysis.simulation.replicate import (
    TESTS,
    critical,
    random_sets,
    randomisation_p_value,
    run,
    wild_p_value,
)
from bsup_analysis.simulation.runner import dummy_design

POST = np.array([False, False, False, True, True])
UNITS = 8


def small(seed: int = 3):
    rng = np.random.default_rng(seed)
    exposure = rng.lognormal(0, 0.7, (UNITS, 1)) * np.exp(rng.normal(0, 0.02, (UNITS, 5)))
    treated = np.arange(UNITS) < 3
    loans = rng.poisson(30 * exposure * np.exp(rng.normal(0, 0.2, (UNITS, 5)))).astype(float)
    panel = MunicipalPanel(
        y=loans,
        population=exposure,
        treated=treated,
        cluster=tuple("abcdefgh"),
        county=("x",) * UNITS,
        codes=tuple(str(1000 + i) for i in range(UNITS)),
        years=(2006, 2007, 2008, 2010, 2011),
        first_treated_year=2010,
    )
    model = treatment_model(exposure, treated, POST, np.arange(UNITS))
    return model, treated, loans[None], panel


def test_score_bootstrap_tends_to_the_enumeration_of_all_signs():
    model, treated, loans, panel = small()
    efficient = restricted(model, loans).efficient(treated.astype(float))
    sums = np.abs([np.dot(signs, efficient) for signs in product((1, -1), repeat=UNITS)])
    exact = np.mean(sums >= abs(efficient.sum()) * (1 - 1e-12))
    drawn = wild_p_value(efficient, streams(1, 0).weights, 99_999)
    assert drawn == pytest.approx(exact, abs=0.006)  # four standard errors at 99 999
    own = municipal_score_wild(municipal_fit(panel), np.random.SeedSequence(1), interval=False)
    assert own.exhaustive
    assert own.p_value == pytest.approx(exact, abs=1e-12)


def test_randomisation_tends_to_the_enumeration_of_all_sets():
    model, treated, loans, panel = small()
    null = restricted(model, loans)
    statistics = []
    for chosen in combinations(range(UNITS), 3):
        sign = np.isin(np.arange(UNITS), chosen)
        other = treatment_model(model.exposure, sign, POST, model.cluster)
        efficient = restricted(other, loans).efficient(sign.astype(float))
        statistics.append(abs(efficient.sum()) / np.sqrt((efficient**2).sum()))
    exact = np.mean(np.array(statistics) >= statistics[0] * (1 - 1e-10))
    drawn = randomisation_p_value(null, 0, treated.astype(float), streams(1, 0).assignments, 49_999)
    assert drawn == pytest.approx(exact, abs=0.009)
    own = randomise_score(municipal_fit(panel), np.random.SeedSequence(1))
    assert own.exhaustive
    assert own.p_value == pytest.approx(exact, abs=1e-12)


def test_efficient_scores_of_the_others_add_up_to_the_score():
    model, treated, loans, _ = small(4)
    null = restricted(model, loans)
    efficient = null.efficient(treated.astype(float))
    assert efficient.sum() == pytest.approx(null.own[0, treated].sum())
    assert null.beside[0].sum(axis=0) == pytest.approx(0, abs=1e-8)  # first-order conditions


def test_random_sets_are_of_their_size_and_fair():
    sets = random_sets(streams(1, 0).assignments, 12, 4, 30_000)
    assert set(sets.sum(axis=1)) == {4}
    assert sets.mean(axis=0) == pytest.approx(np.full(12, 1 / 3), abs=0.011)  # four errors
    pairs = (sets.T @ sets / len(sets))[np.triu_indices(12, 1)]
    assert pairs == pytest.approx(np.full(66, 4 * 3 / (12 * 11)), abs=0.008)


def test_rates_are_least_squares_with_dummies(region, task):
    import statsmodels.api as sm

    few = np.r_[np.flatnonzero(region.treated)[:3], np.flatnonzero(~region.treated)[:5]]
    part = replace(
        region,
        codes=tuple(region.codes[i] for i in few),
        population=region.population[few],
        expected=region.expected[few],
        treated=region.treated[few],
        county=region.county[few],
    )
    one = replace(task, region=part)
    loans = one.loans([streams(1, 0)])
    cluster = np.array([0, 0, 1, 2, 3, 4, 5, 6])
    rates = fit_rates(loans, one.population, part.treated, one.treated_years, cluster)
    rate = 1000 * loans[0] / one.population

    def least(kept):
        return sm.OLS(rate[kept].ravel(), dummy_design(one, kept)).fit()

    full = least(np.arange(8))
    grouped = full.get_robustcov_results(
        "cluster", groups=np.repeat(cluster, 7), use_correction=False
    )
    left = np.array([least(np.flatnonzero(cluster != c)).params[0] for c in range(7)])
    assert rates.estimate[0] == pytest.approx(full.params[0], abs=1e-10)
    assert rates.crv1_se[0] == pytest.approx(grouped.bse[0] * np.sqrt(7 / 6), abs=1e-10)
    jackknife = np.sqrt(6 / 7 * ((left - full.params[0]) ** 2).sum())
    assert rates.crv3_se[0] == pytest.approx(jackknife, abs=1e-10)


def test_a_group_in_one_cluster_has_no_jackknife():
    with pytest.raises(InputError, match="two clusters in each group"):
        fit_rates(np.ones((1, 3, 5)), np.ones((3, 5)), np.arange(3) < 1, POST, np.arange(3))


def test_critical_values():
    assert critical(0.05) == pytest.approx(1.959964, abs=1e-6)  # any table of the normal
    assert critical(0.05, np.array([16, 84, 16])) == pytest.approx(
        [2.1199, 1.9886, 2.1199], abs=1e-4
    )


def test_a_chunk_is_made_of_its_draws(task):
    """Blocks and chunk borders leave no trace."""
    whole = run(replace(task, count=5))
    parts = np.concatenate([run(replace(task, first=k, count=1)) for k in range(5)])
    assert np.allclose(whole["log_ratio"], parts["log_ratio"], atol=1e-12)
    for name in TESTS:
        assert np.array_equal(whole[name], parts[name])


def test_a_large_effect_is_found_and_estimated(task):
    found = run(replace(task, effect=4.0, count=12))
    assert np.exp(found["log_ratio"].mean()) == pytest.approx(4, rel=0.15)  # sd .14 a draw
    for name in TESTS:
        assert found[name].all() or name == "ri_score"
