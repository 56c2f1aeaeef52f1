"""The real region that panels are laid over: who lives where, and how many loans to expect.

Population is real. Expected loans are set so that the published totals hold in expectation; the
panels drawn from them miss the totals, as they must (hitting them would fix the contrast).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.simulation.config import load_config


@dataclass(frozen=True, eq=False)
class Region:
    """Municipalities x years without noise and without effect.

    Attributes
    ----------
    codes
        Municipality codes of 2009.
    years
        Years of the columns, increasing.
    population
        Inhabitants on 1 January, shape (municipalities, years).
    expected
        Expected loans if the programme has no effect, same shape.
    treated
        Priority municipalities, shape (municipalities,).
    county
        Number of the county, shape (municipalities,).
    base_year, first_treated_year, selection_year
        As in `scenarios.toml`.
    """

    codes: tuple[str, ...]
    years: tuple[int, ...]
    population: np.ndarray
    expected: np.ndarray
    treated: np.ndarray
    county: np.ndarray
    base_year: int
    first_treated_year: int
    selection_year: int

    @property
    def treated_years(self) -> np.ndarray:
        """Whether a year is treated, shape (years,)."""
        return np.array(self.years) >= self.first_treated_year

    @property
    def largest(self) -> int:
        """Position of the priority municipality with most inhabitants."""
        base = self.years.index(self.base_year)
        return int(np.argmax(np.where(self.treated, self.population[:, base], 0)))

    def columns(self, dropped: tuple[int, ...]) -> np.ndarray:
        """Positions of the years that an estimator uses, those in `dropped` left out."""
        return np.array([t for t, year in enumerate(self.years) if year not in dropped])

    def digest(self) -> str:
        """SHA-256 of everything a draw depends on."""
        known = hashlib.sha256(repr((self.codes, self.years, self.base_year)).encode())
        known.update(repr((self.first_treated_year, self.selection_year)).encode())
        for values in (self.population, self.expected, self.treated, self.county):
            known.update(np.ascontiguousarray(values, dtype=float).tobytes())
        return known.hexdigest()


def build_region(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    group_year: pd.DataFrame,
    region_year: pd.DataFrame,
) -> Region:
    """Lay out population and expected loans of all municipalities.

    A priority municipality's part of its group is its part of the group's published loans
    (`document p. 14`, both years together); another's is its part of the group's inhabitants. Every
    municipality's rate then moves with the region's published loans; years without them keep the
    rate of the nearest year that has them.

    Parameters
    ----------
    municipality, municipality_year, group_year, region_year
        The processed tables of those names.

    Raises
    ------
    InputError
        A population that is neither known nor to be had from the group's total.
    """
    panel = load_config().panel
    years, base_year = panel.years.value, panel.base_year.value
    rows = municipality.sort_values("municipality_code")
    codes = [str(code) for code in rows["municipality_code"]]
    treated = (rows["group"] == "priority").to_numpy()
    wide = municipality_year.pivot(index="municipality_code", columns="year", values="population")
    population = wide.loc[codes, list(years)].astype(float).to_numpy()
    totals = group_year.pivot(index="year", columns="group", values="population").astype(float)
    population = _split_merged(population, treated, totals.loc[list(years)])
    base = years.index(base_year)
    published = group_year.loc[group_year["year"] == base_year].set_index("group")["loans"]
    known = municipality_year.loc[municipality_year["loans"].notna()]
    rows_p14 = known.groupby("municipality_code")["loans"].sum().reindex(codes).astype(float)
    parts = np.where(treated, rows_p14.fillna(0).to_numpy(), population[:, base])
    at_base = np.empty(len(codes))
    for group, mine in (("priority", treated), ("other", ~treated)):
        at_base[mine] = float(published[group]) * parts[mine] / parts[mine].sum()
    unmoved = at_base[:, None] * population / population[:, [base]]
    region = region_year.set_index("year")["loans"].dropna().astype(float)
    growth = {year: region[year] / unmoved[:, years.index(year)].sum() for year in region.index}
    rate = np.array([growth[min(growth, key=lambda y: (abs(y - year), y))] for year in years])
    counties = sorted(set(rows["county_code"].astype(str)))
    return Region(
        codes=tuple(codes),
        years=tuple(years),
        population=population,
        expected=unmoved * rate,
        treated=treated,
        county=np.array([counties.index(str(c)) for c in rows["county_code"]]),
        base_year=base_year,
        first_treated_year=panel.first_treated_year.value,
        selection_year=panel.selection_year.value,
    )


def _split_merged(population: np.ndarray, treated: np.ndarray, totals: pd.DataFrame) -> np.ndarray:
    """Share what a group's total leaves among its unknown municipalities, by their last ratio.

    Mosvik and Inderøy are one municipality from 2012 on. A split is refused where data are made
    (`panel.borders`); here it only gives synthetic panels a denominator.
    """
    filled = population.copy()
    for t in range(filled.shape[1]):
        for group, mine in (("priority", treated), ("other", ~treated)):
            unknown = mine & np.isnan(filled[:, t])
            if not unknown.any():
                continue
            left = totals[group].iloc[t] - np.nansum(filled[mine, t])
            last = filled[unknown, t - 1] if t else np.full(int(unknown.sum()), np.nan)
            if not (left > 0 and np.isfinite(last).all()):
                raise InputError(
                    f"The {group} municipalities' population in {totals.index[t]} does not add up "
                    "to the group's: rebuild the processed tables."
                )
            filled[unknown, t] = left * last / last.sum()
    return filled


def enlarged(region: Region, copies: int) -> Region:
    """Repeat every municipality, for measuring how cost grows; each copy keeps its size."""
    again = np.tile(np.arange(len(region.codes)), copies)
    return Region(
        codes=tuple(f"{region.codes[i]}-{n}" for n, i in enumerate(again)),
        years=region.years,
        population=region.population[again],
        expected=region.expected[again],
        treated=region.treated[again],
        county=region.county[again],
        base_year=region.base_year,
        first_treated_year=region.first_treated_year,
        selection_year=region.selection_year,
    )
