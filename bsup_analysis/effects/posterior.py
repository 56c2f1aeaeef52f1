"""What a reader may believe of the ratio who says how unlike the others' growths are likely to be.

Model: municipality i of a group gives Poisson loans in the earlier year, and exp(theta_i) times as
many can be expected in the later one, theta_i normal around the group's mu with standard deviation
tau. What is known of the levels is taken out by conditioning on totals: a priority municipality's
later loans are binomial given its own two years, the others' given the two years of all of them
together, where each weighs as much as its loans in the earlier year are expected to, that is by
its inhabitants. Both mu are uniform. Then the others' total says nothing of their tau: what is
believed of it is the prior (`METHODS.md`, published level, section 7).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import fftconvolve
from scipy.special import log_expit
from scipy.stats import norm

from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError

Variant = Literal["own_totals", "own_mean", "shared"]
STEP = 0.01  # of mu; a tenth of the narrowest likelihood of the table
HALF = 600  # nodes of mu to either side of the group's own growth
TAU_STEP = 0.02
TAU_NODES = 100
BATCH = 10_000
FEWEST = 1000


@dataclass(frozen=True)
class Belief:
    """The posterior of the ratio of growth under one prior.

    Attributes
    ----------
    variant
        `own_totals`: each group has its tau, both with the same prior, and the ratio is that of
        the growths to be expected of each group's loans together, exp(mu + tau^2/2). `own_mean`:
        the same, and the ratio is that of exp(mu), the mean log growth. `shared`: one tau for
        both groups, where the two ratios are one.
    scale
        Scale of the half-normal prior of tau; zero: municipalities of a group grow alike.
    ratio, low, high
        Median and equal-tailed interval.
    above_one, above_gain
        Probabilities that the ratio is above one and above the notable gain.
    """

    variant: Variant
    scale: float
    ratio: float
    low: float
    high: float
    above_one: float
    above_gain: float


@dataclass(frozen=True)
class Evidence:
    """What the priority rows say of their mu and tau: a log likelihood over a grid.

    Attributes
    ----------
    mu, tau
        Nodes; the grid is tau x mu.
    log_likelihood
        Up to a constant.
    """

    mu: np.ndarray
    tau: np.ndarray
    log_likelihood: np.ndarray

    def draw(self, scale: float, size: int, rng: np.random.Generator) -> np.ndarray:
        """Draw (mu, tau) from the posterior under a half-normal prior of tau, uniform in a cell."""
        logs = self.log_likelihood - 0.5 * (self.tau[:, None] / scale) ** 2
        cumulative = np.cumsum(np.exp(logs - logs.max()))
        at = np.searchsorted(cumulative, cumulative[-1] * rng.random(size), side="right")
        row, column = np.divmod(at, len(self.mu))
        within = rng.random((2, size)) - 0.5
        mu = self.mu[column] + STEP * within[0]
        return np.stack([mu, self.tau[row] + TAU_STEP * within[1]])


def evidence(group: Paired) -> Evidence:
    """Integrate each municipality's theta out of its binomial likelihood, by convolution.

    The sum over theta is a trapezoidal rule of a smooth function on the whole line, so its error
    falls exponentially with the step.
    """
    nodes = STEP * np.arange(-HALF, HALF + 1)
    theta = np.log(group.growth) + nodes
    tau = TAU_STEP * (np.arange(TAU_NODES) + 0.5)
    pre, post = (np.array(values)[:, None] for values in (group.pre, group.post))
    logs = post * log_expit(theta) + pre * log_expit(-theta)
    kernel = STEP * norm.pdf(nodes, scale=tau[:, None])
    total = np.zeros((len(tau), len(theta)))
    for row in np.exp(logs - logs.max(axis=1, keepdims=True)):
        smooth = fftconvolve(kernel, row[None], mode="same", axes=1)
        total += np.log(np.clip(smooth, 1e-300, None))
    return Evidence(theta, tau, total)


def posterior(
    priority: Paired,
    other_pre: float,
    other_post: float,
    weights: Sequence[float],
    *,
    scales: Sequence[float],
    gain: float,
    level: float,
    draws: int,
    seed: int,
) -> tuple[Belief, ...]:
    """Give the posterior of the ratio for every scale and variant.

    The priority half is a quadrature; the others' half, in which a weighted mean of log-normal
    growths has no closed form, is drawn with a fixed seed. Every prior sees the same draws.

    Parameters
    ----------
    priority
        Loans of each priority municipality.
    other_pre, other_post
        Loans of the others together.
    weights
        Inhabitants of each of the others.
    scales
        Scales of the half-normal prior of tau (Roever et al. 2021, Research Synthesis Methods 12,
        448-474, recommend 0.5 for the log of a ratio and 1 to be very cautious); zero: no spread.
    gain
        Ratio whose probability of being exceeded is wanted beside that of one.
    level
        Of the interval.
    draws, seed
        How many, and from where.

    Raises
    ------
    InputError
        A group without loans in a year, weights that are no sizes, or too few draws.
    """
    share = np.asarray(weights, float)
    if min(other_pre, other_post, priority.pre_total, priority.post_total) <= 0:
        raise InputError("A posterior of growth needs loans of both groups in both years.")
    if not len(share) or not (np.isfinite(share) & (share > 0)).all() or draws < FEWEST:
        raise InputError(f"A posterior needs sizes above zero and {FEWEST} draws or more.")
    rng = np.random.default_rng(seed)
    known = evidence(priority)
    of_others = rng.standard_gamma([[other_post], [other_pre]], (2, draws))
    growth = np.log(of_others[0] / of_others[1])
    half_normal = np.abs(rng.standard_normal(draws))
    state = int(rng.integers(2**32))  # every scale sees the same draws of the priority half
    cells = {s: known.draw(s, draws, np.random.default_rng(state)) for s in scales if s > 0}
    spread = {
        (scale, shared): cell[1] if shared else scale * half_normal
        for scale, cell in cells.items()
        for shared in (True, False)
    }
    drawn = _log_means(share / share.sum(), list(spread.values()), rng)
    log_ratios: dict[tuple[Variant, float], np.ndarray] = {}
    if 0 in scales:
        own = rng.standard_gamma([[priority.post_total], [priority.pre_total]], (2, draws))
        log_ratios["shared", 0.0] = np.log(own[0] / own[1]) - growth
    for ((scale, shared), tau), log_mean in zip(spread.items(), drawn, strict=True):
        mu, own_tau = cells[scale]
        mean = mu - (growth - log_mean)
        if shared:
            log_ratios["shared", scale] = mean
        else:
            log_ratios["own_totals", scale] = mean + (own_tau**2 - tau**2) / 2
            log_ratios["own_mean", scale] = mean
    ends = [(1 - level) / 2, 0.5, (1 + level) / 2]
    found = []
    for (variant, scale), values in log_ratios.items():
        low, middle, high = map(float, np.exp(np.quantile(values, ends)))
        above = (float((values > np.log(than)).mean()) for than in (1.0, gain))
        found.append(Belief(variant, scale, middle, low, high, *above))
    return tuple(found)


def _log_means(
    share: np.ndarray, taus: Sequence[np.ndarray], rng: np.random.Generator
) -> list[np.ndarray]:
    """Draw the log of the weighted mean of exp(tau z), z normal, for each tau of each set."""
    size = len(taus[0]) if taus else 0
    found = [np.empty(size) for _ in taus]
    for start in range(0, size, BATCH):  # a part at a time: the whole would fill memory
        z = rng.standard_normal((min(BATCH, size - start), len(share)))
        for into, tau in zip(found, taus, strict=True):
            part = slice(start, start + BATCH)
            into[part] = np.log(np.exp(tau[part, None] * z) @ share)
    return found
