"""Year by year: the event study, what survives without parallel trends, and agreements."""

import pandas as pd

from bsup_analysis.analysis.municipal.panels import MunicipalPanels
from bsup_analysis.analysis.municipal_data import MunicipalData
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.event_study import EventStudy, event_study
from bsup_analysis.effects.municipal.honest import Sensitivity, sensitivity
from bsup_analysis.effects.municipal.panel import NotEstimableError, attempt, known
from bsup_analysis.effects.municipal.rate_estimators import (
    Staggered,
    Synthetic,
    agreement_effects,
    synthetic_municipality,
)


def municipal_event_study(
    municipal_panels: MunicipalPanels, design: Design
) -> EventStudy | NotEstimableError:
    """Ratio of every year to the reference year, the year of selection among them."""
    return attempt(
        lambda: event_study(
            known(municipal_panels.whole),
            design.municipal.reference_year.value,
            drift=design.municipal.drift.value,
            level=design.inference.confidence_level.value,
        )
    )


def municipal_bounds(
    municipal_event_study: EventStudy | NotEstimableError, design: Design
) -> Sensitivity | NotEstimableError:
    """Bounds on the mean log ratio of treated years if trends were not parallel."""
    return attempt(lambda: _bounds(known(municipal_event_study), design))


def _bounds(study: EventStudy, design: Design) -> Sensitivity:
    shown = {*study.years, study.reference_year}
    gap = [year for year in range(min(shown), max(shown)) if year not in shown]
    if gap:
        raise NotEstimableError(
            "year_without_ratio",
            f"Honest bounds need every year, and {gap[0]} has no ratio.",
            year=gap[0],
        )
    return sensitivity(
        study.for_honest_bounds(),
        design.municipal.relative_grid.value,
        design.municipal.smooth_grid.value,
        level=design.inference.confidence_level.value,
    )


def municipal_agreements(
    municipal_panels: MunicipalPanels, municipal_data: MunicipalData
) -> Staggered | NotEstimableError:
    """Effects of agreements by the year they were signed, inside the priority group."""
    return attempt(
        lambda: agreement_effects(known(municipal_panels.whole), municipal_data.agreement_year)
    )


def municipal_synthetic(
    municipal_panels: MunicipalPanels, municipal_data: MunicipalData
) -> tuple[Synthetic, ...] | NotEstimableError:
    """Hold the largest priority municipality against weighted means of the others."""
    return attempt(
        lambda: synthetic_municipality(known(municipal_panels.primary), municipal_data.largest)
    )


def municipal_change(municipal_data: MunicipalData, design: Design) -> pd.DataFrame:
    """Loans per 1 000 inhabitants and year, before and from the first treated year on.

    Returns
    -------
    pandas.DataFrame
        One row a municipality: `unit`, `name`, `group`, `county`, `population` (mean of the
        years before), `loans_before`, `loans_after`, `years_before`, `years_after` (years with
        loans and population known), `rate_before`, `rate_after` (per 1 000 and year) and `ratio`;
        a ratio to a rate of zero, or without years, is unknown.
    """
    chosen = design.municipal
    years = [year for year in chosen.years.value if year != chosen.selection_year.value]
    rows = municipal_data.table.dropna(subset=["loans", "population"])
    rows = rows[rows["year"].isin(years) & (rows["population"] > 0)]
    after = rows["year"] >= design.window.first_treated_year.value
    units = municipal_data.table.drop_duplicates("unit").set_index("unit")
    table = units[["group", "county"]].assign(name=pd.Series(dict(municipal_data.names)))
    for side, part in (("before", rows[~after]), ("after", rows[after])):
        sums = part.groupby("unit")[["loans", "population"]].sum().astype(float)
        table[f"loans_{side}"] = sums["loans"].reindex(table.index)
        table[f"years_{side}"] = part.groupby("unit").size().reindex(table.index, fill_value=0)
        table[f"rate_{side}"] = (1_000 * sums["loans"] / sums["population"]).reindex(table.index)
        if side == "before":
            mean = part.groupby("unit")["population"].mean().astype(float)
            table["population"] = mean.reindex(table.index)
    ratio = table["rate_after"] / table["rate_before"]
    table["ratio"] = ratio.where(table["rate_before"] > 0)
    return table.reset_index()
