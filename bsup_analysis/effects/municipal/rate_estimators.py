"""Linear estimators on rates: agreements signed in different years, and synthetic controls.

Group-time effects of Callaway and Sant'Anna (2021, Journal of Econometrics 225, 200-230), without
covariates, by diff-diff, which reproduces the numbers of the R package did on mpdta. They are
linear in the rate, so where base rates differ a growth common to all does not cancel.

One treated municipality against a weighted mean of others: synthetic control (Abadie, Diamond and
Hainmueller 2010, Journal of the American Statistical Association 105, 493-505; weights from the
outcome alone), synthetic difference-in-differences (Arkhangelsky, Athey, Hirshberg, Imbens and
Wager 2021, American Economic Review 111, 4088-4118) and, for comparison, plain
difference-in-differences: all by synthdid-py, a port of the R package synthdid that reproduces its
numbers for Proposition 99.

Both are shown as a figure, without p-values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from bsup_analysis.effects.municipal.panel import MunicipalPanel, NotEstimableError
from bsup_analysis.errors import InputError


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of the municipalities without a gap.

    Attributes
    ----------
    rate
        Outcome per `per` of exposure, shape (municipalities, years).
    codes
        The municipalities.
    left_out
        Those with an unknown year or a year without anything to be a rate of.
    """

    rate: np.ndarray
    codes: tuple[str, ...]
    left_out: tuple[str, ...]


def rates(panel: MunicipalPanel, per: float) -> Rates:
    """Divide the outcome by its exposure.

    Parameters
    ----------
    panel
        The panel.
    per
        Unit of the rate: 1 000 for a rate per 1 000 inhabitants, 1 for NOK per inhabitant.
    """
    if not (np.isfinite(per) and per > 0):
        raise InputError(f"A rate is per a number above zero, not per {per}.")
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = panel.y / panel.base * per
    whole = np.isfinite(rate).all(axis=1)
    if not whole.any():
        raise NotEstimableError("no_known_rate", "No municipality has a known rate in every year.")
    return Rates(
        rate[whole],
        tuple(code for code, on in zip(panel.codes, whole, strict=True) if on),
        tuple(code for code, on in zip(panel.codes, whole, strict=True) if not on),
    )


Comparison = Literal["never_treated", "not_yet_treated"]


@dataclass(frozen=True, eq=False)
class Staggered:
    """Group-time effects and their summaries.

    Attributes
    ----------
    effects
        One row a first year and year, sorted: `first_year` of treatment, `year` (before treatment
        the effect is the change from the year before, a check of trends), `effect` and `se` in the
        unit of the outcome, `treated` and `comparison` (number of units).  A standard error is a
        spread between units, so one treated unit, or one to compare with, has none (NaN): its own
        noise would be left out.
    overall, overall_se
        Mean of the effects after treatment, weighted by units; NaN where an effect in it has none.
    by_years_since
        `years_since`, increasing, `effect` and `se`, likewise.
    treated_throughout
        Number of units already treated in the first year: without a year before, they are left out.
    left_out
        Municipalities with an unknown year.
    """

    effects: pd.DataFrame
    overall: float
    overall_se: float
    by_years_since: pd.DataFrame
    treated_throughout: int = 0
    left_out: tuple[str, ...] = ()


