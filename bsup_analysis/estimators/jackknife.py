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

from bsup_analysis.estimators.poisson import Fit, add_runs, inverse, newton, refuse_unsettled

_STEPS = 25
_STEP_TOLERANCE = 1e-11
_ERROR_ALLOWED = 1e-9  # on an estimate left after leaving a cluster out
_CELLS = 2**16  # refits x municipalities done in full at a time
_ONE_THREAD = 2**18  # multiplications that the linear algebra library does not share out
_MEMBERS = 4  # municipalities a group from which on the series is quicker


@dataclass(frozen=True, eq=False)
class _Moments:
    """A group's mean years and the moments of its municipalities' departures, by panel."""

    total: np.ndarray  # (batch,)
    mean: np.ndarray  # (batch, years)
    second: np.ndarray  # (batch, years, years)
    third: np.ndarray  # (batch, years, years^2)
    furthest: np.ndarray  # (batch,) largest departure, as half the sum of absolute values


def _moments(fitted: Fit) -> list[_Moments]:
    result = []
    for members in fitted.model.members:
        p, n = fitted.probabilities[:, members], fitted.totals[:, members]
        total = n.sum(axis=1)
        mean = np.einsum("bu,buy->by", n, p) / total[:, None]
        away = p - mean[:, None, :]
        weighted = n[:, :, None] * away
        pairs = (away[:, :, :, None] * away[:, :, None, :]).reshape(*away.shape[:2], -1)
        second = np.einsum("bus,but->bst", weighted, away)
        third = np.einsum("bus,bup->bsp", weighted, pairs)
        furthest = np.abs(away).sum(axis=2).max(axis=1) / 2
        result.append(_Moments(total, mean, second, third, furthest))
    return result


@dataclass(frozen=True, eq=False)
class _Sums:
    """A group's fitted values by year at moved parameters, their variance, and what is left out."""

    fitted: np.ndarray  # (batch, clusters, years)
    variance: np.ndarray  # (batch, clusters, years^2)
    left_out: np.ndarray  # (batch, clusters, years), an upper bound


def _moved(moments: _Moments, move: np.ndarray) -> _Sums:
    """Sum a group's fitted values once its years' log growth moves, (batch, clusters, years).

    A municipality's years become p (1 + e) / (1 + p.e), e = exp(move) - 1; with p = mean + away the
    denominator is (1 + mean.e)(1 + u), u = away.h, h = e / (1 + mean.e), and 1 / (1 + u) is
    expanded: 1 - u + u^2, and - u^3 where it meets the mean.
    """
    years = move.shape[2]
    raised = np.exp(move)
    whole = 1 + ((raised - 1) @ moments.mean[:, :, None])
    h, factor = (raised - 1) / whole, raised / whole
    first = h @ moments.second
    by_pair = _product(h, moments.third)
    second = (by_pair.reshape(*h.shape, years) @ h[..., None])[..., 0]
    squares, cubes = (h * first).sum(axis=2), (h * second).sum(axis=2)
    summed = moments.total[:, None] + squares - cubes
    fitted = factor * (moments.mean[:, None] * summed[..., None] - first + second)
    weight = -fitted / moments.total[:, None, None]
    variance = weight[..., :, None] * fitted[..., None, :]
    spread_out = moments.second[:, None] * factor[..., :, None]
    spread_out *= factor[..., None, :]
    variance -= spread_out
    variance[..., np.arange(years), np.arange(years)] += fitted
    reach = (h.max(axis=2) - h.min(axis=2)) * moments.furthest[:, None]
    spread = np.sqrt(np.einsum("btt->bt", moments.second)[:, None] * squares[..., None].clip(0))
    tail = moments.mean[:, None] * squares[..., None] + spread
    left_out = factor * tail * (reach**2 / (1 - reach).clip(1e-3))[..., None]
    return _Sums(fitted, variance.reshape(*fitted.shape[:2], -1), left_out)


def leave_out(fitted: Fit) -> np.ndarray:
    """Estimates without each cluster, shape (batch, clusters, parameters).

    Raises
    ------
    InputError
        A panel that has no estimate once some cluster is left out.
    """
    theta = refits(fitted)
    refuse_unsettled(theta)
    return theta


