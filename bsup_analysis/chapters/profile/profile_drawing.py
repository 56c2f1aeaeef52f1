"""How a profile is drawn: the municipality dark among all others pale, every scale the same."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bsup_analysis.analysis.phasing import Pooled
from bsup_analysis.design import Design
from bsup_analysis.exhibit.style import PALE, PRINTED, PRIORITY, REGION, WIDTH_IN, HouseFigure
from bsup_analysis.language import Words

HEIGHT_IN = 6.4
STRIPS = ("size", "growth", "immigrants", "centrality")
TICKS = {
    "size": (500, 2_000, 10_000, 50_000, 150_000),
    "growth": (-0.05, 0, 0.05, 0.1),
    "immigrants": (0, 0.05, 0.1, 0.15),
}


def draw_profile(
    data: pd.DataFrame,
    code: str,
    name: str,
    loan_rates: Pooled,
    level: float,
    design: Design,
    words: Words,
) -> Figure:
    """Draw a municipality among all.

    Parameters
    ----------
    data
        As from `bsup_analysis.chapters.profile.profile_facts.long_data`, of all municipalities: the
        scales are taken from all, so that they are the same whoever is drawn dark.
    code, name
        The municipality.
    loan_rates
        For the interval of its rate.
    level
        Level of that interval.
    """
    # places are fixed and not laid out by what is drawn: the same on every page, and sooner done
    figure = HouseFigure(figsize=(WIDTH_IN, HEIGHT_IN))
    figure.set_layout_engine("none")
    left, right = (0.07, 0.5), (0.6, 0.98)
    by = dict(list(data.groupby("quantity")))
    _draw_index(_axes(figure, left, (0.43, 0.955)), by["population_index"], code, name, words)
    for place, quantity in enumerate(STRIPS):
        if quantity not in by:  # of made-up municipalities it is not known
            continue
        bottom = 0.88 - 0.143 * place
        axes = _axes(figure, right, (bottom, bottom + 0.075))
        _draw_strip(axes, by[quantity], quantity, code, words)
    years = design.window.published_years.value
    top = max(by["loans_per_1000"]["value"].max(), 1000 * loan_rates.high.max())
    rates = _draw_years(
        _axes(figure, left, (0.05, 0.345)), by["loans_per_1000"], code, years, top,
        lambda value: words.decimal(value, 1), words,
    )  # fmt: skip
    rates.set_title(words("profile.loans_per_1000"))
    if code in loan_rates.codes:
        at = loan_rates.codes.index(code)
        ends = 1000 * loan_rates.low[at], 1000 * loan_rates.high[at]
        rates.plot([years[-1] + 0.16] * 2, ends, color=PRIORITY, lw=2)
        rates.annotate(
            words("profile.interval", level=words.percent(level, 0)),
            (years[-1] + 0.21, sum(ends) / 2), fontsize=7, va="center", color=PRINTED,
        )  # fmt: skip
    # a table without amounts has no averages
    averages = by.get("average_loan_nok", data.iloc[:0])
    top = averages["value"].max() if len(averages) else 1
    _draw_years(
        _axes(figure, right, (0.05, 0.345)), averages, code, years, top,
        lambda value: words.count(value / 1000), words,
    ).set_title(words("profile.average_loan_nok"))  # fmt: skip
    return figure


def _axes(figure: Figure, across: tuple[float, float], along: tuple[float, float]) -> Axes:
    """Add axes between two shares of the figure's width and two of its height."""
    return figure.add_axes((across[0], along[0], across[1] - across[0], along[1] - along[0]))


def _draw_index(axes: Axes, rows: pd.DataFrame, code: str, name: str, words: Words) -> None:
    wide = rows.pivot(index="year", columns="municipality_code", values="value")
    lines = [line.dropna().reset_index().to_numpy(float) for _, line in wide.items()]
    axes.add_collection(LineCollection(lines, colors=PALE, linewidths=0.7))
    axes.plot(wide.index, wide.median(axis=1), color=REGION, lw=1.4, ls="--",
              label=words("profile.median"))  # fmt: skip
    axes.plot(wide.index, wide[code], color=PRIORITY, lw=2.4, label=name)
    axes.set_ylim(0.99 * rows["value"].min(), 1.01 * rows["value"].max())
    axes.set_xticks(wide.index[::3])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.count(y)))
    axes.set_title(words("profile.index", first=wide.index[0]))
    axes.legend(loc="upper left", fontsize="small")
    axes.grid(axis="y")


def _strip_format(quantity: str, words: Words) -> Callable[[float], str]:
    formats: dict[str, Callable[[float], str]] = {
        "size": words.count,
        "growth": lambda value: words.change(value, 0),
        "immigrants": lambda value: words.percent(value, 0),
    }
    return formats[quantity]


def _draw_strip(axes: Axes, rows: pd.DataFrame, quantity: str, code: str, words: Words) -> None:
    """Draw a tick a municipality on one line, or how many are on each level of centrality."""
    values = rows.set_index("municipality_code")["value"]
    levels = sorted(values.unique())
    if quantity == "centrality":
        counts = values.value_counts()
        axes.bar(levels, counts[levels] / counts.max(), width=0.5, bottom=-0.5, color=PALE)
        names = [words(f"profile.level_{int(level)}") for level in levels]
        axes.set_xticks(levels, [name.replace(" ", "\n") for name in names])
        axes.set_xlim(-0.5, 3.5)
    else:
        axes.plot(values, np.zeros(len(values)), "|", color=PRINTED, alpha=0.45, ms=11)
        axes.plot([values.median()] * 2, [-0.5, 0.5], color=REGION, lw=1.4, ls="--")
        write = _strip_format(quantity, words)
        if quantity == "size":
            axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(TICKS[quantity]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: write(x)))
    if code in values.index:
        axes.plot(values[code], 0, "o", ms=9, color=PRIORITY, mec="white", zorder=3)
    else:
        axes.text(
            0.5, 0.5, words("profile.level_unknown"), transform=axes.transAxes, ha="center",
            va="center", fontsize="small", fontweight="bold",
        )  # fmt: skip
    axes.set_ylim(-0.6, 0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=7.5)
    axes.set_title(words(f"profile.strip_{quantity}"), fontsize=9, pad=3)


def _draw_years(
    axes: Axes,
    rows: pd.DataFrame,
    code: str,
    years: tuple[int, ...],
    top: float,
    write: Callable[[float], str],
    words: Words,
) -> Axes:
    """Draw the published years of all municipalities with data, and this one's if it has any."""
    shown = rows[rows["year"].isin(years)]
    own = shown[shown["municipality_code"] == code]
    for year in years:
        others = shown.loc[shown["year"] == year, "value"]
        axes.plot([year] * len(others), others, "_", color=PRINTED, alpha=0.6, ms=12)
    if own.empty:
        axes.text(
            0.5, 0.5, words("profile.not_known"), transform=axes.transAxes, ha="center",
            va="center", fontsize="small", color=PRINTED,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 4},
        )  # fmt: skip
    else:
        axes.plot(own["year"], own["value"], "o-", color=PRIORITY, lw=2, ms=7)
        for row in own.itertuples():
            left = row.year == years[0]
            axes.annotate(
                write(row.value), (row.year, row.value), (-9 if left else 0, 0 if left else 8),
                textcoords="offset points", ha="right" if left else "center",
                va="center" if left else "bottom", fontweight="bold",
                path_effects=[withStroke(linewidth=2, foreground="white")],
            )  # fmt: skip
    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.set_xticks(years, [str(year) for year in years])
    axes.set_ylim(0, 1.12 * top)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: write(y)))
    axes.grid(axis="y")
    return axes
