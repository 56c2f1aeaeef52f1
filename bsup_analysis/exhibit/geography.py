"""The region's counties and municipalities: by code, by name, on a map, and on a hexagonal grid.

A map shows land as it lies, and is what a reader knows.  The grid is for what a map has no room
for: a panel or a button a municipality, all of one size.  On it each has a cell, as near as can be
to where it lies. The places are found as Eppstein, van Kreveld, Speckmann and Staals do ("Improved
grid map layout by point set matching", International Journal of Computational Geometry and
Applications 25(2), 2015, 101-122): of all ways to give every point a cell of its own, the one with
the least sum of squared distances. They find that this also keeps neighbours and directions. How
wide a cell is decides how compact the map becomes; here it is the narrowest at which the map hangs
together.

The code is ours because no Python library does it: the packages that do are R's (geogrid with a
width chosen by hand, tilemaps from polygons of 2009, which this repository may not hold), and
pygridmappr knows square cells only and is under the AGPL.  The matching itself is scipy's.

Everything is counted in whole metres, so that sums are exact and the same on every machine, and
rows are taken in the order of their codes, so that no order of rows can change the map.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components

from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.charts import set_names
from bsup_analysis.exhibit.style import PALE, REGION, WIDTH_IN, HouseFigure
from bsup_analysis.language import Words
from bsup_analysis.tables.boundaries import METRES, POLYGONS

COUNTIES = {"15": "Møre og Romsdal", "16": "Sør-Trøndelag", "17": "Nord-Trøndelag"}
"""Names of the region's counties before 2018, by two-digit code."""

STEP_M = 1000
ANCHORS = 4
# the look of an area whose municipalities are not in one class
MIXED: dict[str, Any] = {"facecolor": "white", "edgecolor": REGION, "hatch": "xxxx"}

Integers = npt.NDArray[np.int64]


def alphabet(name: str) -> str:
    """Give the key to sort a name by as Norwegians do: æ, ø and å after z."""
    return name.lower().translate(str.maketrans("æøå", "{|}"))


def known_municipality(municipality: pd.DataFrame, code: str) -> pd.Series:
    """Find a municipality by its code.

    Returns
    -------
    pandas.Series
        Its row.

    Raises
    ------
    InputError
        There is none; the sentence names codes that are near it, or that of the name given.
    """
    rows = municipality.set_index("municipality_code")
    if code in rows.index:
        return rows.loc[code]
    names = rows["municipality_name"]
    by_name = get_close_matches(code, list(names), n=3, cutoff=0.7)
    near = list(names.index[names.isin(by_name)])
    near = near or get_close_matches(code, list(names.index), n=3, cutoff=0.5)
    near = near or [names.index[0], names.index[-1]]
    suggested = ", ".join(f"{one} {names[one]}" for one in sorted(near))
    raise InputError(
        f"there is no municipality {code!r} of 2009 in the region; look at {suggested}."
    )


def metres(longitude_deg: pd.Series, latitude_deg: pd.Series) -> Integers:
    """Project points in degrees (WGS84) to whole metres east and north; shape (n, 2)."""
    points = gpd.GeoSeries(gpd.points_from_xy(longitude_deg, latitude_deg), crs="EPSG:4326")
    projected = points.to_crs(METRES)
    return np.rint(np.column_stack([projected.x, projected.y])).astype(np.int64)


def squared_distances(a: Integers, b: Integers) -> Integers:
    """Give the squared distance from every row of `a` (n, 2) to every row of `b` (m, 2)."""
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)


def match(points: Integers, cells: Integers) -> tuple[npt.NDArray[np.intp], int]:
    """Give every point a cell of its own with the least sum of squared distances.

    Parameters
    ----------
    points, cells
        Whole metres, shapes (n, 2) and (m, 2), m not less than n.

    Returns
    -------
    (numpy.ndarray, int)
        The row of `cells` for each point, and the sum in square metres.  Where several ways
        have the same sum, scipy's choice for this order of rows; the region's points have one.
    """
    cost = squared_distances(points, cells)
    rows, chosen = linear_sum_assignment(cost)
    return chosen, int(cost[rows, chosen].sum())


