"""Maps of the municipalities: who was chosen, and where people live, without any network.

The repository holds a point a municipality and no polygons, so the map is one of hexagons; whoever
has boundaries of 2009 gives their path, and they are checked, mended and drawn in place of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bsup_analysis import paths
from bsup_analysis.design import Design
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit import geography
from bsup_analysis.exhibit.charts import set_names
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.geography import METRES, map_page, metres
from bsup_analysis.exhibit.style import OTHER, PALE, PRINTED, PRIORITY, REGION, beside
from bsup_analysis.language import Words

# as Kartverket, Statistics Norway and those who pass their files on name it, in lower case
CODE_COLUMNS = (
    *("municipality_code", "kommunenummer", "kommunenr", "kommune_nr", "kommune_no"),
    *("kommnr", "komm", "knr"),
)
# a polygon this far from its municipality's point has another code or coordinate system
FAR_M = 50_000
READINGS = ["agreement_signed_2010", "agreement_eight_2013", "agreement_intended_2011"]
# dark to light and full to hollow, so that grey print keeps the order
LOOKS: dict[str, dict[str, Any]] = {
    "agreement": {"facecolor": PRIORITY, "edgecolor": "white"},
    "disputed": {"facecolor": PRIORITY, "edgecolor": "white", "hatch": "////"},
    "priority": {"facecolor": "#8CC3E6", "edgecolor": "white"},
    "other": {"facecolor": "white", "edgecolor": OTHER},
}
FACE = {"priority": PRIORITY, "other": "white"}
EDGE = {"priority": "white", "other": OTHER}
KEY_PERSONS = (100_000, 10_000, 1_000)


def read_boundaries(file: str, municipality: pd.DataFrame) -> gpd.GeoDataFrame:
    """Read one polygon a municipality.

    Parameters
    ----------
    file
        Path of a GeoJSON or GeoPackage, absolute or from the project's root; a column holds
        municipality codes of 2009 under one of the names in `CODE_COLUMNS`.
    municipality
        Columns `municipality_code`, `longitude_deg`, `latitude_deg`.

    Returns
    -------
    geopandas.GeoDataFrame
        `municipality_code` and `geometry` (valid polygons in `METRES`), in the order of codes.

    Raises
    ------
    InputError
        The file is missing or unreadable, has no code column or no coordinate system, lacks a
        municipality, has one twice or one the study does not know, or a polygon is empty or far
        from its municipality.
    """
    path = paths.root() / Path(file).expanduser()
    if not path.is_file():
        raise InputError(f"boundaries: there is no file {path}; give the path of a GeoJSON file.")
    try:
        frame = gpd.read_file(path)
    except Exception as error:  # noqa: BLE001  GDAL's drivers raise what they like
        raise InputError(
            f"boundaries: {path} cannot be read as GeoJSON or GeoPackage"
            f" ({str(error).splitlines()[0].rstrip('.')}); give another file."
        ) from None
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(f"boundaries: {path} holds no geometry; give a file of polygons.")
    if frame.crs is None:
        raise InputError(
            f"boundaries: {path} does not say its coordinate system; save it with one,"
            " or as GeoJSON in longitude and latitude."
        )
    frame = frame.set_geometry(shapely.force_2d(frame.geometry)).to_crs(METRES)
    frame["municipality_code"] = _codes(frame, path.name)
    _same_municipalities(frame["municipality_code"], municipality, path.name)
    frame = frame.sort_values("municipality_code", ignore_index=True)
    frame["geometry"] = frame.geometry.map(_mended)
    _near_their_points(frame, municipality, path.name)
    return frame[["municipality_code", "geometry"]].set_geometry("geometry", crs=METRES)


def _codes(frame: gpd.GeoDataFrame, name: str) -> pd.Series:
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    found = [column for column in columns if column.lower() in CODE_COLUMNS]
    if not found:
        raise InputError(
            f"boundaries: no column of {name} is known to hold municipality codes; it has"
            f" {', '.join(columns) or 'none'}; name one of them municipality_code."
        )
    # written as numbers, codes lose the zero they begin with and may gain a decimal
    text = frame[found[0]].astype("str").str.strip().str.removesuffix(".0").fillna("none")
    return text.str.zfill(4)


def _same_municipalities(codes: pd.Series, municipality: pd.DataFrame, name: str) -> None:
    known = set(municipality["municipality_code"])
    for problem, wrong in (
        ("lacks", known - set(codes)),
        ("has more than once", set(codes[codes.duplicated()])),
        ("has, unknown to the study,", set(codes) - known),
    ):
        if wrong:
            raise InputError(
                f"boundaries: {name} {problem} municipality {_some(sorted(wrong))};"
                " it must hold each municipality of 2009 in the region once."
            )


def _some(codes: Sequence[str], most: int = 10) -> str:
    rest = len(codes) - most
    return ", ".join(codes[:most]) + (f" and {rest} more" if rest > 0 else "")


def _mended(geometry: shapely.Geometry | None) -> shapely.Geometry:
    """Make a geometry valid and keep its areas; of a file's mistakes lines and points remain."""
    # coordinates outside the projection have become infinite
    if geometry is None or not np.isfinite(shapely.get_coordinates(geometry)).all():
        return shapely.Polygon()
    parts = shapely.get_parts(shapely.make_valid(geometry))
    parts = np.concatenate([shapely.get_parts(part) for part in parts] or [parts])
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])


