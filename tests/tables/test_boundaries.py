"""Polygons of municipalities: the study's own, and files of every kind that a reader may give."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from bsup_analysis.errors import InputError
from bsup_analysis.study import Study, read_table
from bsup_analysis.tables import boundaries, boundary_files
from bsup_analysis.tables.borders import REFERENCE_YEAR, Borders
from bsup_analysis.tables.boundaries import METRES, areas, read_boundaries

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = CHECKOUT.parent / "shared"
OWN = CHECKOUT / "data/raw/borders_2017.geojson"
INDEROEY = ("1723", "1729")


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip("the source material is not beside this checkout")
    return path


@pytest.fixture(scope="module")
def municipality() -> pd.DataFrame:
    return read_table("municipality")


@pytest.fixture(scope="module")
def borders(municipality) -> Borders:
    changes = [read_table("municipality_changes"), read_table("municipality_codes_later")]
    codes = frozenset(municipality["municipality_code"])
    return Borders(REFERENCE_YEAR, codes, pd.concat(changes, ignore_index=True))


@pytest.fixture(scope="module")
def points(municipality) -> gpd.GeoSeries:
    return gpd.GeoSeries(
        gpd.points_from_xy(municipality["longitude_deg"], municipality["latitude_deg"]),
        index=municipality["municipality_code"],
        crs="EPSG:4326",
    ).to_crs(METRES)


@pytest.fixture(scope="module")
def cells(points) -> gpd.GeoDataFrame:
    """Made-up borders: what lies nearest to each municipality's point, clear of the others'."""
    every = gpd.GeoSeries(shapely.get_parts(points.union_all().buffer(9_000)), crs=METRES)
    parts = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.MultiPoint(points.to_numpy()), extend_to=every.union_all(), ordered=True
        )
    )
    shapes = [part & point.buffer(9_000) for part, point in zip(parts, points, strict=True)]
    return gpd.GeoDataFrame(
        {"kommunenummer": points.index, "note": "synthetic"}, geometry=shapes, crs=METRES
    )


@pytest.fixture
def read(municipality, borders, tmp_path):
    """Return a function that reads a file, or a frame saved as one, as a reader gives it."""

    def reading(given: gpd.GeoDataFrame | str | Path, name: str = "made.gpkg", **how: object):
        if isinstance(given, gpd.GeoDataFrame):
            frame, given = given, tmp_path / name
            # GeoJSON is in degrees
            frame.to_crs("EPSG:4326" if name.endswith("json") else frame.crs).to_file(given, **how)
        return read_boundaries(str(given), municipality, borders)

    return reading


@pytest.fixture
def refusal(read):
    """Return a function that gives the one sentence in which something is refused."""

    def refused(*given: object, **how: object) -> str:
        with pytest.raises(InputError) as error:
            read(*given, **how)
        sentence = str(error.value)
        assert sentence.startswith("boundaries: ")
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert "pyogrio" not in sentence
        return sentence

    return refused


def holds(found: gpd.GeoDataFrame, points: gpd.GeoSeries) -> bool:
    """Tell whether each municipality's point lies in its own area."""
    assert sorted(code for codes in found["codes"] for code in codes) == sorted(points.index)
    return all(
        area.covers(points[code])
        for codes, area in zip(found["codes"], found.geometry, strict=True)
        for code in codes
    )


# --- the study's own ---


def test_each_point_of_2009_lies_in_its_polygon_of_2017(points):
    found = Study("en").areas
    assert holds(found, points)
    assert [codes for codes in found["codes"] if len(codes) > 1] == [INDEROEY]
    assert len(found) == 84
    assert found.geometry.is_valid.all()
    assert list(found["codes"]) == sorted(found["codes"])


def test_the_region_has_no_gap_and_no_overlap():
    own = gpd.read_file(OWN).to_crs("EPSG:25833")
    assert shapely.coverage_is_valid(own.geometry.to_numpy())
    assert own.union_all().area == pytest.approx(own.area.sum(), rel=1e-9)