def group_time_effects(
    outcome: np.ndarray,
    first_years: Sequence[int | None],
    years: Sequence[int],
    *,
    comparison: Comparison = "never_treated",
) -> Staggered:
    """Estimate an effect for every year of first treatment and every year.

    Parameters
    ----------
    outcome
        Shape (units, years), every value known.
    first_years
        Year of first treatment of each unit; None for never.
    years
        Years of the columns.
    comparison
        Units never treated, or those not yet treated.

    Raises
    ------
    InputError
        Nobody treated within the years, nobody to compare with, or an unknown value.
    """
    from diff_diff import CallawaySantAnna

    values = np.asarray(outcome, dtype=float)
    if values.shape != (len(first_years), len(years)) or not np.isfinite(values).all():
        raise InputError("Group-time effects need one known value for every unit and year.")
    first = np.array([0 if year is None else int(year) for year in first_years])
    inside = (first > min(years)) & (first <= max(years))
    if not inside.any():
        raise NotEstimableError(
            "nobody_treated",
            f"Nobody is first treated in {min(years) + 1}-{max(years)}.",
            first=min(years) + 1,
            last=max(years),
        )
    if not ((first == 0) | (first > max(years))).any():
        raise NotEstimableError(
            "nobody_to_compare",
            "Every unit is treated within the years: there is nobody to compare with.",
        )
    usable = (first == 0) | (first > min(years))
    values, first = values[usable], first[usable]
    units, count = np.arange(len(first)), len(years)
    table = pd.DataFrame(
        {
            "outcome": values.ravel(),
            "unit": np.repeat(units, count),
            "year": np.tile(np.asarray(years, dtype=int), len(first)),
            "first": np.repeat(first, count),
        }
    )
    estimator = CallawaySantAnna(control_group=comparison)
    found = estimator.fit(table, outcome="outcome", unit="unit", time="year", first_treat="first")
    cells = sorted(found.group_time_effects.items())
    effects = pd.DataFrame(
        {
            "first_year": int(first_year),
            "year": int(year),
            "effect": float(cell["effect"]),
            "se": float(cell["se"]),
            "treated": int(cell["n_treated"]),
            "comparison": int(cell["n_control"]),
        }
        for (first_year, year), cell in cells
    )
    since = found.aggregate("event_study").to_dataframe()
    since = since.loc[~since["is_reference"], ["event_time", "att", "se"]]
    names = {"event_time": "years_since", "att": "effect"}
    since = since.astype({"event_time": int}).rename(columns=names)
    lone = (effects["treated"] == 1) | (effects["comparison"] == 1)
    apart = effects["year"] - effects["first_year"]
    effects["se"] = effects["se"].mask(lone)
    since["se"] = since["se"].mask(since["years_since"].isin(apart[lone]))
    return Staggered(
        effects=effects,
        overall=float(found.overall_att),
        overall_se=float("nan" if (lone & (apart >= 0)).any() else found.overall_se),
        by_years_since=since,
        treated_throughout=int((~usable).sum()),
    )


def agreement_effects(
    panel: MunicipalPanel,
    first_years: Mapping[str, int],
    *,
    among_priority: bool = True,
    comparison: Comparison = "never_treated",
    per: float = 1_000.0,
) -> Staggered:
    """Estimate the effect of an agreement on the rate of loans.

    The unit is what could sign: the municipalities of a cluster, added up.

    Parameters
    ----------
    panel
        The panel; who is named as priority does not enter but for `among_priority`.
    first_years
        First year with an agreement, by municipality code; the same in a cluster.
    among_priority
        Compare inside the priority municipalities only: those outside were not asked.
    comparison
        As in `group_time_effects`.
    per
        Unit of the rate.
    """
    unknown = sorted(set(first_years) - set(panel.codes))
    if unknown:
        raise InputError(f"Municipality {unknown[0]} has an agreement but is not in the panel.")
    signed: dict[str, int | None] = {}
    for code, cluster in zip(panel.codes, panel.cluster, strict=True):
        if signed.setdefault(cluster, first_years.get(code)) != first_years.get(code):
            raise InputError(f"The municipalities of {cluster} had an agreement in part.")
    units = panel.by_cluster()
    given = rates(units, per)
    asked = {
        unit
        for unit, on in zip(units.codes, units.treated, strict=True)
        if on or not among_priority
    }
    kept = [position for position, unit in enumerate(given.codes) if unit in asked]
    found = group_time_effects(
        given.rate[kept],
        [signed[given.codes[position]] for position in kept],
        panel.years,
        comparison=comparison,
    )
    gone = asked.intersection(given.left_out)
    left_out = (c for c, unit in zip(panel.codes, panel.cluster, strict=True) if unit in gone)
    return replace(found, left_out=tuple(sorted(left_out)))


Method = Literal["synthetic_did", "synthetic_control", "did"]
METHODS: tuple[Method, ...] = ("synthetic_did", "synthetic_control", "did")


@dataclass(frozen=True)
class Synthetic:
    """A treated unit and its synthetic counterpart.

    Attributes
    ----------
    method
        How the weights were found.
    effect
        Mean over treated years, in the unit of the outcome.
    years
        Years of the paths.
    observed, counterpart
        The treated unit; the weighted mean of the donors, moved to the treated unit's level before
        treatment except for the synthetic control, which has no such step.
    first_treated_year
        From here on the unit is treated.
    donor_weights
        (donor, weight) for weights above zero, largest first.
    year_weights
        (year, weight) of the years before; uniform for plain difference-in-differences, none for
        the synthetic control.
    rmse_before
        Root mean squared distance of the two paths before treatment.
    left_out
        Donors with an unknown year.
    """

    method: Method
    effect: float
    years: tuple[int, ...]
    observed: tuple[float, ...]
    counterpart: tuple[float, ...]
    first_treated_year: int
    donor_weights: tuple[tuple[str, float], ...]
    year_weights: tuple[tuple[int, float], ...]
    rmse_before: float
    left_out: tuple[str, ...] = ()


