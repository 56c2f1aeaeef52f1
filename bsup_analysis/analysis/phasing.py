"""Taking municipalities in and letting them go: rates, changes, places and rules on the data."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects import empirical_bayes
from bsup_analysis.effects.empirical_bayes import Counts, Evidence, Fit, Posteriors
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.selection_rules import (
    Agreement,
    Choice,
    agreement,
    choose,
    relative_places,
    weighted_score,
)
from bsup_analysis.errors import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pooled:
    """A quantity of each municipality, raw and pooled in part.

    Attributes
    ----------
    raw
        The quantity by the counts alone, (municipalities,), sorted by code.
    estimate, low, high
        Posterior median and interval, in the same unit.
    fit
        Hyperparameters by marginal maximum likelihood.
    posterior
        What is known of each municipality, hyperparameters averaged over.
    """

    raw: Floats
    estimate: Floats
    low: Floats
    high: Floats
    fit: Fit
    posterior: Posteriors

    @property
    def codes(self) -> tuple[str, ...]:
        """Municipalities, sorted by code."""
        return self.posterior.codes

    @property
    def median(self) -> float:
        """The median municipality's estimate: what the intervals are held against."""
        return float(np.median(self.estimate))


def places(pooled: Pooled, k: str, design: Design) -> pd.DataFrame:
    """Give places by a pooled quantity; `k` is the notebook's number of highest and lowest.

    Returns
    -------
    pandas.DataFrame
        By municipality code, place 1 the highest: the quantity `raw` and `pooled` (with `_low` and
        `_high`), `raw_place` by the counts alone, and as far as known `expected_place`,
        `place_first`, `place_last` and the probability to be among the `k` highest and lowest;
        `standing` says, from the intervals of value and place alone, who lies on which side of the
        median.

    Raises
    ------
    InputError
        `k` is no whole number.
    """
    if not k.strip().isdecimal():
        raise InputError(f"k is the number of highest and lowest, such as 5, not {k!r}.")
    found = empirical_bayes.ranks(pooled.posterior)
    first, last = found.interval(design.level)
    evidence = Evidence(pooled.low, pooled.high, pooled.median, first, last)
    return pd.DataFrame(
        {
            "raw": pooled.raw,
            "raw_place": empirical_bayes.raw_ranks(pooled.raw),
            "pooled": pooled.estimate,
            "pooled_low": pooled.low,
            "pooled_high": pooled.high,
            "expected_place": found.expected,
            "place_first": first,
            "place_last": last,
            "probability_among_highest": found.among_highest(int(k)),
            "probability_among_lowest": found.among_lowest(int(k)),
            "k": int(k),
            "standing": evidence.standings,
        },
        index=pd.Index(pooled.codes, name="municipality_code"),
    )


def loan_rates(loan_counts: Counts, design: Design) -> Pooled:
    """Loans for each inhabitant, pooled in part."""
    posterior = empirical_bayes.average_rates(loan_counts)
    ends, fit = posterior.interval(design.level), empirical_bayes.fit_rates(loan_counts)
    return Pooled(loan_counts.rates, posterior.quantile(0.5), *ends, fit, posterior)


def loan_growth(paired_loans: Paired, design: Design) -> Pooled:
    """Loans in the later year divided by those in the earlier, pooled in part."""
    posterior = empirical_bayes.average_change(paired_loans)
    fit, growth_of = empirical_bayes.fit_change(paired_loans), empirical_bayes.growth_of
    low, high = posterior.interval(design.level)
    early, late = np.array(paired_loans.pre, float), np.array(paired_loans.post, float)
    raw = np.divide(late, early, out=np.full(len(early), np.inf), where=early > 0)
    middle = growth_of(posterior.quantile(0.5))
    return Pooled(raw, middle, growth_of(low), growth_of(high), fit, posterior)


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


def actual_choice(municipality: pd.DataFrame) -> frozenset[str]:
    """Give the codes of the priority municipalities."""
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
        rules.append(Rule(name, weights, choice, agreement(choice, actual_choice(municipality))))
    return tuple(rules)
