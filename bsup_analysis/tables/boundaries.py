"""Polygons of municipalities: the study's own borders, and those of a file that a reader gives.

A file is believed where it bears out: its codes must be all the municipalities of one year, and
the known point of each must lie in its own polygon and in no other's.  So neither layer nor column
needs a certain name, and a wrong coordinate system or exchanged codes are found.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
import shapely
from pandera.errors import SchemaErrors

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import file_and_part
from bsup_analysis.tables.borders import Borders
from bsup_analysis.tables.boundary_files import Layer, layers
from bsup_analysis.tables.strict_csv import first_failure, shown, text_of

# ETRS89 / UTM zone 32N: metres, and its middle meridian, 9 degrees east, crosses the region
METRES = "EPSG:25832"
# simplified borders overlap in slivers, and a point near the coast may stand in the water
SLIVER_M, SLIVER_SHARE, NEAR_M = 2_000, 0.1, 2_000
# those in which Norwegian borders are published
SYSTEMS = ("EPSG:4326", "EPSG:25832", "EPSG:25833", "EPSG:25835", "EPSG:3857", "EPSG:3035")
# with letters about it (K1601, 1601 Trondheim) or as a number with a decimal
CODE = r"^\D{0,20}?(\d{3,4})(?:\.0+)?(?:\D.*)?$"
POLYGONS = ("Polygon", "MultiPolygon")


def read_geojson(path: Path, schema: pa.DataFrameSchema) -> gpd.GeoDataFrame:
    """Read borders that must be exactly what `schema` says.

    Parameters
    ----------
    path
        GeoJSON in longitude and latitude, a feature a line from line 2 on.
    schema
        What the properties must be.

    Returns
    -------
    geopandas.GeoDataFrame
        The properties with the schema's types, and `geometry` in degrees (WGS84).

    Raises
    ------
    InputError
        The file is missing, cut off, no GeoJSON, or a line of it is refused.
    """
    text, where = text_of(path), shown(path)
    try:
        features = json.loads(text)["features"]
        table = pd.DataFrame([one["properties"] for one in features])
        shapes = [shapely.geometry.shape(one["geometry"]) for one in features]
        table = schema.validate(table, lazy=True)
    except SchemaErrors as invalid:
        raise InputError(first_failure(invalid, where)) from None
    except (ValueError, TypeError, LookupError, AttributeError, shapely.errors.ShapelyError) as bad:
        raise InputError(f"{where} is not readable as GeoJSON ({bad}); restore it.") from None
    for row, shape in enumerate(shapes, start=2):
        if shape.is_empty or not shape.is_valid or shape.geom_type not in POLYGONS:
            raise InputError(f"{where}, row {row}: holds no valid polygon.")
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


def read_boundaries(file: str, municipality: pd.DataFrame, borders: Borders) -> gpd.GeoDataFrame:
    """Read a reader's own file of municipal borders.

    Parameters
    ----------
    file
        Path, absolute or from the project's root; ``FILE#LAYER`` where several layers hold
        municipalities.
    municipality, borders
        As for `areas`.

    Returns
    -------
    geopandas.GeoDataFrame
        As `areas`.

    Raises
    ------
    InputError
        The file is missing, unreadable or too large, or does not bear out; one sentence.
    """
    given, part = file_and_part(file)
    try:
        found = layers(paths.root() / given.expanduser())
        chosen = [layer for layer in found if part in (None, layer.name)]
        why = {layer: _lacks(layer, borders) for layer in chosen}
        whole = [layer for layer, lacks in why.items() if not lacks]
        if not whole:  # a layer a county
            whole = [one for one in _together(chosen, given.name) if not _lacks(one, borders)]
        if not chosen:
            names = ", ".join(layer.name for layer in found) or "none"
            raise InputError(f"{given.name} has no layer {part!r}; its layers are {names}")
        if len(whole) > 1:
            names = ", ".join(layer.name for layer in whole)
            raise InputError(
                f"several layers of {given.name} hold the municipalities: {names};"
                f" choose one, as in '{given}#{whole[0].name}'"
            )
        if not whole:
            of = "" if len(chosen) == 1 else f"no layer of {given.name} fits: "
            raise InputError(of + "; ".join(why.values()))
        (layer,) = whole
        return areas(layer.shapes(), layer.crs, municipality, borders, layer.label)
    except InputError as refused:
        raise InputError(f"boundaries: {str(refused).rstrip('.')}.") from None


def _together(layers: Iterable[Layer], label: str) -> Iterator[Layer]:
    """Put layers of polygons with the same columns and coordinate system together."""
    alike: dict[tuple[object, ...], list[Layer]] = {}
    for layer in layers:
        if layer.geometry in (*POLYGONS, "Unknown"):
            alike.setdefault((layer.crs, *layer.rows), []).append(layer)
    for some in alike.values():

        def shapes(some: Sequence[Layer] = some) -> gpd.GeoDataFrame:
            return pd.concat([layer.shapes() for layer in some], ignore_index=True)

        rows = pd.concat([layer.rows for layer in some], ignore_index=True)
        yield replace(some[0], label=label, geometry="Unknown", rows=rows, shapes=shapes)


def _lacks(layer: Layer, borders: Borders) -> str:
    """Say why a layer cannot be the one that is meant; empty where it can."""
    if layer.geometry is None:
        return f"{layer.label} holds no geometry; give a file of polygons"
    if not any(kind in layer.geometry for kind in ("Polygon", "Unknown", "GeometryCollection")):
        return f"{layer.label} holds {layer.geometry}s, no polygons; give a file of polygons"
    if layer.rows.empty:
        return f"{layer.label} is empty; give a file of the municipalities' polygons"
    codes, year = _codes(layer.rows, borders)
    if codes is None:
        columns = ", ".join(map(str, layer.rows)) or "none"
        return (
            f"no column of {layer.label} holds municipality codes; it has {columns};"
            " give it one with the codes of 2009"
        )
    missing = borders.codes_in(year) - set(codes)
    if missing:
        return (
            f"{layer.label} lacks municipality {_some(sorted(missing))};"
            f" it must hold each municipality of {year} in the region"
        )
    return ""


def _codes(rows: pd.DataFrame, borders: Borders) -> tuple[pd.Series | None, int]:
    """Find the column with most of a year's municipalities as codes of four digits, and the year.

    None for the column where none has half of them.  Codes written as numbers, which lost the
    zero they began with or gained a decimal, and codes with letters about them count.
    """
    dates = borders.changes["change_date"].str[:4].astype(int)
    years = [borders.reference_year, *sorted({*dates, dates.min() - 1})]
    best: tuple[float, pd.Series | None, int] = (0.5, None, years[0])
    for _, column in rows.items():
        text = column.astype("str").str.strip()
        codes = text.str.extract(CODE, expand=False).str.zfill(4)
        there = set(codes.dropna())
        for year in years:
            of = borders.codes_in(year)
            if len(there & of) / len(of) > best[0]:
                best = len(there & of) / len(of), codes, year
    return best[1], best[2]


def areas(
    frame: gpd.GeoDataFrame,
    crs: str | None,
    municipality: pd.DataFrame,
    borders: Borders,
    label: str,
) -> gpd.GeoDataFrame:
    """Find the polygon of each municipality of 2009, or of those that are one by now.

    Rows of one code are united, and rows of places outside the region are left out.

    Parameters
    ----------
    frame
        Polygons of one year's municipalities, with a column of their codes.
    crs
        Coordinate system of the polygons; None where it is not known.
    municipality
        Columns `municipality_code`, `municipality_name`, `longitude_deg`, `latitude_deg`.
    borders
        The municipalities of 2009 and all changes around them.
    label
        What the polygons are called in a sentence.

    Returns
    -------
    geopandas.GeoDataFrame
        A row an area, in the order of codes: `codes`, a tuple of those of the municipalities of
        2009 that it is, and `geometry`, valid polygons in `METRES`.

    Raises
    ------
    InputError
        A municipality has no area, or its point lies in another's or far from its own; polygons
        overlap; areas were divided before the year; the coordinate system is not known or wrong.
    """
    names = municipality.set_index("municipality_code")["municipality_name"]
    codes, year = _codes(frame.drop(columns=frame.geometry.name), borders)
    if codes is None:
        raise InputError(f"{label} has no column of municipality codes; give it one")
    divided = borders.changes["kind"].isin(["split", "partial"])
    try:
        units = {code: borders.units(code, year) for code in borders.codes_in(year)}
    except InputError:
        last = int(borders.changes.loc[divided, "change_date"].min()[:4]) - 1
        raise InputError(
            f"{label} has the municipalities of {year}, after some of those of 2009 were divided;"
            f" give borders of 2009, or of any year to {last}"
        ) from None
    east, north = municipality["longitude_deg"], municipality["latitude_deg"]
    points = gpd.GeoSeries(gpd.points_from_xy(east, north), names.index, crs="EPSG:4326")
    units_of = pd.Series(codes.map(units).to_numpy())
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    shapes = _placed(shapes, units_of, points.to_crs(METRES), crs, label)
    found = _united(shapes, units_of)
    for empty in found.loc[found.is_empty, "codes"]:
        raise InputError(f"{label} has no area for {_told(empty, names)}; add its polygon")
    _hold_their_points(found, points.to_crs(METRES), names, label)
    told = [_told(codes, names) for codes in found["codes"]]
    others = units_of.isna().to_numpy()
    rest = [f"a row of {code}" for code in codes.fillna("no code")[others]]
    _overlap_in_slivers([*found.geometry, *shapes[others]], [*told, *rest], len(found), label)
    return found


def _placed(
    shapes: np.ndarray, units_of: pd.Series, points: gpd.GeoSeries, crs: str | None, label: str
) -> np.ndarray:
    """Project shapes to `METRES`, valid and with east and north in their order."""

    def fits(system: str, east: int = 0) -> tuple[bool, np.ndarray]:
        turned = shapely.transform(shapes, lambda at: at[:, [east, 1 - east]])
        moved = gpd.GeoSeries(turned, crs=system).to_crs(METRES).map(_mended).to_numpy()
        united = _united(moved, units_of)
        holds = [
            any(area.covers(point) for point in points[list(codes)])
            for codes, area in zip(united["codes"], united.geometry, strict=True)
        ]
        return 2 * sum(holds) >= len(holds), moved

    for east in (0, 1) if crs else ():
        well, moved = fits(str(crs), east)
        if well:
            return moved
    better = next((system for system in SYSTEMS if system != crs and fits(system)[0]), None)
    if crs is None:
        hint = f", {better} by where the municipalities lie" if better else ""
        raise InputError(f"{label} does not say its coordinate system; save it with one{hint}")
    if better:
        raise InputError(
            f"{label} says {crs} of its coordinate system, in which the municipalities do not lie"
            f" where they are; in {better} they do: save it with that"
        )
    raise InputError(
        f"{label} has most municipalities not where they lie; look at its polygons, codes and"
        f" coordinate system ({crs})"
    )


def _mended(geometry: shapely.Geometry | None) -> shapely.Geometry:
    """Make a geometry valid and keep its areas; of a file's mistakes lines and points remain."""
    # coordinates outside the projection have become infinite
    if geometry is None or not np.isfinite(shapely.get_coordinates(geometry)).all():
        return shapely.Polygon()
    return shapely.union_all(list(_polygons(shapely.make_valid(geometry))))


