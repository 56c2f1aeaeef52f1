"""Inside the priority group: how unlike its municipalities are, and agreement against none."""

from dataclasses import dataclass

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects.agreement import (
    AgreementContrast,
    CountyComparison,
    agreement_contrast,
    county_comparison,
)
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.inference import LeftOut, leave_one_out
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.randomisation import GrowthRandomisation, randomise_growth


def loans_left_out(
    priority_loans: Paired, loans_contrast: GroupContrast, design: Design
) -> tuple[LeftOut, ...]:
    """Group contrast of loans without each priority municipality in turn."""
    totals = loans_contrast.totals
    return leave_one_out(
        priority_loans,
        totals.other_pre,
        totals.other_post,
        level=design.inference.confidence_level.value,
        power=design.inference.power.value,
    )


@dataclass(frozen=True)
class AgreementReading:
    """The agreement contrast under one reading of who had an agreement.

    Attributes
    ----------
    reading
        Its name.
    contrast
        Growth with against without an agreement, with intervals.
    randomisation, within_counties
        The exact test over all assignments, and over those with as many in each county.
    counties
        The comparison inside counties.
    """

    reading: str
    contrast: AgreementContrast
    randomisation: GrowthRandomisation
    within_counties: GrowthRandomisation
    counties: CountyComparison


def agreement_readings(
    municipality: pd.DataFrame, rows: Paired, design: Design
) -> tuple[AgreementReading, ...]:
    """Compare agreement with none inside the priority group, under each reading of who had one.

    Parameters
    ----------
    municipality
        The municipalities: group, county, cluster, and who had an agreement by reading.
    rows
        Loans, or NOK, of the priority municipalities before and after.
    design
        Readings, confidence level and power.
    """
    settings = {
        "level": design.inference.confidence_level.value,
        "power": design.inference.power.value,
    }
    priority = municipality[municipality["group"] == "priority"].set_index("municipality_code")
    county, cluster = priority["county_code"].to_dict(), priority["cluster"].to_dict()
    strata = [county[code] for code in rows.codes]
    found = []
    for reading in design.parameters["reading"].allowed:
        treated = sorted(priority.index[priority[f"agreement_{reading}"]])
        found.append(
            AgreementReading(
                reading,
                agreement_contrast(rows, treated, clusters=cluster, **settings),
                randomise_growth(rows, treated),
                randomise_growth(rows, treated, strata),
                county_comparison(rows, treated, county, **settings),
            )
        )
    return tuple(found)
