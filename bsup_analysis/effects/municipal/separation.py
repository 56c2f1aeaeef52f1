"""Cells that cannot enter a Poisson model: found before fitting, and named.

Unknown values, nothing to be a rate of, municipalities or years with zeros only; and what takes a
search. A fitted mean tends to zero where some combination of the model's columns is zero in every
cell with a positive outcome and of one sign in cells with none (Correia, Guimaraes and Zylkin 2019,
Verifying the existence of maximum likelihood estimates for generalized linear models,
arXiv:1903.01633, theorem 1). Such cells say nothing of the remaining coefficients, which are those
of the model without them. A linear programme finds them, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError
from bsup_analysis.errors import InputError

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
    named = [_cell(panel, "unknown", *at) for at in np.argwhere(~used & ~empty)]
    named += [_cell(panel, "nothing_to_be_a_rate_of", *at) for at in np.argwhere(empty)]
    return used, tuple(named)


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


def summary(dropped: Sequence[Dropped]) -> dict[str, int]:
    """Count the cells left out for each reason."""
    kinds = dict.fromkeys(item.kind for item in dropped)
    return {kind: sum(item.cells for item in dropped if item.kind == kind) for kind in kinds}


def _cell(panel: MunicipalPanel, kind: Kind, unit: int, year: int) -> Dropped:
    """Name one municipality-year."""
    return Dropped(kind, f"{panel.codes[unit]} {panel.years[year]}", 1)


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


def name_cells(panel: MunicipalPanel, cells: np.ndarray) -> tuple[Dropped, ...]:
    """Name each cell marked true as one without a finite fit."""
    return tuple(_cell(panel, "cell_without_finite_fit", *at) for at in np.argwhere(cells))


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
