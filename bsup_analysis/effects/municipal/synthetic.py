"""One treated municipality against a weighted mean of others.

Synthetic control (Abadie, Diamond and Hainmueller 2010, Journal of the American Statistical
Association 105, 493-505; weights from the outcome alone), synthetic difference-in-differences
(Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021, American Economic Review 111, 4088-4118)
and, for comparison, plain difference-in-differences: all by synthdid-py, a port of the R package
synthdid that reproduces its numbers for Proposition 99. Shown as a figure, without p-values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bsup_analysis.effects.municipal.assemble import rates
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError
from bsup_analysis.errors import InputError

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
