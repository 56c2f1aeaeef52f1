"""By simulation, with the true rates known: intervals hold their level, and pooling picks better.

The spread between units is drawn anew each round from the prior that the full posterior uses, so
that its intervals must cover at their level and nothing but Monte Carlo error is allowed.
"""

import math

import numpy as np
import pytest

from bsup_analysis.effects.empirical_bayes import (
    Counts,
    average_rates,
    fit_rates,
    ranks,
    rates_given,
)

UNITS, ROUNDS, K, MEAN = 30, 200, 6, 0.0025


@pytest.fixture(scope="module")
def rounds() -> dict[str, np.ndarray]:
    """Draw rates, then counts, then estimate; sizes are spread as municipalities' are."""
    size = np.geomspace(300, 40_000, UNITS)
    draw = np.random.default_rng(20092012)
    codes = tuple(f"{number:02d}" for number in range(UNITS))
    full, fixed, hits = [], [], []
    for _ in range(ROUNDS):
        shrinkage = draw.uniform()
        shape = np.median(MEAN * size) * shrinkage / (1 - shrinkage)
        rate = draw.gamma(shape, MEAN / shape, UNITS)
        counts = Counts(codes, tuple(draw.poisson(rate * size).tolist()), tuple(size))
        posterior = average_rates(counts, strengths=16, points=7)
        low, high = posterior.interval(0.9)
        full.append((low <= rate) & (rate <= high))
        fit = fit_rates(counts)
        if fit.all_alike:
            continue
        plug_in = rates_given(counts, math.exp(fit.location), fit.strength)
        low, high = plug_in.interval(0.9)
        fixed.append((low <= rate) & (rate <= high))
        truly = set(np.argsort(-rate)[:K].tolist())
        by_probability = np.argsort(-ranks(plug_in, nodes=24).among_highest(K))[:K]
        by_rate = np.argsort(-counts.rates, kind="stable")[:K]
        hits.append([len(truly & set(chosen.tolist())) for chosen in (by_probability, by_rate)])
    return {"full": np.array(full), "fixed": np.array(fixed), "hits": np.array(hits)}


def test_intervals_cover_the_true_rate_as_often_as_they_say(rounds):
    """Within three Monte Carlo errors, rounds being independent."""
    covered = rounds["full"].mean(axis=1)
    error = covered.std(ddof=1) / math.sqrt(len(covered))
    assert covered.mean() == pytest.approx(0.9, abs=3 * error)
    assert error < 0.006


def test_small_and_large_units_are_covered_alike(rounds):
    """Within three Monte Carlo errors for each third of the units by size."""
    for third in np.array_split(np.arange(UNITS), 3):
        covered = rounds["full"][:, third].mean(axis=1)
        error = covered.std(ddof=1) / math.sqrt(len(covered))
        assert covered.mean() == pytest.approx(0.9, abs=3 * error)


def test_hyperparameters_taken_as_known_cover_too_seldom(rounds):
    """Why the exhibits average over them: by at least three Monte Carlo errors."""
    covered = rounds["fixed"].mean(axis=1)
    error = covered.std(ddof=1) / math.sqrt(len(covered))
    assert covered.mean() < 0.9 - 3 * error


def test_pooling_finds_more_of_the_truly_highest_than_raw_rates(rounds):
    """The difference of hits a round, against its own Monte Carlo error."""
    gain = rounds["hits"][:, 0] - rounds["hits"][:, 1]
    error = gain.std(ddof=1) / math.sqrt(len(gain))
    assert gain.mean() > 3 * error
