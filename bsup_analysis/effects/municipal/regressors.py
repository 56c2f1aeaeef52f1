"""The columns of a Poisson model: what is estimated, and the year effects beside it.

Every array has shape (municipalities, years, columns). Municipality effects are not among them:
`ppml` takes them out exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError


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
    return Columns(tuple(names), np.stack(columns, axis=2) if columns else _none(used))


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


def _none(used: np.ndarray) -> np.ndarray:
    return np.zeros((*used.shape, 0))
