"""The ratio of growth at the municipal level: the estimands, and every choice changed."""

import re
from collections.abc import Sequence

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal import phrases
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.estimands import (
    Estimand,
    RobustnessRow,
    dropped_rows,
    estimand_rows,
    robustness_rows,
)
from bsup_analysis.exhibit.charts import side_of_one
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

LEFT_OUT = "leave_out_"
AXIS = "municipal_estimates.axis"
# of the numbers that are published of an estimand, by column
UNITS = {
    **dict.fromkeys(("ratio", "low", "high"), "ratio"),
    **dict.fromkeys(("p_value", "holm_p_value", "wild_p_value"), "p-value"),
    "randomisation_p_value": "p-value",
    **dict.fromkeys(("detectable_above", "detectable_below"), "ratio"),
    "municipalities": "municipalities",
}
ESTIMANDS = {
    "E1": "per_inhabitant",
    "E2": "without_largest",
    "E3": "nok_per_inhabitant",
    "E4": "average",
}


def estimand_label(key: str, data: MunicipalData, words: Words) -> str:
    """Name an estimand."""
    name = ESTIMANDS[key] + (f"_{data.definition}" if key == "E4" else "")
    if data.kind == "programme" and key == "E1":
        name += "_decides"
    largest = data.names[data.largest]
    return phrases.sentence(
        words(f"municipal.estimand.{name}", counted=phrases.counted(data, words), largest=largest)
    )


@exhibit("municipal_estimands", "municipal_estimates")
def estimands(
    municipal_estimands: Sequence[Estimand], municipal_data: MunicipalData, words: Words
) -> Content:
    """Show E1 to E4: ratio, primary interval and p-value, and the other tests beside."""
    found, data, first = municipal_estimands, municipal_data, municipal_estimands[0]
    labels = [estimand_label(item.key, data, words) for item in found]
    rows = estimand_rows(found)
    drawn = phrases.rows_to_draw(rows, labels, rows["confirmatory"])
    parts, side = phrases.reasons(labels, [item.problem for item in found], data, words), "none"
    if first.estimate is not None:
        ratio, programme = first.estimate.interval, data.kind == "programme"
        values: dict[str, object] = {
            "counted": phrases.counted(data, words),
            "ratio": ratio,
            "side": (side := side_of_one(ratio.low, ratio.high)),
            "before": data.timing.before,
            "after": data.timing.treated,
        }
        parts[:0] = [
            words(f"municipal_estimates.{'question' if programme else 'measured'}", **values),
            words("municipal_estimates.caption", **values),
            words(f"municipal_estimates.{'decides' if programme else 'no_verdict'}"),
        ]
    numbers = {
        f"municipal_{key.lower()}_{name}": (value, UNITS[name])
        for key, row in rows.set_index("key").reindex(columns=list(UNITS)).iterrows()
        for name, value in row.astype(float).items()
    }
    estimates, caption = [item.estimate for item in found], " ".join(parts)
    title = words(f"municipal_estimates.title.{side}", counted=phrases.counted(data, words))
    return phrases.ratios(
        drawn, AXIS, data, words, estimates=estimates, title=title, caption=caption, numbers=numbers
    )


