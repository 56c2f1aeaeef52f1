"""Cluster-robust variances of a Poisson fit: the sandwich (CRV1) and the jackknife (CRV3).

Conventions: CRV1 carries the factor G / (G - 1) and no other; CRV3 is
(G - 1) / G x sum of (estimate without cluster g - estimate)^2, every estimate refitted to the end
(MacKinnon, Nielsen and Webb 2023, Journal of Econometrics 232, 272-299, sections 2 and 5).
Intervals take t with (clusters of priority municipalities - 1) degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.stats import t

from bsup_analysis.effects.inference import RatioInterval, ratio_interval
from bsup_analysis.effects.municipal.ppml import PpmlFit, fit
from bsup_analysis.effects.municipal.refusal import NotEstimableError

REFIT_TOLERANCE = 1e-11
MOST_REFIT_STEPS = 25
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
    index, clusters, df = _clusters(fitted)
    scores = np.zeros((len(fitted.panel.clusters), fitted.columns.shape[2]))
    np.add.at(scores, index, fitted.scores)
    influence = np.linalg.solve(fitted.information, scores.T).T[:, : len(fitted.names)]
    vcov = influence.T @ influence * clusters / (clusters - 1)
    return ClusterVariance("CRV1", fitted.names, fitted.coefficients, vcov, clusters, df)


def crv3(fitted: PpmlFit) -> ClusterVariance:
    """Compute the jackknife: leave out each cluster in turn and refit.

    Raises
    ------
    InputError
        Fewer than two clusters of priority municipalities, or a cluster without which a coefficient
        has no finite estimate.
    """
    _, clusters, df = _clusters(fitted)
    apart = leave_one_cluster_out(fitted) - fitted.coefficients
    vcov = apart.T @ apart * (clusters - 1) / clusters
    return ClusterVariance("CRV3", fitted.names, fitted.coefficients, vcov, clusters, df)


def leave_one_cluster_out(fitted: PpmlFit) -> np.ndarray:
    """Coefficients of interest without each cluster that has information.

    Refits run side by side; where leaving a cluster out leaves a year or a county's year with
    zeros only, the refit starts from the panel again, with separation looked for anew.

    Returns
    -------
    numpy.ndarray
        Shape (clusters, coefficients of interest), in the order of `panel.clusters`.
    """
    index = fitted.panel.cluster_index
    labels = np.unique(index[fitted.used.any(axis=1)])
    kept = (index[None, :] != labels[:, None]).astype(float)
    estimates, settled = _refits(fitted, kept)
    width = len(fitted.names)
    for position in np.flatnonzero(~settled):
        cluster = fitted.panel.clusters[labels[position]]
        again = fit(fitted.panel.keep(kept[position] > 0), fitted.interest, fitted.settings)
        if again.names != fitted.names:
            raise NotEstimableError(
                "jackknife",
                f"Without cluster {cluster} there is no finite estimate of every coefficient, so "
                "the jackknife has no variance: drop the years or counties with so few outcomes.",
                cluster=cluster,
            )
        estimates[position, :width] = again.coefficients
    return estimates[:, :width]


def _refits(fitted: PpmlFit, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method for all refits side by side, from the full estimate.

    Large sums go through einsum, which adds in one order whatever the number of threads; a matrix
    product of the linear algebra library does not.

    Parameters
    ----------
    fitted
        The full fit.
    kept
        Weight of each municipality in each refit, shape (refits, municipalities).

    Returns
    -------
    numpy.ndarray
        Parameters, shape (refits, columns).
    numpy.ndarray
        Whether each refit settled; one with a year of zeros only never does.
    """
    used, columns = fitted.used, fitted.columns
    units, years, width = columns.shape
    flat = columns.reshape(-1, width)
    products = (flat[:, :, None] * flat[:, None, :]).reshape(-1, width * width)
    y = np.where(used, fitted.panel.y, 0.0)
    weights = kept * y.sum(axis=1)
    observed = np.einsum("ri,ik->rk", kept, np.einsum("it,itk->ik", y, columns))
    log_base = np.where(used, np.log(np.where(used, fitted.panel.base, 1.0)), -np.inf)
    active = used.any(axis=1)
    parameters = np.tile(fitted.parameters, (len(kept), 1))
    settled = np.zeros(len(kept), dtype=bool)
    for _ in range(MOST_REFIT_STEPS):
        linear = np.einsum("rk,ck->rc", parameters, flat)
        index = log_base + linear.reshape(-1, units, years)
        top = np.where(active, index.max(axis=2), 0.0)[:, :, None]
        share = np.exp(index - top)
        share /= np.where(active, share.sum(axis=2), 1.0)[:, :, None]
        mean = np.einsum("rit,itk->rik", share, columns)
        fitted_cells = (weights[:, :, None] * share).reshape(len(kept), -1)
        score = observed - np.einsum("rc,ck->rk", fitted_cells, flat)
        information = np.einsum("rc,ck->rk", fitted_cells, products).reshape(-1, width, width)
        information -= np.swapaxes(mean, 1, 2) @ (weights[:, :, None] * mean)
        try:
            step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            return parameters, np.zeros_like(settled)
        settled = np.abs(step).max(axis=1) < REFIT_TOLERANCE
        # A refit that runs away is done again on its own; capped, it cannot overflow the others.
        parameters = parameters + np.clip(step, -5, 5)
        if settled.all():
            break
    return parameters, settled


def _clusters(fitted: PpmlFit) -> tuple[np.ndarray, int, int]:
    """Cluster of each municipality, clusters with information, and degrees of freedom."""
    index = fitted.panel.cluster_index
    active = fitted.used.any(axis=1)
    clusters = len(np.unique(index[active]))
    df = len(np.unique(index[active & fitted.panel.treated])) - 1
    if df < 1 or clusters - df - 1 < 2:
        raise NotEstimableError(
            "clusters",
            f"{df + 1} clusters of priority municipalities and {clusters - df - 1} others have "
            "outcomes: a variance between clusters needs two of each.",
            priority=df + 1,
            others=clusters - df - 1,
        )
    return index, clusters, df
