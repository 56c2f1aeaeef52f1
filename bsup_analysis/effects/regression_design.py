"""From a formula and a frame to statsmodels' model, with every row and column accounted for."""

from __future__ import annotations

import re
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
