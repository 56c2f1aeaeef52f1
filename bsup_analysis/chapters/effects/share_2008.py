"""What the printed share of 2008 would mean under each reading of what it is a share of."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import astuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.design import Design
from bsup_analysis.effects.intervals import Interval, breakeven_average_ratio, implied_ratio
from bsup_analysis.exhibit.charts import ratio_axis, side_of_one
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import PALE, PRINTED, PRIORITY, REGION, SMALL, beside, new_figure
from bsup_analysis.language import Words

SHARE_YEAR = 2008
POINTS = 41
ENDS = ("", "_low", "_high")
TICKS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0)
LABEL = 14  # letters on a line
LINES = (
    ("-", {"facecolor": PALE, "edgecolor": "none"}),
    ("--", {"facecolor": "none", "edgecolor": PRINTED, "hatch": "////"}),
)


def observed_average_ratio(group_year: pd.DataFrame, year: int) -> Interval:
    """Divide the priority group's average loan of a year by the others'.

    Parameters
    ----------
    group_year
        Columns `group`, `year`, `loans`, `amount_nok`, `amount_nok_low` and `amount_nok_high`.
    year
        A year with amounts of both groups.
    """
    rows = group_year[group_year["year"] == year].set_index("group")
    average = {
        group: Interval(*(float(rows.loc[group, f"amount_nok{end}"]) for end in ENDS))
        / float(rows.loc[group, "loans"])
        for group in ("priority", "other")
    }
    return average["priority"] / average["other"]


def share_points(share: Interval, group_year: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    """Compute the ratio of growths that each assumption on average loans implies.

    Parameters
    ----------
    share
        Printed share with its rounding, as a fraction.
    group_year
        Loans and amounts of the two groups.
    years
        Later years to compare with.

    Returns
    -------
    pandas.DataFrame
        `point`: `loans` (the share is one of loans: average ratio one), `average_<year>` (one of
        NOK, with that year's average ratio), `breakeven_<year>` (one of NOK, with the average
        ratio at which nothing changed to that year) or `grid`; `average_ratio`, and `ratio`, of
        loans from the share's year to `year`, each with `_low` and `_high` from rounding.
    """
    loans = group_year.set_index(["group", "year"])["loans"]
    groups = {year: (float(loans["priority", year]), float(loans["other", year])) for year in years}
    assumed = {"loans": Interval.exact(1.0)}
    assumed |= {f"average_{year}": observed_average_ratio(group_year, year) for year in years}
    breakeven = {year: breakeven_average_ratio(share, *groups[year]) for year in years}
    marks = [1.0, *(i.high for i in (*assumed.values(), *breakeven.values()))]
    grid = np.linspace(0.85 * min(marks), 1.08 * max(marks), POINTS)
    rows = [
        (name, year, average, average * implied_ratio(share, *groups[year]))
        for name, average in assumed.items()
        for year in years
    ]
    # at a break-even the share cancels out, and with it its rounding
    rows += [
        (f"breakeven_{at}", year, even, Interval.exact(even.value / breakeven[year].value))
        for at, even in breakeven.items()
        for year in years
    ]
    rows += [
        ("grid", year, Interval.exact(r), implied_ratio(share, *groups[year], r))
        for year in years
        for r in map(float, grid)
    ]
    return pd.DataFrame(
        [(point, year, *astuple(average), *astuple(ratio)) for point, year, average, ratio in rows],
        columns=[
            "point",
            "year",
            *(f"{n}{end}" for n in ("average_ratio", "ratio") for end in ENDS),
        ],
    )


@exhibit("share_2008_readings", "share_2008")
def share_readings(
    printed_share_2008: Interval, group_year: pd.DataFrame, design: Design, words: Words
) -> Content:
    """Show what the printed share implies, read as one of loans and as one of NOK."""
    first, last = years = design.years
    data = share_points(printed_share_2008, group_year, years)
    marks = data[data["point"] != "grid"]
    average, ratio = (
        {(row["point"], row["year"]): tuple(row[f"{name}{end}"] for end in ENDS) for row in found}
        for name in ("average_ratio", "ratio")
        for found in [marks.to_dict("records")]
    )
    names = {
        point: words(f"share_2008.{point.rstrip('0123456789')}", year=point[-4:])
        for point in marks["point"].unique()
    }

    def implied(point: str) -> str:
        """Say what a point implies for each year, and on which side of one that lies."""
        sides = [side_of_one(*ratio[point, year][1:]) for year in years]
        texts = [{"year": year, "ratio": ratio[point, year]} for year in years]
        if sides[0] == sides[1]:
            ratios = [words("share_2008.to", **text) for text in texts]
            return words(f"share_2008.both_{sides[0]}", ratios=ratios)
        one, other = (
            words(f"share_2008.to_{side}", **text) for side, text in zip(sides, texts, strict=True)
        )
        return words("share_2008.joined", first=one, second=other)

    heads = {"share_year": SHARE_YEAR, "first": first, "last": last}
    values = {
        **heads,
        "printed": printed_share_2008.value,
        "low": printed_share_2008.low,
        "high": printed_share_2008.high,
        "loans": implied("loans"),
    }
    for end, year in zip(("first", "last"), years, strict=True):
        values[f"average_{end}"] = average[f"average_{year}", year]
        values[f"breakeven_{end}"] = average[f"breakeven_{year}", year]
        values[f"implied_{end}"] = implied(f"average_{year}")
    numbers = {
        f"breakeven_average_ratio_{SHARE_YEAR}_{year}": average[f"breakeven_{year}", year]
        for year in years
    }
    numbers |= {
        f"implied_ratio_{SHARE_YEAR}_{year}_{point}": ratio[point, year]
        for point in names
        if not point.startswith("breakeven")
        for year in years
    }
    numbers |= {f"average_loan_ratio_{year}": average[f"average_{year}", year] for year in years}
    return Content(
        data,
        values,
        draw=lambda: _draw(data, years, names, words),
        table=[
            {
                "reading": name,
                "average_ratio": average[point, first],
                "ratio_first": ratio[point, first],
                "ratio_last": ratio[point, last],
            }
            for point, name in names.items()
        ],
        numbers={
            f"{name}{end}": (value, "ratio" if "implied" in name else "ratio of average loans")
            for name, interval in numbers.items()
            for end, value in zip(ENDS, interval, strict=True)
        },
    )


def _draw(
    data: pd.DataFrame, years: Sequence[int], names: Mapping[str, str], words: Words
) -> Figure:
    """Draw the implied ratio against the assumed ratio of average loans, one line a later year."""
    figure, axes = new_figure(height_in=4.1)
    grid = data[data["point"] == "grid"]
    for year, (line, band) in zip(years, LINES, strict=True):
        rows = grid[grid["year"] == year]
        at, text = rows["average_ratio"], words("share_2008.line", year=year)
        axes.fill_between(at, rows["ratio_low"], rows["ratio_high"], lw=0, **band)
        axes.plot(at, rows["ratio"], color=PRIORITY, ls=line, lw=1.8)
        look = {"fontweight": "bold", "color": PRIORITY, **SMALL}
        beside(axes, text, (at.iloc[-1], rows["ratio"].iloc[-1]), (6, 0), **look)
    for point, name in names.items():
        rows = data[data["point"] == point]
        x = rows["average_ratio"].iloc[0]
        text = f"{textwrap.fill(name, LABEL)}\n{words.decimal(x)}"
        if point.startswith("breakeven"):
            row = rows.iloc[0]
            axes.hlines(1, row["average_ratio_low"], row["average_ratio_high"], color=REGION, lw=4)
            axes.plot(x, 1, "D", color="white", mec=REGION, mew=1.5, ms=8, zorder=4)
            # the first line runs below its label, the last above its own
            side = -1 if point.endswith(str(years[0])) else 1
            ha, va = ("right", "bottom") if side < 0 else ("left", "top")
            beside(axes, text, (x, 1), (8 * side, -9 * side), ha=ha, va=va, fontsize="small")
            continue
        low = grid["ratio_low"].min()
        axes.vlines(x, low, rows["ratio"].max(), color=REGION, lw=0.8, ls=":", zorder=1)
        axes.errorbar(
            rows["average_ratio"],
            rows["ratio"],
            yerr=[rows["ratio"] - rows["ratio_low"], rows["ratio_high"] - rows["ratio"]],
            ls="",
            marker="o",
            color=PRIORITY,
            capsize=3,
            zorder=3,
        )
        beside(axes, text, (x, 0), (4, 6), xycoords=("data", "axes fraction"), fontsize="small")
    low, high = grid["ratio_low"].min(), grid["ratio_high"].max()
    ratio_axis(axes, low, high, words, ticks=TICKS, along="y")
    ends = grid["average_ratio"].min(), grid["average_ratio"].max()
    ratio_axis(axes, *ends, words, ticks=TICKS)
    axes.set_xlabel(words("share_2008.average_ratio"))
    axes.set_title(words("share_2008.axis"))
    return figure
