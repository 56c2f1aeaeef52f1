"""How often each test rejects where there is nothing to find."""

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.chapters.power.marks import (
    NORMAL_95,
    PRIMARY,
    identifier,
    labelled,
    legend,
    marks,
    percent_axis,
    scenarios,
    shares,
    synthetic_figure,
)
from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import PALE, REGION
from bsup_analysis.language import Words


@traced
def size(SYNTHETIC_rejection: pd.DataFrame, design: Design, words: Words) -> Exhibit:
    """Show the share of panels without an effect in which each test finds one."""
    data = SYNTHETIC_rejection.query("effect == 1").drop(columns=["effect", "mean_estimate"])
    names, tests = scenarios(data), list(dict.fromkeys(data["test"]))
    rates = data.pivot(index="test", columns="scenario", values="rejection_rate").loc[tests]
    errors = data.pivot(index="test", columns="scenario", values="mc_error").loc[tests]
    level = 1 - design.inference.confidence_level.value

    def draw() -> Figure:
        figure, axes = synthetic_figure(words, height_in=5.2)
        for row in range(0, len(tests), 2):
            axes.axhspan(row - 0.5, row + 0.5, color=PALE, alpha=0.35, lw=0)
        axes.axvline(level, color=REGION, lw=1, ls="--")
        for place, name in enumerate(names):
            axes.errorbar(
                rates[name],
                [row + 0.18 * (place - (len(names) - 1) / 2) for row in range(len(tests))],
                xerr=NORMAL_95 * errors[name],
                ls="none",
                ms=5,
                capsize=2,
                lw=1.3,
                label=name,
                **marks(name),
            )
        axes.set_yticks(range(len(tests)), [words(f"power.test_{test}") for test in tests])
        axes.set_ylim(len(tests) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(left=0)
        percent_axis(axes.xaxis, words)
        axes.set_title(words("power.size_axis", level=words.percent(level, 0)))
        legend(figure, axes, names, words)
        return figure

    shown = pd.DataFrame(
        {words("power.test"): [words(f"power.test_{test}") for test in tests]}
        | {
            words("power.scenario", name=name): [
                words.percent(rates.loc[test, name]) for test in tests
            ]
            for name in names
        }
    )
    kept = [t for t in tests if (rates.loc[t] <= level + NORMAL_95 * errors.loc[t]).all()]
    values = {
        "level": words.percent(level, 0),
        "draws": words.count(data["draws"].min()),
        "error": words.percent(errors.max().max()),
        "primary": words("power.test_crv3_t_treated"),
        "primary_rates": shares(rates.loc[PRIMARY], words),
        "poisson_rates": shares(rates.loc["poisson"], words),
        "kept": words("power.size_kept", tests=words.listed([_test(t, words) for t in kept]))
        if kept
        else words("power.size_none"),
    }
    return Exhibit(
        id="power_size",
        title=words("power.size_title"),
        caption=words("power.size_caption", **values),
        source=words("power.source"),
        alternative_text=words("power.size_alternative_text", **values),
        data=labelled(data),
        draw=draw,
        shown=shown,
        numbers={
            identifier("size", row.test, row.scenario): Number(row.rejection_rate, "share")
            for row in data.itertuples()
        },
    )


def _test(test: str, words: Words) -> str:
    return words.quoted(words(f"power.test_{test}"))
