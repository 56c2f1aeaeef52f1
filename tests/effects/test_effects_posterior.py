"""The posterior of the ratio: against other computations, identities, and coverage on panels."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import roots_hermitenorm
from scipy.stats import beta, binom, norm

from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.posterior import Belief, evidence, posterior
from bsup_analysis.errors import InputError
from bsup_analysis.study import Study

STUDY = Study("en")
PRIORITY = STUDY.priority_loans
OTHERS = (309, 478)  # document p. 11 less p. 14
PEOPLE = STUDY.municipality_year.query("group == 'other' and year == 2009")["population"]
WEIGHTS = PEOPLE.astype(float).tolist()


def believed(rows: Paired = PRIORITY, others=OTHERS, weights=WEIGHTS, **changed: object):
    chosen = {"scales": (0.0, 0.5), "gain": 1.2, "level": 0.95, "draws": 100_000, "seed": 1}
    found = posterior(rows, *others, weights, **{**chosen, **changed})
    return {(one.variant, one.scale): one for one in found}


def close(one: Belief, other: Belief, tolerance: float) -> bool:
    return all(
        abs(getattr(one, name) - getattr(other, name)) < tolerance
        for name in ("ratio", "low", "high", "above_one", "above_gain")
    )


@pytest.mark.parametrize(("mu", "tau"), [(0.3, 0.01), (0.4, 0.25), (0.0, 0.49), (0.7, 1.49)])
def test_likelihood_of_the_rows_is_scipys_integral(mu: float, tau: float) -> None:
    """scipy's adaptive quadrature of each binomial over a normal; differences to 1e-5."""

    def log_likelihood(mean: float, spread: float) -> float:
        total = 0.0
        for pre, post in zip(PRIORITY.pre, PRIORITY.post, strict=True):
            peak = math.log(post / pre)

            def value(t: float, n: float = pre + post, y: float = post) -> float:
                return binom.pmf(y, n, 1 / (1 + math.exp(-t))) * norm.pdf(t, mean, spread)

            marks = sorted({mean, peak, (mean + peak) / 2})
            ends = min(marks) - 8 * spread, max(marks) + 8 * spread
            total += math.log(quad(value, *ends, points=marks, limit=500, epsabs=1e-16)[0])
        return total

    found = evidence(PRIORITY)

    def node(mean: float, spread: float) -> tuple[int, int]:
        return int(np.abs(found.tau - spread).argmin()), int(np.abs(found.mu - mean).argmin())

    def at(where: tuple[int, int]) -> float:
        return float(found.log_likelihood[where])

    first, second = node(0.35, 0.25), node(mu, tau)
    expected = log_likelihood(found.mu[second[1]], found.tau[second[0]]) - log_likelihood(
        found.mu[first[1]], found.tau[first[0]]
    )
    assert at(second) - at(first) == pytest.approx(expected, abs=1e-5)


def test_posterior_is_that_of_importance_sampling() -> None:
    """Draws from the priors, weighted by scipy's binomial; its own error is about 0.01."""
    rng, number = np.random.default_rng(5), 6000
    z, weight = roots_hermitenorm(300)
    mu, tau = rng.uniform(-0.3, 1.1, number), np.abs(rng.normal(0, 0.5, number))
    logs = np.zeros(number)
    for pre, post in zip(PRIORITY.pre, PRIORITY.post, strict=True):
        p = 1 / (1 + np.exp(-(mu[:, None] + tau[:, None] * z)))
        logs += np.log(binom.pmf(post, pre + post, p) @ weight)
    rows = rng.choice(
        number, 200_000, p=np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    )
    share = np.array(WEIGHTS) / sum(WEIGHTS)
    mean, spread = rng.uniform(-3, 3, 200_000), np.abs(rng.normal(0, 0.5, 200_000))
    growth = np.concatenate(
        [
            np.exp(m[:, None] + s[:, None] * rng.standard_normal((len(m), len(share)))) @ share
            for m, s in zip(np.split(mean, 20), np.split(spread, 20), strict=True)
        ]
    )
    chance = binom.pmf(OTHERS[1], sum(OTHERS), growth / (1 + growth))
    other = rng.choice(200_000, 200_000, p=chance / chance.sum())
    log_mean = mu[rows] - mean[other]
    log_totals = log_mean + (tau[rows] ** 2 - spread[other] ** 2) / 2
    found = believed()
    for variant, values in (("own_mean", log_mean), ("own_totals", log_totals)):
        one = found[variant, 0.5]
        assert one.above_one == pytest.approx((values > 0).mean(), abs=0.02)
        assert one.above_gain == pytest.approx((values > math.log(1.2)).mean(), abs=0.02)
        ends = np.exp(np.quantile(values, [0.025, 0.5]))
        assert (one.low, one.ratio) == pytest.approx(tuple(ends), abs=0.02)