def _polygons(geometry: shapely.Geometry) -> Iterator[shapely.Geometry]:
    if geometry.geom_type == "Polygon":
        yield geometry
    for part in getattr(geometry, "geoms", ()):
        yield from _polygons(part)


def _united(shapes: np.ndarray, units_of: pd.Series) -> gpd.GeoDataFrame:
    """Unite the rows of each municipality, and of those that 2009 has as one."""
    united = pd.Series(shapes).groupby(units_of).agg(lambda rows: shapely.union_all(list(rows)))
    return gpd.GeoDataFrame({"codes": list(united.index)}, geometry=list(united), crs=METRES)


def _told(codes: Iterable[str], names: pd.Series) -> str:
    return _some([f"{code} {names[code]}" for code in codes])


def _some(told: Sequence[str], most: int = 10) -> str:
    rest = len(told) - most
    return ", ".join(told[:most]) + (f" and {rest} more" if rest > 0 else "")


def _hold_their_points(
    found: gpd.GeoDataFrame, points: gpd.GeoSeries, names: pd.Series, label: str
) -> None:
    """Refuse a municipality whose known point lies in another's polygon, or far from its own."""
    wrong, lost = [], []
    for codes, area in zip(found["codes"], found.geometry, strict=True):
        for code in codes:
            if area.covers(points[code]):
                continue
            holders = found.loc[found.covers(points[code]), "codes"]
            if len(holders):
                wrong.append(f"{_told([code], names)} lies in {_told(holders.iloc[0], names)}")
            elif area.distance(points[code]) > NEAR_M:
                lost.append(code)
    if wrong:
        raise InputError(
            f"polygons or codes of {label} are exchanged: {_some(wrong, 4)}; correct the codes"
        )
    if lost:
        raise InputError(
            f"{label} has no area within {NEAR_M // 1000} km of where {_told(lost, names)} lies;"
            " look at its polygon and its code"
        )


def _overlap_in_slivers(shapes: Sequence, told: Sequence[str], first: int, label: str) -> None:
    """Refuse one of the first polygons that lies on another by more than simplified borders do."""
    for a, b in shapely.STRtree(shapes).query(shapes[:first], predicate="intersects").T:
        if a < b:
            shared = shapes[a].intersection(shapes[b])
            wide = not shared.buffer(-SLIVER_M).is_empty
            if wide or shared.area > SLIVER_SHARE * min(shapes[a].area, shapes[b].area):
                raise InputError(
                    f"in {label} the polygons of {told[a]} and of {told[b]} overlap by"
                    f" {shared.area / 1e6:.0f} km²; correct them, or leave out a row"
                )
