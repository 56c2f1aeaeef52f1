"""Start loans: the region's number and average, the table of document p. 14, and Malvik."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.exhibit.charts import number_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import (
    GROUP_COLOUR,
    GROUP_MARKER,
    GROUP_TEXT_COLOUR,
    PALE,
    PHONE_IN,
    PRINTED,
    PRIORITY,
    REGION,
    WIDTH_IN,
    beside,
    group_bars,
    new_figure,
)
from bsup_analysis.language import Words

AREAS = ("priority", "region", "other")
QUANTITIES = ("loans", "amount_nok")
MALVIK = "1663"
YEARS = (2009, 2010)
ON_WHITE = {"facecolor": "white", "edgecolor": "none"}


def _axis_ticks(programme_chart_axes: pd.DataFrame, chart: str) -> list[int]:
    """Give the labels of a chart's value axis, the lowest first."""
    axes = programme_chart_axes
    return sorted(axes.loc[(axes["chart"] == chart) & (axes["axis"] == "value"), "tick"])


@exhibit("region_loans", "loans.region")
def region_loans(
    region_year: pd.DataFrame,
    group_year: pd.DataFrame,
    programme_chart_axes: pd.DataFrame,
    words: Words,
) -> Content:
    """Show the region's start loans as the document's chart has them (p. 11), split where known."""
    region = region_year.dropna(subset=["loans"]).set_index("year")
    groups = group_year.dropna(subset=["loans"])
    groups = groups.pivot(index="year", columns="group", values="loans")
    data = region[["loans", "loans_certainty"]].join(groups)
    ticks = _axis_ticks(programme_chart_axes, "loans")
    known, whole = data.dropna(subset=["priority"]), data[data["priority"].isna()]

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.1)
        thin, look = {"width": 0.6}, {"ha": "center", "va": "center"}
        axes.bar(whole.index, whole["loans"], color=PALE, edgecolor=REGION, linestyle="--", **thin)
        group_bars(axes, "priority", known.index, known["priority"], **thin)
        group_bars(axes, "other", known.index, known["other"], bottom=known["priority"], **thin)
        for year, loans in data["loans"].items():
            beside(axes, words.count(loans), (year, loans), (0, 3), ha="center", fontweight="bold")
        for year, own, rest in known[["priority", "other"]].itertuples():
            axes.text(year, own / 2, words.count(own), color="white", fontweight="bold", **look)
            axes.text(
                year, own + rest / 2, words.count(rest), bbox={**ON_WHITE, "pad": 1.5}, **look
            )
        axes.set_xticks(data.index)
        axes.set_ylim(0, ticks[-1])
        axes.set_yticks(ticks, [words.count(tick) for tick in ticks])
        axes.set_title(words("loans.region.axis"))
        undivided, priority, other = axes.containers
        axes.legend(
            [priority, other, undivided],
            [words("groups.priority"), words("groups.other"), words("loans.region.not_split")],
            loc="upper left",
            fontsize="small",
        )
        return figure

    certain = data["loans_certainty"]
    kept = data.reset_index()
    values = {
        **data,
        "confirmed": data.index[certain == "confirmed"],
        "read": data.index[certain == "reading_order"],
    }
    numbers = {
        f"loans_{area}_{year}": (loans, "loans")
        for area, column in (("region", "loans"), ("priority", "priority"), ("other", "other"))
        for year, loans in data[column].items()
    }
    change = data.loc[2010, "loans"] / data.loc[2009, "loans"] - 1
    numbers["change_number_region_2009_2010"] = (change, "relative change")
    return Content(kept, {**values, "change": change}, draw=draw, numbers=numbers)


def average_loans(group_year: pd.DataFrame, region_year: pd.DataFrame) -> pd.DataFrame:
    """Compute average loans with the range that the rounding of the press totals leaves.

    Returns
    -------
    pandas.DataFrame
        `area` (priority, other, region), `year`, and `average_loan_nok` with `_low` and `_high`,
        in NOK a loan.
    """
    rows = pd.concat([group_year, region_year.assign(group="region")], ignore_index=True)
    rows = rows.dropna(subset=["amount_nok"], ignore_index=True)
    averages = rows[["group", "year"]].rename(columns={"group": "area"})
    for end in ("", "_low", "_high"):
        average = rows[f"amount_nok{end}"] / rows["loans"]
        averages[f"average_loan_nok{end}"] = average.astype(float)
    return averages


