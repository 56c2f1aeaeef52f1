"""Maps of the municipalities: who was chosen, and where people live, without any network.

The borders are those of 2017 (`borders_2017`), or those of a file that the reader gives.
"""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bsup_analysis.design import Design
from bsup_analysis.exhibit import geography
from bsup_analysis.exhibit.charts import set_names
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import GROUP_FACE, OTHER, PALE, PHONE_IN, PRIORITY, REGION
from bsup_analysis.language import Words

READINGS = ["agreement_signed_2010", "agreement_eight_2013", "agreement_intended_2011"]
# dark to light and full to hollow, so that grey print keeps the order
LOOKS: dict[str, dict[str, Any]] = {
    "agreement": {"facecolor": PRIORITY, "edgecolor": "white"},
    "disputed": {"facecolor": PRIORITY, "edgecolor": "white", "hatch": "////"},
    "priority": {"facecolor": "#8CC3E6", "edgecolor": "white"},
    "other": {"facecolor": "white", "edgecolor": OTHER},
}
EDGE = {"priority": "white", "other": OTHER}
KEY_PERSONS = (100_000, 10_000, 1_000)
# a corner that takes less off a border than a square of this side is not drawn
DETAIL_M, DETAIL_BENEATH_M = 1_500, 2_500


def levels(municipality: pd.DataFrame) -> pd.Series:
    """Tell each municipality's level.

    Returns
    -------
    pandas.Series
        `agreement` (priority, with an agreement by every reading of the document), `disputed`
        (by some), `priority` (by none) or `other`; index as `municipality`.
    """
    count = municipality[READINGS].astype(int).sum(axis=1)
    level = count.map({len(READINGS): "agreement", 0: "priority"}).fillna("disputed")
    return level.where(municipality["group"] == "priority", "other").rename("level")


@exhibit("municipality_map", "maps")
def municipality_map(
    municipality: pd.DataFrame, areas: gpd.GeoDataFrame, boundaries: str, words: Words
) -> Content:
    """Show priority municipalities, their agreements and the others on a map.

    Parameters
    ----------
    municipality
        The processed table.
    areas
        What is drawn: `codes` and `geometry`, as the study gives it.
    boundaries
        Path of the reader's file that the areas are from; empty: the study's own.
    words
        The words of a language.

    Returns
    -------
    Exhibit
        Its data hold `x` and `y` too, each municipality's place on a grid of hexagons in cell
        widths, which the report's page has as buttons.
    """
    places = geography.hexagon_places(municipality)[["municipality_code", "x", "y"]]
    table = municipality.assign(level=levels(municipality)).merge(
        places, on="municipality_code", validate="1:1"
    )
    level = table.set_index("municipality_code")["level"]
    counts = level.value_counts().reindex(list(LOOKS), fill_value=0)

    def draw(narrow: bool) -> Figure:
        shown = geography.simplified(areas, DETAIL_M)
        size = {"width_in": PHONE_IN, "above_in": 0.45} if narrow else {}
        figure, axes, unit_pt = geography.map_page(shown.total_bounds, 0.01, **size)
        drawn = geography.class_of_areas(shown, level)
        geography.draw_areas(axes, shown, drawn, LOOKS)
        county = shown.dissolve(shown["codes"].str[0].str[:2])
        geography.draw_borders(axes, county, REGION, linewidth=0.7)
        patches = [
            Patch(**look, label=words(f"maps.{level}", count=counts[level]))
            for level, look in LOOKS.items()
        ]
        if (drawn == "mixed").any():
            patches.append(Patch(**geography.MIXED, label=words("borders.mixed")))
        axes.legend(handles=patches, loc="upper left", fontsize="small")
        named = shown[
            [set(codes) <= set(level[level != "other"].index) for codes in shown["codes"]]
        ]
        names = table.set_index("municipality_code")["municipality_name"]
        geography.name_areas(axes, named, names, unit_pt)
        return figure

    by_county = table.assign(priority=table["group"] == "priority").groupby("county_code")
    values = {
        **counts,
        "all": len(table),
        "disputed_names": table.loc[table["level"] == "disputed", "municipality_name"],
        "counties": [
            words("maps.of_county", county=geography.COUNTIES[code], priority=priority, all=size)
            for code, priority, size in by_county["priority"].agg(["sum", "size"]).itertuples()
        ],
        **geography.about_borders(areas, boundaries, municipality, words),
    }
    hidden = ["cluster", "centrality_level_2008", "economic_region_name"]
    data = table.drop(columns=hidden)
    return Content(data, values, draw=draw, narrow=True)


