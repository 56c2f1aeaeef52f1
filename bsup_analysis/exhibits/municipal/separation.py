"""What was left out before fitting: unknown cells, nothing but zeros, no finite fit."""

from collections.abc import Sequence

import pandas as pd

from bsup_analysis.effects.municipal.estimands import Estimand
from bsup_analysis.effects.municipal.rows import dropped_rows
from bsup_analysis.exhibits.exhibit import Exhibit, traced
from bsup_analysis.exhibits.municipal.estimates import estimand_label
from bsup_analysis.exhibits.municipal.phrases import finite, place_text, source
from bsup_analysis.language import Words
from bsup_analysis.results.municipal_data import MunicipalData


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
