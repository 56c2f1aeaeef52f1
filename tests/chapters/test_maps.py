"""Maps: what they show of whom, boundaries of the reader's own, names that can be read."""

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from displayed import displayed
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from bsup_analysis import paths
from bsup_analysis.chapters.comparability import maps, multiples
from bsup_analysis.chapters.comparability.maps import read_boundaries
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.charts import set_names
from bsup_analysis.exhibit.geography import METRES, short_names
from bsup_analysis.exhibit.style import house_style
from bsup_analysis.language import LANGUAGES
from bsup_analysis.study import Study, read_table

REAL = Path(__file__).resolve().parents[3] / "shared/data/boundaries_2009_region.geojson"


@pytest.fixture(scope="module")
def municipality() -> pd.DataFrame:
    return read_table("municipality")


@pytest.fixture
def squares(municipality) -> gpd.GeoDataFrame:
    """Made-up boundaries: a square around each municipality's point."""
    shapes = [
        shapely.box(east - 0.04, north - 0.02, east + 0.04, north + 0.02)
        for east, north in municipality[["longitude_deg", "latitude_deg"]].to_numpy()
    ]
    return gpd.GeoDataFrame(
        {"kommunenummer": municipality["municipality_code"], "note": "synthetic"},
        geometry=shapes,
        crs="EPSG:4326",
    )


@pytest.fixture
def save(tmp_path):
    """Return a function that saves a frame and gives the path as a reader would."""

    def saved(frame: gpd.GeoDataFrame, name: str = "synthetic.geojson") -> str:
        path = tmp_path / name
        frame.to_file(path)
        return str(path)

    return saved


def refusal(file: str, municipality: pd.DataFrame) -> str:
    with pytest.raises(InputError) as error:
        read_boundaries(file, municipality)
    sentence = str(error.value)
    assert sentence.startswith("boundaries: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_boundaries_come_in_the_order_of_codes_and_in_metres(squares, save, municipality):
    found = read_boundaries(save(squares.sample(frac=1, random_state=3)), municipality)
    assert list(found["municipality_code"]) == sorted(municipality["municipality_code"])
    assert found.crs == METRES
    assert found.geometry.is_valid.all()
    # 0.08 degrees east and 0.04 north at the region's latitudes, on a sphere of 6 371 km
    degree_km = 6371 * np.pi / 180
    ordered = municipality.sort_values("municipality_code")
    expected = 0.08 * 0.04 * degree_km**2 * np.cos(np.deg2rad(ordered["latitude_deg"]))
    assert found.area.to_numpy() / 1e6 == pytest.approx(expected.to_numpy(), rel=0.01)


@pytest.mark.parametrize("column", ["municipality_code", "KOMM", "Kommunenr", "kommune_no"])
@pytest.mark.parametrize("kind", [str, int, float])
def test_code_columns_by_any_usual_name_and_type(squares, save, municipality, column, kind):
    frame = squares.rename(columns={"kommunenummer": column})
    frame[column] = frame[column].map(lambda code: kind(int(code)))
    found = read_boundaries(save(frame), municipality)
    assert list(found["municipality_code"]) == sorted(municipality["municipality_code"])


def test_codes_that_lost_their_zero(squares, save, municipality):
    renumbered = municipality.assign(
        municipality_code="0" + municipality["municipality_code"].str[1:]
    )
    frame = squares.assign(kommunenummer=renumbered["municipality_code"].astype(int))
    found = read_boundaries(save(frame), renumbered)
    assert list(found["municipality_code"]) == sorted(renumbered["municipality_code"])


def test_geopackage_in_another_system_is_the_same_map(squares, save, municipality):
    degrees = read_boundaries(save(squares), municipality)
    other = read_boundaries(save(squares.to_crs("EPSG:25833"), "synthetic.gpkg"), municipality)
    assert degrees.geometry.geom_equals_exact(other.geometry, tolerance=0.01).all()


def test_relative_paths_start_at_the_projects_root(squares, municipality, tmp_path, monkeypatch):
    squares.to_file(tmp_path / "own.geojson")
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    assert len(read_boundaries("own.geojson", municipality)) == len(municipality)
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path / "elsewhere"))
    assert "there is no file" in refusal("own.geojson", municipality)


