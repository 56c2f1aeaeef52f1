"""Cells that a Poisson model cannot fit at a finite value: found before fitting, and named.

A fitted mean tends to zero where some combination of the model's columns is zero in every cell
with a positive outcome and of one sign in cells with none (Correia, Guimaraes and Zylkin 2019,
Verifying the existence of maximum likelihood estimates for generalized linear models,
arXiv:1903.01633, theorem 1). Such cells say nothing of the remaining coefficients, which are those
of the model without them. The usual cases (a municipality, a year or a county's year with zeros
only) are named by `zeros`; here a linear programme finds the rest, exactly.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.zeros import Dropped, cell
from bsup_analysis.errors import InputError


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
    return tuple(cell(panel, "cell_without_finite_fit", *at) for at in np.argwhere(cells))


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
