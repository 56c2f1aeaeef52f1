"""Layers of polygons in a file that a reader gives, of any usual kind, and only of those.

A file is looked at before it is read, and read from memory: GDAL reads much that nobody means
here, fetches what a file refers to, and writes beside it.
"""

import io
import json
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import geopandas as gpd
import pandas as pd
import pyogrio

from bsup_analysis.errors import InputError

T = TypeVar("T")
MOST_BYTES = 250_000_000
KINDS = "a file of GeoJSON, TopoJSON, GeoPackage, GML, KML, FlatGeobuf, or a zip of a Shapefile"
# how a file begins, and what it then is
BEGINNINGS = {
    b"SQLite format 3\0": "GeoPackage",
    b"PK\x03\x04": "zip",
    b"fgb": "FlatGeobuf",
    b"\0\0\x27\x0a": "Shapefile",
    b"{": "JSON",
    b"[": "JSON",
    b"<": "XML",
}
MEMBERS = {".geojson", ".json", ".topojson", ".gpkg", ".gml", ".kml", ".fgb", ".shp"}
BESIDE = (".shp", ".dbf", ".shx", ".prj", ".cpg")
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer: its name, what a sentence calls it, and all it holds but geometries.

    `geometry` is the kind that it says it holds, and `crs` its coordinate system, each None where
    the file does not say.
    """

    name: str
    label: str
    geometry: str | None
    crs: str | None
    rows: pd.DataFrame
    shapes: Callable[[], gpd.GeoDataFrame]


def layers(path: Path) -> list[Layer]:
    """Read the layers of a file.

    Raises
    ------
    InputError
        There is no such file, it is too large, or of no kind that is read.
    """
    found = []
    for label, content in _datasets(path):
        listed = _guarded(label, partial(_listed, content))
        for number, (name, info) in enumerate(listed):
            # a name that was made up in memory means nothing
            own = PurePosixPath(label).stem if name.startswith("pyogrio_") else name
            own = own if label == path.name else f"{label}/{own}"
            read = partial(pyogrio.read_dataframe, content, layer=number)
            found.append(
                Layer(
                    own,
                    path.name if len(listed) == 1 and label == path.name else own,
                    info["geometry_type"],
                    # TopoJSON names no system; it is in longitude and latitude
                    info["crs"] or ("EPSG:4326" if info["driver"] == "TopoJSON" else None),
                    pd.DataFrame(_guarded(label, partial(read, read_geometry=False))),
                    partial(_guarded, label, read),
                )
            )
    return found


def _guarded(label: str, read: Callable[[], T]) -> T:
    try:
        with warnings.catch_warnings():  # of names and fields in memory
            warnings.simplefilter("ignore")
            return read()
    except InputError:
        raise
    except (MemoryError, RecursionError):
        raise InputError(f"{label} is nested or packed too deep; give {KINDS}") from None
    except Exception as error:  # noqa: BLE001  GDAL's drivers raise what they like
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        why = "its kind is not known" if "not recognized" in told else told
        raise InputError(f"{label} cannot be read ({why}); give {KINDS}") from None


def _listed(content: bytes) -> list[tuple[str, dict[str, Any]]]:
    # nothing that a file refers to is fetched
    pyogrio.set_gdal_config_options({"GML_DOWNLOAD_SCHEMA": "NO"})
    names = [str(name) for name, _ in pyogrio.list_layers(content)]
    return [(name, pyogrio.read_info(content, layer=number)) for number, name in enumerate(names)]


def _datasets(path: Path) -> Iterable[tuple[str, bytes]]:
    """Give a file, or the files in it, each with its name and what it holds."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise InputError(f"there is no file {path}, which is {what}; give {KINDS}")
        _small(path.name, status.st_size)
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no file {path}; give {KINDS}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from None
    if _kind(path.name, content) == "Shapefile":  # which is one only with those beside it
        beside = [path.with_suffix(end) for end in BESIDE]
        files = {one.name: one.read_bytes for one in beside if one.is_file()}
        _small(path.name, sum(one.stat().st_size for one in beside if one.is_file()))
        return [(path.name, _packed(files))]
    return _guarded(path.name, lambda: list(_inside(path.name, content)))