@exhibit("average_loan", "averages")
def average_loan(
    group_year: pd.DataFrame,
    region_year: pd.DataFrame,
    municipality_year: pd.DataFrame,
    programme_chart_axes: pd.DataFrame,
    words: Words,
) -> Content:
    """Show average loans beside the empty chart of the document (p. 6)."""
    averages = average_loans(group_year, region_year)
    single = municipality_year.dropna(subset=["loans"]).query("loans > 0")
    single = single.assign(average_loan_nok=(single["amount_nok"] / single["loans"]).astype(float))
    years = [int(year) for year in region_year.dropna(subset=["loans"])["year"]]
    mean, low, high = (
        averages.pivot(index="year", columns="area", values=f"average_loan_nok{end}")
        for end in ("", "_low", "_high")
    )
    lost = [year for year in years if year not in mean.index]
    ceiling = _axis_ticks(programme_chart_axes, "average_loan_nok")[-1]

    def draw(narrow: bool) -> Figure:
        figure, axes = new_figure(height_in=4.2, width_in=PHONE_IN if narrow else WIDTH_IN)
        axes.bar(lost, ceiling, width=0.6, color="white", edgecolor=PALE, hatch="xx", zorder=0)
        look: Any = {"ha": "center", "va": "center", "fontsize": "small", "bbox": ON_WHITE}
        # beside the points of single municipalities, in points on paper
        room = 12 if narrow else 34
        axes.text(np.mean(lost), ceiling / 2, words("averages.unrecoverable"), **look)
        for year, rows in single.groupby("year"):
            nok = rows["average_loan_nok"].sort_values()
            # a fixed spread by rank keeps the points apart without any chance in it
            at = year + (np.linspace(-0.26, 0.26, len(nok)) if len(nok) > 2 else 0 * nok)
            axes.scatter(at, nok, s=14, color=PRIORITY, alpha=0.45, lw=0)
            if year in lost:
                names = rows.loc[nok.index, "municipality_name"]
                for name, x, y in zip(names, at, nok, strict=True):
                    away, ha = (-5, "right") if narrow else (5, "left")
                    beside(axes, name, (x, y), (away, 0), ha=ha, va="center", fontsize="small")
        for area in AREAS:
            colour, nok = GROUP_COLOUR.get(area, REGION), mean[area]
            axes.errorbar(
                nok.index,
                nok,
                yerr=[nok - low[area], high[area] - nok],
                color=colour,
                marker=GROUP_MARKER.get(area, "D"),
                markersize=8,
                capsize=4,
                markerfacecolor="white" if area == "other" else colour,
                linestyle={"priority": "-", "other": "--"}.get(area, ":"),
                label=words(f"averages.{area}"),
            )
            look = {"color": GROUP_TEXT_COLOUR.get(area, REGION), "fontweight": "bold"}
            look |= {"fontsize": "small", "va": "center"}
            # left of the first year and right of the last, where no single municipality stands
            for year, away, ha in ((mean.index[0], -1, "right"), (mean.index[-1], 1, "left")):
                text = words.thousand(nok[year]) if narrow else words.count(nok[year].round(-3))
                beside(axes, text, (year, nok[year]), (away * room, 0), ha=ha, **look)
        axes.set_xticks(years)
        axes.set_xlim(years[0] - 0.5, years[-1] + 0.75)
        axes.set_ylim(0, 1_000_000)
        number_axis(axes.yaxis, words, "thousand" if narrow else "count")
        axes.set_title(words(f"averages.axis{'_narrow' * narrow}"))
        axes.legend(loc="upper left", fontsize="small")
        return figure

    of_municipalities = single.rename(columns={"municipality_code": "area"})
    unknown = pd.DataFrame(
        {"area": "region", "year": lost, "average_loan_nok_high": float(ceiling)}
    )
    first, last = mean.index[[0, -1]]
    rows = [
        {"area": area, "before": mean[area][first], "after": mean[area][last]} for area in AREAS
    ]
    # the rounding of the press totals may leave open which way a mean went
    ways = {}
    for area in ("priority", "other"):
        least, most = low[area][last] - high[area][first], high[area][last] - low[area][first]
        way = "up" if least > 0 else "down" if most < 0 else "open"
        ways[area] = words(f"averages.way.{way}")
    parts = [averages, of_municipalities[["area", "year", "average_loan_nok"]], unknown]
    values = {"mean": mean, "low": low, "high": high, "ceiling": ceiling, "lost": lost}
    return Content(
        pd.concat(parts, ignore_index=True),
        {**values, "first": first, "last": last},
        title=words("averages.title", **ways),
        draw=draw,
        narrow=True,
        table=[{**row, "change": row["after"] / row["before"] - 1} for row in rows],
        numbers={
            f"average_loan_nok_{area}_{year}{end}": (table[area][year], "NOK a loan")
            for end, table in (("", mean), ("_low", low), ("_high", high))
            for area, year in product(AREAS, mean.index)
            if not (end and area == "priority")
        }
        | {
            f"amount_nok_{row.group}_{row.year}": (row.amount_nok, "NOK")
            for row in group_year.itertuples()
        }
        | _region_amounts(region_year),
    )


