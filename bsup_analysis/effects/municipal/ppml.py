"""Poisson pseudo-maximum likelihood with municipality and year effects.

log E[y] = municipality + year (or county x year) + log exposure + columns. The municipality
effects are taken out exactly: given a municipality's total its years are multinomial
(`METHODS.md`, municipal level, section 1), which leaves a small concave problem for Newton's
method.

Own code, for two reasons. The cluster jackknife refits the model once a cluster, and robustness,
leave-one-out and simulation repeat that thousands of times: a refit here takes a fraction of a
millisecond, one of pyfixest's `fepois` 30 to 40. And in pyfixest 0.60 clustered errors may change
with the hash seed, and the jackknife's refits forget the offset. The tests hold the results against
statsmodels and pyfixest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bsup_analysis.effects.municipal.newton import maximise
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError
from bsup_analysis.effects.municipal.regressors import (
    Columns,
    size_by_year,
    together,
    treatment,
    year_effects,
)
from bsup_analysis.effects.municipal.separation import independent, name_cells, separated
from bsup_analysis.effects.municipal.zeros import Dropped, known_cells, only_zeros


@dataclass(frozen=True)
class PpmlSettings:
    """What stands beside the columns of interest.

    Attributes
    ----------
    by_county
        Year effects of each county.
    by_size
        Log population x year.
    """

    by_county: bool = False
    by_size: bool = False


@dataclass(frozen=True, eq=False)
class PpmlFit:
    """A fitted model.

    Attributes
    ----------
    names
        Coefficients of interest.
    coefficients
        Their estimates, on the log scale.
    panel, interest, settings
        What was fitted.
    used
        Cells in the model, shape (municipalities, years).
    fitted
        Means, same shape; NaN where not used.
    columns
        Columns of the model, those of interest first, zero where not used.
    parameters
        Coefficient of every column.
    information
        Fisher information of `parameters`, municipality effects taken out.
    dropped
        What was left out, and why.
    """

    names: tuple[str, ...]
    coefficients: np.ndarray
    panel: MunicipalPanel
    interest: Callable[[MunicipalPanel], Columns]
    settings: PpmlSettings
    used: np.ndarray = field(repr=False)
    fitted: np.ndarray = field(repr=False)
    columns: np.ndarray = field(repr=False)
    parameters: np.ndarray = field(repr=False)
    information: np.ndarray = field(repr=False)
    dropped: tuple[Dropped, ...]

    @property
    def log_ratio(self) -> float:
        """The first coefficient of interest."""
        return float(self.coefficients[0])

    @property
    def scores(self) -> np.ndarray:
        """Score of each municipality, shape (municipalities, columns); sums to zero."""
        residual = np.where(self.used, self.panel.y - self.fitted, 0.0)
        return np.einsum("it,itk->ik", residual, self.columns)


def fit(
    panel: MunicipalPanel,
    interest: Callable[[MunicipalPanel], Columns] = treatment,
    settings: PpmlSettings | None = None,
) -> PpmlFit:
    """Estimate the model.

    Parameters
    ----------
    panel
        The panel.
    interest
        Builds the columns of interest; by default priority municipality x treated year.
    settings
        What stands beside them; by default year effects common to all.

    Raises
    ------
    InputError
        No coefficient of interest has a finite estimate.
    """
    chosen = settings or PpmlSettings()
    used, dropped = known_cells(panel)
    used, zeros = only_zeros(panel, used, by_county=chosen.by_county)
    wanted = interest(panel)
    beside = [year_effects(panel, used, by_county=chosen.by_county)]
    if chosen.by_size:
        beside.append(size_by_year(panel, used))
    model = together(*beside, wanted)
    lost = separated(panel, used, model.values)
    used = used & ~lost
    stay = independent(model.values, used)
    own = [position for position in stay if position >= len(model.names) - len(wanted.names)]
    order = own + [position for position in stay if position not in own]
    names = tuple(model.names[position] for position in own)
    infinite = tuple(
        Dropped("coefficient_without_finite_estimate", name, 0)
        for name in wanted.names
        if name not in names
    )
    if not names:
        raise NotEstimableError(
            "no_finite_estimate",
            f"The outcome leaves no finite estimate of {wanted.names[0]}: all its cells on one "
            "side are zero, unknown, or explained by the year effects.",
        )
    columns = np.where(used[:, :, None], model.values[:, :, order], 0.0)
    y = np.where(used, panel.y, 0.0)
    log_base = np.log(np.where(used, panel.base, 1.0))
    parameters, fitted, information = maximise(y, log_base, used, columns)
    return PpmlFit(
        names=names,
        coefficients=parameters[: len(names)],
        panel=panel,
        interest=interest,
        settings=chosen,
        used=used,
        fitted=np.where(used, fitted, np.nan),
        columns=columns,
        parameters=parameters,
        information=information,
        dropped=dropped + zeros + name_cells(panel, lost) + infinite,
    )
