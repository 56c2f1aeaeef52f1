"""Cells that cannot enter a Poisson model, as far as they can be told by looking at them.

Unknown values, nothing to be a rate of, and municipalities or years with zeros only; what takes a
search is in `separation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError

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
    named = [cell(panel, "unknown", *at) for at in np.argwhere(~used & ~empty)]
    named += [cell(panel, "nothing_to_be_a_rate_of", *at) for at in np.argwhere(empty)]
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


def cell(panel: MunicipalPanel, kind: Kind, unit: int, year: int) -> Dropped:
    """Name one municipality-year."""
    return Dropped(kind, f"{panel.codes[unit]} {panel.years[year]}", 1)
