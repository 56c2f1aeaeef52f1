"""The model under a given effect, and what each cluster says against it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bsup_analysis.effects.municipal.newton import maximise
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.ppml import PpmlFit
from bsup_analysis.errors import InputError


@dataclass(frozen=True, eq=False)
class Restricted:
    """The fit with the effect held at a value, in the pieces that scores are made of.

    With residuals e, columns z beside the treatment (municipality effects taken out) and weights
    equal to fitted means, the efficient score of municipality i for a column d x post is
    d_i u_i - q_i' I^-1 sum_j d_j r_j.

    Attributes
    ----------
    panel
        The panel.
    own
        u: residuals summed over treated years, shape (municipalities,).
    beside
        q: residuals times the other columns, shape (municipalities, columns).
    projected
        I^-1 r: what each municipality's treatment takes from the other columns, same shape.
    active
        Municipalities with information.
    """

    panel: MunicipalPanel
    own: np.ndarray = field(repr=False)
    beside: np.ndarray = field(repr=False)
    projected: np.ndarray = field(repr=False)
    active: np.ndarray = field(repr=False)

    def scores(self, treated: np.ndarray) -> np.ndarray:
        """Efficient scores of the municipalities.

        Parameters
        ----------
        treated
            Zeros and ones, shape (..., municipalities).
        """
        return treated * self.own - (treated @ self.projected) @ self.beside.T

    def by_cluster(self, scores: np.ndarray) -> np.ndarray:
        """Add scores up by cluster, shape (..., clusters with information)."""
        index = self.panel.cluster_index
        labels = np.unique(index[self.active])
        member = (index[:, None] == labels[None, :]) & self.active[:, None]
        return scores @ member.astype(float)


def restrict(fitted: PpmlFit, null: float = 0.0) -> Restricted:
    """Fit the model with the effect held at `null` (log scale).

    Raises
    ------
    InputError
        The fit is not of the single coefficient of priority municipality x treated year.
    """
    if fitted.names != ("priority",):
        raise InputError("A score test is of one coefficient, priority x treated year.")
    panel, used = fitted.panel, fitted.used
    treatment, columns = fitted.columns[:, :, 0], fitted.columns[:, :, 1:]
    y = np.where(used, panel.y, 0.0)
    log_base = np.log(np.where(used, panel.base, 1.0)) + null * treatment
    _, means, information = maximise(y, log_base, used, columns)
    residual = np.where(used, y - means, 0.0)
    post = panel.post.astype(float)
    total = means.sum(axis=1)
    centre = np.einsum("it,itk->ik", means, columns) / np.where(total > 0, total, 1)[:, None]
    moved = np.einsum("it,itk->ik", means * post, columns - centre[:, None, :])
    return Restricted(
        panel=panel,
        own=residual @ post,
        beside=np.einsum("it,itk->ik", residual, columns),
        projected=np.linalg.solve(information, moved.T).T,
        active=np.asarray(used.any(axis=1)),
    )
