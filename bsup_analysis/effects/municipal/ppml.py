"""Poisson pseudo-maximum likelihood with municipality and year effects.

log E[y] = municipality + year (or county x year) + log exposure + columns. Here a panel becomes
what `estimators.poisson` fits: columns, cells with a finite fit, clusters with outcomes. Every
array of columns has shape (municipalities, years, columns); municipality effects are not among
them, because they are taken out exactly (`METHODS.md`, municipal level, section 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError
from bsup_analysis.effects.municipal.separation import (
    Dropped,
    independent,
    known_cells,
    name_cells,
    only_zeros,
    separated,
)
from bsup_analysis.errors import InputError
from bsup_analysis.estimators.poisson.fit import Fit
from bsup_analysis.estimators.poisson.fit import fit as fit_batch
from bsup_analysis.estimators.poisson.specification import Model


@dataclass(frozen=True, eq=False)
class Columns:
    """Named columns.

    Attributes
    ----------
    names
        One a column.
    values
        Shape (municipalities, years, columns).
    """

    names: tuple[str, ...]
    values: np.ndarray


def treatment(panel: MunicipalPanel) -> Columns:
    """Priority municipality in a treated year: one column of zeros and ones."""
    values = np.outer(panel.treated, panel.post).astype(float)
    return Columns(("priority",), values[:, :, None])


def event(panel: MunicipalPanel, reference_year: int) -> Columns:
    """Priority municipality x year, one column for every year but the reference.

    Raises
    ------
    InputError
        A reference year outside the panel, or one that is treated.
    """
    if reference_year not in panel.years or reference_year >= panel.first_treated_year:
        raise NotEstimableError(
            "reference_year",
            f"The reference year {reference_year} must be an untreated year of {panel.years}.",
            year=reference_year,
        )
    others = [year for year in panel.years if year != reference_year]
    is_year = np.array([[year == other for other in others] for year in panel.years], dtype=float)
    return Columns(
        tuple(f"priority_{year}" for year in others),
        panel.treated[:, None, None] * is_year[None, :, :],
    )


def year_effects(panel: MunicipalPanel, used: np.ndarray, *, by_county: bool = False) -> Columns:
    """Year effects, of each county if asked for; the first used year of each is left out.

    Parameters
    ----------
    panel
        The panel.
    used
        Cells that enter the model, shape (municipalities, years): a year without any has no effect.
    by_county
        An effect for each county and year in place of one for each year.
    """
    areas = panel.county if by_county else ("",) * len(panel.codes)
    names, columns = [], []
    for area in sorted(set(areas)):
        inside = np.array([name == area for name in areas])
        present = [position for position in range(len(panel.years)) if used[inside, position].any()]
        for position in present[1:]:
            column = np.zeros(used.shape)
            column[inside, position] = 1
            names.append(f"year_{area}{'_' if area else ''}{panel.years[position]}")
            columns.append(column)
    values = np.stack(columns, axis=2) if columns else np.zeros((*used.shape, 0))
    return Columns(tuple(names), values)


def size_by_year(panel: MunicipalPanel, used: np.ndarray) -> Columns:
    """Log population x year: municipalities of different size may have years of their own.

    Population is that of the last untreated year in which it is known, so that nothing the
    programme may have moved enters; centred, so that the columns stay well scaled.
    """
    before = panel.population[:, ~panel.post]
    known = np.where(np.isfinite(before) & (before > 0), before, np.nan)
    size = np.full(len(panel.codes), np.nan)
    for column in known.T:  # the later year overwrites the earlier
        size = np.where(np.isfinite(column), column, size)
    if not np.isfinite(size).all():
        code = panel.codes[int(np.flatnonzero(~np.isfinite(size))[0])]
        raise NotEstimableError(
            "population_before",
            f"Municipality {code} has no known population before the programme.",
            code=code,
        )
    centred = np.log(size) - np.log(size).mean()
    present = [position for position in range(len(panel.years)) if used[:, position].any()][1:]
    values = np.zeros((*used.shape, len(present)))
    for column, position in enumerate(present):
        values[:, position, column] = centred
    return Columns(tuple(f"size_{panel.years[position]}" for position in present), values)


def together(*parts: Columns) -> Columns:
    """Columns side by side."""
    return Columns(
        tuple(name for part in parts for name in part.names),
        np.concatenate([part.values for part in parts], axis=2),
    )


@dataclass(frozen=True)
class PpmlSettings:
    """What is estimated beside the columns of interest.

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
    panel, interest, settings
        What was fitted.
    used
        Cells in the model, shape (municipalities, years).
    poisson
        The fit: a batch of one panel, of the municipalities with a used cell; the coefficients of
        interest are its last parameters.
    dropped
        What was left out, and why.
    """

    names: tuple[str, ...]
    panel: MunicipalPanel
    interest: Callable[[MunicipalPanel], Columns]
    settings: PpmlSettings
    used: np.ndarray = field(repr=False)
    poisson: Fit = field(repr=False)
    dropped: tuple[Dropped, ...]

    @property
    def coefficients(self) -> np.ndarray:
        """Estimates of the coefficients of interest, on the log scale."""
        return self.poisson.theta[0, -len(self.names) :]

    @property
    def log_ratio(self) -> float:
        """The first coefficient of interest."""
        return float(self.coefficients[0])

    @property
    def active(self) -> np.ndarray:
        """Municipalities with a used cell, shape (municipalities,)."""
        return np.asarray(self.used.any(axis=1))

    @property
    def clusters(self) -> np.ndarray:
        """Position in `panel.clusters` of each cluster with information."""
        return np.unique(self.panel.cluster_index[self.active])

    @property
    def treated_clusters(self) -> np.ndarray:
        """Which of `clusters` are of priority municipalities."""
        treated = self.panel.cluster_index[self.active & self.panel.treated]
        return np.isin(self.clusters, treated)

    @property
    def fitted(self) -> np.ndarray:
        """Means, shape (municipalities, years); NaN where not used."""
        means = np.full(self.used.shape, np.nan)
        means[self.active] = self.poisson.fitted[0]
        return np.where(self.used, means, np.nan)


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
        What is estimated beside them; by default year effects common to all.

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
    columns = together(*beside, wanted)
    lost = separated(panel, used, columns.values)
    used = used & ~lost
    stay = independent(columns.values, used)
    first = len(columns.names) - len(wanted.names)
    names = tuple(columns.names[position] for position in stay if position >= first)
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
    active = used.any(axis=1)
    cells = used[active]
    model = Model.of_columns(
        np.where(cells, panel.base[active], 0.0),
        columns.values[active][:, :, stay],
        np.unique(panel.cluster_index[active], return_inverse=True)[1],
    )
    try:
        fitted = fit_batch(model, np.where(cells, panel.y[active], 0.0)[None])
    except InputError:
        raise NotEstimableError(
            "unsettled", "The Poisson model did not settle: its columns are nearly combinations."
        ) from None
    return PpmlFit(
        names=names,
        panel=panel,
        interest=interest,
        settings=chosen,
        used=used,
        poisson=fitted,
        dropped=dropped + zeros + name_cells(panel, lost) + infinite,
    )
