"""What was measured in every municipality: the unemployed, and residents who came as refugees."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.design import Design
from bsup_analysis.effects.regression import Fit
from bsup_analysis.exhibit import style
from bsup_analysis.exhibit.charts import number_axis, side_of_one
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

# as the groups are called in ids of numbers
IDS = {"priority": "priority", "other": "others", "norway": "norway"}
UNEMPLOYED = "unemployed_or_on_measures"


def per_thousand(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Add up a column and the population by group and year, where both are known.

    Returns
    -------
    pandas.DataFrame
        `group`, `year`, `population`, the column, and `per_1000` inhabitants; sorted.
    """
    known = rows.dropna(subset=[column])
    sums = known.groupby(["group", "year"])[["population", column]].sum().reset_index()
    return sums.assign(per_1000=(1000 * sums[column] / sums["population"]).astype(float))


def _lines(axes: Axes, table: pd.DataFrame, groups: Iterable[str], words: Words) -> None:
    """Draw a line a group, broken where a year is not there, with its name at its end."""
    for group in groups:
        rows = table[table["group"] == group]
        name = words("measured.norway") if group == "norway" else words(f"groups.{group}")
        colour = style.GROUP_TEXT_COLOUR.get(group, style.REGION)
        for _, run in rows.groupby((rows["year"].diff() > 1).cumsum()):
            if group == "norway":
                axes.plot(
                    run["year"], run["per_1000"], color=style.REGION, linestyle=":", linewidth=2
                )
            else:
                style.group_line(axes, group, run["year"], run["per_1000"])
        end = (rows["year"].iloc[-1], rows["per_1000"].iloc[-1])
        style.beside(axes, name, end, (8, 0), color=colour, **style.SMALL)
    axes.set_xticks(range(table["year"].min(), table["year"].max() + 1))
    axes.set_ylim(bottom=0)
    axes.grid(axis="y")


@exhibit("unemployment", "measured.unemployment")
def unemployment(
    municipality_indicators: pd.DataFrame,
    labour_market_norway: pd.DataFrame,
    fit: Fit,
    design: Design,
    words: Words,
) -> Content:
    """Show the unemployed of both groups and the country, and the ratio of the last change.

    Parameters
    ----------
    municipality_indicators, labour_market_norway
        The tables.
    fit
        The unemployed of `Study.unemployment_units` for each inhabitant.
    design, words
        The design and the language.
    """
    country = labour_market_norway.assign(group="norway")
    data = pd.concat(
        [per_thousand(municipality_indicators, UNEMPLOYED), per_thousand(country, UNEMPLOYED)],
        ignore_index=True,
    )
    rates = data.pivot(index="group", columns="year", values="per_1000")
    last, treated = design.years
    before = last - 1
    largest = municipality_indicators.loc[municipality_indicators["population"].idxmax()]
    rest = municipality_indicators[municipality_indicators["unit"] != largest["unit"]]
    without = per_thousand(rest, UNEMPLOYED).pivot(index="group", columns="year", values="per_1000")
    rows = [
        *((words(f"groups.{group}"), rates.loc[group]) for group in ("priority", "other")),
        (words("measured.without", name=largest["unit_name"]), without.loc[largest["group"]]),
        (words("measured.norway"), rates.loc["norway"]),
    ]
    ratio = fit.interval()
    side = side_of_one(ratio.low, ratio.high)

    def change(of: pd.Series, start: int, end: int) -> float:
        return of[end] / of[start] - 1

    def draw(narrow: bool) -> Figure:
        figure, axes = style.new_figure(
            height_in=3.6, width_in=style.PHONE_IN if narrow else style.WIDTH_IN
        )
        axes.axvspan(last - 0.5, last + 0.5, color=style.PALE, alpha=0.6, lw=0)
        _lines(axes, data, IDS, words)
        style.beside(
            axes, words("measured.selection"), (last, 0.5), (0, 0), ha="center", **style.SMALL
        )
        number_axis(axes.yaxis, words, "count", range(0, 100, 5))
        # room for the names at the ends of the lines
        axes.set_xlim(right=data["year"].max() + (7.5 if narrow else 2.6))
        if narrow:
            axes.set_xticks(sorted(data["year"].unique())[::4])
        axes.set_title(words("measured.unemployment.axis"))
        return figure

    changes = {
        (group, start, end): change(rates.loc[group], start, end)
        for group in IDS
        for start, end in ((before, last), (last, treated))
    }
    stem = f"unemployment_ratio_{last}_{treated}"
    numbers = {
        f"unemployment_{name}_{year}": (rate, "persons per 1000 inhabitants")
        for group, name in IDS.items()
        for year, rate in rates.loc[group].items()
    }
    numbers |= {
        f"unemployment_change_{IDS[group]}_{start}_{end}": (value, "relative change")
        for (group, start, end), value in changes.items()
    }
    numbers |= {
        stem: (ratio.ratio, "ratio"),
        f"{stem}_ci_low": (ratio.low, "ratio"),
        f"{stem}_ci_high": (ratio.high, "ratio"),
    }
    values = {
        "first": data["year"].min(),
        "end": data["year"].max(),
        "before": before,
        "last": last,
        "treated": treated,
        **{f"rate_{group}": rates.loc[group, before] for group in IDS},
        **{f"rise_{group}": changes[group, before, last] for group in IDS},
        **{f"turn_{group}": changes[group, last, treated] for group in IDS},
        "ratio": ratio,
        "level": ratio.level,
        "side": words(f"measured.side.{side}"),
    }
    table = [
        {
            "name": name,
            "rate_before": of[before],
            "rate_last": of[last],
            "rate_treated": of[treated],
            "rise": change(of, before, last),
            "turn": change(of, last, treated),
        }
        for name, of in rows
    ]
    title = words(f"measured.unemployment.title.{side}", last=last, treated=treated)
    return Content(data, values, title=title, draw=draw, narrow=True, table=table, numbers=numbers)


