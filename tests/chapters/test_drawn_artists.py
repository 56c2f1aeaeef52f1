"""Every picture of the study shows its exhibit's data: nothing else, and all of it.

`PANELS` says of each figure what its panels draw, in columns of `exhibit.data`; a point is right
if one row of the data gives both its coordinates.  A mark in a group's colour may show that
group's rows and columns alone.  What is drawn is read from matplotlib's artists.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pytest
from displayed import shown_in
from drawn import Mark, colours_of, legends, marks
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgba, to_rgba_array
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Affine2D, Bbox

from bsup_analysis.design import load_design
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.style import DARK, PHONE_IN, WIDTH_IN, house_style
from bsup_analysis.language import LANGUAGES
from bsup_analysis.tables.strict_csv import to_csv

CHECKOUT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
Picture = tuple[str, Exhibit, Figure]  # with the id of the run
# takes most of a minute; its figures are drawn by the functions of 07_phasing
SLOW = {"11_municipal_phasing"}
# they take seconds, and name no group
ENGLISH = {"10_municipal_robustness_unemployed", "12_municipal_profile"}
NOTEBOOKS = load_design(CHECKOUT / "study.toml").notebooks

ROW = "at"  # the row's number in the data, from the top
NAME = "name"  # where the axis names the row's municipality
FREE = "free"  # where it stands says nothing of the data
INTERVAL = "ratio; low; high"
DETECTABLE = "detectable_below; detectable_above"
MINIMUM = "minimum_detectable_below; minimum_detectable_above"
ERROR = "{0}; {0} - 1.96 * {1}; {0} + 1.96 * {1}"
RECOMPUTED = "printed; recomputed; recomputed_low; recomputed_high"
Layer = tuple[str, ...]
RANKED: list[list[Layer]] = [
    [("raw; pooled; pooled_low; pooled_high", ROW)],
    [("raw_place; expected_place; place_first; place_last", ROW)],
]
PROFILE: list[list[Layer]] = [
    [("year", "value", "quantity == 'population_index'")],
    *([("value", "0", f"quantity == '{name}'")] for name in ("size", "growth", "immigrants")),
    [("value", "0", "quantity == 'centrality'")],
    [
        ("year", "value", "quantity == 'loans_per_1000' and year in [2009, 2010]"),
        ("?year + 0.16", FREE, "quantity == 'loans_per_1000' and year == 2010"),
    ],
    [("year", "value", "quantity == 'average_loan_nok' and year in [2009, 2010]")],
    [],  # where it lies: tests/chapters/test_maps.py
]

# A panel's layers: x, y and which rows.  Expressions of columns; `?` what need not be drawn of
# every row; `@` whose it is; `~` a curve that is drawn more finely than the data, and meets it.
PANELS: dict[str, list[list[Layer]]] = {
    "population_share": [
        [(FREE, "printed_percent / 100 @priority; 1 - printed_percent / 100 @other")],
        [("year", "share")],
    ],
    "loan_share": [
        [(FREE, "share @priority; 1 - share @other", "year == 2008")],
        [
            ("year - 2008", "share", "year == 2008"),
            ("year - 2008.2", "share", "quantity == 'loans'"),
            ("year - 2007.8", "share", "quantity == 'amount_nok'"),
        ],
    ],
    "timeline": [
        [
            ("end - start", "lane_at", "look in ['bar', 'open']"),
            ("start / 2 + end / 2", "lane_at", "look in ['point', 'latest']"),
            ("?end", "lane_at", "said.str.endswith('/')"),
        ]
    ],
    "main_contrast": [
        [("growth_priority - 1; growth_other - 1", ROW)],
        [(INTERVAL, ROW)],
    ],
    "answers": [
        [(RECOMPUTED, ROW, "quantity == quantity and quantity != 'average_loan_nok'")],
        [(RECOMPUTED, "at - 3", "quantity == 'average_loan_nok'")],
        [("growth_priority - 1; growth_other - 1", "at - 4", "outcome == 'loans'")],
        [(INTERVAL, "at - 4", "outcome == 'loans'")],
    ],
    "belief": [
        [("scale", INTERVAL)],
        [("scale", "above_one")],
    ],
    "region_loans": [
        [("year", "loans", "year < 2009"), ("year", "priority; other", "year >= 2009")]
    ],
    "average_loan": [
        [
            (
                "year",
                "average_loan_nok; average_loan_nok_low; average_loan_nok_high",
                "area in ['priority', 'other', 'region']",
            ),
            (FREE, "average_loan_nok @priority", "area not in ['priority', 'other', 'region']"),
        ]
    ],
    "malvik": [[("year", "loans")], [("year", "average_loan_nok")]],
    "programme_pyramid": [[], [("column", NAME)]],
    "audit_summary": [[("sum", FREE)], [("page", "height")]],
    "municipality_map": [[]],  # its areas: tests/chapters/test_maps.py
    "population_circles": [[("x", "y")]],
    "size_overlap": [[("population", FREE)], [("?population", NAME)]],
    "population_growth": [
        [("year", "index", "group == 'priority'")],
        [("year", "index", "group == 'other'")],
    ],
    "centrality": [[("share", "at % 5 - 0.19 + 0.38 * (group == 'other')")]],
    "group_balance": [[("standardised_difference; ?0", ROW)]],
    "loans_by_place": [[("year", "loans", "municipality_name == '{title}'")]],
    "average_loan_by_place": [[("year", "average_loan_nok", "municipality_name == '{title}'")]],
    "regression": [[(f"{INTERVAL}; {DETECTABLE}", ROW)]],
    "group_contrast": [
        [("2009", "100"), ("2010", "100 * growth_priority; 100 * growth_other")],
        [(f"{INTERVAL}; {MINIMUM}", ROW)],
    ],
    "dispersion_loans": [[("dispersion_other @any", f"{INTERVAL}; {MINIMUM}")]],
    "dispersion": [[("multiple_of_priority", f"{INTERVAL}; {MINIMUM}")]],
    "growth_parts": [
        [("at % 3 - 0.2 + 0.4 * (group == 'other')", "log(growth)", "group != 'region'")]
    ],
    "average_change": [
        [
            (f"{part}_nok / 1000", f"at + {offset} + 0.5 * (at == 17)")
            for part, offset in (("within", -0.19), ("composition", 0.19), ("total", 0))
        ]
    ],
    "growth_spread": [
        [(f"growth; growth_low; growth_high; {DETECTABLE}", ROW), (FREE, "17.4; 18.4; 19.4")]
    ],
    "agreement_contrast": [
        [
            (
                f"{INTERVAL}; {DETECTABLE}",
                "at // 3 + 0.22 * (at % 3 - 1)",
                "element != 'assignments'",
            )
        ],
        [("low / 2 + high / 2", "assignments; ?extreme", "element == 'assignments'")],
    ],
    "agreement_counties": [
        [(f"{INTERVAL}; {DETECTABLE}", FREE, "element in ['with', 'without']")],
        [(f"{INTERVAL}; {DETECTABLE}", FREE, "element not in ['with', 'without']")],
    ],
    "specifications": [
        [(f"{INTERVAL}; {MINIMUM}; ?ratio_rounding_low; ?ratio_rounding_high", ROW)]
    ],
    "left_out": [[(f"{INTERVAL}; {MINIMUM}", ROW)]],
    "share_2008_readings": [
        [
            ("average_ratio", "ratio; ratio_low; ratio_high", "not point.str.startswith('break')"),
            (
                "average_ratio; average_ratio_low; average_ratio_high",
                "1",
                "point.str.startswith('break') and point.str[-4:] == year.astype('str')",
            ),
        ]
    ],
    "chart_orders": [[], [("ratio; ?1", ROW, "possible")]],
    "power_size": [
        [(ERROR.format("rejection_rate", "mc_error"), "at % 9 - 0.27 + 0.18 * (at // 9)")]
    ],
    "power_curves": [
        [("effect", ERROR.format("rejection_rate", "mc_error")), ("detectable", "0; 0.8")]
    ],
    "power_rule": [
        [("effect", ERROR.format("worse", "mc_error"), "effect <= 1")],
        [
            ("effect", ERROR.format("improved", "mc_error"), "effect >= 1"),
            ("detectable", "0; 0.8"),
        ],
    ],
    "power_coverage": [
        [("assumed_phi", ERROR.format("coverage", "mc_error"), f"interval == '{name}'")]
        for name in ("assumed", "known_half")
    ],
    "power_regression_to_mean": [
        [("value", ERROR.format("ratio", "ratio_mc_error"), "dropped_years == '2009'")],
        [("value", ERROR.format("ratio", "ratio_mc_error"), "dropped_years != '2009'")],
    ],
    "power_pretrend": [
        [("drift_per_year", ERROR.format("rejection_rate", "mc_error"))],
        [("drift_per_year", ERROR.format("ratio_passed", "ratio_passed_mc_error"))],
    ],
    "power_largest_apart": [
        [(FREE, ERROR.format("ratio", "ratio_mc_error")), ("value", "ratio_without_noise; ?value")]
    ],
    "loan_rate_ranking": RANKED,
    "loan_growth_ranking": RANKED,
    "loan_funnel": [
        [
            ("population", "loans_per_1000"),
            ("~population", "limit_low; limit_high; outer_limit_low; outer_limit_high"),
            ("~population", "spread_limit_low; spread_limit_high"),
        ]
    ],
    "weights_decide": [[("share_of_weightings; ?0", ROW)]],
    "weights_agreement": [[("weight_size", "min; median; max")]],
    "unemployment": [[("year", "per_1000")]],
    "refugees": [[("year", "per_1000")], [("year", "reason_unknown")]],
    "municipality_profile": PROFILE,
    "municipality_profile_municipal": [*PROFILE[:3], *PROFILE[5:]],
    "municipal_estimands": [[(f"{INTERVAL}; {DETECTABLE}", ROW)]],
    "municipal_event_study": [[("year", "exp; low; high")]],
    "municipal_honest_bounds": [
        [(FREE, "ratio_low; ratio_high", "restriction != 'smoothness'")],
        [(FREE, "ratio_low; ratio_high", "restriction != 'relative_magnitudes'")],
    ],
    "municipal_change": [
        [("population", "ratio", "ratio > 0"), ("population", FREE, "ratio == 0")]
    ],
    "municipal_unemployed_change": [[(FREE, FREE)]],  # a map: places are not in its rows
    "municipal_refugees_change": [[(FREE, FREE)]],
    "municipal_synthetic": [
        [("year", "observed @priority; synthetic_did @other; did @other; synthetic_control")]
    ],
    "municipal_agreements": [[("years_since", ERROR.replace("1.96", "1").format("effect", "se"))]],
    "municipal_robustness": [[(f"{INTERVAL}; {DETECTABLE}", ROW)]],
    "municipal_leave_one_out": [
        [
            (f"{INTERVAL}; {DETECTABLE}", ROW, "at == 0"),
            (f"{INTERVAL}; {DETECTABLE}", NAME, "at > 0"),
        ]
    ],
}

# Marks in these colours may show what the exhibit's data do not hold.
BESIDE = {
    "group_contrast": {"#8a5b00": "the press totals' rounding, in growth_parts.csv"},
    "share_2008_readings": {"#404040": "strokes from a point down to the axis"},
    "municipality_profile": {
        "#404040": "the median municipality",
        "#6b6b6b": "the other municipalities",
        "#d9d9d9": "the other municipalities",
    },
    "municipal_honest_bounds": {"#000000": "the estimate that the bounds are of"},
}


def _detectable(exhibit: Exhibit) -> pd.DataFrame:
    stem = exhibit.id.removesuffix("_curves")
    found = {n: exhibit.numbers[f"{stem}_detectable_{n.lower()}"].value for n in "ABCD"}
    return exhibit.data.assign(detectable=exhibit.data["scenario"].map(found))


def _statements(exhibit: Exhibit) -> pd.DataFrame:
    rows = exhibit.data.assign(order=exhibit.data["status"].map(list(STATUSES).index))
    kinds = rows.groupby(["kind", "status"], as_index=False)["statements"].sum()
    every = pd.MultiIndex.from_product([rows["kind"].unique(), STATUSES], names=["kind", "status"])
    kinds = kinds.set_index(["kind", "status"]).reindex(every, fill_value=0).reset_index()
    # rows that are no claims of the document have bars and no marks
    claims = rows[~rows["kind"].isin(["derived", "artefact"])]
    marks = claims.loc[claims.index.repeat(claims["statements"])].sort_values(["page", "order"])
    marks["height"] = marks.groupby("page").cumcount() + 1
    return pd.concat([kinds.rename(columns={"statements": "sum"}), marks])


def _levels(exhibit: Exhibit) -> pd.DataFrame:
    # every mark is in one colour, whatever the group
    column = pd.factorize(exhibit.data["level"])[0]
    return exhibit.data.assign(column=column).drop(columns="group")


def _agreement(exhibit: Exhibit) -> pd.DataFrame:
    grouped = exhibit.data.groupby("weight_size")["jaccard"]
    return grouped.agg(["min", "median", "max"]).reset_index()


def _lanes(exhibit: Exhibit) -> pd.DataFrame:
    # what has no end is drawn to the end of the last year
    rows = exhibit.data.assign(lane_at=pd.factorize(exhibit.data["lane"])[0])
    return rows.assign(end=rows["end"].astype(float).fillna(rows["end"].max()))


# what a figure draws of its data once they are counted or ordered
PREPARED: dict[str, Callable[[Exhibit], pd.DataFrame]] = {
    "power_curves": _detectable,
    "power_rule": _detectable,
    "audit_summary": _statements,
    "programme_pyramid": _levels,
    "timeline": _lanes,
    "weights_agreement": _agreement,
}

GROUPS = {"#0072b2": "priority", "#e69f00": "other", "#8a5b00": "other"}
SCENARIOS = {"#000000": "A", "#009e73": "B", "#d55e00": "C", "#a2528a": "D"}
LEAST_PT = 6.5  # of figures that are on the screen alone
NAMED_CELLS = ("_map", "_change")  # maps with a name in each small cell
CURVE = 0.02  # a curve steps between whole loans where the data lie
OPPOSITE = {"priority": "other", "other": "priority"}

STATUSES = ("reproduced", "within_rounding", "contradicted", "undefined", "unrecoverable")


def of(table: dict[str, T], identifier: str) -> T:
    """Look up an exhibit by the longest beginning of its id, whatever the municipal outcome."""
    kind = re.sub(r"^municipal_(?:unemployed|refugees)_(?!change)", "municipal_", identifier)
    return table[max((name for name in table if kind.startswith(name)), key=len)]


def one_of(colours: Iterable[str], names: dict[str, str]) -> str:
    """Name the group or scenario that colours are of; empty if they are of none or two."""
    found = {names[colour] for colour in colours if colour in names}
    return found.pop() if len(found) == 1 else ""


def allowed(rows: pd.DataFrame, group: str, scenario: str) -> np.ndarray:
    """Tell which rows a mark in the colour of a group or scenario may show."""
    may = np.ones(len(rows), dtype=bool)
    for column in {"group", "area"} & set(rows):
        may &= (rows[column] != OPPOSITE.get(group)).to_numpy()
    if "scenario" in rows and scenario:
        may &= (rows["scenario"] == scenario).to_numpy()
    return may


def near(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Tell for each point and value whether they are the same number; shape (points, values)."""
    return np.isclose(points[:, None], values[None, :], rtol=1e-6, atol=1e-9)


