"""Priority municipalities with an agreement against those without, under each reading of who."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bsup_analysis.analysis.groups import AgreementReading
from bsup_analysis.chapters.effects.priority_growth import detectable_growth, exact_growth_interval
from bsup_analysis.effects.inference import RatioInterval, ratio_interval
from bsup_analysis.effects.randomisation import ExactTest
from bsup_analysis.exhibit import charts
from bsup_analysis.exhibit.charts import FINE_TICKS, name_rows, number_axis, ratio_axis, side_of_one
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.geography import COUNTIES
from bsup_analysis.exhibit.style import PALE, PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

FORMS = ("jackknife", "clustered", "scaled")
INTERVAL = ("ratio", "low", "high", "detectable_below", "detectable_above")
BINS = 40
# marker, filled or hollow, line, width; told apart without colour
LOOKS = {
    "jackknife": ("o", PRIORITY, "-", 2.2),
    "clustered": ("s", "white", "-", 1.0),
    "scaled": ("D", "white", (0, (4, 2)), 1.0),
    "poisson": ("^", "white", ":", 1.2),
    "with": ("o", PRIORITY, "-", 1.1),
    "without": ("s", "white", "--", 1.1),
}
DETECTABLE: Any = {"ls": "", "marker": "|", "ms": 8, "mew": 1.6, "color": PRINTED}
BELOW: Any = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.15), "fontsize": "small"}
LABEL = 20  # letters of a row's name on one line
# what the table's numbers are called: a name, a column of `reading_rows`, a unit
NUMBERS = (
    ("rate_ratio_{}", "ratio", "ratio"),
    ("rate_ratio_{}_ci_low", "low", "ratio"),
    ("rate_ratio_{}_ci_high", "high", "ratio"),
    ("minimum_detectable_ratio_{}", "detectable_above", "ratio"),
    ("ri_p_{}", "p_value", "share of assignments"),
    ("ri_assignments_{}", "assignments", "assignments"),
    ("ri_extreme_{}", "extreme", "assignments"),
)


def _ends(interval: RatioInterval) -> dict[str, float]:
    return {key: getattr(interval, key) for key in INTERVAL}


def _exact_test(test: ExactTest, words: Words) -> dict[str, object]:
    """Give p, what was counted, and all in one, for the words; p is never rounded to nothing."""
    parts = {
        "p": words.decimal(test.p_value, 3 if test.p_value >= 0.001 else 5),
        "extreme": test.extreme,
        "assignments": test.assignments,
    }
    return {**parts, "test": words("agreement.exact_test", **parts)}


def reading_rows(readings: Sequence[AgreementReading]) -> pd.DataFrame:
    """Lay out each reading: its units, growths, ratio (jackknife) and exact test.

    Returns
    -------
    pandas.DataFrame
        One row a reading; growths and the columns of `INTERVAL` are ratios, `p_value` the share
        of assignments that are at least as `extreme`.
    """
    return pd.DataFrame(
        [
            {
                "reading": found.reading,
                "units_with": len(found.contrast.treated.codes),
                "units_without": len(found.contrast.untreated.codes),
                "growth_with": found.contrast.treated.growth,
                "growth_without": found.contrast.untreated.growth,
                **_ends(found.contrast.jackknife),
                "assignments": found.randomisation.test.assignments,
                "extreme": found.randomisation.test.extreme,
                "p_value": found.randomisation.test.p_value,
            }
            for found in readings
        ]
    )


def reading_intervals(readings: Sequence[AgreementReading]) -> pd.DataFrame:
    """Lay out the three intervals of each reading.

    Returns
    -------
    pandas.DataFrame
        `reading`, `element` (the form of the interval) and the columns of `INTERVAL`, all ratios
        of growth.
    """
    return pd.DataFrame(
        [
            {"reading": found.reading, "element": form, **_ends(interval)}
            for found in readings
            for form, interval in (
                ("jackknife", found.contrast.jackknife),
                ("clustered", found.contrast.clustered),
                ("scaled", found.contrast.scaled),
            )
        ]
    )


def assignment_bins(found: AgreementReading) -> pd.DataFrame:
    """Count the ratios of all assignments in bins of equal width on the log scale.

    An assignment with none in a year lies infinitely far out and is counted in the last bin.

    Returns
    -------
    pandas.DataFrame
        `low` and `high` (ratios), `assignments` in the bin, and how many of them are `extreme`:
        at least as far from one as the observed ratio.
    """
    logs = found.randomisation.log_ratios
    reach = np.abs(logs[np.isfinite(logs)]).max() * (1 + 1e-9)
    # as many as the exact test counts, from the far end inwards: it sees ties that floats do not
    limit = np.sort(np.abs(logs))[-found.randomisation.test.extreme]
    edges = np.linspace(-reach, reach, BINS + 1)
    inside = np.clip(logs, -reach, reach)
    return pd.DataFrame(
        {
            "low": np.exp(edges[:-1]),
            "high": np.exp(edges[1:]),
            "assignments": np.histogram(inside, edges)[0],
            "extreme": np.histogram(inside[np.abs(logs) >= limit], edges)[0],
        }
    )


def county_rows(found: AgreementReading, *, level: float) -> pd.DataFrame:
    """Lay out growth with and without agreement by county, and the ratio of the two.

    Intervals of growth are exact, those of a county's ratio Wald's on the log scale (Woolf 1955,
    Annals of Human Genetics 19, 251-253), both as if loans were Poisson counts; the ratio across
    and the pooled one inside counties have the jackknife's.

    Returns
    -------
    pandas.DataFrame
        `area` (county code; `all`; `inside`), `element` (`with`, `without`, or the form of a
        ratio's interval), `units` (what signed together is one), `loans_before`, `loans_after`,
        and the columns of `INTERVAL`; a growth is detectable against that of all, a ratio
        against one. No row where a county has none of the kind.
    """
    rows: list[dict[str, object]] = []
    whole, within = found.contrast.jackknife, found.counties.within
    signed, others = found.contrast.treated, found.contrast.untreated
    common = (signed.post_total + others.post_total) / (signed.pre_total + others.pre_total)
    groups = [(row.county, row.treated, row.untreated, row.ratio) for row in found.counties.rows]
    groups.append(("all", signed.codes, others.codes, None))
    for area, treated, untreated, ratio in groups:
        counts: list[int] = []
        for name, rows_of, codes in (("with", signed, treated), ("without", others, untreated)):
            if not codes:
                continue
            side = rows_of.only(codes)
            pre, post = int(side.pre_total), int(side.post_total)
            counts += [pre, post]
            low, high = exact_growth_interval(pre, post, level=level)
            seen = detectable_growth(pre + post, common, level=level, power=whole.power)
            rows.append(
                {"area": area, "element": name, "units": len(side.codes)}
                | {"loans_before": pre, "loans_after": post}
                | dict(zip(INTERVAL, (side.growth, low, high, *seen), strict=True))
            )
        if ratio is not None:
            se = math.sqrt(sum(1 / count for count in counts))
            woolf = ratio_interval(math.log(ratio), se, level=level, power=whole.power)
            rows.append({"area": area, "element": "poisson", **_ends(woolf)})
    rows.append({"area": "all", "element": "jackknife", **_ends(whole)})
    if within is not None:
        rows.append({"area": "inside", "element": "jackknife", **_ends(within)})
    return pd.DataFrame(rows)


def _finding(readings: Sequence[AgreementReading], words: Words) -> str:
    """Say on which side of one the jackknife intervals lie, and whether the other forms agree."""
    table = reading_intervals(readings)
    table["side"] = [side_of_one(*ends) for ends in zip(table["low"], table["high"], strict=True)]
    primary = table[table["element"] == FORMS[0]]
    sides = primary.groupby("side", sort=False)["reading"].agg(list)
    sentences = [
        words(
            f"agreement.{'every' if len(sides) == 1 else 'some'}_{side}",
            readings=[words.quoted(words(f"readings.{name}")) for name in names],
        )
        for side, names in sides.items()
    ]
    agree = len(table.drop_duplicates(["reading", "side"])) == len(readings)
    return " ".join([*sentences, words(f"agreement.forms_{'agree' if agree else 'differ'}")])


@exhibit("agreement_readings", "agreement.table")
def agreement_table(agreement_readings: Sequence[AgreementReading], words: Words) -> Content:
    """Table the contrast of loans under every reading: growth, ratio, interval, exact test."""
    return _table(agreement_readings, "loans", words)


@exhibit("agreement_amount_readings", "agreement.table")
def agreement_amount_table(
    agreement_readings_amount: Sequence[AgreementReading], words: Words
) -> Content:
    """Table the same contrast of NOK: the answer must not depend on which outcome is shown."""
    return _table(agreement_readings_amount, "amount", words)


def _table(readings: Sequence[AgreementReading], outcome: str, words: Words) -> Content:
    rows = reading_rows(readings)
    primary = readings[0].contrast.jackknife
    shares = [_exact_test(found.randomisation.test, words)["p"] for found in readings]
    # loans are the outcome the decision rests on; their ids carry no name of an outcome
    stem = "agreement" if outcome == "loans" else f"agreement_{outcome}"
    values = {
        "what": words(f"agreement.table.what_{outcome}"),
        "finding": _finding(readings, words),
        "count": len(rows),
        "level": primary.level,
        "power": primary.power,
    }
    apart = int(((rows["low"] > 1) | (rows["high"] < 1)).sum())
    numbers = {
        f"{stem}_{name.format(row['reading'])}": (row[column], unit)
        for row in rows.to_dict("records")
        for name, column, unit in NUMBERS
    }
    for name, count in (("total", len(rows)), ("apart", apart)):
        numbers[f"{stem}_readings_{name}"] = (count, "readings")
    title = words(f"agreement.table.title_{outcome}")
    return Content(rows, values, title=title, table=rows.assign(p=shares), numbers=numbers)


@exhibit("agreement_contrast_{reading}", "agreement.contrast")
def agreement_contrast_figure(
    agreement_readings: Sequence[AgreementReading], reading: str, words: Words
) -> Content:
    """Show the ratio under every reading, and where one of them stands among all assignments."""
    found = next(one for one in agreement_readings if one.reading == reading)
    observed = found.contrast.jackknife
    intervals, bins = reading_intervals(agreement_readings), assignment_bins(found)
    names = [words(f"readings.{one.reading}") for one in agreement_readings]
    values = {
        "reading": words(f"readings.{reading}"),
        "ratio": observed,
        "level": observed.level,
        "power": observed.power,
        "finding": _finding(agreement_readings, words),
        "ratios": "; ".join(
            f"{name}: {words.written(one.contrast.jackknife, 'interval')}"
            for name, one in zip(names, agreement_readings, strict=True)
        ),
        **_exact_test(found.randomisation.test, words),
    }

    def draw() -> Figure:
        figure, (left, right) = new_figure(1, 2, 3.6, gridspec_kw={"width_ratios": [1.15, 1]})
        heights = [row + 0.22 * (form - 1) for row in range(len(names)) for form in range(3)]
        name_rows(left, [textwrap.fill(name, LABEL) for name in names])
        _draw_intervals(left, intervals, heights, words("agreement.detectable"), words)
        left.set_title(words("agreement.contrast.forest"))
        texts = [words(f"agreement.contrast.mark_{name}", **values) for name in ("observed", "far")]
        right.legend(_draw_histogram(right, bins, observed.ratio, words), texts, **BELOW)
        right.set_title(words("agreement.contrast.assignments"))
        return figure

    data = pd.concat(
        [intervals, bins.assign(reading=reading, element="assignments")], ignore_index=True
    )
    side = charts.found(observed.ratio, observed.low, observed.high)
    title = words(f"agreement.contrast.title.{side}")
    return Content(data, values, title=title, draw=draw)


@exhibit("agreement_counties_{reading}", "agreement.counties")
def counties(agreement_readings: Sequence[AgreementReading], reading: str, words: Words) -> Content:
    """Show county as the competing explanation: growth and ratio inside each, and pooled."""
    found = next(one for one in agreement_readings if one.reading == reading)
    whole, within = found.contrast.jackknife, found.counties.within
    test = found.within_counties.test
    data = county_rows(found, level=whole.level)
    areas = {row.county: COUNTIES[row.county] for row in found.counties.rows}
    areas |= {area: words(f"agreement.counties.{area}") for area in ("all", "inside")}
    growths = data["element"].isin(["with", "without"])
    cells = {(row.area, row.element): row for row in data[growths].itertuples()}
    ratios = {row.area: (row.ratio, row.low, row.high) for row in data[~growths].itertuples()}
    shown = [
        {
            "area": name,
            "with": cells.get((area, "with")),
            "without": cells.get((area, "without")),
            "ratio": ratios.get(area),
        }
        for area, name in areas.items()
    ]
    side = "unknown"
    if within is not None:
        nearer = abs(within.log_ratio) < abs(whole.log_ratio)
        side = "nearer" if nearer else "not_nearer"
    pooled = words(f"agreement.counties.pooled_{side}", within=within, crude=whole)
    single = [COUNTIES[row.county] for row in found.counties.rows if row.ratio is None]
    if single:
        pooled += " " + words("agreement.counties.dropped", counties=single)

    def draw() -> Figure:
        figure, panels = new_figure(1, 2, 3.5, sharey=True)
        seen = words("agreement.counties.detectable_growth"), words("agreement.detectable")
        beside = data["element"].map({"with": -0.12, "without": 0.12}).fillna(0)
        heights = data["area"].map(list(areas).index) + beside
        for axes, rows, text in zip(panels, (growths, ~growths), seen, strict=True):
            name_rows(axes, list(areas.values()))
            _draw_intervals(axes, data[rows], heights[rows], text, words)
        panels[0].set_title(words("agreement.counties.growth"))
        panels[1].set_title(words("agreement.counties.ratio"))
        return figure

    stem = f"agreement_within_county_ratio_{reading}"
    values = {
        "reading": words(f"readings.{reading}"),
        "level": whole.level,
        "power": whole.power,
        "fewest": data["units"].min(),
        "p": test.p_value,
        "assignments": test.assignments,
        "extreme": test.extreme,
        "pooled": pooled,
        "counties": "; ".join(
            f"{row['area']}: {words.written(row['with'], 'interval')}"
            f" / {words.written(row['without'], 'interval')}"
            for row in shown[:-2]
        ),
    }
    numbers = {
        f"agreement_ri_within_county_p_{reading}": (test.p_value, "share of assignments"),
        stem: (within and within.ratio, "ratio"),
        f"{stem}_ci_low": (within and within.low, "ratio"),
        f"{stem}_ci_high": (within and within.high, "ratio"),
    }
    return Content(data, values, draw=draw, table=shown, numbers=numbers)


def _draw_intervals(
    axes: Axes, rows: pd.DataFrame, heights: Sequence[float], seen: str, words: Words
) -> None:
    """Draw intervals at their heights, and beside them what each could have detected (`seen`)."""
    for row, y in zip(rows.itertuples(), heights, strict=True):
        marker, face, line, width = LOOKS[row.element]
        axes.hlines(y, row.low, row.high, color=PRIORITY, ls=line, lw=width)
        axes.plot(row.ratio, y, marker, color=PRIORITY, mfc=face, ms=6)
        axes.plot([row.detectable_below, row.detectable_above], [y, y], **DETECTABLE)
    low = rows[["low", "detectable_below"]].min(axis=None)
    high = rows[["high", "detectable_above"]].max(axis=None)
    ratio_axis(axes, low, high, words, ticks=FINE_TICKS)
    elements = list(dict.fromkeys(rows["element"]))
    keys = [
        Line2D([], [], color=PRIORITY, marker=marker, mfc=face, ls=line, lw=width)
        for marker, face, line, width in map(LOOKS.__getitem__, elements)
    ]
    names = [words(f"agreement.{element}") for element in elements]
    axes.legend([*keys, Line2D([], [], **DETECTABLE)], [*names, seen], **BELOW)


def _draw_histogram(axes: Axes, bins: pd.DataFrame, observed: float, words: Words) -> list[Any]:
    """Draw how the ratios of all assignments lie; return the marks of observed and extreme."""
    width = bins["high"] - bins["low"]
    far = bins["extreme"] > 0
    axes.bar(bins["low"], bins["assignments"], width, align="edge", color=PALE, lw=0)
    look: Any = {"color": "white", "edgecolor": REGION, "hatch": "/////", "lw": 0.5}
    own = bins[far]
    extreme = axes.bar(own["low"], own["extreme"], width[far], align="edge", **look)
    line = axes.axvline(observed, color=PRIORITY, lw=2.2)
    ratio_axis(axes, bins["low"].min(), bins["high"].max(), words, ticks=FINE_TICKS)
    number_axis(axes.yaxis, words, "count")
    return [line, extreme]