def _region_amounts(region_year: pd.DataFrame) -> dict[str, tuple[float, str]]:
    """Give the region's NOK of each year the press has, and their change with its rounding."""
    years = region_year.dropna(subset=["amount_nok"]).set_index("year")
    first, last = years.index[[0, -1]]
    change = {
        f"change_amount_region_{first}_{last}{end}": (
            years.loc[last, f"amount_nok{end}"] / years.loc[first, f"amount_nok{other}"] - 1,
            "relative change",
        )
        for end, other in (("", ""), ("_low", "_high"), ("_high", "_low"))
    }
    return change | {
        f"amount_nok_region_{year}": (nok, "NOK") for year, nok in years["amount_nok"].items()
    }


def completed_table(
    programme_p14_start_loans: pd.DataFrame, municipality_year: pd.DataFrame
) -> pd.DataFrame:
    """Recompute every change and sum, and add average loans and rates per 1 000 inhabitants.

    Returns
    -------
    pandas.DataFrame
        One row a municipality in printed order and one for their sum, none of it taken from
        the printed changes or sums: `loans_*`, `amount_nok_*`, their changes,
        `average_loan_nok_*`, `loans_per_1000_*`, `amount_nok_per_1000_*`, and
        `printed_agrees`, whether all printed figures of the row are the recomputed ones.
    """
    printed = programme_p14_start_loans
    rows = printed[printed["row_kind"] == "municipality"]
    population = municipality_year.pivot(
        index="municipality_code", columns="year", values="population"
    )
    table = rows[["municipality_code", "municipality_name"]].copy()
    for year in YEARS:
        table[f"population_{year}"] = rows["municipality_code"].map(population[year]).astype(int)
        for quantity in QUANTITIES:
            table[f"{quantity}_{year}"] = rows[f"{quantity}_{year}"]
    total = table.drop(columns="municipality_name").sum(numeric_only=True)
    table = pd.concat([table, total.to_frame().T], ignore_index=True)
    for quantity in QUANTITIES:
        table[f"{quantity}_change"] = table[f"{quantity}_2010"] - table[f"{quantity}_2009"]
    columns = [f"{quantity}_{end}" for quantity in QUANTITIES for end in (*YEARS, "change")]
    ordered = pd.concat([rows, printed[printed["row_kind"] == "sum"]])[columns].to_numpy()
    table["printed_agrees"] = (table[columns].astype(int).to_numpy() == ordered).all(axis=1)
    for year in YEARS:
        loans, amount, inhabitants = (
            table[f"{name}_{year}"].astype(float) for name in (*QUANTITIES, "population")
        )
        table[f"average_loan_nok_{year}"] = amount / loans.where(loans > 0)
        table[f"loans_per_1000_{year}"] = 1000 * loans / inhabitants
        table[f"amount_nok_per_1000_{year}"] = 1000 * amount / inhabitants
    return table


@exhibit("start_loan_table", "programme_table")
def start_loan_table(
    programme_p14_start_loans: pd.DataFrame, municipality_year: pd.DataFrame, words: Words
) -> Content:
    """Show the recomputed table of document p. 14."""
    data = completed_table(programme_p14_start_loans, municipality_year)
    single = data.iloc[:-1]
    shown = data.assign(
        municipality_name=data["municipality_name"].fillna(words("programme_table.sum")),
        growth=(data["amount_nok_2010"] / data["amount_nok_2009"]).astype(float) - 1,
    )
    values = {
        "rows": len(data),
        "agree": data["printed_agrees"].sum(),
        "fewer_or_same": (single["loans_change"] <= 0).sum(),
        "less": (single["amount_nok_change"] < 0).sum(),
        "municipalities": len(single),
    }
    return Content(data, values, table=shown)