def heights(points: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Give a curve's heights at x, and a band's two; shape (curves, x)."""
    curve = pd.DataFrame(points).groupby(0)[1].agg(["min", "max"])
    return np.array([np.interp(x, curve.index, curve[end]) for end in curve])


class Shown:
    """What a layer says a panel shows, and what of it has been found."""

    def __init__(self, data: pd.DataFrame, layer: Layer, axes: Axes) -> None:
        self.rows = data.query(layer[2]) if len(layer) == 3 else data
        self.axes, self.layer = axes, layer
        self.allowed: dict[tuple[str, str], np.ndarray] = {}
        self.values: dict[tuple[int, str], np.ndarray] = {}
        for side, part in enumerate(layer[:2]):
            for term in part.split("; "):
                if term not in (FREE, NAME):
                    found = self.rows.eval(term.strip("?~").split(" @")[0], engine="python")
                    column = pd.Series(found, index=self.rows.index).astype(float)
                    self.values[side, term] = column.to_numpy()
        self.found = {key: np.zeros(len(self.rows), dtype=bool) for key in self.values}

    def _names(self, side: int, points: np.ndarray) -> np.ndarray:
        axis = (self.axes.xaxis, self.axes.yaxis)[side]
        labels = [label.get_text() for label in axis.get_ticklabels()]
        names = self.rows["municipality_name" if "municipality_name" in self.rows else "unit"]
        at = np.abs(points[:, side][:, None] - np.asarray(axis.get_ticklocs())).argmin(axis=1)
        return np.array([[labels[i] == n for n in names] for i in at])

    def shows(self, mark: Mark) -> np.ndarray:
        """Tell which of a mark's points are a row's; note what was found."""
        if self.layer[0].startswith("~"):
            return np.full(len(mark.points), self._meets(mark))
        looks = one_of(mark.colours, GROUPS), one_of(mark.colours, SCENARIOS)
        if looks not in self.allowed:
            self.allowed[looks] = allowed(self.rows, *looks)
        may, other = self.allowed[looks], OPPOSITE.get(looks[0], "-")
        hits = {
            key: near(values, mark.points[:, key[0]]) & may
            for key, values in self.values.items()
            if "@any" in key[1] or not re.search(rf"(@|_|\b){other}\b(?!')", key[1])
        }
        sides = []
        for side in (0, 1):
            if self.layer[side] == FREE:
                sides.append(np.tile(may, (len(mark.points), 1)))
            elif self.layer[side] == NAME:
                sides.append(self._names(side, mark.points))
            else:
                own = [hit for key, hit in hits.items() if key[0] == side]
                none = np.zeros((len(mark.points), len(self.rows)), dtype=bool)
                sides.append(np.any([none, *own], axis=0))
        both = sides[0] & sides[1]
        for key, hit in hits.items():
            self.found[key] |= (hit & both).any(axis=0)
        return both.any(axis=1)

    def _meets(self, mark: Mark) -> bool:
        if len(mark.points) <= len(self.rows):
            return False
        ends = heights(mark.points, self.values[0, self.layer[0]])
        close = {
            key: np.isclose(ends, values, rtol=CURVE).all(axis=1)
            for key, values in self.values.items()
            if key[0] == 1
        }
        whole = bool(np.any(list(close.values()), axis=0).all())
        for key, met in close.items():
            self.found[key] |= whole and bool(met.any())
        return whole

    def missing(self) -> list[str]:
        """Name what should be drawn and was not found."""
        missing = []
        for (side, term), values in self.values.items():
            partners = [v for key, v in self.values.items() if key[0] != side]
            paired = np.any(np.isfinite(partners), axis=0) if partners else True
            lost = np.isfinite(values) & paired & ~self.found[side, term]
            if re.search("[a-z]", term) and term[0] not in "?~":
                missing += [f"{term} of row {row} is not drawn" for row in np.flatnonzero(lost)]
        return missing


def wrong(exhibit: Exhibit, figure: Figure) -> list[str]:
    """List the marks of a figure that show no row of its data, and the data that it lacks."""
    data = PREPARED.get(exhibit.id, lambda one: one.data)(exhibit).reset_index(drop=True)
    data = data.assign(at=np.arange(len(data)))
    beside = set(of({**BESIDE, "": {}}, exhibit.id))
    described, problems = of(PANELS, exhibit.id), []
    for number, axes in enumerate(figure.axes):
        layers = [
            (x, y, *(rows.format(title=axes.get_title(loc="left")) for rows in chosen))
            for x, y, *chosen in described[min(number, len(described) - 1)]
        ]
        panel = [Shown(data, layer, axes) for layer in layers]
        for mark in marks(axes) if panel and axes.has_data() else ():
            explained = np.any([one.shows(mark) for one in panel], axis=0)
            if not explained.all() and not (mark.colours and mark.colours <= beside):
                what = f"{type(mark.artist).__name__} {sorted(mark.colours)}"
                problems.append(f"panel {number}: {what} {mark.points[~explained][:3].tolist()}")
        if axes.has_data():
            problems += [text for one in panel for text in one.missing()]
    return problems


@pytest.fixture(scope="module")
def pictures() -> dict[str, list[Picture]]:
    """Every figure of every run in English, and in Norwegian those of each notebook's first run.

    The municipal level runs on a SYNTHETIC panel.
    """
    runs = {
        "en": [(n.name, run) for n in NOTEBOOKS for run in n.runs if run.id not in SLOW],
        "nb": [(n.name, n.runs[0]) for n in NOTEBOOKS if n.runs[0].id not in SLOW | ENGLISH],
    }
    drawn: dict[str, dict[tuple[str, str], Picture]] = {language: {} for language in LANGUAGES}
    for language, figures in drawn.items():
        for name, run in runs[language]:
            for exhibit in shown_in(name, {**run.parameters, "language": language}):
                key = exhibit.id, to_csv(exhibit.data)
                if exhibit.kind == "figure" and key not in figures:
                    figures[key] = run.id, exhibit, exhibit.figure
    return {language: list(figures.values()) for language, figures in drawn.items()}


def test_every_figure_shows_its_data_and_nothing_else(pictures: dict[str, list[Picture]]) -> None:
    problems = {
        (language, run, exhibit.id): found
        for language, drawn in pictures.items()
        for run, exhibit, figure in drawn
        if (found := wrong(exhibit, figure))
    }
    assert not problems
    ids = {exhibit.id for drawn in pictures.values() for _, exhibit, _ in drawn}
    assert {name for name in PANELS if not any(one.startswith(name) for one in ids)} == set()


# --- words and colours of the groups ---

# how texts that name a group begin; written here, so that swapped words do not swap these too
BEGINNINGS = {
    "en": {"priority": ("Priority", "actually chosen"), "other": ("Other", "not chosen")},
    "nb": {"priority": ("Satsing", "faktisk valgt"), "other": ("Øvrig", "ikke valgt")},
}
# its colours are statuses, not groups
NO_GROUPS = {"audit_summary"}


def named(text: str, language: str) -> str:
    """Give the group, or the scenario, that a text begins with."""
    if re.match("[A-D]: ", text):
        return text[0]
    groups = BEGINNINGS[language].items()
    return next((group for group, words in groups if text.startswith(words)), "")


def misnamed(figure: Figure, language: str) -> tuple[int, list[str]]:
    """Count a figure's texts that name a group; list those in another's colour or panel."""
    looks = {**GROUPS, **SCENARIOS, "#8cc3e6": "priority"}
    entries = [(text, one_of(set_, looks)) for text, set_ in legends(figure)]
    for text in (*figure.texts, *(text for axes in figure.axes for text in axes.texts)):
        entries.append((text.get_text(), GROUPS.get(to_hex(text.get_color()), "")))
    for axes in figure.axes:
        seen = {one_of(mark.colours, GROUPS) for mark in marks(axes)} - {""}
        entries.append((axes.get_title(loc="left"), seen.pop() if len(seen) == 1 else ""))
    entries = [(text, named(text, language), look) for text, look in entries if look]
    told = [entry for entry in entries if entry[1]]
    return len(told), [text for text, group, look in told if group != look]


def test_a_group_is_named_in_its_own_colour(pictures: dict[str, list[Picture]]) -> None:
    counted = {}
    for language, drawn in pictures.items():
        found = {
            exhibit.id: misnamed(figure, language)
            for _, exhibit, figure in drawn
            if exhibit.id not in NO_GROUPS
        }
        assert not {name: texts for name, (_, texts) in found.items() if texts}, language
        counted[language] = {name: count for name, (count, _) in found.items() if count}
    assert counted["nb"].items() <= counted["en"].items()
    assert len(counted["en"]) >= 18
    assert len(counted["nb"]) >= 16


# --- labels, and colours at night ---


def labels(figure: Figure) -> list[tuple[str, Bbox, float]]:
    """Give the texts that are seen: each with its box and size, in points."""
    canvas = FigureCanvasAgg(figure)
    with house_style():
        canvas.draw()
    hidden: set[int] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            of_axis = [one for one in axis.findobj(Text) if not axes.axison]
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            on_axis = axis._update_ticks()  # no other way tells which ticks are inside the limits
            of_axis += [t for tick in ticks if tick not in on_axis for t in tick.findobj(Text)]
            hidden |= set(map(id, of_axis))
    seen = [
        text
        for text in figure.findobj(Text)
        if id(text) not in hidden
        and text.get_visible()
        and text.get_text().strip()
        # a note whose point is outside the panel is not drawn
        and not (isinstance(text, Annotation) and not text._check_xy(canvas.get_renderer()))
    ]
    points = Affine2D().scale(72 / figure.dpi)
    return [
        (text.get_text(), text.get_window_extent(canvas.get_renderer()).transformed(points), size)
        for text in seen
        # a banner lies across the drawing, as it should
        if (size := float(text.get_fontsize())) < 40
    ]


def unreadable(figure: Figure, least_pt: float) -> list[str]:
    """List a figure's texts that are cut, cover each other, or are smaller than `least_pt`."""
    width, height = 72 * figure.get_size_inches()
    texts, problems = labels(figure), []
    for number, (text, box, size) in enumerate(texts):
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1:
            problems.append(f"{text!r} is cut")
        if size < least_pt - 0.01:
            problems.append(f"{text!r} has {size:.1f} pt")
        for other, over, _ in texts[number + 1 :]:
            wide = min(box.x1, over.x1) - max(box.x0, over.x0)
            high = min(box.y1, over.y1) - max(box.y0, over.y0)
            # boxes have room above and below their letters
            if wide > 1.5 and high > 2.5:
                problems.append(f"{text!r} lies over {other!r}")
    return problems


def test_no_label_is_cut_or_covers_another(pictures: dict[str, list[Picture]]) -> None:
    documents = (CHECKOUT / "bsup_analysis" / "report").glob("*.en.md.j2")
    printed = "".join(path.read_text(encoding="utf-8") for path in documents)
    problems = {}
    for language, drawn in pictures.items():
        for _, exhibit, figure in drawn:
            # 7 pt in print, where a figure is set 16.2 cm wide
            least = 7 * WIDTH_IN * 2.54 / 16.2 if f'"{exhibit.id}"' in printed else LEAST_PT
            least = 5.5 if exhibit.id.endswith(NAMED_CELLS) else least
            if found := unreadable(figure, least):
                problems[language, exhibit.id] = found
            if exhibit.draw_narrow:
                with house_style():
                    narrow = exhibit.draw_narrow()
                if found := unreadable(narrow, 7.5):
                    problems[language, f"{exhibit.id}.phone"] = found
                assert narrow.get_size_inches()[0] == PHONE_IN
    assert not problems


def test_a_covered_and_a_cut_label_are_found(pictures: dict[str, list[Picture]]) -> None:
    figure = next(one for _, exhibit, one in pictures["en"] if exhibit.id == "main_contrast")
    texts = [text for axes in figure.axes for text in axes.texts][:2]
    was, beside = texts[0].xy, texts[0].get_position()
    texts[0].xy = texts[1].xy
    assert any("lies over" in one for one in unreadable(figure, 0))
    texts[0].xy = was
    texts[0].set_in_layout(False)
    texts[0].set_position((999, 0))
    assert any("is cut" in one for one in unreadable(figure, 0))
    texts[0].set_position(beside)
    texts[0].set_in_layout(True)
    assert not unreadable(figure, 7)


def test_a_figure_drawn_again_is_the_same_to_the_byte(pictures: dict[str, list[Picture]]) -> None:
    for _, exhibit, _ in pictures["en"][::4]:
        assert replace(exhibit).svg() == exhibit.svg(), exhibit.id


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""
    light = []
    for colour in (one, other):
        rgb = np.array(to_rgba(colour)[:3])
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05)
    return max(light) / min(light)


