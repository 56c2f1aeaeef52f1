"""A formula with fixed effects, fitted by statsmodels.

`loans ~ treated | unit + year` is fitted as `loans ~ treated + C(unit) + C(year)`, by Poisson
pseudo-maximum likelihood or by least squares. What statsmodels would do silently is refused here:
rows with an unknown value are not dropped, and a term that the fixed effects absorb gets no
arbitrary coefficient.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bsup_analysis.effects.regression_design import (
    Family,
    absorbed,
    build_model,
    independent,
    not_only_zeros,
    plain_rows,
)
from bsup_analysis.errors import InputError

_NO_MEAN = 1e-9  # a fitted mean this small a share of the average runs to zero


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted model, as the variances need it.

    Attributes
    ----------
    formula, outcome
        The formula as given, and its left side.
    family, exposure
        poisson or gaussian; column that the outcome is a rate of.
    rows
        Rows that entered, with pandas' nullable numbers as plain ones.
    terms
        Coefficients other than intercept and fixed effects, in the formula's order.
    fixed
        Columns of the fixed effects.
    dropped
        Levels of a fixed effect that hold zeros only: the effect of such a unit or year is minus
        infinity, and it says nothing about the other coefficients.
    result
        statsmodels' result; a Poisson model's with Pearson dispersion.
    """

    formula: str
    outcome: str
    family: Family
    exposure: str | None
    rows: pd.DataFrame = field(repr=False)
    terms: tuple[str, ...]
    fixed: tuple[str, ...]
    dropped: tuple[str, ...]
    result: Any = field(repr=False)

    @property
    def exog(self) -> pd.DataFrame:
        """Columns of the terms, one row an observation."""
        whole = pd.DataFrame(self.result.model.exog, columns=self.result.model.exog_names)
        return whole[list(self.terms)]

    @property
    def bread(self) -> pd.DataFrame:
        """Inverse of X'WX for all columns: the variance at a dispersion of one."""
        names = self.result.model.exog_names
        return pd.DataFrame(self.result.normalized_cov_params, index=names, columns=names)

    @property
    def is_ratio(self) -> bool:
        """Whether exp(coefficient) is a ratio: Poisson, or least squares on a log."""
        return self.family == "poisson" or self.outcome.startswith("np.log(")


def fit_model(
    formula: str, data: pd.DataFrame, *, family: Family, exposure: str | None
) -> FittedModel:
    """Read the formula and fit it.

    Parameters
    ----------
    formula
        `outcome ~ terms | fixed + effects`; functions of numpy as `np.log(...)`.
    data
        One row an observation, every used column known.
    family
        poisson (log link) or gaussian (least squares).
    exposure
        Column of a Poisson outcome's exposure, above zero; its log is an offset.

    Raises
    ------
    InputError
        A formula that cannot be read, an absent column, an unknown, infinite or negative value, a
        term that the fixed effects absorb, no degree of freedom, or no finite estimate.
    """
    if family not in ("poisson", "gaussian"):
        raise InputError(f"The family is poisson or gaussian, not {family!r}.")
    if exposure is not None and family == "gaussian":
        raise InputError("An exposure belongs to a Poisson model; put the rate itself on the left.")
    equation, bar, effects = formula.partition("|")
    outcome, tilde, terms = (part.strip() for part in equation.partition("~"))
    fixed = tuple(name.strip() for name in effects.split("+")) if bar else ()
    if not (tilde and outcome and terms) or "~" in terms:
        raise InputError(
            f"The formula {formula!r} needs an outcome, one ~ and a term, as in"
            " 'loans ~ treated | unit + year'."
        )
    rows = plain_rows(data, formula, [*fixed, *([exposure] if exposure else [])])
    whole = " + ".join([f"{outcome} ~ {terms}", *(f"C({name})" for name in fixed)])
    model = build_model(formula, whole, rows, family, exposure)
    dropped: tuple[str, ...] = ()
    if family == "poisson":
        stay, dropped = not_only_zeros(model.endog, rows, fixed)
        if not (model.endog[stay] > 0).any():
            raise InputError(f"{outcome} is zero in every row: there is nothing to estimate.")
        if dropped:
            rows = rows.loc[stay]
            model = build_model(formula, whole, rows, family, exposure)
    beside = {"Intercept", *(f"C({name})" for name in fixed)}
    own = [name for name in model.exog_names if name.split("[")[0] not in beside]
    if not own:
        raise InputError(f"The formula {formula!r} has no term besides its fixed effects.")
    lost = absorbed(model.exog, [model.exog_names.index(term) for term in own])
    if lost is not None:
        raise InputError(
            f"{model.exog_names[lost]} is a combination of"
            f" {' and '.join([*fixed, 'the other terms'])}, so the data hold no estimate of it."
        )
    if model.exog.shape[1] > len(independent(model.exog)):
        raise InputError(
            f"The fixed effects {', '.join(fixed)} are combinations of one another: leave out one"
            " that another contains, as unit contains county."
        )
    return FittedModel(
        formula=formula,
        outcome=outcome,
        family=family,
        exposure=exposure,
        rows=rows,
        terms=tuple(own),
        fixed=fixed,
        dropped=dropped,
        result=_fitted(model, family, outcome),
    )


def statsmodels_fit(model: Any, family: Family, **options: Any) -> Any:
    """Fit a statsmodels model to the end: a Poisson model until no coefficient moves by 1e-11."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of is looked for by the callers
        if family == "gaussian":
            return model.fit(**options)
        return model.fit(tol=1e-11, tol_criterion="params", maxiter=100, **options)


def _fitted(model: Any, family: Family, outcome: str) -> Any:
    if model.df_resid < 1:
        raise InputError(
            f"{len(model.endog)} rows leave no degree of freedom beside the terms and fixed"
            " effects: take more rows or fewer effects."
        )
    result = statsmodels_fit(model, family, **({"scale": "X2"} if family == "poisson" else {}))
    if family == "gaussian":
        return result
    before, last = result.fit_history["params"][-2:]
    settled = np.allclose(before, last, rtol=1e-7, atol=1e-7)
    if not settled or result.mu.min() <= _NO_MEAN * model.endog.mean():
        raise InputError(
            f"The model of {outcome} has no finite estimate: some of its zeros are explained"
            " without remainder, as where all of a group's rows in a year are zero."
        )
    return result
