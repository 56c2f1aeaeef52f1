"""Taking municipalities in and letting them go: rates, changes, places and rules on the data."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects.empirical_bayes import (
    Counts,
    Evidence,
    Fit,
    Posteriors,
    Ranks,
    average_change,
    average_rates,
    counts_of_year,
    fit_change,
    fit_rates,
    growth_of,
    raw_ranks,
)
from bsup_analysis.effects.empirical_bayes import ranks as places_of
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.selection_rules import (
    Agreement,
    Choice,
    Sensitivity,
    agreement,
    choose,
    relative_places,
    sensitivity,
    weighted_score,
)
from bsup_analysis.errors import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pooled:
    """A quantity of each municipality, raw and pooled in part.

    Attributes
    ----------
    codes
        Municipalities, sorted by code.
    raw
        The quantity by the counts alone, (municipalities,).
    estimate, low, high
        Posterior median and interval, in the same unit.
    median
        The median municipality's estimate: what the intervals are held against.
    fit
        Hyperparameters by marginal maximum likelihood.
    posterior
        What is known of each municipality, hyperparameters averaged over.
    """

    codes: tuple[str, ...]
    raw: Floats
    estimate: Floats
    low: Floats
    high: Floats
    median: float
    fit: Fit
    posterior: Posteriors


@dataclass(frozen=True)
class Places:
    """The place of each municipality, 1 the highest: by the counts alone, and as far as known.

    `evidence` joins the intervals of value and place, from which alone it is told who lies on
    which side of the median.
    """

    raw: Floats
    ranks: Ranks
    expected: Floats
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    among_highest: Floats
    among_lowest: Floats
    k: int
    evidence: Evidence


def _pooled(
    raw: Floats, fit: Fit, posterior: Posteriors, quantiles: tuple[Floats, Floats, Floats]
) -> Pooled:
    low, estimate, high = quantiles
    median = float(np.median(estimate))
    return Pooled(
        posterior.codes,
        raw,
        estimate,
        low,
        high,
        median,
        fit,
        posterior,
    )


def places(pooled: Pooled, k: str, design: Design) -> Places:
    """Give places by a pooled quantity; `k` is the notebook's number of highest and lowest.

    Raises
    ------
    InputError
        `k` is no whole number.
    """
    if not k.strip().isdecimal():
        raise InputError(f"k is the number of highest and lowest, such as 5, not {k!r}.")
    found = places_of(pooled.posterior)
    first, last = found.interval(design.level)
    return Places(
        raw_ranks(pooled.raw),
        found,
        found.expected,
        first,
        last,
        found.among_highest(int(k)),
        found.among_lowest(int(k)),
        int(k),
        Evidence(pooled.low, pooled.high, pooled.median, first, last),
    )


def loan_counts(available_loans: pd.DataFrame, design: Design) -> Counts:
    """Loans and inhabitants of every municipality with known loans, latest published year."""
    year = max(design.window.published_years.value)
    return counts_of_year(available_loans, "loans", "population", year)


def loan_rates(loan_counts: Counts, design: Design) -> Pooled:
    """Loans for each inhabitant, pooled in part."""
    posterior = average_rates(loan_counts)
    low, high = posterior.interval(design.level)
    quantiles = low, posterior.quantile(0.5), high
    return _pooled(loan_counts.rates, fit_rates(loan_counts), posterior, quantiles)


def loan_growth(paired_loans: Paired, design: Design) -> Pooled:
    """Loans in the later year divided by those in the earlier, pooled in part."""
    posterior = average_change(paired_loans)
    low, high = posterior.interval(design.level)
    early, late = np.array(paired_loans.pre, float), np.array(paired_loans.post, float)
    raw = np.divide(late, early, out=np.full(len(early), np.inf), where=early > 0)
    quantiles = growth_of(low), growth_of(posterior.quantile(0.5)), growth_of(high)
    return _pooled(raw, fit_change(paired_loans), posterior, quantiles)


def selection_indicators(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, design: Design
) -> pd.DataFrame:
    """Collect what is known of every municipality at the selection, a column an indicator.

    Index: municipality code.  `size` (inhabitants), `growth` (relative, since the first year of
    the panel), `immigrants` (share of inhabitants), `centrality` (0 to 3, unknown for some).
    """
    first, last = min(design.window.population_years.value), design.window.last_year_before.value
    wide = municipality_year.pivot(index="municipality_code", columns="year")
    population, immigrants = wide["population"].astype(float), wide["immigrants"].astype(float)
    level = municipality.set_index("municipality_code")["centrality_level_2008"].astype(float)
    return pd.DataFrame(
        {
            "size": population[last],
            "growth": population[last] / population[first] - 1,
            "immigrants": immigrants[last] / population[last],
            "centrality": level.reindex(population.index),
        }
    )


def indicator_weights(weights: str) -> dict[str, float]:
    """Read the notebook's parameter: `size 1, growth 0.5`; an indicator not named has no weight.

    Raises
    ------
    InputError
        A part that is not a name and a number, or a name twice.
    """
    found: dict[str, float] = {}
    for part in weights.split(","):
        try:
            name, number = part.split()
            value = float(number)
        except ValueError:
            raise InputError(
                f"weights are given as in 'size 1, growth 0.5'; {part.strip()!r} is not."
            ) from None
        if name in found:
            raise InputError(f"weights gives {name} twice; give it once.")
        found[name] = value
    return found


@dataclass(frozen=True)
class Rule:
    """A candidate rule: its weights, what it chooses and how far the actual choice agrees."""

    name: str
    weights: dict[str, float]
    choice: Choice
    agreement: Agreement


def _actual(municipality: pd.DataFrame) -> frozenset[str]:
    chosen = municipality["group"] == "priority"
    return frozenset(municipality.loc[chosen, "municipality_code"])


def selection_rules(
    selection_indicators: pd.DataFrame,
    municipality: pd.DataFrame,
    indicator_weights: dict[str, float],
    design: Design,
) -> tuple[Rule, ...]:
    """Each indicator alone, then all of them with the notebook's weights (`weighted`)."""
    relative = selection_indicators.apply(relative_places)
    alone = {name: {name: 1.0} for name in relative.columns}
    rules = []
    for name, weights in {**alone, "weighted": indicator_weights}.items():
        choice = choose(weighted_score(relative, weights), design.groups.priority.value)
        rules.append(Rule(name, weights, choice, agreement(choice, _actual(municipality))))
    return tuple(rules)


def weight_sensitivity(
    selection_indicators: pd.DataFrame, municipality: pd.DataFrame, design: Design
) -> Sensitivity:
    """Choose under every way to share the weight among the indicators, in tenths."""
    return sensitivity(
        selection_indicators, _actual(municipality), design.groups.priority.value, parts=10
    )