@exhibit("refugees", "measured.refugees")
def refugees(municipality_indicators: pd.DataFrame, design: Design, words: Words) -> Content:
    """Show refugees for each inhabitant, and the share of immigrants without a known reason."""
    table = municipality_indicators
    rates = per_thousand(table, "refugees")
    by = ["group", "year"]
    whole = table.groupby(by)[["immigrants", "immigrants_reason_unknown"]].sum().reset_index()
    unknown = (whole["immigrants_reason_unknown"] / whole["immigrants"]).astype(float)
    data = whole.assign(reason_unknown=unknown).merge(rates, on=by, how="left")
    region = table.groupby("year")[["immigrants", "immigrants_reason_unknown"]].sum()
    share = (region["immigrants_reason_unknown"] / region["immigrants"]).astype(float)
    usable = design.window.refugee_years.value
    lost = [year for year in share.index if year not in usable]
    first, last = usable[0], usable[-1]
    rate = rates.set_index(by)["per_1000"]
    years = sorted(share.index)

    def draw() -> Figure:
        figure, (left, right) = style.new_figure(1, 2, 3.1, width_ratios=(1.35, 1))
        for axes in (left, right):
            for year in lost:
                ends = year - 0.5, year + 0.5
                axes.axvspan(*ends, facecolor="white", edgecolor=style.PALE, hatch="////", lw=0)
        _lines(left, rates, ("priority", "other"), words)
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        at = ((lost[0] + lost[-1]) / 2, 2.5)
        look = {"ha": "center", "color": style.PRINTED, "bbox": ground, **style.SMALL}
        style.beside(left, words("measured.refugees.lost"), at, (0, 0), **look)
        number_axis(left.yaxis, words, "count", range(0, 100, 5))
        left.set_title(words("measured.refugees.axis"))
        for group in ("priority", "other"):
            rows = data[data["group"] == group]
            style.group_line(right, group, rows["year"], rows["reason_unknown"])
        right.set_ylim(0, 1)
        number_axis(right.yaxis, words, "percent.0")
        right.set_title(words("measured.refugees.unknown"))
        right.grid(axis="y")
        for axes in (left, right):
            axes.set_xticks(years[::3], [str(year) for year in years[::3]])
        left.set_xlim(right=last + 4.4)
        return figure

    def cell(group: str, year: int) -> float | None:
        return rate.get((group, year))

    numbers = {
        f"refugees_{IDS[group]}_{year}": (value, "persons per 1000 inhabitants")
        for (group, year), value in rate.items()
    }
    numbers |= {
        f"immigrants_reason_unknown_{year}": (value, "share") for year, value in share.items()
    }
    values = {
        "first": first,
        "last": last,
        "lost": lost,
        "least_lost": share[lost].min(),
        "share_first": share[first],
        "share_last": share[last],
        **{
            f"{group}_{end}": rate[group, year]
            for group in ("priority", "other")
            for end, year in (("first", first), ("last", last))
        },
    }
    cells = [
        {
            "year": year,
            "priority": cell("priority", year),
            "other": cell("other", year),
            "unknown": share[year],
        }
        for year in years
    ]
    return Content(data, values, draw=draw, table=cells, numbers=numbers)
