"""Scenarios: how noisy the synthetic panels are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bsup_analysis.errors import InputError
from bsup_analysis.simulation.config import load_config


@dataclass(frozen=True)
class Scenario:
    """What a panel is drawn from.

    Attributes
    ----------
    name
        Name of the noise.
    sigma
        Standard deviation of the log mean of a municipality and year.
    autocorrelation
        Of that noise, from one year to the next (first order).
    small_unit_sigma
        Added to it at 1 000 inhabitants; the added variance falls with inhabitants.
    county_sigma
        Standard deviation of the log mean that a county's municipalities share in a year.
    trend
        Drift of the priority group's log rate a year, from the base year on and back.
    selection
        Mean noise of the priority municipalities in the year they were chosen on, in standard
        deviations: what a choice on a noisy figure leaves. It dies out as the noise does.
    largest_effect
        Rate ratio of the largest priority municipality; None where it is that of the others.
    """

    name: str
    sigma: float
    autocorrelation: float = 0.0
    small_unit_sigma: float = 0.0
    county_sigma: float = 0.0
    trend: float = 0.0
    selection: float = 0.0
    largest_effect: float | None = None


def scenario(name: str) -> Scenario:
    """Return the named scenario, without trend, selection or an effect of its own.

    Raises
    ------
    InputError
        There is no such scenario.
    """
    known = load_config().scenario
    if name not in known:
        raise InputError(f"There is no scenario {name!r}; there are {', '.join(sorted(known))}.")
    noise = known[name]
    return Scenario(
        name,
        noise.sigma.value,
        noise.autocorrelation.value,
        noise.small_unit_sigma.value,
        noise.county_sigma.value,
    )


def checked_effects(effects: Iterable[float]) -> tuple[float, ...]:
    """Return the effects in their order, each once.

    Raises
    ------
    InputError
        None is given, or one is not a ratio above zero.
    """
    chosen = tuple(dict.fromkeys(float(effect) for effect in effects))
    if not chosen:
        raise InputError("No effect is given; 1 stands for no effect.")
    for effect in chosen:
        if not (math.isfinite(effect) and effect > 0):
            raise InputError(
                f"An effect is a ratio of rates and must be above zero, not {effect:g}; "
                "1 stands for no effect."
            )
    return chosen
