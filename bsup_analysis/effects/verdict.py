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
    criteria = tuple(
        Criterion(f"excludes_one:{name}", interval.low > 1, interval.high < 1)
        for name, interval in intervals.items()
    )
    widest = max(intervals, key=lambda name: intervals[name].high / intervals[name].low)
    return Verdict(_key(criteria), "published", intervals[widest], widest, criteria, reasons)


def municipal_verdict(
    primary: RatioInterval,
    without_largest: RatioInterval | None,
    log_limits: tuple[float, float] | None,
    reasons: tuple[str, ...] = (),
) -> Verdict:
    """Judge the municipal data: improved where three intervals lie above one, worse where below.

    The rule and its M were chosen from a simulation of the whole rule before any municipal data
    were seen (`simulation.rule_experiment`; METHODS, size, power and coverage, 8).

    Parameters
    ----------
    primary
        E1 with its CRV3 interval.
    without_largest
        E2, the same without Trondheim, with its own. None where it cannot be estimated: the
        condition is then not met.
    log_limits
        Limits of the fixed-length interval, at the rule's M, of the mean log ratio of the treated
        years against the reference year. None where the data allow none, likewise.
    reasons
        Keys of further limits.
    """
    limits = {
        "excludes_one:primary": _from_one(primary),
        "without_largest": _from_one(without_largest),
        "fixed_length": log_limits or (0.0, 0.0),
    }
    criteria = tuple(Criterion(name, low > 0, high < 0) for name, (low, high) in limits.items())
    return Verdict(_key(criteria), "municipal", primary, "primary", criteria, reasons)


def _from_one(interval: RatioInterval | None) -> tuple[float, float]:
    return (0.0, 0.0) if interval is None else (interval.low - 1, interval.high - 1)


def _key(criteria: tuple[Criterion, ...]) -> Key:
    if all(criterion.above for criterion in criteria):
        return "improved"
    if all(criterion.below for criterion in criteria):
        return "worse"
    return "not_shown"
