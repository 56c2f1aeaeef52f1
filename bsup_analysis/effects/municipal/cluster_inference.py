"""Inference from clusters: sandwich (CRV1), jackknife (CRV3), and tests on the Poisson score.

Conventions: CRV1 carries the factor G / (G - 1) and no other; CRV3 is
(G - 1) / G x sum of (estimate without cluster g - estimate)^2, every estimate refitted to the end
(MacKinnon, Nielsen and Webb 2023, Journal of Econometrics 232, 272-299, sections 2 and 5).
Intervals take t with (clusters of priority municipalities - 1) degrees of freedom.

The restricted wild bootstrap multiplies the clusters' efficient scores by random signs (Kline and
Santos 2012, Journal of Econometric Methods 1, 23-41). Its statistic is the sum of the scores over
the root of their sum of squares about their mean (Roodman, MacKinnon, Nielsen and Webb 2019, Stata
Journal 19, 4-60); with signs of one size the sum of squares is the same in all draws, and the
statistic grows with |sum|: that is what is compared.

Randomisation asks which clusters might have been chosen. Clusters change places as units:
municipalities that act together are chosen together. It treats clusters as exchangeable, which a
choice by size does not promise: the result is read beside the others, not in place of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.stats import t

from bsup_analysis.effects.inference import RatioInterval, ratio_interval
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.municipal.ppml import PpmlFit, fit
from bsup_analysis.effects.randomisation import assignments, sign_flips
from bsup_analysis.errors import InputError
from bsup_analysis.estimators import poisson
from bsup_analysis.estimators.jackknife import refits
from bsup_analysis.estimators.poisson import RestrictedScores, resampled_p, restricted

NO_VARIANCE = 1e-9  # a standard error that is nothing but rounding


@dataclass(frozen=True, eq=False)
class ClusterVariance:
    """Variance of the coefficients of interest.

    Attributes
    ----------
    kind
        "CRV1" or "CRV3".
    names, coefficients
        Coefficients of interest, as in the fit.
    vcov
        Their variance matrix.
    clusters
        Clusters with information.
    df
        Clusters of priority municipalities less one.
    """

    kind: Literal["CRV1", "CRV3"]
    names: tuple[str, ...]
    coefficients: np.ndarray
    vcov: np.ndarray = field(repr=False)
    clusters: int
    df: int

    @property
    def se(self) -> np.ndarray:
        """Standard errors."""
        return np.sqrt(np.diag(self.vcov))

    def interval(
        self, position: int = 0, *, level: float = 0.95, power: float = 0.80
    ) -> RatioInterval:
        """Interval of one coefficient as a ratio.

        Raises
        ------
        NotEstimableError
            No variance between clusters: each group's municipalities all grew alike.
        """
        estimate, se = float(self.coefficients[position]), float(self.se[position])
        if se < NO_VARIANCE:
            raise NotEstimableError(
                "no_variance",
                f"The ratio is {np.exp(estimate):.6g} in whatever municipalities are left out: "
                "there is no variance between clusters to judge it by.",
                ratio=float(np.exp(estimate)),
            )
        return ratio_interval(estimate, se, level=level, power=power, df=self.df)

    def p_value(self, position: int = 0) -> float:
        """Two-sided p-value of no effect."""
        statistic = abs(float(self.coefficients[position] / self.se[position]))
        return float(2 * t.sf(statistic, self.df))


def crv1(fitted: PpmlFit) -> ClusterVariance:
    """Compute the sandwich with the scores added up by cluster.

    Raises
    ------
    InputError
        Fewer than two clusters of priority municipalities.
    """
    clusters, df = _clusters(fitted)
    vcov = poisson.crv1(fitted.poisson, len(fitted.names))[0]
    return ClusterVariance("CRV1", fitted.names, fitted.coefficients, vcov, clusters, df)


def crv3(fitted: PpmlFit) -> ClusterVariance:
    """Compute the jackknife: leave out each cluster in turn and refit.

    Raises
    ------
    InputError
        Fewer than two clusters of priority municipalities, or a cluster without which a coefficient
        has no finite estimate.
    """
    clusters, df = _clusters(fitted)
    apart = leave_one_cluster_out(fitted) - fitted.coefficients
    vcov = apart.T @ apart * (clusters - 1) / clusters
    return ClusterVariance("CRV3", fitted.names, fitted.coefficients, vcov, clusters, df)


def leave_one_cluster_out(fitted: PpmlFit) -> np.ndarray:
    """Coefficients of interest without each cluster that has information.

    Where leaving a cluster out leaves a year or a county's year with zeros only, the refit starts
    from the panel again, with separation looked for anew.

    Returns
    -------
    numpy.ndarray
        Shape (clusters, coefficients of interest), in the order of `panel.clusters`.
    """
    panel = fitted.panel
    estimates = refits(fitted.poisson)[0][:, -len(fitted.names) :]
    for position in np.flatnonzero(np.isnan(estimates).any(axis=1)):
        label = fitted.clusters[position]
        again = fit(panel.keep(panel.cluster_index != label), fitted.interest, fitted.settings)
        if again.names != fitted.names:
            cluster = panel.clusters[label]
            raise NotEstimableError(
                "jackknife",
                f"Without cluster {cluster} there is no finite estimate of every coefficient, so "
                "the jackknife has no variance: drop the years or counties with so few outcomes.",
                cluster=cluster,
            )
        estimates[position] = again.coefficients
    return estimates


def _clusters(fitted: PpmlFit) -> tuple[int, int]:
    """Clusters with information, and degrees of freedom."""
    clusters, treated = len(fitted.clusters), int(fitted.treated_clusters.sum())
    if treated < 2 or clusters - treated < 2:
        raise NotEstimableError(
            "clusters",
            f"{treated} clusters of priority municipalities and {clusters - treated} others have "
            "outcomes: a variance between clusters needs two of each.",
            priority=treated,
            others=clusters - treated,
        )
    return clusters, treated - 1


INTERVAL_TOLERANCE = 1e-5  # on the log scale: finer than the draws can tell
MOST_LOG_RATIO = 5.0  # an interval that reaches e^5 away from the estimate is called unbounded
BLOCK = 5_000  # assignments held in memory at a time


def restrict(fitted: PpmlFit, effect: float = 0.0) -> RestrictedScores:
    """Fit the model with the effect held at a value (log scale).

    Raises
    ------
    InputError
        The fit is not of the single coefficient of priority municipality x treated year.
    """
    if fitted.names != ("priority",):
        raise InputError("A score test is of one coefficient, priority x treated year.")
    return restricted(fitted.poisson.model, fitted.poisson.y, effect)


@dataclass(frozen=True)
class ScoreWildTest:
    """Outcome of the bootstrap.

    Attributes
    ----------
    p_value
        Of `estimators.poisson.resampled_p`.
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
    treated = fitted.treated_clusters.astype(float)
    clusters = len(treated)
    exhaustive = 2**clusters <= draws
    if exhaustive:
        signs = sign_flips(clusters)
    else:
        signs = np.random.default_rng(seed).integers(0, 2, size=(draws, clusters)) * 2.0 - 1.0

    def p_value(log_ratio: float) -> float:
        scores = restrict(fitted, log_ratio).efficient(treated)
        return resampled_p(signs @ scores, scores.sum(), every=exhaustive)

    low, high = (
        float(np.exp(_end(p_value, fitted.log_ratio, side, 1 - level))) if interval else None
        for side in (-1, 1)
    )
    return ScoreWildTest(p_value(0.0), low, high, level, len(signs), exhaustive, clusters)


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


