"""What every exhibit of simulations has in common: the banner, the scenarios' marks, error bars.

Arguments of the exhibits are named after their tables, which shout SYNTHETIC wherever they are
named; a reader meets the word in the file's name, in its rows, in the figure and in the title.
"""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bsup_analysis.exhibit.style import ACCENT, new_figure
from bsup_analysis.language import Words

PRIMARY = "crv3_t_treated"
NORMAL_95 = 1.96  # limits of Monte Carlo error, drawn as bars
# Okabe and Ito's colours that no group has; each scenario also has its own mark and dash
_MARKS: dict[str, Any] = {
    "A": {"color": "#000000", "marker": "o", "linestyle": "-"},
    "B": {"color": "#009E73", "marker": "s", "linestyle": "--"},
    "C": {"color": "#D55E00", "marker": "^", "linestyle": "-."},
    "D": {"color": "#A2528A", "marker": "D", "linestyle": ":"},
}


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """Put a first column into the rows that says what they are."""
    return table.assign(label="SYNTHETIC")[["label", *table.columns]].reset_index(drop=True)


def rows_where(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Choose the rows in which each named column has its value."""
    chosen = pd.Series(True, index=table.index)
    for column, value in values.items():
        chosen &= table[column] == value
    return table[chosen]


def scenarios(table: pd.DataFrame) -> list[str]:
    """Name the scenarios of a table, sorted."""
    return sorted(table["scenario"].unique())


def synthetic_figure(words: Words, *arguments: Any, **options: Any) -> tuple[Figure, Any]:
    """Make a figure that says at its top that it is of synthetic panels."""
    figure, axes = new_figure(*arguments, **options)
    figure.suptitle(
        words("power.banner"), x=0.01, ha="left", fontsize="small", color=ACCENT, weight="bold"
    )
    return figure, axes


def errorbars(
    axes: Axes, name: str, x: Sequence[float], y: Sequence[float], error: Any, **options: Any
) -> None:
    """Draw a scenario's points with the limits of their Monte Carlo error."""
    axes.errorbar(x, y, yerr=error, ms=4.5, lw=1.3, capsize=2, **{**_MARKS[name], **options})


def marks(name: str) -> dict[str, Any]:
    """Return colour and mark of a scenario, without its line."""
    return {k: v for k, v in _MARKS[name].items() if k != "linestyle"}


def legend(figure: Figure, axes: Axes, names: Sequence[str], words: Words) -> None:
    """Explain the scenarios below the figure, in two columns."""
    handles, _ = axes.get_legend_handles_labels()
    figure.legend(
        handles[: len(names)],
        [scenario_name(name, words) for name in names],
        loc="outside lower center",
        ncols=2,
        fontsize="small",
    )


def scenario_name(name: str, words: Words) -> str:
    """Name a scenario with what its noise is."""
    return f"{name}: {words(f'power.scenario_{name.lower()}')}"


def percent_axis(axis: Any, words: Words) -> None:
    """Write the axis' shares as percentages."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.percent(value, 0)))


def decimal_ticks(axis: Any, ticks: Sequence[float], words: Words, decimals: int = 2) -> None:
    """Set ticks of an axis, on a log scale too."""
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.decimal(value, decimals)))
    axis.set_minor_locator(NullLocator())


def shares(values: pd.Series, words: Words, decimals: int = 1) -> str:
    """Write shares as `4.5 % to 5.7 %`, or as one percentage where they read alike."""
    return between(
        words.percent(values.min(), decimals), words.percent(values.max(), decimals), words
    )


def ratios(values: pd.Series, words: Words) -> str:
    """Write ratios as `0.85 to 0.94`, or as one where they read alike."""
    return between(words.decimal(values.min()), words.decimal(values.max()), words)


def between(low: str, high: str, words: Words) -> str:
    """Write the ends of a range, or the one value they share."""
    return low if low == high else words("power.between", low=low, high=high)


def identifier(*parts: object) -> str:
    """Join parts to a number's id: `power_pretrend_0_05_a`."""
    return "_".join(["power", *(re.sub(r"\W", "_", f"{part}".lower()) for part in parts)])