def malvik_variants(
    programme_p06_malvik: pd.DataFrame, programme_p14_start_loans: pd.DataFrame
) -> pd.DataFrame:
    """Combine every amount with every number of loans that the document prints for a year.

    Returns
    -------
    pandas.DataFrame
        `year`, `amount_from` and `loans_from` (text or table), `amount_nok`, `loans`,
        `average_loan_nok`.
    """
    row = programme_p14_start_loans.set_index("municipality_code").loc[MALVIK]
    known = {
        "text": programme_p06_malvik.dropna(subset=["year"]).pivot(
            index="year", columns="quantity", values="printed_value"
        ),
        "table": pd.DataFrame(
            {q: {year: row[f"{q}_{year}"] for year in YEARS} for q in QUANTITIES}
        ),
    }
    variants = [
        pd.DataFrame(
            {
                "amount_from": amount_from,
                "loans_from": loans_from,
                "amount_nok": known[amount_from]["amount_nok"],
                "loans": known[loans_from]["loans"],
            }
        ).dropna()
        for amount_from, loans_from in product(known, repeat=2)
    ]
    data = pd.concat(variants).astype(dict.fromkeys(QUANTITIES, "int64"))
    data = data.rename_axis("year").sort_index(kind="stable").reset_index()
    return data.assign(average_loan_nok=data["amount_nok"] / data["loans"])


@exhibit("malvik", "malvik")
def malvik(
    programme_p06_malvik: pd.DataFrame, programme_p14_start_loans: pd.DataFrame, words: Words
) -> Content:
    """Show what document p. 6 says of Malvik against the table of p. 14, in every variant."""
    data = malvik_variants(programme_p06_malvik, programme_p14_start_loans)
    averages = programme_p06_malvik.query("quantity == 'average_loan_nok'")
    start = float(averages.set_index("year")["printed_value"][2008])

    def draw() -> Figure:
        figure, panels = new_figure(1, 2, 3.4)
        for axes, column in zip(panels, ("loans", "average_loan_nok"), strict=True):
            for source, marker, colour in (("table", "o", PRIORITY), ("text", "D", PRINTED)):
                rows = data[data["loans_from"] == source].drop_duplicates(["year", column])
                axes.scatter(
                    rows["year"],
                    rows[column],
                    marker=marker,
                    s=46,
                    facecolor=colour if source == "table" else "white",
                    edgecolor=colour,
                    label=words(f"malvik.from_{source}"),
                    zorder=3,
                )
            axes.set_xticks([2008, 2009, 2010])
            axes.set_xlim(2007.5, 2010.5)
            axes.set_ylim(0, 1.1 * data[column].max())
            axes.grid(axis="y")
            axes.yaxis.set_major_formatter(lambda y, _: words.count(y))
            axes.set_title(words(f"malvik.columns.{column}.head"))
        for row in data.drop_duplicates(["year", "loans"]).itertuples():
            beside(panels[0], words.count(row.loans), (row.year, row.loans), (8, 0), va="center")
        handles = panels[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=2)
        return figure

    found = data.set_index(["year", "amount_from", "loans_from"])
    text, table, later = (
        found.loc[at]
        for at in ((2009, "text", "text"), (2009, "table", "table"), (2010, "table", "table"))
    )
    by_text, by_table = text["average_loan_nok"], table["average_loan_nok"]
    values = {
        "text_average": by_text,
        "table_average": by_table,
        "printed_average": start,
        "text_change": by_text / start - 1,
        "table_change": by_table / start - 1,
        "next_change": later["average_loan_nok"] / by_table - 1,
        "text_loans": text["loans"],
        "table_loans": table["loans"],
    }
    numbers = {
        "malvik_average_loan_nok_2009_table": (by_table, "NOK a loan"),
        "malvik_average_loan_nok_2009_text": (by_text, "NOK a loan"),
    }
    return Content(data, values, draw=draw, table=data, numbers=numbers)
