"""How alike the groups were before the programme: size, centrality, and every characteristic.

The standardised difference is that of Austin, "Balance diagnostics for comparing the distribution
of baseline covariates between treatment groups in propensity-score matched samples", Statistics in
Medicine 28(25), 2009, 3083-3107: with means m, sample variances v and shares p of the priority
municipalities (1) and the others (0)

    (m1 - m0) / sqrt((v1 + v0) / 2)                    for quantities,
    (p1 - p0) / sqrt((p1 (1 - p1) + p0 (1 - p0)) / 2)  for shares of municipalities.

It does not grow with the number of municipalities, as a test's statistic would.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from bsup_analysis.analysis.phasing import selection_indicators
from bsup_analysis.design import Design
from bsup_analysis.exhibit import style
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

# Statistics Norway's levels from the most central down, and what is not classified
LEVELS = ("3", "2", "1", "0", "unknown")
# standard deviations; differences within it are often called negligible (Austin 2009)
NEGLIGIBLE = 0.1
SIZE_TICKS = (500, 2_000, 10_000, 50_000)


def characteristics(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, design: Design
) -> pd.DataFrame:
    """Collect what is known of every municipality before the programme.

    Returns
    -------
    pandas.DataFrame
        A row a municipality, the most populous first: code, name, `group`, `population`
        (1 January of the last year before), `growth` (relative change of the population since
        the first year of the panel), `immigrant_share` (of that population) and
        `centrality_level_2008` (unknown for some).
    """
    known = selection_indicators(municipality, municipality_year, design)
    known = known.rename(columns={"size": "population", "immigrants": "immigrant_share"})
    columns = ["municipality_code", "municipality_name", "group", "centrality_level_2008"]
    table = municipality[columns].merge(
        known.drop(columns="centrality"), left_on="municipality_code", right_index=True
    )
    return table.sort_values(
        ["population", "municipality_code"], ascending=[False, True], ignore_index=True
    )


@dataclass(frozen=True)
class Overlap:
    """The values between `low` and `high`, both included, where both groups have members.

    `priority` and `other` count the members of each group there; there is no overlap where
    `low` lies above `high`.
    """

    low: float
    high: float
    priority: int
    other: int


def overlap(values: pd.Series, group: pd.Series) -> Overlap:
    """Find the range of values that both groups reach, and who lies in it.

    Parameters
    ----------
    values, group
        A value and a group (`priority` or `other`) for each municipality, none unknown.
    """
    by_group = values.groupby(group)
    low, high = float(by_group.min().max()), float(by_group.max().min())
    inside = group[values.between(low, high)].value_counts()
    return Overlap(low, high, int(inside.get("priority", 0)), int(inside.get("other", 0)))


def priority_among_largest(table: pd.DataFrame, largest: int) -> int:
    """Count the priority municipalities among the `largest` ones by `population`."""
    ranked = table.sort_values("population", ascending=False, kind="stable")
    return int((ranked["group"].head(largest) == "priority").sum())


def unbroken_run(table: pd.DataFrame) -> int:
    """Count how many of the most populous are priority municipalities before another comes."""
    ranked = table.sort_values("population", ascending=False, kind="stable")["group"]
    return int((ranked == "priority").cumprod().sum())


def standardised_difference(priority: pd.Series, other: pd.Series) -> float:
    """Compute (mean of `priority` - mean of `other`) in standard deviations, Austin (2009).

    Parameters
    ----------
    priority, other
        Numbers, or truth values, whose variance is then p (1 - p); unknown ones are left out.

    Returns
    -------
    float
        Not a number where neither group varies.
    """
    means, variances = [], []
    for values in (priority.dropna(), other.dropna()):
        numbers = values.astype(float)
        means.append(numbers.mean())
        variances.append(numbers.var(ddof=0 if values.dtype in ("bool", "boolean") else 1))
    spread = np.sqrt(np.mean(variances))
    return float((means[0] - means[1]) / spread) if spread > 0 else float("nan")


def _draw_sizes(axes: Axes, table: pd.DataFrame, shared: Overlap, words: Words) -> None:
    axes.set_xscale("log")
    axes.set_xlim(table["population"].min() / 1.3, table["population"].max() * 1.3)
    if shared.low <= shared.high:
        axes.axvspan(shared.low, shared.high, color=style.PALE, alpha=0.6, lw=0)
    for group in style.GROUPS:
        sns.swarmplot(
            table[table["group"] == group],
            x="population",
            y="group",
            order=style.GROUPS,
            ax=axes,
            size=5,
            marker=style.GROUP_MARKER[group],
            color=style.GROUP_FACE[group],
            edgecolor=style.GROUP_COLOUR[group],
            linewidth=1,
        )
    axes.set_xticks(SIZE_TICKS, [words.count(tick) for tick in SIZE_TICKS])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(2), [words(f"selection.{group}") for group in style.GROUPS])
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="y", length=0)
    axes.set_title(words("selection.size.all"))


def _draw_inside(axes: Axes, inside: pd.DataFrame, words: Words) -> None:
    for place, row in enumerate(inside.itertuples()):
        axes.plot(
            row.population,
            place,
            marker=style.GROUP_MARKER[row.group],
            markersize=6,
            color=style.GROUP_COLOUR[row.group],
            markerfacecolor=style.GROUP_FACE[row.group],
        )
    axes.set_yticks(range(len(inside)), inside["municipality_name"], fontsize="small")
    for label, group in zip(axes.get_yticklabels(), inside["group"], strict=True):
        label.set_fontweight("bold" if group == "priority" else "normal")
    axes.invert_yaxis()
    axes.grid(axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda x, _: words.count(x))
    axes.margins(x=0.08)
    axes.set_title(words("selection.size.inside"))


@exhibit("size_overlap", "selection.size")
def size_overlap(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, design: Design, words: Words
) -> Content:
    """Show the population of both groups before the programme, and who lies in the overlap."""
    year = design.window.last_year_before.value
    table = characteristics(municipality, municipality_year, design)
    table["rank"] = np.arange(1, len(table) + 1)
    shared = overlap(table["population"], table["group"])
    inside = table[table["population"].between(shared.low, shared.high)]
    chosen = table["group"] == "priority"
    size, run = int(chosen.sum()), unbroken_run(table)
    smallest, largest_other = table[chosen].iloc[-1], table[~chosen].iloc[0]
    last_rank = int(smallest["rank"])

    def draw() -> Figure:
        figure, (left, right) = style.new_figure(1, 2, 3.5, gridspec_kw={"width_ratios": [1.5, 1]})
        _draw_sizes(left, table, shared, words)
        _draw_inside(right, inside, words)
        return figure

    steps = sorted({run, size, last_rank})
    counts = {k: priority_among_largest(table, k) for k in steps}
    left_out = table[chosen & (table["rank"] > size)]["municipality_name"]
    persons = "persons, 1 January"
    data = table[["rank", "municipality_code", "municipality_name", "group", "population"]]
    values = {
        "year": year,
        "all": len(table),
        "run": run,
        "size": size,
        "among": counts[size],
        "beyond": words.listed(left_out) or words("selection.none"),
        "smallest": smallest,
        "largest_other": largest_other,
        "inside": shared,
        "others": (~chosen).sum(),
    }
    cells = [
        {
            "largest": k,
            "chosen": n,
            "others": k - n,
            "last": table["population"].iloc[k - 1],
        }
        for k, n in counts.items()
    ]
    numbers = {
        f"priority_among_largest_{size}": (counts[size], "municipalities"),
        f"smallest_priority_population_{year}": (smallest["population"], persons),
        f"largest_other_population_{year}": (largest_other["population"], persons),
        f"size_overlap_priority_{year}": (shared.priority, "municipalities"),
        f"size_overlap_other_{year}": (shared.other, "municipalities"),
    }
    return Content(data, values, draw=draw, table=cells, numbers=numbers)


def centrality_counts(municipality: pd.DataFrame) -> pd.DataFrame:
    """Count the municipalities of each group on each level of centrality.

    Returns
    -------
    pandas.DataFrame
        `level` (as in `LEVELS`), `group`, `municipalities` and their `share` of the group.
    """
    level = municipality["centrality_level_2008"].astype("string").fillna("unknown")
    counts = pd.crosstab(level, municipality["group"])
    counts = counts.reindex(index=list(LEVELS), columns=list(style.GROUPS), fill_value=0)
    data = counts.rename_axis("level").melt(value_name="municipalities", ignore_index=False)
    of_group = data.groupby("group")["municipalities"].transform("sum")
    return data.assign(share=data["municipalities"] / of_group).reset_index()


@exhibit("centrality", "selection.centrality")
def centrality(municipality: pd.DataFrame, words: Words) -> Content:
    """Show how central the municipalities of both groups are."""
    data = centrality_counts(municipality)
    sizes = data.groupby("group")["municipalities"].sum()

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=3.4)
        place = np.arange(len(LEVELS))
        for offset, group in zip((-0.19, 0.19), style.GROUPS, strict=True):
            rows = data[data["group"] == group]
            bars = axes.barh(
                place + offset,
                rows["share"],
                height=0.36,
                color=style.GROUP_COLOUR[group],
                hatch=style.GROUP_HATCH[group],
                edgecolor="white",
                label=words(f"groups.{group}"),
            )
            of = (
                words("selection.centrality.of", count=n, all=sizes[group])
                for n in rows["municipalities"]
            )
            axes.bar_label(bars, [f" {text}" for text in of])
        axes.set_yticks(place, [words(f"selection.centrality.level_{level}") for level in LEVELS])
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(lambda x, _: words.percent(x, 0))
        axes.margins(x=0.12)
        axes.set_title(words("selection.centrality.axis"))
        axes.legend(loc="lower right")
        return figure

    counts = data.set_index(["group", "level"])["municipalities"]
    unknown = municipality.loc[municipality["centrality_level_2008"].isna(), "municipality_name"]
    values = {
        **{f"{group}_{level}": number for (group, level), number in counts.items()},
        "all": sizes,
        "unknown": words.listed(sorted(unknown)) or words("selection.none"),
    }
    numbers = {
        f"municipalities_centrality_{level}_{group}": (number, "municipalities")
        for (group, level), number in counts.items()
    }
    return Content(data, values, draw=draw, numbers=numbers)


def balance_table(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the groups on every characteristic.

    Parameters
    ----------
    table
        As from `characteristics`.

    Returns
    -------
    pandas.DataFrame
        A row a characteristic: its name, `kind` (`quantity` or `share`), the mean of each group
        (of the logarithm, that of persons), `standardised_difference`, how many of each group
        are known, and for quantities the overlap: its ends and how many of each group lie in it.
    """
    level = table["centrality_level_2008"]
    values = {
        "population": table["population"],
        "log_population": np.log(table["population"]),
        "growth": table["growth"],
        "immigrant_share": table["immigrant_share"],
        "most_central": (level == level.max()).where(level.notna()).astype("boolean"),
        "least_central": (level == level.min()).where(level.notna()).astype("boolean"),
    }
    rows = []
    for name, column in values.items():
        known = column.dropna()
        group = table.loc[known.index, "group"]
        sides = {side: known[group == side] for side in style.GROUPS}
        quantity = known.dtype != "boolean"
        row: dict[str, Any] = {"characteristic": name, "kind": "quantity" if quantity else "share"}
        row |= {f"mean_{side}": float(sides[side].astype(float).mean()) for side in style.GROUPS}
        row["standardised_difference"] = standardised_difference(sides["priority"], sides["other"])
        row |= {f"known_{side}": len(sides[side]) for side in style.GROUPS}
        if quantity:
            shared = overlap(known, group)
            row |= {"overlap_low": shared.low, "overlap_high": shared.high}
            row |= {"inside_priority": shared.priority, "inside_other": shared.other}
        rows.append(row)
    return pd.DataFrame(rows).astype({"inside_priority": "Int64", "inside_other": "Int64"})


