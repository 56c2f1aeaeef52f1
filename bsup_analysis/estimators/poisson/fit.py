"""Maximum likelihood of many panels at once, and the variance of the estimates.

Given a municipality's total its years are multinomial, so its effect is gone exactly, also with an
exposure; what is left is a concave function of a handful of parameters whose derivatives are matrix
products over all panels (`METHODS.md`, size and power, 2).

Own code, because no library fits many small panels together: a loop over fits costs more than a
hundred times as much (`benchmarks/kernel.py`), and the cluster jackknife is such a loop. In
pyfixest 0.60 clustered errors may change with the hash seed, and the jackknife's refits forget the
offset. The tests compare the results with statsmodels and pyfixest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bsup_analysis.errors import InputError
from bsup_analysis.estimators.poisson.specification import Model

_STEPS = 60
_STEP_TOLERANCE = 1e-11  # on parameters, which are logs; Newton's next step is then at rounding
_NO_WORSE = 1e-12  # share of the likelihood that rounding may take from a step


@dataclass(frozen=True, eq=False)
class Fit:
    """Maximum-likelihood estimates of many panels.

    Attributes
    ----------
    model
        The model fitted.
    y
        The panels, shape (batch, municipalities, years).
    theta
        Estimates, shape (batch, parameters).
    probabilities
        Fitted share of a municipality's total that falls in a year, shaped as `y`.
    information
        Fisher information, municipality effects taken out, shape (batch, parameters, parameters).
    free
        Number of parameters that were estimated: all, or all but the last.
    """

    model: Model
    y: np.ndarray
    theta: np.ndarray
    probabilities: np.ndarray = field(repr=False)
    information: np.ndarray = field(repr=False)
    free: int

    @cached_property
    def totals(self) -> np.ndarray:
        """Outcome of a municipality over all years, shape (batch, municipalities)."""
        return self.y.sum(axis=2)

    @cached_property
    def fitted(self) -> np.ndarray:
        """Fitted means, shaped as `y`."""
        return self.totals[:, :, None] * self.probabilities

    @cached_property
    def covariance(self) -> np.ndarray:
        """Inverse information of the estimated parameters, shape (batch, free, free)."""
        return np.linalg.inv(self.information[:, : self.free, : self.free])

    @cached_property
    def scores(self) -> np.ndarray:
        """Score of each cluster, shape (batch, clusters, parameters)."""
        return self.model.by_cluster(self.model.by_parameter(self.y - self.fitted))

    @cached_property
    def clusters(self) -> np.ndarray:
        """Clusters with an outcome above zero, shape (batch,); another one says nothing."""
        return np.count_nonzero(self.model.by_cluster(self.totals), axis=1)

    @property
    def model_se(self) -> np.ndarray:
        """Standard error of the last parameter if the outcome were Poisson, shape (batch,)."""
        return np.sqrt(self.covariance[:, -1, -1])


def fit(model: Model, y: np.ndarray, held: float | None = None) -> Fit:
    """Fit every panel.

    Parameters
    ----------
    model
        Groups, regressors, exposure, clusters.
    y
        Shape (batch, municipalities, years), zero or more, zero in cells without exposure.
    held
        Value at which the last parameter is held; None estimates it.

    Raises
    ------
    InputError
        A panel without an estimate: some parameter has no outcome to be estimated from.
    """
    free = model.parameters - (held is not None)
    start = np.zeros((len(y), model.parameters))
    start[:, free:] = held or 0.0
    theta, information = newton(model, y.sum(axis=2), model.by_group(y), start, free)
    refuse_unsettled(theta)
    _, weight, mass = _weights(model, theta)
    return Fit(model, y, theta, weight / mass[..., None], information, free)


def refuse_unsettled(theta: np.ndarray) -> None:
    """Refuse estimates among which some are not finite.

    Raises
    ------
    InputError
        A panel has no estimate.
    """
    if not np.isfinite(theta).all():
        raise InputError(
            "A panel has no Poisson estimate: there is no loan at all, or hardly any, in some "
            "group and period; choose an effect nearer to 1."
        )


def newton(
    model: Model, totals: np.ndarray, sums: np.ndarray, start: np.ndarray, free: int
) -> tuple[np.ndarray, np.ndarray]:
    """Maximise the likelihood, municipality effects profiled out, by Newton steps halved at need.

    Parameters
    ----------
    totals
        Outcome of each municipality, shape (batch, municipalities).
    sums
        Outcome of each group and year, shape (batch, groups, years).
    start
        First values, shape (batch, parameters).
    free
        Number of parameters to estimate; the others keep their first values.

    Returns
    -------
    theta, information : numpy.ndarray
        Estimates, NaN in a panel that has none, and the Fisher information of all parameters.
    """
    theta = start.copy()
    settled = np.zeros(len(theta), dtype=bool)
    with np.errstate(all="ignore"):  # a run-away ends in NaN
        likelihood, gradient, information = _derivatives(model, totals, sums, theta)
        for _ in range(_STEPS):
            step = np.zeros_like(theta)
            inverted = inverse(information[:, :free, :free])
            step[:, :free] = (inverted @ gradient[:, :free, None])[..., 0]
            lost = ~np.isfinite(step).all(axis=1)
            step[lost] = 0
            for _ in range(_STEPS):
                reached, gradient, information = _derivatives(model, totals, sums, theta + step)
                worse = ~(reached >= likelihood - _NO_WORSE * np.abs(likelihood)) & ~lost
                if not worse.any():
                    break
                step[worse] /= 2
            theta, likelihood = theta + step, reached
            settled = (np.abs(step).max(axis=1, initial=0.0) < _STEP_TOLERANCE) & ~lost
            if (settled | lost).all():
                break
    theta[~settled] = np.nan
    return theta, information


def inverse(matrices: np.ndarray) -> np.ndarray:
    """Invert many matrices; NaN where one is singular."""
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        singular = ~(np.linalg.cond(matrices) < 1e14)[..., None, None]
        safe = np.where(singular, np.eye(matrices.shape[-1]), matrices)
        return np.where(singular, np.nan, np.linalg.inv(safe))


def _weights(model: Model, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log growth (batch, groups, years), years' weights, and their sum (batch, municipalities)."""
    index = np.einsum("bk,gyk->bgy", theta, model.columns)
    weight = model.shares * np.exp(index)[:, model.group]
    return index, weight, np.einsum("buy->bu", weight)


