"""The municipal level: every municipality's loans, or what else is measured in every one.

Loans are those of the user's table or of a SYNTHETIC panel.
"""

from typing import Any

import pandas as pd

from bsup_analysis.analysis import municipal_level
from bsup_analysis.analysis.municipal_level import MunicipalData, MunicipalPanels, Trends
from bsup_analysis.effects.municipal.estimands import Estimand, RobustnessRow
from bsup_analysis.effects.municipal.event_study import EventStudy
from bsup_analysis.effects.municipal.honest import Sensitivity
from bsup_analysis.effects.municipal.panel import NotEstimableError, known
from bsup_analysis.effects.municipal.rate_estimators import Staggered, Synthetic
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.verdict import Verdict
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.exhibit import marked
from bsup_analysis.municipal_import.validation import compare, compare_demonstration
from bsup_analysis.study.recording import result
from bsup_analysis.study.shown import Opening
from bsup_analysis.study.study import Study
from bsup_analysis.study.tables import read_demonstration, table


class MunicipalStudy(Study):
    """One notebook's view of an outcome of all municipalities.

    Parameters
    ----------
    language, output, chosen
        As of `Study`.
    outcome
        A municipal outcome of `study.toml`: start loans of the user's table, or another.
    """

    digits = 6  # estimates found by iteration

    def __init__(
        self, language: str, output: str = "", *, outcome: str = "start_loans", **chosen: Any
    ) -> None:
        super().__init__(language, output, **chosen)
        if outcome not in self.design.municipal_outcomes:
            allowed = ", ".join(self.design.municipal_outcomes)
            raise InputError(f"outcome is one of {allowed}, not {outcome!r}.")
        self.municipal_outcome = outcome

    def opening(self, chapter: str) -> Opening:
        """Give the heading and the opening words of a chapter, of start loans or of another."""
        if self.municipal_outcome == "start_loans":
            return super().opening(chapter)
        counted = self.words(f"municipal_outcomes.{self.municipal_outcome}.name")
        place = f"chapters.{chapter}_measured"
        return Opening(
            self.words(f"{place}.title", counted=counted),
            self.words(f"{place}.text", counted=counted),
        )

    start_loans = table("Loans and NOK of every municipality and year, brought by the user.")
    exclusions = table("Municipalities kept out of a comparison, with the reason.")

    @result
    def available_loans(self) -> pd.DataFrame:
        """Municipality-years with the loans and NOK of the user's table, for every one alike."""
        return municipal_level.all_loans(self.municipality_year, self.start_loans)

    @result
    def paired_loans(self) -> Paired:
        """Loans before and after of every municipality with both in the user's table."""
        return municipal_level.all_twice(self.available_loans, self.design)

    @result
    def municipal_data(self) -> MunicipalData:
        """The outcome joined with what the design says of its municipalities."""
        if self.municipal_outcome != "start_loans":
            return municipal_level.indicator_data(
                self.municipal_outcome,
                self.municipality_indicators,
                self.exclusions,
                self.co_treatment,
                self.design,
            )
        return municipal_level.municipal_data(
            self.start_loans,
            self.municipality,
            self.municipality_year,
            self.exclusions,
            self.co_treatment,
            self.reading,
            self.design,
        )

    @result
    def municipal_gate(self) -> pd.DataFrame:
        """The table compared with every published total."""
        return compare(self.start_loans, self.totals_in_print)

    @result
    def municipal_panels(self) -> MunicipalPanels:
        """The table laid out as panels, one for each part of the evaluation."""
        return municipal_level.municipal_panels(self.municipal_data)

    @result
    def municipal_units(self) -> pd.DataFrame:
        """The panel of the primary estimate, one row a municipality and year that is known."""
        name = self.municipal_data.column
        return known(self.municipal_panels.primary).to_frame(name).dropna(subset=[name])

    @result
    def municipal_change(self) -> pd.DataFrame:
        """The outcome for each 1,000 inhabitants and year, before and in treated years."""
        return municipal_level.municipal_change(self.municipal_data)

    @result
    def municipal_estimands(self) -> tuple[Estimand, ...]:
        """E1 to E4, of another outcome than loans E1 and E2; what is missing has its reason."""
        return municipal_level.municipal_estimands(
            self.municipal_panels, self.municipal_data, self.design
        )

    @result
    def municipal_robustness(self) -> tuple[RobustnessRow, ...]:
        """Every row of the robustness table."""
        return municipal_level.municipal_robustness(
            self.municipal_panels, self.municipal_data, self.municipal_estimands, self.design
        )

    @result
    def municipal_event_study(self) -> EventStudy | NotEstimableError:
        """Ratio of every year to the reference year."""
        return municipal_level.municipal_event_study(
            self.municipal_panels, self.municipal_data, self.design
        )

    @result
    def municipal_bounds(self) -> Sensitivity | NotEstimableError:
        """Bounds on the mean log ratio of treated years if trends were not parallel."""
        return municipal_level.municipal_bounds(
            self.municipal_event_study, self.municipal_data, self.design
        )

    @result
    def municipal_agreements(self) -> Staggered | NotEstimableError:
        """Effects of agreements by the year they were signed."""
        return municipal_level.municipal_agreements(self.municipal_panels, self.municipal_data)

    @result
    def municipal_synthetic(self) -> tuple[Synthetic, ...] | NotEstimableError:
        """The largest priority municipality against weighted means of the others."""
        return municipal_level.municipal_synthetic(self.municipal_panels, self.municipal_data)

    @result
    def municipal_conclusion(self) -> Verdict | Trends | NotEstimableError:
        """The verdict on start loans; of another outcome whether the groups moved alike."""
        if self.municipal_data.kind != "programme":
            return municipal_level.municipal_trends(
                self.municipal_panels, self.municipal_data, self.municipal_estimands, self.design
            )
        return municipal_level.municipal_decision(self.municipal_estimands, self.municipal_bounds)


