"""Places on the hexagonal grid: the best ones, the same ones each time, and still a map."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import block_diag, hstack, identity

from bsup_analysis.exhibit import geography
from bsup_analysis.study import read_table

MUNICIPALITIES = 85  # study.toml, groups.municipalities


@pytest.fixture(scope="module")
def municipality() -> pd.DataFrame:
    return read_table("municipality")


@pytest.fixture(scope="module")
def places(municipality: pd.DataFrame) -> pd.DataFrame:
    return geography.hexagon_places(municipality)


@pytest.fixture(scope="module")
def points(municipality: pd.DataFrame) -> np.ndarray:
    ordered = municipality.sort_values("municipality_code")
    return geography.metres(ordered["longitude_deg"], ordered["latitude_deg"])


def test_every_municipality_has_one_cell_and_no_cell_two(municipality, places):
    assert len(places) == MUNICIPALITIES
    assert set(places["municipality_code"]) == set(municipality["municipality_code"])
    assert not places.duplicated("municipality_code").any()
    assert not places.duplicated(["row", "column"]).any()
    # doubled columns: a row's cells all have its own parity, or hexagons would overlap
    assert len(set((places["row"] + places["column"]) % 2)) == 1
    apart = np.sqrt(
        (places["x"].to_numpy()[:, None] - places["x"].to_numpy()) ** 2
        + (places["y"].to_numpy()[:, None] - places["y"].to_numpy()) ** 2
    )
    assert apart[~np.eye(len(places), dtype=bool)].min() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_changes_nothing(municipality, places, seed):
    shuffled = municipality.sample(frac=1, random_state=seed)
    assert list(shuffled.index) != list(municipality.index)
    pd.testing.assert_frame_equal(geography.hexagon_places(shuffled), places)


def _best(points: np.ndarray, width_m: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Cells, choice and distance of the anchor that the map uses at this width."""
    best = None
    for east, north in itertools.product(range(geography.ANCHORS), repeat=2):
        cells = geography.hexagon_cells(points, width_m, east, north)
        chosen, distance = geography.match(points, cells[:, 2:])
        held = geography.in_one_piece(cells[chosen, 2:], width_m)
        if held and (best is None or distance < best[2]):
            best = cells, chosen, distance
    assert best is not None
    return best


def test_narrower_cells_would_not_hang_together(points, places):
    width_m = int(places["cell_width_km"].iloc[0]) * 1000
    cells, chosen, distance = _best(points, width_m)
    assert distance == pytest.approx((places["moved_km"] ** 2).sum() * 1e6, rel=1e-9)
    assert np.array_equal(
        cells[chosen, :2] - cells[chosen, :2].min(axis=0), places[["row", "column"]]
    )
    for east, north in itertools.product(range(geography.ANCHORS), repeat=2):
        narrower = geography.hexagon_cells(points, width_m - geography.STEP_M, east, north)
        taken, _ = geography.match(points, narrower[:, 2:])
        assert not geography.in_one_piece(narrower[taken, 2:], width_m - geography.STEP_M)


def test_the_region_has_one_best_map_only(points, places):
    """Forbid each municipality its cell in turn: every other way is longer."""
    width_m = int(places["cell_width_km"].iloc[0]) * 1000
    cells, chosen, distance = _best(points, width_m)
    cost = geography.squared_distances(points, cells[:, 2:])
    for row, column in enumerate(chosen):
        barred = cost.copy()
        barred[row, column] = cost.max() * len(points)
        rows, others = linear_sum_assignment(barred)
        assert barred[rows, others].sum() > distance


def test_the_grid_reaches_far_enough(points, places):
    width_m = int(places["cell_width_km"].iloc[0]) * 1000
    cells, chosen, _ = _best(points, width_m)
    cost = geography.squared_distances(points, cells[:, 2:])
    rank = (cost < np.take_along_axis(cost, chosen[:, None], axis=1)).sum(axis=1)
    assert rank.max() < len(points)
    edge = (cells[:, :2] == cells[:, :2].min(axis=0)) | (cells[:, :2] == cells[:, :2].max(axis=0))
    assert not edge[chosen].any()


def test_matching_against_linear_programming(municipality):
    """HiGHS's optimum of the same matching as a linear programme; equal to the square metre."""
    county = municipality[municipality["county_code"] == "17"]
    points = geography.metres(county["longitude_deg"], county["latitude_deg"])
    cells = geography.hexagon_cells(points, 40_000, 0, 0)[:, 2:]
    chosen, distance = geography.match(points, cells)
    cost = geography.squared_distances(points, cells)
    n, m = cost.shape
    each_point_once = block_diag([np.ones((1, m))] * n)
    no_cell_twice = hstack([identity(m)] * n)
    solved = linprog(
        cost.ravel() / 1e6,
        A_eq=each_point_once,
        b_eq=np.ones(n),
        A_ub=no_cell_twice,
        b_ub=np.ones(m),
        method="highs",
    )
    assert solved.status == 0
    assert distance / 1e6 == pytest.approx(solved.fun, rel=1e-9)
    assert len(set(chosen)) == n


integer = st.integers(-50, 50)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(integer, integer), min_size=1, max_size=4),
    st.lists(st.tuples(integer, integer), min_size=4, max_size=6, unique=True),
)
def test_matching_against_trying_all(points, cells):
    a, b = np.array(points), np.array(cells)
    _, distance = geography.match(a, b)
    cost = geography.squared_distances(a, b)
    tried = (
        sum(cost[row, column] for row, column in enumerate(way))
        for way in itertools.permutations(range(len(b)), len(a))
    )
    assert distance == min(tried)


