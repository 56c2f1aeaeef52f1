"""Tests on the score of the model without effect: wild bootstrap and randomisation inference."""

from __future__ import annotations

import numpy as np

from bsup_analysis.simulation.generator import Streams
from bsup_analysis.simulation.kernel import Fit, fit
from bsup_analysis.simulation.model import Model
from bsup_analysis.simulation.variance import scores


def restricted(model: Model, loans: np.ndarray) -> tuple[Fit, np.ndarray]:
    """Fit without the last parameter; its score of each cluster, by year effect and last.

    Returns
    -------
    tuple
        The restricted fit, and scores of all parameters there, (draws, clusters, parameters).
    """
    null = fit(model.without_last(1), loans)
    return null, model.by_cluster(scores(model, loans - null.fitted))


def efficient_scores(model: Model, null: Fit, score: np.ndarray) -> np.ndarray:
    """Scores of the last parameter less what the other parameters explain, (draws, clusters)."""
    weight = _information_with(model, null).sum(axis=1)[:, :, None]
    explained = score[:, :, :-1] @ (null.covariance @ weight)
    return score[:, :, -1] - explained[:, :, 0]


def _information_with(model: Model, null: Fit) -> np.ndarray:
    """Information between the null's parameters and the last one, (draws, units, parameters)."""
    result = np.empty((*null.totals.shape, null.model.parameters))
    for g, members in enumerate(model.members):
        p, last = null.probabilities[:, members], model.columns[g, :, -1]
        centred = p * (last - (p @ last)[..., None])
        result[:, members] = null.totals[:, members, None] * (centred @ null.model.columns[g])
    return result


def score_wild(efficient: np.ndarray, draws: list[Streams], weights: int) -> np.ndarray:
    """P-values of the restricted score wild bootstrap, shape (draws,).

    Each cluster's score keeps or turns its sign with probability one half (Kline and Santos 2012,
    Journal of Econometric Methods 1(1)). With such weights the variance of the scores is the same
    in every resample, so the sum of scores and its t statistic order the resamples alike.

    Parameters
    ----------
    efficient
        Efficient scores, shape (draws, clusters).
    draws
        Streams of the draws.
    weights
        Number of resamples.
    """
    clusters = efficient.shape[1]
    observed = np.abs(efficient.sum(axis=1))
    p_values = np.empty(len(draws))
    for k, stream in enumerate(draws):
        drawn = np.frombuffer(stream.weights.bytes((weights * clusters + 7) // 8), dtype=np.uint8)
        signs = np.unpackbits(drawn, count=weights * clusters).reshape(weights, clusters)
        sums = np.abs(2 * (signs.astype(float) @ efficient[k]) - efficient[k].sum())
        p_values[k] = (1 + np.count_nonzero(sums >= observed[k] * (1 - 1e-12))) / (weights + 1)
    return p_values


def ri_score(
    model: Model,
    null: Fit,
    treated: np.ndarray,
    treated_years: np.ndarray,
    draws: list[Streams],
    assignments: int,
) -> np.ndarray:
    """P-values of randomisation inference on the score, shape (draws,).

    As many clusters as are treated are drawn, each set of them equally likely; the statistic is the
    efficient score over its clustered standard error, which heeds that a drawn set may be of other
    sizes than the treated (DiCiccio and Romano 2017, JASA 112(519)). Size decides who is treated
    here, so the sets are not exchangeable and the test is shown for what it does.

    Parameters
    ----------
    model, null
        The model, and its fit without the last parameter.
    treated
        Treated clusters, shape (clusters,).
    treated_years
        Shape (years,).
    draws
        Streams of the draws.
    assignments
        Number of sets drawn.
    """
    as_if_treated = np.broadcast_to(treated_years, (model.groups, len(treated_years)))
    columns = np.concatenate([null.model.columns, as_if_treated[..., None].astype(float)], axis=2)
    everyone = Model(model.exposure, model.group, columns, model.cluster)
    score = everyone.by_cluster(scores(everyone, null.loans - null.fitted))
    shared, own = score[:, :, :-1], score[:, :, -1]
    crossed = model.by_cluster(_information_with(everyone, null))
    p_values = np.empty(len(draws))
    for k, stream in enumerate(draws):
        drawn = random_sets(stream, len(treated), int(treated.sum()), assignments)
        sets = np.vstack([treated, drawn])
        parts = np.column_stack([own[k], own[k] ** 2, crossed[k], own[k][:, None] * shared[k]])
        summed = sets @ parts
        numbers = shared.shape[2]
        slope = summed[:, 2 : 2 + numbers] @ null.covariance[k]
        variance = summed[:, 1] - 2 * (slope * summed[:, 2 + numbers :]).sum(axis=1)
        variance += ((slope @ (shared[k].T @ shared[k])) * slope).sum(axis=1)
        statistic = summed[:, 0] ** 2 / variance
        reached = np.count_nonzero(statistic[1:] >= statistic[0] * (1 - 1e-12))
        p_values[k] = (1 + reached) / (assignments + 1)
    return p_values


def random_sets(stream: Streams, clusters: int, size: int, number: int) -> np.ndarray:
    """Draw sets of `size` clusters, shape (number, clusters), one for those in the set.

    The first `size` steps of a shuffle (Fisher and Yates), taken for all sets at once.
    """
    rows = np.arange(number)
    order = np.tile(np.arange(clusters), (number, 1))
    uniform = stream.assignments.random((size, number))
    sets = np.zeros((number, clusters))
    for step in range(size):
        pick = step + (uniform[step] * (clusters - step)).astype(np.intp)
        sets[rows, order[rows, pick]] = 1
        order[rows, pick] = order[:, step]
    return sets
