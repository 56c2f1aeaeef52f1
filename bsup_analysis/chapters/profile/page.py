"""One municipality in profile: one figure and its facts, on the same scales for every one."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bsup_analysis.analysis.phasing import Pooled
from bsup_analysis.design import Design
from bsup_analysis.exhibit import geography
from bsup_analysis.exhibit.charts import number_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import (
    HALO,
    PALE,
    PRINTED,
    PRIORITY,
    REGION,
    WIDTH_IN,
    HouseFigure,
    beside,
)
from bsup_analysis.language import Words
from bsup_analysis.study.shown import Opening

HEIGHT_IN = 7.4
DETAIL_M = 5_000  # corners of the small map
# how the numbers of a strip are written, and where they stand
STRIPS: dict[str, tuple[str, tuple[float, ...]]] = {
    "size": ("count", (500, 2_000, 10_000, 50_000, 150_000)),
    "growth": ("change.0", (-0.05, 0, 0.05, 0.1)),
    "immigrants": ("percent.0", (0, 0.05, 0.1, 0.15)),
    "centrality": ("", ()),
}
IN_THE_MIDDLE = {"ha": "center", "va": "center", "fontsize": "small"}


def _county(row: pd.Series) -> str:
    return geography.COUNTIES.get(str(row["county_code"]), str(row["county_code"]))


def heading(municipality: pd.DataFrame, municipality_code: str, words: Words) -> Opening:
    """Name the municipality and its county.

    Raises
    ------
    InputError
        There is no such municipality.
    """
    row = geography.known_municipality(municipality, municipality_code)
    return Opening(words("profile.heading", name=row["municipality_name"], county=_county(row)))


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
    places = table[["municipality_code", "year"]]
    fixed = selection_indicators.rename_axis("municipality_code").reset_index()
    fixed = fixed.melt("municipality_code", var_name="quantity")
    parts = [
        *(places.assign(quantity=name, value=values) for name, values in yearly.items()),
        fixed.assign(year=design.window.last_year_before.value),
    ]
    columns = ["municipality_code", "quantity", "year", "value"]
    return pd.concat(parts, ignore_index=True)[columns].dropna(ignore_index=True)


def _level(centrality: float) -> str:
    return "unknown" if pd.isna(centrality) else str(int(centrality))


def _facts(
    row: pd.Series, levels: pd.Series, own_years: pd.DataFrame, own: pd.Series, words: Words
) -> dict[str, Any]:
    """Give what is known of a municipality by the name of its row in the words."""
    programme = [words(f"profile.programme.{level}") for level in levels]
    facts: dict[str, Any] = {
        "county": _county(row),
        "economic_region": row["economic_region_name"],
        "programme": words.listed(programme or [words("profile.programme.none")]),
        **own,
        "centrality": _level(own["centrality"]),
    }
    for year, loans, amount in own_years[["loans", "amount_nok"]].itertuples():
        some = pd.notna(amount) and pd.notna(loans) and loans > 0
        facts |= {f"loans_{year}": loans, f"amount_{year}": amount}
        facts[f"average_{year}"] = amount / loans if some else None
    return facts


@exhibit("municipality_profile", "profile")
def municipality_profile(
    municipality: pd.DataFrame,
    available_loans: pd.DataFrame,
    programme_levels: pd.DataFrame,
    selection_indicators: pd.DataFrame,
    loan_rates: Pooled,
    areas: gpd.GeoDataFrame,
    municipality_code: str,
    design: Design,
    words: Words,
) -> Content:
    """Show one municipality among all: population, characteristics, level and start loans.

    `areas` are those of the small map; empty where no land is known, as of SYNTHETIC ones.
    """
    row, code = geography.known_municipality(municipality, municipality_code), municipality_code
    window, level = design.window, design.inference.confidence_level.value
    published = list(window.published_years.value)
    data = long_data(available_loans, selection_indicators, design)
    in_profile = data[data["municipality_code"] == code].reset_index(drop=True)
    own, median = selection_indicators.loc[code], selection_indicators.median()
    years = available_loans[available_loans["municipality_code"] == code].set_index("year")
    levels = programme_levels.loc[programme_levels["municipality_code"] == code, "level"]
    values = {
        "name": row["municipality_name"],
        "place": selection_indicators["size"].rank(ascending=False, method="min")[code],
        "all": len(selection_indicators),
        "first": min(window.population_years.value),
        "year": window.last_year_before.value,
        "level": level,
        **_facts(row, levels, years.loc[published], own, words),
    }
    # text has no median, and of the years' loans none is known
    middle = {
        **dict.fromkeys(values),
        **dict.fromkeys(("county", "economic_region", "programme", "place_text"), ""),
        **median,
        "centrality": _level(np.floor(median["centrality"])),
    }
    values["place_text"] = words("profile.place", **values)
    heads = {"first": values["first"], "year": values["year"]}
    shown = words.table(
        "profile", [{**values, **heads}, {**middle, **heads}], **heads
    ).T.reset_index()
    shown.columns = pd.Index([words(f"profile.head_{name}") for name in ("fact", "own", "median")])
    said = [words("profile.caption", **values)]
    of = pd.Series({c: n for n, codes in areas["codes"].items() for c in codes}, dtype="Int64")
    borders = geography.about_borders(areas.loc[of[of.index == code]], "", municipality, words)
    values["borders_source"] = f" {borders['borders_source']}" if len(areas) else ""
    if not (in_profile["quantity"] == "loans_per_1000").any():
        said.append(words("profile.no_loans"))
    if code in loan_rates.codes:
        at = loan_rates.codes.index(code)
        rate = {
            end: 1000 * float(getattr(loan_rates, end)[at]) for end in ("estimate", "low", "high")
        }
        said.append(words("profile.pooled", **rate, level=level))
    said += [borders["borders"].strip()] if len(areas) else []
    numbers = (
        (f"profile_population_{values['year']}", "size", "persons, 1 January"),
        ("profile_population_growth", "growth", "relative change"),
        ("profile_immigrant_share", "immigrants", "share"),
    )
    values["caption"] = caption = " ".join(said)

    def draw() -> Figure:
        return _draw(data, areas, row, code, values["name"], loan_rates, published, level, words)

    published_numbers = {n: (float(own[indicator]), unit) for n, indicator, unit in numbers}
    return Content(
        in_profile, values, draw=draw, shown=shown, numbers=published_numbers, caption=caption
    )


def _draw(
    data: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    row: pd.Series,
    code: str,
    name: str,
    loan_rates: Pooled,
    years: list[int],
    level: float,
    words: Words,
) -> Figure:
    """Draw a municipality dark among all others pale, every scale the same whoever is dark.

    Places are fixed and not laid out by what is drawn: the same on every page, and sooner done.
    """
    figure = HouseFigure(figsize=(WIDTH_IN, HEIGHT_IN))
    figure.set_layout_engine("none")
    left, right = (0.07, 0.5), (0.6, 0.98)

    def panel(across: tuple[float, float], low: float, high: float) -> Axes:
        return figure.add_axes((across[0], low, across[1] - across[0], high - low))

    by = dict(list(data.groupby("quantity")))
    top = 0.665 if len(areas) else 0.96
    _draw_index(panel(left, 0.375, top), by["population_index"], code, name, words)
    for place, quantity in enumerate(STRIPS):
        if quantity in by:  # of made-up municipalities some are not known
            bottom = 0.895 - 0.158 * place
            _draw_strip(panel(right, bottom, bottom + 0.07), by[quantity], quantity, code, words)
    rates, loans = panel(left, 0.045, 0.305), panel(right, 0.045, 0.305)
    highest = max(by["loans_per_1000"]["value"].max(), 1000 * loan_rates.high.max())
    _draw_years(rates, by["loans_per_1000"], code, years, highest, ".1", words)
    rates.set_title(words("profile.loans_per_1000"))
    if code in loan_rates.codes:
        at = loan_rates.codes.index(code)
        ends = 1000 * loan_rates.low[at], 1000 * loan_rates.high[at]
        rates.plot([years[-1] + 0.16] * 2, ends, color=PRIORITY, lw=2)
        text, middle = words("profile.interval", level=level), (years[-1] + 0.21, sum(ends) / 2)
        rates.annotate(text, middle, fontsize="small", va="center", color=PRINTED)
    # a table without amounts has no averages
    averages = by.get("average_loan_nok", data.iloc[:0])
    highest = averages["value"].max() if len(averages) else 1
    _draw_years(loans, averages, code, years, highest, "thousand", words)
    loans.set_title(words("profile.average_loan_nok"))
    if len(areas):
        _draw_place(panel(left, 0.7, 0.995), areas, row, code)
    return figure


def _draw_place(axes: Axes, areas: gpd.GeoDataFrame, row: pd.Series, code: str) -> None:
    """Draw where the municipality lies, with a ring around it: some are but a dot of land."""
    shown = geography.simplified(areas, DETAIL_M)
    own = pd.Series([code in codes for codes in shown["codes"]], shown.index)
    thin = {"edgecolor": "white", "linewidth": 0.4}
    looks = {False: {"facecolor": PALE, **thin}, True: {"facecolor": PRIORITY, **thin}}
    geography.draw_areas(axes, shown, own, looks)
    (east, north), *_ = geography.metres(
        pd.Series([row["longitude_deg"]]), pd.Series([row["latitude_deg"]])
    )
    axes.plot(east, north, "o", ms=19, mfc="none", mec=PRIORITY, mew=1.2)
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.axis("off")


def _draw_index(axes: Axes, rows: pd.DataFrame, code: str, name: str, words: Words) -> None:
    wide = rows.pivot(index="year", columns="municipality_code", values="value")
    lines = [line.dropna().reset_index().to_numpy(float) for _, line in wide.items()]
    axes.add_collection(LineCollection(lines, colors=PALE, linewidths=0.7))
    median = wide.median(axis=1)
    axes.plot(wide.index, median, color=REGION, lw=1.4, ls="--", label=words("profile.median"))
    axes.plot(wide.index, wide[code], color=PRIORITY, lw=2.4, label=name)
    axes.set_ylim(0.99 * rows["value"].min(), 1.01 * rows["value"].max())
    axes.set_xticks(wide.index[::3])
    # where population stands still, steps of less than one would repeat a label
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    number_axis(axes.yaxis, words, "count")
    axes.set_title(words("profile.index", first=wide.index[0]))
    axes.legend(loc="upper left", fontsize="small")
    axes.grid(axis="y")


def _draw_strip(axes: Axes, rows: pd.DataFrame, quantity: str, code: str, words: Words) -> None:
    """Draw a tick a municipality on one line, or how many are on each level of centrality."""
    values = rows.set_index("municipality_code")["value"]
    if quantity == "centrality":
        counts = values.value_counts().sort_index()
        axes.bar(counts.index, counts / counts.max(), width=0.5, bottom=-0.5, color=PALE)
        names = [words(f"profile.level.{_level(level)}") for level in counts.index]
        axes.set_xticks(counts.index, [name.replace(" ", "\n") for name in names])
        axes.set_xlim(-0.5, 3.5)
    else:
        axes.plot(values, np.zeros(len(values)), "|", color=PRINTED, alpha=0.45, ms=11)
        axes.plot([values.median()] * 2, [-0.5, 0.5], color=REGION, lw=1.4, ls="--")
        if quantity == "size":
            axes.set_xscale("log")
        number_axis(axes.xaxis, words, *STRIPS[quantity])
    if code in values.index:
        axes.plot(values[code], 0, "o", ms=9, color=PRIORITY, mec="white", zorder=3)
    else:
        look: Any = {"transform": axes.transAxes, "fontweight": "bold", **IN_THE_MIDDLE}
        axes.text(0.5, 0.5, words("profile.level.unknown"), **look)
    axes.set_ylim(-0.6, 0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize="small")
    axes.set_title(words(f"profile.strip_{quantity}"), fontsize=9, pad=3)


def _draw_years(
    axes: Axes,
    rows: pd.DataFrame,
    code: str,
    years: list[int],
    highest: float,
    form: str,
    words: Words,
) -> None:
    """Draw the published years of all municipalities with data, and this one's if it has any."""
    shown = rows[rows["year"].isin(years)]
    own = shown[shown["municipality_code"] == code]
    for year in years:
        others = shown.loc[shown["year"] == year, "value"]
        axes.plot([year] * len(others), others, "_", color=PRINTED, alpha=0.6, ms=12)
    if own.empty:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 4}
        look: Any = {"transform": axes.transAxes, "color": PRINTED, "bbox": box, **IN_THE_MIDDLE}
        axes.text(0.5, 0.5, words("profile.not_known"), **look)
    else:
        axes.plot(own["year"], own["value"], "o-", color=PRIORITY, lw=2, ms=7)
    halo = {"fontweight": "bold", **HALO}
    for year, value in own[["year", "value"]].itertuples(index=False):
        away, ha, va = (-9, 0), "right", "center"
        if year != years[0]:
            away, ha, va = (0, 8), "center", "bottom"
        beside(axes, words.written(value, form), (year, value), away, ha=ha, va=va, **halo)
    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.set_xticks(years, [str(year) for year in years])
    axes.set_ylim(0, 1.12 * highest)
    number_axis(axes.yaxis, words, form)
    axes.grid(axis="y")
