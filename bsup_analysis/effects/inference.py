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

from bsup_analysis.effects.group_poisson import GroupTotals
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.effects.paired import Dispersion, Paired, growth_dispersion, pearson_dispersion
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


@dataclass(frozen=True)
class MunicipalityEffects:
    """Poisson model with municipality effects and one common growth.

    Attributes
    ----------
    growth
        Later divided by earlier year, the same for every municipality.
    se
        Model-based standard error of the log growth.
    dispersion
        Pearson dispersion of the fit.
    deviance
        Residual deviance.
    residuals
        Pearson residual of each municipality's later year, in the order of the rows.
    """

    growth: float
    se: float
    dispersion: Dispersion
    deviance: float
    residuals: tuple[float, ...]


def municipality_effects(group: Paired) -> MunicipalityEffects:
    """Fit log E[loans] = municipality + later year with statsmodels.

    Estimate and dispersion equal `Paired.growth` and `growth_dispersion`, which published
    numbers are taken from: closed forms do not depend on the linear algebra library.
    """
    # Imported here: half a second that no other estimator needs.
    import statsmodels.api as sm

    count = len(group.codes)
    unit = np.tile(np.eye(count), (2, 1))
    later = np.repeat([0.0, 1.0], count)
    observed = np.array([*group.pre, *group.post], dtype=float)
    fit = sm.GLM(observed, np.column_stack([unit, later]), family=sm.families.Poisson()).fit(
        tol=1e-12
    )
    return MunicipalityEffects(
        growth=math.exp(fit.params[-1]),
        se=float(fit.bse[-1]),
        dispersion=pearson_dispersion(observed.tolist(), fit.fittedvalues.tolist(), count + 1),
        deviance=float(fit.deviance),
        residuals=tuple(float(value) for value in fit.resid_pearson[count:]),
    )


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
    return tuple(
        group_without(priority, (code,), other_pre, other_post, level=level, power=power)
        for code in priority.codes
    )


def group_without(
    priority: Paired,
    codes: Sequence[str],
    other_pre: float,
    other_post: float,
    *,
    level: float = 0.95,
    power: float = 0.80,
) -> LeftOut:
    """Compute the group contrast without the named municipalities, e.g. Trondheim and Steinkjer."""
    rest = priority.without(codes)
    totals = GroupTotals(rest.pre_total, rest.post_total, other_pre, other_post)
    dispersion = growth_dispersion(rest)
    se = dispersed_se(totals, phi_priority=dispersion.phi)
    interval = ratio_interval(totals.log_ratio, se, level=level, power=power, df=dispersion.df)
    return LeftOut("+".join(codes), dispersion.phi, interval)


MOST_ROWS = 30  # a reader can still find a named row; a curve of hundreds hides the choices


@dataclass(frozen=True)
class Specification:
    """The outcome of one set of choices.

    Attributes
    ----------
    name
        Key of the row.
    ratio
        The ratio, with what rounding leaves open where it does.
    se
        Standard error of its log, under the row's assumption on dispersion.
    df
        Degrees of freedom of the t distribution; None for the normal.
    """

    name: str
    ratio: float | Interval
    se: float
    df: int | None = None


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


def specification_rows(
    specifications: Sequence[Specification], *, level: float = 0.95
) -> tuple[SpecificationRow, ...]:
    """Put an interval and the minimum detectable ratios beside each, in the order given.

    Raises
    ------
    InputError
        More rows than one figure shows, none, two of the same name, or a ratio not above zero.
    """
    if not 1 <= len(specifications) <= MOST_ROWS:
        raise InputError(
            f"{len(specifications)} specifications are given: one figure shows 1 to {MOST_ROWS}."
        )
    names = [specification.name for specification in specifications]
    twice = [name for position, name in enumerate(names) if name in names[:position]]
    if twice:
        raise InputError(f"Two specifications are named {twice[0]}.")
    return tuple(_row(specification, level) for specification in specifications)


def _row(chosen: Specification, level: float) -> SpecificationRow:
    ratio = Interval.exact(chosen.ratio)
    if ratio.low <= 0:
        raise InputError(f"{chosen.name}: the ratio must be above zero, not {ratio.low}.")
    # Around a ratio of one the interval is a pair of factors, whatever the ratio.
    factors: RatioInterval = ratio_interval(0.0, chosen.se, level=level, df=chosen.df)
    return SpecificationRow(
        chosen.name,
        ratio,
        ratio.low * factors.low,
        ratio.high * factors.high,
        factors.detectable_above,
        factors.detectable_below,
    )
