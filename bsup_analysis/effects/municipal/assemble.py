"""From a table of municipalities and years to the panel of one outcome, and to its rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.refusal import NotEstimableError
from bsup_analysis.errors import InputError


def municipal_panel(
    table: pd.DataFrame,
    municipality: pd.DataFrame,
    population: pd.DataFrame,
    *,
    years: Sequence[int],
    first_treated_year: int,
    dropped_years: Iterable[int] = (),
    excluded: Iterable[str] = (),
    measure: str = "loans",
    per: str | None = None,
) -> MunicipalPanel:
    """Lay one outcome of the municipal table out as municipalities x years.

    Parameters
    ----------
    table
        One row a municipality and year: `municipality_code`, `year`, the measure and, if given,
        the denominator; a measure left empty is unknown, never zero.
    municipality
        One row a municipality: `municipality_code`, `county_code`, `group`
        ('priority' or 'other') and `cluster`.
    population
        `municipality_code`, `year`, `population` (persons, 1 January).
    years
        The window; years of the table outside it are not used.
    first_treated_year
        First treated year of the priority municipalities.
    dropped_years
        Years of the window left out, such as the year of selection.
    excluded
        Codes left out of the comparison group.
    measure
        Column of the outcome: loans or NOK.
    per
        Column of the denominator; None for inhabitants.

    Raises
    ------
    InputError
        A column, municipality or year missing, or a municipality and year given twice.
    """
    _need(municipality, ("municipality_code", "county_code", "group", "cluster"), "municipality")
    out = frozenset(excluded)
    rows = municipality.loc[~municipality["municipality_code"].isin(out)]
    rows = rows.sort_values("municipality_code")
    codes = [str(code) for code in rows["municipality_code"]]
    unknown = sorted(out - {str(code) for code in municipality["municipality_code"]})
    if unknown:
        raise InputError(f"Municipality {unknown[0]} is to be excluded but is not in the list.")
    if not set(rows["group"]) <= {"priority", "other"}:
        raise InputError("A municipality's group must be priority or other.")
    gone = tuple(sorted(set(dropped_years) & set(years)))
    window = [year for year in sorted(set(years)) if year not in gone]
    return MunicipalPanel(
        y=_wide(table, measure, codes, window, "municipal"),
        population=_wide(population, "population", codes, window, "population"),
        treated=(rows["group"] == "priority").to_numpy(dtype=bool),
        cluster=tuple(rows["cluster"]),
        county=tuple(rows["county_code"]),
        codes=tuple(codes),
        years=tuple(window),
        first_treated_year=first_treated_year,
        dropped_years=gone,
        exposure=None if per is None else _wide(table, per, codes, window, "municipal"),
    )


def _need(table: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    for column in columns:
        if column not in table.columns:
            raise InputError(f"The {name} table has no column {column}.")


def _wide(
    table: pd.DataFrame, column: str, codes: Sequence[str], years: Sequence[int], name: str
) -> np.ndarray:
    _need(table, ("municipality_code", "year", column), name)
    chosen = table.loc[table["municipality_code"].isin(codes) & table["year"].isin(years)]
    twice = chosen.loc[chosen.duplicated(["municipality_code", "year"])]
    if not twice.empty:
        row = twice.iloc[0]
        raise InputError(
            f"Municipality {row['municipality_code']} stands twice in {row['year']} in the "
            f"{name} table."
        )
    for key, wanted in (("municipality_code", codes), ("year", years)):
        present = set(chosen[key])
        missing = [value for value in wanted if value not in present]
        if missing:
            raise InputError(f"The {name} table has no row with {key} {missing[0]}.")
    wide = chosen.pivot(index="municipality_code", columns="year", values=column)
    return wide.reindex(index=list(codes), columns=list(years)).to_numpy(float, na_value=np.nan)


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of the municipalities without a gap, for the linear estimators.

    Attributes
    ----------
    rate
        Outcome per `per` of exposure, shape (municipalities, years).
    codes
        The municipalities.
    left_out
        Those with an unknown year or a year without anything to be a rate of.
    """

    rate: np.ndarray
    codes: tuple[str, ...]
    left_out: tuple[str, ...]


def rates(panel: MunicipalPanel, per: float) -> Rates:
    """Divide the outcome by its exposure.

    Parameters
    ----------
    panel
        The panel.
    per
        Unit of the rate: 1 000 for a rate per 1 000 inhabitants, 1 for NOK per inhabitant.
    """
    if not (np.isfinite(per) and per > 0):
        raise InputError(f"A rate is per a number above zero, not per {per}.")
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = panel.y / panel.base * per
    whole = np.isfinite(rate).all(axis=1)
    if not whole.any():
        raise NotEstimableError("no_known_rate", "No municipality has a known rate in every year.")
    return Rates(
        rate[whole],
        tuple(code for code, on in zip(panel.codes, whole, strict=True) if on),
        tuple(code for code, on in zip(panel.codes, whole, strict=True) if not on),
    )
