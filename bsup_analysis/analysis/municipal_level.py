"""The municipal level: an outcome of every municipality, laid out, estimated and judged.

The outcome is start loans of the user's table or of a SYNTHETIC panel, or what else is measured
in every municipality: a confounder or a target group, of which no verdict is given.

What the data do not allow is a `NotEstimableError` that keeps its reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.design.model import Timing
from bsup_analysis.effects.municipal.estimands import (
    Estimand,
    Estimate,
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
    "count",
    "count_low",
    "count_high",
    "amount_nok",
]
LOANS = {"loans": "count", "loans_low": "count_low", "loans_high": "count_high"}
# the document's plan for 2011 (p. 14) is the only year given for agreements after the first
FIRST_AGREEMENTS, LATER_AGREEMENTS = 2010, 2011


@dataclass(frozen=True, eq=False)
class MunicipalData:
    """An outcome of every municipality and year, and what the design says of the municipalities.

    Attributes
    ----------
    outcome, timing
        Its name in the design, and its years.
    table
        One row a unit and year, sorted: `unit`, `year`, `group` (priority or other), `county`,
        `population` (1 January), `count`, `count_low`, `count_high`, `amount_nok` (Int64); what
        is unknown is <NA>, never zero.
    names
        Unit to the name shown; pseudonyms in a demonstration.
    unit_of
        Municipality of 2009 to its unit, where that is not itself.
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
        What is counted: `loans` or `approved_dwellings` of start loans, else the outcome.
    kind
        What the outcome is to the programme.
    synthetic
        True for a demonstration.
    origin
        One line: where the data come from; empty for the study's own.
    """

    outcome: str
    timing: Timing
    table: pd.DataFrame
    names: Mapping[str, str]
    largest: str
    cluster: Mapping[str, str]
    definition: str
    kind: Literal["programme", "confounder", "target_group"] = "programme"
    unit_of: Mapping[str, str] = field(default_factory=dict)
    loss_sharing: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()
    agreement_year: Mapping[str, int] = field(default_factory=dict)
    synthetic: bool = False
    origin: str = ""

    @property
    def column(self) -> str:
        """What the outcome is called in a formula."""
        return "loans" if self.kind == "programme" else self.outcome


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
    priority = about.index[about["group"] == "priority"]
    sizes = people[people["year"] == design.years[0]].set_index("municipality_code")["population"]
    first, agreed = about["agreement_signed_2010"], about[f"agreement_{reading}"]
    data = MunicipalData(
        outcome="start_loans",
        timing=design.timing("start_loans"),
        table=_ordered(table.rename(columns=LOANS)),
        names=about["municipality_name"].to_dict(),
        largest=str(sizes.loc[priority].astype(int).idxmax()),
        cluster=about["cluster"].to_dict(),
        agreement_year={
            str(unit): FIRST_AGREEMENTS if first[unit] else LATER_AGREEMENTS
            for unit in about.index[agreed]
        },
        definition=str(start_loans["definition"].iloc[0]),
        origin="; ".join(sorted({str(source).split(";")[0] for source in start_loans["source"]})),
    )
    return _decided(data, exclusions, co_treatment)


def _decided(
    data: MunicipalData, exclusions: pd.DataFrame, co_treatment: pd.DataFrame
) -> MunicipalData:
    """Put in the units that decisions are about; one about a part of a unit is about the unit."""

    def units(codes: pd.Series) -> set[str]:
        return {data.unit_of.get(code, code) for code in codes.dropna()}

    where = exclusions["applies_to"]
    excluded, beside = (
        units(exclusions.loc[where == name, "municipality_code"])
        for name in ("municipal_comparison_group", "neighbour")
    )
    trial = co_treatment["what"] == "loss_sharing_trial"
    return replace(
        data,
        loss_sharing=tuple(sorted(units(co_treatment.loc[trial, "municipality_code"]))),
        excluded=tuple(sorted(excluded)),
        neighbours=tuple(sorted(beside - excluded)),
    )


def indicator_data(
    outcome: str,
    municipality_indicators: pd.DataFrame,
    exclusions: pd.DataFrame,
    co_treatment: pd.DataFrame,
    design: Design,
) -> MunicipalData:
    """Give what else is measured in every municipality the same form.

    Municipalities that some years count as one are one unit in every year. Agreements are not
    asked of these outcomes.
    """
    chosen, rows = design.municipal_outcomes[outcome], municipality_indicators
    units = rows.drop_duplicates("unit").set_index("unit")
    parts = units["municipalities"].str.split("/")
    unit_of = {code: str(unit) for unit, codes in parts.items() for code in codes if code != unit}
    sizes = rows[(rows["group"] == "priority") & (rows["year"] == design.years[0])]
    limits = dict.fromkeys(("count", "count_low", "count_high"), rows[chosen.column])
    data = MunicipalData(
        outcome=outcome,
        kind=chosen.kind,
        timing=design.timing(outcome),
        table=_ordered(rows.assign(**limits, county=rows["county_code"], amount_nok=pd.NA)),
        names=units["unit_name"].to_dict(),
        unit_of=unit_of,
        largest=str(sizes.set_index("unit")["population"].astype(int).idxmax()),
        cluster=units["cluster"].to_dict(),
        definition=outcome,
    )
    return _decided(data, exclusions, co_treatment)


def demonstration_data(demonstration: Demonstration, design: Design) -> MunicipalData:
    """Give a SYNTHETIC panel the same form; it has one reading of who had an agreement."""
    rows = demonstration.table
    units = rows.drop_duplicates("unit").set_index("unit")
    agreed = units["agreement_year"].dropna()

    def having(role: str) -> tuple[str, ...]:
        return tuple(sorted(units.index[units["role"] == role]))

    return MunicipalData(
        outcome="start_loans",
        timing=design.timing("start_loans"),
        table=_ordered(rows.rename(columns=LOANS)),
        names={unit: unit for unit in units.index},
        largest=having("largest")[0],
        loss_sharing=having("loss_sharing"),
        cluster=units["cluster"].to_dict(),
        excluded=having("partner"),
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
        The outcome with inhabitants as exposure, before and in treated years: the main ratio.
    whole
        Every year, that of the selection as untreated: event study and agreements.
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


def municipal_panels(municipal_data: MunicipalData) -> MunicipalPanels:
    """Lay the municipal table out as panels."""
    data, timing = municipal_data, municipal_data.timing
    present = set(data.table.dropna(subset=["count"])["year"])
    selection = timing.selection_year
    contrast = [
        year for year in timing.years if year in present & {*timing.contrast_years, selection}
    ]

    def lay(
        table: pd.DataFrame,
        measure: str = "count",
        *,
        years: Iterable[int] = contrast,
        dropped: Iterable[int] = (selection,),
        excluded: Iterable[str] = data.excluded,
        first: int = timing.first_treated_year,
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

    loose = (data.table["count_low"] < data.table["count_high"]).fillna(False)
    bounded = bool(loose[data.table["year"].isin(contrast)].any())
    least, greatest = (
        lay(_at_limits(data.table, timing.first_treated_year, greatest=end)) if bounded else None
        for end in (False, True)
    )
    inside = data.table["year"].isin(timing.contrast_years)
    priced = data.table.loc[inside, "amount_nok"].notna().any()
    return MunicipalPanels(
        primary=lay(data.table),
        whole=lay(data.table, years=[year for year in timing.years if year in present], dropped=()),
        amounts=lay(data.table, "amount_nok")
        if priced
        else NotEstimableError("no_amounts", "The table has no known amount in NOK."),
        selection_year_treated=lay(data.table, dropped=(), first=selection),
        partners_kept=lay(data.table, excluded=()) if data.excluded else None,
        least=least,
        greatest=greatest,
        absent_years=tuple(year for year in timing.years if year not in present),
    )


def _at_limits(table: pd.DataFrame, first_treated_year: int, *, greatest: bool) -> pd.DataFrame:
    """Put every count at the limit that makes the ratio of growth least, or greatest.

    That is the upper limit for priority municipalities from the first treated year on and for
    the others before it, and the lower limit elsewhere, for the greatest ratio.
    """
    treated = (table["group"] == "priority") == (table["year"] >= first_treated_year)
    upper = treated == greatest
    limit = table["count_high"].where(upper, table["count_low"])
    return table.assign(count=limit.fillna(table["count"]))


# those of the outcome itself come first; the last two are of NOK, which loans alone have
KEYS = ("E1", "E2", "E3", "E4")


def municipal_estimands(
    municipal_panels: MunicipalPanels, municipal_data: MunicipalData, design: Design
) -> tuple[Estimand, ...]:
    """Estimate E1 to E4; one that the data do not allow stays, with its reason.

    Of another outcome than start loans only E1 and E2 are asked.
    """
    panels, chosen = municipal_panels, design.municipal
    keys = KEYS if municipal_data.kind == "programme" else KEYS[:2]
    if isinstance(panels.primary, NotEstimableError):
        return tuple(Estimand(key, None, None, panels.primary) for key in keys)
    missing = panels.amounts if isinstance(panels.amounts, NotEstimableError) else None
    found = estimands(
        panels.primary,
        None if isinstance(panels.amounts, NotEstimableError) else panels.amounts,
        Inference(design.inference.seed.value, chosen.draws.value, design.level, design.power),
        largest=municipal_data.largest,
    )
    absent = keys[len(found) :]
    return (*found, *(Estimand(key, None, None, missing) for key in absent))


def _rows(
    primary: MunicipalPanel, panels: MunicipalPanels, data: MunicipalData, design: Design
) -> tuple[Variant, ...]:
    """List the rows of the robustness table."""
    chosen = design.municipal
    left_out = {
        "without_loss_sharing": data.loss_sharing,
        "without_largest": (data.largest,),
        "without_neighbours": data.neighbours,
    }
    further = {"selection_year_treated": panels.selection_year_treated}
    if panels.partners_kept is not None:
        further["partners_kept"] = panels.partners_kept
    rows = variants(
        primary,
        doubtful_year=data.timing.reference_year,
        placebo_year=data.timing.placebo_year,
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
    return (*rows, *limits)


def _estimated(rows: Iterable[Variant], design: Design) -> tuple[RobustnessRow, ...]:
    draws = design.municipal.robustness_draws.value
    return robustness(
        rows, Inference(design.inference.seed.value, draws, design.level, design.power)
    )


def municipal_robustness(
    municipal_panels: MunicipalPanels,
    municipal_data: MunicipalData,
    municipal_estimands: tuple[Estimand, ...],
    design: Design,
) -> tuple[RobustnessRow, ...]:
    """Estimate every row of the robustness table; E1 and E2, which are rows of it, as they are."""
    primary = municipal_panels.primary
    if isinstance(primary, NotEstimableError):
        return (RobustnessRow("primary", "primary", None, primary),)
    rows = _rows(primary, municipal_panels, municipal_data, design)
    known = {"primary": municipal_estimands[0], "without_largest": municipal_estimands[1]}
    found = _estimated([row for row in rows if row.name not in known], design)
    by_name = {row.name: row for row in found} | {
        row.name: RobustnessRow(row.name, row.kind, item.estimate, item.problem)
        for row in rows
        if (item := known.get(row.name))
    }
    return tuple(by_name[row.name] for row in rows)


@dataclass(frozen=True, eq=False)
class Trends:
    """Whether two groups moved in parallel in what is no outcome of the programme.

    Attributes
    ----------
    contrast
        The main ratio: growth from the years before to the treated years.
    placebo
        The ratio under a start that is pretended in a year before the selection.
    """

    contrast: Estimate
    placebo: Estimate | NotEstimableError


def municipal_trends(
    municipal_panels: MunicipalPanels,
    municipal_data: MunicipalData,
    municipal_estimands: tuple[Estimand, ...],
    design: Design,
) -> Trends | NotEstimableError:
    """Hold what is measured before the programme beside what is measured under it."""
    first = municipal_estimands[0]
    if first.estimate is None:
        return first.problem or NotEstimableError("no_finite_estimate", "There is no estimate.")
    rows = _rows(known(municipal_panels.primary), municipal_panels, municipal_data, design)
    (placebo,) = _estimated([row for row in rows if row.kind == "placebo"], design)
    problem = NotEstimableError("no_finite_estimate", "There is no estimate.")
    return Trends(first.estimate, placebo.estimate or placebo.problem or problem)


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
    municipal_panels: MunicipalPanels, municipal_data: MunicipalData, design: Design
) -> EventStudy | NotEstimableError:
    """Ratio of every year to the reference year, the year of selection among them."""
    return attempt(
        lambda: event_study(
            known(municipal_panels.whole),
            municipal_data.timing.reference_year,
            drift=design.municipal.drift.value,
            level=design.level,
        )
    )


def municipal_bounds(
    municipal_event_study: EventStudy | NotEstimableError,
    municipal_data: MunicipalData,
    design: Design,
) -> Sensitivity | NotEstimableError:
    """Bounds on the mean log ratio of the ratio's treated years if trends were not parallel."""
    last = municipal_data.timing.treated[-1]
    return attempt(lambda: _bounds(known(municipal_event_study), last, design))


