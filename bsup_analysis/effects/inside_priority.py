"""Inside the priority group: its common growth, and the group contrast without some of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bsup_analysis.effects.dispersion import Dispersion, growth_dispersion, pearson_dispersion
from bsup_analysis.effects.inference import RatioInterval, dispersed_se, ratio_interval
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.totals import GroupTotals
from bsup_analysis.errors import InputError


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