class DemonstrationStudy(MunicipalStudy):
    """The municipal level on a SYNTHETIC panel: all that it shows is marked, none is published.

    Parameters
    ----------
    panel
        A file of `bsup demo`, or `synthetic` for the standard panel.
    """

    synthetic = True

    def __init__(self, language: str, output: str = "", *, panel: str, **chosen: str) -> None:
        super().__init__(language, output, **chosen)
        self._check(panel=panel)
        self.demonstration = read_demonstration(panel, output)

    @result
    def municipal_data(self) -> MunicipalData:
        """The SYNTHETIC panel in the form of a municipal table."""
        return municipal_level.demonstration_data(self.demonstration, self.design)

    @result
    def municipality(self) -> pd.DataFrame:
        """The made-up municipalities of the SYNTHETIC panel; no real one is among them."""
        units = self.municipal_data.table.drop_duplicates("unit", ignore_index=True)
        return pd.DataFrame(
            {
                "municipality_code": units["unit"],
                "municipality_name": units["unit"],
                "county_code": units["county"].astype("string"),
                "group": units["group"],
                "economic_region_name": pd.NA,
                "centrality_level_2008": pd.NA,
            }
        ).astype({"centrality_level_2008": "Int64", "economic_region_name": "string"})

    @result
    def areas(self) -> pd.DataFrame:
        """No land: made-up municipalities lie nowhere."""
        return pd.DataFrame({"codes": [], "geometry": []})

    @result
    def start_loans(self) -> pd.DataFrame:
        """The SYNTHETIC panel in place of the user's table."""
        data = self.municipal_data
        own = {own: name for name, own in municipal_level.LOANS.items()}
        rows = data.table.rename(columns={"unit": "municipality_code", **own})
        return rows.assign(definition=data.definition, source=data.origin)

    @result
    def municipality_year(self) -> pd.DataFrame:
        """Population of the made-up municipalities by year; the rest is not made up."""
        rows = self.start_loans[["municipality_code", "year", "group", "population"]]
        unknown = ["immigrants", "loans", "amount_nok"]
        rows = rows.assign(**dict.fromkeys([*unknown, "loans_source"], pd.NA))
        return rows.astype(dict.fromkeys(unknown, "Int64"))

    @result
    def municipal_gate(self) -> pd.DataFrame:
        """The SYNTHETIC panel compared with the totals of the region and the priority group."""
        return compare_demonstration(self.demonstration.table, self.totals_in_print)

    def opening(self, chapter: str) -> Opening:
        """Give the heading and the opening words of a chapter under a banner."""
        plain = super().opening(chapter)
        title = self.words("synthetic.title", title=plain.title)
        return Opening(title, plain.text, self.words("synthetic.banner"))

    def _marked(self, exhibit: Exhibit) -> Exhibit:
        return marked(exhibit, self.words)


def municipal_study(
    language: str,
    output: str = "",
    *,
    outcome: str = "start_loans",
    panel: str = "",
    **chosen: Any,
) -> MunicipalStudy:
    """Open the municipal level on an outcome, or on a SYNTHETIC panel where one is given.

    Parameters
    ----------
    language, output, outcome, chosen
        As of `MunicipalStudy`.
    panel
        A file of `bsup demo`, `synthetic` for the standard panel, or empty for real data.

    Raises
    ------
    InputError
        A panel for another outcome than start loans, which alone are made up.
    """
    if panel and outcome != "start_loans":
        raise InputError(
            f"A SYNTHETIC panel is of start loans, not of {outcome}; set outcome to start_loans,"
            " or leave panel empty."
        )
    if panel:
        return DemonstrationStudy(language, output, panel=panel, **chosen)
    return MunicipalStudy(language, output, outcome=outcome, **chosen)
