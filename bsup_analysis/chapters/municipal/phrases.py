"""Phrases that the exhibits of the municipal level share."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.effects.inference import RatioInterval
from bsup_analysis.effects.municipal.estimands import Estimate
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.exhibit.charts import range_text, ratio_text, side_of_one
from bsup_analysis.exhibit.exhibit import Exhibit, Number
from bsup_analysis.language import Words

SMALLEST_P = 0.001


def counted(data: MunicipalData, words: Words) -> str:
    """Name what is counted: loans, or dwellings approved."""
    return words(f"data_level.outcome.{data.definition}")


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def source(data: MunicipalData, words: Words) -> str:
    """Say where the data come from."""
    return words(
        "municipal.source_synthetic" if data.synthetic else "municipal.source", origin=data.origin
    )


def p_text(p_value: float | None, words: Words, draws: int | None = None) -> str:
    """Write a p-value with three decimals, or as below the smallest that can be told.

    Parameters
    ----------
    p_value
        None: there is none.
    words
        The language.
    draws
        Draws that the p-value is a share of; one of them is the least it can tell.
    """
    least = max(SMALLEST_P, 1 / draws if draws else 0.0)
    if p_value is not None and p_value < least:
        return f"< {words.decimal(least, 3)}"
    return words.decimal(p_value, 3)


def ends_text(low: float | None, high: float | None, words: Words) -> str:
    """Write an interval whose ends may be missing: unbounded ones are said to be."""
    if low is None or high is None:
        return words.decimal(None)
    if low <= 0 and math.isinf(high):
        return words("municipal.unbounded")
    if low <= 0:
        return words("municipal.at_most", value=words.decimal(high))
    if math.isinf(high):
        return words("municipal.at_least", value=words.decimal(low))
    return range_text(low, high, words)


def side(interval: RatioInterval, words: Words) -> str:
    """Say on which side of one an interval lies."""
    return words(f"municipal.side.{side_of_one(interval.low, interval.high)}")


def named(codes: Iterable[str], data: MunicipalData, words: Words) -> str:
    """List municipalities by name; nobody as such."""
    names = [data.names.get(code, code) for code in codes]
    return words.listed(names) if names else words("municipal.nobody")


def cluster_name(cluster: str, data: MunicipalData, words: Words) -> str:
    """Name a unit of inference by its municipalities."""
    return named(sorted(u for u, label in data.cluster.items() if label == cluster), data, words)


def place_text(name: str, data: MunicipalData) -> str:
    """Put a municipality's name for its code at the head of `1601 2008`."""
    code, blank, rest = name.partition(" ")
    return f"{data.names.get(code, code)}{blank}{rest}"


def reason(problem: NotEstimableError, data: MunicipalData, words: Words) -> str:
    """Say why something cannot be estimated."""
    values: dict[str, str] = {}
    for key, value in problem.about.items():
        text = words.decimal(value) if isinstance(value, float) else str(value)
        if key == "code":
            text = data.names.get(text, text)
        elif key == "cluster":
            text = cluster_name(text, data, words)
        values[key] = text
    return words(f"municipal.not_estimable.{problem.key}", **values)


def not_estimable(
    identifier: str,
    title: str,
    problem: NotEstimableError,
    data: MunicipalData,
    words: Words,
) -> Exhibit:
    """Stand in the place of an exhibit that the data do not allow, with the reason."""
    why = reason(problem, data, words)
    caption = words("municipal.not_estimable_caption", reason=why)
    return Exhibit(
        id=identifier,
        title=title,
        caption=caption,
        source=source(data, words),
        alternative_text=caption,
        data=pd.DataFrame({"not_estimable": [problem.key], "reason": [str(problem)]}),
        shown=pd.DataFrame(
            {
                words("municipal.head.result"): [words("ratios.no_estimate")],
                words("municipal.head.reason"): [why],
            }
        ),
    )


def finite(numbers: Mapping[str, tuple[float | None, str]]) -> dict[str, Number]:
    """Keep the numbers that are known and finite; the rest has no place in numbers.json."""
    return {
        name: Number(float(value), unit)
        for name, (value, unit) in numbers.items()
        if value is not None and math.isfinite(value)
    }


def without_infinities(table: pd.DataFrame) -> pd.DataFrame:
    """Leave ends that reach infinity empty in the CSV."""
    return table.replace([math.inf, -math.inf], math.nan)


def rows_in_words(labels: Sequence[str], rows: pd.DataFrame, words: Words) -> str:
    """Describe a picture of ratios, one a row, for those who do not see it."""
    said = []
    for label, row in zip(labels, rows.itertuples(), strict=True):
        known = not math.isnan(row.ratio)
        ratio = ratio_text(row.ratio, row.low, row.high, words) if known else None
        said.append(f"{label}: {ratio or words('ratios.no_estimate')}")
    return words("municipal.forest_alternative_text", rows="; ".join(said))


def key_without_numbers(name: str) -> str:
    """Give the key of a row's words: `placebo_2007` is `placebo`."""
    return re.sub(r"_\d+", "", name)


def estimate_cells(
    estimate: Estimate | None, heads: Sequence[str], words: Words, more: Mapping[str, str]
) -> dict[str, str]:
    """Write an estimate under the heads asked for.

    Parameters
    ----------
    estimate
        None: it could not be made, and the cells say so.
    heads
        Names below `municipal.head`, the first of them the estimate's own.
    words
        The language.
    more
        Cells that are not the estimate's own, by head.
    """
    names = [words(f"municipal.head.{name}") for name in heads]
    if estimate is None:
        none = [words("ratios.no_estimate"), *[words.decimal(None)] * (len(heads) - 1)]
        return dict(zip(names, none, strict=True))
    wild = estimate.wild
    ends = ends_text(wild.low, wild.high, words)
    cells = {
        "ratio": words.decimal(estimate.ratio),
        "interval": range_text(estimate.interval.low, estimate.interval.high, words),
        "p": p_text(estimate.p_value, words),
        "wild": f"{p_text(wild.p_value, words, wild.draws)} ({ends})",
        "sandwich": range_text(estimate.sandwich.low, estimate.sandwich.high, words),
        "n": words(
            "municipal.priority_of_all",
            priority=words.count(estimate.priority),
            all=words.count(estimate.municipalities),
        ),
        **more,
    }
    return {name: cells[head] for name, head in zip(names, heads, strict=True)}
