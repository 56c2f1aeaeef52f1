"""The decision table; a structured verdict, the words come elsewhere.

That of the published level was written when its totals were known, that of the municipal level
before any municipal file had been seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bsup_analysis.effects.inference import RatioInterval
from bsup_analysis.errors import InputError

Key = Literal["improved", "worse", "not_shown"]
Level = Literal["published", "municipal"]

# Why the published totals are no evidence of harm, or of good, whatever the interval.
PUBLISHED_REASONS = ("one_clean_pre_year", "selection_on_size", "co_treatment")
MUNICIPAL_REASONS = ("selection_on_size", "co_treatment")


@dataclass(frozen=True)
class Criterion:
    """One condition of the decision table.

    Attributes
    ----------
    name
        Key of the condition.
    above, below
        Whether it is met for "improved" and for "worse".
    """

    name: str
    above: bool
    below: bool


@dataclass(frozen=True)
class Verdict:
    """What may be said.

    Attributes
    ----------
    key
        "improved", "worse" or "not_shown".
    level
        "published" or "municipal" data.
    interval
        The interval to print: the widest of those considered.
    interval_name
        Its key.
    criteria
        The conditions, each met or not.
    reasons
        Keys of what limits the reading of it, whatever the key.
    """

    key: Key
    level: Level
    interval: RatioInterval
    interval_name: str
    criteria: tuple[Criterion, ...]
    reasons: tuple[str, ...]


def published_verdict(
    intervals: Mapping[str, RatioInterval], reasons: tuple[str, ...] = PUBLISHED_REASONS
) -> Verdict:
    """Judge the published totals: "not shown" unless every interval lies on one side of one.

    Parameters
    ----------
    intervals
        One interval a dispersion considered, all of the same estimate.
    reasons
        Keys of the limits that stand beside the verdict.

    Raises
    ------
    InputError
        No interval, or intervals of different estimates.
    """
    if not intervals:
        raise InputError("A verdict needs one interval at least.")
    ratios = [interval.ratio for interval in intervals.values()]
    if max(ratios) - min(ratios) > 1e-9 * max(ratios):
        raise InputError("The intervals are not of the same ratio: a verdict is on one estimate.")
    criteria = tuple(_beyond_one(name, interval) for name, interval in intervals.items())
    widest = max(intervals, key=lambda name: intervals[name].high / intervals[name].low)
    return Verdict(_key(criteria), "published", intervals[widest], widest, criteria, reasons)


def municipal_verdict(
    primary: RatioInterval,
    breakdown: float | None,
    without_largest: RatioInterval | None,
    reasons: tuple[str, ...] = (),
    *,
    bounded_log_ratio: float | None = None,
) -> Verdict:
    """Judge the municipal data by the whole table.

    Parameters
    ----------
    primary
        E1 with its CRV3 interval.
    breakdown
        Largest relative violation of parallel trends M that leaves the finding standing; 1 or more
        is asked for. None where the data allow no bounds: the condition is then not met.
    without_largest
        E2, the same without Trondheim; its ratio must lie on the same side of one. None where it
        cannot be estimated: the condition is then not met.
    reasons
        Keys of further limits.
    bounded_log_ratio
        The log ratio that the bounds are of, which must lie on the side of the finding; None
        where that of the primary estimate is meant.
    """
    robust = breakdown is not None and breakdown >= 1
    bounded = primary.log_ratio if bounded_log_ratio is None else bounded_log_ratio
    largest = 1.0 if without_largest is None else without_largest.ratio
    criteria = (
        _beyond_one("primary", primary),
        Criterion("breakdown", robust and bounded > 0, robust and bounded < 0),
        Criterion("without_largest", largest > 1, largest < 1),
    )
    return Verdict(_key(criteria), "municipal", primary, "primary", criteria, reasons)


def _beyond_one(name: str, interval: RatioInterval) -> Criterion:
    return Criterion(f"excludes_one:{name}", interval.low > 1, interval.high < 1)


def _key(criteria: tuple[Criterion, ...]) -> Key:
    if all(criterion.above for criterion in criteria):
        return "improved"
    if all(criterion.below for criterion in criteria):
        return "worse"
    return "not_shown"
