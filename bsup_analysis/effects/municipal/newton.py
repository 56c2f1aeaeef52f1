"""Newton's method for a Poisson likelihood with the municipality effects taken out."""

from __future__ import annotations

import numpy as np

from bsup_analysis.effects.municipal.refusal import NotEstimableError

STEP_TOLERANCE = 1e-11  # largest move of a coefficient at which Newton's method has arrived
MOST_STEPS = 60


def maximise(
    y: np.ndarray, log_base: np.ndarray, used: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maximise the Poisson likelihood by Newton's method with halved steps.

    Parameters
    ----------
    y
        Outcome, shape (municipalities, years), zero where not used.
    log_base
        Log of what it is a rate of, same shape.
    used
        Cells that enter.
    columns
        Shape (municipalities, years, columns), zero where not used, none a combination of others.

    Returns
    -------
    parameters, fitted, information : numpy.ndarray
        Coefficient of each column; means; Fisher information, municipality effects taken out.
    """
    total = y.sum(axis=1)
    parameters = np.zeros(columns.shape[2])

    def shares(at: np.ndarray) -> tuple[np.ndarray, float]:
        index = np.where(used, log_base + columns @ at, -np.inf)
        top = np.where(used.any(axis=1), index.max(axis=1), 0.0)[:, None]
        weight = np.exp(index - top)
        mass = np.where(used.any(axis=1), weight.sum(axis=1), 1.0)[:, None]
        log_share = np.where(used, index - top - np.log(mass), 0.0)
        return weight / mass, float((y * log_share).sum())

    share, likelihood = shares(parameters)
    for _ in range(MOST_STEPS):
        fitted = total[:, None] * share
        score = np.einsum("it,itk->k", y - fitted, columns)
        information = _information(fitted, share, columns)
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            break
        for _ in range(MOST_STEPS):
            following, reached = shares(parameters + step)
            if reached >= likelihood - 1e-12 * abs(likelihood):
                break
            step = step / 2
        parameters = parameters + step
        share, likelihood = following, reached
        if np.abs(step).max(initial=0.0) < STEP_TOLERANCE:
            fitted = total[:, None] * share
            return parameters, fitted, _information(fitted, share, columns)
    raise NotEstimableError(
        "unsettled", "The Poisson model did not settle: its columns are nearly combinations."
    )


def _information(fitted: np.ndarray, share: np.ndarray, columns: np.ndarray) -> np.ndarray:
    width = columns.shape[2]
    flat = columns.reshape(-1, width)
    mean = np.einsum("it,itk->ik", share, columns)
    whole = flat.T @ (fitted.reshape(-1, 1) * flat)
    return whole - mean.T @ (fitted.sum(axis=1)[:, None] * mean)
