"""The four estimands with every inference, and what was left out before fitting."""

from collections.abc import Sequence

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import (
    counted,
    estimate_cells,
    finite,
    p_text,
    place_text,
    reason,
    rows_in_words,
    sentence,
    side,
    source,
    without_infinities,
)
from bsup_analysis.effects.municipal.estimands import Estimand, dropped_rows, estimand_rows
from bsup_analysis.exhibit.charts import forest, ratio_text
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.language import Words

ESTIMANDS = {
    "E1": "per_inhabitant",
    "E2": "without_largest",
    "E3": "nok_per_inhabitant",
    "E4": "average",
}
EMPTY = ("ratio", "low", "high", "detectable_below", "detectable_above")


def estimand_label(key: str, data: MunicipalData, words: Words) -> str:
    """Name an estimand."""
    named = ESTIMANDS[key] + (f"_{data.definition}" if key == "E4" else "")
    return sentence(
        words(
            f"municipal.estimand.{named}",
            counted=counted(data, words),
            largest=data.names[data.largest],
        )
    )


@traced
def estimands(
    municipal_estimands: Sequence[Estimand], municipal_data: MunicipalData, words: Words
) -> Exhibit:
    """Show E1 to E4: ratio, primary interval and p-value, and the other tests beside."""
    found, data = municipal_estimands, municipal_data
    labels = [estimand_label(item.key, data, words) for item in found]
    rows = estimand_rows(found)
    for column in EMPTY:
        rows[column] = rows[column] if column in rows else float("nan")
    drawn = rows.assign(label=labels, is_main=rows["confirmatory"])
    head = words("municipal_estimates.axis")
    first = found[0]
    values = {
        "counted": counted(data, words),
        "largest": data.names[data.largest],
    }
    others = [
        words(
            "municipal_estimates.without_reason",
            which=label,
            reason=reason(item.problem, data, words),
        )
        for item, label in zip(found, labels, strict=True)
        if item.problem is not None
    ]
    if first.estimate is None:
        caption = " ".join(others)
    else:
        interval = first.estimate.interval
        values |= {
            "ratio": ratio_text(interval.ratio, interval.low, interval.high, words),
            "level": words.percent(interval.level, 0),
            "side": side(interval, words),
            "below": words.decimal(interval.detectable_below),
            "above": words.decimal(interval.detectable_above),
            "power": words.percent(interval.power, 0),
            "df": words.count(interval.df),
        }
        caption = " ".join([words("municipal_estimates.caption", **values), *others])
    return Exhibit(
        id="municipal_estimands",
        title=words("municipal_estimates.title", **values),
        caption=caption,
        source=source(data, words),
        alternative_text=rows_in_words(labels, rows, words),
        data=without_infinities(rows),
        draw=lambda: forest(drawn, head, words),
        shown=pd.DataFrame([_shown(i, t, words) for i, t in zip(found, labels, strict=True)]),
        numbers=_numbers(found),
    )


def _shown(item: Estimand, label: str, words: Words) -> dict[str, str]:
    given = item.estimate
    heads = ("ratio", "interval", "p", "holm", "wild", "randomisation", "sandwich", "n")
    own = {
        "holm": p_text(item.holm_p_value, words),
        "randomisation": p_text(given.randomisation.p_value if given else None, words),
    }
    return {words("municipal.head.measure"): label, **estimate_cells(given, heads, words, own)}


def _numbers(found: Sequence[Estimand]) -> dict:
    numbers: dict[str, tuple[float | None, str]] = {}
    for item in found:
        if item.estimate is None:
            continue
        given, stem = item.estimate, f"municipal_{item.key.lower()}"
        numbers |= {
            f"{stem}_ratio": (given.ratio, "ratio"),
            f"{stem}_low": (given.interval.low, "ratio"),
            f"{stem}_high": (given.interval.high, "ratio"),
            f"{stem}_p_value": (given.p_value, "p-value"),
            f"{stem}_holm_p_value": (item.holm_p_value, "p-value"),
            f"{stem}_wild_p_value": (given.wild.p_value, "p-value"),
            f"{stem}_randomisation_p_value": (given.randomisation.p_value, "p-value"),
            f"{stem}_detectable_above": (given.interval.detectable_above, "ratio"),
            f"{stem}_detectable_below": (given.interval.detectable_below, "ratio"),
            f"{stem}_municipalities": (given.municipalities, "municipalities"),
        }
    return finite(numbers)


@traced
def left_out(
    municipal_estimands: Sequence[Estimand], municipal_data: MunicipalData, words: Words
) -> Exhibit:
    """List what no model could use: unknown cells, nothing but zeros, no finite fit."""
    data = municipal_data
    parts = [
        dropped_rows(item.estimate.dropped).assign(estimand=item.key)
        for item in municipal_estimands
        if item.estimate is not None
    ]
    columns = ["estimand", "kind", "name", "cells"]
    rows = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    shown = []
    for (key, kind), group in rows.groupby(["estimand", "kind"], sort=True):
        shown.append(
            {
                words("municipal.head.left_out"): words(
                    "municipal_estimates.left_out_row",
                    why=words(f"municipal.dropped.{kind}"),
                    measure=estimand_label(str(key), data, words),
                ),
                words("municipal.head.cells"): words.count(int(group["cells"].sum())),
                words("municipal.head.which"): _which(list(group["name"]), data),
            }
        )
    if not shown:
        shown = [
            {
                words("municipal.head.left_out"): words("municipal.nothing"),
                words("municipal.head.cells"): words.count(0),
                words("municipal.head.which"): words.decimal(None),
            }
        ]
    own = rows[rows["estimand"] == "E1"]
    cells = int(own["cells"].sum())
    values = {
        "cells": words.count(cells),
        "zeros": words.count(int((own["kind"] == "municipality_only_zeros").sum())),
    }
    caption = words(
        "municipal_estimates.left_out_caption" if len(rows) else "municipal_estimates.nothing_left",
        **values,
    )
    return Exhibit(
        id="municipal_left_out",
        title=words("municipal_estimates.left_out_title"),
        caption=caption,
        source=source(data, words),
        alternative_text=caption,
        data=rows,
        shown=pd.DataFrame(shown),
        numbers=finite({"municipal_cells_left_out": (cells, "municipality-years")}),
    )


def _which(names: Sequence[str], data: MunicipalData) -> str:
    """Write `1601 2005`, `1601 2006` as one name with its years."""
    by_name: dict[str, list[str]] = {}
    for name in names:
        code, _, year = name.partition(" ")
        by_name.setdefault(place_text(code, data), []).append(year)
    return "; ".join(f"{name} {', '.join(years)}".strip() for name, years in by_name.items())
