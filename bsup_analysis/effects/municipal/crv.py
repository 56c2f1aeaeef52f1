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
from bsup_analysis.estimators.poisson import fit as poisson
from bsup_analysis.estimators.poisson.jackknife import refits

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
