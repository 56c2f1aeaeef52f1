"""The panels of the municipal level: one for each outcome, and those that depart in one choice."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.analysis.municipal_data import MunicipalData
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.panel import MunicipalPanel, NotEstimableError, attempt
from bsup_analysis.errors import InputError

Panel = MunicipalPanel | NotEstimableError


@dataclass(frozen=True, eq=False)
class MunicipalPanels:
    """Municipalities x years, as each part of the evaluation needs them.

    Attributes
    ----------
    primary
        Loans with inhabitants as exposure, without the year of selection: what decides.
    whole
        The same with the year of selection, as untreated: event study and agreements.
    amounts
        NOK of the municipalities and years of `primary`.
    selection_year_treated
        `whole` with the year of selection counted as treated.
    partners_kept
        `primary` with the municipalities that are kept out of the comparison group; None where
        nobody is.
    least, greatest
        `primary` with every count at the limit that makes the ratio smaller, or larger; a count
        that is unknown within limits enters at its limit. None where no count has limits.
    absent_years
        Years of the design without any known count.
    """

    primary: Panel
    whole: Panel
    amounts: Panel
    selection_year_treated: Panel
    partners_kept: Panel | None
    least: Panel | None
    greatest: Panel | None
    absent_years: tuple[int, ...]


def municipal_panels(municipal_data: MunicipalData, design: Design) -> MunicipalPanels:
    """Lay the municipal table out as panels."""
    chosen, data = design.municipal, municipal_data
    loans = data.table.dropna(subset=["loans"])
    present = set(loans["year"])
    years = [year for year in chosen.years.value if year in present]
    first_treated, selection = design.window.first_treated_year.value, chosen.selection_year.value

    def lay(
        table: pd.DataFrame,
        measure: str = "loans",
        *,
        dropped: Iterable[int] = (selection,),
        excluded: Iterable[str] = data.excluded,
        first: int = first_treated,
    ) -> Panel:
        unknown = sorted(set(excluded) - set(table["unit"]))
        if unknown:
            raise InputError(
                f"Municipality {unknown[0]} is to be excluded but is not in the table."
            )
        rows = table[~table["unit"].isin(excluded)]
        return attempt(
            lambda: MunicipalPanel.from_frame(
                rows.assign(cluster=rows["unit"].map(data.cluster)),
                outcome=measure,
                first_treated_year=first,
                years=years,
                dropped_years=dropped,
            )
        )

    loose = (data.table["loans_low"] < data.table["loans_high"]).fillna(False)
    bounded = bool(loose[data.table["year"].isin(years)].any())
    least, greatest = (
        lay(_at_limits(data.table, first_treated, greatest=end)) if bounded else None
        for end in (False, True)
    )
    inside = data.table["year"].isin([year for year in years if year != selection])
    priced = data.table.loc[inside, "amount_nok"].notna().any()
    return MunicipalPanels(
        primary=lay(data.table),
        whole=lay(data.table, dropped=()),
        amounts=lay(data.table, "amount_nok")
        if priced
        else NotEstimableError("no_amounts", "The table has no known amount in NOK."),
        selection_year_treated=lay(data.table, dropped=(), first=selection),
        partners_kept=lay(data.table, excluded=()) if data.excluded else None,
        least=least,
        greatest=greatest,
        absent_years=tuple(year for year in chosen.years.value if year not in present),
    )


def _at_limits(table: pd.DataFrame, first_treated_year: int, *, greatest: bool) -> pd.DataFrame:
    """Put every count at the limit that makes the ratio of growth least, or greatest.

    That is the upper limit for priority municipalities from the first treated year on and for
    the others before it, and the lower limit elsewhere, for the greatest ratio.
    """
    treated = (table["group"] == "priority") == (table["year"] >= first_treated_year)
    upper = treated == greatest
    limit = table["loans_high"].where(upper, table["loans_low"])
    return table.assign(loans=limit.fillna(table["loans"]))
