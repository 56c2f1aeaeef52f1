"""Every way of giving the bars of the document's chart to its years, and what each implies."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.effects.intervals import ChartOrder
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.charts import ratio_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import PALE, PRINTED, PRIORITY, REGION, SMALL, beside, new_figure
from bsup_analysis.language import Words

GROUND: Any = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
GAP = 0.3  # between the columns of the region and those of the others, in columns


def order_rows(orders: Sequence[ChartOrder]) -> pd.DataFrame:
    """Lay out the orders: those the press confirms first, then the possible ones by ratio.

    Returns
    -------
    pandas.DataFrame
        `region_<year>` and `other_<year>` (loans), `possible`, `agrees_with_press`, and `ratio`
        of growths (missing where the others are left with none).
    """
    rows = pd.DataFrame(
        [
            {f"region_{year}": loans for year, loans in order.region}
            | {f"other_{year}": loans for year, loans in order.other}
            | {
                "possible": order.possible,
                "agrees_with_press": order.possible and order.agrees_with_known,
                "ratio": order.ratio if order.ratio is not None else np.nan,
            }
            for order in orders
        ]
    )
    keys = ["agrees_with_press", "possible", "ratio"]
    return rows.sort_values(keys, ascending=[False, False, True], kind="stable", ignore_index=True)


def _columns(axes: Axes, rows: pd.DataFrame, words: Words) -> None:
    """Write the loans of each order as a table, the impossible ones on hatched ground."""
    names = [name for name in rows if name.startswith(("region_", "other_"))]
    first_other = next(n for n, name in enumerate(names) if name.startswith("other_"))
    at = [x + (GAP if x >= first_other else 0) for x in range(len(names))]
    for y, row in rows.iterrows():
        if not row["possible"]:
            axes.axhspan(y - 0.5, y + 0.5, facecolor="white", edgecolor=PALE, hatch="////", lw=0)
        elif row["agrees_with_press"]:
            axes.axhspan(y - 0.5, y + 0.5, facecolor=PALE, lw=0)
        for x, name in zip(at, names, strict=True):
            loans = row[name]
            look: Any = {
                "fontweight": "bold" if row["agrees_with_press"] else "normal",
                "color": REGION if row["possible"] else PRINTED,
                "bbox": None if row["possible"] else GROUND,
            }
            text = words.count(loans) if loans >= 0 else words.signed(loans)
            axes.text(x, y, text, ha="center", **SMALL, **look)
    axes.set_xlim(-0.6, len(names) - 0.1)
    axes.set_xticks(at, [name[-4:] for name in names])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for label, start, end in (
        ("region", 0, first_other - 1),
        ("other", first_other, len(names) - 1),
    ):
        place = ((at[start] + at[end]) / 2, 1)
        look = {"ha": "center", "fontsize": "small", "fontweight": "bold"}
        text = words(f"chart_order.{label}")
        beside(axes, text, place, (0, 20), xycoords=("data", "axes fraction"), **look)
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)


def _ratios(axes: Axes, rows: pd.DataFrame, words: Words) -> None:
    """Draw the implied ratio of each order that has one."""
    for y, row in rows.dropna(subset=["ratio"]).iterrows():
        known, ratio = row["agrees_with_press"], row["ratio"]
        marker, colour, face = ("o", PRIORITY, PRIORITY) if known else ("s", PRINTED, "white")
        axes.hlines(y, 1, ratio, color=colour, lw=1.2)
        axes.plot(ratio, y, marker, color=colour, mfc=face, ms=6)
        away, ha = (7, "left") if ratio >= 1 else (-7, "right")
        beside(axes, words.decimal(ratio), (ratio, y), (away, 0), ha=ha, **SMALL)
    for y in rows.index[~rows["possible"]]:
        axes.text(1.1, y, words("chart_order.impossible"), **SMALL)
    low, high = rows["ratio"].min(), rows["ratio"].max()
    # room for the numbers beside the outermost marks
    ratio_axis(axes, min(low, 1) / 1.8, max(high, 1) * 1.8, words)
    axes.set_title(words("chart_order.ratio"), pad=18)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


@exhibit("chart_orders", "chart_order")
def chart_orders_figure(orders_of_the_chart: Sequence[ChartOrder], words: Words) -> Content:
    """Show every order of the bars: possible or not, confirmed by the press or not, its ratio.

    Raises
    ------
    InputError
        No order implies a ratio.
    """
    rows = order_rows(orders_of_the_chart)
    possible, press = rows[rows["possible"]], rows[rows["agrees_with_press"]]
    ratios = possible["ratio"].dropna()
    if ratios.empty:
        raise InputError(
            "No order of the chart's bars leaves the other municipalities any loans in both years:"
            " check programme_p11_region_loans against programme_p14_start_loans."
        )

    def draw() -> Figure:
        figure, (left, right) = new_figure(
            1, 2, 6.6, sharey=True, gridspec_kw={"width_ratios": [1.5, 1]}
        )
        _columns(left, rows, words)
        _ratios(right, rows, words)
        left.set_ylim(len(rows) - 0.4, -0.6)
        return figure

    agreed = press["ratio"].dropna()
    values = {
        "total": len(rows),
        "possible": len(possible),
        "press": len(press),
        "low": ratios.min(),
        "high": ratios.max(),
    }
    side = "below" if ratios.max() < 1 else "above" if ratios.min() > 1 else "both"
    how = "none" if agreed.empty else "one" if agreed.eq(agreed.iloc[0]).all() else "several"
    ends = {"low": agreed.min(), "high": agreed.max()}
    return Content(
        rows,
        {
            **values,
            "direction": words(f"chart_order.direction_{side}", **values),
            "confirmed": words(f"chart_order.press_{how}", **(values | ends)),
        },
        draw=draw,
        numbers={
            "chart_orders_total": (len(rows), "orders"),
            "chart_orders_possible": (len(possible), "orders"),
            "chart_orders_press": (len(press), "orders"),
            "chart_orders_ratio_low": (ratios.min(), "ratio"),
            "chart_orders_ratio_high": (ratios.max(), "ratio"),
        },
    )
