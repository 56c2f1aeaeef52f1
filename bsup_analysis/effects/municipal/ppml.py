"""Poisson pseudo-maximum likelihood with municipality and year effects.

log E[y] = municipality + year (or county x year) + log exposure + columns. Here a panel becomes
what `estimators.poisson` fits: columns, cells with a finite fit, clusters with outcomes. Every
array of columns has shape (municipalities, years, columns); municipality effects are not among
them, because they are taken out exactly (`METHODS.md`, municipal level, section 1).

Cells that cannot enter are found before fitting, and named: unknown values, nothing to be a rate
of, municipalities or years with zeros only; and what takes a search. A fitted mean tends to zero
where some combination of the model's columns is zero in every cell with a positive outcome and of
one sign in cells with none (Correia, Guimaraes and Zylkin 2019, Verifying the existence of maximum
likelihood estimates for generalized linear models, arXiv:1903.01633, theorem 1). Such cells say
nothing of the remaining coefficients, which are those of the model without them. A linear programme
finds them, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from bsup_analysis.effects.municipal.panel import MunicipalPanel, NotEstimableError
from bsup_analysis.errors import InputError
from bsup_analysis.estimators.poisson import Fit, Model
from bsup_analysis.estimators.poisson import fit as fit_batch

Kind = Literal[
    "unknown",
    "nothing_to_be_a_rate_of",
    "municipality_only_zeros",
    "year_only_zeros",
    "county_year_only_zeros",
    "cell_without_finite_fit",
    "coefficient_without_finite_estimate",
]


@dataclass(frozen=True)
class Dropped:
    """Something left out before fitting.

    Attributes
    ----------
    kind
        Why.
    name
        Municipality code, year, county and year, municipality and year, or coefficient.
    cells
        Number of municipality-years left out by it.
    """

    kind: Kind
    name: str
    cells: int


def known_cells(panel: MunicipalPanel) -> tuple[np.ndarray, tuple[Dropped, ...]]:
    """Cells with a known outcome and something to be a rate of, shape (municipalities, years).

    Raises
    ------
    InputError
        An outcome above zero where what it is a rate of is zero.
    """
    base = panel.base
    impossible = (base == 0) & (panel.y > 0)
    if impossible.any():
        unit, year = np.argwhere(impossible)[0]
        raise NotEstimableError(
            "rate_of_nothing",
            f"Municipality {panel.codes[unit]} has an outcome of {panel.y[unit, year]:g} in "
            f"{panel.years[year]} but nothing for it to be a rate of: one of the two is wrong.",
            code=panel.codes[unit],
            year=panel.years[year],
        )
    empty = (base == 0) & np.isfinite(panel.y)
    used = np.isfinite(panel.y) & np.isfinite(base) & ~empty
    named = _cells(panel, "unknown", ~used & ~empty)
    return used, named + _cells(panel, "nothing_to_be_a_rate_of", empty)


def only_zeros(
    panel: MunicipalPanel, used: np.ndarray, *, by_county: bool = False
) -> tuple[np.ndarray, tuple[Dropped, ...]]:
    """Leave out municipalities, and years (of a county), that hold nothing but zeros.

    Parameters
    ----------
    panel
        The panel.
    used
        Cells that enter, shape (municipalities, years).
    by_county
        Whether each county has year effects of its own.

    Returns
    -------
    numpy.ndarray
        Cells that remain.
    tuple of Dropped
        What was left out.
    """
    used = used.copy()
    positive = used & (panel.y > 0)
    dropped = []
    for unit in np.flatnonzero(used.any(axis=1) & ~positive.any(axis=1)):
        cells = int(used[unit].sum())
        dropped.append(Dropped("municipality_only_zeros", panel.codes[unit], cells))
        used[unit] = False
    areas = np.array(panel.county) if by_county else np.full(len(panel.codes), "")
    for area in sorted(set(areas.tolist())):
        inside = areas == area
        for position, year in enumerate(panel.years):
            cells = int(used[inside, position].sum())
            if cells and not positive[inside, position].any():
                kind: Kind = "county_year_only_zeros" if by_county else "year_only_zeros"
                dropped.append(Dropped(kind, f"{area} {year}".strip(), cells))
                used[inside, position] = False
    return used, tuple(dropped)


def _cells(panel: MunicipalPanel, kind: Kind, cells: np.ndarray) -> tuple[Dropped, ...]:
    """Name each municipality-year that is marked true."""
    return tuple(
        Dropped(kind, f"{panel.codes[unit]} {panel.years[year]}", 1)
        for unit, year in np.argwhere(cells)
    )


def separated(panel: MunicipalPanel, used: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Find every further cell without a finite fit, by one linear programme.

    It seeks municipality effects a and coefficients c with -(a_i + x_it c) zero where y > 0 and
    at least u_it in [0, 1] where y = 0, with the largest sum of u. The directions form a cone, so
    u is one in every cell that any of them reaches and zero in all others.

    Parameters
    ----------
    panel
        The panel.
    used
        Cells that enter.
    columns
        The model's columns beside municipality effects, (municipalities, years, columns).

    Returns
    -------
    numpy.ndarray
        True where the fit is not finite.
    """
    zero = used & (panel.y == 0)
    if not zero.any() or _plainly_finite(panel.y > 0, used, columns):
        return np.zeros_like(used)
    cells = np.argwhere(used)
    count, width = len(cells), columns.shape[2]
    units = sparse.csr_array(
        (np.ones(count), (np.arange(count), cells[:, 0])), shape=(count, len(panel.codes))
    )
    model = sparse.hstack([units, sparse.csr_array(columns[used])], format="csr")
    is_zero = zero[used]
    zeros = int(is_zero.sum())
    found = linprog(
        np.concatenate([np.zeros(len(panel.codes) + width), -np.ones(zeros)]),
        A_ub=sparse.hstack([model[is_zero], sparse.eye_array(zeros)], format="csr"),
        b_ub=np.zeros(zeros),
        A_eq=sparse.hstack(
            [model[~is_zero], sparse.csr_array((count - zeros, zeros))], format="csr"
        ),
        b_eq=np.zeros(count - zeros),
        bounds=[(None, None)] * (len(panel.codes) + width) + [(0, 1)] * zeros,
        method="highs",
    )
    if found.status != 0:
        raise InputError(f"The search for cells without a finite fit stopped: {found.message}")
    out = np.zeros_like(used)
    out[zero] = found.x[-zeros:] > 0.5
    return out