def synthetic_unit(
    outcome: np.ndarray,
    codes: Sequence[str],
    years: Sequence[int],
    *,
    treated: str,
    first_treated_year: int,
    method: Method,
    left_out: tuple[str, ...] = (),
) -> Synthetic:
    """Weigh donors so that their mean follows the treated unit before treatment.

    Parameters
    ----------
    outcome
        Shape (units, years), every value known.
    codes
        Names of the units, the treated one among them; all others are donors.
    years
        Years of the columns.
    treated
        Name of the treated unit.
    first_treated_year
        First treated year.
    method
        "synthetic_did", "synthetic_control" or "did".
    left_out
        Donors that could not be used, carried into the result.

    Raises
    ------
    InputError
        The treated unit is missing, or too few donors or years before.
    """
    from synthdid import did_estimate, sc_estimate, synthdid_estimate

    values = np.asarray(outcome, dtype=float)
    before = sum(year < first_treated_year for year in years)
    if values.shape != (len(codes), len(years)) or not np.isfinite(values).all():
        raise InputError("A synthetic unit needs one known value for every unit and year.")
    if treated not in codes:
        raise NotEstimableError(
            "largest_unknown",
            f"Municipality {treated} is missing, or one of its years is unknown.",
            code=treated,
        )
    if len(codes) < 3 or before < 2 or before == len(years):
        raise NotEstimableError(
            "too_few_donors",
            f"A synthetic unit needs two donors and two years before and one after, not "
            f"{len(codes) - 1} donors and {before} of {len(years)} years before.",
            donors=len(codes) - 1,
            before=before,
        )
    estimators: dict[str, Callable[..., Any]] = {
        "synthetic_did": synthdid_estimate,
        "synthetic_control": sc_estimate,
        "did": did_estimate,
    }
    if method not in estimators:
        raise InputError(f"{method} is none of the methods {', '.join(METHODS)}.")
    own = list(codes).index(treated)
    donors = [position for position in range(len(codes)) if position != own]
    found = estimators[method](values[[*donors, own]], len(donors), before)
    donor_weights, year_weights = np.asarray(found.weights.omega), np.asarray(found.weights.lambda_)
    path = donor_weights @ values[donors]
    shift = year_weights @ (values[own] - path)[:before]
    gap = values[own] - path - shift
    order = sorted(range(len(donors)), key=lambda at: (-donor_weights[at], codes[donors[at]]))
    return Synthetic(
        method=method,
        effect=float(found),
        years=tuple(int(year) for year in years),
        observed=tuple(values[own].tolist()),
        counterpart=tuple((path + shift).tolist()),
        first_treated_year=first_treated_year,
        donor_weights=tuple(
            (codes[donors[at]], float(donor_weights[at])) for at in order if donor_weights[at] > 0
        ),
        year_weights=tuple(
            (int(year), float(weight))
            for year, weight in zip(years, year_weights, strict=False)
            if weight > 0
        ),
        rmse_before=float(np.sqrt(np.mean(gap[:before] ** 2))),
        left_out=left_out,
    )


def synthetic_municipality(
    panel: MunicipalPanel, code: str, *, per: float = 1_000.0
) -> tuple[Synthetic, ...]:
    """Compare one priority municipality with untreated ones, by each method.

    Parameters
    ----------
    panel
        The panel; its municipalities that are not priority ones are the donors.
    code
        The priority municipality: Trondheim.
    per
        Unit of the rate.
    """
    if code not in panel.codes or not panel.treated[panel.codes.index(code)]:
        raise InputError(f"Municipality {code} is not a priority municipality of the panel.")
    chosen = panel.keep([name == code for name in panel.codes] | ~panel.treated)
    given = rates(chosen, per)
    return tuple(
        synthetic_unit(
            given.rate,
            given.codes,
            panel.years,
            treated=code,
            first_treated_year=panel.first_treated_year,
            method=method,
            left_out=given.left_out,
        )
        for method in METHODS
    )
