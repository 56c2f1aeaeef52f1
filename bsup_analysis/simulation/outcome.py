"""What a run says while it goes on, and what it ends in."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bsup_analysis.simulation.estimate import Estimate
from bsup_analysis.simulation.selfcheck import SelfCheck


@dataclass(frozen=True)
class Step:
    """What a run has to say: a sentence, or how far it is.

    Attributes
    ----------
    done, total
        Chunks finished and chunks in all.
    seconds_left
        Time left; None before it is known.
    sentence
        What is to be told apart from the count; empty for a plain step.
    """

    done: int
    total: int
    seconds_left: float | None
    sentence: str = ""


@dataclass(frozen=True, eq=False)
class Simulation:
    """A finished run.

    Attributes
    ----------
    table
        One row a scenario, effect and test, as `summary` defines them.
    computed, reused
        Chunks computed now, and chunks found stored.
    damaged
        Names of stored chunks that were damaged and computed anew.
    check
        The kernel against statsmodels, the worst of all scenarios; None if nothing was computed.
    estimate
        What the run was expected to take; None if nothing was computed.
    """

    table: pd.DataFrame
    computed: int
    reused: int
    damaged: tuple[str, ...]
    check: SelfCheck | None
    estimate: Estimate | None
