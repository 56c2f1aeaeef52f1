"""Poisson regressions of thousands of panels at once.

No library fits many small panels together; a loop over fits costs more than a hundred times as
much (`benchmarks/kernel.py`). Given a municipality's total its years are multinomial, so its effect
is gone exactly, also with an offset; what is left is a concave function of a handful of
parameters whose derivatives are matrix products over all draws (`METHODS.md`, size and power, 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bsup_analysis.errors import InputError
from bsup_analysis.simulation.model import Model

_STEPS = 60
_STEP_TOLERANCE = 1e-12  # on parameters, which are logs; Newton's next step is then at rounding


@dataclass(frozen=True, eq=False)
class Fit:
    """Maximum-likelihood estimates of many panels.

    Attributes
    ----------
    model
        The model fitted.
    loans
        The panels, shape (draws, municipalities, years).
    theta
        Estimates, shape (draws, parameters).
    probabilities
        Fitted share of a municipality's loans that falls in a year, shaped as `loans`.
    covariance
        Inverse of the information, shape (draws, parameters, parameters).
    """

    model: Model
    loans: np.ndarray
    theta: np.ndarray
    probabilities: np.ndarray
    covariance: np.ndarray

    @property
    def totals(self) -> np.ndarray:
        """Loans of a municipality over all years, shape (draws, municipalities)."""
        return self.loans.sum(axis=2)

    @property
    def fitted(self) -> np.ndarray:
        """Fitted loans, shaped as `loans`."""
        return self.totals[:, :, None] * self.probabilities

    @property
    def clusters(self) -> np.ndarray:
        """Clusters with a loan in any year, shape (draws,); another one says nothing."""
        return np.count_nonzero(self.model.by_cluster(self.totals), axis=1)

    @property
    def model_se(self) -> np.ndarray:
        """Standard error of the last parameter if loans were Poisson, shape (draws,)."""
        return np.sqrt(self.covariance[:, -1, -1])


def fit(model: Model, loans: np.ndarray) -> Fit:
    """Fit every panel.

    Parameters
    ----------
    model
        Groups, regressors, offset.
    loans
        Shape (draws, municipalities, years), zero or more.

    Raises
    ------
    InputError
        A panel without an estimate: some parameter has no loan to be estimated from.
    """
    totals, sums = loans.sum(axis=2), group_sums(model, loans)
    theta = newton(model, totals, sums)
    _, information = _derivatives(model, totals, sums, theta)
    growth = np.exp(theta @ _stacked(model)).reshape(len(loans), model.groups, -1)
    share = model.shares * growth[:, model.group]
    return Fit(
        model, loans, theta, share / share.sum(axis=2, keepdims=True), np.linalg.inv(information)
    )


def newton(
    model: Model, totals: np.ndarray, sums: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """Maximise the likelihood with the municipality effects profiled out.

    Parameters
    ----------
    totals
        Loans of each municipality, shape (draws, municipalities).
    sums
        Loans of each group and year, shape (draws, groups, years).
    start
        First values; by default year effects from the years' totals, the rest zero.

    Returns
    -------
    numpy.ndarray
        Shape (draws, parameters).
    """
    _refuse_empty(model, sums)
    theta = np.zeros((len(totals), model.parameters)) if start is None else start.copy()
    with np.errstate(all="ignore"):  # a run-away is refused in words below
        for _ in range(_STEPS):
            gradient, information = _derivatives(model, totals, sums, theta)
            try:
                step = np.linalg.solve(information, gradient[..., None])[..., 0]
            except np.linalg.LinAlgError:
                break
            largest = np.abs(step).max(axis=1, keepdims=True)
            theta += step * np.minimum(1, 2 / np.maximum(largest, 2))
            if not np.isfinite(largest).all():
                break
            if largest.max() < _STEP_TOLERANCE:
                return theta
    raise InputError(
        "A synthetic panel has no Poisson estimate: too few loans in some group and year; "
        "choose an effect nearer to 1."
    )


def group_sums(model: Model, loans: np.ndarray) -> np.ndarray:
    """Loans by group and year, shape (draws, groups, years)."""
    return np.stack([loans[:, members].sum(axis=1) for members in model.members], axis=1)


def _refuse_empty(model: Model, sums: np.ndarray) -> None:
    """Refuse panels in which a regressor of ones and zeros has no loan on one of its sides."""
    on = np.einsum("bgt,gtk->bk", sums, np.abs(model.columns))
    in_group = model.columns.any(axis=1)  # the off side is looked for where the regressor acts
    off = np.einsum("bgt,gtk,gk->bk", sums, (model.columns == 0).astype(float), in_group)
    if not ((on > 0) & (off > 0)).all():
        raise InputError(
            "A synthetic panel has no loan at all in some group and period, so it has no "
            "estimate; choose an effect nearer to 1."
        )


def _stacked(model: Model) -> np.ndarray:
    """Columns as (parameters, groups x years)."""
    return model.columns.reshape(-1, model.parameters).T


def _derivatives(
    model: Model, totals: np.ndarray, sums: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and information of the profile likelihood, (draws, k) and (draws, k, k)."""
    draws, k = theta.shape
    gradient, information = np.zeros((draws, k)), np.zeros((draws, k * k))
    for g, members in enumerate(model.members):
        growth = np.exp(theta @ model.columns[g].T)
        per_share = growth @ model.shares[members].T  # what a municipality's years add up to
        scale = totals[:, members] / per_share
        fitted = growth * (scale @ model.shares[members])
        pairs = (scale / per_share) @ model.share_pairs[members]
        gradient += (sums[:, g] - fitted) @ model.columns[g]
        information += _between_years(fitted, pairs, growth) @ model.column_pairs[g]
    return gradient, information.reshape(draws, k, k)


def _between_years(fitted: np.ndarray, pairs: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Multinomial variance of a group's years, diag(fitted) - sum of products, flattened."""
    years = fitted.shape[1]
    matrix = -pairs.reshape(-1, years, years) * growth[:, :, None] * growth[:, None, :]
    matrix[:, np.arange(years), np.arange(years)] += fitted
    return matrix.reshape(len(fitted), -1)
