"""Where people live: a circle a municipality, its area proportional to the population."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bsup_analysis.chapters.comparability.boundaries import read_boundaries
from bsup_analysis.design import Design
from bsup_analysis.exhibit.charts import set_names
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.geography import METRES, map_page, metres
from bsup_analysis.exhibit.style import OTHER, PALE, PRINTED, PRIORITY, REGION
from bsup_analysis.language import Words

FACE = {"priority": PRIORITY, "other": "white"}
EDGE = {"priority": "white", "other": OTHER}
KEY_PERSONS = (100_000, 10_000, 1_000)


def radius_pt(persons: float) -> float:
    """Give the radius on paper, in points, of a circle for so many persons."""
    return 22 * float(np.sqrt(persons / 100_000))


@traced
def population_circles(
    municipality: pd.DataFrame,
    municipality_year: pd.DataFrame,
    boundaries: str,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the population of every municipality in the year of the selection as circles.

    Parameters
    ----------
    municipality, municipality_year
        The processed tables.
    boundaries
        Path of a GeoJSON or GeoPackage drawn beneath; empty: meridians and parallels.
    design, words
        The study's design; the words of a language.

    Raises
    ------
    InputError
        The file of boundaries is refused.
    """
    year = design.window.last_year_before.value
    persons = municipality_year.loc[
        municipality_year["year"] == year, ["municipality_code", "population"]
    ]
    table = municipality.merge(persons, on="municipality_code", validate="1:1")
    table = table.sort_values("population", ascending=False, kind="stable", ignore_index=True)
    east, north = metres(table["longitude_deg"], table["latitude_deg"]).T
    table = table.assign(x=east, y=north, radius_pt=table["population"].map(radius_pt))
    beneath = read_boundaries(boundaries, municipality) if boundaries else None

    def draw() -> Figure:
        points = gpd.GeoSeries(gpd.points_from_xy(table["x"], table["y"]), crs=METRES)
        figure, axes, unit_pt = map_page(
            points.total_bounds if beneath is None else beneath.total_bounds, 0.05
        )
        if beneath is None:
            _graticule(axes, words)
        else:
            beneath.plot(ax=axes, aspect=None, facecolor="white", edgecolor=PALE, linewidth=0.8)
        # from the largest down, so that none hides a smaller one
        points.plot(
            ax=axes,
            aspect=None,
            markersize=(2 * table["radius_pt"]) ** 2,
            facecolor=table["group"].map(FACE),
            edgecolor=table["group"].map(EDGE),
            linewidth=1,
        )
        named = table["municipality_name"].where(table["group"] == "priority", "")
        set_names(axes, table.assign(name=named), unit_pt)
        _keys(axes, words)
        return figure

    largest, smallest = table.iloc[0], table.iloc[-1]
    of_group = table.groupby("group")["population"].median()
    values = {
        "year": str(year),
        "all": words.count(len(table)),
        "largest": largest["municipality_name"],
        "most": words.count(largest["population"]),
        "smallest": smallest["municipality_name"],
        "least": words.count(smallest["population"]),
        "priority": words.count(of_group["priority"]),
        "other": words.count(of_group["other"]),
        "file": Path(boundaries).name,
    }
    return Exhibit(
        id="population_circles",
        title=words("maps.circles.title", **values),
        caption=words("maps.circles.caption", **values),
        source=words(f"maps.circles.source_{'polygons' if boundaries else 'points'}", **values),
        alternative_text=words("maps.circles.alternative_text", **values),
        data=table[["municipality_code", "municipality_name", "group", "population", "x", "y"]],
        draw=draw,
    )


def _keys(axes: Axes, words: Words) -> None:
    sizes = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markersize=2 * radius_pt(persons),
            markerfacecolor="none",
            markeredgecolor=REGION,
            label=words("maps.circles.persons", count=words.count(persons)),
        )
        for persons in KEY_PERSONS
    ]
    groups = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markersize=9,
            markerfacecolor=FACE[group],
            markeredgecolor=EDGE[group],
            label=words(f"maps.circles.{group}"),
        )
        for group in FACE
    ]
    look = {"fontsize": "small", "facecolor": "white", "frameon": True, "framealpha": 1}
    first = axes.legend(handles=groups, loc="upper left", borderpad=1.2, edgecolor="none", **look)
    axes.add_artist(first)
    axes.legend(
        handles=sizes,
        loc="upper left",
        bbox_to_anchor=(0, 0.915),
        labelspacing=2.6,
        handletextpad=2.2,
        borderpad=1.6,
        edgecolor="none",
        **look,
    )


def _graticule(axes: Axes, words: Words) -> None:
    """Draw meridians and parallels: all there is to find one's way by where no border is."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    page = shapely.box(west, south, east, north)
    along = np.linspace(0, 1, 101)[:, None]
    ends = {("east", degrees): [(degrees, 60), (degrees, 67)] for degrees in range(4, 17, 2)} | {
        ("north", degrees): [(2, degrees), (18, degrees)] for degrees in range(61, 67)
    }
    for (side, degrees), (start, end) in ends.items():
        line = shapely.LineString(np.array(start) * (1 - along) + np.array(end) * along)
        drawn = gpd.GeoSeries([line], crs="EPSG:4326").to_crs(METRES).intersection(page)
        if drawn.is_empty.all():
            continue
        drawn.plot(ax=axes, aspect=None, color=PALE, linewidth=0.6, zorder=0)
        # parallels are named at the right, where the key does not lie
        end_of_line, away, ha = {"east": (0, 3, "left"), "north": (-1, -3, "right")}[side]
        axes.annotate(
            words(f"maps.circles.{side}", degrees=words.count(degrees)),
            shapely.get_coordinates(drawn)[end_of_line],
            (away, 3),
            textcoords="offset points",
            ha=ha,
            fontsize=6.5,
            color=PRINTED,
            zorder=0,
        )
