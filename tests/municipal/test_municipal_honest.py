"""Honest bounds against HonestDiD's README, a linear-programme oracle and diff-diff."""

import os
import subprocess
import sys

import numpy as np
import pytest
from arp_by_programmes import moments, reject
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import norm

from bsup_analysis.effects.municipal import honest
from bsup_analysis.effects.municipal.fixed_length import shifted_quantile
from bsup_analysis.effects.municipal.honest import (
    EventCoefficients,
    breakdown,
    parallel_trends,
    relative_magnitudes,
    smoothness,
)
from bsup_analysis.errors import InputError

# Event study of Medicaid expansion and insurance (Miller, Johnson and Wherry's design), as printed
# in the README of github.com/asheshrambachan/HonestDiD: 2008-2012, 2014-2015, reference 2013.
BETA = [
    -0.005285342424242659,
    -0.011297318398268603,
    -0.0026759755411257693,
    -0.0014193119047621143,
    0.00033967748917726443,
    0.046446864502164224,
    0.06920618030302997,
]
VCOV = 1e-5 * np.array([
    [7.48848471, 6.03987552, 4.44461869, 3.38576560, 4.32801351, 4.76588218, 2.42512954],
    [6.03987552, 7.26649906, 3.78932812, 2.86657631, 4.54332134, 4.42885269, 2.82465579],
    [4.44461869, 3.78932812, 5.05205072, 2.67367795, 2.77819383, 3.06064542, 0.96375480],
    [3.38576560, 2.86657631, 2.67367795, 4.00322178, 2.41286087, 2.38086937, 0.29239019],
    [4.32801351, 4.54332134, 2.77819383, 2.41286087, 5.46266539, 3.68253532, 0.97229778],
    [4.76588218, 4.42885269, 3.06064542, 2.38086937, 3.68253532, 8.37567403, 6.32140330],
    [2.42512954, 2.82465579, 0.96375480, 0.29239019, 0.97229778, 6.32140330, 10.71235815],
])  # fmt: skip


@pytest.fixture(scope="module")
def medicaid():
    return EventCoefficients(np.array(BETA[:5]), np.array(BETA[5:]), VCOV, np.array([1.0, 0.0]))


def random_study(seed, pre, post, weights=None):
    source = np.random.default_rng(seed)
    root = source.normal(size=(pre + post, pre + post + 3)) * 0.03
    beta = source.normal(size=pre + post) * 0.03
    given = None if weights is None else np.array(weights, float)
    return EventCoefficients(beta[:pre], beta[pre:] + 0.05, root @ root.T, given)


@pytest.mark.parametrize(
    ("m", "low", "high"),
    [(0.5, 0.0241, 0.0673), (1, 0.0171, 0.0720), (1.5, 0.0086, 0.0796), (2, -0.0011, 0.0883)],
)
def test_relative_magnitudes_of_the_readme(medicaid, m, low, high):
    """HonestDiD README, C-LF, first period after; 0.001 (its grid has steps of 0.0004)."""
    found = relative_magnitudes(medicaid, m)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-3)


@pytest.mark.parametrize(
    ("m", "low", "high", "printed"),
    [
        (0, 0.0259, 0.0607, 2e-4),
        (0.01, 0.0132, 0.0787, 2e-4),
        (0.02, 0.0029, 0.0907, 2e-4),
        (0.03, -0.0071, 0.101, 5e-4),
    ],
)
def test_smoothness_of_the_readme(medicaid, m, low, high, printed):
    """HonestDiD README, FLCI; 0.0002, and half a unit of the last digit where 0.101 is printed."""
    found = smoothness(medicaid, m)
    assert found.low == pytest.approx(low, abs=2e-4)
    assert found.high == pytest.approx(high, abs=printed)


