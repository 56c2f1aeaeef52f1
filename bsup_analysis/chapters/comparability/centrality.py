"""How central the priority and the other municipalities are."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bsup_analysis.chapters.comparability.selection import GROUPS
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import GROUP_COLOUR, GROUP_HATCH, new_figure
from bsup_analysis.language import Words

# Statistics Norway's levels from the most central down, and what is not classified
LEVELS = ("3", "2", "1", "0", "unknown")


def centrality_counts(municipality: pd.DataFrame) -> pd.DataFrame:
    """Count the municipalities of each group on each level of centrality.

    Returns
    -------
    pandas.DataFrame
        `level` (as in `LEVELS`), `group`, `municipalities` and their `share` of the group.
    """
    level = municipality["centrality_level_2008"].astype("string").fillna("unknown")
    counts = pd.crosstab(level, municipality["group"]).reindex(
        index=list(LEVELS), columns=list(GROUPS), fill_value=0
    )
    counts.columns.name = None
    data = counts.rename_axis("level").reset_index()
    data = data.melt("level", var_name="group", value_name="municipalities")
    return data.assign(
        share=data["municipalities"] / data.groupby("group")["municipalities"].transform("sum")
    )


@traced
def centrality(municipality: pd.DataFrame, words: Words) -> Exhibit:
    """Show how central the municipalities of both groups are."""
    data = centrality_counts(municipality)
    counts = data.pivot(index="level", columns="group", values="municipalities")
    shares = data.pivot(index="level", columns="group", values="share")
    sizes = counts.sum()
    names = {level: words(f"selection.centrality.level_{level}") for level in LEVELS}

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.4)
        place = np.arange(len(LEVELS))
        for offset, group in zip((-0.19, 0.19), GROUPS, strict=True):
            bars = axes.barh(
                place + offset,
                shares.loc[list(LEVELS), group],
                height=0.36,
                color=GROUP_COLOUR[group],
                hatch=GROUP_HATCH[group],
                edgecolor="white",
                label=words(f"selection.{group}_municipalities"),
            )
            axes.bar_label(bars, [_of(counts, sizes, level, group, words) for level in LEVELS])
        axes.set_yticks(place, [names[level] for level in LEVELS])
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.percent(x, 0)))
        axes.margins(x=0.12)
        axes.set_title(words("selection.centrality.axis"))
        axes.legend(loc="lower right")
        return figure

    values = {
        f"{group}_{level}": words.count(counts.loc[level, group])
        for group in GROUPS
        for level in LEVELS
    } | {f"all_{group}": words.count(sizes[group]) for group in GROUPS}
    unknown = municipality.loc[municipality["centrality_level_2008"].isna(), "municipality_name"]
    values["unknown"] = words.listed(sorted(unknown)) or words("selection.none")
    return Exhibit(
        id="centrality",
        title=words("selection.centrality.title"),
        caption=words("selection.centrality.caption", **values),
        source=words("selection.centrality.source"),
        alternative_text=words("selection.centrality.alternative_text", **values),
        data=data,
        draw=draw,
        numbers={
            f"municipalities_centrality_{level}_{group}": Number(
                int(counts.loc[level, group]), "municipalities"
            )
            for level in LEVELS
            for group in GROUPS
        },
    )


def _of(counts: pd.DataFrame, sizes: pd.Series, level: str, group: str, words: Words) -> str:
    return " " + words(
        "selection.centrality.of",
        count=words.count(counts.loc[level, group]),
        all=words.count(sizes[group]),
    )
