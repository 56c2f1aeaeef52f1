"""How often each test rejects: where there is nothing to find, and where there is something.

Arguments of the exhibits are named after their tables, which shout SYNTHETIC wherever they are
named; a reader meets the word in the file's name, in its rows, in the figure and in the title.
"""

import re
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.design import Design
from bsup_analysis.exhibit.charts import name_rows, number_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import ACCENT, PALE, REGION, new_figure
from bsup_analysis.language import Words

PRIMARY = "crv3_t_treated"
NORMAL_95 = 1.96  # limits of Monte Carlo error, drawn as bars
TICKS = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0)
# Okabe and Ito's colours that no group has; each scenario also has its own mark and dash
MARKS: dict[str, Any] = {
    "A": {"color": "#000000", "marker": "o", "linestyle": "-"},
    "B": {"color": "#009E73", "marker": "s", "linestyle": "--"},
    "C": {"color": "#D55E00", "marker": "^", "linestyle": "-."},
    "D": {"color": "#A2528A", "marker": "D", "linestyle": ":"},
}


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """Put a first column into the rows that says what they are."""
    return table.assign(label="SYNTHETIC")[["label", *table.columns]].reset_index(drop=True)


def synthetic_figure(words: Words, *arguments: Any, **options: Any) -> tuple[Figure, Any]:
    """Make a figure that says at its top that it is of synthetic panels."""
    figure, axes = new_figure(*arguments, **options)
    figure.suptitle(
        words("power.banner"), x=0.01, ha="left", fontsize="small", color=ACCENT, weight="bold"
    )
    return figure, axes


def draw_scenarios(
    axes: Axes, data: pd.DataFrame, columns: tuple[str, str, str], words: Words, **look: Any
) -> None:
    """Draw each scenario's points with the limits of their Monte Carlo error.

    Parameters
    ----------
    axes
        Where.
    data
        A row a point, its `scenario`, and the `columns`.
    columns
        Of the horizontal and the vertical place, and of the vertical one's standard error.
    words
        The language of the scenarios' names.
    look
        Options of `matplotlib.axes.Axes.errorbar`.
    """
    for name, rows in data.groupby("scenario"):
        x, y, error = (rows[column] for column in columns)
        options = {"ms": 4.5, "lw": 1.3, "capsize": 2, **MARKS[name], **look}
        axes.errorbar(x, y, yerr=NORMAL_95 * error, label=scenario_name(name, words), **options)


def scenario_name(name: str, words: Words) -> str:
    """Name a scenario with what its noise is."""
    return f"{name}: {words(f'power.scenario_{name.lower()}')}"


def legend(figure: Figure, axes: Axes) -> None:
    """Explain the scenarios below the figure, in two columns."""
    handles, labels = axes.get_legend_handles_labels()
    look: Any = {"loc": "outside lower center", "ncols": 2, "fontsize": "small"}
    figure.legend(handles, labels, **look)


def identifier(*parts: object) -> str:
    """Join parts to a number's id: `power_pretrend_0_05_a`."""
    return "_".join(["power", *(re.sub(r"\W", "_", f"{part}".lower()) for part in parts)])


@exhibit("power_size", "power.size")
def size(SYNTHETIC_rejection: pd.DataFrame, design: Design, words: Words) -> Content:
    """Show the share of panels without an effect in which each test finds one."""
    data = SYNTHETIC_rejection.query("effect == 1").drop(columns=["effect", "mean_estimate"])
    tests = list(data["test"].unique())
    rates, errors = (
        data.pivot(index="test", columns="scenario", values=column).loc[tests]
        for column in ("rejection_rate", "mc_error")
    )
    level = 1 - design.inference.confidence_level.value

    def draw() -> Figure:
        figure, axes = synthetic_figure(words, height_in=4.5)
        for row in range(0, len(tests), 2):
            axes.axhspan(row - 0.5, row + 0.5, color=PALE, alpha=0.35, lw=0)
        axes.axvline(level, color=REGION, lw=1, ls="--")
        for place, name in enumerate(rates):
            at = [row + 0.18 * (place - (rates.shape[1] - 1) / 2) for row in range(len(tests))]
            look = {**MARKS[name], "linestyle": "none", "ms": 5, "capsize": 2, "lw": 1.3}
            label = scenario_name(name, words)
            axes.errorbar(rates[name], at, xerr=NORMAL_95 * errors[name], label=label, **look)
        name_rows(axes, [words(f"power.test_name.{test}") for test in tests])
        axes.spines["left"].set_visible(True)
        axes.set_xlim(left=0)
        number_axis(axes.xaxis, words, "percent.0")
        axes.set_title(words("power.size.axis"))
        legend(figure, axes)
        return figure

    kept = [t for t in tests if (rates.loc[t] <= level + NORMAL_95 * errors.loc[t]).all()]
    quoted = [words.quoted(words(f"power.test_name.{test}")) for test in kept]
    values = {
        "level": level,
        "draws": data["draws"].min(),
        "error": errors.max().max(),
        "primary": words(f"power.test_name.{PRIMARY}"),
        "primary_rates": rates.loc[PRIMARY],
        "poisson_rates": rates.loc["poisson"],
        "kept": words(f"power.size.{'kept' if kept else 'none'}", tests=quoted),
    }
    numbers = {
        identifier("size", row.test, row.scenario): (row.rejection_rate, "share")
        for row in data.itertuples()
    }
    return Content(labelled(data), values, draw=draw, table=rates.reset_index(), numbers=numbers)


@exhibit("power_curves", "power.curves")
def curves(
    SYNTHETIC_rejection: pd.DataFrame,
    SYNTHETIC_detectable: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Show the power of the primary test against the effect, and what it detects."""
    data = SYNTHETIC_rejection.query("test == @PRIMARY").drop(columns="mean_estimate")
    found = SYNTHETIC_detectable.query("test == @PRIMARY").sort_values("scenario")
    power = design.inference.power.value

    def draw() -> Figure:
        figure, axes = synthetic_figure(words, height_in=3.6)
        axes.axhline(power, color=REGION, lw=1, ls="--")
        places = ("effect", "rejection_rate", "mc_error")
        draw_scenarios(axes, data.sort_values("effect"), places, words)
        for row in found.itertuples():
            at, colour = row.detectable_ratio, MARKS[row.scenario]["color"]
            axes.plot([at, at], [0, power], color=colour, lw=0.8, zorder=0)
        axes.set_xscale("log")
        number_axis(axes.xaxis, words, ".2", TICKS)
        number_axis(axes.yaxis, words, "percent.0")
        axes.set_ylim(0, 1.02)
        axes.set_xlabel(words("power.curves.effect_axis"))
        axes.set_title(words("power.curves.axis"))
        legend(figure, axes)
        return figure

    ratios = [
        words("power.curves.detected", name=r.scenario, ratio=r.detectable_ratio, error=r.mc_error)
        for r in found.itertuples()
    ]
    values = {"power": power, "draws": data["draws"].min(), "ratios": ratios}
    numbers = {
        identifier("detectable", row["scenario"], *part): (row[column], "ratio")
        for row in found.to_dict("records")
        for column, part in (("detectable_ratio", ()), ("mc_error", ("mc_error",)))
    }
    return Content(labelled(data), values, draw=draw, numbers=numbers)


@exhibit("power_detectable", "power.detectable")
def detectable(SYNTHETIC_detectable: pd.DataFrame, words: Words) -> Content:
    """Tabulate the smallest ratio each test finds, in every scenario."""
    data = SYNTHETIC_detectable
    rows = data.pivot(index="test", columns="scenario", values="detectable_ratio")
    values = {"power": data["power"].iloc[0], "error": data["mc_error"].max()}
    table = rows.loc[data["test"].unique()].reset_index()
    return Content(labelled(data), values, table=table)
