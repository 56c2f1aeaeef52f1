"""How much each municipality's rate changed: a map, or without places a plot against size."""

import math
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import (
    counted,
    finite,
    named,
    not_estimable,
    source,
    without_infinities,
)
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.exhibit.charts import TICKS, ratio_axis
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.geography import hexagon_places, hexagons, map_page, short_names
from bsup_analysis.exhibit.style import (
    GROUP_COLOUR,
    GROUP_MARKER,
    PALE,
    PRINTED,
    REGION,
    new_figure,
)
from bsup_analysis.language import Words

# upper ends of the classes; the middle one holds no change
BREAKS = (0.5, 0.8, 1.25, 2.0, math.inf)
COLOURS = ("#B35806", "#F1A340", "#F7F7F7", "#92C5DE", "#2166AC")
DARK = {"#B35806", "#2166AC"}
GROUPS = ("priority", "other")
EDGE = 8.0  # ratios further from one are drawn at the edge of the plot


@traced
def municipal_change(
    municipal_change: pd.DataFrame,
    municipal_data: MunicipalData,
    municipality: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show each municipality's rate from the first treated year against the years before."""
    table, data = municipal_change, municipal_data
    known = table[np.isfinite(table["ratio"])]
    first = design.window.first_treated_year.value
    title = words("municipal_change.title", counted=counted(data, words))
    if known.empty:
        reason = f"There is no municipality with numbers before and from {first}."
        problem = NotEstimableError("no_change", reason, year=first)
        return not_estimable("municipal_change", title, problem, data, words)
    places = {} if data.synthetic else {"areas": _areas(table, municipality)}

    def draw() -> Figure:
        return _draw_map(places["areas"], words) if places else _draw_plot(table, words)

    groups = known.groupby("group")["ratio"]
    rising = {group: int((known[known["group"] == group]["ratio"] > 1).sum()) for group in GROUPS}
    values = {
        "counted": counted(data, words),
        "first": first,
        "selection": design.municipal.selection_year.value,
        **{f"median_{g}": words.change(_median(groups, g)) for g in GROUPS},
        **{f"rising_{g}": words.count(rising[g]) for g in GROUPS},
        **{f"all_{g}": words.count(int((known["group"] == g).sum())) for g in GROUPS},
    }
    unknown = _unknown(table, data, words)
    form = "map" if places else "plot"
    return Exhibit(
        id="municipal_change",
        title=title,
        caption=f"{words('municipal_change.caption', **values)} {words(f'municipal_change.{form}')}"
        + unknown,
        source=source(data, words),
        alternative_text=words(f"municipal_change.{form}_alternative_text", **values),
        data=without_infinities(table),
        draw=draw,
        numbers=finite(
            {f"municipal_change_median_{g}": (1 + _median(groups, g), "ratio") for g in GROUPS}
        ),
    )


def _median(groups: "pd.api.typing.SeriesGroupBy", group: str) -> float:
    return float(groups.median().get(group, math.nan)) - 1


def _unknown(table: pd.DataFrame, data: MunicipalData, words: Words) -> str:
    absent = list(table.loc[table["ratio"].isna(), "unit"])
    if not absent:
        return ""
    return " " + words("municipal_change.unknown", names=named(absent, data, words))


def _areas(table: pd.DataFrame, municipality: pd.DataFrame) -> gpd.GeoDataFrame:
    places = hexagons(hexagon_places(municipality))
    given = table.assign(short_name=short_names(list(table["name"])))
    return places.merge(given, left_on="municipality_code", right_on="unit", validate="1:1")


def _class(ratio: float) -> int:
    return next(at for at, upper in enumerate(BREAKS) if ratio <= upper)


def _draw_map(areas: gpd.GeoDataFrame, words: Words) -> Figure:
    figure, axes, _ = map_page(areas.total_bounds, 0.01)
    known = areas[areas["ratio"].notna()].copy()
    known["colour"] = [COLOURS[_class(ratio)] for ratio in known["ratio"]]
    known.plot(ax=axes, aspect=None, color=known["colour"], edgecolor="white", linewidth=0.8)
    absent = areas[areas["ratio"].isna()]
    if len(absent):
        absent.plot(ax=axes, aspect=None, facecolor="white", edgecolor=PRINTED, hatch="..")
    areas.dissolve().boundary.plot(ax=axes, aspect=None, color=REGION, linewidth=1)
    chosen = areas[areas["group"] == "priority"]
    chosen.boundary.plot(ax=axes, aspect=None, color="black", linewidth=2.2)
    axes.set(xlabel="", ylabel="")
    for row in areas.itertuples():
        dark = row.ratio == row.ratio and COLOURS[_class(row.ratio)] in DARK
        text = words.change(row.ratio - 1, 0).replace("\N{NO-BREAK SPACE}", "")
        axes.text(
            row.x,
            row.y,
            f"{row.short_name}\n{text}",
            ha="center",
            va="center",
            fontsize=5.6,
            color="white" if dark else "black",
        )
    handles = [
        Patch(facecolor=colour, edgecolor=PRINTED, label=label)
        for colour, label in zip(COLOURS, _class_labels(words), strict=True)
    ]
    handles.append(
        Patch(facecolor="white", edgecolor="black", lw=2, label=words("municipal_change.priority"))
    )
    axes.legend(handles=handles, loc="upper left", fontsize="small")
    return figure


def _class_labels(words: Words) -> list[str]:
    ends = [words.change(upper - 1, 0) for upper in BREAKS[:-1]]
    middle = [words("municipal_change.between", low=low, high=high) for low, high in pairwise(ends)]
    return [
        words("municipal_change.below", value=ends[0]),
        *middle,
        words("municipal_change.above", value=ends[-1]),
    ]


def _draw_plot(table: pd.DataFrame, words: Words) -> Figure:
    figure, axes = new_figure(height_in=4.2)
    shown = table.dropna(subset=["ratio", "population"])
    at = shown["ratio"].clip(1 / EDGE, EDGE)
    ratio_axis(axes, float(at.min()), float(at.max()), words, ticks=TICKS, along="y")
    axes.axhspan(BREAKS[1], BREAKS[2], color=PALE, alpha=0.5, lw=0)
    for group in reversed(GROUPS):
        own = shown["group"] == group
        axes.scatter(
            shown.loc[own, "population"],
            at[own],
            marker=GROUP_MARKER[group],
            s=34,
            facecolor=GROUP_COLOUR[group] if group == "priority" else "white",
            edgecolor=GROUP_COLOUR[group],
            label=words(f"municipal_change.{group}"),
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: words.count(value))
    axes.minorticks_off()
    axes.set_xlabel(words("municipal_change.population"))
    axes.set_title(words("municipal_change.axis"))
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure
