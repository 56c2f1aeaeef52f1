"""Variances of a fitted regression's terms, each with the degrees of freedom of its interval.

Conventions are those of the municipal level (`effects.municipal.crv`): CRV1 carries the factor
G / (G - 1) and no other, CRV3 is (G - 1) / G x sum of (estimate without cluster - estimate)^2, and
both take t on the treated clusters less one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import pandas as pd

from bsup_analysis.effects.dispersion import clustered_half
from bsup_analysis.effects.municipal import ppml
from bsup_analysis.effects.municipal.crv import crv3
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.paired import paired
from bsup_analysis.effects.regression_design import absorbed, independent
from bsup_analysis.effects.regression_model import FittedModel
from bsup_analysis.errors import InputError

_MOST_STEPS = 50
_ALONE = 1e-12
_SETTLED = 1e-12  # the last step squared, in standard errors; the next would be its square
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
    treatment = _treatment(fitted)
    if fitted.family == "poisson" and set(fitted.fixed) == {"unit", "year"} and treatment:
        return _municipal_jackknife(fitted, labels[index], treatment), df
    apart = _refits(fitted, index, labels) - fitted.result.params[list(fitted.terms)].to_numpy()
    return apart.T @ apart * (len(labels) - 1) / len(labels), df


def _treatment(fitted: FittedModel) -> str | None:
    """First term of zeros and ones that is zero for everybody in the first year."""
    first = (fitted.rows["year"] == fitted.rows["year"].min()).to_numpy()
    for term, column in fitted.exog.items():
        if column.isin([0, 1]).all() and (column[first] == 0).all():
            return str(term)
    return None


def _municipal_jackknife(fitted: FittedModel, cluster: np.ndarray, treatment: str) -> np.ndarray:
    """Jackknife by the municipal estimator: a refit takes it well under a millisecond."""
    rows = fitted.rows.assign(
        cluster=cluster,
        outcome=fitted.result.model.endog,
        exposure=1.0 if fitted.exposure is None else fitted.rows[fitted.exposure],
    )
    # a term that moves inside the municipalities of one cluster alone is a coefficient of that one
    centred = fitted.exog - fitted.exog.groupby(rows["unit"].to_numpy()).transform("mean")
    moves = (centred**2).groupby(cluster).sum()
    for label in moves.index[(moves > (1 - _ALONE) * moves.sum()).any(axis=1)]:
        raise InputError(
            f"Without {label} a term has no estimate, so that the jackknife has no variance: use"
            " pearson."
        )
    on = fitted.exog[treatment].to_numpy() != 0
    treated = rows["unit"].isin(rows.loc[on, "unit"])
    panel = MunicipalPanel.from_frame(
        rows.assign(
            group=np.where(treated, "priority", "other"), county="", population=rows["exposure"]
        ),
        outcome="outcome",
        first_treated_year=int(rows.loc[on, "year"].min()),
    )
    place = {code: number for number, code in enumerate(panel.codes)}
    columns = np.zeros((*panel.y.shape, len(fitted.terms)))
    units = rows["unit"].astype(str).map(place).to_numpy()
    columns[units, np.searchsorted(panel.years, rows["year"])] = fitted.exog.to_numpy()

    def interest(given: MunicipalPanel) -> ppml.Columns:
        return ppml.Columns(fitted.terms, columns[[place[code] for code in given.codes]])

    return crv3(ppml.fit(panel, interest)).vcov


def _refits(fitted: FittedModel, index: np.ndarray, labels: pd.Index) -> np.ndarray:
    """Refit without each cluster, from the full estimate; shape (clusters, terms)."""
    exog, outcome = fitted.result.model.exog, fitted.result.model.endog
    own = [fitted.result.model.exog_names.index(term) for term in fitted.terms]
    exposure = 1.0 if fitted.exposure is None else fitted.rows[fitted.exposure].to_numpy(float)
    offset = np.log(exposure * np.ones(len(exog)))
    linear = exog @ fitted.result.params.to_numpy()
    estimates = []
    for number, label in enumerate(labels):
        kept = index != number
        if absorbed(exog[kept], own) is not None:
            raise InputError(
                f"Without {label} a term has no estimate, so that the jackknife has no variance:"
                " use pearson."
            )
        columns = independent(exog[kept])  # an effect of a unit left out is a column of zeros
        x, poisson = exog[np.ix_(kept, columns)], fitted.family == "poisson"
        target = linear[kept] if poisson else outcome[kept]
        parameters = np.linalg.lstsq(x, target, rcond=None)[0]
        if poisson:
            parameters = _newton(x, outcome[kept], offset[kept], parameters, str(label))
        estimates.append(parameters[np.searchsorted(columns, own)])
    return np.array(estimates)


def _newton(
    x: np.ndarray, y: np.ndarray, offset: np.ndarray, parameters: np.ndarray, label: str
) -> np.ndarray:
    """Maximise a Poisson likelihood; near the maximum, as a refit is, a few steps are enough."""
    for _ in range(_MOST_STEPS):
        mean = np.exp(x @ parameters + offset)
        score = x.T @ (y - mean)
        step = np.linalg.solve(x.T @ (mean[:, None] * x), score)
        # no log mean moves by more than 5 at once, so that exp cannot overflow
        parameters = parameters + step * min(1.0, 5 / max(float(np.abs(x @ step).max()), 1e-300))
        if score @ step < _SETTLED:
            return parameters
    raise InputError(
        f"Without {label} the model has no finite estimate, so that the jackknife has no variance:"
        " use pearson or clustered."
    )


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
