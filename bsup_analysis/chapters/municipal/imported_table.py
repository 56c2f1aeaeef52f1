"""The table that the municipal level rests on: how much is known, and if it fits the totals."""

import math

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData, MunicipalPanels
from bsup_analysis.chapters.municipal.phrases import counted, municipal_content, named, sentence
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

OF_LOANS = {"loss_sharing", "amounts_known", "amounts_unknown"}
STATUSES = ("agrees", "deviates", "incomplete")


@exhibit("municipal_data_used", "municipal_data")
def data_used(
    municipal_data: MunicipalData, municipal_panels: MunicipalPanels, words: Words
) -> Content:
    """Tell what the table holds of the years and municipalities that the design asks for."""
    data, timing, absent = municipal_data, municipal_data.timing, municipal_panels.absent_years
    rows = data.table[data.table["year"].isin(timing.years)]
    units = rows.drop_duplicates("unit")
    loose = (rows["count_low"] < rows["count_high"]).fillna(False).astype(bool)
    present = [year for year in timing.years if year not in absent]
    known, whole = int(rows["count"].notna().sum()), len(rows)
    contrast = words("municipal_data.of_ratio", before=timing.before, after=timing.treated)
    unpriced = int(rows["amount_nok"].isna().sum())
    # what it is, as the reader sees it, and in keys and codes; None: not in the file
    facts: list[tuple[str, str | int, str | None]] = [
        ("counted", sentence(counted(data, words)), data.definition),
        ("kind", words(f"municipal_data.kind.{data.kind}"), data.kind),
        ("years", words.years(present) or words("municipal.none"), " ".join(map(str, present))),
        ("absent", words.years(absent) or words("municipal.none"), None),
        ("contrast", contrast, None),
        ("selection", str(timing.selection_year), None),
        _count("priority", (units["group"] == "priority").sum()),
        _count("other", (units["group"] == "other").sum()),
        _count("clusters", len({data.cluster[unit] for unit in units["unit"]})),
        ("partners", named(data.excluded, data, words), " ".join(data.excluded)),
        ("largest", data.names[data.largest], data.largest),
        ("loss_sharing", named(data.loss_sharing, data, words), " ".join(data.loss_sharing)),
        _count("counts_known", known),
        _count("counts_unknown", whole - known),
        _count("counts_within_limits", loose.sum()),
        _count("amounts_known", rows["amount_nok"].notna().sum()),
        _count("amounts_unknown", unpriced),
        _count("population_unknown", rows["population"].isna().sum()),
    ]
    short = "_short" if isinstance(municipal_panels.primary, NotEstimableError) else ""
    unit = "municipality-years"
    values = {"counted": counted(data, words), "known": known, "cells": whole}
    caption = words(f"municipal_data.caption{short}", **values)
    if data.kind != "programme":
        facts = [fact for fact in facts if fact[0] not in OF_LOANS]
        caption += " " + words(f"municipal_outcomes.{data.outcome}.about")
    known_codes = [(name, code) for name, _, code in facts if code is not None]
    table = [
        {"what": name, "value": words.count(value) if isinstance(value, int) else value}
        for name, value, _ in facts
    ]
    numbers = {
        "municipal_counts_known": (float(known), unit),
        "municipal_counts_unknown": (float(whole - known), unit),
        "municipal_amounts_unknown": (unpriced if data.kind == "programme" else None, unit),
    }
    rows = pd.DataFrame(known_codes, columns=["what", "value"])
    return municipal_content(data, words, rows, caption=caption, table=table, numbers=numbers)


def _count(name: str, number: int) -> tuple[str, int, str]:
    return name, int(number), str(number)


@exhibit("data_gate", "gate")
def data_gate(municipal_gate: pd.DataFrame, municipal_data: MunicipalData, words: Words) -> Content:
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
    shown = [
        {
            **total,
            "area": total["area_name"] or words(f"gate.area.{total['area']}"),
            "published": words("gate.more_than", value=total["published"])
            if math.isinf(total["high"])
            else words.count(total["published"]),
            "status": words(f"gate.status.{total['status']}", missing=total["missing"]),
        }
        for total in listed.to_dict("records")
    ]
    values = {
        **counts,
        "all": len(municipal_gate),
        "counted": words(f"data_level.definition.{municipal_data.definition}"),
    }
    verdict = "deviates" if counts["deviates"] else "agrees" if counts["agrees"] else "nothing"
    if municipal_data.synthetic:
        verdict = "synthetic"
    data = municipal_gate.replace(math.inf, math.nan)
    caption = words(f"gate.caption.{verdict}", **values)
    numbers = {f"gate_{one}": (count, "published totals") for one, count in counts.items()}
    return Content(data, values, caption=caption, table=shown, numbers=numbers)