def _near_their_points(frame: gpd.GeoDataFrame, municipality: pd.DataFrame, name: str) -> None:
    ordered = municipality.sort_values("municipality_code")
    points = gpd.GeoSeries(
        gpd.points_from_xy(ordered["longitude_deg"], ordered["latitude_deg"]), crs="EPSG:4326"
    ).to_crs(METRES)
    distance = frame.geometry.distance(points)
    # an empty polygon has no distance
    wrong = frame.loc[~(distance <= FAR_M), "municipality_code"]
    if len(wrong):
        raise InputError(
            f"boundaries: {name} has no area within {FAR_M // 1000} km of where municipality"
            f" {_some(list(wrong))} lies; look at its polygons, codes and coordinate system."
        )


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
        level=levels(municipality),
        short_name=geography.short_names(list(municipality["municipality_name"])),
    )
    places = read_boundaries(boundaries, municipality) if boundaries else None
    if places is None:
        places = geography.hexagons(geography.hexagon_places(municipality))
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
        patches = [
            Patch(**look, label=words(f"maps.{level}", count=counts[level]))
            for level, look in LOOKS.items()
        ]
        axes.legend(handles=patches, loc="upper left", fontsize="small")
        return figure

    by_county = areas.assign(priority=areas["group"] == "priority").groupby("county_code")
    values = {
        **counts,
        "all": len(areas),
        "disputed_names": areas.loc[areas["level"] == "disputed", "municipality_name"],
        "counties": [
            words("maps.of_county", county=geography.COUNTIES[code], priority=priority, all=size)
            for code, priority, size in by_county["priority"].agg(["sum", "size"]).itertuples()
        ],
        "file": Path(boundaries).name,
    }
    if not boundaries:
        points = metres(table["longitude_deg"], table["latitude_deg"])
        order = table["municipality_code"].argsort()
        values["kept"] = geography.directions_kept(points[order], places[["x", "y"]].to_numpy())
        values["width"] = places["cell_width_km"].iloc[0]
        values["moved"] = places["moved_km"].median()
    hidden = ["geometry", "cluster", "centrality_level_2008", "economic_region_name"]
    return Exhibit.of(
        "municipality_map",
        f"maps.{'polygons' if boundaries else 'hexagons'}",
        words,
        pd.DataFrame(areas.drop(columns=hidden)),
        values,
        draw=draw,
        title=words("maps.title"),
    )


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
    persons = municipality_year[municipality_year["year"] == year]
    table = municipality.merge(
        persons[["municipality_code", "population"]], on="municipality_code", validate="1:1"
    )
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
    source = words(
        f"maps.circles.source_{'polygons' if boundaries else 'points'}",
        file=Path(boundaries).name,
    )
    return Exhibit.of(
        "population_circles", "maps.circles", words, data, values, draw=draw, source=source
    )


def _circle(size_pt: float, face: str, edge: str, label: str) -> Line2D:
    look: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size_pt}
    return Line2D([], [], markerfacecolor=face, markeredgecolor=edge, label=label, **look)


def _keys(axes: Axes, words: Words) -> None:
    groups = [_circle(9, FACE[group], EDGE[group], words(f"groups.{group}")) for group in FACE]
    sizes = [
        _circle(2 * radius_pt(n), "none", REGION, words("maps.circles.persons", count=n))
        for n in KEY_PERSONS
    ]
    look: dict[str, Any] = {"fontsize": "small", "facecolor": "white", "frameon": True}
    look |= {"framealpha": 1, "edgecolor": "none", "loc": "upper left"}
    axes.add_artist(axes.legend(handles=groups, borderpad=1.2, **look))
    look |= {"labelspacing": 2.6, "handletextpad": 2.2, "borderpad": 1.6}
    axes.legend(handles=sizes, bbox_to_anchor=(0, 0.915), **look)


def _graticule(axes: Axes, words: Words) -> None:
    """Draw meridians and parallels: all there is to find one's way by where no border is."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    page = shapely.box(west, south, east, north)
    along = np.linspace(0, 1, 21)[:, None]
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
        name = words(f"maps.circles.{side}", degrees=degrees)
        end = shapely.get_coordinates(drawn)[end_of_line]
        beside(axes, name, end, (away, 3), ha=ha, fontsize=6.5, color=PRINTED, zorder=0)
