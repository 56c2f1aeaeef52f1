"""Restricted score wild bootstrap.

Kline and Santos (2012, A score based approach to wild bootstrap inference, Journal of
Econometric Methods 1, 23-41): the model is fitted once under the null, and each draw multiplies the
clusters' efficient scores by random signs, so nothing is refitted. The statistic is the sum of the
scores over the root of their sum of squares about their mean (Roodman, MacKinnon, Nielsen and Webb
2019, Stata Journal 19, 4-60). With signs of one size the sum of squares is the same in all draws,
and the statistic grows with |sum|: that is what is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bsup_analysis.effects.municipal.ppml import PpmlFit
from bsup_analysis.effects.municipal.restricted import restrict
from bsup_analysis.effects.randomisation import sign_flips
from bsup_analysis.errors import InputError

TIE = 1 - 1e-10  # a draw equal to the observed but for rounding counts as equal
INTERVAL_TOLERANCE = 1e-5  # on the log scale: finer than the draws can tell
MOST_LOG_RATIO = 5.0  # an interval that reaches e^5 away from the estimate is called unbounded


@dataclass(frozen=True)
class ScoreWildTest:
    """Outcome of the bootstrap.

    Attributes
    ----------
    p_value
        Share of draws at least as far from zero as observed.
    low, high
        Ends of the ratios not rejected at the level; zero or infinity where none is rejected,
        None where no interval was asked for.
    level
        Confidence level.
    draws
        Sign vectors used.
    exhaustive
        Whether they are all there are.
    clusters
        Clusters with information.
    """

    p_value: float
    low: float | None
    high: float | None
    level: float
    draws: int
    exhaustive: bool
    clusters: int


def score_wild(
    fitted: PpmlFit,
    seed: np.random.SeedSequence,
    *,
    draws: int = 9_999,
    level: float = 0.95,
    interval: bool = True,
) -> ScoreWildTest:
    """Test no effect, and turn the test round into an interval.

    Parameters
    ----------
    fitted
        Fit of priority x treated year.
    seed
        Source of the signs; the same signs serve every null of the interval.
    draws
        Sign vectors to draw; all 2^clusters are taken where they are no more than that.
    level
        Confidence level.
    interval
        False to spare the interval, some fifty times the work of the p-value.
    """
    if draws < 99 or not 0 < level < 1:
        raise InputError(f"The bootstrap needs 99 draws or more and a level, not {draws}, {level}.")
    clusters = restrict(fitted).by_cluster(np.zeros(len(fitted.panel.codes))).size
    exhaustive = 2**clusters <= draws
    signs = sign_flips(clusters) if exhaustive else _signs(seed, draws, clusters)

    def p_value(log_ratio: float) -> float:
        null = restrict(fitted, log_ratio)
        scores = null.by_cluster(null.scores(fitted.panel.treated.astype(float)))
        return float(np.mean(np.abs(signs @ scores) >= TIE * abs(scores.sum())))

    low, high = (
        float(np.exp(_end(p_value, fitted.log_ratio, side, 1 - level))) if interval else None
        for side in (-1, 1)
    )
    return ScoreWildTest(
        p_value=p_value(0.0),
        low=low,
        high=high,
        level=level,
        draws=len(signs),
        exhaustive=exhaustive,
        clusters=clusters,
    )


def _signs(seed: np.random.SeedSequence, draws: int, clusters: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, size=(draws, clusters)) * 2.0 - 1.0


def _end(p_value: Callable[[float], float], estimate: float, side: int, alpha: float) -> float:
    """Walk from the estimate (p = 1) to the first rejected value, then halve the step between."""
    inside, step = estimate, 0.1
    while abs(inside - estimate) < MOST_LOG_RATIO:
        outside = inside + side * step
        if p_value(outside) <= alpha:
            break
        inside, step = outside, 2 * step
    else:
        return side * np.inf
    while abs(outside - inside) > INTERVAL_TOLERANCE:
        middle = (inside + outside) / 2
        if p_value(middle) <= alpha:
            outside = middle
        else:
            inside = middle
    return (inside + outside) / 2
