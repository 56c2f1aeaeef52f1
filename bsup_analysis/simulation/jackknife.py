"""CRV3: every panel refitted without each of its clusters, at a cost linear in clusters.

A refit needs sums over all other municipalities, so refitting without each of G clusters costs G^2.
Without an offset the sums depend on group totals alone. With one, a municipality's years p_i depart
from its group's mean years by a few hundredths (by how differently it grew), and moving the
parameters acts on the departure times the move: a series in that product, kept to its third
moments, stands for the sum. What it leaves out is bounded; refits whose bound is not far below the
promised 1e-8 are done in full (`METHODS.md`, size and power, 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bsup_analysis.simulation.kernel import Fit, group_sums, newton
from bsup_analysis.simulation.model import Model

_STEPS = 25
_STEP_TOLERANCE = 1e-11
_ERROR_ALLOWED = 1e-9  # on an estimate left after leaving a cluster out
_ROWS = 4096  # refits done in full at a time


@dataclass(frozen=True, eq=False)
class _Moments:
    """A group's mean years and the moments of its municipalities' departures, by draw."""

    loans: np.ndarray  # (draws,)
    mean: np.ndarray  # (draws, years)
    second: np.ndarray  # (draws, years, years)
    third: np.ndarray  # (draws, years, years^2)
    furthest: np.ndarray  # (draws,) largest departure, as half the sum of absolute values


def _moments(fitted: Fit) -> list[_Moments]:
    result = []
    for members in fitted.model.members:
        p, n = fitted.probabilities[:, members], fitted.totals[:, members]
        loans = n.sum(axis=1)
        mean = (n[:, None, :] @ p)[:, 0] / loans[:, None]
        away = p - mean[:, None, :]
        weighted = np.swapaxes(n[:, :, None] * away, 1, 2)
        pairs = (away[:, :, :, None] * away[:, :, None, :]).reshape(*away.shape[:2], -1)
        furthest = np.abs(away).sum(axis=2).max(axis=1) / 2
        result.append(_Moments(loans, mean, weighted @ away, weighted @ pairs, furthest))
    return result


@dataclass(frozen=True, eq=False)
class _Sums:
    """A group's fitted loans by year at moved parameters, their variance, and what is left out."""

    fitted: np.ndarray  # (draws, clusters, years)
    variance: np.ndarray  # (draws, clusters, years^2)
    left_out: np.ndarray  # (draws, clusters, years), an upper bound


def _moved(moments: _Moments, move: np.ndarray) -> _Sums:
    """Sum a group's fitted loans after the log growth of its years moves, (draws, clusters, years).

    A municipality's years become p (1 + e) / (1 + p.e), e = exp(move) - 1; with p = mean + away the
    denominator is (1 + mean.e)(1 + u), u = away.h, h = e / (1 + mean.e), and 1 / (1 + u) is
    expanded: 1 - u + u^2, and - u^3 where it meets the mean.
    """
    years = move.shape[2]
    raised = np.exp(move)
    whole = 1 + ((raised - 1) @ moments.mean[:, :, None])
    h, factor = (raised - 1) / whole, raised / whole
    first = h @ moments.second
    by_pair = h @ moments.third
    second = (by_pair.reshape(*h.shape, years) @ h[..., None])[..., 0]
    squares, cubes = (h * first).sum(axis=2), (h * second).sum(axis=2)
    loans = moments.loans[:, None] + squares - cubes
    fitted = factor * (moments.mean[:, None] * loans[..., None] - first + second)
    products = fitted[..., :, None] * fitted[..., None, :] / moments.loans[:, None, None, None]
    products += moments.second[:, None] * factor[..., :, None] * factor[..., None, :]
    variance = -products
    variance[..., np.arange(years), np.arange(years)] += fitted
    reach = (h.max(axis=2) - h.min(axis=2)) * moments.furthest[:, None]
    spread = np.sqrt(np.einsum("btt->bt", moments.second)[:, None] * squares[..., None].clip(0))
    tail = moments.mean[:, None] * squares[..., None] + spread
    left_out = factor * tail * (reach**2 / (1 - reach).clip(1e-3))[..., None]
    return _Sums(fitted, variance.reshape(*fitted.shape[:2], -1), left_out)


