"""The primary ratio without each priority municipality in turn."""

from collections.abc import Sequence

from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.robustness import RobustnessRow
from bsup_analysis.exhibits.exhibit import Exhibit, traced
from bsup_analysis.exhibits.municipal.forest import forest
from bsup_analysis.exhibits.municipal.phrases import (
    counted,
    finite,
    reason,
    rows_in_words,
    source,
    without_infinities,
)
from bsup_analysis.exhibits.municipal.robustness import LEFT_OUT, filled_rows, row_label
from bsup_analysis.exhibits.ratios import ratio_text, side_of_one
from bsup_analysis.language import Words
from bsup_analysis.results.municipal_data import MunicipalData


@traced
def leave_one_out(
    municipal_robustness: Sequence[RobustnessRow],
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the primary ratio without each priority municipality in turn."""
    data = municipal_data
    primary = municipal_robustness[0]
    found = [row for row in municipal_robustness if row.kind == "leave_one_out"]
    rows = filled_rows([primary, *found])
    rows["unit"] = rows["name"].str.removeprefix(LEFT_OUT)
    labels = [words("municipal_robustness.everybody")]
    labels += [row_label(row.name, data, design, words) for row in found]
    drawn = rows.assign(label=labels, is_main=rows["kind"] == "primary")
    order = [0, *drawn.iloc[1:].sort_values(["ratio", "name"], kind="stable").index]
    drawn = drawn.loc[order]
    axis = words("municipal_robustness.left_out_axis")
    title = words("municipal_robustness.left_out_title", counted=counted(data, words))
    known = drawn.iloc[1:].dropna(subset=["ratio"])
    if primary.estimate is None or known.empty:
        caption = (
            words(
                "municipal.not_estimable_caption",
                reason=reason(primary.problem, data, words),
            )
            if primary.problem is not None
            else words("municipal.no_estimate")
        )
    else:
        whole = primary.estimate.interval
        own = side_of_one(whole.low, whole.high)
        apart = [row.label for row in known.itertuples() if side_of_one(row.low, row.high) != own]
        first, last = known.iloc[0], known.iloc[-1]
        caption = words(
            "municipal_robustness.left_out_caption",
            all=ratio_text(whole.ratio, whole.low, whole.high, words),
            smallest=words.decimal(first["ratio"]),
            smallest_name=first["label"],
            largest=words.decimal(last["ratio"]),
            largest_name=last["label"],
            finding=words("municipal_robustness.left_out_tips", names=words.listed(apart))
            if apart
            else words("municipal_robustness.left_out_holds"),
        )
    return Exhibit(
        id="municipal_leave_one_out",
        title=title,
        caption=caption,
        source=source(data, words),
        alternative_text=rows_in_words(list(drawn["label"]), drawn, words),
        data=without_infinities(rows),
        draw=lambda: forest(drawn, axis, words),
        numbers=finite(
            {
                "municipal_leave_one_out_smallest": (
                    None if known.empty else float(known["ratio"].min()),
                    "ratio",
                ),
                "municipal_leave_one_out_largest": (
                    None if known.empty else float(known["ratio"].max()),
                    "ratio",
                ),
            }
        ),
    )