def test_without_spread_it_is_the_ratio_of_two_betas() -> None:
    """scipy's beta distribution, odds of the later year; 0.003 is twice the error of the draws."""
    own, other = (
        beta(post, pre).rvs(400_000, random_state=seed)
        for seed, post, pre in ((1, 1009, 738), (2, 478, 309))
    )
    ratio = own / (1 - own) / (other / (1 - other))
    one = believed()["shared", 0.0]
    assert one.above_one == pytest.approx((ratio > 1).mean(), abs=0.003)
    assert (one.low, one.ratio, one.high) == pytest.approx(
        tuple(np.quantile(ratio, [0.025, 0.5, 0.975])), abs=0.003
    )


def test_a_spread_near_none_is_none_and_seeds_agree() -> None:
    found, again = believed(scales=(0.0, 0.01, 0.5)), believed(scales=(0.5,), seed=2)
    assert close(found["own_totals", 0.01], found["shared", 0.0], 0.01)
    assert close(found["own_totals", 0.5], again["own_totals", 0.5], 0.01)
    assert believed()["own_mean", 0.5] == believed()["own_mean", 0.5]


def test_with_many_small_others_their_total_leaves_only_its_own_noise() -> None:
    """The mean of ever more growths is the one to be expected, whatever their spread."""
    many = believed(weights=[1.0] * 3000, draws=5000, scales=(0.5,))
    one = believed(weights=[1.0], draws=5000, scales=(0.5,))
    width = {
        k: math.log(v.high / v.low)
        for k, v in (("many", many["own_totals", 0.5]), ("one", one["own_totals", 0.5]))
    }
    assert width["many"] < 0.6 < 1.5 < width["one"]


MEANS = np.array([225, 104, 75, 62, 53, 41, 39, 31, 20, 16, 15, 13, 13, 9, 8, 7, 7.0])
PANELS = 200


@cache
def held(scale: float, panels: int) -> dict[str, float]:
    """How often 80% intervals under a prior of scale 0.5 hold the truth, drawn with `scale`."""
    rng = np.random.default_rng([int(100 * scale), 7])
    share = np.array(WEIGHTS) / sum(WEIGHTS)
    hits = {"own_totals": 0, "own_mean": 0}
    for _ in range(panels):
        own_tau, tau = np.abs(rng.normal(0, scale, 2))
        own_mu, mu = 0.3, 0.4
        rows = rng.poisson(MEANS), rng.poisson(MEANS * np.exp(rng.normal(own_mu, own_tau, 17)))
        kept = rows[0] + rows[1] > 0
        pairs = (tuple(map(int, values[kept])) for values in rows)
        paired = Paired(tuple(str(n) for n in np.flatnonzero(kept)), *pairs)
        others = (
            rng.poisson(309),
            rng.poisson(309 * share @ np.exp(rng.normal(mu, tau, len(share)))),
        )
        found = believed(paired, others, scales=(0.5,), draws=2000, level=0.8)
        truth = {"own_mean": own_mu - mu}
        truth["own_totals"] = truth["own_mean"] + (own_tau**2 - tau**2) / 2
        for variant, value in truth.items():
            one = found[variant, 0.5]
            hits[variant] += one.low <= math.exp(value) <= one.high
    return {variant: number / panels for variant, number in hits.items()}


@pytest.mark.parametrize("variant", ["own_totals", "own_mean"])
def test_intervals_cover_on_panels_drawn_from_the_prior(variant: str) -> None:
    """A posterior covers its level on average over its prior; 3 standard errors of 200 panels."""
    assert held(0.5, PANELS)[variant] == pytest.approx(0.8, abs=3 * math.sqrt(0.8 * 0.2 / PANELS))


def test_intervals_do_not_cover_where_the_others_are_far_more_unlike() -> None:
    """What is believed of the spread is not corrected by the data: a wrong prior shows."""
    assert held(1.5, PANELS // 3)["own_mean"] < 0.7


@pytest.mark.parametrize(
    "changed", [{"weights": []}, {"weights": [1.0, 0.0]}, {"draws": 10}, {"others": (0, 5)}]
)
def test_what_gives_no_posterior_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(InputError):
        believed(**changed)
