"""A formula with fixed effects, fitted by statsmodels, with every row and column accounted for.

`loans ~ treated | unit + year` is fitted as `loans ~ treated + C(unit) + C(year)`, by Poisson
pseudo-maximum likelihood or by least squares. What statsmodels would do silently is refused here:
rows with an unknown value are not dropped, and a term that the fixed effects absorb gets no
arbitrary coefficient.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.linalg import qr

from bsup_analysis.errors import InputError

Family = Literal["poisson", "gaussian"]
# a name that is neither a function (C, np.log), an attribute, a keyword argument nor a word
_NAME = re.compile(
    r"(?<![\w.])(?!(?:True|False|and|or|not|in)\b)([^\W\d]\w*)(?!\w|\s*[(.]|\s*=(?!=))"
)
_QUOTED = re.compile(r"""(["']).*?\1""")
_COMBINATION = 1e-9  # share of a column's length that the others must leave unexplained


def plain_rows(data: pd.DataFrame, formula: str, columns: list[str]) -> pd.DataFrame:
    """Copy the frame with plain numbers in the columns used, all of them present and known."""
    equation = _QUOTED.sub("", formula.partition("|")[0])
    if data.empty:
        raise InputError("The data have no rows.")
    rows = data.copy()
    for name in dict.fromkeys([*_NAME.findall(equation), *columns]):
        if name not in rows.columns:
            raise InputError(
                f"The data have no column {name!r}; there are: {', '.join(map(str, rows))}."
            )
        column = rows[name]
        if column.isna().any():
            raise InputError(
                f"{name} is unknown in {int(column.isna().sum())} of {len(rows)} rows, first in"
                f" {_place(rows, column.isna())}: leave them out, as in"
                f" data.dropna(subset=[{name!r}])."
            )
        if pd.api.types.is_bool_dtype(column) or pd.api.types.is_integer_dtype(column):
            rows[name] = column.astype("int64")
        elif pd.api.types.is_float_dtype(column):
            rows[name] = column.astype("float64")
    return rows


def build_model(
    formula: str, whole: str, rows: pd.DataFrame, family: Family, exposure: str | None
) -> Any:
    """Make statsmodels' model of `whole`, the formula with its fixed effects as C(...) terms.

    Raises
    ------
    InputError
        A formula that does not fit the data, an exposure that is not above zero, an outcome or
        term without a finite value, or a negative Poisson outcome.
    """
    import statsmodels.formula.api as smf
    from patsy import PatsyError
    from statsmodels.genmod.families import Poisson

    people = None
    if exposure is not None:
        people = pd.to_numeric(rows[exposure], errors="coerce").to_numpy(float)
        wrong = ~(np.isfinite(people) & (people > 0))
        if wrong.any():
            where = _place(rows, wrong)
            raise InputError(f"{exposure} must be above zero, which it is not in {where}.")
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            model = (
                smf.glm(whole, rows, family=Poisson(), missing="none", exposure=people)
                if family == "poisson"
                else smf.ols(whole, rows, missing="none")
            )
    except (PatsyError, ValueError, TypeError, NameError, AttributeError, SyntaxError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"The formula {formula!r} does not fit the data: {reason}.") from None
    outcome = whole.partition(" ~ ")[0]
    if model.endog.ndim != 1:
        raise InputError(f"The outcome {outcome} must be one column of numbers.")
    endog_lost = ~np.isfinite(model.endog)
    lost = endog_lost | ~np.isfinite(model.exog).all(axis=1)
    if lost.any():
        what = outcome if endog_lost.any() else "A term"
        raise InputError(
            f"{what} has no finite value in {int(lost.sum())} rows, first in {_place(rows, lost)}:"
            " leave them out, or use a Poisson model, which takes zeros."
        )
    if family == "poisson" and (model.endog < 0).any():
        where = _place(rows, model.endog < 0)
        raise InputError(f"A Poisson outcome is zero or more; {outcome} is negative in {where}.")
    return model


def not_only_zeros(
    outcome: np.ndarray, rows: pd.DataFrame, fixed: tuple[str, ...]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Mark the rows of fixed effects' levels that hold more than zeros, and name the others.

    One pass is enough: rows of a level with zeros only take no outcome from another level.
    """
    stay, dropped = np.ones(len(rows), dtype=bool), []
    for name in fixed:
        levels = rows[name].to_numpy()
        largest = pd.Series(outcome).groupby(levels).max()
        empty = largest.index[largest == 0]
        dropped += [f"{name} {level}" for level in empty]
        stay &= ~np.isin(levels, empty)
    return stay, tuple(dropped)


def _place(rows: pd.DataFrame, marked: Any) -> str:
    """Name the first marked row: by unit and year where it has them."""
    position = int(np.flatnonzero(np.asarray(marked))[0])
    row = rows.iloc[position]
    named = [f"{name} {row[name]}" for name in ("unit", "year") if name in rows.columns]
    return ", ".join(named) or f"row {rows.index[position]}"


def absorbed(exog: np.ndarray, own: list[int]) -> int | None:
    """Find the first column among `own` that is a combination of all other columns."""
    rank = len(independent(exog))
    lost = (k for k in own if len(independent(np.delete(exog, k, axis=1))) == rank)
    return next(lost, None)


def independent(exog: np.ndarray) -> np.ndarray:
    """Positions of columns that span all, in order; statsmodels goes astray where some do not."""
    length = np.linalg.norm(exog, axis=0)
    _, triangle, order = qr(exog / np.where(length > 0, length, 1), mode="economic", pivoting=True)
    size = np.abs(np.diag(triangle))
    return np.sort(order[: len(size)][size > _COMBINATION])


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