def test_original_interval_of_the_readme(medicaid):
    """HonestDiD README, "Original": 0.0285 to 0.0644; half a printed unit."""
    found = parallel_trends(medicaid)
    assert (found.low, found.high) == pytest.approx((0.0285, 0.0644), abs=5e-5)


def test_breakdown_of_the_readme(medicaid):
    """README: about 2 in relative magnitudes, between 0.02 and 0.03 in smoothness."""
    assert 1.5 < breakdown(lambda m: relative_magnitudes(medicaid, m), most=4) < 2
    assert 0.02 < breakdown(lambda m: smoothness(medicaid, m), most=0.1) < 0.03


@pytest.mark.parametrize("m", [0.0, 0.7, 1.5])
@pytest.mark.parametrize(
    ("pre", "post", "weights"),
    [
        (2, 3, [0, 0, 1]),
        (3, 3, None),
        (3, 1, None),
        (1, 1, [2]),
        (1, 2, [0.2, 0.8]),
        (2, 4, [1, -1, 2, 0.5]),
    ],
)
def test_conditional_test_by_programmes(pre, post, weights, m):
    """Each decision is that of the programmes R solves, wherever these are not degenerate."""
    study = random_study(pre * 10 + post, pre, post, weights)
    source = np.random.default_rng(1)
    normal = np.linalg.cholesky(study.vcov) @ source.standard_normal((pre + post, 5_000))
    beta = np.concatenate([study.before, study.after])
    size = 0.045 / 0.995
    compared = 0
    for change in range(pre):
        for sign in (1, -1):
            component = honest._component(study, m, change, sign, normal, 0.005)
            ends = (component.level[:2] - component.critical) / component.slope[:2]
            values = np.linspace(min(ends) - 0.01, max(ends) + 0.01, 15)
            ours = honest._rejects(component, values, size)
            rows = moments(pre, post, m, change, sign)
            for value, mine in zip(values, ours, strict=True):
                theirs = reject(
                    rows,
                    beta,
                    study.vcov,
                    study.target,
                    value,
                    critical=component.critical,
                    size=size,
                )
                if theirs is not None:
                    assert theirs == mine
                    compared += 1
    assert compared >= 20


@pytest.mark.parametrize("seed", range(6))
def test_smoothness_diff_diff(seed):
    """diff-diff 3.13's optimal FLCI, an independent solver; 1e-5 (it solves to about 1e-6)."""
    honest_did = pytest.importorskip("diff_diff.honest_did")
    pre, post = [(1, 1), (2, 4), (5, 2), (4, 3), (6, 1), (3, 5)][seed]
    study = random_study(seed, pre, post, np.eye(post)[seed % post] if seed % 2 else None)
    m = [0, 0.01, 0.03, 0.3, 0.005, 0.0][seed]
    theirs = honest_did._compute_optimal_flci(
        study.before, study.after, study.vcov, study.target, pre, post, m
    )
    ours = smoothness(study, m)
    assert (ours.low, ours.high) == pytest.approx(theirs, abs=1e-5)


def worst_bias(study, vector, m):
    """Largest bias of a linear estimator over smooth departures, by a linear programme."""
    pre, post = study.before.size, study.after.size
    total = pre + post + 1
    second = np.zeros((total - 2, total))
    for row in range(total - 2):
        second[row, row : row + 3] = (1, -2, 1)
    cost = np.insert(vector, pre, 0.0)
    zero = np.eye(total)[[pre]]
    found = linprog(
        -cost,
        A_ub=np.vstack([second, -second]),
        b_ub=np.full(2 * (total - 2), m),
        A_eq=zero,
        b_eq=[0.0],
        bounds=[(None, None)] * total,
    )
    return -found.fun


