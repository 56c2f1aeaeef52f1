"""The municipal rule: its interval by brute force and by simulation, its verdict by cases."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from scipy.optimize import brentq, linprog, minimize
from scipy.stats import norm, t
from test_municipal_honest import random_study

from bsup_analysis.effects.inference import ratio_interval
from bsup_analysis.effects.municipal.cluster_inference import crv3
from bsup_analysis.effects.municipal.event_study import event_study
from bsup_analysis.effects.municipal.fixed_length import _slope, fixed_length, shifted_quantile
from bsup_analysis.effects.municipal.honest import EventCoefficients, sensitivity, smoothness
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.municipal.ppml import fit, treatment
from bsup_analysis.effects.verdict import municipal_verdict

GRID = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)


def quantile(bias, alpha, df):
    """1 - alpha quantile of |bias + T| from scipy's distribution functions alone."""
    reference = norm if df is None else t(df)
    return brentq(
        lambda end: reference.cdf(end - bias) - reference.cdf(-end - bias) - (1 - alpha),
        0,
        bias + reference.ppf(1 - alpha / 4),
        xtol=1e-12,
    )


def worst_bias(weights, pre, m):
    """Largest bias over trends whose slope changes by at most m: a linear programme over trends."""
    total = len(weights) + 1
    second = np.diff(np.eye(total), 2, axis=0)
    found = linprog(
        -np.insert(weights, pre, 0.0),
        A_ub=np.vstack([second, -second]),
        b_ub=np.full(2 * (total - 2), m),
        A_eq=np.eye(total)[[pre]],
        b_eq=[0.0],
        bounds=[(None, None)] * total,
    )
    return -found.fun


def by_brute_force(study, m, df):
    """Half of the shortest interval: every set of weights before is tried, by Nelder and Mead."""
    pre, post = study.before.size, study.after.size
    distance = np.arange(pre, 0, -1)
    slope = np.arange(1, post + 1) @ study.target

    def half(free):
        last = slope - free @ distance[:-1]  # the period next to the reference cancels the slope
        weights = np.concatenate([free, [last], study.target])
        se = np.sqrt(weights @ study.vcov @ weights)
        return se * quantile(worst_bias(weights, pre, m) / se, 0.05, df)

    if pre == 1:
        return half(np.zeros(0))
    starts = np.random.default_rng(0).normal(size=(3, pre - 1))
    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2_000}
    return min(minimize(half, x, method="Nelder-Mead", options=options).fun for x in starts)


@pytest.mark.parametrize("df", [None, 16, 3, 1])
@pytest.mark.parametrize("bias", [0.0, 0.2, 1.0, 4.0, 30.0])
def test_quantile(bias, df):
    """scipy's distribution functions and root finder; 1e-8 of it."""
    found = shifted_quantile(np.array([bias]), 0.05, df)
    assert found == pytest.approx([quantile(bias, 0.05, df)], rel=1e-8)


@pytest.mark.parametrize("df", [None, 16, 2])
def test_quantile_is_convex_and_its_slope_is_that(df):
    """What the search relies on; the slope by central differences, 2e-5."""
    bias = np.linspace(0, 12, 2_401)
    found = shifted_quantile(bias, 0.05, df)
    assert np.diff(found, 2).min() > -1e-9
    numeric = (found[2:] - found[:-2]) / (bias[2:] - bias[:-2])
    assert _slope(bias, found, df)[1:-1] == pytest.approx(numeric, abs=2e-5)


@pytest.mark.parametrize("m", [0.0, 0.01, 0.05])
@pytest.mark.parametrize(
    ("pre", "post", "weights", "df"),
    [(3, 4, [0, 1, 1, 1], 16), (2, 2, None, 16), (3, 4, [0, 1, 1, 1], None), (1, 3, None, None)],
)
def test_shortest_by_brute_force(pre, post, weights, df, m):
    """Linear programmes and Nelder-Mead from scipy; half the length to 1e-6."""
    study = replace(random_study(pre, pre, post, weights), df=df)
    found = smoothness(study, m)
    assert (found.high - found.low) / 2 == pytest.approx(by_brute_force(study, m, df), abs=1e-6)


def test_many_studies_at_once_are_each_alone():
    studies = [random_study(seed, 3, 4, [0, 1, 1, 1]) for seed in range(5)]
    beta = np.array([np.concatenate([one.before, one.after]) for one in studies])
    vcov = np.array([one.vcov for one in studies])
    together = fixed_length(beta, vcov, studies[0].target, 0.01, df=16)
    for position, one in enumerate(studies):
        alone = smoothness(replace(one, df=16), 0.01)
        both = (together.low[position], together.high[position])
        assert both == pytest.approx((alone.low, alone.high), abs=1e-12)


def drawn(study, departure, draws, df):
    """Coefficients around a departure, and variances drawn as Wishart's with df."""
    source = np.random.default_rng(1)
    root = np.linalg.cholesky(study.vcov)
    size = len(study.vcov)
    beta = departure + source.standard_normal((draws, size)) @ root.T
    parts = source.standard_normal((draws, df, size)) @ root.T
    return beta, np.swapaxes(parts, 1, 2) @ parts / df