@exhibit("municipal_left_out", "municipal_estimates.left_out")
def left_out(
    municipal_estimands: Sequence[Estimand], municipal_data: MunicipalData, words: Words
) -> Content:
    """List what no model could use: unknown cells, nothing but zeros, no finite fit."""
    data, stem = municipal_data, "municipal_estimates.left_out"
    columns = ["estimand", "kind", "name", "cells"]
    parts = [
        dropped_rows(item.estimate.dropped).assign(estimand=item.key)[columns]
        for item in municipal_estimands
        if item.estimate is not None
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    shown = [
        {
            "what": words(f"{stem}.row", why=kind, measure=estimand_label(str(key), data, words)),
            "cells": group["cells"].sum(),
            "which": _which(list(group["name"]), data),
        }
        for (key, kind), group in rows.groupby(["estimand", "kind"], sort=True)
    ]
    nothing = {"what": words("municipal.nothing"), "cells": 0, "which": None}
    own = rows[rows["estimand"] == "E1"]
    cells = int(own["cells"].sum())
    zeros = int((own["kind"] == "municipality_only_zeros").sum())
    caption = words(f"{stem}.{'some' if len(rows) else 'none'}", cells=cells, zeros=zeros)
    numbers = {"municipal_cells_left_out": (float(cells), "municipality-years")}
    return phrases.municipal_content(
        data, words, rows, caption=caption, table=shown or [nothing], numbers=numbers
    )


def _which(names: Sequence[str], data: MunicipalData) -> str:
    """Write `1601 2005`, `1601 2006` as one name with its years."""
    by_name: dict[str, list[str]] = {}
    for name in names:
        code, _, year = name.partition(" ")
        by_name.setdefault(data.names.get(code, code), []).append(year)
    return "; ".join(f"{name} {', '.join(years)}".strip() for name, years in by_name.items())


def row_label(name: str, data: MunicipalData, design: Design, words: Words) -> str:
    """Name a row of the robustness table."""
    if name.startswith(LEFT_OUT):
        code = name.removeprefix(LEFT_OUT)
        return data.names.get(code, code)
    chosen, timing = design.municipal, data.timing
    key = re.sub(r"_\d+", "", name)  # of `placebo_2007` it is `placebo`
    return words(
        f"municipal_robustness.row_{key}",
        reference=timing.reference_year,
        placebo=timing.placebo_year,
        selection=timing.selection_year,
        others=chosen.largest_others.value,
        priority=chosen.smallest_priority.value,
        largest=data.names[data.largest],
        loss_sharing=phrases.named(data.loss_sharing, data, words),
        partners=phrases.named(data.excluded, data, words),
    )


@exhibit("municipal_robustness", "municipal_robustness")
def robustness(
    municipal_robustness: Sequence[RobustnessRow],
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Content:
    """Show the primary ratio and every row that departs from it in one choice."""
    data = municipal_data
    found = [row for row in municipal_robustness if row.kind != "leave_one_out"]
    labels = [row_label(row.name, data, design, words) for row in found]
    rows = robustness_rows(found)
    drawn = phrases.rows_to_draw(rows, labels, rows["kind"] == "primary")
    known = [row.estimate for row in found if row.estimate is not None and row.kind != "placebo"]
    sides = [side_of_one(given.interval.low, given.interval.high) for given in known]
    parts = []
    if known:
        values = {
            "rows": len(known),
            "holding": sides.count("holds_one"),
            "above": sides.count("above"),
            "below": sides.count("below"),
            "smallest": min(given.ratio for given in known),
            "largest": max(given.ratio for given in known),
        }
        parts.append(words("municipal_robustness.caption", **values))
    for row in found:
        if row.kind == "placebo" and row.estimate is not None:
            ratio, year = row.estimate.interval, data.timing.placebo_year
            held = "excludes" if ratio.excludes_one else "holds"
            parts.append(words(f"municipal_robustness.placebo_{held}", year=year, ratio=ratio))
    parts += phrases.reasons(labels, [row.problem for row in found], data, words)
    numbers = {
        "municipal_robustness_rows": (float(len(known)), "rows"),
        "municipal_robustness_hold_one": (float(sides.count("holds_one")), "rows"),
        **{
            f"municipal_robustness_{row.name}_ratio": (row.estimate.ratio, "ratio")
            for row in found
            if row.estimate is not None
        },
    }
    estimates, caption = [row.estimate for row in found], " ".join(parts)
    return phrases.ratios(
        drawn, AXIS, data, words, estimates=estimates, caption=caption, numbers=numbers
    )


@exhibit("municipal_leave_one_out", "municipal_robustness.left_out")
def leave_one_out(
    municipal_robustness: Sequence[RobustnessRow],
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Content:
    """Show the primary ratio without each priority municipality in turn."""
    data, primary, stem = municipal_data, municipal_robustness[0], "municipal_robustness.left_out"
    found = [row for row in municipal_robustness if row.kind == "leave_one_out"]
    rows = robustness_rows([primary, *found])
    labels = [words("municipal_robustness.everybody")]
    labels += [row_label(row.name, data, design, words) for row in found]
    filled = phrases.rows_to_draw(rows, labels, rows["kind"] == "primary")
    filled["unit"] = rows["name"].str.removeprefix(LEFT_OUT)
    filled["municipality_name"] = filled["unit"].map(data.names.get)
    order = [0, *filled.iloc[1:].sort_values(["ratio", "name"], kind="stable").index]
    drawn = filled.loc[order]
    known = drawn.iloc[1:].dropna(subset=["ratio"])
    if primary.problem is not None:
        why = phrases.reason(primary.problem, data, words)
        caption = words("municipal.not_estimable_caption", reason=why)
    elif primary.estimate is None or known.empty:
        caption = words("ratios.no_estimate")
    else:
        whole, first, last = primary.estimate.interval, known.iloc[0], known.iloc[-1]
        own = side_of_one(whole.low, whole.high)
        apart = [row.label for row in known.itertuples() if side_of_one(row.low, row.high) != own]
        caption = words(
            f"{stem}.caption",
            all=whole,
            smallest=first["ratio"],
            smallest_name=first["label"],
            largest=last["ratio"],
            largest_name=last["label"],
            finding=words(f"{stem}.{'tips' if apart else 'holds'}", names=apart),
        )
    numbers = {
        "municipal_leave_one_out_smallest": (known["ratio"].min(), "ratio"),
        "municipal_leave_one_out_largest": (known["ratio"].max(), "ratio"),
    }
    return phrases.ratios(drawn, f"{stem}.axis", data, words, caption=caption, numbers=numbers)
