"""One municipality in profile: one figure and its facts, on the same scales for every one."""

import html
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.analysis.phasing import Pooled
from bsup_analysis.chapters.profile.profile_drawing import draw_profile
from bsup_analysis.chapters.profile.profile_facts import facts, long_data
from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Exhibit, Number, of_all, traced
from bsup_analysis.exhibit.geography import COUNTIES, known_municipality
from bsup_analysis.language import Words


@dataclass(frozen=True)
class Heading:
    """The heading of a profile's page."""

    text: str

    def _repr_html_(self) -> str:
        return f"<h1>{html.escape(self.text)}</h1>"

    def __repr__(self) -> str:
        """Give the heading."""
        return self.text


def heading(municipality: pd.DataFrame, municipality_code: str, words: Words) -> Heading:
    """Name the municipality and its county.

    Raises
    ------
    InputError
        There is no such municipality.
    """
    row = known_municipality(municipality, municipality_code)
    county = COUNTIES.get(str(row["county_code"]), str(row["county_code"]))
    return Heading(words("profile.heading", name=row["municipality_name"], county=county))


@traced
def municipality_profile(
    municipality: pd.DataFrame,
    available_loans: pd.DataFrame,
    programme_levels: pd.DataFrame,
    selection_indicators: pd.DataFrame,
    loan_rates: Pooled,
    municipality_code: str,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show one municipality among all: population, characteristics, level and start loans."""
    row = known_municipality(municipality, municipality_code)
    name = str(row["municipality_name"])
    level = design.inference.confidence_level.value
    data = long_data(available_loans, selection_indicators, design)
    shown, text = facts(
        row, municipality_code, available_loans, programme_levels, selection_indicators, design,
        words,
    )  # fmt: skip

    def draw() -> Figure:
        return draw_profile(data, municipality_code, name, loan_rates, level, design, words)

    own = data[data["municipality_code"] == municipality_code]
    known = own[own["quantity"] == "loans_per_1000"]["value"].notna().any()
    values = {**text, "name": name, "level": words.percent(level, 0)}
    caption = words("profile.caption_loans" if known else "profile.caption_no_loans", **values)
    if municipality_code in loan_rates.codes:
        place = loan_rates.codes.index(municipality_code)
        estimate = words(
            "ratios.estimate",
            value=words.decimal(1000 * loan_rates.estimate[place]),
            low=words.decimal(1000 * loan_rates.low[place]),
            high=words.decimal(1000 * loan_rates.high[place]),
        )
        caption = f"{caption} {words('profile.pooled', estimate=estimate, **values)}"
    indicators = selection_indicators.loc[municipality_code]
    year = design.window.last_year_before.value
    return Exhibit(
        id="municipality_profile",
        title=words("profile.title", **values),
        caption=caption,
        source=words("profile.source"),
        alternative_text=words("profile.alternative_text", caption=caption, **values),
        data=own.reset_index(drop=True),
        draw=draw,
        shown=shown,
        numbers={
            name: Number(float(indicators[indicator]), unit)
            for name, indicator, unit in (
                (f"profile_population_{year}", "size", "persons, 1 January"),
                ("profile_population_growth", "growth", "relative change"),
                ("profile_immigrant_share", "immigrants", "share"),
            )
            if pd.notna(indicators[indicator])
        },
    )


@traced
def municipality_profile_of_all(
    municipality: pd.DataFrame,
    available_loans: pd.DataFrame,
    programme_levels: pd.DataFrame,
    selection_indicators: pd.DataFrame,
    loan_rates: Pooled,
    municipality_code: str,
    start_loans: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show one municipality among all, with loans of all."""
    exhibit = municipality_profile(
        municipality,
        available_loans,
        programme_levels,
        selection_indicators,
        loan_rates,
        municipality_code,
        design,
        words,
    )
    return of_all(exhibit, start_loans, words)
