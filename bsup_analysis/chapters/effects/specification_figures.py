"""How sure: every choice that can tip the answer, and each municipality left out."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.chapters.effects.contrast import ratio_axis
from bsup_analysis.design import Design
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.inference import LeftOut, SpecificationRow
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import ACCENT, PRINTED, PRIORITY, new_figure
from bsup_analysis.language import Words


@traced
def specifications(
    specification_table: Sequence[SpecificationRow], design: Design, words: Words
) -> Exhibit:
    """Show each specification of the design as a named row with its interval."""
    rows = specification_table
    data = pd.DataFrame(
        {
            "specification": [row.name for row in rows],
            "ratio": [row.ratio.value for row in rows],
            "ratio_rounding_low": [row.ratio.low for row in rows],
            "ratio_rounding_high": [row.ratio.high for row in rows],
            "low": [row.low for row in rows],
            "high": [row.high for row in rows],
            "minimum_detectable_above": [row.detectable_above for row in rows],
            "minimum_detectable_below": [row.detectable_below for row in rows],
        }
    )
    labels = [words(f"specifications.{row.name}") for row in rows]
    main = next(i for i, chosen in enumerate(design.specifications) if chosen.name == "loans")

    def draw() -> Figure:
        figure, axes = new_figure(height_in=0.9 + 0.27 * len(rows))
        for position, row in enumerate(rows):
            excludes = side(row) != "holds"
            colour = ACCENT if excludes else PRIORITY
            axes.plot([row.low, row.high], [position, position], color=colour, lw=2)
            axes.plot(
                row.ratio.value,
                position,
                "D" if excludes else "o",
                color=colour,
                ms=7 if position == main else 5,
                mfc=colour if position == main else "white",
            )
            for limit in (row.detectable_below, row.detectable_above):
                axes.plot(limit, position, "|", color=PRINTED, ms=8)
        axes.plot([], [], "o", color=PRIORITY, mfc="white", label=words("robustness.holds"))
        axes.plot([], [], "D", color=ACCENT, mfc="white", label=words("robustness.excludes"))
        axes.plot([], [], "|", color=PRINTED, ms=8, label=words("contrast.mdr"))
        axes.set_yticks(range(len(rows)), labels, fontsize="small")
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        edge = max(1.1 * data["minimum_detectable_above"].max(), 1.1 * data["high"].max())
        ratio_axis(axes, words, 0.9 * data["low"].min(), edge)
        axes.grid(axis="y", alpha=0.5)
        axes.set_title(words("contrast.ratio_and_interval"))
        axes.legend(loc="upper center", bbox_to_anchor=(0.3, -0.05), ncols=3, fontsize="small")
        return figure

    named = list(zip(labels, rows, strict=True))
    below = [label for label, row in named if side(row) == "below"]
    above = [label for label, row in named if side(row) == "above"]
    sentences = [
        words(
            f"robustness.exclude_{side}",
            which=words.listed([words.quoted(label) for label in which]),
        )
        for side, which in (("below", below), ("above", above))
        if which
    ]
    holding = len(rows) - len(below) - len(above)
    values = {
        "rows": words.count(len(rows)),
        "holding": words.count(holding),
        "smallest": words.decimal(data["ratio"].min()),
        "largest": words.decimal(data["ratio"].max()),
        "excluding": " ".join(sentences) or words("robustness.none_exclude"),
    }
    return Exhibit(
        id="specifications",
        title=words("robustness.specifications_title"),
        caption=words("robustness.specifications_caption", **values),
        source=words("robustness.specifications_source"),
        alternative_text=words("robustness.specifications_alternative_text", **values),
        data=data,
        draw=draw,
        numbers={
            "specifications_total": Number(len(rows), "specifications"),
            "specifications_interval_holds_one": Number(holding, "specifications"),
        },
    )


def side(row: SpecificationRow) -> str:
    """Tell whether an interval holds one, or on which side of one it lies."""
    return "below" if row.high < 1 else "above" if row.low > 1 else "holds"


@traced
def left_out(
    loans_left_out: Sequence[LeftOut],
    loans_contrast: GroupContrast,
    municipality: pd.DataFrame,
    words: Words,
) -> Exhibit:
    """Show the contrast of loans without each priority municipality in turn."""
    names = municipality.set_index("municipality_code")["municipality_name"]
    data = pd.DataFrame(
        {
            "municipality_code": [row.code for row in loans_left_out],
            "municipality_name": [names[row.code] for row in loans_left_out],
            "ratio": [row.interval.ratio for row in loans_left_out],
            "low": [row.interval.low for row in loans_left_out],
            "high": [row.interval.high for row in loans_left_out],
            "dispersion": [row.phi for row in loans_left_out],
            "minimum_detectable_above": [row.interval.detectable_above for row in loans_left_out],
            "minimum_detectable_below": [row.interval.detectable_below for row in loans_left_out],
        }
    ).sort_values(["ratio", "municipality_code"], ignore_index=True)

    def draw() -> Figure:
        figure, axes = new_figure(height_in=0.9 + 0.25 * len(data))
        for position, row in enumerate(data.itertuples()):
            axes.plot([row.low, row.high], [position, position], color=PRIORITY, lw=2)
            axes.plot(row.ratio, position, "o", color=PRIORITY)
            for limit in (row.minimum_detectable_below, row.minimum_detectable_above):
                axes.plot(limit, position, "|", color=PRINTED, ms=8)
        axes.axvline(loans_contrast.ratio, color=PRIORITY, ls=":", label=words("robustness.all"))
        axes.plot([], [], "|", color=PRINTED, ms=8, ls="none", label=words("contrast.mdr"))
        axes.set_yticks(range(len(data)), data["municipality_name"], fontsize="small")
        axes.set_ylim(len(data) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        ratio_axis(
            axes, words, 0.93 * data["low"].min(), 1.05 * data["minimum_detectable_above"].max()
        )
        axes.set_title(words("robustness.left_out_axis"))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=2, fontsize="small")
        return figure

    first, last = data.iloc[0], data.iloc[-1]
    values = {
        "all": words.decimal(loans_contrast.ratio, 3),
        "smallest": words.decimal(first["ratio"], 3),
        "smallest_name": first["municipality_name"],
        "largest": words.decimal(last["ratio"], 3),
        "largest_name": last["municipality_name"],
        "finding": words(
            "robustness.left_out_all_hold"
            if ((data["low"] < 1) & (data["high"] > 1)).all()
            else "robustness.left_out_some_exclude"
        ),
    }
    return Exhibit(
        id="left_out",
        title=words("robustness.left_out_title"),
        caption=words("robustness.left_out_caption", **values),
        source=words("contrast.source"),
        alternative_text=words("robustness.left_out_caption", **values),
        data=data,
        draw=draw,
        numbers={
            f"rate_ratio_leave_out_{row.municipality_code}": Number(row.ratio, "ratio")
            for row in data.itertuples()
        },
    )


MEASURES = ("ratio", "low", "high", "minimum_detectable_above", "minimum_detectable_below")


@traced
def chosen_specification(
    specification_table: Sequence[SpecificationRow], specification: str, words: Words
) -> Exhibit:
    """Tabulate the ratio of the chosen specification, its interval and what it would detect."""
    row = next(one for one in specification_table if one.name == specification)
    values = (row.ratio.value, row.low, row.high, row.detectable_above, row.detectable_below)
    data = pd.DataFrame({"specification": specification, "measure": MEASURES, "value": values})
    name = words(f"specifications.{specification}")
    shown = pd.DataFrame(
        {
            words("contrast.measure"): [words(f"robustness.measure_{one}") for one in MEASURES],
            name: [words.decimal(value) for value in values],
        }
    )
    return Exhibit(
        id="chosen_specification",
        title=words("robustness.chosen_title", name=name),
        caption=words(f"robustness.chosen_{side(row)}", name=name),
        source=words("robustness.specifications_source"),
        alternative_text=words("robustness.chosen_title", name=name),
        data=data,
        shown=shown,
        numbers={
            f"chosen_specification_{one}": Number(value, "ratio")
            for one, value in zip(MEASURES, values, strict=True)
        },
    )
