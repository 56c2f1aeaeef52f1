"""Maps of the municipalities: who was chosen, and where people live, without any network.

The repository holds a point a municipality and no polygons, so the map is one of hexagons; with
a file of boundaries the same map is drawn of polygons.
"""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bsup_analysis.chapters.comparability.boundaries import read_boundaries
from bsup_analysis.exhibit.charts import set_names
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.geography import (
    COUNTIES,
    directions_kept,
    hexagon_places,
    hexagons,
    map_page,
    metres,
    short_names,
)
from bsup_analysis.exhibit.style import OTHER, PRIORITY, REGION
from bsup_analysis.language import Words

READINGS = ["agreement_signed_2010", "agreement_eight_2013", "agreement_intended_2011"]
# dark to light and full to hollow, so that grey print keeps the order
LOOKS: dict[str, dict[str, Any]] = {
    "agreement": {"facecolor": PRIORITY, "edgecolor": "white"},
    "disputed": {"facecolor": PRIORITY, "edgecolor": "white", "hatch": "////"},
    "priority": {"facecolor": "#8CC3E6", "edgecolor": "white"},
    "other": {"facecolor": "white", "edgecolor": OTHER},
}


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


def _draw_areas(axes: Axes, areas: gpd.GeoDataFrame, outline_by: str | None) -> None:
    for level, look in LOOKS.items():
        if (areas["level"] == level).any():
            areas[areas["level"] == level].plot(ax=axes, aspect=None, linewidth=0.8, **look)
    outline = areas.dissolve(outline_by).boundary
    outline.plot(ax=axes, aspect=None, color=REGION, linewidth=1.2)


def _write_in_tiles(axes: Axes, tiles: gpd.GeoDataFrame) -> None:
    for row in tiles.itertuples():
        look = LOOKS[row.level]
        text = axes.text(row.x, row.y, row.short_name, ha="center", va="center", fontsize=6)
        text.set_color("white" if look["facecolor"] == PRIORITY else "black")
        if "hatch" in look:
            text.set_bbox({"facecolor": look["facecolor"], "edgecolor": "none", "pad": 0.6})


def _write_beside(axes: Axes, areas: gpd.GeoDataFrame, unit_pt: float) -> None:
    inside = areas.geometry.representative_point()
    marks = areas.assign(name=areas["municipality_name"], x=inside.x, y=inside.y, radius_pt=0)
    set_names(axes, marks[marks["group"] == "priority"], unit_pt)


@traced
def municipality_map(municipality: pd.DataFrame, boundaries: str, words: Words) -> Exhibit:
    """Show priority municipalities, their agreements and the others on a map.

    Parameters
    ----------
    municipality
        The processed table.
    boundaries
        Path of a GeoJSON or GeoPackage of the municipalities of 2009; empty: hexagons.
    words
        The words of a language.

    Raises
    ------
    InputError
        The file of boundaries is refused.
    """
    table = municipality.assign(
        level=levels(municipality), short_name=short_names(list(municipality["municipality_name"]))
    )
    places = read_boundaries(boundaries, municipality) if boundaries else None
    if places is None:
        places = hexagons(hexagon_places(municipality))
    areas = places.merge(table, on="municipality_code", validate="1:1")
    counts = areas["level"].value_counts().reindex(list(LOOKS), fill_value=0)

    def draw() -> Figure:
        figure, axes, unit_pt = map_page(areas.total_bounds, 0.01)
        if boundaries:
            _draw_areas(axes, areas, "county_code")
            _write_beside(axes, areas, unit_pt)
        else:
            _draw_areas(axes, areas, None)
            _write_in_tiles(axes, areas)
        names = {level: words(f"maps.{level}", count=words.count(counts[level])) for level in LOOKS}
        patches = [Patch(**LOOKS[level], label=name) for level, name in names.items()]
        axes.legend(handles=patches, loc="upper left", fontsize="small")
        return figure

    form = "polygons" if boundaries else "hexagons"
    by_county = areas.groupby("county_code")["group"]
    counties = pd.DataFrame({"all": by_county.size(), "priority": by_county.agg(_priorities)})
    values = {level: words.count(count) for level, count in counts.items()} | {
        "all": words.count(len(areas)),
        "disputed_names": words.listed(
            list(areas.loc[areas["level"] == "disputed", "municipality_name"])
        ),
        "counties": words.listed(
            [
                words(
                    "maps.of_county",
                    county=COUNTIES[row.Index],
                    priority=words.count(row.priority),
                    all=words.count(row.all),
                )
                for row in counties.itertuples()
            ]
        ),
        "file": Path(boundaries).name,
    }
    if not boundaries:
        points = metres(table["longitude_deg"], table["latitude_deg"])
        order = table["municipality_code"].argsort()
        kept = directions_kept(points[order], places[["x", "y"]].to_numpy())
        values["kept"] = words.percent(kept, 0)
        values["width"] = words.count(places["cell_width_km"].iloc[0])
        values["moved"] = words.count(places["moved_km"].median())
    return Exhibit(
        id="municipality_map",
        title=words("maps.title"),
        caption=words(f"maps.{form}.caption", **values),
        source=words(f"maps.{form}.source", **values),
        alternative_text=words(f"maps.{form}.alternative_text", **values),
        data=pd.DataFrame(areas.drop(columns="geometry")).drop(
            columns=["cluster", "centrality_level_2008", "economic_region_name"]
        ),
        draw=draw,
    )


def _priorities(groups: pd.Series) -> int:
    return int((groups == "priority").sum())