def _bounds(study: EventStudy, last: int, design: Design) -> Sensitivity:
    shown = {year for year in (*study.years, study.reference_year) if year <= last}
    gap = [year for year in range(min(shown), max(shown)) if year not in shown]
    if gap:
        raise NotEstimableError(
            "year_without_ratio",
            f"Honest bounds need every year, and {gap[0]} has no ratio.",
            year=gap[0],
        )
    return sensitivity(
        study.for_honest_bounds(last),
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


def municipal_change(municipal_data: MunicipalData) -> pd.DataFrame:
    """Give the outcome per 1 000 inhabitants and year, before and in the treated years.

    Returns
    -------
    pandas.DataFrame
        One row a municipality: `unit`, `name`, `group`, `county`, `population` (mean of the
        years before), `count_before`, `count_after`, `years_before`, `years_after` (years with
        number and population known), `rate_before`, `rate_after` (per 1 000 and year) and `ratio`;
        a ratio to a rate of zero, or without years, is unknown.
    """
    timing = municipal_data.timing
    rows = municipal_data.table.dropna(subset=["count", "population"])
    rows = rows[rows["year"].isin(timing.contrast_years) & (rows["population"] > 0)]
    after = rows["year"] >= timing.first_treated_year
    units = municipal_data.table.drop_duplicates("unit").set_index("unit")
    table = units[["group", "county"]].assign(name=pd.Series(dict(municipal_data.names)))
    for side, part in (("before", rows[~after]), ("after", rows[after])):
        sums = part.groupby("unit")[["count", "population"]].sum().astype(float)
        table[f"count_{side}"] = sums["count"].reindex(table.index)
        table[f"years_{side}"] = part.groupby("unit").size().reindex(table.index, fill_value=0)
        table[f"rate_{side}"] = (1_000 * sums["count"] / sums["population"]).reindex(table.index)
        if side == "before":
            mean = part.groupby("unit")["population"].mean().astype(float)
            table["population"] = mean.reindex(table.index)
    ratio = table["rate_after"] / table["rate_before"]
    table["ratio"] = ratio.where(table["rate_before"] > 0)
    return table.reset_index()
