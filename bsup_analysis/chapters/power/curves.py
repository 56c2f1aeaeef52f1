"""What the tests find when there is something to find: power curves and detectable ratios."""

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.chapters.power.marks import (
    NORMAL_95,
    PRIMARY,
    decimal_ticks,
    errorbars,
    identifier,
    labelled,
    legend,
    marks,
    percent_axis,
    rows_where,
    scenarios,
    synthetic_figure,
)
from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import REGION
from bsup_analysis.language import Words

_TICKS = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0)


@traced
def curves(
    SYNTHETIC_rejection: pd.DataFrame,
    SYNTHETIC_detectable: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the power of the primary test against the effect, and what it detects."""
    data = rows_where(SYNTHETIC_rejection, test=PRIMARY).drop(columns="mean_estimate")
    found = rows_where(SYNTHETIC_detectable, test=PRIMARY).set_index("scenario")
    names, power = scenarios(data), design.inference.power.value

    def draw() -> Figure:
        figure, axes = synthetic_figure(words, height_in=4.2)
        axes.axhline(power, color=REGION, lw=1, ls="--")
        for name in names:
            curve = rows_where(data, scenario=name).sort_values("effect")
            error = NORMAL_95 * curve["mc_error"]
            errorbars(axes, name, curve["effect"], curve["rejection_rate"], error, label=name)
        for name in names:
            ratio = found.loc[name, "detectable_ratio"]
            axes.plot([ratio, ratio], [0, power], color=marks(name)["color"], lw=0.8, zorder=0)
        axes.set_xscale("log")
        decimal_ticks(axes.xaxis, _TICKS, words)
        percent_axis(axes.yaxis, words)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel(words("power.effect_axis"))
        axes.set_title(words("power.curves_axis"))
        legend(figure, axes, names, words)
        return figure

    values = {
        "power": words.percent(power, 0),
        "draws": words.count(data["draws"].min()),
        "ratios": words.listed(
            [
                words(
                    "power.detected",
                    name=name,
                    ratio=words.decimal(found.loc[name, "detectable_ratio"]),
                    error=words.decimal(found.loc[name, "mc_error"], 3),
                )
                for name in names
            ]
        ),
    }
    return Exhibit(
        id="power_curves",
        title=words("power.curves_title"),
        caption=words("power.curves_caption", **values),
        source=words("power.source"),
        alternative_text=words("power.curves_alternative_text", **values),
        data=labelled(data),
        draw=draw,
        numbers={
            identifier("detectable", name, *part): Number(found.loc[name, column], "ratio")
            for name in names
            for column, part in (("detectable_ratio", ()), ("mc_error", ("mc_error",)))
        },
    )


@traced
def detectable(SYNTHETIC_detectable: pd.DataFrame, words: Words) -> Exhibit:
    """Tabulate the smallest ratio each test finds, in every scenario."""
    data = SYNTHETIC_detectable
    names, tests = scenarios(data), list(dict.fromkeys(data["test"]))
    cells = {(row.test, row.scenario): row for row in data.itertuples()}
    shown = pd.DataFrame(
        {words("power.test"): [words(f"power.test_{test}") for test in tests]}
        | {
            words("power.scenario", name=name): [
                words.decimal(cells[test, name].detectable_ratio) for test in tests
            ]
            for name in names
        }
    )
    return Exhibit(
        id="power_detectable",
        title=words("power.detectable_title"),
        caption=words(
            "power.detectable_caption",
            power=words.percent(data["power"].iloc[0], 0),
            error=words.decimal(data["mc_error"].max(), 3),
        ),
        source=words("power.source"),
        alternative_text=words("power.detectable_title"),
        data=labelled(data),
        shown=shown,
    )
