"""What the municipal table answers: four estimands, the robustness table, and the decision."""

from bsup_analysis.analysis.municipal.panels import MunicipalPanels
from bsup_analysis.analysis.municipal_data import MunicipalData
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.estimands import (
    Draws,
    Estimand,
    RobustnessRow,
    Variant,
    estimands,
    robustness,
    variants,
)
from bsup_analysis.effects.municipal.honest import Sensitivity
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.verdict import MUNICIPAL_REASONS, Verdict, municipal_verdict

KEYS = ("E1", "E2", "E3", "E4")


def municipal_estimands(
    municipal_panels: MunicipalPanels, municipal_data: MunicipalData, design: Design
) -> tuple[Estimand, ...]:
    """Estimate E1 to E4; one that the data do not allow stays, with its reason."""
    panels, draws = municipal_panels, design.municipal.draws.value
    if isinstance(panels.primary, NotEstimableError):
        return tuple(Estimand(key, key == "E1", None, None, panels.primary) for key in KEYS)
    missing = panels.amounts if isinstance(panels.amounts, NotEstimableError) else None
    found = estimands(
        panels.primary,
        None if isinstance(panels.amounts, NotEstimableError) else panels.amounts,
        Draws(design.inference.seed.value, draws, draws),
        largest=municipal_data.largest,
        level=design.inference.confidence_level.value,
        power=design.inference.power.value,
    )
    absent = KEYS[len(found) :]
    return (*found, *(Estimand(key, False, None, None, missing) for key in absent))


def municipal_robustness(
    municipal_panels: MunicipalPanels,
    municipal_data: MunicipalData,
    municipal_estimands: tuple[Estimand, ...],
    design: Design,
) -> tuple[RobustnessRow, ...]:
    """Estimate every row of the robustness table; E1 and E2, which are rows of it, as they are."""
    panels, data, chosen = municipal_panels, municipal_data, design.municipal
    draws = chosen.robustness_draws.value
    if isinstance(panels.primary, NotEstimableError):
        return (RobustnessRow("primary", None, "primary", str(panels.primary), panels.primary),)
    left_out = {"without_loss_sharing": data.loss_sharing, "without_largest": (data.largest,)}
    further = {"selection_year_treated": panels.selection_year_treated}
    if panels.partners_kept is not None:
        further["partners_kept"] = panels.partners_kept
    rows = variants(
        panels.primary,
        doubtful_year=chosen.reference_year.value,
        placebo_year=chosen.placebo_year.value,
        left_out={name: codes for name, codes in left_out.items() if codes},
        largest_others=chosen.largest_others.value,
        smallest_priority=chosen.smallest_priority.value,
        further=further,
    )
    limits = [
        Variant(name, "counts", panel)
        for name, panel in (("counts_least", panels.least), ("counts_greatest", panels.greatest))
        if panel is not None
    ]
    known = {"primary": municipal_estimands[0], "without_largest": municipal_estimands[1]}
    found = robustness(
        [row for row in (*rows, *limits) if row.name not in known],
        Draws(design.inference.seed.value, draws, draws),
        level=design.inference.confidence_level.value,
        power=design.inference.power.value,
    )
    by_name = {row.name: row for row in found} | {
        row.name: RobustnessRow(
            row.kind, item.estimate, row.name, str(item.problem or ""), item.problem
        )
        for row in rows
        if (item := known.get(row.name))
    }
    return tuple(by_name[row.name] for row in (*rows, *limits))


def municipal_decision(
    municipal_estimands: tuple[Estimand, ...],
    municipal_bounds: Sensitivity | NotEstimableError,
) -> Verdict | NotEstimableError:
    """Judge by the decision table; without the primary estimate there is nothing to judge."""
    first, second = municipal_estimands[:2]
    if first.estimate is None:
        return first.problem or NotEstimableError("no_finite_estimate", "There is no estimate.")
    bounds = None if isinstance(municipal_bounds, NotEstimableError) else municipal_bounds
    return municipal_verdict(
        first.estimate.interval,
        None if bounds is None else bounds.relative_breakdown,
        None if second.estimate is None else second.estimate.interval,
        MUNICIPAL_REASONS,
        bounded_log_ratio=None if bounds is None else bounds.estimate,
    )
