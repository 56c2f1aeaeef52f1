"""Phrases and tables that the exhibits of the municipal level share."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.effects.municipal.estimands import Estimate
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.exhibit.charts import forest
from bsup_analysis.exhibit.exhibit import Content
from bsup_analysis.language import Words

DRAWN = ("ratio", "low", "high", "detectable_below", "detectable_above")
TABULATED = (
    *("low", "high", "p_value", "holm_p_value", "randomisation_p_value"),
    *("sandwich_low", "sandwich_high", "priority", "municipalities"),
)


def counted(data: MunicipalData, words: Words) -> str:
    """Name what is counted: loans, dwellings approved, or another outcome."""
    if data.kind == "programme":
        return words(f"data_level.outcome.{data.definition}")
    return words(f"municipal_outcomes.{data.outcome}.name")


def own_name(name: str, data: MunicipalData) -> str:
    """Give an exhibit or a number of the municipal level its id: `municipal_x` of start loans.

    Of another outcome it is `municipal_OUTCOME_x`.
    """
    rest = name.removeprefix("municipal_")
    return name if data.kind == "programme" else f"municipal_{data.outcome}_{rest}"


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def municipal_content(
    data: MunicipalData,
    words: Words,
    rows: pd.DataFrame,
    values: Mapping[str, object] = MappingProxyType({}),
    **more: Any,
) -> Content:
    """Make the content of an exhibit of the municipal level: as `Content`, with its source.

    Its words may name what is `counted`. Ends that reach infinity are left empty in the CSV. Its
    id and those of its `numbers` are the outcome's.
    """
    return Content(
        rows.replace([math.inf, -math.inf], math.nan),
        {"counted": counted(data, words), **values},
        named=partial(own_name, data=data),
        **{"source": source(data, words), **more},
    )


def source(data: MunicipalData, words: Words) -> str:
    """Say what the exhibits of a municipal table rest on."""
    made = "source_synthetic" if data.synthetic else "source"
    return words(f"municipal.{made}", origin=origin(data, words))


def origin(data: MunicipalData, words: Words) -> str:
    """Say where the numbers come from."""
    return data.origin or words(f"municipal_outcomes.{data.outcome}.source")


def named(codes: Iterable[str], data: MunicipalData, words: Words) -> str:
    """List municipalities by name; nobody as such."""
    names = [data.names.get(code, code) for code in codes]
    return words.listed(names) if names else words("municipal.nobody")


def left_out_text(stem: str, codes: Sequence[str], data: MunicipalData, words: Words) -> str:
    """Say after a sentence which municipalities were left out, if any were."""
    return " " + words(f"{stem}.left_out", names=named(codes, data, words)) if codes else ""


def reason(problem: NotEstimableError, data: MunicipalData, words: Words) -> str:
    """Say why something cannot be estimated."""
    values: dict[str, str] = {}
    for key, value in problem.about.items():
        text = words.decimal(value) if isinstance(value, float) else str(value)
        if key == "code":
            text = data.names.get(text, text)
        elif key == "cluster":
            text = named(
                sorted(u for u, label in data.cluster.items() if label == text), data, words
            )
        values[key] = text
    return words(f"municipal.not_estimable.{problem.key}", **values)


def reasons(
    labels: Sequence[str],
    problems: Sequence[NotEstimableError | None],
    data: MunicipalData,
    words: Words,
) -> list[str]:
    """Say of each row without an estimate why it has none."""
    return [
        words(
            "municipal_estimates.without_reason", which=label, reason=reason(problem, data, words)
        )
        for label, problem in zip(labels, problems, strict=True)
        if problem is not None
    ]


def not_estimable(
    title: str, problem: NotEstimableError, data: MunicipalData, words: Words
) -> Content:
    """Stand in the place of an exhibit that the data do not allow, with the reason."""
    why = reason(problem, data, words)
    rows = pd.DataFrame({"not_estimable": [problem.key], "reason": [str(problem)]})
    caption, stem = words("municipal.not_estimable_caption", reason=why), "municipal.not_estimable"
    table = [{"reason": why}]
    return municipal_content(
        data, words, rows, title=title, caption=caption, table=table, stem=stem
    )


def ends_text(low: float | None, high: float | None, words: Words) -> str:
    """Write an interval whose ends may be missing: unbounded ones are said to be."""
    if low is None or high is None:
        return words.decimal(None)
    if low <= 0 and math.isinf(high):
        return words("municipal.unbounded")
    if low <= 0:
        return words("municipal.at_most", value=high)
    if math.isinf(high):
        return words("municipal.at_least", value=low)
    return words.written((low, high), "range")


def rows_to_draw(rows: pd.DataFrame, labels: Sequence[str], main: pd.Series) -> pd.DataFrame:
    """Give rows what `charts.forest` draws, whatever could be estimated."""
    missing = {name: math.nan for name in DRAWN if name not in rows}
    return rows.assign(**missing, label=labels, is_main=main)


def ratios(
    drawn: pd.DataFrame,
    axis: str,
    data: MunicipalData,
    words: Words,
    estimates: Sequence[Estimate | None] | None = None,
    **more: Any,
) -> Content:
    """Make the content of an exhibit of ratios, one a row: drawn, in words, and as a table.

    Parameters
    ----------
    drawn
        From `rows_to_draw`.
    axis
        Key of the axis' title.
    data, words, more
        As of `municipal_content`.
    estimates
        Of the rows, for the table; None: no table.
    """
    return municipal_content(
        data,
        words,
        drawn.sort_index().drop(columns=["label", "is_main"]),
        alternative_text=rows_in_words(drawn, words),
        draw=lambda: forest(drawn, words(axis), words),
        table=None if estimates is None else estimate_table(drawn, estimates, words),
        **more,
    )


def rows_in_words(drawn: pd.DataFrame, words: Words) -> str:
    """Describe a picture of ratios, one a row, for those who do not see it."""
    said = [
        f"{row.label}: "
        + words("ratios.no_estimate" if math.isnan(row.ratio) else "ratios.interval",
                ratio=row.ratio, low=row.low, high=row.high)
        for row in drawn.itertuples()
    ]  # fmt: skip
    return words("municipal.forest_alternative_text", rows="; ".join(said))


def estimate_table(
    drawn: pd.DataFrame, estimates: Sequence[Estimate | None], words: Words
) -> list[dict[str, object]]:
    """Lay out estimates with every inference, one a row of a table that is shown.

    Parameters
    ----------
    drawn
        From `rows_to_draw`.
    estimates
        Of the rows; None: it could not be made, and the cell says so.
    words
        The language.
    """
    found: list[dict[str, object]] = [
        {"ratio": words("ratios.no_estimate"), "wild": None, "ends": None}
        if given is None
        else {
            "ratio": words.decimal(given.ratio),
            "wild": (given.wild.p_value, given.wild.draws),
            "ends": ends_text(given.wild.low, given.wild.high, words),
        }
        for given in estimates
    ]
    rows = drawn.reindex(columns=["label", *TABULATED]).to_dict("records")
    return [{**row, **own} for row, own in zip(rows, found, strict=True)]