def test_invalid_polygons_are_mended(squares, save, municipality):
    """Planted: a bow-tie, whose two halves have half the area of its rectangle together."""
    shapes = list(squares.geometry)
    west, south, east, north = shapes[0].bounds
    shapes[0] = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    assert not shapes[0].is_valid
    whole = read_boundaries(save(squares), municipality)
    mended = read_boundaries(save(squares.set_geometry(shapes, crs="EPSG:4326")), municipality)
    assert mended.geometry.is_valid.all()
    code = squares["kommunenummer"].iloc[0]
    ratio = mended.area[mended["municipality_code"] == code].item() / (
        whole.area[whole["municipality_code"] == code].item()
    )
    assert ratio == pytest.approx(0.5, abs=0.001)


def test_areas_are_kept_of_a_mixed_collection(squares, save, municipality):
    shapes = list(squares.geometry)
    line = shapely.LineString([(0, 0), (1, 1)])
    shapes[0] = shapely.GeometryCollection([line, shapes[0], shapely.MultiPolygon([shapes[0]])])
    found = read_boundaries(save(squares.set_geometry(shapes, crs="EPSG:4326")), municipality)
    assert set(found.geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    assert found.area.min() > 0


def test_refused_without_a_known_code_column(squares, save, municipality):
    sentence = refusal(save(squares.rename(columns={"kommunenummer": "id_no"})), municipality)
    assert "it has id_no, note;" in sentence
    assert "municipality_code" in sentence


def test_refused_by_code(squares, save, municipality):
    first, second = squares["kommunenummer"].iloc[[0, 1]]
    assert f"lacks municipality {first};" in refusal(save(squares.iloc[1:]), municipality)
    twice = pd.concat([squares, squares.iloc[[1]]], ignore_index=True)
    assert f"has more than once municipality {second};" in refusal(save(twice), municipality)
    stranger = pd.concat([squares, squares.iloc[[0]].assign(kommunenummer="9999")])
    assert "municipality 9999;" in refusal(save(stranger), municipality)
    unnamed = squares.copy()
    unnamed.loc[0, "kommunenummer"] = None
    assert f"lacks municipality {first};" in refusal(save(unnamed), municipality)
    few = refusal(save(squares.iloc[:5]), municipality)
    assert f"and {len(squares) - 15} more" in few


@pytest.mark.parametrize(
    "shape", [None, shapely.Polygon(), shapely.Point(8, 63), shapely.box(100, 10, 101, 11)]
)
def test_refused_where_a_municipality_has_no_area_near_its_point(
    squares, save, municipality, shape
):
    shapes = list(squares.geometry)
    shapes[2] = shape
    sentence = refusal(save(squares.set_geometry(shapes, crs="EPSG:4326")), municipality)
    assert f"municipality {squares['kommunenummer'].iloc[2]} lies" in sentence


def test_refused_in_metres_called_degrees(squares, save, municipality):
    wrong = squares.to_crs("EPSG:25833").set_crs("EPSG:4326", allow_override=True)
    assert "coordinate system" in refusal(save(wrong), municipality)


def test_refused_without_a_coordinate_system(squares, tmp_path, municipality):
    path = tmp_path / "nowhere.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        squares.set_crs(None, allow_override=True).to_file(path)
    assert "does not say its coordinate system" in refusal(str(path), municipality)


def test_refused_when_it_cannot_be_read(tmp_path, municipality):
    for name, content in (
        ("broken.geojson", "{"),
        ("empty.geojson", ""),
        ("words.gpkg", "not a geopackage"),
    ):
        (tmp_path / name).write_text(content)
        assert name in refusal(str(tmp_path / name), municipality)
    (tmp_path / "table.csv").write_text("kommunenummer\n1502\n")
    assert "holds no geometry" in refusal(str(tmp_path / "table.csv"), municipality)
    assert "there is no file" in refusal(str(tmp_path), municipality)
    (tmp_path / "none.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": []})
    )
    refusal(str(tmp_path / "none.geojson"), municipality)


def test_boundaries_of_2009_where_they_are_at_hand(municipality):
    if not REAL.is_file():
        pytest.skip("the boundaries for development are not beside this checkout")
    found = read_boundaries(str(REAL), municipality)
    points = gpd.GeoSeries(
        gpd.points_from_xy(municipality["longitude_deg"], municipality["latitude_deg"]),
        index=municipality["municipality_code"],
        crs="EPSG:4326",
    ).to_crs(METRES)
    shapes = found.set_index("municipality_code").geometry
    # the points were computed from these boundaries, with three decimals of a degree
    assert (shapes.distance(points.loc[shapes.index]) < 100).all()
    raw = gpd.read_file(REAL)
    assert {"1557", "1573"} <= set(raw.loc[~raw.geometry.is_valid, "kommune_no"])
    assert found.geometry.is_valid.all()


