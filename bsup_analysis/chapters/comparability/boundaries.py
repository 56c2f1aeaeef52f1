"""Municipal polygons from a file of the reader's: checked, mended, in metres.

The repository holds points, no polygons; whoever has boundaries of 2009 gives their path.
"""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.geography import METRES

# as Kartverket, Statistics Norway and those who pass their files on name it, in lower case
CODE_COLUMNS = (
    "municipality_code",
    "kommunenummer",
    "kommunenr",
    "kommune_nr",
    "kommune_no",
    "kommnr",
    "komm",
    "knr",
)
# a polygon this far from its municipality's point has another code or coordinate system
FAR_M = 50_000


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
            f"boundaries: {path.name} cannot be read as GeoJSON or GeoPackage"
            f" ({str(error).splitlines()[0].rstrip('.')}); give another file."
        ) from None
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(f"boundaries: {path.name} holds no geometry; give a file of polygons.")
    if frame.crs is None:
        raise InputError(
            f"boundaries: {path.name} does not say its coordinate system; save it with one,"
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
