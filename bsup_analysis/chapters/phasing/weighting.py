"""What the weights decide: who is chosen, and how far that agrees with the actual choice."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bsup_analysis.design import Design
from bsup_analysis.effects.selection_rules import Sensitivity, expected_jaccard
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import (
    GROUP_COLOUR,
    GROUP_MARKER,
    PRINTED,
    PRIORITY,
    new_figure,
)
from bsup_analysis.language import Words


def _draw_shares(axes: Axes, data: pd.DataFrame, words: Words) -> None:
    for place, row in enumerate(data.itertuples()):
        inside, colour = row.group == "priority", GROUP_COLOUR[row.group]
        axes.plot([0, row.share_of_weightings], [place, place], color=colour, lw=1)
        axes.plot(
            row.share_of_weightings,
            place,
            GROUP_MARKER[row.group],
            ms=5,
            mec=colour,
            mfc=PRIORITY if inside else "white",
        )
    axes.set_yticks(range(len(data)), data["municipality_name"], fontsize=7)
    for label, group in zip(axes.get_yticklabels(), data["group"], strict=True):
        label.set_fontweight("bold" if group == "priority" else "normal")
    axes.set_ylim(len(data) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-0.02, 1.04)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.percent(x, 0)))
    axes.grid(axis="y", alpha=0.6)
    axes.set_title(words("phasing.weights.share"))
    for group, face in (("priority", PRIORITY), ("other", "white")):
        axes.plot(
            [],
            [],
            GROUP_MARKER[group],
            ms=5,
            mec=GROUP_COLOUR[group],
            mfc=face,
            label=words(f"phasing.weights.{group}"),
        )
    axes.legend(loc="lower right")


def _draw_agreement(
    axes: Axes, size: np.ndarray, jaccard: np.ndarray, lot: float, words: Words
) -> None:
    """Draw the range and the median of the agreement for each weight of size."""
    for weight in np.unique(size):
        here = jaccard[size == weight]
        axes.plot([weight, weight], [here.min(), here.max()], color=PRIORITY, lw=1.6)
        axes.plot(weight, np.median(here), "o", color=PRIORITY, ms=5)
    axes.axhline(lot, color=PRINTED, ls="--", lw=1)
    axes.annotate(
        words("phasing.weights.by_lot"),
        (1.05, lot),
        (0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize="small",
        color=PRINTED,
    )
    axes.set_ylim(0, 1)
    axes.set_xlim(-0.04, 1.06)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.percent(x, 0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.decimal(y, 1)))
    axes.set_xlabel(words("phasing.weights.weight_of_size"))
    axes.set_title(words("phasing.weights.agreement"))
    axes.grid(alpha=0.6)


@traced
def weights_decide(
    weight_sensitivity: Sensitivity, municipality: pd.DataFrame, design: Design, words: Words
) -> Exhibit:
    """Show in what share of all weightings each municipality is chosen."""
    shares = weight_sensitivity.share_chosen.rename("share_of_weightings")
    table = municipality[["municipality_code", "municipality_name", "group"]].merge(
        shares.rename_axis("municipality_code").reset_index(), validate="1:1"
    )
    ever = table["share_of_weightings"] > 0
    data = table[ever | (table["group"] == "priority")].sort_values(
        ["share_of_weightings", "municipality_code"], ascending=[False, True], ignore_index=True
    )
    priority = data["group"] == "priority"

    def draw() -> Figure:
        figure, axes = new_figure(height_in=0.7 + 0.15 * len(data))
        _draw_shares(axes, data, words)
        return figure

    half = data["share_of_weightings"] >= 0.5
    half_priority, half_other = int((half & priority).sum()), int((half & ~priority).sum())
    lowest = data[priority].iloc[-1]
    values = {
        "weightings": words.count(len(weight_sensitivity.jaccard)),
        "places": words.count(design.groups.priority.value),
        "ever": words.count(int(ever.sum())),
        "half": words.count(half_priority),
        "half_other": words.count(half_other),
        "lowest": lowest["municipality_name"],
        "lowest_share": words.percent(lowest["share_of_weightings"]),
    }
    return Exhibit(
        id="weights_decide",
        title=words("phasing.weights.title", **values),
        caption=words("phasing.weights.caption", **values),
        source=words("phasing.rules.source"),
        alternative_text=words("phasing.weights.alternative_text", **values),
        data=data,
        draw=draw,
        numbers={
            "weightings_total": Number(len(weight_sensitivity.jaccard), "weightings"),
            "weightings_ever_chosen": Number(int(ever.sum()), "municipalities"),
            "weightings_half_priority": Number(half_priority, "municipalities"),
            "weightings_half_other": Number(half_other, "municipalities"),
        },
    )


@traced
def weights_agreement(
    weight_sensitivity: Sensitivity, municipality: pd.DataFrame, design: Design, words: Words
) -> Exhibit:
    """Show the agreement with the actual choice against the weight of size."""
    found = weight_sensitivity
    data = pd.DataFrame(found.weights, columns=[f"weight_{name}" for name in found.names])
    data = data.assign(jaccard=found.jaccard)
    size = data["weight_size"].to_numpy()
    actual = int((municipality["group"] == "priority").sum())
    lot = expected_jaccard(len(municipality), design.groups.priority.value, actual)

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.4)
        _draw_agreement(axes, size, found.jaccard, lot, words)
        return figure

    without, alone = data.loc[size == 0, "jaccard"], data.loc[size == 1, "jaccard"]
    values = {
        "low": words.decimal(data["jaccard"].min()),
        "high": words.decimal(data["jaccard"].max()),
        "median": words.decimal(data["jaccard"].median()),
        "without_low": words.decimal(without.min()),
        "without_high": words.decimal(without.max()),
        "alone": words.decimal(alone.item()),
        "lot": words.decimal(lot),
        "weightings": words.count(len(data)),
    }
    return Exhibit(
        id="weights_agreement",
        title=words("phasing.weights.agreement_title"),
        caption=words("phasing.weights.agreement_caption", **values),
        source=words("phasing.rules.source"),
        alternative_text=words("phasing.weights.agreement_caption", **values),
        data=data,
        draw=draw,
        numbers={
            f"weightings_jaccard_{name}": Number(float(value), "Jaccard index")
            for name, value in (
                ("lowest", data["jaccard"].min()),
                ("median", data["jaccard"].median()),
                ("highest", data["jaccard"].max()),
                ("highest_without_size", without.max()),
            )
        },
    )
