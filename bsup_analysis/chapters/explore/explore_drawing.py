"""How a reader's choice is drawn: the municipality in an accent, its group in the group's look."""

from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from bsup_analysis.chapters.explore.explore_rows import BASE
from bsup_analysis.exhibit.style import ACCENT, PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

TICKS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 4, 10)


def draw_against_group(data: pd.DataFrame, names: dict[str, str], words: Words) -> Figure:
    """Draw the outcome in the published years, and population over the years beside it.

    Parameters
    ----------
    data
        As from `bsup_analysis.chapters.explore.explore_rows.against_group`.
    names
        What `municipality` and `group` are called, and the words for the `outcome`.
    """
    figure, (shown, people) = new_figure(1, 2, 3.4, width_ratios=(1, 1.5))
    by = dict(list(data.groupby("quantity")))
    outcome = next(name for name in by if name != "population_index")
    for axes, rows in ((people, by["population_index"]), (shown, by[outcome])):
        for who in ("group", "municipality"):
            _draw_line(axes, rows[rows["who"] == who], who, names[who])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.decimal(y, 0)))
        axes.grid(axis="y")
    people.axhline(BASE, color="black", linewidth=0.6)
    people.set_title(words("explore.population", base=words.count(BASE)))
    people.legend(loc="upper left", fontsize="small", handlelength=2.6)
    people.margins(y=0.25)
    people.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    shown.set_title(fill(names["outcome"], 24))
    years = sorted(by[outcome]["year"].unique())
    shown.set_xticks(years, [str(year) for year in years])
    shown.set_xlim(years[0] - 0.4, years[-1] + 0.4)
    shown.set_ylim(0, 1.15 * float(by[outcome]["value"].fillna(0).max()) or 1)
    if by[outcome]["unit"].iloc[0].startswith("loans"):
        shown.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.decimal(y, 1)))
    missing = [names[who] for who, rows in by[outcome].groupby("who") if rows["value"].isna().all()]
    if missing:
        shown.text(
            0.5, 0.06, words("explore.not_published", names=words.listed(missing)), ha="center",
            transform=shown.transAxes, fontsize="small", color=PRINTED, wrap=True,
        )  # fmt: skip
    return figure


def _draw_line(axes: Axes, rows: pd.DataFrame, who: str, name: str) -> None:
    own = who == "municipality"
    known = rows.dropna(subset=["value"])
    axes.plot(
        known["year"],
        known["value"].astype(float),
        color=ACCENT if own else REGION,
        linestyle="-" if own else "--",
        linewidth=2.2 if own else 1.6,
        marker="o" if own else "s",
        markersize=5,
        markerfacecolor=ACCENT if own else "white",
        label=name,
    )


def draw_growth(
    rows: pd.DataFrame, inside: set[str], code: str, common: float | None, words: Words, axis: str
) -> Figure:
    """Draw the growth of each published municipality, the group's dark, the chosen one accented.

    Parameters
    ----------
    rows
        As from `bsup_analysis.chapters.explore.explore_rows.growth_rows`.
    inside
        Codes of the group's municipalities.
    code
        The chosen municipality.
    common
        Growth of the group as a whole; None where it is not published.
    words, axis
        The language, and the label of the axis.
    """
    figure, axes = new_figure(height_in=1.2 + 0.21 * len(rows))
    for place, row in enumerate(rows.itertuples()):
        chosen, known = row.municipality_code == code, row.municipality_code in inside
        colour = ACCENT if chosen else PRIORITY if known else "#B5B5B5"
        axes.plot(
            row.growth, place, marker="o", color=colour,
            # the area goes with the loans of both years: a small mark says little
            markersize=3 + 0.55 * (row.loans_before + row.loans_after) ** 0.5,
            markerfacecolor=colour if row.agreement else "white", markeredgewidth=1.4,
        )  # fmt: skip
    labels = axes.set_yticks(range(len(rows)), list(rows["municipality_name"]))
    for tick, own in zip(labels, rows["municipality_code"], strict=True):
        tick.label1.set_color(ACCENT if own == code else "black" if own in inside else PRINTED)
        tick.label1.set_fontweight("bold" if own == code else "normal")
    axes.axvline(1, color="black", linewidth=0.6)
    if common is not None:
        axes.axvline(common, color=REGION, linewidth=1.4, linestyle="--")
    axes.set_xscale("log")
    low, high = rows["growth"].min() / 1.25, rows["growth"].max() * 1.25
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if low < tick < high]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.decimal(x)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(axis)
    axes.set_ylim(-0.8, len(rows) - 0.2)
    axes.grid(axis="x")
    return figure