def test_levels_are_those_of_the_decisions(municipality):
    level = maps.levels(municipality)
    treatment = read_table("treatment").set_index("municipality_code")
    by_code = treatment.loc[municipality["municipality_code"]].reset_index()
    assert ((level != "other") == by_code["priority"]).all()
    assert ((level == "agreement") <= by_code["agreement_signed_2010"]).all()
    assert ((level == "priority") <= ~by_code["agreement_intended_2011"]).all()
    # reading A9: seven, eight or nine, each holding the one before
    assert level.value_counts().to_dict() == {
        "other": 68,
        "priority": 8,
        "agreement": 7,
        "disputed": 2,
    }


@pytest.fixture(params=LANGUAGES)
def study(request):
    return lambda boundaries="": Study(request.param, boundaries=boundaries)


def test_hexagon_map_shows_every_municipality_once(study, municipality):
    exhibit = displayed(study(), maps.municipality_map)
    assert set(exhibit.data["municipality_code"]) == set(municipality["municipality_code"])
    assert exhibit.data["short_name"].is_unique
    with house_style():
        figure = exhibit.draw()
    written = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(written) == sorted(exhibit.data["short_name"])
    assert exhibit.svg() == exhibit.svg()


def test_names_in_hexagons_fit(study):
    with house_style():
        figure = displayed(study(), maps.municipality_map).draw()
        figure.canvas.draw()
    axes = figure.axes[0]
    cell = axes.transData.transform((1, 0))[0] - axes.transData.transform((0, 0))[0]
    widest = max(text.get_window_extent().width for text in axes.texts)
    assert widest < cell


def test_the_same_map_with_polygons(study, squares, save):
    file = save(squares)
    with_polygons, without = study(file), study()
    polygons, hexagons = (displayed(s, maps.municipality_map) for s in (with_polygons, without))
    assert polygons.title == hexagons.title
    assert "synthetic.geojson" in polygons.source
    assert str(Path(file).parent) not in polygons.source + polygons.caption
    by_code = [e.data.set_index("municipality_code")["level"] for e in (polygons, hexagons)]
    pd.testing.assert_series_equal(*by_code)
    with house_style():
        figure = polygons.draw()
    named = {text.get_text() for text in figure.axes[0].texts}
    priority = polygons.data[polygons.data["group"] == "priority"]
    assert named == set(priority["municipality_name"])
    with_circles = displayed(with_polygons, maps.population_circles)
    assert "synthetic.geojson" in with_circles.source
    pd.testing.assert_frame_equal(
        with_circles.data, displayed(without, maps.population_circles).data
    )


def test_circles_have_areas_as_the_population(study):
    exhibit = displayed(study(), maps.population_circles)
    year = read_table("municipality_year").query("year == 2009")
    assert exhibit.data["population"].sum() == year["population"].sum() == 666_164  # SSB 1.1.2009
    radius = exhibit.data["population"].map(maps.radius_pt)
    area = radius**2 / exhibit.data["population"].astype(float)
    assert area.max() == pytest.approx(area.min())
    # drawn from the largest down
    assert exhibit.data["population"].is_monotonic_decreasing
    assert exhibit.svg() == exhibit.svg()


def test_no_name_on_a_map_hides_another(study):
    with house_style():
        figure = displayed(study(), maps.population_circles).draw()
        figure.canvas.draw()
    axes = figure.axes[0]
    names = set(read_table("municipality")["municipality_name"])
    boxes = [t.get_window_extent() for t in axes.texts if t.get_text() in names]
    assert len(boxes) == 17
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    page = figure.bbox
    assert all(page.x0 <= b.x0 and b.x1 <= page.x1 for b in boxes)
    assert all(page.y0 <= b.y0 and b.y1 <= page.y1 for b in boxes)


def test_set_names_keeps_clear_of_a_mark_it_is_told_of():
    marks = pd.DataFrame(
        {"name": ["Ås", ""], "x": [0.0, 0.5], "y": [0.0, 0.0], "radius_pt": [5.0, 8.0]}
    )
    figure = Figure(figsize=(4, 4))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-5, 5), ylim=(-5, 5))
    set_names(axes, marks, unit_pt=28.8)
    (name,) = axes.texts
    assert name.xy[0] < 0  # the better side, the right one, is taken
    with pytest.raises(IndexError):
        axes.texts[1]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Namsos", "Namsskogan", "Namdalseid"], ["Namsos", "Namss.", "Namda."]),
        (["Trondheim"], ["Trond."]),
        (["Kristiansand", "Kristiansund"], ["Kristiansa.", "Kristiansu."]),
        (["Sandefjord", "Sandefjorden"], ["Sandefjord", "Sandefjorden"]),
        (["Midtre Gauldal", "Midtre Fjord"], ["Midtre G.", "Midtre F."]),
    ],
)
def test_short_names(names, expected):
    assert short_names(names) == expected