@pytest.mark.parametrize("weights", [None, [0, 1, 0], [1, -2, 0.5]])
def test_smoothness_covers_under_the_worst_departure(weights):
    """At the departure that biases its estimate most, the interval covers 95 % and no less.

    The estimator is read off by moving one coefficient at a time; its worst bias is a linear
    programme's; half the length is then the folded normal's quantile. 1e-6.
    """
    study = random_study(3, 4, 3, weights)

    def middle(before, after):
        found = smoothness(EventCoefficients(before, after, study.vcov, study.target), 0.02)
        return (found.low + found.high) / 2, (found.high - found.low) / 2

    at, half = middle(np.zeros(4), np.zeros(3))
    assert at == pytest.approx(0, abs=1e-12)
    vector = np.array([middle(row[:4], row[4:])[0] for row in np.eye(7)])
    sd = np.sqrt(vector @ study.vcov @ vector)
    bias = worst_bias(study, vector, 0.02)
    assert norm.cdf((half - bias) / sd) - norm.cdf((-half - bias) / sd) == pytest.approx(
        0.95, abs=1e-6
    )
    # No estimator nearby that a straight trend does not bias has a shorter interval.
    source = np.random.default_rng(0)
    for _ in range(20):
        step = source.normal(size=4) * 0.05
        step[-1] = -step[:3] @ [4, 3, 2]
        other = vector + np.concatenate([step, np.zeros(3)])
        wide = np.sqrt(other @ study.vcov @ other)
        shift = worst_bias(study, other, 0.02) / wide
        length = wide * shifted_quantile(np.array([shift]), 0.05, None)[0]
        assert length >= half - 1e-7


