"""The facts of a municipality's profile: what is drawn of all, and its own table."""

import numpy as np
import pandas as pd

from bsup_analysis.design import Design
from bsup_analysis.exhibit.geography import COUNTIES
from bsup_analysis.language import UNKNOWN, Words


def long_data(
    municipality_year: pd.DataFrame, selection_indicators: pd.DataFrame, design: Design
) -> pd.DataFrame:
    """Collect what a profile draws of every municipality.

    Returns
    -------
    pandas.DataFrame
        `municipality_code`, `quantity`, `year` and `value`, unknown values left out.  Quantities:
        `population_index` (first year 100), the columns of `selection_indicators`,
        `loans_per_1000` and `average_loan_nok`.
    """
    table = municipality_year.sort_values(["municipality_code", "year"])
    population = table["population"].astype(float)
    first = population.groupby(table["municipality_code"]).transform("first")
    loans, amount = table["loans"].astype(float), table["amount_nok"].astype(float)
    yearly = {
        "population_index": 100 * population / first,
        "loans_per_1000": 1000 * loans / population,
        "average_loan_nok": amount / loans.where(loans > 0),
    }
    parts = [
        table[["municipality_code", "year"]].assign(quantity=name, value=values)
        for name, values in yearly.items()
    ]
    fixed = selection_indicators.rename_axis("municipality_code").reset_index()
    fixed = fixed.melt("municipality_code", var_name="quantity")
    parts.append(fixed.assign(year=design.window.last_year_before.value))
    return pd.concat(parts, ignore_index=True)[
        ["municipality_code", "quantity", "year", "value"]
    ].dropna(ignore_index=True)


def facts(
    row: pd.Series,
    code: str,
    municipality_year: pd.DataFrame,
    programme_levels: pd.DataFrame,
    selection_indicators: pd.DataFrame,
    design: Design,
    words: Words,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Give the table of a municipality's facts beside the median municipality, and its words.

    Returns
    -------
    tuple
        The table as shown, and the same values for sentences: `county`, `place`, `size`,
        `growth`, `immigrants`, `centrality`, `programme`, `all`, `first`, `year`.
    """
    first, year = min(design.window.population_years.value), design.window.last_year_before.value
    own, median = selection_indicators.loc[code], selection_indicators.median()
    largest = selection_indicators["size"].rank(ascending=False, method="min")
    text = {
        "county": COUNTIES.get(str(row["county_code"]), str(row["county_code"])),
        "place": words.count(largest[code]),
        "all": words.count(len(selection_indicators)),
        "size": words.count(own["size"]),
        "growth": words.change(own["growth"]),
        "immigrants": words.percent(own["immigrants"]),
        "centrality": _centrality(own["centrality"], words),
        "programme": _levels(programme_levels, code, words),
        "first": str(first),
        "year": str(year),
    }
    rows = [
        ("county", text["county"], ""),
        ("economic_region", _known(row["economic_region_name"]), ""),
        ("programme", text["programme"], ""),
        ("size", text["size"], words.count(median["size"])),
        ("place", words("profile.place", place=text["place"], all=text["all"]), ""),
        ("growth", text["growth"], words.change(median["growth"])),
        ("immigrants", text["immigrants"], words.percent(median["immigrants"])),
        ("centrality", text["centrality"], _centrality(np.floor(median["centrality"]), words)),
    ]
    shown = [(words(f"profile.fact_{key}", **text), mine, middle) for key, mine, middle in rows]
    yearly = municipality_year[municipality_year["municipality_code"] == code].set_index("year")
    for published in design.window.published_years.value:
        loans, amount = (yearly.loc[published, name] for name in ("loans", "amount_nok"))
        known = pd.notna(amount) and pd.notna(loans) and loans > 0
        average = float(amount / loans) if known else None
        for key, value in (
            ("loans", words.count(loans)),
            ("amount", words.million(amount)),
            ("average", words.count(average)),
        ):
            shown.append((words(f"profile.fact_{key}", year=published), value, UNKNOWN))
    heads = [words(f"profile.head_{name}") for name in ("fact", "own", "median")]
    return pd.DataFrame(shown, columns=heads), text


def _known(value: object) -> str:
    return UNKNOWN if pd.isna(value) else str(value)


def _centrality(level: float, words: Words) -> str:
    return words(f"profile.level_{'unknown' if pd.isna(level) else int(level)}")


def _levels(programme_levels: pd.DataFrame, code: str, words: Words) -> str:
    named = programme_levels.loc[programme_levels["municipality_code"] == code, "level"]
    if named.empty:
        return words("profile.programme_none")
    return words.listed([words(f"profile.programme_{level}") for level in named])