@pytest.mark.parametrize(("m", "most"), [(0.0, 0.95), (0.02, 0.96)])
def test_covers_with_an_estimated_variance(m, most):
    """One period before, so nothing is chosen: exactly 95 % at no bias, no less with a known one.

    20 000 draws: a standard error of .0015, three of them allowed.
    """
    study = random_study(1, 1, 3, [0, 0.5, 0.5])
    years = np.array([-1, 1, 2, 3])
    df = 16
    beta, vcov = drawn(study, 0.3 * years + m * years**2 / 2, 20_000, df)
    found = fixed_length(beta, vcov, study.target, m, df=df)
    share = ((found.low <= 0) & (found.high >= 0)).mean()
    assert 0.95 - 0.0045 < share < most + 0.0045
    short = fixed_length(beta, vcov, study.target, m, df=None)
    assert ((short.low <= 0) & (short.high >= 0)).mean() < share - 0.005  # why t


def test_straight_trend_moves_nothing():
    study = random_study(4, 3, 4)
    tilted = EventCoefficients(
        study.before + 0.1 * np.array([-3, -2, -1]),
        study.after + 0.1 * np.arange(1, 5),
        study.vcov,
        study.target,
    )
    for m in (0.0, 0.02):
        one, other = (smoothness(replace(each, df=16), m) for each in (study, tilted))
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-9)


def bounds_of(panel, m=0.01, *, invert=False):
    study = event_study(panel, 2008).for_honest_bounds()
    if invert:
        study = replace(study, before=-study.before, after=-study.after)
    return sensitivity(study, (0.0, 1.0), GRID, m)


def judged(panel, *, invert=False, m=0.01):
    """E1, E2 (without the first unit) and the event study of a made-up panel, to the rule."""
    primary = panel.without_years([2009])
    second = primary.without([panel.codes[5]])
    ends = [crv3(fit(one, treatment)).interval() for one in (primary, second)]
    if invert:
        ends = [ratio_interval(-log(one.ratio), one.se, df=one.df) for one in ends]
    decisive = bounds_of(panel, m, invert=invert).decisive
    return municipal_verdict(*ends, (decisive.low, decisive.high))


@pytest.fixture(scope="module")
def tripled(make):
    return make(3, effect=log(3), dispersion=0.01, loans_per_1000=4)


def test_a_tripling_without_a_trend_is_an_improvement(tripled):
    verdict, decisive = judged(tripled), bounds_of(tripled).decisive
    assert verdict.key == "improved"
    assert [criterion.above for criterion in verdict.criteria] == [True] * 3
    assert decisive.low < log(3) < decisive.high
    assert verdict.interval.low < 3 < verdict.interval.high


def test_worse_mirrors_improved(tripled):
    verdict = judged(tripled, invert=True)
    assert verdict.key == "worse"
    assert [criterion.below for criterion in verdict.criteria] == [True] * 3
    one, other = bounds_of(tripled), bounds_of(tripled, invert=True)
    assert (-other.decisive.high, -other.decisive.low) == pytest.approx(
        (one.decisive.low, one.decisive.high), abs=1e-12
    )
    assert other.smooth_breakdown == pytest.approx(one.smooth_breakdown, abs=1e-9)


def test_breakdown_agrees_with_the_grid(tripled):
    found = bounds_of(tripled)
    assert 0 < found.smooth_breakdown < found.smooth_most == max(GRID)
    for interval in found.smooth:
        assert interval.excludes_zero == (interval.m < found.smooth_breakdown)
    study = event_study(tripled, 2008).for_honest_bounds()
    step = 3e-4 * found.smooth_most
    assert smoothness(study, found.smooth_breakdown).excludes_zero
    assert not smoothness(study, found.smooth_breakdown + step).excludes_zero


def test_the_breakdown_decides_by_m_alone(tripled):
    """An M beyond the breakdown is not met, one below is: the number itself is no condition."""
    edge = bounds_of(tripled).smooth_breakdown
    assert judged(tripled, m=edge / 2).key == "improved"
    assert judged(tripled, m=edge + 0.01).key == "not_shown"


def test_the_decisive_interval_takes_t(tripled):
    """A mutation: the normal quantile in place of t would give a shorter interval."""
    study = event_study(tripled, 2008)
    given = study.for_honest_bounds()
    primary = crv3(fit(tripled.without_years([2009]), treatment)).interval()
    assert given.df == study.intervals[0].df == primary.df
    decisive, normal = bounds_of(tripled).decisive, smoothness(replace(given, df=None), 0.01)
    assert decisive == smoothness(given, 0.01)
    assert decisive.high - decisive.low > 1.05 * (normal.high - normal.low)


def test_refuses_a_variance_of_nothing():
    nothing = np.zeros((1, 4, 4))
    with pytest.raises(NotEstimableError, match="variance is zero"):
        fixed_length(np.zeros((1, 4)), nothing, np.array([0.5, 0.5]), 0.0, df=16)