def test_colours_stand_out_by_day_and_at_night(pictures: dict[str, list[Picture]]) -> None:
    """Letters 4.5 to 1, marks 3 to 1 (WCAG 2.2), on the ground of the page and on marks."""
    style = re.compile(r"\.(s\d+)\{([^}]*)\}")
    day, night = {"letters": set(), "all": set()}, DARK["#ffffff"]
    for _, exhibit, _ in pictures["en"]:
        svg = exhibit.svg().decode()
        rules = dict(style.findall(svg.partition("@media")[0]))
        colours = set(re.findall(r"#[0-9a-f]{6}", " ".join(rules.values())))
        assert colours <= set(DARK), (exhibit.id, colours - set(DARK))
        day["all"] |= colours
        for name in re.findall(r'<text class="(s\d+)"', svg):
            day["letters"] |= set(re.findall(r"fill: (#[0-9a-f]{6})", rules[name]))
    assert {"#0072b2", "#8a5b00"} <= day["letters"]
    for colour in day["letters"] - {"#ffffff"}:
        assert contrast(colour, "#ffffff") >= 4.5, colour
        assert contrast(DARK[colour], night) >= 4.5, colour
    # white letters stand on bars and wedges of the priority municipalities
    assert contrast("#ffffff", "#0072b2") >= 4.5
    assert contrast(night, DARK["#0072b2"]) >= 4.5
    grounds = {"#ffffff", "#e3e3e3", "#d9d9d9", "#bbbbbb", "#5ba3d0", "#8cc3e6", "#8fc1e3"}
    grounds |= {"#f7f7f7", "#f1a340", "#92c5de"}  # light cells of a map
    for colour in day["all"] - grounds:
        assert contrast(DARK[colour], night) >= 3, colour


