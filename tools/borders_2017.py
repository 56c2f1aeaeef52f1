"""Make data/raw/borders_2017.geojson from the municipal borders of 2017 as they were taken over.

    .venv/bin/python tools/borders_2017.py SOURCE [TARGET]

SOURCE is the region's part of `kommuner_simp_17` of the public repository Torskelgen/ReadyMaps
(commit 5913a2f): Kartverket's borders, simplified there, in EPSG:25833.  The corners are moved to
longitude and latitude, as RFC 7946 asks, and rounded to a hundred-thousandth of a degree, a metre
or less; none is left out, so neighbours go on sharing theirs.  A municipality stands on a line, in
the order of codes: the same source gives the same bytes.
"""

import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

DECIMALS = 5
TARGET = Path(__file__).resolve().parent.parent / "data" / "raw" / "borders_2017.geojson"


def borders(source: Path) -> str:
    """Return the text of the file; it holds one valid polygon a municipality."""
    frame = gpd.read_file(source).to_crs("EPSG:4326").sort_values("kommunenr")
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda at: np.round(at, DECIMALS))
    if not (shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes)):
        raise SystemExit(f"{source}: rounded to {DECIMALS} decimals the borders would cross.")
    features = [
        {
            "type": "Feature",
            "properties": {"municipality_code": code, "municipality_name": name},
            "geometry": shapely.geometry.mapping(shape),
        }
        for code, name, shape in zip(
            frame["kommunenr"],
            frame["kommunenavn"],
            shapely.orient_polygons(shapes),
            strict=True,
        )
    ]
    lines = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in features]
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    source, *target = map(Path, sys.argv[1:])
    (*target, TARGET)[0].write_text(borders(source), encoding="utf-8", newline="")
