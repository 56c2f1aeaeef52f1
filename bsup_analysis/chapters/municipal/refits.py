"""Every choice of the municipal level changed in turn, and every priority municipality left out."""

from collections.abc import Sequence

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import (
    counted,
    estimate_cells,
    finite,
    key_without_numbers,
    named,
    reason,
    rows_in_words,
    source,
    without_infinities,
)
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.estimands import RobustnessRow, robustness_rows
from bsup_analysis.exhibit.charts import forest, ratio_text, side_of_one
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.language import Words

LEFT_OUT = "leave_out_"
EMPTY = ("ratio", "low", "high", "detectable_below", "detectable_above")


def row_label(name: str, data: MunicipalData, design: Design, words: Words) -> str:
    """Name a row of the robustness table."""
    if name.startswith(LEFT_OUT):
        code = name.removeprefix(LEFT_OUT)
        return data.names.get(code, code)
    chosen = design.municipal
    return words(
        f"municipal_robustness.row_{key_without_numbers(name)}",
        reference=chosen.reference_year.value,
        placebo=chosen.placebo_year.value,
        selection=chosen.selection_year.value,
        others=words.count(chosen.largest_others.value),
        priority=words.count(chosen.smallest_priority.value),
        largest=data.names[data.largest],
        loss_sharing=named(data.loss_sharing, data, words),
        partners=named(data.excluded, data, words),
    )


def filled_rows(found: Sequence[RobustnessRow]) -> pd.DataFrame:
    """Give the rows as a table that has every column, whatever could be estimated."""
    rows = robustness_rows(found)
    return rows.assign(**{c: float("nan") for c in EMPTY if c not in rows})


@traced
def robustness(
    municipal_robustness: Sequence[RobustnessRow],
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the primary ratio and every row that departs from it in one choice."""
    data = municipal_data
    found = [row for row in municipal_robustness if row.kind != "leave_one_out"]
    labels = [row_label(row.name, data, design, words) for row in found]
    rows = filled_rows(found)
    drawn = rows.assign(label=labels, is_main=rows["kind"] == "primary")
    axis = words("municipal_estimates.axis")
    known = [
        (label, row.estimate)
        for label, row in zip(labels, found, strict=True)
        if row.estimate is not None and row.kind != "placebo"
    ]
    sides = [side_of_one(given.interval.low, given.interval.high) for _, given in known]
    values = {
        "counted": counted(data, words),
        "rows": words.count(len(known)),
        "holding": words.count(sides.count("holds_one")),
        "above": words.count(sides.count("above")),
        "below": words.count(sides.count("below")),
        "smallest": words.decimal(min((g.ratio for _, g in known), default=None)),
        "largest": words.decimal(max((g.ratio for _, g in known), default=None)),
    }
    parts = [words("municipal_robustness.caption", **values)] if known else []
    parts.append(_placebo(found, design, words))
    parts += [
        words(
            "municipal_estimates.without_reason",
            which=label,
            reason=reason(row.problem, data, words),
        )
        for label, row in zip(labels, found, strict=True)
        if row.problem is not None
    ]
    caption = " ".join(part for part in parts if part)
    return Exhibit(
        id="municipal_robustness",
        title=words("municipal_robustness.title", **values),
        caption=caption,
        source=source(data, words),
        alternative_text=rows_in_words(labels, rows, words),
        data=without_infinities(rows),
        draw=lambda: forest(drawn, axis, words),
        shown=pd.DataFrame(
            [_shown(row, label, words) for row, label in zip(found, labels, strict=True)]
        ),
        numbers=finite(
            {
                "municipal_robustness_rows": (len(known), "rows"),
                "municipal_robustness_hold_one": (sides.count("holds_one"), "rows"),
                **{
                    f"municipal_robustness_{row.name}_ratio": (row.estimate.ratio, "ratio")
                    for row in found
                    if row.estimate is not None
                },
            }
        ),
    )


def _placebo(found: Sequence[RobustnessRow], design: Design, words: Words) -> str:
    given = next((row.estimate for row in found if row.kind == "placebo"), None)
    if given is None:
        return ""
    interval = given.interval
    held = side_of_one(interval.low, interval.high) == "holds_one"
    return words(
        f"municipal_robustness.placebo_{'holds' if held else 'excludes'}",
        year=design.municipal.placebo_year.value,
        ratio=ratio_text(interval.ratio, interval.low, interval.high, words),
    )


def _shown(row: RobustnessRow, label: str, words: Words) -> dict[str, str]:
    heads = ("ratio", "interval", "p", "wild", "sandwich", "n")
    cells = estimate_cells(row.estimate, heads, words, {})
    return {words("municipal_robustness.head_row"): label, **cells}


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
            else words("ratios.no_estimate")
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
