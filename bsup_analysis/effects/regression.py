"""Regressions by formula: estimate, variance, interval and table.

    fit("loans ~ treated | unit + year", units)

on the 17 priority municipalities and the rest of the region as one unit (36 rows, made by
`results.groups.contrast_units`) is the study's main estimate, and its Pearson variance with t(16)
the main published interval. `effects.group_poisson` and `effects.inference` give the same in
closed form (`METHODS.md`, published level).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from bsup_analysis.effects.inference import RatioInterval, ratio_interval, tidy
from bsup_analysis.effects.regression_design import Family
from bsup_analysis.effects.regression_model import FittedModel, fit_model, statsmodels_fit
from bsup_analysis.effects.regression_variance import Kind, default_kind, variance
from bsup_analysis.errors import InputError


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted regression.

    Attributes
    ----------
    formula
        As given.
    data
        The very frame it was given.
    params
        Coefficients of the terms, without intercept and fixed effects; of a Poisson model, or of
        least squares on `np.log(...)`, logs of ratios.
    cov
        Their variance matrix, labelled.
    df
        Degrees of freedom of the t distribution; None for the normal.
    vcov_type
        Which variance: model, pearson, clustered, CRV3 or priority_rows.
    level, power
        Confidence level, and the power at which a ratio counts as detectable.
    model
        The fitted model behind: rows that entered, levels dropped, statsmodels' result.
    """

    formula: str
    data: pd.DataFrame = field(repr=False)
    params: pd.Series
    cov: pd.DataFrame
    df: int | None
    vcov_type: Kind
    level: float
    power: float
    model: FittedModel = field(repr=False)

    @property
    def se(self) -> pd.Series:
        """Standard errors of `params`."""
        return pd.Series(np.sqrt(np.diag(self.cov)), index=self.params.index, name="se")

    @property
    def dispersion(self) -> float:
        """Pearson's statistic over its degrees of freedom; the residual variance of least squares.

        It is part of the variance `pearson` alone.
        """
        return float(self.model.result.scale)

    @property
    def is_ratio(self) -> bool:
        """Whether exp(coefficient) is a ratio: Poisson, or least squares on a log."""
        return self.model.is_ratio

    @property
    def exposure(self) -> str | None:
        """Column that the outcome is a rate of."""
        return self.model.exposure

    @property
    def nobs(self) -> int:
        """Rows that entered."""
        return len(self.model.rows)

    @property
    def result(self) -> Any:
        """The result of statsmodels, with the variance `model` if that is chosen, else pearson."""
        given = self.model.result
        return statsmodels_fit(given.model, "poisson") if self.vcov_type == "model" else given

    def vcov(self, kind: Kind) -> Fit:
        """Give the same estimate with another variance; see `regression_variance.variance`."""
        cov, df = variance(self.model, kind)
        return replace(self, cov=cov, df=df, vcov_type=kind)

    def variances(self) -> tuple[Fit, ...]:
        """Give the same estimate with each variance that the data have."""
        found = []
        for kind in get_args(Kind):
            with suppress(InputError):
                found.append(self.vcov(kind))
        return tuple(found)

    def interval(self, term: str | None = None, level: float | None = None) -> RatioInterval:
        """Give a term's ratio with its interval.

        Parameters
        ----------
        term
            Name of the coefficient; may be left out where there is one.
        level
            Confidence level; by default that of the fit.

        Raises
        ------
        InputError
            An unknown term, several terms and none named, or an outcome that is not on a log scale.
        """
        if (term is None and len(self.params) > 1) or term not in (None, *self.params.index):
            raise InputError(f"Name one term of {', '.join(self.params.index)}, not {term!r}.")
        if not self.model.is_ratio:
            raise InputError(
                f"{self.model.outcome} is not on a log scale, so there is no ratio: read tidy(),"
                " or put np.log(...) on the left."
            )
        position = 0 if term is None else self.params.index.get_loc(term)
        return ratio_interval(
            float(self.params.iloc[position]),
            float(self.se.iloc[position]),
            level=self.level if level is None else level,
            power=self.power,
            df=self.df,
        )

    def tidy(self) -> pd.DataFrame:
        """One row a term: term, estimate, se, df, low, high, exp; see `inference.tidy`."""
        return tidy(
            self.params.index,
            self.params,
            self.se,
            df=self.df,
            level=self.level,
            is_ratio=self.model.is_ratio,
        )

    def _about(self) -> str:
        spread = "dispersion" if self.model.family == "poisson" else "residual variance"
        reference = "normal" if self.df is None else f"t({self.df})"
        left_out = f"; zeros only: {', '.join(self.model.dropped)}" if self.model.dropped else ""
        return (
            f"{self.formula}\n{self.nobs} observations, {spread} {self.dispersion:#.5g},"
            f" variance {self.vcov_type}, {reference}, level {self.level:g}{left_out}"
        )

    def _shown(self) -> pd.DataFrame:
        table = self.tidy()
        return table if self.model.is_ratio else table.drop(columns="exp")

    def __repr__(self) -> str:
        table = self._shown().to_string(index=False, float_format=_digits)
        return f"{table}\n{self._about()}"


def _digits(value: float) -> str:
    return f"{value:#.4g}"


def fit(
    formula: str,
    data: pd.DataFrame,
    *,
    family: Family = "poisson",
    exposure: str | None = None,
    vcov: Kind | None = None,
    level: float = 0.95,
    power: float = 0.80,
) -> Fit:
    """Fit a regression.

    Parameters
    ----------
    formula
        Outcome, terms and, after a bar, columns of fixed effects: `loans ~ treated | unit + year`,
        `np.log(loans) ~ treated + np.log(population) | unit + year`.
    data
        One row an observation. Clustered variances take the column `cluster`, else `unit`, as
        the unit of inference.
    family
        poisson, or gaussian for least squares.
    exposure
        Column that a Poisson outcome is a rate of, such as `population`.
    vcov
        The variance, see `regression_variance.variance`; by default CRV3 where each group has two
        clusters or more, as at the municipal level, else pearson.
    level, power
        Confidence level, and the power at which a ratio counts as detectable.

    Raises
    ------
    InputError
        See `regression_model.fit_model` and `regression_variance.variance`.
    """
    if not 0 < level < 1:
        raise InputError(f"The level {level} must lie between 0 and 1, as 0.95 does.")
    model = fit_model(formula, data, family=family, exposure=exposure)
    kind = default_kind(model) if vcov is None else vcov
    cov, df = variance(model, kind)
    return Fit(
        formula=formula,
        data=data,
        params=model.result.params[list(model.terms)].rename("estimate"),
        cov=cov,
        df=df,
        vcov_type=kind,
        level=level,
        power=power,
        model=model,
    )
