"""For looking around: one municipality beside a group, and the growth of every published row."""

import pandas as pd

from bsup_analysis.chapters.explore.explore_drawing import draw_against_group, draw_growth
from bsup_analysis.chapters.explore.explore_rows import (
    BASE,
    against_group,
    group_totals,
    growth_rows,
    members,
)
from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.geography import COUNTIES, known_municipality
from bsup_analysis.language import UNKNOWN, Words

GROUPS = ("priority", "other", "all", "agreement", "no_agreement", "county")


def group_name(group: str, county_code: str, words: Words) -> str:
    """Name a group in the reader's language."""
    return words(f"explore.group_{group}", county=COUNTIES[county_code])


@traced
def municipality_against_group(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    group_year: pd.DataFrame,
    municipality_code: str,
    outcome: str,
    group: str,
    reading: str,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show a municipality's population and outcome beside those of a group."""
    row = known_municipality(municipality, municipality_code)
    codes = members(municipality, group, reading, municipality_code)
    totals = group_totals(municipality_year, group_year, codes, group)
    data = against_group(municipality_year, totals, municipality_code, outcome, design)
    names = {
        "municipality": str(row["municipality_name"]),
        "group": group_name(group, str(row["county_code"]), words),
        "outcome": words(f"outcomes.{outcome}.scale"),
    }
    people = data[data["quantity"] == "population_index"].dropna(subset=["value"])
    ends = people.groupby("who").agg(
        first=("year", "min"), last=("year", "max"), index=("value", "last")
    )
    growth = {who: float(ends.loc[who, "index"]) / BASE - 1 for who in names if who != "outcome"}
    shown = data[data["quantity"] == outcome].pivot(index="who", columns="year", values="value")
    unit = str(data.loc[data["quantity"] == outcome, "unit"].iloc[0])
    decimals = 1 if unit.startswith("loans") else 0

    def told(who: str) -> str:
        values = [words.decimal(value, decimals) for value in shown.loc[who]]
        if set(values) == {UNKNOWN}:
            return words("explore.unknown", name=names[who])
        return words("explore.known", name=names[who], before=values[0], after=values[-1])

    values = {
        **names,
        "count": words.count(len(codes)),
        "before": str(shown.columns[0]),
        "after": str(shown.columns[-1]),
        "first": str(ends["first"].min()),
        "own_last": str(ends.loc["municipality", "last"]),
        "last": str(ends.loc["group", "last"]),
        "own_growth": words.change(growth["municipality"]),
        "group_growth": words.change(growth["group"]),
        "told": words("explore.both", one=told("municipality"), other=told("group")),
    }
    return Exhibit(
        id="explore_against_group",
        title=words("explore.against_title", **values),
        caption=words("explore.against_caption", **values),
        source=words("explore.source"),
        alternative_text=words("explore.against_alternative_text", **values),
        data=data,
        draw=lambda: draw_against_group(data, names, words),
        numbers={
            f"explore_{outcome}_{who}_{year}": Number(float(value), unit)
            for who in ("municipality", "group")
            for year, value in shown.loc[who].items()
            if pd.notna(value)
        },
    )


@traced
def growth_of_rows(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    group_year: pd.DataFrame,
    municipality_code: str,
    outcome: str,
    group: str,
    reading: str,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the growth of every municipality with published loans, those of a group dark."""
    row = known_municipality(municipality, municipality_code)
    codes = members(municipality, group, reading, municipality_code)
    data = growth_rows(municipality, municipality_year, outcome, reading, design)
    totals = group_totals(municipality_year, group_year, codes, group)
    before, after = design.window.published_years.value
    measure = design.outcomes[outcome]
    whole = totals[measure.column] / (totals[measure.per] if measure.per else 1)
    common = whole.loc[after] / whole.loc[before]
    own = data.loc[data["municipality_code"] == municipality_code, "growth"]
    inside = data["municipality_code"].isin(codes)
    years = {"before": str(before), "after": str(after)}
    values = {
        **years,
        "municipality": str(row["municipality_name"]),
        "group": group_name(group, str(row["county_code"]), words),
        "outcome": words(f"outcomes.{outcome}.choice"),
        "reading": words(f"readings.{reading}"),
        "all": words.count(len(data)),
        "inside": words.count(int(inside.sum())),
        "count": words.count(len(codes)),
        "own": words.decimal(own.item()) if len(own) else words("explore.no_growth"),
        "common": words.decimal(common) if pd.notna(common) else words("explore.no_growth"),
    }
    numbers = {"explore_growth_group": common, "explore_growth_municipality": own.max()}
    return Exhibit(
        id="explore_growth",
        title=words("explore.growth_title", **values),
        caption=words("explore.growth_caption", **values),
        source=words("explore.source"),
        alternative_text=words("explore.growth_alternative_text", **values),
        data=data.assign(in_group=inside),
        draw=lambda: draw_growth(
            data,
            set(codes),
            municipality_code,
            float(common) if pd.notna(common) else None,
            words,
            words(f"outcomes.{outcome}.axis", **years),
        ),
        numbers={
            name: Number(float(value), "ratio")
            for name, value in numbers.items()
            if pd.notna(value)
        },
    )
