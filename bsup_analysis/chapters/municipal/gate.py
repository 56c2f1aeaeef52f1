"""The data gate: an imported municipal table held against what is published."""

import math
from typing import Any

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.language import Words

_SOURCES = {
    "document p. 14": "p14",
    "document p. 11": "p11",
    "document p. 11, year by reading order": "p11_order",
    "document p. 6": "p06",
    "press": "press",
}
STATUSES = ("agrees", "deviates", "incomplete")


def _row(total: dict[str, Any], words: Words) -> dict[str, str]:
    """Give one published total as the reader sees it."""
    area = total["area_name"] or words(f"gate.area.{total['area']}")
    more_than = math.isinf(total["high"])
    published = words.count(total["published"])
    status = words(f"gate.status.{total['status']}", missing=words.count(total["missing"]))
    return {
        words("gate.head.total"): words(
            "gate.row",
            area=area,
            quantity=words(f"gate.quantity.{total['quantity']}"),
            year=total["year"],
            source=words(f"gate.from.{_SOURCES[total['source']]}"),
        ),
        words("gate.head.published"): words("gate.more_than", value=published)
        if more_than
        else published,
        words("gate.head.imported"): words.count(total["imported"]),
        words("gate.head.difference"): words.signed(total["difference"]),
        words("gate.head.status"): status,
    }


@traced
def data_gate(municipal_gate: pd.DataFrame, municipal_data: MunicipalData, words: Words) -> Exhibit:
    """Show which published totals the imported table reproduces, and each that it does not.

    Parameters
    ----------
    municipal_gate
        From `bsup_analysis.municipal_import.validation.compare`.
    municipal_data
        What is counted, and whether it is a demonstration.
    words
        The language.
    """
    counts = {one: int((municipal_gate["status"] == one).sum()) for one in STATUSES}
    sums = municipal_gate["area"] != "municipality"
    listed = municipal_gate[sums | (municipal_gate["status"] == "deviates")]
    columns = [
        words(f"gate.head.{name}")
        for name in ("total", "published", "imported", "difference", "status")
    ]
    shown = pd.DataFrame(
        [_row(total, words) for total in listed.to_dict("records")], columns=columns
    )
    values = {
        **{one: words.count(count) for one, count in counts.items()},
        "all": words.count(len(municipal_gate)),
        "counted": words(f"data_level.definition.{municipal_data.definition}"),
    }
    verdict = "deviates" if counts["deviates"] else "agrees" if counts["agrees"] else "nothing"
    if municipal_data.synthetic:
        verdict = "synthetic"
    return Exhibit(
        id="data_gate",
        title=words("gate.title"),
        caption=words(f"gate.caption.{verdict}", **values),
        source=words("gate.source"),
        alternative_text=words("gate.alternative_text", **values),
        data=municipal_gate.replace(math.inf, math.nan),
        shown=shown,
        numbers={f"gate_{one}": Number(count, "published totals") for one, count in counts.items()},
    )
