"""The largest priority municipality against weighted means of others."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import (
    counted,
    finite,
    named,
    not_estimable,
    sentence,
    source,
)
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.municipal.rate_estimators import Synthetic
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.exhibit.style import OTHER, PALE, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

DONORS_NAMED = 4
LOOKS = {
    "synthetic_did": {"color": "#8A5B00", "ls": "--", "marker": "s", "mfc": "white"},
    "synthetic_control": {"color": REGION, "ls": "-.", "marker": "^", "mfc": "white"},
    "did": {"color": OTHER, "ls": ":", "marker": "", "mfc": "white"},
}


@traced
def synthetic_largest(
    municipal_synthetic: Sequence[Synthetic] | NotEstimableError,
    municipal_data: MunicipalData,
    words: Words,
) -> Exhibit:
    """Show the paths of the largest municipality and of its counterparts."""
    found, data = municipal_synthetic, municipal_data
    largest = data.names[data.largest]
    title = words("municipal_synthetic.title", largest=largest)
    if isinstance(found, NotEstimableError):
        return not_estimable("municipal_synthetic", title, found, data, words)
    years = found[0].years
    first = found[0].first_treated_year
    rows = pd.DataFrame({"year": years, "observed": found[0].observed})
    for item in found:
        rows[item.method] = item.counterpart

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.8)
        gap = [year for year in range(min(years), max(years)) if year not in years]
        for year in gap:
            axes.axvspan(year - 0.5, year + 0.5, color=PALE, alpha=0.7, lw=0)
        axes.axvline(first - 0.5, color=REGION, lw=0.8, ls="--")
        for item in found:
            label = words(f"municipal_synthetic.{item.method}")
            axes.plot(years, item.counterpart, label=label, ms=5, **LOOKS[item.method])
        axes.plot(years, found[0].observed, "o-", color=PRIORITY, lw=2, label=largest)
        axes.set_xticks(years, [str(year) for year in years])
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: words.decimal(value, 1))
        axes.grid(axis="y")
        axes.set_title(words("municipal_synthetic.axis", counted=sentence(counted(data, words))))
        figure.legend(loc="outside lower center", ncols=4, fontsize="small")
        return figure

    weighted = found[0]
    values = {
        "counted": sentence(counted(data, words)),
        "largest": largest,
        "first": first,
        "donors": words.count(len(weighted.donor_weights)),
        "did": words.decimal(_effect(found, "did")),
        "synthetic_did": words.decimal(_effect(found, "synthetic_did")),
        "synthetic_control": words.decimal(_effect(found, "synthetic_control")),
        "left_out": (
            " " + words("municipal_synthetic.left_out", names=named(weighted.left_out, data, words))
            if weighted.left_out
            else ""
        ),
    }
    return Exhibit(
        id="municipal_synthetic",
        title=title,
        caption=words("municipal_synthetic.caption", **values),
        source=source(data, words),
        alternative_text=words("municipal_synthetic.alternative_text", **values),
        data=pd.concat([rows, _weights(found)], ignore_index=True),
        draw=draw,
        shown=pd.DataFrame([_shown(item, data, words) for item in found]),
        numbers=finite(
            {
                f"municipal_{item.method}_effect": (item.effect, "per 1 000 inhabitants")
                for item in found
            }
        ),
    )


def _effect(found: Sequence[Synthetic], method: str) -> float:
    return next(item.effect for item in found if item.method == method)


def _weights(found: Sequence[Synthetic]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"method": item.method, "donor": donor, "weight": weight}
            for item in found
            for donor, weight in item.donor_weights
        ]
    )


def _shown(item: Synthetic, data: MunicipalData, words: Words) -> dict[str, str]:
    equal = len({round(weight, 6) for _, weight in item.donor_weights}) == 1
    donors = [
        words(
            "municipal_synthetic.donor",
            name=data.names.get(donor, donor),
            weight=words.percent(weight, 0),
        )
        for donor, weight in item.donor_weights[:DONORS_NAMED]
    ]
    return {
        words("municipal_synthetic.head.method"): words(f"municipal_synthetic.{item.method}"),
        words("municipal_synthetic.head.effect"): words.decimal(item.effect),
        words("municipal_synthetic.head.rmse"): words.decimal(item.rmse_before),
        words("municipal_synthetic.head.number"): words.count(len(item.donor_weights)),
        words("municipal_synthetic.head.donors"): words("municipal_synthetic.all_alike")
        if equal
        else "; ".join(donors),
    }
