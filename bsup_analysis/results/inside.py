"""Inside the priority group: how unlike its municipalities are, and agreement against none."""

from dataclasses import dataclass

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects.agreement import AgreementContrast, agreement_contrast
from bsup_analysis.effects.counties import CountyComparison, county_comparison
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.heterogeneity import Heterogeneity, heterogeneity
from bsup_analysis.effects.inside_priority import LeftOut, leave_one_out
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.randomisation import GrowthRandomisation, randomise_growth


def loans_heterogeneity(priority_loans: Paired, design: Design) -> Heterogeneity:
    """Spread of log growth between the priority municipalities beyond chance."""
    return heterogeneity(priority_loans, level=design.inference.confidence_level.value)


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
    )


@dataclass(frozen=True)
class AgreementReading:
    """The agreement contrast under one reading of who had an agreement."""

    reading: str
    contrast: AgreementContrast
    randomisation: GrowthRandomisation
    counties: CountyComparison


def agreement_readings(
    municipality: pd.DataFrame, priority_loans: Paired, design: Design
) -> tuple[AgreementReading, ...]:
    """Agreement against none inside the priority group, loans, under each reading."""
    level = design.inference.confidence_level.value
    rows = municipality[municipality["group"] == "priority"].set_index("municipality_code")
    county = rows["county_code"].to_dict()
    found = []
    for reading in design.parameters["reading"].allowed:
        treated = sorted(rows.index[rows[f"agreement_{reading}"]])
        found.append(
            AgreementReading(
                reading,
                agreement_contrast(priority_loans, treated, level=level),
                randomise_growth(priority_loans, treated),
                county_comparison(priority_loans, treated, county, level=level),
            )
        )
    return tuple(found)