def refits(fitted: Fit) -> np.ndarray:
    """Estimates without each cluster, NaN where there is none; shaped as in `leave_out`."""
    model = fitted.model
    theta = np.repeat(fitted.theta[:, None, :], model.clusters, axis=1)
    in_full = np.ones(theta.shape[:2], dtype=bool)
    if model.groups * _MEMBERS <= len(model.group):  # else sums over groups spare nothing
        in_full = _by_series(fitted, theta)
    draw, cluster = np.nonzero(in_full)
    size = max(1, _CELLS // len(model.group))
    for first in range(0, len(draw), size):
        rows = draw[first : first + size], cluster[first : first + size]
        theta[rows] = _in_full(fitted, *rows)
    return theta


def _by_series(fitted: Fit, theta: np.ndarray) -> np.ndarray:
    """Refit by the series, in place; tell which refits it does not give, (batch, clusters)."""
    moments, sums = _moments(fitted), fitted.model.by_group(fitted.y)
    with np.errstate(all="ignore"):  # what does not converge here is refitted in full
        for _ in range(_STEPS):
            gradient, information, doubt = _derivatives(fitted, moments, sums, theta)
            inverted = inverse(information)
            step = (inverted @ gradient[..., None])[..., 0]
            theta += step
            error = (np.abs(inverted) @ doubt[..., None])[..., 0].max(axis=2)
            left = ~(np.abs(step).max(axis=2) < _STEP_TOLERANCE)
            if not left.any():
                break
    return left | ~(error < _ERROR_ALLOWED)


def _derivatives(
    fitted: Fit, moments: list[_Moments], sums: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient, information and doubt about the gradient, each without the cluster in question."""
    model, shape = fitted.model, theta.shape
    moved = theta - fitted.theta[:, None, :]
    gradient, doubt = np.zeros(shape), np.zeros(shape)
    information = np.zeros((*shape[:2], model.parameters**2))
    for g, members in enumerate(model.members):
        columns, (labels, first) = model.columns[g], model.member_clusters[g]
        move = moved @ columns.T
        others = _moved(moments[g], move)
        raised = fitted.probabilities[:, members] * np.exp(move[:, model.cluster[members]])
        y = fitted.y[:, members]
        own = raised * (y.sum(axis=2) / raised.sum(axis=2))[..., None]
        residual = sums[:, g, None] - others.fitted
        residual[:, labels] -= add_runs(y - own, first)
        others.variance[:, labels] -= add_runs(_variance(own), first)
        gradient += residual @ columns
        information += _product(others.variance, model.column_pairs[g])
        doubt += others.left_out @ np.abs(columns)
    return gradient, information.reshape(*shape, -1), doubt


def _product(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Multiply rows x matrix in blocks that take one thread: the same bytes for any number."""
    size = max(1, _ONE_THREAD // matrix.shape[-2] // matrix.shape[-1])
    if rows.shape[-2] <= size:
        return rows @ matrix
    blocks = range(0, rows.shape[-2], size)
    return np.concatenate([rows[..., k : k + size, :] @ matrix for k in blocks], axis=-2)


def _variance(means: np.ndarray) -> np.ndarray:
    """Multinomial variance of each municipality's years, flattened."""
    years = means.shape[2]
    total = np.maximum(means.sum(axis=2), np.finfo(float).tiny)
    matrix = (-means / total[..., None])[..., :, None] * means[..., None, :]
    matrix[..., np.arange(years), np.arange(years)] += means
    return matrix.reshape(*means.shape[:2], -1)


def _in_full(fitted: Fit, draw: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Refit given pairs of draw and cluster with the sums over all other municipalities."""
    model = fitted.model
    kept = model.cluster[None, :] != cluster[:, None]
    totals = fitted.totals[draw] * kept
    sums = model.by_group(fitted.y[draw] * kept[..., None])
    return newton(model, totals, sums, fitted.theta[draw], model.parameters)[0]


def crv3(fitted: Fit, number: int = 1) -> np.ndarray:
    """Cluster jackknife covariance of the last `number` parameters, (batch, number, number).

    (G - 1) / G times the sum of squares around the estimate itself (MacKinnon, Nielsen and Webb
    2023, Journal of Econometrics 232(2), CV3); G counts the clusters with an outcome.
    """
    away = (leave_out(fitted) - fitted.theta[:, None, :])[:, :, -number:]
    clusters = fitted.clusters[:, None, None]
    return (clusters - 1) / clusters * np.swapaxes(away, 1, 2) @ away
