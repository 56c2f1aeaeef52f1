"""Planted effects are recovered and intervals cover as often as they claim.

The Monte Carlo standard error of a coverage of 0.95 in 500 draws is 0.0097; a coverage is
accepted within 3.5 of them. That cannot tell 0.93 from 0.95, so the choice between t and normal
with an estimated dispersion is tested on 5 000 draws. Seeds are fixed: a failure is a change of
code.
"""

import math
from functools import cache

import numpy as np
import pytest
from scipy.stats import t

from bsup_analysis.effects.agreement import agreement_contrast
from bsup_analysis.effects.group_poisson import GroupTotals
from bsup_analysis.effects.inference import dispersed_se, ratio_interval
from bsup_analysis.effects.paired import Paired, clustered_half, growth_dispersion
from bsup_analysis.effects.randomisation import randomise_growth

DRAWS = 500
LEVEL = 0.95
ERROR = math.sqrt(LEVEL * (1 - LEVEL) / DRAWS)
PHI = 2.2  # about the dispersion of the 17
PLANTED = math.log(1.3)
# About the sizes of 2009: 17 unequal municipalities with 738 loans, 68 with 309 together.
MEANS = np.array([225, 104, 75, 62, 53, 41, 39, 31, 20, 16, 15, 13, 13, 9, 8, 7, 7.0])
OTHER_MEANS = np.full(68, 309 / 68)


def counts(rng, means, phi):
    """Poisson counts, or with gamma mixing counts of variance phi x mean."""
    if phi == 1:
        return rng.poisson(means)
    return rng.poisson(rng.gamma(means / (phi - 1), phi - 1))


def rows(pre, post):
    """Return the municipalities that have loans in one of the two years."""
    kept = np.flatnonzero(pre + post)
    return Paired(
        tuple(f"{n:02}" for n in kept),
        tuple(int(pre[n]) for n in kept),
        tuple(int(post[n]) for n in kept),
    )


@cache
def simulated(phi, log_ratio, number=DRAWS):
    """Pairs of the priority rows and the others' rows."""
    rng = np.random.default_rng([int(100 * phi), int(1000 * log_ratio)])
    draws = []
    for _ in range(number):
        priority = counts(rng, MEANS, phi), counts(rng, MEANS * 1.4 * math.exp(log_ratio), phi)
        other = counts(rng, OTHER_MEANS, phi), counts(rng, OTHER_MEANS * 1.4, phi)
        draws.append((rows(*priority), rows(*other)))
    return draws


def totals(priority, other):
    return GroupTotals(priority.pre_total, priority.post_total, other.pre_total, other.post_total)


def poisson(priority, other):
    both = totals(priority, other)
    return ratio_interval(both.log_ratio, dispersed_se(both))


def phi17(priority, other):
    return scaled(priority, other, growth_dispersion(priority).df)


def phi17_normal(priority, other):
    return scaled(priority, other, None)


def scaled(priority, other, df):
    both = totals(priority, other)
    phi = growth_dispersion(priority).phi
    return ratio_interval(both.log_ratio, dispersed_se(both, phi_priority=phi), df=df)


def half_known(priority, other):
    """Cluster-robust priority half, the others' dispersion assumed rightly."""
    both = totals(priority, other)
    se = math.sqrt(clustered_half(priority).variance + PHI * both.other_half)
    return ratio_interval(both.log_ratio, se)


def coverage(interval, phi, log_ratio, number=DRAWS):
    truth = math.exp(log_ratio)
    found = [interval(*draw) for draw in simulated(phi, log_ratio, number)]
    return sum(one.low <= truth <= one.high for one in found) / number


