"""Regressions by formula: estimate, variance, interval and table.

    fit("loans ~ treated | unit + year", units)

on the 17 priority municipalities and the rest of the region as one unit (36 rows, made by
`analysis.groups.contrast_units`) is the study's main estimate, and its Pearson variance with t(16)
the main published interval. `effects.group_poisson` and `effects.inference` give the same in
closed form (`METHODS.md`, published level).

Conventions of the variances are those of the municipal level (`effects.municipal`): CRV1 carries
the factor G / (G - 1) and no other, CRV3 is (G - 1) / G x sum of (estimate without cluster -
estimate)^2, and both take t on the treated clusters less one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from bsup_analysis.effects.inference import RatioInterval, ratio_interval, tidy
from bsup_analysis.effects.paired import clustered_half, paired
from bsup_analysis.effects.regression_model import (
    Family,
    FittedModel,
    fit_model,
    statsmodels_fit,
)
from bsup_analysis.errors import InputError
from bsup_analysis.estimators import jackknife, poisson

_ALONE = 1e-12
Kind = Literal["model", "pearson", "clustered", "CRV3", "priority_rows"]
Variance = tuple[np.ndarray, int | None]


def variance(fitted: FittedModel, kind: Kind) -> tuple[pd.DataFrame, int | None]:
    """Give the terms' variance matrix, and the degrees of freedom; None for the normal.

    Parameters
    ----------
    fitted
        The fitted model.
    kind
        `model`: a count's variance is its mean, normal limits. `pearson`: Pearson's statistic
        over its degrees of freedom times that, t on them; least squares' usual variance.
        `clustered`: sandwich by the unit of inference (CRV1). `CRV3`: cluster jackknife.
        `priority_rows`: the treated units' half clustered from their two rows each, the others'
        half at the dispersion that it corresponds to; t on the treated units less one.

    Raises
    ------
    InputError
        A variance that these data or this family do not have.
    """
    kinds: dict[str, Callable[[FittedModel], Variance]] = {
        "model": _model,
        "pearson": _pearson,
        "clustered": _clustered,
        "CRV3": _jackknife,
        "priority_rows": _priority_rows,
    }
    if kind not in kinds:
        raise InputError(f"The variance is one of {', '.join(get_args(Kind))}, not {kind!r}.")
    matrix, df = kinds[kind](fitted)
    return pd.DataFrame(matrix, index=list(fitted.terms), columns=list(fitted.terms)), df


def default_kind(fitted: FittedModel) -> Kind:
    """CRV3 where each group has two clusters or more, else Pearson."""
    try:
        _clusters(fitted)
    except InputError:
        return "pearson"
    return "CRV3"


def _own_bread(fitted: FittedModel) -> np.ndarray:
    return fitted.bread.loc[list(fitted.terms), list(fitted.terms)].to_numpy()


def _model(fitted: FittedModel) -> Variance:
    if fitted.family == "gaussian" or fitted.outcome.endswith("_nok"):
        raise InputError(
            f"The variance of {fitted.outcome} is not known from its mean, which holds for counts:"
            " use pearson."
        )
    return _own_bread(fitted), None


def _pearson(fitted: FittedModel) -> Variance:
    return _own_bread(fitted) * fitted.result.scale, int(fitted.result.df_resid)


def _clustered(fitted: FittedModel) -> Variance:
    index, labels, df = _clusters(fitted)
    scores = np.zeros((len(labels), fitted.result.model.exog.shape[1]))
    residual = fitted.result.model.endog - np.asarray(fitted.result.fittedvalues)
    np.add.at(scores, index, residual[:, None] * fitted.result.model.exog)
    influence = scores @ fitted.bread[list(fitted.terms)].to_numpy()
    return influence.T @ influence * len(labels) / (len(labels) - 1), df


def _clusters(fitted: FittedModel) -> tuple[np.ndarray, pd.Index, int]:
    """Cluster of each row, the clusters, and the degrees of freedom."""
    name = next((name for name in ("cluster", "unit") if name in fitted.rows.columns), None)
    if name is None:
        raise InputError("A clustered variance needs a column `cluster` or `unit` in the data.")
    if fitted.rows[name].isna().any():
        raise InputError(f"{name} is unknown in a row: every row needs a unit of inference.")
    index, labels = pd.factorize(fitted.rows[name], sort=True)
    df = len(labels) - 1
    for term, column in fitted.exog.items():
        if not column.isin([0, 1]).all():
            continue
        on = len(np.unique(index[column.to_numpy() != 0]))
        off = len(labels) - on
        if on < 2 or off == 1:
            raise InputError(
                f"{on} {name}s have {term} and {off} never do: a variance between clusters needs"
                " two of each, because a group's only cluster is fitted without remainder and"
                " adds nothing to it; use pearson, or priority_rows."
            )
        df = min(df, on - 1)
    if df < 1:
        raise InputError(f"A variance between clusters needs two {name}s.")
    return index, labels, df


def _jackknife(fitted: FittedModel) -> Variance:
    index, labels, df = _clusters(fitted)
    terms = list(fitted.terms)
    estimates = np.full((len(labels), len(terms)), np.nan)
    if fitted.family == "poisson" and "unit" in fitted.fixed:
        estimates = _refits_of_units(fitted, index, labels)
    for number in np.flatnonzero(np.isnan(estimates).any(axis=1)):
        rows = fitted.rows[index != number]
        try:
            again = fit_model(fitted.formula, rows, family=fitted.family, exposure=fitted.exposure)
            estimates[number] = again.result.params[terms]
        except (InputError, KeyError):
            raise _no_estimate_without(labels[number]) from None
    apart = estimates - fitted.result.params[terms].to_numpy()
    return apart.T @ apart * (len(labels) - 1) / len(labels), df


def _no_estimate_without(label: str) -> InputError:
    return InputError(
        f"Without {label} a term has no estimate, so that the jackknife has no variance: use"
        " pearson."
    )


def _refits_of_units(fitted: FittedModel, index: np.ndarray, labels: pd.Index) -> np.ndarray:
    """Refit a model with unit effects without each cluster; NaN where that takes fewer columns.

    The kernel takes well under a millisecond for a refit. Shape (clusters, terms).
    """
    unit, names = pd.factorize(fitted.rows["unit"], sort=True)
    cluster = np.zeros(len(names), dtype=np.intp)
    cluster[unit] = index
    if (cluster[unit] != index).any():  # a unit changes cluster
        return np.full((len(labels), len(fitted.terms)), np.nan)
    keys = pd.DataFrame({"unit": unit, "year": fitted.rows.get("year", 0)}).reset_index(drop=True)
    if "year" in fitted.rows and keys.duplicated().any():
        first = keys[keys.duplicated()].iloc[0]
        raise InputError(f"Municipality {names[first['unit']]} stands twice in {first['year']}.")
    # a term that moves inside the municipalities of one cluster alone is a coefficient of that one
    centred = fitted.exog - fitted.exog.groupby(unit).transform("mean")
    moves = (centred**2).groupby(index).sum()
    for number in moves.index[(moves > (1 - _ALONE) * moves.sum()).any(axis=1)]:
        raise _no_estimate_without(labels[number])
    cell = keys.sort_values(["unit", "year"]).groupby("unit").cumcount().sort_index().to_numpy()
    shape = len(names), cell.max() + 1
    exposure, outcome = np.zeros(shape), np.zeros(shape)
    exposure[unit, cell] = 1.0 if fitted.exposure is None else fitted.rows[fitted.exposure]
    outcome[unit, cell] = fitted.result.model.endog
    exog = fitted.result.model.exog
    beside = [
        position
        for position, name in enumerate(fitted.result.model.exog_names)
        if name != "Intercept" and not name.startswith("C(unit)") and name not in fitted.terms
    ]
    columns = np.zeros((*shape, len(beside) + len(fitted.terms)))
    columns[unit, cell] = np.hstack([exog[:, beside], fitted.exog])
    kernel = poisson.fit(poisson.Model.of_columns(exposure, columns, cluster), outcome[None])
    return jackknife.refits(kernel)[0][:, -len(fitted.terms) :]


def _priority_rows(fitted: FittedModel) -> Variance:
    rows, exog = fitted.rows, fitted.exog.iloc[:, 0].to_numpy()
    years = sorted(set(rows["year"])) if "year" in rows.columns else []
    if not (
        fitted.family == "poisson"
        and fitted.exposure is None
        and set(fitted.fixed) == {"unit", "year"}
        and (len(fitted.terms), len(years)) == (1, 2)
        and fitted.outcome in rows.columns
    ):
        raise InputError(
            "priority_rows is the variance of a Poisson model of one column with unit and year"
            " effects, one term, two years and no exposure; use another variance."
        )
    ever = rows["unit"].isin(rows.loc[exog != 0, "unit"])
    treated = rows.loc[ever]
    if not np.array_equal(exog, ever & (rows["year"] == years[1])):
        raise InputError(
            "priority_rows needs a term that is one for treated units in the later year."
        )
    group = paired(treated.rename(columns={"unit": "municipality_code"}), fitted.outcome, *years)
    return _own_bread(fitted) * clustered_half(group).equivalent_phi, len(group.codes) - 1


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
        """Give the same estimate with another variance; see `variance`."""
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
        The variance, see `variance`; by default CRV3 where each group has two
        clusters or more, as at the municipal level, else pearson.
    level, power
        Confidence level, and the power at which a ratio counts as detectable.

    Raises
    ------
    InputError
        See `regression_model.fit_model` and `variance`.
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
