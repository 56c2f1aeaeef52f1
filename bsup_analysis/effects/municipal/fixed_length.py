"""The fixed-length confidence interval of an event study, for many at once.

Rambachan and Roth (2023, A more credible approach to parallel trends, Review of Economic Studies
90, 2555-2591, section 4.1), where the slope of the trend changes by at most M from year to year.
Their interval is estimate +- se x the 1 - alpha quantile of |N(b, 1)|, b the largest bias in
standard errors. A standard error of few clusters is itself uncertain: here the quantile is that of
|b + T|, T Student's t with (clusters of priority municipalities - 1) degrees of freedom, as in the
study's other intervals (`crv`). Written out, because diff-diff has it only behind results objects
of its own, without t, and finds it by three nested grids in two seconds; here the simulation of
the municipal rule judges thousands of panels with the code that judges the one. The tests compare
it with HonestDiD's numbers, diff-diff's and a search by brute force.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from scipy.special import gammaln, ndtr, stdtr
from scipy.stats import norm, t

from bsup_analysis.effects.municipal.panel import NotEstimableError

_NEWTON_STEPS = 100
# of the penalty: the biases are then exact to rounding, where a search would stop at what the
# threads of the linear algebra library let it see
_HALVINGS = 60


@dataclass(frozen=True, eq=False)
class FixedLength:
    """Fixed-length confidence intervals of many event studies, each of shape (batch,).

    Attributes
    ----------
    estimate
        Estimate that a straight trend does not bias, in the unit of the coefficients.
    se
        Its standard error.
    bias
        Its largest bias among the trends allowed.
    half_length
        Half the length of the interval.
    """

    estimate: np.ndarray
    se: np.ndarray
    bias: np.ndarray
    half_length: np.ndarray

    @property
    def low(self) -> np.ndarray:
        """Lower limits."""
        return self.estimate - self.half_length

    @property
    def high(self) -> np.ndarray:
        """Upper limits."""
        return self.estimate + self.half_length


def fixed_length(
    coefficients: np.ndarray,
    vcov: np.ndarray,
    target: np.ndarray,
    m: float,
    *,
    df: int | None,
    level: float = 0.95,
) -> FixedLength:
    """Compute intervals under trends whose slope changes by at most m between periods.

    Among linear estimators that a straight trend does not bias, the one whose interval is shortest
    (`METHODS.md`, municipal level, 5). With kinks' biases u beside the least one, variance is a
    quadratic in u and the worst bias m x (least + sum |u|). What is least of half the length is
    least of variance + penalty x sum |u| for one penalty, which is found by halving; for a given
    penalty it is one of the corners that signs and zeros of u allow.

    Parameters
    ----------
    coefficients
        Periods before the reference, the one next to it last, then those after; (batch, periods).
    vcov
        Their variances, shape (batch, periods, periods).
    target
        Weights of the periods after in what is estimated, shape (after,).
    m
        Largest change of slope, in the unit of the coefficients per period; 0 is a straight trend.
    df
        Degrees of freedom of the standard error; None takes it for known, as the paper does.
    level
        Confidence level.

    Raises
    ------
    NotEstimableError
        A variance of zero in the direction that is estimated.
    """
    alpha = 1 - level
    base, moves, least = _estimators(coefficients.shape[1] - len(target), target)
    constant = np.einsum("p,bpq,q->b", base, vcov, base)
    linear = np.einsum("pk,bpq,q->bk", moves, vcov, base)
    square = np.einsum("pk,bpq,ql->bkl", moves, vcov, moves)
    if not (constant > 0).all():
        raise NotEstimableError(
            "event_variance",
            "The event study's variance is zero in the direction that is estimated.",
        )

    def measured(kinks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute the standard error and the worst bias."""
        curved = np.einsum("bk,bkl,bl->b", kinks, square, kinks)
        variance = constant + 2 * (linear * kinks).sum(axis=1) + curved
        se = np.sqrt(np.maximum(variance, 1e-24 * constant))
        return se, m * (least + np.abs(kinks).sum(axis=1))

    kinks = np.zeros_like(linear)
    if moves.shape[1]:
        corners = _Corners(linear, square)
        low = np.zeros(len(linear))
        high = np.abs(linear).max(axis=1) if m > 0 else low  # from there on no kinks
        for _ in range(_HALVINGS if m > 0 else 0):
            penalty = (low + high) / 2
            se, bias = measured(corners.at(penalty))
            critical = shifted_quantile(bias / se, alpha, df)
            turn = _slope(bias / se, critical, df)
            falls = penalty * (critical - turn * bias / se) < m * turn * se
            low, high = np.where(falls, penalty, low), np.where(falls, high, penalty)
        kinks = corners.at((low + high) / 2)
    se, bias = measured(kinks)
    vectors = base + kinks @ moves.T
    estimate = (vectors * coefficients).sum(axis=1)
    return FixedLength(estimate, se, bias, se * shifted_quantile(bias / se, alpha, df))