def test_points_on_a_grid_stay_where_they_are():
    """Planted: points in the middle of every cell of a patch move nowhere."""
    width = 30_000
    corners = np.array([[0, 0], [6 * width, 6 * width]])
    cells = geography.hexagon_cells(corners, width, 0, 0)
    # the grid starts at the points' south-west corner, which is a cell of the patch
    patch = cells[(cells[:, :2] >= 0).all(axis=1) & (cells[:, :2] < 7).all(axis=1), 2:]
    assert len(patch) > 20
    found = geography.hexagon_cells(patch, width, 0, 0)[:, 2:]
    chosen, distance = geography.match(patch, found)
    assert distance == 0
    assert np.array_equal(found[chosen], patch)
    assert geography.in_one_piece(found[chosen], width)


def test_in_one_piece_sees_a_gap():
    width = 1000
    row = np.array([[0, 0], [1000, 0], [2000, 0]])
    assert geography.in_one_piece(row, width)
    assert geography.in_one_piece(row[:1], width)
    assert not geography.in_one_piece(row[[0, 2]], width)
    upper = np.array([[0, 0], [500, 866]])
    assert geography.in_one_piece(upper, width)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_municipalities(count):
    table = pd.DataFrame(
        {
            "municipality_code": ["0003", "0001", "0002"][:count],
            "longitude_deg": [9.0, 9.0, 10.0][:count],
            "latitude_deg": [63.0, 63.0, 63.5][:count],  # two at the same point
        }
    )
    places = geography.hexagon_places(table)
    assert list(places["municipality_code"]) == sorted(table["municipality_code"])
    assert not places.duplicated(["row", "column"]).any()


def test_projection_against_its_definition():
    """UTM: easting 500 000 m on the zone's meridian, where lengths are 0.9996 of the ellipsoid's.

    The length along the meridian is the integral of its radius of curvature on GRS80
    (a = 6 378 137 m, f = 1/298.257 222 101); equal to the metre that the points are rounded to.
    """
    (east, north), (_, further) = geography.metres(pd.Series([9.0, 9.0]), pd.Series([63.0, 64.0]))
    flattening = 1 / 298.257222101
    squared_eccentricity = flattening * (2 - flattening)
    latitude = np.deg2rad(np.linspace(63, 64, 10_001))
    radius = (
        6_378_137
        * (1 - squared_eccentricity)
        / (1 - squared_eccentricity * np.sin(latitude) ** 2) ** 1.5
    )
    assert east == 500_000
    assert further - north == pytest.approx(0.9996 * np.trapezoid(radius, latitude), abs=1)


def neighbours(points: np.ndarray) -> np.ndarray:
    """Find the pairs of points with no third inside the circle between them; shape (pairs, 2).

    Gabriel and Sokal, "A new statistical approach to geographic variation analysis", Systematic
    Zoology 18(3), 1969, 259-278.
    """
    squared = geography.squared_distances(points, points)
    # a third point inside the circle would see the pair under more than a right angle
    clear = (squared[:, None, :] + squared[None, :, :]).min(axis=2) >= squared
    return np.argwhere(np.triu(clear, k=1))


def directions_kept(points: np.ndarray, places: np.ndarray) -> float:
    """Give the share of neighbouring pairs whose direction turns by less than an eighth of a turn.

    Parameters
    ----------
    points, places
        Where things lie, and where the map puts them; both (n, 2), each in its own unit.
    """
    first, second = neighbours(points).T
    true, drawn = points[second] - points[first], places[second] - places[first]
    cosine = (true * drawn).sum(axis=1) / np.hypot(*true.T) / np.hypot(*drawn.T)
    return float((cosine > np.sqrt(0.5)).mean())


def test_neighbours_of_a_square_with_a_middle():
    square = np.array([[0, 0], [10, 0], [0, 10], [10, 10]])
    middle = np.array([[5, 5]])
    pairs = {tuple(pair) for pair in neighbours(np.vstack([square, middle]))}
    # the middle lies on the diagonals' circles and outside those of the sides
    assert pairs == {(0, 1), (0, 2), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 4)}


def test_directions_kept_on_planted_maps(points):
    assert directions_kept(points, points.astype(float)) == 1
    assert directions_kept(points, points * 3.0 + 7) == 1
    assert directions_kept(points, -points.astype(float)) == 0
    quarter = points[:, ::-1] * np.array([1.0, -1.0])
    assert directions_kept(points, quarter) == 0


def test_the_map_is_still_a_map(points, places):
    """Directions and order kept, as Eppstein et al. (2015) measure grid maps."""
    drawn = places[["x", "y"]].to_numpy()
    # a random map keeps a quarter of the directions; the region's keeps far more than that
    assert directions_kept(points, drawn) > 0.8
    for axis in (0, 1):
        true = np.sign(points[:, None, axis] - points[None, :, axis])
        shown = np.sign(np.round(drawn[:, None, axis] - drawn[None, :, axis], 6))
        reversed_pairs = (true * shown == -1).sum() / (true != 0).sum()
        assert reversed_pairs < 0.05
    width_km = places["cell_width_km"].iloc[0]
    assert places["moved_km"].median() < width_km / 2
    assert places["moved_km"].max() < 2 * width_km
