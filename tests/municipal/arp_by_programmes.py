"""The conditional test of Andrews, Roth and Pakes by linear programmes, as R's HonestDiD does it.

An oracle for tests: the same moments, but the statistic from a programme, the cut-offs from the
paper's formula on the binding moments (HonestDiD 0.2.6, R/arp-nuisance.R,
`.lp_conditional_test_fn`). Slow, and it gives up (None) where the binding moments do not determine
the nuisance parameters, which the package hands to another routine.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.stats import norm


def moments(pre: int, post: int, m: float, change: int, sign: int) -> np.ndarray:
    """Rows of `.create_A_RM`, reference period dropped; with several periods after, only theirs."""
    differences = np.zeros((pre + post, pre + post + 1))
    for row in range(pre + post):
        differences[row, row : row + 2] = (-1, 1)
    largest = np.zeros(pre + post + 1)
    largest[change : change + 2] = (-sign, sign)
    allowed = np.outer(np.where(np.arange(pre + post) < pre, 1.0, m), largest)
    used = slice(pre if post > 1 else 0, None)
    rows = np.vstack([(differences - allowed)[used], (-differences - allowed)[used]])
    return np.delete(rows[np.abs(rows).max(axis=1) > 1e-10], pre, axis=1)


def reject(
    rows: np.ndarray,
    beta: np.ndarray,
    vcov: np.ndarray,
    weights: np.ndarray,
    value: float,
    *,
    critical: float,
    size: float,
) -> bool | None:
    """Outcome of the hybrid test at one value of weights x effects; None if degenerate."""
    post = len(weights)
    pre = len(beta) - post
    # Any invertible matrix with the weights as first row; its inverse splits the effects.
    basis = np.vstack([weights, np.eye(post)])
    chosen = [0]
    for row in range(1, post + 1):
        if np.linalg.matrix_rank(basis[[*chosen, row]]) == len(chosen) + 1:
            chosen.append(row)
    turned = rows[:, pre:] @ np.linalg.inv(basis[chosen])
    y, nuisance = rows @ beta - turned[:, 0] * value, turned[:, 1:]
    sigma = rows @ vcov @ rows.T
    sd = np.sqrt(np.diag(sigma))
    programme = linprog(
        np.eye(1, post)[0],
        A_ub=-np.column_stack([sd, nuisance]),
        b_ub=-y,
        bounds=[(None, None)] * post,
        method="highs",
    )
    largest = programme.fun
    if largest > critical:
        return True
    binding = -programme.ineqlin.marginals > 1e-6
    square = np.column_stack([sd, nuisance])[binding]
    if square.shape != (post, post) or np.linalg.matrix_rank(square) < post:
        return None
    picked = np.eye(len(sd))[binding]
    others = np.column_stack([sd, nuisance])[~binding]
    gamma = others @ np.linalg.solve(square, picked) - np.eye(len(sd))[~binding]
    vector = np.linalg.solve(square, picked)[0]
    spread = np.sqrt(vector @ sigma @ vector)
    rho = gamma @ sigma @ vector / spread**2
    with np.errstate(divide="ignore", invalid="ignore"):
        cut = -(gamma @ y) / rho + vector @ y
    upper = min(np.where(rho < -1e-12, cut, np.inf).min(initial=np.inf), critical)
    lower = np.where(rho > 1e-12, cut, -np.inf).max(initial=-np.inf)
    low, high = norm.cdf(lower / spread), norm.cdf(upper / spread)
    quantile = norm.ppf(low + (1 - size) * (high - low))
    return bool(largest / spread > max(0.0, quantile))
