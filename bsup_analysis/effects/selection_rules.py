"""How a stated rule would have chosen, and how far the actual choice agrees with it.

A rule is a score: the municipalities with the highest are chosen.  Where several tie for the last
places, nobody is picked by lot or by number; the tie is kept and agreement given as a range.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import hypergeom

from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class Choice:
    """What a rule chooses.

    Attributes
    ----------
    certain
        Chosen whatever is done about ties.
    tied
        Equal candidates for the places that are left; empty where the rule decides all.
    places
        How many are to be chosen.
    """

    certain: frozenset[str]
    tied: frozenset[str]
    places: int


@dataclass(frozen=True)
class Agreement:
    """How far a choice agrees with the actual one, over all ways to settle its ties.

    Attributes
    ----------
    both_low, both_high
        Fewest and most municipalities that both choose.
    jaccard_low, jaccard_high
        Those in both divided by those in either (Jaccard 1901).
    """

    both_low: int
    both_high: int
    jaccard_low: float
    jaccard_high: float


def choose(scores: pd.Series, places: int) -> Choice:
    """Choose the municipalities with the highest scores.

    Parameters
    ----------
    scores
        Score by municipality code; unknown scores are never chosen.
    places
        How many to choose.

    Raises
    ------
    InputError
        There are fewer known scores than places, or no place.
    """
    known = scores.dropna()
    if not 1 <= places <= len(known):
        raise InputError(
            f"{places} municipalities cannot be chosen from {len(known)} with a known score."
        )
    last = known.sort_values(ascending=False, kind="stable").iloc[places - 1]
    above = frozenset(known.index[known > last])
    level = frozenset(known.index[known == last])
    if len(above) + len(level) == places:
        return Choice(above | level, frozenset(), places)
    return Choice(above, level, places)


def agreement(choice: Choice, actual: Collection[str]) -> Agreement:
    """Compare a choice with the actual one."""
    chosen = frozenset(actual)
    left = choice.places - len(choice.certain)
    sure, among = len(choice.certain & chosen), len(choice.tied & chosen)
    low = sure + max(0, left - (len(choice.tied) - among))
    high = sure + min(left, among)
    either = choice.places + len(chosen)
    return Agreement(low, high, low / (either - low), high / (either - high))


def expected_jaccard(units: int, places: int, actual: int) -> float:
    """Compute the mean Jaccard index of choices by lot: the number in both is hypergeometric."""
    both = np.arange(0, min(places, actual) + 1)
    chance = hypergeom(units, actual, places).pmf(both)
    return math.fsum(chance * both / (places + actual - both))


def relative_places(values: pd.Series) -> pd.Series:
    """Put values on a scale from 0 (lowest) to 1 (highest) by their order alone.

    Equal values share their mean place.  Order instead of size, so that one city a hundred times
    the size of the others does not decide the sum.  Unknown values stay unknown.
    """
    known = values.notna().sum()
    if known < 2:
        raise InputError(f"Fewer than two municipalities have a known {values.name}.")
    return (values.rank(method="average") - 1) / (known - 1)


def weighted_score(places: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """Add up relative places with weights.

    Parameters
    ----------
    places
        A column an indicator, as from `relative_places`; a row a municipality.
    weights
        Weight of each indicator, zero or more; only their proportions count.

    Returns
    -------
    pandas.Series
        From 0 to 1, rounded to twelve decimals so that equal sums are ties on every machine.  A
        municipality with an unknown indicator is scored by its known ones, and is unknown where
        these have no weight.

    Raises
    ------
    InputError
        A weight for no indicator, a negative one, or all zero.
    """
    for name, weight in weights.items():
        if name not in places.columns:
            known = ", ".join(places.columns)
            raise InputError(f"There is no indicator {name!r} to weigh; there are: {known}.")
        if not (math.isfinite(weight) and weight >= 0):
            raise InputError(f"The weight of {name} is {weight}; it must be zero or more.")
    if not sum(weights.values()) > 0:
        raise InputError("All weights are zero: give at least one indicator some weight.")
    share = np.array([weights.get(str(name), 0.0) for name in places.columns])
    values = places.to_numpy(float)
    present = ~np.isnan(values) @ share
    total = np.nan_to_num(values) @ share
    score = np.full(len(places), np.nan)
    np.divide(total, present, out=score, where=present > 0)
    return pd.Series(score.round(12), index=places.index)


def weightings(names: Sequence[str], parts: int) -> Iterator[dict[str, float]]:
    """Go through all ways to share `parts` equal parts of weight among the indicators.

    There are C(parts + n - 1, n - 1) of them for n indicators.
    """
    if parts < 1 or not names:
        raise InputError("Weights need an indicator and at least one part to share out.")
    total = parts + len(names) - 1
    for bars in combinations(range(total), len(names) - 1):
        ends = (-1, *bars, total)
        sizes = [b - a - 1 for a, b in pairwise(ends)]
        yield {name: size / parts for name, size in zip(names, sizes, strict=True)}


@dataclass(frozen=True)
class Sensitivity:
    """What the weights decide.

    Attributes
    ----------
    weights
        (weightings, indicators).
    chosen
        (weightings, municipalities): 1 chosen, 0 not, a tie as the share of its places.
    jaccard
        (weightings,): agreement with the actual choice, the mean over its range.
    codes, names
        Municipalities and indicators, in the order of the arrays.
    """

    weights: npt.NDArray[np.float64]
    chosen: npt.NDArray[np.float64]
    jaccard: npt.NDArray[np.float64]
    codes: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def share_chosen(self) -> pd.Series:
        """Share of the weightings that choose each municipality, by code."""
        return pd.Series(self.chosen.mean(axis=0), index=list(self.codes))


def sensitivity(
    indicators: pd.DataFrame, actual: Collection[str], places: int, parts: int = 10
) -> Sensitivity:
    """Choose under every way to share the weight among the indicators.

    Parameters
    ----------
    indicators
        A column an indicator, a row a municipality (index: its code).
    actual
        Codes of the actual choice.
    places
        How many to choose.
    parts
        Steps from no weight to all of it.
    """
    names = tuple(str(name) for name in indicators.columns)
    relative = indicators.apply(relative_places)
    weights, chosen, jaccard = [], [], []
    for weighting in weightings(names, parts):
        choice = choose(weighted_score(relative, weighting), places)
        left = places - len(choice.certain)
        share = left / len(choice.tied) if choice.tied else 0.0
        row = [1.0 if c in choice.certain else share * (c in choice.tied) for c in indicators.index]
        found = agreement(choice, actual)
        weights.append(list(weighting.values()))
        chosen.append(row)
        jaccard.append((found.jaccard_low + found.jaccard_high) / 2)
    codes = tuple(str(code) for code in indicators.index)
    return Sensitivity(np.array(weights), np.array(chosen), np.array(jaccard), codes, names)
