"""Maps: what they show of whom, boundaries of the reader's own, names that can be read."""

import re
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from displayed import displayed
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from bsup_analysis import paths
from bsup_analysis.chapters.comparability import maps, multiples
from bsup_analysis.chapters.profile.page import municipality_profile
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.charts import set_names
from bsup_analysis.exhibit.geography import METRES, MIXED, metres, simplified
from bsup_analysis.exhibit.style import house_style
from bsup_analysis.language import LANGUAGES
from bsup_analysis.study import Study, read_table


@pytest.fixture(scope="module")
def municipality() -> pd.DataFrame:
    return read_table("municipality")


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


@pytest.fixture(scope="module", params=LANGUAGES)
def study(request):
    """Open a study in a language; its land is read once."""
    return cache(lambda boundaries="": Study(request.param, boundaries=boundaries))


@pytest.fixture(scope="module")
def points(municipality) -> pd.DataFrame:
    """Where each municipality lies, by code, in the map's metres."""
    east, north = metres(municipality["longitude_deg"], municipality["latitude_deg"]).T
    return pd.DataFrame({"x": east, "y": north}, index=municipality["municipality_code"])


def classes(axes: Axes, points: pd.DataFrame) -> dict[str, str]:
    """Read of the drawn areas which class each municipality's point lies in."""
    found = {}
    for patch in axes.patches:
        if patch.get_facecolor()[3] == 0:
            continue  # lines
        for code in points.index[patch.get_path().contains_points(points.to_numpy())]:
            assert code not in found
            found[code] = patch.get_label()
    return found


def looks(axes: Axes) -> dict[str, tuple]:
    """Give the look of each drawn class."""
    return {
        patch.get_label(): (to_hex(patch.get_facecolor()), patch.get_hatch())
        for patch in axes.patches
        if patch.get_facecolor()[3]
    }


def names_of(axes: Axes) -> dict[str, Text]:
    """Give the texts that are written as names, on a ground of their own."""
    return {text.get_text(): text for text in axes.texts if text.get_gid() == "halo"}


def test_the_map_shows_every_municipality_in_its_class(study, municipality, points):
    exhibit = displayed(study(), maps.municipality_map)
    assert set(exhibit.data["municipality_code"]) == set(municipality["municipality_code"])
    with house_style():
        figure = exhibit.draw()
    (axes,) = figure.axes
    level = exhibit.data.set_index("municipality_code")["level"]
    assert classes(axes, points) == level.to_dict()
    drawn = looks(axes)
    assert set(drawn) == set(maps.LOOKS)
    assert len(set(drawn.values())) == len(drawn)
    for name, (face, hatch) in drawn.items():
        assert face == to_hex(maps.LOOKS[name]["facecolor"])
        assert hatch == maps.LOOKS[name].get("hatch")
    priority = exhibit.data[exhibit.data["group"] == "priority"]
    assert set(names_of(axes)) == set(priority["municipality_name"])
    assert "2017" in exhibit.caption
    assert "Mosvik" in exhibit.caption
    assert "Inderøy" in exhibit.caption


@pytest.mark.parametrize("function", [maps.municipality_map, maps.population_circles])
def test_names_on_a_map_are_whole_large_enough_and_apart(study, municipality, function):
    with house_style():
        figure = displayed(study(), function).draw()
        figure.canvas.draw()
    (axes,) = figure.axes
    named = names_of(axes)
    priority = municipality[municipality["group"] == "priority"]
    assert set(named) == set(priority["municipality_name"])
    assert all(text.get_fontsize() >= 7 for text in axes.texts)
    boxes = [text.get_window_extent() for text in named.values()]
    keys = [one for one in axes.get_children() if isinstance(one, Legend)]
    assert keys
    boxes += [key.get_window_extent() for key in keys]
    clear = [one for n, one in enumerate(boxes) if n < len(named)]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in clear if b is not boxes[i])
    page = figure.bbox
    assert all(page.x0 <= b.x0 and b.x1 <= page.x1 for b in clear)
    assert all(page.y0 <= b.y0 and b.y1 <= page.y1 for b in clear)


def test_figures_that_draw_borders_say_whose_they_are_and_are_small(study):
    opened = study()
    code = {"municipality_code": "1601"}
    for function, most in ((maps.municipality_map, 60_000), (maps.population_circles, 45_000)):
        exhibit = displayed(opened, function)
        assert "Kartverket" in exhibit.source
        assert "CC BY 4.0" in exhibit.source
        assert len(exhibit.svg()) < most
    profile = displayed(Study(opened.words.language, **code), municipality_profile)
    assert "Kartverket" in profile.source
    assert len(profile.svg()) < 75_000


@pytest.fixture
def own_file(municipality, tmp_path) -> str:
    """Made-up borders of the reader's: those of 2017, Klæbu with the code of Trondheim."""
    own = gpd.read_file(paths.raw() / "borders_2017.geojson")
    own["municipality_code"] = own["municipality_code"].replace("1662", "1601")
    own.to_file(tmp_path / "mine.gpkg")
    return str(tmp_path / "mine.gpkg")


