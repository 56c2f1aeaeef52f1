"""How the figures of `agreement` are drawn."""

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bsup_analysis.exhibit.charts import FINE_TICKS, ratio_axis
from bsup_analysis.exhibit.style import PALE, PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

# form of interval: marker, filled or hollow, line, width; told apart without colour
LOOKS = {
    "jackknife": ("o", PRIORITY, "-", 2.2),
    "clustered": ("s", "white", "-", 1.0),
    "scaled": ("D", "white", (0, (4, 2)), 1.0),
    "poisson": ("^", "white", ":", 1.2),
}
DETECTABLE: Any = {"ls": "", "marker": "|", "ms": 8, "mew": 1.6, "color": PRINTED}
BELOW: Any = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.08), "fontsize": "small"}
LABEL = 20  # letters of a row's name on one line


def _interval(axes: Axes, row: pd.Series, y: float, form: str) -> None:
    marker, face, line, width = LOOKS[form]
    axes.hlines(y, row["low"], row["high"], color=PRIORITY, ls=line, lw=width)
    axes.plot(row["ratio"], y, marker, color=PRIORITY, mfc=face, ms=6)


def _rows(axes: Axes, labels: Sequence[str]) -> None:
    """Name the rows of an axes, the first on top."""
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _key(form: str) -> Line2D:
    marker, face, line, width = LOOKS[form]
    return Line2D([], [], color=PRIORITY, marker=marker, mfc=face, ls=line, lw=width)


def _forest(axes: Axes, intervals: pd.DataFrame, readings: Sequence[str], words: Words) -> None:
    """Draw the intervals of each reading, and beside them what each could have detected."""
    forms = list(dict.fromkeys(intervals["element"]))
    for (reading, form), row in intervals.set_index(["reading", "element"]).iterrows():
        y = readings.index(reading) + 0.22 * (forms.index(form) - 1)
        _interval(axes, row, y, form)
        ends = row[["detectable_below", "detectable_above"]]
        axes.plot(ends, [y, y], **DETECTABLE)
    low = intervals[["low", "detectable_below"]].min(axis=None)
    high = intervals[["high", "detectable_above"]].max(axis=None)
    ratio_axis(axes, low, high, words, ticks=FINE_TICKS)
    labels = [textwrap.fill(words(f"readings.{name}"), LABEL) for name in readings]
    _rows(axes, labels)
    axes.legend(
        [*(_key(form) for form in forms), Line2D([], [], **DETECTABLE)],
        [words(f"agreement.{name}") for name in (*forms, "detectable")],
        **BELOW,
    )


def _histogram(axes: Axes, bins: pd.DataFrame, observed: float, words: Words) -> list[Any]:
    """Draw how the ratios of all assignments lie; return the marks of observed and extreme."""
    width = bins["high"] - bins["low"]
    far = bins["extreme"] > 0
    axes.bar(bins["low"], bins["assignments"], width, align="edge", color=PALE, lw=0)
    extreme = axes.bar(
        bins.loc[far, "low"],
        bins.loc[far, "extreme"],
        width[far],
        align="edge",
        color="white",
        edgecolor=REGION,
        hatch="/////",
        lw=0.5,
    )
    line = axes.axvline(observed, color=PRIORITY, lw=2.2)
    ratio_axis(axes, bins["low"].min(), bins["high"].max(), words, ticks=FINE_TICKS)
    axes.yaxis.set_major_formatter(lambda value, _: words.count(value))
    return [line, extreme]


def draw_contrast(
    data: pd.DataFrame,
    readings: Sequence[str],
    observed: float,
    texts: Sequence[str],
    words: Words,
) -> Figure:
    """Draw the intervals of all readings, and all assignments under one reading.

    Parameters
    ----------
    data
        Rows of intervals (`element` names the form) and of bins (`element` is `assignments`).
    readings
        Top to bottom.
    observed
        Ratio to mark among the assignments.
    texts
        What stands beside the marks of the observed ratio and of those as far from one.
    words
        Language.
    """
    figure, (left, right) = new_figure(1, 2, 4.6, gridspec_kw={"width_ratios": [1.15, 1]})
    bins = data["element"] == "assignments"
    _forest(left, data[~bins], readings, words)
    marks = _histogram(right, data[bins], observed, words)
    right.legend(marks, texts, **BELOW)
    left.set_title(words("agreement.contrast.forest"))
    right.set_title(words("agreement.contrast.assignments"))
    return figure


def draw_counties(
    data: pd.DataFrame, areas: Sequence[str], names: Sequence[str], words: Words
) -> Figure:
    """Draw growth with and without agreement in each county, and the ratio within and across.

    Parameters
    ----------
    data
        Rows with `area`, `element` (`with`, `without`, or the form of a ratio's interval), and
        the columns of `agreement_rows.INTERVAL`.
    areas, names
        Values of `area` and what they are called, top to bottom.
    words
        Language.
    """
    figure, (left, right) = new_figure(1, 2, 4.0, sharey=True)
    looks = {"with": ("o", PRIORITY, "-", -0.12), "without": ("s", "white", "--", 0.12)}
    growths = data[data["element"].isin(looks)]
    for row in growths.itertuples():
        marker, face, line, offset = looks[row.element]
        y = areas.index(row.area) + offset
        left.hlines(y, row.low, row.high, color=PRIORITY, ls=line, lw=1.1)
        left.plot(row.ratio, y, marker, color=PRIORITY, mfc=face, ms=6)
        left.plot([row.detectable_below, row.detectable_above], [y, y], **DETECTABLE)
    ratios = data[~data["element"].isin(looks)]
    for _, row in ratios.iterrows():
        y = areas.index(row["area"])
        _interval(right, row, y, row["element"])
        right.plot(row[["detectable_below", "detectable_above"]], [y, y], **DETECTABLE)
    for axes, rows in ((left, growths), (right, ratios)):
        low = rows[["low", "detectable_below"]].min(axis=None)
        high = rows[["high", "detectable_above"]].max(axis=None)
        ratio_axis(axes, low, high, words, ticks=FINE_TICKS)
        _rows(axes, names)
    keys = [
        Line2D([], [], color=PRIORITY, marker=marker, mfc=face, ls=line, lw=1.1)
        for marker, face, line, _ in looks.values()
    ]
    seen = Line2D([], [], **DETECTABLE)
    told = words("agreement.counties.detectable_growth")
    left.legend([*keys, seen], [*(words(f"agreement.{name}") for name in looks), told], **BELOW)
    forms = ("poisson", "jackknife")
    texts = [words(f"agreement.{form}") for form in (*forms, "detectable")]
    right.legend([*(_key(form) for form in forms), seen], texts, **BELOW)
    left.set_title(words("agreement.counties.growth"))
    right.set_title(words("agreement.counties.ratio"))
    return figure
