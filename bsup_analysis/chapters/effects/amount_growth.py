"""Growth in NOK as number times average, and the region's average loan as within plus mix."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bsup_analysis.effects.intervals import AverageChangeBounds, GrowthParts
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import GROUP_COLOUR, GROUP_HATCH, REGION, new_figure
from bsup_analysis.language import Words

PARTS = ("amount", "number", "average")


def _table(
    group_growth_parts: Mapping[str, GrowthParts], change: AverageChangeBounds
) -> pd.DataFrame:
    rows = [
        (group, part, value, low, high)
        for group, parts in group_growth_parts.items()
        for part, value, low, high in (
            ("amount", parts.amount.value, parts.amount.low, parts.amount.high),
            ("number", parts.number, parts.number, parts.number),
            ("average", parts.average.value, parts.average.low, parts.average.high),
        )
    ]
    rows += [
        ("region", f"average_{name}_nok", part.value, part.low, part.high)
        for name, part in (
            ("change", change.total),
            ("within", change.within),
            ("composition", change.composition),
        )
    ]
    return pd.DataFrame(rows, columns=["group", "part", "growth", "low", "high"])


@traced
def growth_parts(
    group_growth_parts: Mapping[str, GrowthParts],
    region_average_change: AverageChangeBounds,
    words: Words,
) -> Exhibit:
    """Show growth in NOK of each group as growth in number and in the average loan."""
    data = _table(group_growth_parts, region_average_change)
    growth = data.set_index(["group", "part"])["growth"]

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.2)
        for offset, group in ((-0.2, "priority"), (0.2, "other")):
            bars = axes.bar(
                np.arange(len(PARTS)) + offset,
                [np.log(growth[group, part]) for part in PARTS],
                width=0.38,
                color=GROUP_COLOUR[group],
                hatch=GROUP_HATCH[group],
                edgecolor="white",
                label=words(f"groups.{group}"),
            )
            labels = [words.change(growth[group, part] - 1) for part in PARTS]
            axes.bar_label(bars, labels, padding=3)
        axes.axhline(0, color=REGION, lw=1)
        axes.set_xticks(range(len(PARTS)), [words(f"amount_growth.{part}") for part in PARTS])
        axes.margins(y=0.2)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.decimal(y, 1)))
        axes.set_title(words("amount_growth.axis"))
        axes.legend(fontsize="small")
        return figure

    values = {
        f"{group}_{part}": words.change(growth[group, part] - 1)
        for group in ("priority", "other")
        for part in PARTS
    } | {
        f"region_{name}": words.signed(growth["region", f"average_{name}_nok"])
        for name in ("change", "within", "composition")
    }
    return Exhibit(
        id="growth_parts",
        title=words("amount_growth.title"),
        caption=words("amount_growth.caption", **values),
        source=words("contrast.source"),
        alternative_text=words("amount_growth.alternative_text", **values),
        data=data,
        draw=draw,
        numbers={
            f"growth_{part}_{group}_2009_2010": Number(growth[group, part], "ratio")
            for group in ("priority", "other")
            for part in PARTS
        },
    )
