"""The rows of the robustness table: each changes one choice of the primary model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from bsup_analysis.effects.municipal.estimate import Draws, Estimate, estimate
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.ppml import PpmlSettings
from bsup_analysis.effects.municipal.refusal import NotEstimableError, attempt, known

Kind = Literal[
    "primary", "window", "sample", "counts", "leave_one_out", "placebo", "controls", "overlap"
]


@dataclass(frozen=True, eq=False)
class Variant:
    """A panel and settings that differ from the primary ones in one choice.

    Attributes
    ----------
    name
        Key of the row.
    kind
        What was changed.
    panel
        What is estimated, or why the data have no such panel.
    settings
        What stands beside the effect.
    """

    name: str
    kind: Kind
    panel: MunicipalPanel | NotEstimableError
    settings: PpmlSettings = field(default_factory=PpmlSettings)


@dataclass(frozen=True)
class RobustnessRow:
    """A row of the table.

    Attributes
    ----------
    kind
        What was changed.
    estimate
        The estimate, by the row's name; None where it cannot be estimated.
    reason
        Why not, as a sentence in English; empty where it can.
    problem
        The same, to be said in another language.
    """

    kind: Kind
    estimate: Estimate | None
    name: str
    reason: str = ""
    problem: NotEstimableError | None = None


def variants(
    panel: MunicipalPanel,
    *,
    doubtful_year: int,
    placebo_year: int,
    left_out: Mapping[str, Iterable[str]],
    largest_others: int,
    smallest_priority: int,
    further: Mapping[str, MunicipalPanel | NotEstimableError] | None = None,
) -> tuple[Variant, ...]:
    """List the rows.

    Parameters
    ----------
    panel
        The primary panel.
    doubtful_year
        Untreated year left out in one row: 2008, whose figures the choice may have rested on.
    placebo_year
        Pretended first treated year; only untreated years enter that row.
    left_out
        Codes left out, by the row's name (Steinkjer, Trondheim).
    largest_others, smallest_priority
        How many of the largest others are held against how many of the smallest priority
        municipalities: where the two groups are of about one size.
    further
        More panels by the row's name, such as the selection year counted as treated.
    """
    treated_years = [year for year in panel.years if year >= panel.first_treated_year]
    rows = [
        Variant("primary", "primary", panel),
        Variant(
            f"without_{doubtful_year}",
            "window",
            attempt(lambda: panel.without_years([doubtful_year])),
        ),
        *(Variant(name, "sample", panel.without(codes)) for name, codes in left_out.items()),
        Variant("county_by_year", "controls", panel, PpmlSettings(by_county=True)),
        Variant("size_by_year", "controls", panel, PpmlSettings(by_size=True)),
        Variant(
            f"largest_{largest_others}_others_smallest_{smallest_priority}_priority",
            "overlap",
            attempt(lambda: overlap(panel, largest_others, smallest_priority)),
        ),
        Variant(
            f"placebo_{placebo_year}",
            "placebo",
            attempt(lambda: panel.without_years(treated_years, first_treated_year=placebo_year)),
        ),
        *(Variant(name, "window", other) for name, other in (further or {}).items()),
        *(
            Variant(f"leave_out_{code}", "leave_one_out", panel.without([code]))
            for code, treated in zip(panel.codes, panel.treated, strict=True)
            if treated
        ),
    ]
    return tuple(rows)


def overlap(panel: MunicipalPanel, largest_others: int, smallest_priority: int) -> MunicipalPanel:
    """Keep the largest others and the smallest priority municipalities, by mean population.

    The mean is over untreated years; ties go to the lower code.
    """
    before = panel.population[:, ~panel.post]
    if not np.isfinite(before).any(axis=1).all():
        unknown = panel.codes[int(np.flatnonzero(~np.isfinite(before).any(axis=1))[0])]
        raise NotEstimableError(
            "population_before",
            f"Municipality {unknown} has no known population before the programme.",
            code=unknown,
        )
    size = np.nanmean(before, axis=1)
    order = sorted(range(len(size)), key=lambda unit: (size[unit], panel.codes[unit]))
    others = [unit for unit in order if not panel.treated[unit]][::-1][:largest_others]
    priority = [unit for unit in order if panel.treated[unit]][:smallest_priority]
    chosen = {*others, *priority}
    return panel.keep([unit in chosen for unit in range(len(size))])


def robustness(
    rows: Iterable[Variant], draws: Draws, *, level: float = 0.95, power: float = 0.80
) -> tuple[RobustnessRow, ...]:
    """Estimate each row; one that cannot be estimated stays in the table with its reason."""
    return tuple(_row(variant, draws, level, power) for variant in rows)


def _row(variant: Variant, draws: Draws, level: float, power: float) -> RobustnessRow:
    name, settings = variant.name, variant.settings
    try:
        panel = known(variant.panel)
        found = estimate(name, panel, draws, settings=settings, level=level, power=power)
    except NotEstimableError as problem:
        return RobustnessRow(variant.kind, None, name, str(problem), problem)
    return RobustnessRow(variant.kind, found, name)