def test_the_file_is_small_and_made_by_its_program(tmp_path):
    assert OWN.stat().st_size <= 150_000
    source = shared("data/boundaries_2017_region.geojson")
    for again in ("once", "twice"):
        target = tmp_path / f"{again}.geojson"
        run = [sys.executable, str(CHECKOUT / "tools/borders_2017.py"), str(source), str(target)]
        subprocess.run(run, check=True, cwd=tmp_path)
        assert target.read_bytes() == OWN.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"municipality_code":"1502"', '"municipality_code":"15021"', "row 2: municipality_code"),
        ('"municipality_code":"1504"', '"municipality_code":"1502"', "row 2: "),
        ('"municipality_code":"1502",', "", "municipality_code"),
        ('"type":"MultiPolygon"', '"type":"MultiLine"', "not readable as GeoJSON"),
        ("[7.22042,62.66363]", "[7.9,62.8]", "row 2: holds no valid polygon"),
        ('"features":[', '"features":[[', "not readable as GeoJSON"),
        ("]}\n", "]}", "cut off"),
    ],
)
def test_a_broken_line_of_the_borders_is_refused(tmp_path, monkeypatch, old, new, said):
    from bsup_analysis.tables import sources

    (tmp_path / "data/raw").mkdir(parents=True)
    text = OWN.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "data/raw" / OWN.name).write_text(text.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    with pytest.raises(InputError, match=r"data/raw/borders_2017\.geojson") as error:
        sources.read_source("borders_2017")
    assert said in str(error.value)


# --- kinds of files ---

KINDS = [
    ("made.gpkg", {}),
    ("made.geojson", {}),
    ("made.fgb", {}),
    ("made.shp", {}),
    ("made.kml", {"driver": "LIBKML"}),
    ("made.gml", {}),
    ("made.sqlite", {"driver": "SQLite"}),
    ("made.jsonl", {"driver": "GeoJSONSeq"}),
]


@pytest.mark.parametrize(("name", "how"), KINDS)
def test_a_file_of_any_usual_kind_is_the_same_map(read, cells, points, name, how):
    system = "EPSG:4326" if name.endswith(("kml", "jsonl")) else "EPSG:25833"
    found = read(cells.to_crs(system), name, **how)
    assert holds(found, points)
    own = cells.set_index("kommunenummer").geometry
    for codes, area in zip(found["codes"], found.geometry, strict=True):
        assert area.symmetric_difference(own[codes[0]]).area < 0.001 * area.area


@pytest.mark.parametrize("folder", ["", "inner/"])
@pytest.mark.parametrize("name", ["made.shp", "made.gpkg", "made.geojson", "made.gml"])
def test_a_zip_holds_any_of_them_in_any_folder(read, cells, points, tmp_path, name, folder):
    cells.to_crs("EPSG:4326").to_file(tmp_path / name)
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.txt", "of what is here")
        for path in tmp_path.glob("made.*"):
            archive.write(path, folder + path.name)
    assert holds(read(packed), points)


def topology(frame: gpd.GeoDataFrame) -> dict:
    """Write polygons as TopoJSON by hand: an arc a ring, none shared."""
    arcs: list[object] = []
    shapes = []
    for code, shape in zip(frame["kommunenummer"], frame.to_crs("EPSG:4326").geometry, strict=True):
        arcs.append(list(map(list, shape.exterior.coords)))
        properties = {"komm": code}
        one = {"type": "Polygon", "arcs": [[len(arcs) - 1]], "properties": properties}
        shapes.append(one)
    collection = {"type": "GeometryCollection", "geometries": shapes}
    return {"type": "Topology", "arcs": arcs, "objects": {"kommuner": collection}}


def test_topojson_and_json_in_every_nesting(read, cells, points, tmp_path):
    plain = json.loads(cells.to_crs("EPSG:4326").to_json())
    county = json.loads(cells.to_crs("EPSG:4326").iloc[:3][["note", "geometry"]].to_json())
    alone = [{"type": "FeatureCollection", "features": [one]} for one in plain["features"]]
    for number, content in enumerate(
        [
            plain,
            {"kommuner": plain, "fylker": county},
            {"fylker": county, "data": {"grenser": {"kommuner": plain}}},
            [county, plain],
            alone,
            {"type": "FeatureCollection", "features": alone},
            {"type": "FeatureCollection", "features": [plain]},
            plain["features"],
            topology(cells),
        ]
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(content), encoding="utf-8-sig" if number % 2 else "utf-8")
        assert holds(read(path), points), number


def test_codes_that_are_ids_and_areas_beside_their_labels(read, cells, points, tmp_path):
    plain = json.loads(cells.to_crs("EPSG:4326").to_json(drop_id=True))
    for one in plain["features"]:
        one["id"] = int(one["properties"].pop("kommunenummer"))
        label = {"type": "Point", "coordinates": [9.0, 63.0]}
        one["geometry"] = {"type": "GeometryCollection", "geometries": [label, one["geometry"]]}
    path = tmp_path / "ids.geojson"
    path.write_text(json.dumps(plain))
    assert holds(read(path), points)


def test_old_geojson_in_metres_says_its_system_at_any_depth(read, cells, points, tmp_path):
    inner = json.loads(cells.to_crs("EPSG:25833").to_json(drop_id=True))
    system = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25833"}}
    for number, content in enumerate(({**inner, "crs": system}, {"k": {**inner, "crs": system}})):
        path = tmp_path / f"{number}.geojson"
        path.write_text(json.dumps(content))
        assert holds(read(path), points)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nothing.geojson", b"", "is empty"),
        ("blank.geojson", b" \n ", "is empty"),
        ("broken.geojson", b"{", "cannot be read"),
        ("deep.geojson", b"[" * 100_000, "too deep"),
        ("words.gpkg", b"not a geopackage", "kind is not known"),
        ("torn.gpkg", b"SQLite format 3\0 and no more", "cannot be read"),
        ("torn.zip", b"PK\x03\x04 and no more", "cannot be read"),
        ("picture.png", b"\x89PNG\r\n\x1a\n", "kind is not known"),
        ("table.csv", b"kommunenummer\n1502\n", "kind is not known"),
        ("old.sos", b".HODE\n..TEGNSETT UTF-8\n", "kind is not known"),
        ("page.html", b"<html><body>no map</body></html>", "kind is not known"),
        ("far.vrt", b"<OGRVRTDataSource/>", "kind is not known"),
        ("object.json", b'{"kommunenummer": "1502"}', "cannot be read"),
        ("none.geojson", b'{"type": "FeatureCollection", "features": []}', "is empty"),
        ("alone.shp", b"\0\0\x27\x0a" + b"\0" * 96, "cannot be read"),
    ],
)
def test_what_is_no_map_is_refused_in_a_sentence(refusal, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    sentence = refusal(tmp_path / name)
    assert name in sentence
    assert said in sentence


def test_only_files_of_bounded_size_are_read(refusal, tmp_path, monkeypatch):
    assert "is a folder" in refusal(tmp_path)
    assert "there is no file" in refusal(tmp_path / "none.geojson")
    os.mkfifo(tmp_path / "pipe.geojson")
    assert "no regular file" in refusal(tmp_path / "pipe.geojson")
    if Path("/dev/zero").exists():
        assert "no regular file" in refusal("/dev/zero")
    with (tmp_path / "huge.geojson").open("wb") as sparse:
        sparse.truncate(boundary_files.MOST_BYTES + 1)
    assert "million bytes" in refusal(tmp_path / "huge.geojson")
    monkeypatch.setattr(boundary_files, "MOST_BYTES", 1_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.geojson", " " * 2_000_000)
    assert (tmp_path / "bomb.zip").stat().st_size < 10_000
    assert "million bytes" in refusal(tmp_path / "bomb.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "no map")
    assert "holds no file that is read" in refusal(tmp_path / "other.zip")


def test_nothing_is_written_beside_the_file(read, cells, tmp_path):
    (tmp_path / "in").mkdir()
    cells.to_file(tmp_path / "in" / "made.gml")
    before = sorted(path.name for path in (tmp_path / "in").iterdir())
    read(tmp_path / "in" / "made.gml")
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == before


# --- layers ---


def layered(path: Path, **layers: gpd.GeoDataFrame) -> Path:
    for name, frame in layers.items():
        frame.to_file(path, layer=name, engine="pyogrio")
    return path


def test_the_layer_with_codes_is_found_whatever_it_is_called(read, cells, points, tmp_path):
    counties = cells.assign(fylke=cells["kommunenummer"].str[:2])[["fylke", "geometry"]]
    lines = cells.assign(geometry=cells.boundary)
    path = layered(tmp_path / "l.gpkg", fylker=counties, grenser=lines, nr3=cells)
    assert holds(read(path), points)


def test_one_of_two_fitting_layers_is_chosen_as_the_sentence_says(
    read, refusal, cells, points, tmp_path
):
    path = layered(tmp_path / "two.gpkg", grov=cells.assign(geometry=cells.buffer(-900)), fin=cells)
    sentence = refusal(path)
    assert "grov, fin" in sentence
    typed = sentence.split("'")[1]
    assert typed.endswith("two.gpkg#grov")
    chosen, other = read(typed), read(f"{path}#fin")
    assert holds(chosen, points)
    assert chosen.area.sum() < other.area.sum()
    assert "no layer 'x'; its layers are grov, fin" in refusal(f"{path}#x")


def test_a_file_may_have_the_sign_of_a_layer_in_its_name(read, cells, points):
    assert holds(read(cells, "no#1.gpkg"), points)


def test_a_layer_a_county_is_one_map(read, cells, points, tmp_path):
    county = cells["kommunenummer"].str[:2]
    by_county = {f"fylke{code}": cells[county == code] for code in sorted(set(county))}
    path = layered(
        tmp_path / "split.gpkg", punkter=cells.assign(geometry=points.array), **by_county
    )
    assert holds(read(path), points)
    content = {
        name: json.loads(part.to_crs("EPSG:4326").to_json()) for name, part in by_county.items()
    }
    (tmp_path / "split.json").write_text(json.dumps(content), encoding="utf-8")
    assert holds(read(tmp_path / "split.json"), points)


def test_no_layer_fits_is_said_of_each(refusal, cells, tmp_path):
    counties = cells.assign(fylke=cells["kommunenummer"].str[:2])[["fylke", "geometry"]]
    path = layered(
        tmp_path / "bad.gpkg",
        fylker=counties,
        grenser=cells.assign(geometry=cells.boundary),
        kommuner=cells.iloc[1:],
    )
    sentence = refusal(path)
    assert "no column of fylker holds municipality codes; it has fylke" in sentence
    assert "grenser holds" in sentence
    assert f"kommuner lacks municipality {cells['kommunenummer'].iloc[0]};" in sentence


# --- codes ---


@pytest.mark.parametrize("column", ["municipality_code", "KOMM", "nummer", "kommune_no", "id"])
@pytest.mark.parametrize("kind", ["{}", "{:d}", "{:.1f}", "K-{}", "municip{}", "{} Kommune"])
def test_codes_stand_in_any_column_and_form(read, cells, points, column, kind):
    if kind in ("{:d}", "{:.1f}"):
        codes = cells["kommunenummer"].astype(int if kind == "{:d}" else float)
    else:
        codes = cells["kommunenummer"].map(kind.format)
    frame = cells.drop(columns="kommunenummer").assign(**{column: codes, "area_m2": cells.area})
    assert holds(read(frame, "made.geojson"), points)


def test_refused_without_codes(refusal, cells):
    for values in (None, cells["kommunenummer"] + "0001", "2009"):
        sentence = refusal(cells.assign(kommunenummer=values))
        assert "no column of made.gpkg holds municipality codes" in sentence
        assert "it has kommunenummer, note;" in sentence


def test_refused_where_a_municipality_is_missing(refusal, cells):
    first = cells["kommunenummer"].iloc[0]
    assert f"lacks municipality {first};" in refusal(cells.iloc[1:])
    assert f"lacks municipality {first};" in refusal(
        cells.assign(kommunenummer=cells["kommunenummer"].where(cells.index > 0))
    )
    assert "and 10 more" in refusal(cells.iloc[20:])


def test_rows_of_one_code_are_united(read, cells, points):
    """Planted: each municipality in three rows, one of them without a geometry."""
    west = [
        shape & shapely.box(0, 0, point.x, 1e8)
        for shape, point in zip(cells.geometry, points, strict=True)
    ]
    rest = [shape - part for shape, part in zip(cells.geometry, west, strict=True)]
    parts = [cells.assign(geometry=shapes) for shapes in (west, rest, [None] * len(cells))]
    found = read(gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=METRES))
    assert holds(found, points)
    assert found.area.sum() == pytest.approx(cells.area.sum(), rel=1e-9)


def test_a_national_file_is_cut_to_the_region(read, refusal, cells, points):
    far = [
        shapely.box(200_000 + 9_000 * n, 6_500_000, 207_000 + 9_000 * n, 6_508_000)
        for n in range(40)
    ]
    others = gpd.GeoDataFrame(
        {"kommunenummer": [f"{number:04}" for number in range(101, 141)], "note": ""},
        geometry=far,
        crs=METRES,
    )
    national = gpd.GeoDataFrame(pd.concat([others, cells], ignore_index=True), crs=METRES)
    found = read(national)
    assert holds(found, points)
    # a place that is none of the region's may not lie on one of them
    stray = national.assign(kommunenummer=national["kommunenummer"].replace("0101", "9999"))
    stray.loc[0, "geometry"] = cells.geometry.iloc[3]
    sentence = refusal(stray)
    assert "a row of 9999 overlap by" in sentence
    assert cells["kommunenummer"].iloc[3] in sentence


def test_later_municipalities_are_mapped_or_named(read, refusal, cells, points, borders):
    """Planted: the same land with the codes of other years."""
    for year, joined in ((2012, [INDEROEY]), (2018, [INDEROEY, ("1624", "1718")])):
        to = {units: code for code in borders.codes_in(year) for units in borders.units(code, year)}
        found = read(cells.assign(kommunenummer=cells["kommunenummer"].map(to)))
        assert holds(found, points)
        assert sorted(codes for codes in found["codes"] if len(codes) > 1) == sorted(joined)
    # before 2006, Tustna and Frei were municipalities of their own
    halves = cells[cells["kommunenummer"].isin(["1505", "1576"])]
    west = gpd.GeoSeries(
        [shapely.box(0, 0, points[code].x, 1e8) for code in halves["kommunenummer"]], halves.index
    ).set_crs(METRES)
    first = halves.assign(geometry=halves.intersection(west), kommunenummer=["1503", "1569"])
    second = halves.assign(geometry=halves.difference(west), kommunenummer=["1556", "1572"])
    early = pd.concat([cells.drop(halves.index), first, second], ignore_index=True)
    found = read(gpd.GeoDataFrame(early, crs=METRES))
    assert holds(found, points)
    assert len(found) == len(cells)
    codes = sorted(borders.codes_in(2020))
    late = cells.iloc[: len(codes)].assign(kommunenummer=codes)
    sentence = refusal(late)
    assert "has the municipalities of 2020" in sentence
    assert "to 2019" in sentence


def test_rows_of_two_years_are_refused(refusal, cells):
    both = cells[cells["kommunenummer"].isin(INDEROEY)].dissolve().assign(kommunenummer="1756")
    frame = gpd.GeoDataFrame(pd.concat([cells, both], ignore_index=True), crs=METRES)
    sentence = refusal(frame)
    assert "a row of 1756 overlap" in sentence
    assert "leave out a row" in sentence


# --- where polygons lie ---


def test_exchanged_codes_are_refused_with_both_names(refusal, cells, municipality):
    names = municipality.set_index("municipality_code")["municipality_name"]
    for first, second in (("1601", "1663"), ("1514", "1515"), ("1502", "1755")):
        exchanged = cells["kommunenummer"].replace({first: second, second: first})
        sentence = refusal(cells.assign(kommunenummer=exchanged))
        for one, other in ((first, second), (second, first)):
            assert f"{one} {names[one]} lies in {other} {names[other]}" in sentence


def test_overlaps_are_refused_and_slivers_read(read, refusal, cells, points):
    first, second = ("1601", "1663")
    at = cells.set_index("kommunenummer").geometry
    over = cells.geometry.where(
        cells["kommunenummer"] != first, at[first] | at[second] - points[second].buffer(500)
    )
    sentence = refusal(cells.assign(geometry=over))
    assert "1601 Trondheim" in sentence
    assert "1663 Malvik" in sentence
    assert "overlap by" in sentence
    assert holds(read(cells.assign(geometry=cells.buffer(120))), points)


@pytest.mark.parametrize(
    "shape", [None, shapely.Polygon(), shapely.Point(8, 63), shapely.box(0, 10, 1, 11)]
)
def test_a_municipality_without_an_area_is_named(refusal, cells, shape):
    shapes = list(cells.to_crs("EPSG:4326").geometry)
    shapes[2] = shape
    frame = cells.set_geometry(gpd.GeoSeries(shapes, crs="EPSG:4326"))
    assert cells["kommunenummer"].iloc[2] in refusal(frame, "made.geojson")


def test_an_area_that_misses_its_point_is_refused_where_it_lies_far(read, refusal, cells, points):
    """Planted: one area cut clear of its point by less, and by more, than is let pass."""
    for gap, passes in ((boundaries.NEAR_M - 500, True), (boundaries.NEAR_M + 500, False)):
        shapes = list(cells.geometry)
        shapes[7] -= points.iloc[7].buffer(gap)
        frame = cells.set_geometry(gpd.GeoSeries(shapes, crs=METRES))
        if passes:
            assert len(read(frame)) == len(cells)
        else:
            assert f"where {cells['kommunenummer'].iloc[7]}" in refusal(frame)


def test_the_coordinate_system_is_named_where_it_is_missing_or_wrong(refusal, cells, tmp_path):
    wrong = cells.to_crs("EPSG:25833").set_crs("EPSG:25832", allow_override=True)
    sentence = refusal(wrong)
    assert "says EPSG:25832 of its coordinate system" in sentence
    assert "in EPSG:25833 they do" in sentence
    metres = cells.to_crs("EPSG:25833").set_crs("EPSG:4326", allow_override=True)
    assert "in EPSG:25833 they do" in refusal(metres, "made.geojson")
    with pytest.warns(UserWarning, match="crs"):
        cells.set_crs(None, allow_override=True).to_file(tmp_path / "nowhere.gpkg")
    sentence = refusal(tmp_path / "nowhere.gpkg")
    assert "does not say its coordinate system; save it with one, EPSG:25832" in sentence
    shuffled = cells.assign(kommunenummer=np.roll(cells["kommunenummer"], 1))
    assert "most municipalities not where they lie" in refusal(shuffled)


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:25833"])
def test_exchanged_axes_are_put_right(read, cells, points, system):
    frame = cells.to_crs(system)
    turned = frame.set_geometry(
        gpd.GeoSeries(shapely.transform(frame.geometry.to_numpy(), lambda at: at[:, ::-1])),
        crs=system,
    )
    assert holds(read(turned), points)


def test_heights_bow_ties_and_collections_are_mended(read, cells, points):
    """Planted: heights, a ring that crosses itself, and an area within two collections."""
    shapes = [shapely.force_3d(shape, 17.0) for shape in cells.geometry]
    point = points.iloc[0]
    east, north = point.x - 450, point.y
    shapes[0] = shapely.Polygon(
        [
            (east - 900, north - 900),
            (east + 900, north + 900),
            (east + 900, north - 900),
            (east - 900, north + 900),
        ]
    )
    assert not shapes[0].is_valid
    line = shapely.LineString([(0, 0), (1, 1)])
    inner = shapely.GeometryCollection([shapely.MultiPolygon([cells.geometry.iloc[1]]), line])
    shapes[1] = shapely.GeometryCollection([line, inner])
    found = read(cells.set_geometry(gpd.GeoSeries(shapes, crs=METRES)), "made.geojson")
    assert holds(found, points)
    assert found.geometry.is_valid.all()
    assert not found.geometry.has_z.any()
    assert set(found.geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    area = found.set_index(found["codes"].str[0]).area
    assert area[points.index[0]] == pytest.approx(1800 * 1800 / 2, rel=0.001)
    assert area[points.index[1]] == pytest.approx(cells.area.iloc[1], rel=0.001)


# --- the cases kept beside the source material ---


@pytest.mark.parametrize("name", ["b02_layers.gpkg", "b03_nested.geojson", "b04_null_twin.geojson"])
def test_cases_that_are_read(read, points, name):
    assert holds(read(shared(f"cases/{name}")), points)


def test_case_of_exchanged_codes(refusal):
    sentence = refusal(shared("cases/b12_exchanged.geojson"))
    assert "1601 Trondheim lies in 1663 Malvik, 1663 Malvik lies in 1601 Trondheim" in sentence


def test_polygons_of_2009_where_they_are_at_hand(read, points):
    path = shared("data/boundaries_2009_region.geojson")
    raw = gpd.read_file(path)
    assert {"1557", "1573"} <= set(raw.loc[~raw.geometry.is_valid, "kommune_no"])
    found = read(path)
    assert len(found) == len(points)
    assert found.geometry.is_valid.all()
    assert holds(found, points)


def test_relative_paths_start_at_the_projects_root(read, cells, points, tmp_path, monkeypatch):
    cells.to_file(tmp_path / "own.gpkg")
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    assert holds(read("own.gpkg"), points)


def test_areas_are_the_same_in_any_order_of_rows(cells, municipality, borders):
    found = areas(cells, METRES, municipality, borders, "made")
    mixed = cells.sample(frac=1, random_state=3)
    again = areas(mixed, METRES, municipality.sample(frac=1, random_state=5), borders, "made")
    assert list(found["codes"]) == list(again["codes"])
    assert found.geometry.geom_equals(again.geometry).all()
