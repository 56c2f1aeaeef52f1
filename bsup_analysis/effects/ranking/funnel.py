"""Funnel limits: how far from a common rate chance alone, or chance and spread, carries a unit.

Exact quantiles of the count, interpolated as in Spiegelhalter (2005), Funnel plots for comparing
institutional performance, Statistics in Medicine 24(8), 1185-1202, appendix A.1.1: with F the
distribution of the count and r the smallest count with F(r) > p,

    limit = r - (F(r) - p) / (F(r) - F(r - 1)).
"""

import math
from typing import Any

import numpy as np
from scipy.stats import nbinom, poisson

from bsup_analysis.effects.ranking.counts import Floats
from bsup_analysis.errors import InputError


def funnel_limit(
    exposure: Floats, rate: float, probability: float, shape: float = math.inf
) -> Floats:
    """Give the rate below which a unit's own rate falls with this probability.

    Parameters
    ----------
    exposure
        (points,), above zero.
    rate
        The common mean rate.
    probability
        For example 0.025 and 0.975.
    shape
        Shape of the gamma spread between units; infinite for chance alone (Poisson).

    Returns
    -------
    ndarray
        Rates, (points,); zero where even a count of zero is likelier than `probability`.

    Raises
    ------
    InputError
        An exposure or the rate is not above zero, or the probability not between 0 and 1.
    """
    exposure = np.asarray(exposure, float)
    if not (exposure > 0).all() or not rate > 0:
        raise InputError("Funnel limits need exposures and a rate above zero.")
    if not 0 < probability < 1:
        raise InputError(f"A probability lies between 0 and 1, not at {probability}.")
    mean = rate * exposure
    law: Any = poisson(mean) if math.isinf(shape) else nbinom(shape, shape / (shape + mean))
    count = law.ppf(probability)
    at = law.cdf(count)
    return np.maximum(count - (at - probability) / (at - law.cdf(count - 1)), 0) / exposure
