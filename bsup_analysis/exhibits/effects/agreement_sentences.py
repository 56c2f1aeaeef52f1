"""Sentences on the agreement contrast, chosen by what the numbers are."""

from collections.abc import Sequence

import pandas as pd

from bsup_analysis.exhibits.effects.agreement_rows import FORMS, reading_intervals
from bsup_analysis.exhibits.ratios import side_of_one
from bsup_analysis.language import Words
from bsup_analysis.results.inside import AgreementReading


def exact_test(row: pd.Series, words: Words) -> dict[str, str]:
    """Write the exact test of a row of `reading_rows`: p, what was counted, and all in one."""
    parts = {
        "p": words.decimal(row["p_value"], 3 if row["p_value"] >= 0.001 else 5),
        "extreme": words.count(row["extreme"]),
        "assignments": words.count(row["assignments"]),
    }
    return parts | {"test": words("agreement.exact_test", **parts)}


def finding(readings: Sequence[AgreementReading], words: Words) -> str:
    """Say on which side of one the jackknife intervals lie, and whether the other forms agree."""
    table = reading_intervals(readings)
    table["side"] = [side_of_one(*ends) for ends in zip(table["low"], table["high"], strict=True)]
    primary = table[table["element"] == FORMS[0]]
    sides = primary.groupby("side", sort=False)["reading"].agg(list)
    sentences = [
        words(
            f"agreement.{'every' if len(sides) == 1 else 'some'}_{side}",
            readings="; ".join(words(f"agreement.reading_{name}") for name in names),
        )
        for side, names in sides.items()
    ]
    agree = len(table.drop_duplicates(["reading", "side"])) == len(readings)
    return " ".join([*sentences, words(f"agreement.forms_{'agree' if agree else 'differ'}")])


def settings(readings: Sequence[AgreementReading], words: Words) -> dict[str, str]:
    """Write the level of the intervals and the power of what could be detected."""
    primary = readings[0].contrast.jackknife
    return {"level": words.percent(primary.level, 0), "power": words.percent(primary.power, 0)}