@exhibit("group_balance", "selection.balance")
def group_balance(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, design: Design, words: Words
) -> Content:
    """Show how far the groups differ in size, growth, immigrants and centrality."""
    table = characteristics(municipality, municipality_year, design)
    data = balance_table(table)
    difference = data.set_index("characteristic")["standardised_difference"]

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=2.9)
        axes.axvspan(-NEGLIGIBLE, NEGLIGIBLE, color=style.PALE, alpha=0.7, lw=0)
        axes.axvline(0, color="black", linewidth=0.6)
        place = np.arange(len(data))
        axes.hlines(place, 0, difference, color=style.PRIORITY, linewidth=1.4)
        axes.plot(difference, place, "o", color=style.PRIORITY)
        for y, value in enumerate(difference):
            away, ha = (7, "left") if value >= 0 else (-7, "right")
            look = {"ha": ha, "va": "center", "fontsize": "small"}
            style.beside(axes, words.decimal(value), (value, y), (away, 0), **look)
        axes.set_yticks(place, [words(f"selection.balance.{name}") for name in difference.index])
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.14)
        axes.xaxis.set_major_formatter(lambda x, _: words.decimal(x, 1))
        axes.set_title(words("selection.balance.axis"))
        return figure

    widest = difference.abs().idxmax()
    means = data.set_index("characteristic")[[f"mean_{group}" for group in style.GROUPS]].T
    means["log_population"] = np.exp(means["log_population"])
    rows = [
        {
            **row,
            **{
                side: words(f"selection.balance.mean.{name}", mean=mean)
                for side, mean in means[name].items()
            },
        }
        for name, row in zip(means, data.to_dict("records"), strict=True)
    ]
    values = {
        "year": design.window.last_year_before.value,
        "first_year": min(design.window.population_years.value),
        "limit": NEGLIGIBLE,
        "beyond": (difference.abs() > NEGLIGIBLE).sum(),
        "all": len(data),
        "widest": widest,
        "widest_difference": difference[widest],
        "unknown": table["centrality_level_2008"].isna().sum(),
        "each": [
            words("selection.balance.differs", name=name, difference=value)
            for name, value in difference.items()
        ],
    }
    numbers = {
        f"standardised_difference_{name}": (value, "standard deviations")
        for name, value in difference.items()
    }
    return Content(data, values, draw=draw, table=rows, numbers=numbers)
