"""Partial pooling: likelihood and maximum against other software, the grid against itself."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import betabinom, binom, gamma, nbinom, poisson

from bsup_analysis.effects.empirical_bayes import (
    BetaBinomial,
    Counts,
    GammaPoisson,
    average_change,
    average_rates,
    fit_change,
    fit_rates,
    growth_of,
    posterior_grid,
    rates_given,
)
from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError

SMALL = Counts(("a", "b", "c", "d"), (0, 3, 12, 40), (2.0, 5.0, 4.0, 30.0))
PAIRS = Paired(("a", "b", "c", "d", "e"), (7, 41, 104, 13, 31), (16, 85, 154, 9, 20))


def test_fit_is_that_of_statsmodels_on_the_lip_cancer_data(lip_cancer):
    """statsmodels 0.14 and later, NegativeBinomial (NB2): alpha is one over the shape.

    Its optimiser stops at a gradient of 1e-8, so parameters agree to about 1e-5 and the
    likelihood, flat there, to 1e-8.
    """
    y, e = np.array(lip_cancer.events), np.array(lip_cancer.exposure)
    model = sm.NegativeBinomial(y, np.ones((len(y), 1)), exposure=e)
    other = model.fit(disp=0, method="bfgs", gtol=1e-8, maxiter=500)
    ours = fit_rates(lip_cancer)
    assert ours.location == pytest.approx(other.params[0], abs=1e-5)
    assert 1 / ours.strength == pytest.approx(other.params[1], rel=1e-5)
    assert ours.log_marginal == pytest.approx(other.llf, abs=1e-8)
    # smaller areas are drawn further towards the mean: SMR 6.43 of 9 cases, 0.32 of 28
    posterior = rates_given(lip_cancer, math.exp(ours.location), ours.strength)
    drawn = 1 - (posterior.mean - math.exp(ours.location)) / (
        lip_cancer.rates - math.exp(ours.location)
    )
    assert drawn == pytest.approx(
        ours.strength / (ours.strength + math.exp(ours.location) * e), rel=1e-9
    )
    assert lip_cancer.rates[0] == pytest.approx(6.43, abs=0.005)
    assert drawn[0] > 0.4 > 0.05 > drawn[48]


def test_fit_is_that_of_statsmodels_on_the_loans(loans):
    y, e = np.array(loans.events), np.array(loans.exposure)
    other = sm.NegativeBinomial(y, np.ones((len(y), 1)), exposure=e).fit(
        disp=0, method="bfgs", gtol=1e-8, maxiter=500
    )
    ours = fit_rates(loans)
    assert ours.location == pytest.approx(other.params[0], abs=1e-5)
    assert 1 / ours.strength == pytest.approx(other.params[1], rel=1e-4)


@pytest.mark.parametrize("shape", [0.3, 2.0, 50.0, math.inf])
def test_likelihood_is_that_of_scipy(shape):
    y, mu = np.array(SMALL.events), 1.7 * np.array(SMALL.exposure)
    law = poisson(mu) if math.isinf(shape) else nbinom(shape, shape / (shape + mu))
    family = GammaPoisson(SMALL)
    assert family.log_marginal(math.log(1.7), shape) == pytest.approx(law.logpmf(y).sum())


@pytest.mark.parametrize("strength", [0.5, 8.0, 90.0, math.inf])
def test_likelihood_of_pairs_is_that_of_scipy(strength):
    early, late = np.array(PAIRS.pre), np.array(PAIRS.post)
    p = 1 / (1 + math.exp(-0.4))
    n = early + late
    law = binom(n, p) if math.isinf(strength) else betabinom(n, p * strength, (1 - p) * strength)
    found = BetaBinomial(PAIRS).log_marginal(0.4, strength)
    assert found == pytest.approx(law.logpmf(late).sum(), rel=1e-10)


@pytest.mark.parametrize("family", [GammaPoisson(SMALL), BetaBinomial(PAIRS)])
@pytest.mark.parametrize("strength", [0.7, 12.0, math.inf])
def test_scores_are_the_slopes_of_the_likelihood(family, strength):
    where, step = 0.35, 1e-5
    slope = family.log_marginal(where + step, strength) - family.log_marginal(
        where - step, strength
    )
    assert family.location_score(where, strength) == pytest.approx(slope / (2 * step), rel=1e-6)
    if math.isfinite(strength):
        slope = family.log_marginal(where, strength + step) - family.log_marginal(
            where, strength - step
        )
        assert family.strength_score(where, strength) == pytest.approx(slope / (2 * step), rel=1e-4)


@pytest.mark.parametrize("fit", [fit_rates(SMALL), fit_change(PAIRS)])
def test_nothing_nearby_is_likelier(fit):
    family = GammaPoisson(SMALL) if fit == fit_rates(SMALL) else BetaBinomial(PAIRS)
    for shift in (-0.05, 0.05):
        assert family.log_marginal(fit.location + shift, fit.strength) < fit.log_marginal
        assert family.log_marginal(fit.location, fit.strength * math.exp(shift)) < fit.log_marginal


def brute_force(counts: Counts, unit: int, values: list[float]) -> list[float]:
    """Posterior distribution of one rate, summed over a dense plain grid with scipy's own laws.

    Prior as stated in `hyperparameters`: uniform in the shrinkage at the median size, flat in the
    logarithm of the mean.
    """
    y, e = np.array(counts.events), np.array(counts.exposure)
    size = np.median(y.sum() / e.sum() * e)
    share, location = np.meshgrid((np.arange(400) + 0.5) / 400, np.linspace(-4, 5, 700))
    a, mean = size * share / (1 - share), np.exp(location)
    weight = np.ones_like(a)
    for events, exposure in zip(y, e, strict=True):
        weight *= nbinom(a, a / (a + mean * exposure)).pmf(events)
    law = gamma(a + y[unit], scale=1 / (a / mean + e[unit]))
    return [(weight * law.cdf(value)).sum() / weight.sum() for value in values]


def test_grid_is_the_posterior_summed_densely():
    """With three units the hyperparameters are hardly known and the grid's reach shows most."""
    counts = Counts(("a", "b", "c"), (1, 9, 30), (2.0, 4.0, 8.0))
    found = average_rates(counts)
    values = [0.2, 0.4, 1.5, 3.0]
    at = [found.cdf(value)[0] for value in values]
    assert at == pytest.approx(brute_force(counts, 0, values), abs=2e-3)