def _estimators(pre: int, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Span the estimators that a straight trend does not bias: base + moves x kinks; least bias.

    A kink j periods from the reference adds (h - j)^+ to the departure h periods from it, on the
    same side. Weights before v are known by their sums of h v_h, which must cancel the slope, and
    of (h - j)^+ v_h, the biases of the kinks before.
    """
    post = len(target)
    after = np.maximum(np.arange(1, post + 1)[None, :] - np.arange(post)[:, None], 0)
    before = np.maximum(np.arange(pre, 0, -1)[None, :] - np.arange(pre)[:, None], 0)
    weights = np.linalg.inv(before)
    base = np.concatenate([weights[:, 0] * (after[0] @ target), target])
    moves = np.vstack([weights[:, 1:], np.zeros((post, pre - 1))])
    return base, moves, float(np.abs(after @ target).sum())


class _Corners:
    """Least of half a quadratic plus penalty x sum of absolute values, for a batch.

    With signs s on a set of kinks and zero elsewhere the least is -square^-1 (linear + penalty s);
    the best of all sets and signs is the least of all.
    """

    def __init__(self, linear: np.ndarray, square: np.ndarray) -> None:
        self.linear, self.square = linear, square
        number = linear.shape[1]
        self.sets = [
            (list(chosen), np.linalg.pinv(square[:, chosen][:, :, chosen], hermitian=True))
            for size in range(1, number + 1)
            for chosen in combinations(range(number), size)
        ]

    def at(self, penalty: np.ndarray) -> np.ndarray:
        """Kinks' biases at a penalty for each, shape (batch, kinks)."""
        best, value = np.zeros_like(self.linear), np.zeros(len(self.linear))
        for chosen, inverse in self.sets:
            for signs in product((-1.0, 1.0), repeat=len(chosen)):
                tried = np.zeros_like(best)
                pulled = self.linear[:, chosen] + penalty[:, None] * np.array(signs)
                tried[:, chosen] = -np.einsum("bkl,bl->bk", inverse, pulled)
                cost = (tried * self.linear).sum(axis=1) + penalty * np.abs(tried).sum(axis=1)
                cost += np.einsum("bk,bkl,bl->b", tried, self.square, tried) / 2
                better = cost < value
                best[better], value[better] = tried[better], cost[better]
        return best


def shifted_quantile(bias: np.ndarray, alpha: float, df: int | None) -> np.ndarray:
    """Compute the 1 - alpha quantile of |bias + T|, T Student's t (normal without `df`).

    Newton's steps from below: the quantile is no less than bias plus the one-sided quantile, from
    where on the distribution function of |bias + T| is concave.
    """
    bias = np.asarray(bias, dtype=float)
    reference = norm if df is None else t(df)
    one, two = reference.ppf([1 - alpha, 1 - alpha / 2])
    end = np.maximum(bias + one, two)
    for _ in range(_NEWTON_STEPS):
        above, below = end - bias, -end - bias
        held = _below(above, df) - _below(below, df)
        step = (1 - alpha - held) / (_density(above, df) + _density(below, df))
        end = end + step
        if np.abs(step).max(initial=0.0) < 1e-13 * (1 + end.max(initial=0.0)):
            break
    return end


def _slope(bias: np.ndarray, critical: np.ndarray, df: int | None) -> np.ndarray:
    """Differentiate the quantile in the bias, by its distribution function."""
    near, far = _density(critical - bias, df), _density(critical + bias, df)
    return (near - far) / (near + far)


def _below(value: np.ndarray, df: int | None) -> np.ndarray:
    return ndtr(value) if df is None else stdtr(df, value)


def _density(value: np.ndarray, df: int | None) -> np.ndarray:
    if df is None:
        return np.exp(-(value**2) / 2) / np.sqrt(2 * np.pi)
    scale = gammaln((df + 1) / 2) - gammaln(df / 2) - np.log(df * np.pi) / 2
    return np.exp(scale - (df + 1) / 2 * np.log1p(value**2 / df))