def radius_pt(persons: float) -> float:
    """Give the radius on paper, in points, of a circle for so many persons."""
    return 22 * float(np.sqrt(persons / 100_000))


@exhibit("population_circles", "maps.circles")
def population_circles(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    boundaries: str,
    design: Design,
    words: Words,
) -> Content:
    """Show the population of every municipality in the year of the selection as circles.

    Parameters
    ----------
    municipality, municipality_year
        The processed tables.
    areas, boundaries
        What is drawn beneath, as for `municipality_map`.
    design, words
        The study's design; the words of a language.
    """
    year = design.window.last_year_before.value
    persons = municipality_year[municipality_year["year"] == year]
    table = municipality.merge(
        persons[["municipality_code", "population"]], on="municipality_code", validate="1:1"
    )
    table = table.sort_values("population", ascending=False, kind="stable", ignore_index=True)
    east, north = geography.metres(table["longitude_deg"], table["latitude_deg"]).T
    table = table.assign(x=east, y=north, radius_pt=table["population"].map(radius_pt))

    def draw() -> Figure:
        figure, axes, unit_pt = geography.map_page(areas.total_bounds, 0.01)
        geography.draw_borders(
            axes, geography.simplified(areas, DETAIL_BENEATH_M), PALE, linewidth=0.6, zorder=0
        )
        # from the largest down, so that none hides a smaller one
        axes.scatter(
            table["x"],
            table["y"],
            s=(2 * table["radius_pt"]) ** 2,
            facecolor=table["group"].map(GROUP_FACE),
            edgecolor=table["group"].map(EDGE),
            linewidth=1,
        )
        named = table["municipality_name"].where(table["group"] == "priority", "")
        set_names(axes, table.assign(name=named), unit_pt)
        _keys(axes, words)
        return figure

    largest, smallest = table.iloc[0], table.iloc[-1]
    data = table[["municipality_code", "municipality_name", "group", "population", "x", "y"]]
    values = {
        "year": year,
        "all": len(table),
        "largest": largest["municipality_name"],
        "most": largest["population"],
        "smallest": smallest["municipality_name"],
        "least": smallest["population"],
        **table.groupby("group")["population"].median(),
    }
    values |= geography.about_borders(areas, boundaries, municipality, words)
    return Content(data, values, draw=draw)


def _circle(size_pt: float, face: str, edge: str, label: str) -> Line2D:
    look: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size_pt}
    return Line2D([], [], markerfacecolor=face, markeredgecolor=edge, label=label, **look)


def _keys(axes: Axes, words: Words) -> None:
    groups = [
        _circle(9, GROUP_FACE[group], EDGE[group], words(f"groups.{group}")) for group in EDGE
    ]
    sizes = [
        _circle(2 * radius_pt(n), "none", REGION, words("maps.circles.persons", count=n))
        for n in KEY_PERSONS
    ]
    look: dict[str, Any] = {"fontsize": "small", "facecolor": "white", "frameon": True}
    look |= {"framealpha": 1, "edgecolor": "none", "loc": "upper left"}
    axes.add_artist(axes.legend(handles=groups, borderpad=1.2, **look))
    look |= {"labelspacing": 2.6, "handletextpad": 2.2, "borderpad": 1.6}
    axes.legend(handles=sizes, bbox_to_anchor=(0, 0.915), **look)