def _small(name: str, size: int) -> None:
    if size > MOST_BYTES:
        raise InputError(
            f"{name} holds {size / 1e6:.0f} million bytes, more than the {MOST_BYTES / 1e6:.0f}"
            " that are read; give simplified borders, or the region's alone"
        )


def _kind(name: str, content: bytes) -> str:
    begin = content[:4096].removeprefix(BOM).lstrip(b" \t\r\n")
    if not begin:
        raise InputError(f"{name} is empty; give {KINDS}")
    kind = next((kind for start, kind in BEGINNINGS.items() if begin.startswith(start)), "")
    if kind == "XML" and b"opengis.net/gml" not in begin and b"opengis.net/kml" not in begin:
        kind = ""
    if not kind:
        raise InputError(f"{name} cannot be read (its kind is not known); give {KINDS}")
    return kind


def _inside(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    kind = _kind(name, content)
    if kind == "zip":
        yield from _unpacked(name, content)
    elif kind == "JSON":
        yield from _collections(name, content)
    else:
        yield name, content


def _packed(files: dict[str, Callable[[], bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, read in files.items():
            packed.writestr(name, read())
    return stream.getvalue()


def _unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        _small(name, sum(one.file_size for one in packed.infolist()))
        places = [PurePosixPath(one) for one in packed.namelist() if not one.endswith("/")]
        if any(place.parent.suffix == ".gdb" for place in places):
            yield name, content
            return
        chosen = [place for place in places if place.suffix.lower() in MEMBERS]
        if not chosen:
            raise InputError(f"{name} holds no file that is read; give {KINDS}")
        for place in chosen:
            own = name if len(chosen) == 1 else place.name
            if place.suffix.lower() == ".shp":
                with_it = [p for p in places if p.with_suffix("") == place.with_suffix("")]
                yield own, _packed({p.name: partial(packed.read, str(p)) for p in with_it})
            else:
                yield from _inside(own, packed.read(str(place)))


def _collections(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Go through the collections of features in JSON, however deep they lie.

    Features below one key, or in one list, are one collection where they have the same properties.
    """
    try:
        top = json.loads(content.removeprefix(BOM))
    except ValueError:
        if not content.lstrip(BOM + b"\x1e").split(b"\n", 1)[0].rstrip().endswith(b"}"):
            raise
        top = None  # a feature a line
    together: dict[tuple[str, str, tuple[str, ...]], list[Any]] = {}
    for key, feature in _features(top, (), ""):
        together.setdefault(key, []).append(feature)
    if len(together) < 2 and not isinstance(top, list):
        features = next(iter(together.values()), [])
        if not features or features == top.get("features"):
            yield name, content  # an ordinary file, with whatever else it says
            return
    for number, ((where, crs, _), features) in enumerate(together.items(), start=1):
        collection = {"type": "FeatureCollection", "features": features}
        system = {"crs": json.loads(crs)} if crs else {}
        own = name if len(together) == 1 else where or str(number)
        yield own, json.dumps({**system, **collection}).encode()


def _features(
    value: Any, where: tuple[str, ...], crs: str
) -> Iterator[tuple[tuple[str, str, tuple[str, ...]], Any]]:
    """Go through the features in JSON, each with its place, coordinate system and properties."""
    if isinstance(value, list):
        for one in value:
            yield from _features(one, where, crs)
    elif isinstance(value, dict) and value.get("type") == "Feature":
        number = value.get("id")  # GDAL keeps as a column what is no number
        named = {**value, "id": str(number)} if isinstance(number, int) and number > 99 else value
        yield ("/".join(where), crs, tuple(sorted(value.get("properties") or ()))), named
    elif isinstance(value, dict):
        crs = json.dumps(value["crs"]) if value.get("crs") else crs
        for key, one in value.items():
            if key not in ("crs", "geometry", "geometries", "arcs"):
                yield from _features(one, where if key == "features" else (*where, key), crs)