def leave_out(fitted: Fit) -> np.ndarray:
    """Estimates without each cluster, shape (draws, clusters, parameters).

    Raises
    ------
    InputError
        A panel that has no estimate once some cluster is left out.
    """
    model = fitted.model
    moments = _moments(fitted)
    sums = group_sums(model, fitted.loans)
    theta = np.repeat(fitted.theta[:, None, :], model.clusters, axis=1)
    error = np.full(theta.shape[:2], np.inf)
    left = np.ones(theta.shape[:2], dtype=bool)
    with np.errstate(all="ignore"):  # what does not converge here is refitted in full, or refused
        for _ in range(_STEPS):
            gradient, information, doubt = _derivatives(fitted, moments, sums, theta)
            inverse = _inverse(information)
            step = (inverse @ gradient[..., None])[..., 0]
            theta += step
            error = (np.abs(inverse) @ doubt[..., None])[..., 0].max(axis=2)
            left = ~(np.abs(step).max(axis=2) < _STEP_TOLERANCE)
            if not left.any():
                break
        draw, cluster = np.nonzero(left | ~(error < _ERROR_ALLOWED))
    for first in range(0, len(draw), _ROWS):
        rows = draw[first : first + _ROWS], cluster[first : first + _ROWS]
        theta[rows] = _in_full(fitted, *rows)
    return theta


def _derivatives(
    fitted: Fit, moments: list[_Moments], sums: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient, information and doubt about the gradient, each without the cluster in question."""
    model, shape = fitted.model, theta.shape
    moved = theta - fitted.theta[:, None, :]
    gradient, doubt = np.zeros(shape), np.zeros(shape)
    information = np.zeros((*shape[:2], model.parameters**2))
    own_score = np.empty((shape[0], len(model.group), model.parameters))
    own_information = np.empty((shape[0], len(model.group), model.parameters**2))
    for g, members in enumerate(model.members):
        columns = model.columns[g]
        whole = _moved(moments[g], moved @ columns.T)
        gradient += (sums[:, g, None] - whole.fitted) @ columns
        doubt += whole.left_out @ np.abs(columns)
        information += whole.variance @ model.column_pairs[g]
        raised = fitted.probabilities[:, members]
        raised = raised * np.exp(moved[:, model.cluster[members]] @ columns.T)
        loans = fitted.loans[:, members]
        means = raised * (loans.sum(axis=2) / raised.sum(axis=2))[..., None]
        own_score[:, members] = (loans - means) @ columns
        own_information[:, members] = _variance(means) @ model.column_pairs[g]
    gradient -= model.by_cluster(own_score)
    information -= model.by_cluster(own_information)
    return gradient, information.reshape(*shape, -1), doubt


def _variance(means: np.ndarray) -> np.ndarray:
    """Multinomial variance of each municipality's years, flattened."""
    years = means.shape[2]
    total = np.maximum(means.sum(axis=2), np.finfo(float).tiny)
    matrix = -means[..., :, None] * (means / total[..., None])[..., None, :]
    matrix[..., np.arange(years), np.arange(years)] += means
    return matrix.reshape(*means.shape[:2], -1)


def _inverse(matrices: np.ndarray) -> np.ndarray:
    """Invert; a singular matrix gives NaN, which sends the refit to be done in full."""
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        singular = ~(np.linalg.cond(matrices) < 1e14)
        safe = np.where(singular[..., None, None], np.eye(matrices.shape[-1]), matrices)
        return np.where(singular[..., None, None], np.nan, np.linalg.inv(safe))


def _in_full(fitted: Fit, draw: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Refit given pairs of draw and cluster with the sums over all other municipalities."""
    model: Model = fitted.model
    kept = model.cluster[None, :] != cluster[:, None]
    totals = fitted.totals[draw] * kept
    sums = group_sums(model, fitted.loans[draw] * kept[..., None])
    return newton(model, totals, sums, fitted.theta[draw])


def crv3(fitted: Fit, number: int = 1) -> np.ndarray:
    """Cluster jackknife covariance of the last `number` parameters, (draws, number, number).

    (G - 1) / G times the sum of squares around the estimate itself (MacKinnon, Nielsen and Webb
    2023, Journal of Econometrics 232(2), CV3); G counts the clusters with a loan.
    """
    away = (leave_out(fitted) - fitted.theta[:, None, :])[:, :, -number:]
    clusters = fitted.clusters[:, None, None]
    return (clusters - 1) / clusters * np.swapaxes(away, 1, 2) @ away