def _derivatives(
    model: Model, totals: np.ndarray, sums: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Profile likelihood, gradient and information: (batch,), (batch, k) and (batch, k, k).

    Large sums go through einsum, which adds in one order whatever the number of threads; a matrix
    product of the linear algebra library need not.
    """
    index, weight, mass = _weights(model, theta)
    scale = totals / mass
    fitted = model.by_group(scale[..., None] * weight)
    likelihood = (sums * index).sum(axis=(1, 2)) - (totals * np.log(mass)).sum(axis=1)
    gradient = np.einsum("bgy,gyk->bk", sums - fitted, model.columns)
    information = np.einsum("bc,cp->bp", fitted.reshape(len(theta), -1), model.column_squares)
    information = information.reshape(len(theta), model.parameters, -1)
    column = model.by_parameter(weight)
    information -= np.swapaxes(column, 1, 2) @ ((scale / mass)[..., None] * column)
    return likelihood, gradient, information


def crv1(fitted: Fit, number: int = 1) -> np.ndarray:
    """Clustered covariance of the last `number` parameters, shape (batch, number, number).

    The sandwich with scores added up by cluster (Liang and Zeger 1986, Biometrika 73(1)), with the
    factor G / (G - 1) and no other, G the clusters with an outcome.
    """
    influence = fitted.scores @ fitted.covariance[:, :, -number:]
    clusters = fitted.clusters[:, None, None]
    return clusters / (clusters - 1) * np.swapaxes(influence, 1, 2) @ influence


def dispersion(fitted: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's statistic over its degrees of freedom, and these, each of shape (batch,).

    A municipality without an outcome in any year says nothing and is left out, as is its effect.
    Every cell must have exposure.
    """
    means, used = fitted.fitted, fitted.totals > 0
    ratio = (fitted.y - means) ** 2 / np.where(used[:, :, None], means, 1)
    df = used.sum(axis=1) * (means.shape[2] - 1) - fitted.model.parameters
    return ratio.sum(axis=(1, 2)) / df, df