@pytest.mark.parametrize("m", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("seed", [*range(4), *range(5, 10)])  # the largest shape takes seconds
def test_smoothness_is_at_the_minimum_to_the_last_digits(seed, m):
    """The last bits of the variance matrix, which threads change, leave ten digits as they are.

    And no step in any direction from the interval's weights makes it shorter by more than rounding.
    """
    pre, post = [(2, 3), (3, 4), (4, 3), (5, 2), (6, 4)][seed % 5]
    study = random_study(seed, pre, post)
    found = smoothness(study, m)
    source = np.random.default_rng(seed)
    bits = 1 + 1e-15 * source.normal(size=study.vcov.shape)
    moved = EventCoefficients(study.before, study.after, study.vcov * (bits + bits.T) / 2)
    other = smoothness(moved, m)
    scale = max(abs(found.low), abs(found.high))
    assert (other.low, other.high) == pytest.approx((found.low, found.high), abs=1e-11 * scale)

    def end(at):
        given = smoothness(EventCoefficients(at[:pre], at[pre:], study.vcov), m)
        return (given.high + given.low) / 2

    vector = np.array([end(row) for row in np.eye(pre + post)])
    half, distance = (found.high - found.low) / 2, np.arange(pre, 0, -1)

    def length(vector):
        ramp = np.maximum(distance - np.arange(1, pre)[:, None], 0)
        after = np.maximum(np.arange(1, post + 1) - np.arange(post)[:, None], 0)
        bias = m * (np.abs(after @ study.target).sum() + np.abs(ramp @ vector[:pre]).sum())
        sd = np.sqrt(vector @ study.vcov @ vector)
        return sd * shifted_quantile(np.array([bias / sd]), 0.05, None)[0]

    assert length(vector) == pytest.approx(half, rel=1e-12)
    for size in (1e-6, 1e-3, 1e-1):
        for _ in range(10):
            step = size * source.normal(size=pre)
            step[-1] = -step[:-1] @ distance[:-1]  # no bias from a straight trend
            assert length(vector + np.append(step, np.zeros(post))) > half * (1 - 1e-13)


THREADS = """
import numpy as np
from bsup_analysis.effects.municipal.event_study import event_study
from bsup_analysis.effects.municipal.honest import sensitivity
from bsup_analysis.effects.municipal.panel import MunicipalPanel

source, years = np.random.default_rng(8), range(2005, 2013)
people = source.lognormal(9, 1, size=(85, 1)) * np.ones(8)
noise = source.gamma(20, 1 / 20, size=(85, 8))
names = tuple(f"u{n:02}" for n in range(85))
panel = MunicipalPanel(
    source.poisson(people * noise / 400), people, np.arange(85) < 17, names, names, names,
    tuple(years), 2010,
)
study = event_study(panel, 2008, drift=0.05)
for item in sensitivity(study.for_honest_bounds(), [0.5], np.linspace(0, 0.1, 21), 0.0).smooth:
    print(f"{item.m:.3f} {item.low:.10g} {item.high:.10g}")
"""


def test_bounds_do_not_depend_on_threads():
    """Ten digits of the bounds of one panel, with one thread and with two."""
    printed = [
        subprocess.run(
            [sys.executable, "-c", THREADS],
            capture_output=True,
            check=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2")
    ]
    assert len(printed[0].splitlines()) == 21
    assert printed[0] == printed[1]


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    pre=st.integers(1, 5),
    post=st.integers(1, 5),
    m=st.floats(0, 2),
    scale=st.floats(0.1, 10),
)
def test_bounds_scale_mirror_and_widen(seed, pre, post, m, scale):
    """Unit and sign of the outcome carry over; a larger departure makes no shorter interval.

    2 % of the length: the least favourable critical values are simulated.
    """
    study = random_study(seed, pre, post)
    scaled = EventCoefficients(
        study.before * -scale, study.after * -scale, study.vcov * scale**2, study.target
    )
    for bounds, factor in ((relative_magnitudes, 1.0), (smoothness, scale)):
        one, other = bounds(study, m), bounds(scaled, m * factor)
        length = one.high - one.low
        assert -other.high / scale == pytest.approx(one.low, abs=2e-2 * length)
        assert -other.low / scale == pytest.approx(one.high, abs=2e-2 * length)
        if post > 1:  # with one period after the conditional test has more moments than M moves
            wider = bounds(study, m + 0.5)
            assert wider.high - wider.low >= length * (1 - 1e-6)


def test_ends_are_where_the_test_turns():
    """Just inside some component accepts, just outside all reject; 1e-5 of the length."""
    study = random_study(11, 2, 3)
    found = relative_magnitudes(study, 0.8)
    values, vectors = np.linalg.eigh(study.vcov)
    source = np.random.default_rng(honest.SEED)
    normal = (vectors * np.sqrt(values)) @ source.standard_normal((5, honest.DRAWS))
    components = [
        honest._component(study, 0.8, change, sign, normal, 0.005)
        for change in (0, 1)
        for sign in (1, -1)
    ]
    step = 1e-5 * (found.high - found.low)
    for end, out in ((found.low, -step), (found.high, step)):
        at = np.array([end - out, end + out])
        rejected = np.array([honest._rejects(one, at, 0.045 / 0.995) for one in components])
        assert rejected.all(axis=0).tolist() == [False, True]


def test_first_stage_is_that_of_the_package():
    """HonestDiD: hybrid_kappa = alpha / 10 by default."""
    assert honest.HYBRID_SHARE == 0.1


def test_relative_magnitudes_without_departure_is_the_ordinary_interval():
    """M = 0: the level is spent on two tests, so the length is 1.96 standard errors to 1 %."""
    study = random_study(5, 3, 3)
    strict, plain = relative_magnitudes(study, 0), parallel_trends(study)
    assert strict.low == pytest.approx(plain.low, abs=0.01 * (plain.high - plain.low))
    assert strict.high == pytest.approx(plain.high, abs=0.01 * (plain.high - plain.low))


def test_refuses():
    one = np.ones(1)
    with pytest.raises(InputError, match="before and after"):
        EventCoefficients(one[:0], one, np.eye(1))
    with pytest.raises(InputError, match="not a variance matrix"):
        EventCoefficients(one, one, np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(InputError, match="weights"):
        EventCoefficients(one, one, np.eye(2), np.zeros(1))