def test_a_finer_grid_changes_nothing_that_is_shown(loans):
    coarse, fine = average_rates(loans), average_rates(loans, strengths=96, points=33)
    for probability in (0.025, 0.5, 0.975):
        assert coarse.quantile(probability) == pytest.approx(fine.quantile(probability), rel=2e-4)


def test_fixed_hyperparameters_give_nearly_the_full_posterior_with_many_units(lip_cancer):
    """With 56 units the hyperparameters are known well; the medians differ by a few per cent."""
    fit = fit_rates(lip_cancer)
    fixed = rates_given(lip_cancer, math.exp(fit.location), fit.strength)
    assert fixed.quantile(0.5) == pytest.approx(average_rates(lip_cancer).quantile(0.5), rel=0.06)
    grid = posterior_grid(GammaPoisson(lip_cancer))
    assert grid.weights.sum() == pytest.approx(1)
    assert np.average(grid.location, weights=grid.weights) == pytest.approx(fit.location, abs=0.05)


def test_quantiles_and_probabilities_of_a_mixture_are_inverse(loans):
    posterior = average_rates(loans)
    for probability in (0.01, 0.5, 0.9):
        assert posterior.cdf(posterior.quantile(probability)) == pytest.approx(probability)
    with pytest.raises(InputError, match="between 0 and 1"):
        posterior.quantile(1.0)


def test_fixed_posterior_mean_is_the_known_formula():
    posterior = rates_given(SMALL, 1.5, 3.0)
    expected = (3.0 + np.array(SMALL.events)) / (3.0 / 1.5 + np.array(SMALL.exposure))
    assert posterior.mean == pytest.approx(expected)
    law = gamma(3.0 + 12, scale=1 / (2.0 + 4.0))
    assert posterior.cdf(2.0)[2] == pytest.approx(quad(law.pdf, 0, 2.0)[0])


def test_counts_without_spread_are_told_and_still_uncertain():
    """All rates equal: the likeliest spread is none, and the interval must not collapse."""
    equal = Counts(("a", "b", "c", "d"), (10, 10, 10, 10), (5.0, 5.0, 5.0, 5.0))
    fit = fit_rates(equal)
    assert fit.all_alike
    assert math.exp(fit.location) == pytest.approx(2.0)
    low, high = average_rates(equal).interval(0.95)
    assert low == pytest.approx([low[0]] * 4, rel=1e-9)
    assert (low < 1.8).all()
    assert (high > 2.2).all()
    with pytest.raises(InputError, match="no more than chance"):
        rates_given(equal, 2.0, fit.strength)


def test_change_without_spread_is_told():
    alike = Paired(("a", "b", "c"), (20, 40, 60), (30, 60, 90))
    fit = fit_change(alike)
    assert fit.all_alike
    assert math.exp(fit.location) == pytest.approx(1.5)
    median = growth_of(average_change(alike).quantile(0.5))
    assert median == pytest.approx([1.5] * 3, rel=0.03)


def test_change_does_not_need_an_earlier_loan():
    some = Paired(("a", "b", "c"), (0, 5, 9), (3, 8, 9))
    growth = growth_of(average_change(some).quantile(0.5))
    assert np.isfinite(growth).all()
    assert growth[0] == growth.max()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.floats(1, 40)), min_size=2, max_size=6).filter(
        lambda rows: any(events for events, _ in rows)
    )
)
def test_pooled_estimates_lie_between_the_raw_and_the_mean(rows):
    counts = Counts(
        tuple(str(n) for n in range(len(rows))),
        tuple(events for events, _ in rows),
        tuple(exposure for _, exposure in rows),
    )
    fit = fit_rates(counts)
    if fit.all_alike:
        assert math.exp(fit.location) == pytest.approx(counts.pooled_rate)
        return
    mean = math.exp(fit.location)
    pooled = rates_given(counts, mean, fit.strength).mean
    slack = 1e-9 * (1 + mean)
    assert (pooled >= np.minimum(counts.rates, mean) - slack).all()
    assert (pooled <= np.maximum(counts.rates, mean) + slack).all()


@pytest.mark.parametrize(
    ("codes", "events", "exposure", "told"),
    [
        (("1",), (3,), (2.0,), "two municipalities at least"),
        (("1", "2"), (3, 4), (2.0, 0.0), "exposure of 0.0"),
        (("1", "2"), (3, 4), (2.0, float("nan")), "exposure of nan"),
        (("1", "2"), (0, 0), (2.0, 1.0), "nothing to rank"),
    ],
)
def test_bad_counts_are_refused_in_a_sentence(codes, events, exposure, told):
    with pytest.raises(InputError, match=told):
        Counts(codes, events, exposure)


def test_a_single_pair_is_refused():
    with pytest.raises(InputError, match="two municipalities at least"):
        fit_change(Paired(("1",), (3,), (4,)))
