"""Least squares on loans per 1 000 inhabitants with municipality and year effects.

On a balanced panel with one treatment state a period the estimate is the difference of two means of
changes, and leaving a cluster out changes two means: closed forms, compared with a dummy-variable
regression in `tests/simulation`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bsup_analysis.errors import InputError


@dataclass(frozen=True, eq=False)
class RateFit:
    """Estimates on rates.

    Attributes
    ----------
    estimate
        Loans per 1 000 inhabitants and year, shape (draws,).
    crv1_se, crv3_se
        Clustered standard errors: with the factor G / (G - 1), and by the cluster jackknife.
    """

    estimate: np.ndarray
    crv1_se: np.ndarray
    crv3_se: np.ndarray


def fit_rates(
    loans: np.ndarray,
    population: np.ndarray,
    treated: np.ndarray,
    treated_years: np.ndarray,
    cluster: np.ndarray,
) -> RateFit:
    """Fit every panel.

    Parameters
    ----------
    loans
        Shape (draws, municipalities, years).
    population
        Shape (municipalities, years).
    treated, cluster
        Shape (municipalities,); clusters numbered from 0.
    treated_years
        Shape (years,).

    Raises
    ------
    InputError
        A single cluster holds all treated or all untreated municipalities.
    """
    rates = 1000 * loans / population
    change = rates[:, :, treated_years].mean(axis=2) - rates[:, :, ~treated_years].mean(axis=2)
    clusters = int(cluster.max()) + 1
    member = (cluster[:, None] == np.arange(clusters)).astype(float)
    estimate = np.zeros(len(loans))
    influence, left_out = np.zeros((2, len(loans), clusters))
    for sign, mine in ((1, treated), (-1, ~treated)):
        number, total = member[mine].sum(axis=0), change[:, mine] @ member[mine]
        units, sums = number.sum(), total.sum(axis=1, keepdims=True)
        if (number == units).any():
            raise InputError("A jackknife needs two clusters in each group.")
        estimate += sign * sums[:, 0] / units
        influence += sign * (total - number * sums / units) / units
        left_out += sign * (sums - total) / (units - number)
    factor = clusters / (clusters - 1)
    away = left_out - estimate[:, None]
    return RateFit(
        estimate,
        np.sqrt(factor * (influence**2).sum(axis=1)),
        np.sqrt((away**2).sum(axis=1) / factor),
    )
