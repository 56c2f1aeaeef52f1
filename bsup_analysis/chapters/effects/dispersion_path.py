"""The interval of the contrast against what is assumed of the municipalities not published."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bsup_analysis.analysis.outcome_contrast import DispersionPath, OutcomeContrast
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import ACCENT, PALE, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words


@traced
def dispersion(
    dispersion_path: DispersionPath, outcome_contrast: OutcomeContrast, words: Words
) -> Exhibit:
    """Show the interval against the dispersion assumed for the municipalities not published."""
    path, contrast = dispersion_path, outcome_contrast
    outcome = contrast.outcome
    counts = contrast.measure.column == "loans"
    position = path.phi_other if counts else path.multiple
    own = contrast.phi if counts else 1.0
    data = pd.DataFrame(
        {
            "dispersion_other": path.phi_other,
            "multiple_of_priority": path.multiple,
            "ratio": contrast.ratio.value,
            "low": [interval.low for interval in path.intervals],
            "high": [interval.high for interval in path.intervals],
            "minimum_detectable_above": [i.detectable_above for i in path.intervals],
            "minimum_detectable_below": [i.detectable_below for i in path.intervals],
        }
    )

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.6)
        axes.fill_between(position, data["low"], data["high"], color=PRIORITY, alpha=0.25, lw=0)
        for limit in ("low", "high"):
            axes.plot(position, data[limit], color=PRIORITY, marker="o", ms=4)
        axes.plot(position, data["ratio"], color=PRIORITY, lw=2, label=words("contrast.ratio"))
        for side in ("above", "below"):
            axes.plot(
                position,
                data[f"minimum_detectable_{side}"],
                color=ACCENT,
                ls="--",
                label=words("contrast.mdr") if side == "above" else None,
            )
        axes.axhline(1, color=REGION, lw=1)
        axes.axvline(own, color=PALE, lw=2, zorder=0)
        axes.annotate(
            words("contrast.own_dispersion"),
            (own, data["minimum_detectable_above"].max()),
            (4, 0),
            textcoords="offset points",
            fontsize="small",
            va="top",
        )
        axes.set_yscale("log")
        axes.set_yticks([0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.decimal(y)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.minorticks_off()
        axes.set_xlabel(words("contrast.phi_other" if counts else "contrast.multiple_other"))
        axes.set_title(words("contrast.ratio_and_interval"))
        axes.legend(loc="lower left", fontsize="small")
        return figure

    tipping = path.tipping if path.tipping is None or counts else path.tipping / contrast.phi
    first, last = path.intervals[0], path.intervals[-1]
    values = {
        "first": words.written(first, "interval"),
        "last": words.written(last, "interval"),
        "start": words.decimal(position[0]),
        "end": words.decimal(position[-1]),
        "own": words.decimal(own),
        "tipping": words("contrast.no_tipping")
        if tipping is None
        else words(
            f"contrast.tipping_{'count' if counts else 'multiple'}",
            value=words.decimal(tipping),
            chance=words.decimal(1, 0),
        ),
        "axis": words("contrast.phi_other" if counts else "contrast.multiple_other"),
    }
    return Exhibit(
        id=f"dispersion_{outcome}",
        title=words(f"outcomes.{outcome}.dispersion_title"),
        caption=words("contrast.dispersion_caption", **values),
        source=words("contrast.source"),
        alternative_text=words("contrast.dispersion_alternative_text", **values),
        data=data,
        draw=draw,
        numbers={}
        if tipping is None
        else {
            f"tipping_dispersion_{outcome}": Number(
                tipping,
                "variance / mean"
                if counts
                else "multiple of the priority municipalities' dispersion",
            )
        },
    )