def hexagon_cells(points: Integers, width_m: int, east: int, north: int) -> Integers:
    """Lay a grid of hexagons that stand on a corner over points.

    Parameters
    ----------
    points
        Whole metres, shape (n, 2).
    width_m
        Distance between neighbouring cell centres, a multiple of `STEP_M`.
    east, north
        How far the grid is moved, in quarters (`ANCHORS`) of a cell's width and a row's height.

    Returns
    -------
    numpy.ndarray
        Shape (m, 4): row, column (doubled, so that neighbours in a row differ by 2), and centre
        in whole metres.  A point's best cell is among its n nearest, for one of these is always
        free; the grid reaches beyond the points by the radius that is sure to hold n.
    """
    height_m = round(width_m * np.sqrt(3) / 2)
    beyond = np.ceil(width_m * (1 / np.sqrt(3) + np.sqrt(np.sqrt(0.75) * len(points) / np.pi)))
    start = points.min(axis=0) + np.array([width_m * east, height_m * north]) // ANCHORS
    low = np.floor((points.min(axis=0) - beyond - start) / [width_m / 2, height_m]).astype(int)
    high = np.ceil((points.max(axis=0) + beyond - start) / [width_m / 2, height_m]).astype(int)
    row, column = np.meshgrid(
        np.arange(low[1], high[1] + 1), np.arange(low[0], high[0] + 1), indexing="ij"
    )
    kept = (row + column) % 2 == 0
    row, column = row[kept], column[kept]
    return np.column_stack(
        [row, column, start[0] + column * width_m // 2, start[1] + row * height_m]
    ).astype(np.int64)


def in_one_piece(centres: Integers, width_m: int) -> bool:
    """Tell whether cells with these centres, shape (n, 2), hang together side by side."""
    touching = squared_distances(centres, centres) < (1.1 * width_m) ** 2
    return bool(connected_components(touching, directed=False)[0] == 1)


def hexagon_places(municipality: pd.DataFrame) -> pd.DataFrame:
    """Place every municipality on the hexagonal grid.

    Cells widen by whole kilometres, from half the width at which the cells would fill the
    rectangle around the points, until under some anchor of the grid all hang together; of the
    anchors under which they do, the one with the least sum of squared distances counts.

    Parameters
    ----------
    municipality
        Columns `municipality_code`, `longitude_deg`, `latitude_deg` (WGS84).

    Returns
    -------
    pandas.DataFrame
        A row a municipality by code: `municipality_code`, `row` and `column` from 0 (rows from
        the south, columns doubled: neighbours in a row differ by 2), `x` and `y` of the centre in
        cell widths, `moved_km` from the point to the centre, `cell_width_km`.
    """
    ordered = municipality.sort_values("municipality_code", ignore_index=True)
    points = metres(ordered["longitude_deg"], ordered["latitude_deg"])
    cells, width_m = _narrowest(tuple(map(tuple, points.tolist())))
    row, column = cells[:, 0] - cells[:, 0].min(), cells[:, 1] - cells[:, 1].min()
    moved = np.sqrt(((cells[:, 2:] - points) ** 2).sum(axis=1)) / 1000
    return pd.DataFrame(
        {
            "municipality_code": ordered["municipality_code"],
            "row": row,
            "column": column,
            "x": column / 2,
            "y": row * np.sqrt(0.75),
            "moved_km": moved,
            "cell_width_km": width_m // 1000,
        }
    )


@cache
def _narrowest(points: tuple[tuple[int, ...], ...]) -> tuple[Integers, int]:
    """Find the cells of the narrowest grid that hangs together, and its width in metres.

    Kept, because one process draws several maps of the same municipalities.
    """
    where = np.array(points)
    filling = np.sqrt(np.prod(np.ptp(where, axis=0)) / len(where) / np.sqrt(0.75))
    width_m = max(int(filling / 2) // STEP_M, 1) * STEP_M
    while not (found := _placements(where, width_m)):
        width_m += STEP_M
    return min(found, key=lambda placement: placement[1])[0], width_m


def _placements(points: Integers, width_m: int) -> list[tuple[Integers, int]]:
    """Place points under every anchor of the grid; keep the placements that hang together."""
    found = []
    for east in range(ANCHORS):
        for north in range(ANCHORS):
            cells = hexagon_cells(points, width_m, east, north)
            chosen, distance = match(points, cells[:, 2:])
            if in_one_piece(cells[chosen, 2:], width_m):
                found.append((cells[chosen], distance))
    return found


def map_page(
    bounds: npt.NDArray[np.float64], margin: float, width_in: float = WIDTH_IN, above_in: float = 0
) -> tuple[Figure, Axes, float]:
    """Make a figure that a map fills, of the house's width unless another is given.

    Parameters
    ----------
    bounds
        West, south, east, north in data units.
    margin
        Room around them, as a share of their width.
    width_in, above_in
        Width of the figure, and room above the map, in inches.

    Returns
    -------
    (Figure, Axes, float)
        The figure, its axes, and the points on paper that a data unit takes.
    """
    room = margin * (bounds[2] - bounds[0])
    west, south, east, north = bounds + room * np.array([-1, -1, 1, 1])
    north += above_in * (east - west) / width_in
    figure = HouseFigure(figsize=(width_in, width_in * (north - south) / (east - west)))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(west, east), ylim=(south, north))
    axes.axis("off")
    return figure, axes, 72 * width_in / (east - west)


def about_borders(
    areas: gpd.GeoDataFrame, boundaries: str, municipality: pd.DataFrame, words: Words
) -> dict[str, str]:
    """Say whose borders a map draws, and which municipalities are one area on it.

    Returns
    -------
    dict
        `borders` for the caption, beginning with a blank, and `borders_source`.
    """
    names = municipality.set_index("municipality_code")["municipality_name"]
    joined = [words.listed(names[list(codes)]) for codes in areas["codes"] if len(codes) > 1]
    values: dict[str, Any] = {"file": Path(boundaries).name, "joined": "; ".join(joined)}
    values["licence"] = "CC BY 4.0"
    whose = "given" if boundaries else "own"
    told = [words(f"borders.{whose}", **values)]
    told += [words("borders.joined", **values)] if joined else []
    return {
        "borders": "".join(f" {one}" for one in told),
        "borders_source": words(f"borders.{whose}_source", **values),
    }


def simplified(areas: gpd.GeoDataFrame, detail_m: float) -> gpd.GeoDataFrame:
    """Leave out corners that a drawing does not show; neighbours go on sharing their border."""
    return areas.set_geometry(
        gpd.GeoSeries(shapely.coverage_simplify(areas.geometry.to_numpy(), detail_m), crs=METRES)
    )


def class_of_areas(areas: gpd.GeoDataFrame, classes: pd.Series) -> pd.Series:
    """Give each area the class of its municipalities, by code; `mixed` where they have several."""
    found = [set(classes[list(codes)]) for codes in areas["codes"]]
    return pd.Series([one.pop() if len(one) == 1 else "mixed" for one in found], areas.index)


def draw_areas(
    axes: Axes, areas: gpd.GeoDataFrame, drawn: pd.Series, looks: Mapping[Any, Mapping[str, Any]]
) -> None:
    """Fill areas in the look of their class, as `class_of_areas` gives them."""
    for name, look in {**looks, "mixed": MIXED}.items():
        if (drawn == name).any():
            shapes = shapely.orient_polygons(areas.geometry[drawn == name].to_numpy())
            axes.add_patch(PathPatch(_path(shapes), **{"linewidth": 0.6, "label": name, **look}))


def draw_borders(axes: Axes, areas: gpd.GeoDataFrame, colour: str = PALE, **look: Any) -> None:
    """Draw the borders of areas, those that two share once."""
    lines = shapely.line_merge(shapely.union_all(areas.boundary.to_numpy()))
    axes.add_patch(PathPatch(_path([lines]), facecolor="none", edgecolor=colour, **look))


def _path(shapes: Sequence[shapely.Geometry]) -> Outline:
    """Put all rings or lines of shapes into one path: a drawing of it is one element."""
    parts = shapely.get_parts(shapes)
    rings = shapely.get_rings(parts) if parts[0].geom_type in POLYGONS else parts
    return Outline.make_compound_path(
        *(Outline(shapely.get_coordinates(one), closed=one.is_ring) for one in rings)
    )


def name_areas(axes: Axes, areas: gpd.GeoDataFrame, names: pd.Series, unit_pt: float) -> None:
    """Write in or beside each area what it is called; `names` by code."""
    inside = areas.geometry.representative_point()
    told = ["-".join(names[list(codes)]) for codes in areas["codes"]]
    marks = pd.DataFrame({"name": told, "x": inside.x, "y": inside.y, "radius_pt": 0})
    set_names(axes, marks, unit_pt)