@pytest.mark.parametrize("log_ratio", [0.0, PLANTED])
@pytest.mark.parametrize(
    ("interval", "phi"), [(poisson, 1), (phi17, 1), (phi17, PHI), (half_known, PHI)]
)
def test_coverage_is_what_is_claimed(interval, phi, log_ratio):
    share = coverage(interval, phi, log_ratio)
    print(f"{interval.__name__}, phi {phi}: {share:.3f}, Monte Carlo error {ERROR:.4f}")  # noqa: T201
    assert abs(share - LEVEL) < 3.5 * ERROR


@pytest.mark.parametrize("phi", [1, PHI])
def test_estimated_dispersion_asks_for_t(phi):
    """5 000 draws: t(16) covers 0.95, the normal only P(|t16| < 1.96) = 0.932."""
    number = 5_000
    error = math.sqrt(LEVEL * (1 - LEVEL) / number)
    with_t, normal = (coverage(interval, phi, 0.0, number) for interval in (phi17, phi17_normal))
    print(f"phi {phi}: t {with_t:.4f}, normal {normal:.4f}, error {error:.4f}")  # noqa: T201
    assert abs(with_t - LEVEL) < 3.5 * error
    assert abs(normal - (1 - 2 * t.sf(1.959964, 16))) < 3.5 * error
    assert normal < LEVEL - 3.5 * error


def test_poisson_intervals_are_too_narrow_for_dispersed_counts():
    """Nominal 0.95 becomes 2 Phi(1.96 / sqrt(2.2)) - 1 = 0.814; the check above would see it."""
    expected = math.erf(1.959964 / math.sqrt(2 * PHI))
    share = coverage(poisson, PHI, 0.0)
    assert abs(share - expected) < 3.5 * math.sqrt(expected * (1 - expected) / DRAWS)
    assert share < LEVEL - 3.5 * ERROR


@pytest.mark.parametrize(("phi", "log_ratio"), [(1, PLANTED), (PHI, PLANTED), (PHI, 0.0)])
def test_planted_effect_is_recovered(phi, log_ratio):
    """Mean of 500 estimates within 3.5 of its own standard errors of the planted log ratio."""
    found = np.array([totals(*draw).log_ratio for draw in simulated(phi, log_ratio)])
    assert abs(found.mean() - log_ratio) < 3.5 * found.std(ddof=1) / math.sqrt(DRAWS)
    claimed = math.sqrt(
        phi * np.mean([dispersed_se(totals(*d)) ** 2 for d in simulated(1, PLANTED)])
    )
    if log_ratio:
        # Spread of estimates as the variance formula says, within 15 %.
        assert found.std(ddof=1) == pytest.approx(claimed, rel=0.15)


def test_dispersion_is_recovered():
    """Mean of 500 dispersions within 10 % of the planted one."""
    found = [growth_dispersion(priority).phi for priority, _ in simulated(PHI, 0.0)]
    assert np.mean(found) == pytest.approx(PHI, rel=0.10)


def test_jackknife_covers_inside_the_17():
    """Agreement that does nothing, 7 of 17, dispersed counts: at least the claimed coverage."""
    found = []
    for priority, _ in simulated(PHI, 0.0):
        interval = agreement_contrast(priority, priority.codes[:14:2]).jackknife
        found.append(interval.low <= 1 <= interval.high)
    assert np.mean(found) > LEVEL - 3.5 * ERROR


def test_exact_test_rejects_as_often_as_it_claims():
    """No effect and exchangeable municipalities: p <= 0.05 in no more than 5 % of 500 draws."""
    rng = np.random.default_rng(17)
    means = np.full(10, 30.0)
    p_values = []
    for _ in range(DRAWS):
        group = rows(counts(rng, means, PHI), counts(rng, means * 1.4, PHI))
        p_values.append(randomise_growth(group, group.codes[:4]).test.p_value)
    rejected = np.mean(np.array(p_values) <= 0.05)
    assert rejected <= 0.05 + 3.5 * ERROR
    assert np.mean(p_values) == pytest.approx(0.5, abs=3.5 * math.sqrt(1 / 12 / DRAWS) + 1 / 210)
