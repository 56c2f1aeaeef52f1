"""Whether the intervals of the published level hold the truth as often as they say."""

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.chapters.power.marks import (
    NORMAL_95,
    errorbars,
    identifier,
    labelled,
    legend,
    percent_axis,
    ratios,
    rows_where,
    scenarios,
    shares,
    synthetic_figure,
)
from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import REGION
from bsup_analysis.language import Words

_ASSUMED = ("assumed", "known_half")
_ESTIMATED = ("estimated_normal", "estimated_t")


@traced
def coverage(SYNTHETIC_coverage: pd.DataFrame, design: Design, words: Words) -> Exhibit:
    """Show the coverage of each published-level interval against the dispersion it assumes."""
    data = SYNTHETIC_coverage
    names, level = scenarios(data), design.inference.confidence_level.value
    own = data.drop_duplicates("scenario").set_index("scenario")
    rates = {
        kind: rows_where(data, interval=kind).set_index("scenario")["coverage"]
        for kind in _ESTIMATED
    }
    rates["poisson"] = data.query("interval == 'assumed' and assumed_phi == 1").set_index(
        "scenario"
    )["coverage"]

    def draw() -> Figure:
        figure, panels = synthetic_figure(words, 1, 2, 4.0, sharey=True)
        for axes, kind in zip(panels, _ASSUMED, strict=True):
            axes.axhline(level, color=REGION, lw=1, ls="--")
            for name in names:
                rows = rows_where(data, interval=kind, scenario=name)
                error = NORMAL_95 * rows["mc_error"]
                errorbars(axes, name, rows["assumed_phi"], rows["coverage"], error, label=name)
            axes.set_title(words(f"power.interval_{kind}"))
            axes.set_xlabel(words(f"power.phi_{kind}"))
            percent_axis(axes.yaxis, words)
        legend(figure, panels[0], names, words)
        return figure

    shown = pd.DataFrame(
        {
            words("power.noise"): [words("power.scenario", name=name) for name in names],
            words("power.phi_priority"): [
                words.decimal(own.loc[name, "phi_priority"]) for name in names
            ],
            words("power.phi_other"): [words.decimal(own.loc[name, "phi_other"]) for name in names],
            **{
                words(f"power.interval_{kind}"): [words.percent(rates[kind][n]) for n in names]
                for kind in ("poisson", *_ESTIMATED)
            },
        }
    )
    values = {
        "level": words.percent(level, 0),
        "draws": words.count(data["draws"].min()),
        "error": words.percent(data["mc_error"].max()),
        "phi_priority": ratios(own["phi_priority"], words),
        "phi_other": ratios(own["phi_other"], words),
        **{f"held_{kind}": shares(rates[kind], words) for kind in rates},
    }
    return Exhibit(
        id="power_coverage",
        title=words("power.coverage_title"),
        caption=words("power.coverage_caption", **values),
        source=words("power.source"),
        alternative_text=words("power.coverage_alternative_text", **values),
        data=labelled(data),
        draw=draw,
        shown=shown,
        numbers={
            identifier("coverage", kind, name): Number(rates[kind][name], "share")
            for kind in rates
            for name in names
        },
    )