# --- a check that cannot fail is none: faults in the artists of finished figures ---


def halve_a_line(exhibit: Exhibit, figure: Figure) -> Callable[[], object] | None:
    beside = set(of({**BESIDE, "": {}}, exhibit.id))
    for axes, layers in zip(figure.axes, of(PANELS, exhibit.id), strict=False):
        for mark in marks(axes):
            line = mark.artist
            if isinstance(line, Line2D) and not mark.colours <= beside:
                side = int(not re.match(f"{FREE}|{NAME}|at\\b", layers[0][1]))
                values = mark.points[:, side]
                put = (line.set_xdata, line.set_ydata)[side]
                if values.any():
                    put(values / 2)
                    return lambda: put(values)
    return None


def lengthen_a_bar(exhibit: Exhibit, figure: Figure) -> Callable[[], object] | None:
    beside = set(of({**BESIDE, "": {}}, exhibit.id))
    for axes in figure.axes:
        for bars in axes.containers:
            for bar in bars.patches if isinstance(bars, BarContainer) else ():
                side = "height" if bars.orientation == "vertical" else "width"
                length = getattr(bar, f"get_{side}")()
                put = getattr(bar, f"set_{side}")
                if length and not colours_of(bar) <= beside:
                    put(1.01 * length)
                    return lambda: put(length)
    return None


