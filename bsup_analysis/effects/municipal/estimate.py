"""One estimate with every inference the design asks for, as a row of a table."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from bsup_analysis.effects.inference import RatioInterval
from bsup_analysis.effects.municipal.crv import crv1, crv3
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.ppml import PpmlSettings, fit
from bsup_analysis.effects.municipal.score_tests import (
    ScoreRandomisation,
    ScoreWildTest,
    randomise_score,
    score_wild,
)
from bsup_analysis.effects.municipal.separation import Dropped


@dataclass(frozen=True)
class Draws:
    """How much is drawn at random, and from where.

    Attributes
    ----------
    seed
        Whole number; each test derives a stream of its own from it and its row's name, so that
        rows may be computed in any order.
    wild, randomisation
        Number of draws.
    """

    seed: int
    wild: int = 9_999
    randomisation: int = 9_999

    def stream(self, row: str, test: str) -> np.random.SeedSequence:
        """Source of random numbers for one test of one row."""
        return np.random.SeedSequence([self.seed, zlib.crc32(f"{row}/{test}".encode())])


@dataclass(frozen=True)
class Estimate:
    """A rate ratio and its inference.

    Attributes
    ----------
    name
        Key of the row.
    interval
        Ratio with its CRV3 interval, t on (priority clusters - 1): the primary one.
    p_value
        Its two-sided p-value.
    sandwich
        The interval with CRV1, never shown alone.
    wild
        Restricted score wild bootstrap.
    randomisation
        Randomisation inference over clusters.
    municipalities, priority, clusters
        Municipalities with information, those of them named as priority, and clusters.
    years
        Years of the window.
    dropped
        What was left out before fitting, and why.
    """

    name: str
    interval: RatioInterval
    p_value: float
    sandwich: RatioInterval
    wild: ScoreWildTest
    randomisation: ScoreRandomisation
    municipalities: int
    priority: int
    clusters: int
    years: tuple[int, ...]
    dropped: tuple[Dropped, ...]

    @property
    def ratio(self) -> float:
        """Rate ratio."""
        return self.interval.ratio


def estimate(
    name: str,
    panel: MunicipalPanel,
    draws: Draws,
    *,
    settings: PpmlSettings | None = None,
    level: float = 0.95,
    power: float = 0.80,
) -> Estimate:
    """Estimate the effect on the treated of being named a priority municipality.

    Parameters
    ----------
    name
        Key of the row.
    panel
        The panel; its exposure decides what the ratio is of.
    draws
        Random numbers.
    settings
        What stands beside the effect.
    level, power
        Confidence level, and the certainty that detectable ratios are stated for.
    """
    fitted = fit(panel, settings=settings)
    jackknife = crv3(fitted)
    active = fitted.used.any(axis=1)
    return Estimate(
        name=name,
        interval=jackknife.interval(level=level, power=power),
        p_value=jackknife.p_value(),
        sandwich=crv1(fitted).interval(level=level, power=power),
        wild=score_wild(fitted, draws.stream(name, "wild"), draws=draws.wild, level=level),
        randomisation=randomise_score(
            fitted, draws.stream(name, "randomisation"), draws=draws.randomisation
        ),
        municipalities=int(active.sum()),
        priority=int((active & panel.treated).sum()),
        clusters=jackknife.clusters,
        years=panel.years,
        dropped=fitted.dropped,
    )
