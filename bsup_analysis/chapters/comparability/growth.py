"""How the population of both groups grew before the programme."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import GROUP_COLOUR, GROUP_TEXT_COLOUR, REGION, beside, new_figure
from bsup_analysis.language import Words

BASE = 100


def population_index(
    municipality_year: pd.DataFrame, first_year: int, last_year: int
) -> pd.DataFrame:
    """Set the population of every municipality, and of both groups, to 100 in the first year.

    Returns
    -------
    pandas.DataFrame
        Columns `group`, `area` (a municipality code, or `all` for the group as a whole), `name`
        (empty for a group), `year`, `population`, `index`; sorted.

    Raises
    ------
    ValueError
        A municipality's population is not known in all of the years.
    """
    rows = municipality_year[municipality_year["year"].between(first_year, last_year)]
    if rows["population"].isna().any():
        raise ValueError(f"the population is not known everywhere from {first_year} to {last_year}")
    rows = rows.rename(columns={"municipality_code": "area", "municipality_name": "name"})
    totals = rows.groupby(["group", "year"])["population"].sum().reset_index()
    table = pd.concat(
        [rows[["group", "area", "name", "year", "population"]], totals.assign(area="all", name="")],
        ignore_index=True,
    ).sort_values(["group", "area", "year"], ignore_index=True)
    start = table.groupby(["group", "area"])["population"].transform("first")
    return table.assign(index=(BASE * table["population"] / start).astype(float))


def _draw_group(axes: Axes, table: pd.DataFrame, group: str, words: Words) -> None:
    whole, single = table[table["area"] == "all"], table[table["area"] != "all"]
    last_year = table["year"].max()
    for _, rows in single.groupby("area"):
        axes.plot(rows["year"], rows["index"], color=GROUP_COLOUR[group], linewidth=0.7, alpha=0.6)
    dash = "-" if group == "priority" else "--"
    axes.plot(whole["year"], whole["index"], color=REGION, linewidth=2.6, linestyle=dash)
    look = {"va": "center", "fontsize": "small"}
    ends = single[single["year"] == last_year].sort_values("index")
    for row in (ends.iloc[-1], ends.iloc[0]):
        point, colour = (last_year, row["index"]), GROUP_TEXT_COLOUR[group]
        beside(axes, row["name"], point, (4, 0), color=colour, **look)
    together, point = words("selection.growth.together"), (last_year, whole["index"].iloc[-1])
    beside(axes, together, point, (4, 0), fontweight="bold", **look)
    axes.set_title(words(f"groups.{group}"))
    axes.set_xticks(sorted(table["year"].unique()))
    axes.yaxis.set_major_locator(MultipleLocator(5))
    axes.yaxis.set_major_formatter(lambda y, _: words.count(y))
    axes.grid(axis="y")
    axes.axhline(BASE, color="black", linewidth=0.6)
    axes.set_xlim(right=last_year + 1.15)


def largest_jump(municipality_year: pd.DataFrame, first_year: int, last_year: int) -> pd.Series:
    """Find the largest relative change of a municipality's population within a year.

    Returns
    -------
    pandas.Series
        `municipality_name`, `year` (of its end), `persons` and `immigrants` (changes in number).
    """
    rows = municipality_year.sort_values(["municipality_code", "year"])
    rows = rows[rows["year"].between(first_year, last_year)]
    change = rows.groupby("municipality_code")[["population", "immigrants"]].diff()
    before = rows["population"] - change["population"]
    largest = (change["population"] / before).abs().astype(float).idxmax()
    return pd.concat(
        [
            rows.loc[largest, ["municipality_name", "year"]],
            change.loc[largest].rename({"population": "persons"}),
        ]
    )


@exhibit("population_growth", "selection.growth")
def population_growth(municipality_year: pd.DataFrame, design: Design, words: Words) -> Content:
    """Show the population of every municipality before the programme as an index."""
    window = design.window
    first, last = min(window.population_years.value), window.last_year_before.value
    table = population_index(municipality_year, first, last)
    ends = table[table["year"] == last].assign(growth=lambda rows: rows["index"] / BASE - 1)
    whole = ends[ends["area"] == "all"].set_index("group")["growth"]
    single = ends[ends["area"] != "all"]
    by_group = single.groupby("group")["growth"]
    median = by_group.median()
    largest = single.loc[single["population"].idxmax()]
    in_group = table[(table["group"] == largest["group"]) & (table["area"] == "all")]
    of_largest = table[table["area"] == largest["area"]]
    rest = in_group["population"].to_numpy() - of_largest["population"].to_numpy()

    def draw() -> Figure:
        figure, both = new_figure(1, 2, 3.4, sharey=True)
        for axes, group in zip(both, ("priority", "other"), strict=True):
            _draw_group(axes, table[table["group"] == group], group, words)
        both[0].set_ylabel(words("selection.growth.axis", base=BASE, first_year=first))
        return figure

    years = f"{first}_{last}"
    values = {
        "first_year": first,
        "last_year": last,
        "largest": largest["name"],
        "jump": largest_jump(municipality_year, first, last),
        "without": rest[-1] / rest[0] - 1,
        "together": whole,
        "median": median,
        "fell": by_group.agg(lambda growth: (growth < 0).sum()),
        "all": by_group.size(),
    }
    numbers = {
        f"population_growth_{kind}{group}_{years}": (growth, unit)
        for kind, found, unit in (
            ("", whole, "relative change"),
            ("median_", median, "relative change, median municipality"),
        )
        for group, growth in found.items()
    }
    faster = "faster" if whole["priority"] > whole["other"] else "slower"
    title = words(f"selection.growth.title.{faster}", **values)
    return Content(table, values, title=title, draw=draw, numbers=numbers)
