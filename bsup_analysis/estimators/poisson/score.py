"""Tests on the score of the model without effect, which refit nothing.

The model is fitted once with the effect held at a value. Signs of the clusters' efficient scores
give the wild bootstrap (Kline and Santos 2012, A score based approach to wild bootstrap inference,
Journal of Econometric Methods 1, 23-41); other choices of treated clusters give randomisation
inference, because without effect the restricted fit does not depend on who was treated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bsup_analysis.estimators.poisson.fit import fit
from bsup_analysis.estimators.poisson.specification import Model

_TIE = 1 - 1e-10  # a statistic equal to the observed one but for rounding counts as equal


@dataclass(frozen=True, eq=False)
class RestrictedScores:
    """Scores at an effect that is held at a value, in the pieces that any choice is made of.

    With residuals e, columns z beside the treatment (municipality effects taken out) and weights
    equal to fitted means, the efficient score of cluster c for a column d x treated years is
    d_c u_c - q_c' I^-1 sum_j d_j r_j.

    Attributes
    ----------
    own
        u: residuals summed over treated years, shape (batch, clusters).
    beside
        q: scores of the other columns, shape (batch, clusters, columns).
    projected
        I^-1 r: what each cluster's treatment takes from the other columns, same shape.
    """

    own: np.ndarray = field(repr=False)
    beside: np.ndarray = field(repr=False)
    projected: np.ndarray = field(repr=False)

    def efficient(self, treated: np.ndarray, panel: int = 0) -> np.ndarray:
        """Efficient scores of one panel's clusters, shaped as `treated`.

        Parameters
        ----------
        treated
            Zeros and ones, shape (..., clusters).
        panel
            Position in the batch.
        """
        slope = treated @ self.projected[panel]
        return treated * self.own[panel] - slope @ self.beside[panel].T

    def studentised(self, treated: np.ndarray, panel: int = 0) -> np.ndarray:
        """Efficient score over the root of the sum of its squares by cluster, shape (...).

        Choices of larger clusters then do not count as more extreme (Chung and Romano 2013, Annals
        of Statistics 41, 484-507).
        """
        scores = self.efficient(treated, panel)
        spread = np.sqrt(np.einsum("...c,...c->...", scores, scores))
        return scores.sum(axis=-1) / np.where(spread > 0, spread, 1.0)


def restricted(model: Model, y: np.ndarray, effect: float = 0.0) -> RestrictedScores:
    """Fit with the effect held at a value.

    Parameters
    ----------
    model
        Its last column is the treatment: treated cluster x treated year.
    y
        Shape (batch, municipalities, years).
    effect
        The value, on the log scale.

    Raises
    ------
    InputError
        A panel without an estimate of the other parameters.
    """
    held = fit(model, y, held=effect)
    treated_years = model.columns[:, :, -1].max(axis=0)
    p = held.probabilities
    centred = p * (treated_years - np.einsum("buy,y->bu", p, treated_years)[..., None])
    crossed = model.by_parameter(held.totals[..., None] * centred)[..., :-1]
    return RestrictedScores(
        own=model.by_cluster(np.einsum("buy,y->bu", y - held.fitted, treated_years)),
        beside=held.scores[..., :-1],
        projected=model.by_cluster(crossed) @ held.covariance,
    )


def reached(statistics: np.ndarray, observed: float) -> int:
    """Count the statistics at least as far from zero as the observed one; ties count."""
    return int(np.count_nonzero(np.abs(statistics) >= _TIE * abs(observed)))