@dataclass(frozen=True)
class ScoreRandomisation:
    """Outcome of the test.

    Attributes
    ----------
    p_value
        Of `estimators.poisson.resampled_p`.
    statistic
        Observed studentised score; above zero where the outcome grew more than without effect.
    draws
        Assignments compared.
    exhaustive
        Whether they are all there are.
    statistics
        Statistic of each assignment, for a figure.
    """

    p_value: float
    statistic: float
    draws: int
    exhaustive: bool
    statistics: np.ndarray = field(repr=False, compare=False)


def randomise_score(
    fitted: PpmlFit, seed: np.random.SeedSequence, *, draws: int = 9_999
) -> ScoreRandomisation:
    """Compare the observed score with those of other choices of as many clusters.

    Parameters
    ----------
    fitted
        Fit of priority x treated year.
    seed
        Source of the assignments.
    draws
        Assignments to draw; all are listed where there are no more than that.
    """
    if draws < 99:
        raise InputError(f"Randomisation inference needs 99 draws or more, not {draws}.")
    scores, chosen = restrict(fitted), fitted.treated_clusters
    clusters, count = len(chosen), int(chosen.sum())
    exhaustive = math.comb(clusters, count) <= draws
    if exhaustive:
        rows = assignments(chosen.tolist())
    else:
        order = np.tile(np.arange(clusters), (draws, 1))
        rows = np.random.default_rng(seed).permuted(order, axis=1)[:, :count]

    def statistics(some: np.ndarray) -> np.ndarray:
        treated = np.zeros((len(some), clusters))
        np.put_along_axis(treated, some, 1.0, axis=1)
        return scores.studentised(treated)

    observed = float(scores.studentised(chosen.astype(float)))
    drawn = np.concatenate(
        [statistics(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
    )
    p_value = resampled_p(drawn, observed, every=exhaustive)
    drawn.setflags(write=False)
    return ScoreRandomisation(p_value, observed, len(rows), exhaustive, drawn)
