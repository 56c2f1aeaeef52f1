"""Scores, influences, clustered variance and dispersion of fitted panels."""

from __future__ import annotations

import numpy as np

from bsup_analysis.simulation.kernel import Fit
from bsup_analysis.simulation.model import Model


def scores(model: Model, residual: np.ndarray) -> np.ndarray:
    """Score of each municipality for residuals (draws, municipalities, years): (..., k)."""
    result = np.empty((*residual.shape[:2], model.parameters))
    for g, members in enumerate(model.members):
        result[:, members] = residual[:, members] @ model.columns[g]
    return result


def influences(fitted: Fit, number: int = 1) -> np.ndarray:
    """Influence of each cluster on the last `number` parameters, shape (draws, clusters, number).

    It is the inverse information times the cluster's score (Liang and Zeger 1986, Biometrika
    73(1)).
    """
    score = fitted.model.by_cluster(scores(fitted.model, fitted.loans - fitted.fitted))
    return score @ fitted.covariance[:, :, -number:]


def crv1(fitted: Fit, number: int = 1) -> np.ndarray:
    """Clustered covariance of the last `number` parameters, shape (draws, number, number).

    With the factor G / (G - 1) and no other, G the clusters with a loan.
    """
    influence, clusters = influences(fitted, number), fitted.clusters[:, None, None]
    return clusters / (clusters - 1) * np.swapaxes(influence, 1, 2) @ influence


def dispersion(fitted: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's statistic over its degrees of freedom, and these, each of shape (draws,).

    A municipality without a loan in any year says nothing and is left out, as is its effect.
    """
    means, used = fitted.fitted, fitted.totals > 0
    ratio = (fitted.loans - means) ** 2 / np.where(used[:, :, None], means, 1)
    df = used.sum(axis=1) * (means.shape[2] - 1) - fitted.model.parameters
    return ratio.sum(axis=(1, 2)) / df, df