def exchange_colours(exhibit: Exhibit, figure: Figure) -> Callable[[], object] | None:
    """Exchange the two groups' colours, or those of two scenarios, in every panel."""
    if exhibit.id in NO_GROUPS:
        return None
    pair = ("#000000", "#009e73") if exhibit.id.startswith("power") else ("#0072b2", "#e69f00")
    artists = {mark.artist for axes in figure.axes for mark in marks(axes)}
    seen = {colour for axes in figure.axes for mark in marks(axes) for colour in mark.colours}
    if not set(pair) <= seen:
        return None

    def exchange() -> None:
        for artist in artists:
            line = ("color", "markerfacecolor", "markeredgecolor")
            looks = line if isinstance(artist, Line2D) else ("facecolor", "edgecolor")
            # all are read before any is set, for some follow another
            new = {}
            for look in looks:
                rgba = to_rgba_array(getattr(artist, f"get_{look}")())
                for row in rgba:
                    row[:3] = to_rgba(_other_of(to_hex(row), pair))[:3]
                new[look] = rgba[0] if len(rgba) == 1 else rgba
            artist.set(**{look: rgba for look, rgba in new.items() if len(rgba)})

    exchange()
    return exchange


def _other_of(colour: str, pair: tuple[str, str]) -> str:
    return pair[1 - pair.index(colour)] if colour in pair else colour


def drawn_now(figure: Figure) -> list[object]:
    return [(m.points.tobytes(), m.colours) for axes in figure.axes for m in marks(axes)]


@pytest.mark.parametrize(
    ("fault", "figures"), [(halve_a_line, 30), (lengthen_a_bar, 6), (exchange_colours, 10)]
)
def test_a_fault_in_a_finished_figure_is_found(
    pictures: dict[str, list[Picture]],
    fault: Callable[[Exhibit, Figure], Callable[[], object] | None],
    figures: int,
) -> None:
    found = {}
    for _, exhibit, figure in pictures["en"]:
        if exhibit.id in found:
            continue
        before = drawn_now(figure)
        if undo := fault(exhibit, figure):
            found[exhibit.id] = wrong(exhibit, figure)
            undo()
            assert drawn_now(figure) == before
    assert not [name for name, problems in found.items() if not problems]
    assert len(found) >= figures
