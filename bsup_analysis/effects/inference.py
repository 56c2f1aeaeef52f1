"""Intervals for a ratio, and what they become under each assumption on the unseen half.

Normal or t: the normal where the dispersion is given (Poisson, or a value assumed on a grid),
t where it is estimated, with the degrees of freedom it was estimated on (pass
`growth_dispersion(rows).df` as `df`). Simulated with the sizes of the 17, the normal interval with
an estimated dispersion covers less than it claims, by as much as t says it must; the t interval
covers what it claims (`tests/effects/test_effects_coverage.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from bsup_analysis.effects.group_poisson import GroupTotals
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.effects.paired import Paired, growth_dispersion
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
class LeftOut:
    """The group contrast without one priority municipality.

    Attributes
    ----------
    code
        The municipality left out.
    phi
        Dispersion of the remaining municipalities, used for both groups.
    interval
        Ratio, interval and detectable ratios; t on the dispersion's degrees of freedom.
    """

    code: str
    phi: float
    interval: RatioInterval


def leave_one_out(
    priority: Paired,
    other_pre: float,
    other_post: float,
    *,
    level: float = 0.95,
    power: float = 0.80,
) -> tuple[LeftOut, ...]:
    """Compute the group contrast again without each priority municipality in turn.

    Parameters
    ----------
    priority
        Rows of the priority municipalities.
    other_pre, other_post
        Totals of the others, who stay the same.
    level, power
        Confidence level, and power of the detectable ratios.

    Raises
    ------
    InputError
        Fewer than three municipalities: no dispersion is left without one of two.
    """
    if len(priority.codes) < 3:
        raise InputError("Leaving one municipality out needs three of them at least.")
    found = []
    for code in priority.codes:
        rest = priority.without((code,))
        totals = GroupTotals(rest.pre_total, rest.post_total, other_pre, other_post)
        spread = growth_dispersion(rest)
        se = dispersed_se(totals, phi_priority=spread.phi)
        interval = ratio_interval(totals.log_ratio, se, level=level, power=power, df=spread.df)
        found.append(LeftOut(code, spread.phi, interval))
    return tuple(found)


@dataclass(frozen=True)
class SpecificationRow:
    """A row to draw.

    Attributes
    ----------
    name
        Key of the row.
    ratio
        The ratio, and in its bounds what rounding alone leaves open.
    low, high
        Confidence limits at the worst of the rounding.
    detectable_above, detectable_below
        Minimum detectable ratios.
    """

    name: str
    ratio: Interval
    low: float
    high: float
    detectable_above: float
    detectable_below: float


def specification_row(
    name: str, value: float | Interval, se: float, df: int | None = None, *, level: float = 0.95
) -> SpecificationRow:
    """Give one set of choices its interval and the minimum detectable ratios.

    Parameters
    ----------
    name
        Key of the row.
    value
        The ratio, with what rounding leaves open where it does.
    se
        Standard error of its log, under the row's assumption on dispersion.
    df
        Degrees of freedom of the t distribution; None for the normal.
    level
        Confidence level.

    Raises
    ------
    InputError
        A ratio or a standard error that is not above zero.
    """
    ratio = Interval.exact(value)
    if ratio.low <= 0:
        raise InputError(f"{name}: the ratio must be above zero, not {ratio.low}.")
    # Around a ratio of one the interval is a pair of factors, whatever the ratio.
    factors = ratio_interval(0.0, se, level=level, df=df)
    return SpecificationRow(
        name,
        ratio,
        ratio.low * factors.low,
        ratio.high * factors.high,
        factors.detectable_above,
        factors.detectable_below,
    )