def test_a_file_without_a_municipality_is_refused_by_the_notebooks_study(own_file):
    with pytest.raises(InputError, match="lacks municipality 1662"):
        Study("en", boundaries=own_file).areas  # noqa: B018


def test_the_map_of_a_readers_file_is_drawn_of_its_polygons(study, tmp_path, municipality, points):
    """Planted: squares of 4 km about each point, so that nothing else can be drawn for them."""
    at = points.to_numpy()
    squares = gpd.GeoDataFrame(
        {"nr": points.index},
        geometry=shapely.box(*(at - 2000).T, *(at + 2000).T),
        crs=METRES,
    )
    squares.sample(frac=1, random_state=2).to_file(tmp_path / "mine.gpkg")
    with_file, without = study(str(tmp_path / "mine.gpkg")), study()
    mine, usual = (displayed(s, maps.municipality_map) for s in (with_file, without))
    pd.testing.assert_frame_equal(mine.data, usual.data)
    for exhibit in (mine, displayed(with_file, maps.population_circles)):
        assert "mine.gpkg" in exhibit.source
        assert "mine.gpkg" in exhibit.caption
        assert str(tmp_path) not in exhibit.source + exhibit.caption
        assert "2017" not in exhibit.caption + exhibit.source
        assert "Mosvik" not in exhibit.caption
    with house_style():
        figure = mine.draw()
    (axes,) = figure.axes
    assert classes(axes, points) == mine.data.set_index("municipality_code")["level"].to_dict()
    drawn = sum(len(p.get_path().to_polygons()) for p in axes.patches if p.get_facecolor()[3])
    assert drawn == len(municipality)
    corners = np.vstack([p.get_path().vertices for p in axes.patches if p.get_facecolor()[3]])
    apart = np.abs(corners[:, None, :] - at[None, :, :]).max(axis=2).min(axis=1)
    assert apart.max() < 2001


def test_an_area_of_two_classes_is_hatched_and_said(study, municipality, points):
    """Planted: Mosvik given priority, so that the one area it shares is in two classes."""
    opened = study()
    changed = municipality.copy()
    changed.loc[changed["municipality_code"] == "1723", "group"] = "priority"
    exhibit = maps.municipality_map(changed, opened.areas, "", opened.words)
    with house_style():
        figure = exhibit.draw()
    (axes,) = figure.axes
    found = classes(axes, points)
    assert found["1723"] == found["1729"] == "mixed"
    assert looks(axes)["mixed"] == ("#ffffff", MIXED["hatch"])
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert opened.words("borders.mixed") in said
    assert not {"Mosvik", "Inderøy"} & set(names_of(axes))
    with house_style():
        usual = displayed(opened, maps.municipality_map).draw()
    assert "mixed" not in classes(usual.axes[0], points).values()
    assert opened.words("borders.mixed") not in [
        text.get_text() for text in usual.axes[0].get_legend().get_texts()
    ]


def test_a_profile_marks_its_municipality_and_no_other(study, points):
    for code in ("1601", "1546", "1723"):
        exhibit = displayed(
            Study(study().words.language, municipality_code=code), municipality_profile
        )
        with house_style():
            figure = exhibit.draw()
        axes = figure.axes[-1]
        found = classes(axes, points)
        marked = {one for one, own in found.items() if own == "True"}
        assert marked == ({"1723", "1729"} if code == "1723" else {code})
        # so small a map leaves the point of Giske, an island, at the edge of its land
        assert set(points.index) - set(found) <= {"1532"}
        (ring,) = axes.lines
        assert ring.get_xydata()[0].tolist() == points.loc[code].tolist()


def test_neighbours_share_their_border_after_corners_are_left_out(study):
    areas = study().areas
    for detail in (maps.DETAIL_M, maps.DETAIL_BENEATH_M, 5_000):
        fewer = simplified(areas, detail)
        shapes = fewer.geometry.to_numpy()
        assert shapely.coverage_is_valid(shapes)
        assert shapely.is_valid(shapes).all()
        assert shapely.get_num_coordinates(shapes).sum() < 0.8 * (
            shapely.get_num_coordinates(areas.geometry.to_numpy()).sum()
        )
        assert fewer.area.sum() == pytest.approx(areas.area.sum(), rel=0.02)


def test_circles_have_areas_as_the_population(study):
    exhibit = displayed(study(), maps.population_circles)
    year = read_table("municipality_year").query("year == 2009")
    assert exhibit.data["population"].sum() == year["population"].sum() == 666_164  # SSB 1.1.2009
    radius = exhibit.data["population"].map(maps.radius_pt)
    area = radius**2 / exhibit.data["population"].astype(float)
    assert area.max() == pytest.approx(area.min())
    # drawn from the largest down
    assert exhibit.data["population"].is_monotonic_decreasing


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
