"""The size of priority and other municipalities, and how far it overlaps."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from bsup_analysis.chapters.comparability.selection import (
    GROUPS,
    Overlap,
    characteristics,
    overlap,
    priority_among_largest,
    unbroken_run,
)
from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import GROUP_COLOUR, GROUP_MARKER, PALE, PRIORITY, new_figure
from bsup_analysis.language import Words

TICKS = (500, 2_000, 10_000, 50_000)


def _draw_sizes(axes: Axes, table: pd.DataFrame, shared: Overlap, words: Words) -> None:
    axes.set_xscale("log")
    axes.set_xlim(table["population"].min() / 1.3, table["population"].max() * 1.3)
    if shared.low <= shared.high:
        axes.axvspan(shared.low, shared.high, color=PALE, alpha=0.6, lw=0)
    for group in GROUPS:
        sns.swarmplot(
            table[table["group"] == group],
            x="population",
            y="group",
            order=GROUPS,
            ax=axes,
            size=5,
            marker=GROUP_MARKER[group],
            color=PRIORITY if group == "priority" else "white",
            edgecolor=GROUP_COLOUR[group],
            linewidth=1,
        )
    axes.set_xticks(TICKS, [words.count(tick) for tick in TICKS])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(2), [words(f"selection.{group}") for group in GROUPS])
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="y", length=0)
    axes.set_title(words("selection.size.all"))


def _draw_inside(axes: Axes, inside: pd.DataFrame, words: Words) -> None:
    for place, row in enumerate(inside.itertuples()):
        axes.plot(
            row.population,
            place,
            marker=GROUP_MARKER[row.group],
            markersize=6,
            color=GROUP_COLOUR[row.group],
            markerfacecolor=PRIORITY if row.group == "priority" else "white",
        )
    axes.set_yticks(range(len(inside)), inside["municipality_name"], fontsize="small")
    for label, group in zip(axes.get_yticklabels(), inside["group"], strict=True):
        label.set_fontweight("bold" if group == "priority" else "normal")
    axes.invert_yaxis()
    axes.grid(axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.count(x)))
    axes.margins(x=0.08)
    axes.set_title(words("selection.size.inside"))


@traced
def size_overlap(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, design: Design, words: Words
) -> Exhibit:
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
        figure, (left, right) = new_figure(1, 2, 3.9, gridspec_kw={"width_ratios": [1.5, 1]})
        _draw_sizes(left, table, shared, words)
        _draw_inside(right, inside, words)
        return figure

    steps = sorted({run, size, last_rank})
    counts = {k: priority_among_largest(table, k) for k in steps}
    shown = pd.DataFrame(
        {
            words("selection.size.largest"): [
                words("selection.size.the_largest", count=words.count(k)) for k in steps
            ],
            words("selection.size.of_them_priority"): [words.count(counts[k]) for k in steps],
            words("selection.size.of_them_other"): [words.count(k - counts[k]) for k in steps],
            words("selection.size.down_to"): [
                words.count(table["population"].iloc[k - 1]) for k in steps
            ],
        }
    )
    left_out = table[chosen & (table["rank"] > size)]["municipality_name"]
    values = {
        "year": str(year),
        "all": words.count(len(table)),
        "run": words.count(run),
        "size": words.count(size),
        "among": words.count(counts[size]),
        "beyond": words.listed(list(left_out)) or words("selection.none"),
        "smallest": smallest["municipality_name"],
        "smallest_population": words.count(smallest["population"]),
        "smallest_rank": words.count(last_rank),
        "largest_other": largest_other["municipality_name"],
        "largest_other_population": words.count(largest_other["population"]),
        "inside_priority": words.count(shared.priority),
        "inside_other": words.count(shared.other),
        "others": words.count((~chosen).sum()),
    }
    return Exhibit(
        id="size_overlap",
        title=words("selection.size.title", **values),
        caption=words("selection.size.caption", **values),
        source=words("selection.size.source"),
        alternative_text=words("selection.size.alternative_text", **values),
        data=table[["rank", "municipality_code", "municipality_name", "group", "population"]],
        draw=draw,
        shown=shown,
        numbers={
            f"priority_among_largest_{size}": Number(counts[size], "municipalities"),
            f"smallest_priority_population_{year}": Number(
                smallest["population"], "persons, 1 January"
            ),
            f"largest_other_population_{year}": Number(
                largest_other["population"], "persons, 1 January"
            ),
            f"size_overlap_priority_{year}": Number(shared.priority, "municipalities"),
            f"size_overlap_other_{year}": Number(shared.other, "municipalities"),
        },
    )
