"""Rank distributions and funnel limits: identities, closed forms and plain simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, nbinom, norm, poisson

from bsup_analysis.effects.empirical_bayes import (
    Counts,
    Posteriors,
    Ranks,
    average_rates,
    fit_rates,
    funnel_limit,
    ranks,
    rates_given,
    raw_ranks,
)
from bsup_analysis.errors import InputError


def normal(means: list[float], spreads: list[float]) -> Posteriors:
    codes = tuple(str(number) for number in range(len(means)))
    return Posteriors(codes, np.ones(1), norm(np.array([means]), np.array([spreads])))


def test_two_normals_rank_as_the_closed_form_says():
    """The chance that one exceeds the other is that of their difference."""
    found = ranks(normal([1.0, 0.3], [0.6, 0.9]))
    expected = norm.cdf(0.7 / math.hypot(0.6, 0.9))
    assert found.probability[0] == pytest.approx([expected, 1 - expected], abs=1e-7)
    assert found.expected == pytest.approx([2 - expected, 1 + expected], abs=1e-7)


def test_equal_units_may_take_any_place():
    found = ranks(normal([2.0] * 6, [0.4] * 6))
    assert found.probability == pytest.approx(np.full((6, 6), 1 / 6), abs=1e-7)
    first, last = found.interval(0.95)
    assert first.tolist() == [1] * 6
    assert last.tolist() == [6] * 6


def test_each_place_is_taken_once(loans):
    found = ranks(average_rates(loans))
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(17), abs=1e-7)
    assert found.probability.sum(axis=0) == pytest.approx(np.ones(17), abs=1e-6)
    assert found.expected.sum() == pytest.approx(17 * 18 / 2)
    for k in (1, 5, 17):
        assert found.among_highest(k).sum() == pytest.approx(k, abs=1e-5)
        assert found.among_lowest(k) == pytest.approx(
            1 - found.among_highest(17 - k) if k < 17 else np.ones(17), abs=1e-7
        )


def test_ranks_are_those_of_simulated_draws(loans):
    """200 000 draws: a probability's standard error is at most 0.0011; five of them allowed."""
    posterior = average_rates(loans)
    draw = np.random.default_rng(7)
    component = draw.choice(len(posterior.weights), 200_000, p=posterior.weights)
    shape, scale = posterior.distribution.args[0], posterior.distribution.kwds["scale"]
    values = draw.gamma(shape[component], scale[component])
    place = (-values).argsort(axis=1).argsort(axis=1)
    simulated = np.stack([(place == rank).mean(axis=0) for rank in range(17)], axis=1)
    found = ranks(posterior)
    assert np.abs(found.probability - simulated).max() < 0.0056
    assert found.expected == pytest.approx((place + 1).mean(axis=0), abs=0.03)


def test_more_nodes_change_nothing(loans):
    fit = fit_rates(loans)
    posterior = rates_given(loans, math.exp(fit.location), fit.strength)
    assert ranks(posterior).probability == pytest.approx(
        ranks(posterior, nodes=400).probability, abs=1e-6
    )


def test_all_85_units_rank_with_sizes_300_times_apart():
    size = np.geomspace(500, 170_000, 85)
    draw = np.random.default_rng(3)
    events = draw.poisson(draw.gamma(5, 0.0025 / 5, 85) * size)
    counts = Counts(tuple(f"{n:04d}" for n in range(85)), tuple(events.tolist()), tuple(size))
    fit = fit_rates(counts)
    found = ranks(rates_given(counts, math.exp(fit.location), fit.strength))
    assert found.probability.sum(axis=0) == pytest.approx(np.ones(85), abs=1e-4)
    assert found.among_highest(17).sum() == pytest.approx(17, abs=1e-4)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1.0, 0, 0, 0], (1, 1)),
        ([0.02, 0.96, 0.02, 0], (2, 2)),
        ([0.03, 0.94, 0.03, 0], (1, 3)),
        ([0.25, 0.25, 0.25, 0.25], (1, 4)),
        ([0, 0, 0.5, 0.5], (3, 4)),
    ],
)
def test_place_interval_has_equal_tails(row, expected):
    found = Ranks(tuple("abcd"), np.array([row]))
    first, last = found.interval(0.95)
    assert (first[0], last[0]) == expected


@given(st.lists(st.floats(0.1, 5), min_size=2, max_size=6), st.floats(0.5, 0.99))
@settings(max_examples=25, deadline=None)
def test_place_interval_holds_its_probability(means, level):
    found = ranks(normal(means, [0.7] * len(means)))
    for row, first, last in zip(found.probability, *found.interval(level), strict=True):
        assert row[first - 1 : last].sum() >= level - 1e-9


@pytest.mark.parametrize("k", [0, -1, 18, 400])
def test_more_places_than_units_are_refused(loans, k):
    found = Ranks(loans.codes, np.eye(17))
    for question in (found.among_highest, found.among_lowest):
        with pytest.raises(InputError, match="choose a number from 1 to 17"):
            question(k)


def test_raw_ranks_share_ties():
    assert raw_ranks(np.array([3.0, 5.0, 3.0, 1.0])).tolist() == [2.5, 1.0, 2.5, 4.0]
    assert raw_ranks(np.array([2.0, 2.0, 2.0])).tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("probability", [0.001, 0.025, 0.4, 0.975, 0.999])
def test_funnel_limit_follows_spiegelhalter(probability):
    """Appendix A.1.1: the limit lies between two counts as the probability between their sums."""
    mean = 7.3
    limit = funnel_limit(np.array([100.0]), mean / 100, probability)[0] * 100
    upper = int(poisson(mean).ppf(probability))
    below, at = poisson(mean).cdf(upper - 1), poisson(mean).cdf(upper)
    assert below < probability <= at
    assert limit == pytest.approx(max(0, upper - (at - probability) / (at - below)))


def test_funnel_limits_hold_their_share_in_simulation():
    """As rare as said for large units; interpolated limits let steps of small counts through."""
    draw = np.random.default_rng(5)
    exposure = np.array([400.0, 3000.0, 50_000.0])
    for shape in (math.inf, 4.0):
        low, high = (funnel_limit(exposure, 0.01, p, shape) for p in (0.025, 0.975))
        rate = 0.01 if math.isinf(shape) else draw.gamma(shape, 0.01 / shape, (100_000, 3))
        found = draw.poisson(rate * exposure, (100_000, 3)) / exposure
        outside = ((found < low) | (found > high)).mean(axis=0)
        assert (outside < 0.08).all()
        assert outside[2] == pytest.approx(0.05, abs=0.004)


def test_funnel_narrows_to_the_rate_and_the_spread_stays():
    wide = np.array([1e3, 1e6, 1e9])
    chance = funnel_limit(wide, 0.002, 0.975)
    spread = funnel_limit(wide, 0.002, 0.975, 4.0)
    assert (np.diff(chance) < 0).all()
    assert chance[-1] == pytest.approx(0.002, rel=0.002)
    assert spread[-1] == pytest.approx(gamma(4.0, scale=0.002 / 4).ppf(0.975), rel=1e-3)
    assert nbinom(4.0, 4.0 / (4.0 + 2.0)).cdf(spread[0] * 1e3) >= 0.95


@pytest.mark.parametrize(
    ("exposure", "rate", "probability"), [(0.0, 1.0, 0.5), (1.0, 0.0, 0.5), (1.0, 1.0, 0.0)]
)
def test_funnel_refuses_what_has_no_limit(exposure, rate, probability):
    with pytest.raises(InputError):
        funnel_limit(np.array([exposure]), rate, probability)
