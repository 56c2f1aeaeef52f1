"""Intervals for a ratio, and what they become under each assumption on the unseen half.

Normal or t: the normal where the dispersion is given (Poisson, or a value assumed on a grid),
t where it is estimated, with the degrees of freedom it was estimated on (pass
`growth_dispersion(rows).df` as `df`). Simulated with the sizes of the 17, the normal interval with
an estimated dispersion covers less than it claims, by as much as t says it must; the t interval
covers what it claims (`tests/effects/test_effects_coverage.py`). The interval 0.686-1.139 quoted
for the published ratio is the normal one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from bsup_analysis.effects.totals import GroupTotals
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class RatioInterval:
    """A ratio with its interval and the effects that could have been seen.

    Attributes
    ----------
    ratio, low, high
        Estimate and confidence limits.
    se
        Standard error of the log ratio.
    detectable_above, detectable_below
        Smallest ratio above one and largest below one that the two-sided test at 1 - `level`
        would find with probability `power`: exp(+-(q(1 - alpha/2) + q(power)) x se)
        (Bloom 1995, Evaluation Review 19(5), 547-556).
    level, power
        Confidence level and power.
    df
        Degrees of freedom of the t distribution; None for the normal.
    """

    ratio: float
    low: float
    high: float
    se: float
    detectable_above: float
    detectable_below: float
    level: float
    power: float
    df: int | None

    @property
    def log_ratio(self) -> float:
        """Log of the ratio."""
        return math.log(self.ratio)

    @property
    def excludes_one(self) -> bool:
        """Whether the interval lies wholly above or wholly below one."""
        return self.low > 1 or self.high < 1


def ratio_interval(
    log_ratio: float, se: float, *, level: float = 0.95, power: float = 0.80, df: int | None = None
) -> RatioInterval:
    """Wald interval on the log scale, with the minimum detectable ratios.

    Raises
    ------
    InputError
        A standard error that is not above zero, a level or power outside (0, 1), or `df` below 1.
    """
    if not (math.isfinite(log_ratio) and math.isfinite(se) and se > 0):
        raise InputError(
            f"An interval needs a finite log ratio and a standard error above zero, "
            f"not {log_ratio} and {se}."
        )
    if not (0 < level < 1 and 0 < power < 1) or (df is not None and df < 1):
        raise InputError(
            f"Level {level} and power {power} must lie between 0 and 1, and degrees of freedom "
            f"be one or more, not {df}."
        )
    reference = norm if df is None else t(df)
    critical = float(reference.ppf((1 + level) / 2))
    distance = (critical + float(reference.ppf(power))) * se
    return RatioInterval(
        ratio=math.exp(log_ratio),
        low=math.exp(log_ratio - critical * se),
        high=math.exp(log_ratio + critical * se),
        se=se,
        detectable_above=math.exp(distance),
        detectable_below=math.exp(-distance),
        level=level,
        power=power,
        df=df,
    )


def tidy(
    terms: Sequence[str | int] | pd.Index,
    estimate: ArrayLike,
    se: ArrayLike,
    *,
    df: int | None,
    level: float,
    is_ratio: bool = True,
    label: str = "term",
) -> pd.DataFrame:
    """Lay coefficients out as a table, one row a term.

    Parameters
    ----------
    terms
        Names, or years.
    estimate, se
        Coefficients and standard errors, on the log scale if `is_ratio`; a standard error of NaN
        (a reference year) has no interval.
    df
        Degrees of freedom of the t distribution; None for the normal, shown as <NA>.
    level
        Confidence level.
    is_ratio
        Whether exp(estimate) is a ratio.
    label
        Name of the first column.

    Returns
    -------
    pandas.DataFrame
        `term`, `estimate`, `se` and `df`; `low` and `high`, the interval of the ratio `exp`.
        Without a ratio `exp` is NaN, and `low` and `high` are the interval of the estimate.
    """
    value, error = np.asarray(estimate, float), np.asarray(se, float)
    reach = float((norm if df is None else t(df)).ppf((1 + level) / 2)) * error
    with np.errstate(over="ignore"):  # exp of a covariate's coefficient may be infinite
        low, high = (np.exp(end) if is_ratio else end for end in (value - reach, value + reach))
        ratio = np.exp(value) if is_ratio else np.full_like(value, np.nan)
    columns = {"estimate": value, "se": error, "df": pd.array([df] * len(value), dtype="Int64")}
    return pd.DataFrame({label: list(terms), **columns, "low": low, "high": high, "exp": ratio})


def dispersed_se(
    totals: GroupTotals, *, phi_priority: float = 1.0, phi_other: float | None = None
) -> float:
    """Compute the standard error of the log ratio with a dispersion in each group.

    Parameters
    ----------
    totals
        The four totals.
    phi_priority
        Dispersion of the priority group: 1 is Poisson; in NOK if the totals are.
    phi_other
        Dispersion assumed for the others; by default the priority group's.
    """
    other = phi_priority if phi_other is None else phi_other
    if not (math.isfinite(phi_priority) and math.isfinite(other) and min(phi_priority, other) >= 0):
        raise InputError(f"Dispersions must be zero or more, not {phi_priority} and {other}.")
    return math.sqrt(phi_priority * totals.priority_half + other * totals.other_half)


@dataclass(frozen=True)
class AssumedDispersion:
    """The interval if the others had this dispersion.

    Attributes
    ----------
    phi_other
        Assumed dispersion of the others.
    interval
        The resulting interval.
    """

    phi_other: float
    interval: RatioInterval


def interval_by_dispersion(
    totals: GroupTotals, priority_variance: float, grid: Iterable[float], *, level: float = 0.95
) -> tuple[AssumedDispersion, ...]:
    """Intervals with the priority half computed and the others' half assumed.

    Parameters
    ----------
    totals
        The four totals.
    priority_variance
        The priority group's part of the variance, e.g. `clustered_half(rows).variance`.
    grid
        Dispersions to assume for the others.
    level
        Confidence level.
    """
    if not (math.isfinite(priority_variance) and priority_variance >= 0):
        raise InputError(f"The priority half must be zero or more, not {priority_variance}.")
    phi_priority = priority_variance / totals.priority_half
    return tuple(
        AssumedDispersion(
            phi,
            ratio_interval(
                totals.log_ratio,
                dispersed_se(totals, phi_priority=phi_priority, phi_other=phi),
                level=level,
            ),
        )
        for phi in grid
    )


def tipping_dispersion(
    totals: GroupTotals, *, priority_variance: float | None = None, level: float = 0.95
) -> float | None:
    """Dispersion at which the interval just touches one.

    Below it the interval excludes one, above it the interval holds it.

    Parameters
    ----------
    totals
        The four totals.
    priority_variance
        The priority half, held fixed while the others' dispersion moves; None to move both
        groups' dispersion together.
    level
        Confidence level.

    Returns
    -------
    float or None
        None where no dispersion of zero or more reaches it: the interval holds one throughout.
    """
    needed = (totals.log_ratio / float(norm.ppf((1 + level) / 2))) ** 2
    if priority_variance is None:
        phi = needed / (totals.priority_half + totals.other_half)
    else:
        phi = (needed - priority_variance) / totals.other_half
    return phi if phi > 0 else None
