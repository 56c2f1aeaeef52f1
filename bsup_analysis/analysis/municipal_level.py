"""The municipal level: the user's table or a SYNTHETIC panel, laid out, estimated and judged.

What the data do not allow is a `NotEstimableError` that keeps its reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.estimands import (
    Estimand,
    Inference,
    RobustnessRow,
    Variant,
    estimands,
    robustness,
    variants,
)
from bsup_analysis.effects.municipal.event_study import EventStudy, event_study
from bsup_analysis.effects.municipal.honest import Sensitivity, sensitivity
from bsup_analysis.effects.municipal.panel import MunicipalPanel, NotEstimableError, attempt, known
from bsup_analysis.effects.municipal.rate_estimators import (
    Staggered,
    Synthetic,
    agreement_effects,
    synthetic_municipality,
)
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.verdict import MUNICIPAL_REASONS, Verdict, municipal_verdict
from bsup_analysis.errors import InputError

COLUMNS = [
    "unit",
    "year",
    "group",
    "county",
    "population",
    "loans",
    "loans_low",
    "loans_high",
    "amount_nok",
]
# the document's plan for 2011 (p. 14) is the only year given for agreements after the first
FIRST_AGREEMENTS, LATER_AGREEMENTS = 2010, 2011


@dataclass(frozen=True, eq=False)
class MunicipalData:
    """Loans of every municipality and year, and what the design says of the municipalities.

    Attributes
    ----------
    table
        One row a unit and year, sorted: `unit`, `year`, `group` (priority or other), `county`,
        `population` (1 January), `loans`, `loans_low`, `loans_high`, `amount_nok` (Int64); what
        is unknown is <NA>, never zero.
    names
        Unit to the name shown; pseudonyms in a demonstration.
    largest
        The largest priority municipality, which can carry a result alone: Trondheim.
    loss_sharing
        In the national loss-sharing trial at the same time: Steinkjer.
    cluster
        Unit to its unit of inference; municipalities that administer start loans together
        share one.
    excluded
        Not in the comparison group: partners of a priority municipality.
    neighbours
        Others that border on a priority municipality, which the programme there may have reached;
        none in a demonstration, which has no places.
    agreement_year
        Units with an agreement, and its latest possible year.
    definition
        What is counted: `loans` or `approved_dwellings`.
    synthetic
        True for a demonstration.
    origin
        One line: where the data come from.
    """

    table: pd.DataFrame
    names: Mapping[str, str]
    largest: str
    loss_sharing: tuple[str, ...]
    cluster: Mapping[str, str]
    excluded: tuple[str, ...]
    neighbours: tuple[str, ...]
    agreement_year: Mapping[str, int]
    definition: str
    synthetic: bool
    origin: str


@dataclass(frozen=True, eq=False)
class Demonstration:
    """A SYNTHETIC panel as `bsup demo` wrote it: its rows, and how they were drawn, in a line."""

    table: pd.DataFrame
    origin: str


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    whole = dict.fromkeys([*COLUMNS[4:], "year"], "Int64")
    ordered = table[COLUMNS].astype(whole).astype({"year": "int64"})
    return ordered.sort_values(["unit", "year"], ignore_index=True)


def municipal_data(
    start_loans: pd.DataFrame,
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    exclusions: pd.DataFrame,
    co_treatment: pd.DataFrame,
    reading: str,
    design: Design,
) -> MunicipalData:
    """Join the user's table with the study's own, on the borders of 2009.

    Years of the table without population in the panel keep their loans; their population is
    unknown.
    """
    about = municipality.set_index("municipality_code")
    people = municipality_year[["municipality_code", "year", "population"]]
    table = (
        start_loans.merge(people, on=["municipality_code", "year"], how="left")
        .merge(municipality[["municipality_code", "group", "county_code"]], on="municipality_code")
        .rename(columns={"municipality_code": "unit", "county_code": "county"})
    )
    selection = people[people["year"] == design.years[0]]
    priority = about.index[about["group"] == "priority"]
    sizes = selection.set_index("municipality_code").loc[priority, "population"].astype(int)
    partners = exclusions["applies_to"] == "municipal_comparison_group"
    beside = set(exclusions.loc[exclusions["applies_to"] == "neighbour", "municipality_code"])
    trial = co_treatment[co_treatment["what"] == "loss_sharing_trial"]
    first, agreed = about["agreement_signed_2010"], about[f"agreement_{reading}"]
    return MunicipalData(
        table=_ordered(table),
        names=about["municipality_name"].to_dict(),
        largest=str(sizes.idxmax()),
        loss_sharing=tuple(sorted(trial["municipality_code"].dropna())),
        cluster=about["cluster"].to_dict(),
        excluded=tuple(sorted(exclusions.loc[partners, "municipality_code"])),
        neighbours=tuple(sorted(beside - set(exclusions.loc[partners, "municipality_code"]))),
        agreement_year={
            str(unit): FIRST_AGREEMENTS if first[unit] else LATER_AGREEMENTS
            for unit in about.index[agreed]
        },
        definition=str(start_loans["definition"].iloc[0]),
        synthetic=False,
        origin="; ".join(sorted({str(source).split(";")[0] for source in start_loans["source"]})),
    )


def demonstration_data(demonstration: Demonstration) -> MunicipalData:
    """Give a SYNTHETIC panel the same form; it has one reading of who had an agreement."""
    rows = demonstration.table
    units = rows.drop_duplicates("unit").set_index("unit")
    agreed = units["agreement_year"].dropna()

    def having(role: str) -> tuple[str, ...]:
        return tuple(sorted(units.index[units["role"] == role]))

    return MunicipalData(
        table=_ordered(rows),
        names={unit: unit for unit in units.index},
        largest=having("largest")[0],
        loss_sharing=having("loss_sharing"),
        cluster=units["cluster"].to_dict(),
        excluded=having("partner"),
        neighbours=(),
        agreement_year={str(unit): int(year) for unit, year in agreed.items()},
        definition="loans",
        synthetic=True,
        origin=demonstration.origin,
    )


def all_loans(municipality_year: pd.DataFrame, start_loans: pd.DataFrame) -> pd.DataFrame:
    """Give municipality-years with the loans and NOK of the user's table, for every one alike.

    Published rows are not mixed in: the table may count something else, and says what.
    """
    keys = ["municipality_code", "year"]
    own = start_loans[[*keys, "loans", "amount_nok", "source"]]
    own = own.rename(columns={"source": "loans_source"})
    kept = municipality_year.drop(columns=["loans", "amount_nok", "loans_source"])
    return kept.merge(own, on=keys, how="left")[list(municipality_year.columns)]


def all_twice(available_loans: pd.DataFrame, design: Design) -> Paired:
    """Give loans before and after of every municipality with both in the user's table.

    One with none in both years has no growth and is left out.
    """
    wide = available_loans.pivot(index="municipality_code", columns="year", values="loans")
    both = wide[list(design.years)].dropna().astype(float)
    both = both[both.sum(axis=1) > 0].sort_index()
    before, after = (tuple(both[year]) for year in both.columns)
    return Paired(tuple(map(str, both.index)), before, after)


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
    first_treated, selection = design.years[1], chosen.selection_year.value

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


KEYS = ("E1", "E2", "E3", "E4")


def municipal_estimands(
    municipal_panels: MunicipalPanels, municipal_data: MunicipalData, design: Design
) -> tuple[Estimand, ...]:
    """Estimate E1 to E4; one that the data do not allow stays, with its reason."""
    panels, chosen = municipal_panels, design.municipal
    if isinstance(panels.primary, NotEstimableError):
        return tuple(Estimand(key, None, None, panels.primary) for key in KEYS)
    missing = panels.amounts if isinstance(panels.amounts, NotEstimableError) else None
    found = estimands(
        panels.primary,
        None if isinstance(panels.amounts, NotEstimableError) else panels.amounts,
        Inference(design.inference.seed.value, chosen.draws.value, design.level, design.power),
        largest=municipal_data.largest,
    )
    absent = KEYS[len(found) :]
    return (*found, *(Estimand(key, None, None, missing) for key in absent))


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
        return (RobustnessRow("primary", "primary", None, panels.primary),)
    left_out = {
        "without_loss_sharing": data.loss_sharing,
        "without_largest": (data.largest,),
        "without_neighbours": data.neighbours,
    }
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
        Inference(design.inference.seed.value, draws, design.level, design.power),
    )
    by_name = {row.name: row for row in found} | {
        row.name: RobustnessRow(row.name, row.kind, item.estimate, item.problem)
        for row in rows
        if (item := known.get(row.name))
    }
    return tuple(by_name[row.name] for row in (*rows, *limits))


def municipal_decision(
    municipal_estimands: tuple[Estimand, ...],
    municipal_bounds: Sensitivity | NotEstimableError,
) -> Verdict | NotEstimableError:
    """Judge by the rule; without the primary estimate there is nothing to judge."""
    first, second = municipal_estimands[:2]
    if first.estimate is None:
        return first.problem or NotEstimableError("no_finite_estimate", "There is no estimate.")
    bounds = None if isinstance(municipal_bounds, NotEstimableError) else municipal_bounds
    return municipal_verdict(
        first.estimate.interval,
        None if second.estimate is None else second.estimate.interval,
        None if bounds is None else (bounds.decisive.low, bounds.decisive.high),
        MUNICIPAL_REASONS,
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
            level=design.level,
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
        design.municipal.rule_m.value,
        level=design.level,
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
    after = rows["year"] >= design.years[1]
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