def _plainly_finite(positive: np.ndarray, used: np.ndarray, columns: np.ndarray) -> bool:
    """Check a condition that rules separation out, to spare the programme.

    Among municipalities with the same columns, let one have positive outcomes in every used year.
    Its direction is zero throughout, so the columns' part is the same in all years; any other with
    one positive outcome then has a direction of zero as well.
    """
    alike = np.unique(columns.reshape(len(columns), -1), axis=0, return_inverse=True)[1]
    full = ((positive | ~used.any(axis=0)) & (used | ~used.any(axis=0))).all(axis=1)
    some = (positive & used).any(axis=1) | ~used.any(axis=1)
    return bool(some.all() and set(alike.tolist()) == set(alike[full].tolist()))


def independent(columns: np.ndarray, used: np.ndarray) -> list[int]:
    """Positions of columns that are no combination of municipality effects and earlier columns.

    Parameters
    ----------
    columns
        Shape (municipalities, years, columns).
    used
        Cells that enter.
    """
    if columns.shape[2] == 0:
        return []
    weights = used[:, :, None].astype(float)
    present = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    within = (columns - (columns * weights).sum(axis=1, keepdims=True) / present) * weights
    flat = within.reshape(-1, columns.shape[2])
    lengths = np.sqrt((flat**2).sum(axis=0))
    flat = flat / np.where(lengths > 0, lengths, 1)
    left = np.abs(np.diag(np.linalg.qr(flat, mode="r")))
    return [position for position, size in enumerate(left) if size > 1e-9 and lengths[position] > 0]


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
    areas = np.array(panel.county if by_county else [""] * len(panel.codes))
    names, columns = [], []
    for area in sorted(set(areas.tolist())):
        inside = areas == area
        for position in np.flatnonzero(used[inside].any(axis=0))[1:]:
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
    size = np.full(len(panel.codes), np.nan)
    for people in panel.population[:, ~panel.post].T:  # the later year overwrites the earlier
        size = np.where(np.isfinite(people) & (people > 0), people, size)
    if not np.isfinite(size).all():
        code = panel.codes[int(np.flatnonzero(~np.isfinite(size))[0])]
        raise NotEstimableError(
            "population_before",
            f"Municipality {code} has no known population before the programme.",
            code=code,
        )
    centred = np.log(size) - np.log(size).mean()
    present = np.flatnonzero(used.any(axis=0))[1:]
    values = np.zeros((*used.shape, len(present)))
    values[:, present, np.arange(len(present))] = centred[:, None]
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
        dropped=dropped + zeros + _cells(panel, "cell_without_finite_fit", lost) + infinite,
    )
