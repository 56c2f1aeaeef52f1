"""What a notebook holds: the study's tables and results as attributes, and what it shows.

Each attribute names its type and how it is computed from others; nothing is found by name.  A
level of data is a class that overrides what differs (`bsup_analysis.study.municipal`).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.analysis import groups, outcome_contrast, phasing
from bsup_analysis.analysis.audit import CHECKS, audit_statements, table_arithmetic
from bsup_analysis.analysis.groups import AgreementReading
from bsup_analysis.analysis.outcome_contrast import DispersionPath, OutcomeContrast
from bsup_analysis.analysis.phasing import Pooled, Rule
from bsup_analysis.design import Design, Outcome, load_design
from bsup_analysis.effects import intervals, paired
from bsup_analysis.effects.empirical_bayes import Counts, counts_of_year
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.inference import LeftOut, SpecificationRow, leave_one_out
from bsup_analysis.effects.posterior import Belief
from bsup_analysis.effects.regression import Fit, Kind, fit
from bsup_analysis.effects.regression_model import Family
from bsup_analysis.effects.selection_rules import Sensitivity, sensitivity
from bsup_analysis.effects.verdict import Verdict, published_verdict
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit import Exhibit, Number
from bsup_analysis.files import write_aside
from bsup_analysis.language import Words
from bsup_analysis.municipal_import.validation import published_totals
from bsup_analysis.study.recording import Recording, result
from bsup_analysis.study.shown import Headlines, Opening
from bsup_analysis.study.tables import table
from bsup_analysis.tables.borders import REFERENCE_YEAR, Borders
from bsup_analysis.tables.strict_csv import to_csv


def _plain(value: float) -> float | int:
    """Keep ten significant digits, which every machine computes alike; whole numbers as such."""
    rounded = float(f"{value:.10g}")
    return int(rounded) if rounded.is_integer() else rounded


class Study(Recording):
    """One notebook's view of the study at the published level.

    Parameters
    ----------
    language
        `nb` or `en`.
    output
        Folder the exhibits are written to; empty: they are shown only.
    outcome, reading, specification, boundaries, municipality_code, group, k, weights
        The notebook's other parameters; each value must be one that `study.toml` allows.  An
        empty `reading` is the one that the design chooses.

    Raises
    ------
    InputError
        A value that is not allowed, or a refused design.
    """

    synthetic = False
    digits = 10  # of headlines: what every machine computes alike

    def __init__(
        self,
        language: str,
        output: str = "",
        *,
        outcome: str = "loans",
        reading: str = "",
        specification: str = "loans",
        boundaries: str = "",
        municipality_code: str = "",
        group: str = "priority",
        k: str = "5",
        weights: str = "",
    ) -> None:
        super().__init__()
        self.design: Design = load_design(paths.study_file())
        self.outcome, self.specification, self.boundaries = outcome, specification, boundaries
        self.reading = reading or self.design.reading_of_agreements
        self.municipality_code, self.group = municipality_code, group
        self.k, self.weights = k, weights
        self._check(language=language, outcome=outcome, reading=self.reading)
        self._check(specification=specification, boundaries=boundaries, group=group)
        self._check(municipality_code=municipality_code, k=k, weights=weights)
        if outcome not in self.design.outcomes:
            allowed = ", ".join(self.design.outcomes)
            raise InputError(f"outcome is one of {allowed}, not {outcome!r}.")
        self.words = Words(language)
        self._folder = Path(output) if output else None
        self._exhibits: dict[str, dict[str, Any]] = {}
        self._numbers: dict[str, tuple[Number, str]] = {}

    def fit(
        self,
        formula: str,
        data: pd.DataFrame,
        *,
        exposure: str | None = None,
        family: Family = "poisson",
        vcov: Kind | None = None,
    ) -> Fit:
        """Fit a regression at the design's confidence level.

        Parameters
        ----------
        formula
            `outcome ~ terms | fixed + effects`, such as `loans ~ treated | unit + year`.
        data
            One row an observation: the study's own, such as `contrast_units`, or the reader's.
        exposure, family, vcov
            See `bsup_analysis.effects.regression.fit`.

        Raises
        ------
        InputError
            A formula or data that give no estimate.
        """
        return fit(
            formula,
            data,
            family=family,
            exposure=exposure,
            vcov=vcov,
            level=self.design.level,
            power=self.design.power,
        )

    def _check(self, **parameters: str) -> None:
        for name, value in parameters.items():
            if not self.design.parameters[name].accepts(value):
                allowed = ", ".join(self.design.parameters[name].allowed)
                raise InputError(f"{name} is one of {allowed}, not {value!r}.")

    # --- tables ------------------------------------------------------------------------------

    group_year = table("Both groups by year: population, loans, NOK with its rounding.")
    region_year = table("The region by year: population, loans, NOK with its rounding.")
    municipality = table("The 85 municipalities of 2009: group, county, cluster, agreements.")
    borders_2017 = table("Borders of 2017: those of 2009 but for Inderøy and Mosvik.")
    municipality_changes = table("Changes of municipalities from 2005 to 2014.")
    municipality_codes_later = table("Changes of municipalities after that.")
    municipality_year = table("Municipalities by year: population, immigrants, published loans.")
    municipality_indicators = table(
        "What was measured in every municipality: unemployed, refugees."
    )
    labour_market_norway = table("Employed and unemployed in the whole country, by year.")
    readings = table("Ambiguous statements and how each is read.")
    co_treatment = table("Other measures that met the municipalities at the same time.")
    external_facts = table("Facts from outside the document, each with its source.")
    other_explanations = table("What else can explain the ratio, and what others found.")
    results_framework = table("The programme's aims, and indicators that can show them.")
    press_totals = table("Totals of start loans in the press.")
    programme_chart_axes = table("Ticks of the document's chart axes.")
    programme_level_counts = table("Municipalities a level, as the document counts them.")
    programme_levels = table("Levels of the programme by municipality, pp. 5 and 9.")
    programme_p06_malvik = table("Malvik's figures in the text of p. 6.")
    programme_p11_region_loans = table("Start loans of the region, chart of p. 11.")
    programme_p13_shares = table("Printed shares of p. 13.")
    programme_p14_start_loans = table("Loans and NOK of the priority municipalities, p. 14.")
    programme_statements = table("Every quantitative statement of the document.")
    ssb_population = table("Population by municipality and year, Statistics Norway 07459.")
    treatment = table("Who had priority and an agreement, by source.")
    SYNTHETIC_bias = table("Bias of the tests on SYNTHETIC panels.")
    SYNTHETIC_coverage = table("Coverage of the intervals on SYNTHETIC panels.")
    SYNTHETIC_detectable = table("Smallest effects found on SYNTHETIC panels.")
    SYNTHETIC_pretrend = table("What the test of earlier trends is worth on SYNTHETIC panels.")
    SYNTHETIC_randomisation = table("Two statistics of randomisation on SYNTHETIC panels.")
    SYNTHETIC_rejection = table("How often each test rejects on SYNTHETIC panels.")
    SYNTHETIC_rule = table("What the municipal rule says on SYNTHETIC panels.")
    SYNTHETIC_rule_coverage = table("Coverage of the rule's interval on SYNTHETIC panels.")
    SYNTHETIC_rule_detectable = table("Smallest effects the rule finds on SYNTHETIC panels.")

    # --- the document ------------------------------------------------------------------------

    @result
    def statement_audit(self) -> pd.DataFrame:
        """Every statement of the document with the value recomputed and what became of it."""
        names = {name for check in CHECKS.values() for name in check.tables}
        read = {name: getattr(self, name) for name in sorted(names)}
        return audit_statements(self.programme_statements, read)

    @result
    def table_arithmetic(self) -> pd.DataFrame:
        """The columns of the table of p. 14 recomputed from each other."""
        return table_arithmetic(self.programme_p14_start_loans)

    @result
    def printed_share_2008(self) -> intervals.Interval:
        """The printed share of start loan use in 2008, with its rounding."""
        return groups.printed_share_2008(self.programme_p13_shares)

    @result
    def orders_of_the_chart(self) -> tuple[intervals.ChartOrder, ...]:
        """Every assignment of the chart's bars to its years."""
        return groups.orders_of_the_chart(
            self.programme_p11_region_loans, self.priority_loans, self.press_totals, self.design
        )

    @result
    def chart_axis_bounds(self) -> Mapping[int, intervals.AxisBounds]:
        """Bounds on each year from the axis of the average-loan chart alone."""
        return groups.chart_axis_bounds(self.programme_chart_axes, self.group_year, self.design)

    @result
    def totals_in_print(self) -> pd.DataFrame:
        """The published totals of start loans, each with its rounding."""
        return published_totals(
            self.programme_p14_start_loans,
            self.programme_p11_region_loans,
            self.programme_p06_malvik,
            self.press_totals,
        )

    # --- the two groups ----------------------------------------------------------------------

    @result
    def areas(self) -> pd.DataFrame:
        """What a map draws: the 2009 codes that lie in each area, and its polygon."""
        from bsup_analysis.tables.boundaries import areas, read_boundaries

        changes = [self.municipality_changes, self.municipality_codes_later]
        codes = frozenset(self.municipality["municipality_code"])
        borders = Borders(REFERENCE_YEAR, codes, pd.concat(changes, ignore_index=True))
        if self.boundaries:
            return read_boundaries(self.boundaries, self.municipality, borders)
        own = self.borders_2017
        return areas(own, "EPSG:4326", self.municipality, borders, "data/raw/borders_2017.geojson")

    @property
    def measure(self) -> Outcome:
        """The notebook's outcome: its column, and what it is for each of."""
        return self.design.outcomes[self.outcome]

    @result
    def contrast_units(self) -> pd.DataFrame:
        """The priority municipalities and the rest of the region as one unit, two years each."""
        return groups.contrast_units(self.municipality_year, self.group_year, self.design)

    @result
    def unemployment_units(self) -> pd.DataFrame:
        """The unemployed of every unit in the two years in which loans are compared."""
        return groups.unemployment_units(self.municipality_indicators, self.design)

    @result
    def priority_loans(self) -> paired.Paired:
        """Loans of each priority municipality before and after."""
        return groups.priority_pairs(self.municipality_year, "loans", self.design)

    @result
    def priority_amounts(self) -> paired.Paired:
        """NOK of each priority municipality before and after."""
        return groups.priority_pairs(self.municipality_year, "amount_nok", self.design)

    @result
    def loans_contrast(self) -> GroupContrast:
        """Two-way fixed-effects Poisson estimate for all municipalities, loans."""
        return groups.totals_contrast(self.group_year, "loans", self.design)

    @result
    def loans_contrast_per_inhabitant(self) -> GroupContrast:
        """The same of loans for each inhabitant."""
        return groups.totals_contrast(self.group_year, "loans", self.design, exposure="population")

    @result
    def nok_contrast(self) -> GroupContrast:
        """The same of NOK at printed values."""
        return groups.totals_contrast(self.group_year, "amount_nok", self.design)

    @result
    def loans_dispersion(self) -> paired.Dispersion:
        """Dispersion of loans around the priority group's common growth."""
        return paired.growth_dispersion(self.priority_loans)

    @result
    def amounts_rounding(self) -> intervals.AmountContrast:
        """Contrast of NOK with what the rounding of the press totals leaves open."""
        return groups.amounts_rounding(self.group_year, self.region_year, self.design)

    @result
    def amounts_county_17(self) -> intervals.AmountContrast:
        """Contrast of NOK inside Nord-Trøndelag, the one county with a press total."""
        return self._amounts_by_county(inside=True)

    @result
    def amounts_other_counties(self) -> intervals.AmountContrast:
        """Contrast of NOK in the other counties."""
        return self._amounts_by_county(inside=False)

    def _amounts_by_county(self, *, inside: bool) -> intervals.AmountContrast:
        return groups.amounts_by_county(
            self.municipality_year,
            self.press_totals,
            self.region_year,
            self.design,
            inside=inside,
        )

    @result
    def group_growth_parts(self) -> Mapping[str, intervals.GrowthParts]:
        """Growth in NOK of each group as growth in number times growth in the average loan."""
        return groups.group_growth_parts(self.group_year, self.design)

    @result
    def priority_average_change(self) -> intervals.AverageChange:
        """Change of the priority group's average loan: within municipalities and composition."""
        return intervals.average_change(self.priority_loans, self.priority_amounts)

    @result
    def region_average_change(self) -> intervals.AverageChangeBounds:
        """Change of the region's average loan: within the two groups and composition."""
        return groups.region_average_change(self.group_year, self.design)

    @result
    def outcome_contrast(self) -> OutcomeContrast:
        """The two groups' growth in the notebook's outcome, with every interval."""
        return self._contrast(self.outcome)

    @result
    def contrasts(self) -> Mapping[str, OutcomeContrast]:
        """The same in loans and in NOK, whatever the notebook's outcome."""
        return {outcome: self._contrast(outcome) for outcome in ("loans", "amount")}

    def _contrast(self, outcome: str) -> OutcomeContrast:
        return outcome_contrast.outcome_contrast(
            outcome,
            self.group_year,
            self.loans_contrast,
            self.nok_contrast,
            self.amounts_rounding,
            self.group_growth_parts,
            self.priority_loans,
            self.priority_amounts,
            self.design,
        )

    @result
    def beliefs(self) -> tuple[Belief, ...]:
        """The posterior of the ratio of loans for every prior of the others' spread."""
        return outcome_contrast.beliefs(
            self.priority_loans, self.loans_contrast, self.municipality_year, self.design
        )

    @result
    def dispersion_path(self) -> DispersionPath:
        """The interval against the dispersion assumed for the others."""
        return outcome_contrast.dispersion_path(
            self.outcome_contrast, self.loans_dispersion, self.design
        )

    @result
    def verdict(self) -> Verdict:
        """The contrast judged by the decision table."""
        return published_verdict(self.outcome_contrast.intervals)

    @result
    def specification_table(self) -> tuple[SpecificationRow, ...]:
        """Every specification that the design names."""
        return outcome_contrast.specification_table(
            self.priority_loans,
            self.priority_amounts,
            self.printed_share_2008,
            self.municipality,
            self.municipality_year,
            self.region_year,
            self.loans_contrast,
            self.nok_contrast,
            self.programme_p06_malvik,
            self.design,
        )

    # --- inside the priority group -----------------------------------------------------------

    @result
    def loans_heterogeneity(self) -> paired.Heterogeneity:
        """Spread of log growth between the priority municipalities beyond chance."""
        return paired.heterogeneity(self.priority_loans, level=self.design.level)

    @result
    def loans_left_out(self) -> tuple[LeftOut, ...]:
        """The contrast of loans without each priority municipality in turn."""
        totals = self.loans_contrast.totals
        return leave_one_out(
            self.priority_loans,
            totals.other_pre,
            totals.other_post,
            level=self.design.level,
            power=self.design.power,
        )

    @result
    def agreement_readings(self) -> tuple[AgreementReading, ...]:
        """Agreement against none, loans, under each reading of who had one."""
        return groups.agreement_readings(self.municipality, self.priority_loans, self.design)

    @result
    def agreement_readings_amount(self) -> tuple[AgreementReading, ...]:
        """Agreement against none, NOK, under each reading of who had one."""
        return groups.agreement_readings(self.municipality, self.priority_amounts, self.design)

    # --- taking municipalities in and letting them go ----------------------------------------

    @result
    def available_loans(self) -> pd.DataFrame:
        """Municipality-years with the published loans; the others' are unknown."""
        return self.municipality_year.copy(deep=False)

    @result
    def paired_loans(self) -> paired.Paired:
        """Loans before and after of every municipality with both available."""
        return replace(self.priority_loans)

    @result
    def loan_counts(self) -> Counts:
        """Loans and inhabitants of every municipality with known loans, latest published year."""
        year = max(self.design.window.published_years.value)
        return counts_of_year(self.available_loans, "loans", "population", year)

    @result
    def loan_rates(self) -> Pooled:
        """Loans for each inhabitant, pooled in part."""
        return phasing.loan_rates(self.loan_counts, self.design)

    @result
    def loan_growth(self) -> Pooled:
        """Loans in the later year divided by those in the earlier, pooled in part."""
        return phasing.loan_growth(self.paired_loans, self.design)

    @result
    def loan_rate_places(self) -> pd.DataFrame:
        """Places by loans for each inhabitant."""
        return phasing.places(self.loan_rates, self.k, self.design)

    @result
    def loan_growth_places(self) -> pd.DataFrame:
        """Places by growth in loans."""
        return phasing.places(self.loan_growth, self.k, self.design)

    @result
    def selection_indicators(self) -> pd.DataFrame:
        """What is known of every municipality at the selection, a column an indicator."""
        return phasing.selection_indicators(self.municipality, self.municipality_year, self.design)

    @result
    def indicator_weights(self) -> dict[str, float]:
        """The notebook's weights by indicator."""
        return phasing.indicator_weights(self.weights)

    @result
    def selection_rules(self) -> tuple[Rule, ...]:
        """Each indicator alone as a rule, then all of them with the notebook's weights."""
        return phasing.selection_rules(
            self.selection_indicators,
            self.municipality,
            self.indicator_weights,
            self.design,
        )

    @result
    def weight_sensitivity(self) -> Sensitivity:
        """What is chosen under every way to share the weight among the indicators, in tenths."""
        actual, places = phasing.actual_choice(self.municipality), self.design.groups.priority.value
        return sensitivity(self.selection_indicators, actual, places, parts=10)

    # --- what a notebook shows ---------------------------------------------------------------

    def opening(self, chapter: str) -> Opening:
        """Give the heading and the opening words of a chapter.

        Parameters
        ----------
        chapter
            A table of `chapters.toml`; `effects` stands for that of the notebook's outcome in
            `outcomes.toml`.
        """
        place = f"outcomes.{self.outcome}" if chapter == "effects" else f"chapters.{chapter}"
        title, text = (self.words(f"{place}.{part}") for part in ("title", "text"))
        return Opening(title, text)

    def show(self, exhibit: Exhibit) -> Exhibit:
        """Show an exhibit, and write it where an output folder is set.

        An exhibit that rests on anything but this study's own values, such as a data frame of
        the reader's, is the reader's: it is shown with a banner and is neither written nor
        published.
        """
        behind = self._rests_on((*exhibit.given,)) if exhibit.made_by else None
        if behind is None:
            return replace(exhibit, banner=self.words("own.banner"))
        exhibit = self._marked(exhibit)
        tables = {name for name in behind if isinstance(getattr(type(self), name), table)}
        self._exhibits[exhibit.id] = {
            "kind": exhibit.kind,
            "title": exhibit.title,
            "caption": exhibit.caption,
            "source": exhibit.source,
            "alternative_text": exhibit.alternative_text,
            "function": exhibit.made_by,
            "tables": sorted(tables),
            "results": sorted(behind - tables),
            "shown": exhibit.shown_cells(),
            "files": self._write(exhibit),
            **self._mark(),
        }
        for identifier, number in exhibit.numbers.items():
            self._numbers[identifier] = (number, exhibit.id)
        return exhibit

    def _marked(self, exhibit: Exhibit) -> Exhibit:
        """Mark an exhibit before it is shown; what is published needs no mark."""
        return exhibit

    def _mark(self) -> dict[str, bool]:
        return {"synthetic": True} if self.synthetic else {}

    def _rests_on(self, values: tuple[Any, ...]) -> frozenset[str] | None:
        """Give the names of all that values rest on; None where one is not of this study.

        Text and numbers are choices, not data: they rest on nothing.
        """
        found: set[str] = set()
        for value in values:
            if value is None or value is self.words or value is self.design:
                continue
            if isinstance(value, str | int | float):
                continue
            behind = self.behind(value.data if isinstance(value, Fit) else value)
            if behind is None and isinstance(value, list | tuple):
                behind = self._rests_on(tuple(value))
            if behind is None:
                return None
            found |= behind
        return frozenset(found)

    def headlines(self, *identifiers: str) -> Headlines:
        """Give numbers of the exhibits shown so far, for the eye and for nbval to compare.

        Those named, or all of them in the order they came where none is named.
        """
        chosen = {i: self._numbers[i][0] for i in identifiers or self._numbers}
        return Headlines(chosen, self.digits)

    def _write(self, exhibit: Exhibit) -> list[str]:
        if self._folder is None:
            return []
        files = {f"tables/{exhibit.id}.csv": to_csv(exhibit.data).encode("utf-8")}
        if exhibit.draw is not None:
            files[f"figures/{exhibit.id}.svg"] = exhibit.svg()
        if narrow := exhibit.narrow_svg():
            files[f"figures/{exhibit.id}.phone.svg"] = narrow
        for name, content in files.items():
            write_aside(self._folder / name, content)
        return sorted(files)

    def close(self) -> None:
        """Write what the notebook showed, its numbers and what it read, if an output is set."""
        if self._folder is None:
            return
        numbers = {
            i: {"value": _plain(n.value), "unit": n.unit, "exhibit": exhibit, **self._mark()}
            for i, (n, exhibit) in self._numbers.items()
        }
        read = [n for n in self.attributes() if isinstance(getattr(type(self), n), table)]
        for name, content in {
            "numbers": numbers,
            "exhibits": self._exhibits,
            "reads": [name for name in read if name in self._values],
        }.items():
            text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
            write_aside(self._folder / f"{name}.json", text)
