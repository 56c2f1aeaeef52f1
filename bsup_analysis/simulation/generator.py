"""Synthetic panels: loans of every municipality and year, drawn with a known effect.

They are laid over the real region. Population is real. Expected loans are set so that the published
totals hold in expectation; the panels drawn from them miss the totals, as they must (hitting them
would fix the contrast).

Draw k comes from the k-th child of one seed sequence and from nothing else, so it is the same
whatever the number of workers, the chunking or the engine. Scenarios and effects share the
children: their panels differ by what is asked about and not by luck (common random numbers).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.simulation.config import Scenario, load_config


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
    points
        Longitude and latitude in degrees, shape (municipalities, 2).
    base_year, first_treated_year, selection_year
        As in `scenarios.toml`.
    """

    codes: tuple[str, ...]
    years: tuple[int, ...]
    population: np.ndarray
    expected: np.ndarray
    treated: np.ndarray
    county: np.ndarray
    points: np.ndarray
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

    @cached_property
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
        points=rows[["longitude_deg", "latitude_deg"]].to_numpy(dtype=float),
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


SMALL_UNIT_INHABITANTS = 1000.0  # the unit of `small_unit_sigma`


@dataclass(frozen=True, eq=False)
class Streams:
    """The random streams of one draw; each use has its own, so none shifts another."""

    noise: np.random.Generator
    loans: np.random.Generator
    weights: np.random.Generator
    assignments: np.random.Generator


def streams(seed: int, draw: int) -> Streams:
    """Return the streams of draw number `draw`: child `draw` of `SeedSequence(seed).spawn`."""
    child = np.random.SeedSequence(seed, spawn_key=(draw,))
    return Streams(*(np.random.default_rng(one) for one in child.spawn(4)))


def noise_sd(region: Region, scenario: Scenario) -> np.ndarray:
    """Return the standard deviation of each municipality's own log noise, (municipalities,)."""
    inhabitants = region.population[:, region.years.index(region.base_year)]
    small = scenario.small_unit_sigma**2 * SMALL_UNIT_INHABITANTS / inhabitants
    return np.sqrt(scenario.sigma**2 + small)


def log_mean(region: Region, scenario: Scenario, effect: float) -> np.ndarray:
    """Log of the loans expected with the effect, trend and selection, before noise.

    Noise is lognormal with mean one, so totals hold in expectation; its correction is included.

    Returns
    -------
    numpy.ndarray
        Shape (municipalities, years).
    """
    years = np.array(region.years)
    ratio = np.where(region.treated, effect, 1.0)
    if scenario.largest_effect is not None:
        ratio[region.largest] = scenario.largest_effect
    sd = noise_sd(region, scenario)
    shift = scenario.selection * scenario.autocorrelation ** np.abs(years - region.selection_year)
    drift = scenario.trend * (years - region.base_year)
    log = np.log(region.expected) + np.outer(np.log(ratio), region.treated_years)
    log += region.treated[:, None] * (drift + sd[:, None] * shift)
    return log - (sd[:, None] ** 2 + scenario.county_sigma**2) / 2


def draw_loans(
    region: Region, scenario: Scenario, effect: float, draws: Sequence[Streams]
) -> np.ndarray:
    """Draw panels.

    Parameters
    ----------
    region
        The region without noise.
    scenario
        Noise, trend, selection and an effect of the largest municipality's own.
    effect
        Rate ratio of the priority municipalities in treated years; 1 is none.
    draws
        Streams of the draws wanted.

    Returns
    -------
    numpy.ndarray
        Loans, whole numbers as floats, shape (draws, municipalities, years).
    """
    shape = region.population.shape
    counties = int(region.county.max()) + 1
    own = np.empty((len(draws), *shape))
    shared = np.empty((len(draws), counties, shape[1]))
    for k, stream in enumerate(draws):
        own[k] = stream.noise.standard_normal(shape)
        shared[k] = stream.noise.standard_normal(shared.shape[1:])
    rho = scenario.autocorrelation
    for t in range(1, shape[1]):  # stationary: every year has the same variance
        own[..., t] = rho * own[..., t - 1] + np.sqrt(1 - rho**2) * own[..., t]
    own *= noise_sd(region, scenario)[:, None]
    own += scenario.county_sigma * shared[:, region.county]
    means = np.exp(own + log_mean(region, scenario, effect))
    for k, stream in enumerate(draws):
        own[k] = stream.loans.poisson(means[k])
    return own
