"""Synthetic panels: loans of every municipality and year, drawn with a known effect.

Draw k comes from the k-th child of one seed sequence and from nothing else, so it is the same
whatever the number of workers, the chunking or the engine. Scenarios and effects share the
children: their panels differ by what is asked about and not by luck (common random numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.scenarios import Scenario

SMALL_UNIT_INHABITANTS = 1000.0  # the unit of `small_unit_sigma`


@dataclass(frozen=True, eq=False)
class Streams:
    """The random streams of one draw; each use has its own, so none shifts another."""

    noise: np.random.Generator
    loans: np.random.Generator
    weights: np.random.Generator
    assignments: np.random.Generator


def streams(seed: int, draw: int) -> Streams:
    """Return the streams of draw number `draw`: child `draw` of `SeedSequence(seed).spawn`."""
    child = np.random.SeedSequence(seed, spawn_key=(draw,))
    return Streams(*(np.random.default_rng(one) for one in child.spawn(4)))


def noise_sd(region: Region, scenario: Scenario) -> np.ndarray:
    """Return the standard deviation of each municipality's own log noise, (municipalities,)."""
    inhabitants = region.population[:, region.years.index(region.base_year)]
    small = scenario.small_unit_sigma**2 * SMALL_UNIT_INHABITANTS / inhabitants
    return np.sqrt(scenario.sigma**2 + small)


def log_mean(region: Region, scenario: Scenario, effect: float) -> np.ndarray:
    """Log of the loans expected with the effect, trend and selection, before noise.

    Noise is lognormal with mean one, so totals hold in expectation; its correction is included.

    Returns
    -------
    numpy.ndarray
        Shape (municipalities, years).
    """
    years = np.array(region.years)
    ratio = np.where(region.treated, effect, 1.0)
    if scenario.largest_effect is not None:
        ratio[region.largest] = scenario.largest_effect
    sd = noise_sd(region, scenario)
    shift = scenario.selection * scenario.autocorrelation ** np.abs(years - region.selection_year)
    drift = scenario.trend * (years - region.base_year)
    log = np.log(region.expected) + np.outer(np.log(ratio), region.treated_years)
    log += region.treated[:, None] * (drift + sd[:, None] * shift)
    return log - (sd[:, None] ** 2 + scenario.county_sigma**2) / 2


def draw_loans(
    region: Region, scenario: Scenario, effect: float, draws: Sequence[Streams]
) -> np.ndarray:
    """Draw panels.

    Parameters
    ----------
    region
        The region without noise.
    scenario
        Noise, trend, selection and an effect of the largest municipality's own.
    effect
        Rate ratio of the priority municipalities in treated years; 1 is none.
    draws
        Streams of the draws wanted.

    Returns
    -------
    numpy.ndarray
        Loans, whole numbers as floats, shape (draws, municipalities, years).
    """
    shape = region.population.shape
    counties = int(region.county.max()) + 1
    own = np.empty((len(draws), *shape))
    shared = np.empty((len(draws), counties, shape[1]))
    for k, stream in enumerate(draws):
        own[k] = stream.noise.standard_normal(shape)
        shared[k] = stream.noise.standard_normal(shared.shape[1:])
    rho = scenario.autocorrelation
    for t in range(1, shape[1]):  # stationary: every year has the same variance
        own[..., t] = rho * own[..., t - 1] + np.sqrt(1 - rho**2) * own[..., t]
    own *= noise_sd(region, scenario)[:, None]
    own += scenario.county_sigma * shared[:, region.county]
    means = np.exp(own + log_mean(region, scenario, effect))
    for k, stream in enumerate(draws):
        own[k] = stream.loans.poisson(means[k])
    return own