@given(st.lists(st.text("abæøå ", min_size=1, max_size=12).map(str.strip), unique=True, max_size=9))
def test_short_names_stay_apart_and_begin_their_names(names):
    names = [name for name in names if name]
    short = short_names(names)
    assert len(set(short)) == len(names)
    for name, form in zip(names, short, strict=True):
        assert form == name or (form.endswith(".") and name.startswith(form[:-1]))
        assert len(form) <= len(name)


def test_panels_are_one_a_priority_municipality(municipality):
    places = multiples.panel_places(municipality)
    priority = municipality[municipality["group"] == "priority"]
    assert set(places["municipality_code"]) == set(priority["municipality_code"])
    assert not places.duplicated(["panel_row", "panel_column"]).any()
    assert places["panel_row"].between(0, multiples.ROWS - 1).all()
    assert places["panel_column"].between(0, multiples.COLUMNS - 1).all()
    shuffled = multiples.panel_places(municipality.sample(frac=1, random_state=5))
    pd.testing.assert_frame_equal(shuffled, places)


def test_panels_keep_the_lie_of_the_land(municipality):
    panel = multiples.panel_places(municipality).merge(municipality, on="municipality_code")
    panel = panel.set_index("municipality_name")
    by_longitude = panel["longitude_deg"].corr(panel["panel_column"], method="spearman")
    by_latitude = panel["latitude_deg"].corr(panel["panel_row"], method="spearman")
    assert by_longitude > 0.9
    assert by_latitude < -0.9
    assert panel.loc["Namsos", "panel_row"] == 0
    assert panel.loc["Volda", "panel_row"] == multiples.ROWS - 1


def test_multiples_draw_what_the_table_prints(study):
    table = read_table("programme_p14_start_loans").query("row_kind == 'municipality'")
    opened = study()
    exhibit = displayed(opened, multiples.loans_by_place)
    drawn = exhibit.data[exhibit.data["loans_source"] == multiples.TABLE]
    for year in (2009, 2010):
        loans = drawn[drawn["year"] == year].set_index("municipality_code")["loans"]
        assert loans.to_dict() == table.set_index("municipality_code")[f"loans_{year}"].to_dict()
    # the sums printed at the foot of the table on p. 14
    assert drawn.groupby("year")["loans"].sum().to_dict() == {2009: 738, 2010: 1009}
    assert drawn.groupby("year")["amount_nok"].sum().to_dict() == {
        2009: 395_266_363,
        2010: 505_039_917,
    }
    with house_style():
        figure = exhibit.draw()
    panels = [axes for axes in figure.axes if axes.get_title(loc="left") or axes.get_title()]
    assert len(panels) == len(table)
    assert len({axes.get_ylim() for axes in panels}) == 1
    labels = [t.get_text() for axes in panels for t in axes.texts]
    assert labels.count("295") == labels.count("225") == 1  # Trondheim, p. 14
    average = displayed(opened, multiples.average_loans_by_place).data.set_index(
        ["municipality_name", "year"]
    )["average_loan_nok"]
    # 46 778 000 / 53, the table's Malvik
    assert average["Malvik", 2009] == pytest.approx(882_604, abs=0.5)


@pytest.mark.parametrize(
    "function",
    [
        maps.municipality_map,
        maps.population_circles,
        multiples.loans_by_place,
        multiples.average_loans_by_place,
    ],
)
def test_words_have_all_their_values(study, function):
    exhibit = displayed(study(), function)
    for text in (exhibit.title, exhibit.caption, exhibit.source, exhibit.alternative_text):
        assert text
        assert not re.search(r"[{}]|\bnan\b|<NA>|  ", text)


def test_paths_are_taken_from_the_package(monkeypatch, tmp_path, municipality):
    """The notebook runs in any folder: the map of points needs no file of the current one."""
    monkeypatch.chdir(tmp_path)
    assert paths.root() != tmp_path
    assert len(displayed(Study("en", boundaries=""), maps.municipality_map).data) == len(
        municipality
    )
