"""The decision table on municipal data: each condition, and what may be said."""

from collections.abc import Sequence

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal.phrases import (
    counted,
    finite,
    not_estimable,
    reason,
)
from bsup_analysis.design import Design
from bsup_analysis.effects.municipal.estimands import Estimand
from bsup_analysis.effects.municipal.honest import Sensitivity
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.verdict import Criterion, Verdict
from bsup_analysis.exhibit.charts import ratio_text
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.language import Words

SCORE = {"worse": -1, "not_shown": 0, "improved": 1}


@traced
def judgement(
    municipal_decision: Verdict | NotEstimableError,
    municipal_estimands: Sequence[Estimand],
    municipal_bounds: Sensitivity | NotEstimableError,
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the verdict, its conditions, the smallest effect that could be seen, and the limits."""
    verdict, data = municipal_decision, municipal_data
    if isinstance(verdict, NotEstimableError):
        title = words("municipal_verdict.title", word=words("municipal_verdict.word_none"))
        return not_estimable("municipal_verdict", title, verdict, data, words)
    interval = verdict.interval
    answers = _answers(municipal_estimands, municipal_bounds, data, words)
    unmet = [c for c in verdict.criteria if not (c.above if interval.ratio > 1 else c.below)]
    values = {
        "counted": counted(data, words),
        "first": design.window.first_treated_year.value,
        "largest": data.names[data.largest],
        "interval": ratio_text(interval.ratio, interval.low, interval.high, words),
        "level": words.percent(interval.level, 0),
        "power": words.percent(interval.power, 0),
        "above": words.decimal(interval.detectable_above),
        "below": words.decimal(interval.detectable_below),
    }
    said = words(f"municipal_verdict.{verdict.key}", **values)
    unknown = {
        "breakdown": isinstance(municipal_bounds, NotEstimableError),
        "without_largest": municipal_estimands[1].estimate is None,
    }
    lacking = [
        words(
            f"municipal_verdict.{'unknown' if unknown.get(_name(c)) else 'unmet'}_{_name(c)}",
            largest=values["largest"],
        )
        for c in unmet
    ]
    if lacking:
        said += " " + words("municipal_verdict.unmet", which=words.listed(lacking))
    limits = [words(f"municipal_verdict.reason_{key}", **values) for key in verdict.reasons]
    rows: list[tuple[str, str, str]] = [("verdict", verdict.key, "")]
    rows += [("criterion", c.name, _met(c)) for c in verdict.criteria]
    rows += [("reason", key, "") for key in verdict.reasons]
    return Exhibit(
        id="municipal_verdict",
        title=words("municipal_verdict.title", word=words(f"municipal_verdict.word_{verdict.key}")),
        caption=" ".join([said, words("municipal_verdict.because"), *limits]),
        source=words("municipal_verdict.source", origin=data.origin),
        alternative_text=said,
        data=pd.DataFrame(rows, columns=["kind", "key", "result"]).assign(
            ratio=interval.ratio, low=interval.low, high=interval.high
        ),
        shown=pd.DataFrame(
            [
                *(_condition(c, answers[_name(c)], data, words) for c in verdict.criteria),
                {
                    words("municipal_verdict.head_condition"): words(
                        "municipal_verdict.head_verdict"
                    ),
                    words("municipal_verdict.head_found"): values["interval"],
                    words("municipal_verdict.head_met"): words(
                        f"municipal_verdict.word_{verdict.key}"
                    ),
                },
            ]
        ),
        numbers=finite(
            {
                "municipal_verdict": (SCORE[verdict.key], "-1 worse, 0 not shown, 1 improved"),
                "municipal_detectable_above": (interval.detectable_above, "ratio"),
                "municipal_detectable_below": (interval.detectable_below, "ratio"),
            }
        ),
    )


def _name(criterion: Criterion) -> str:
    return criterion.name.partition(":")[0]


def _met(criterion: Criterion) -> str:
    if criterion.above and criterion.below:
        return "either"
    return "above" if criterion.above else "below" if criterion.below else "neither"


def _answers(
    found: Sequence[Estimand],
    bounds: Sensitivity | NotEstimableError,
    data: MunicipalData,
    words: Words,
) -> dict[str, str]:
    """Tell what was found on each condition: a ratio, a breakdown, or why there is none."""
    answers = {}
    for name, item in (("excludes_one", found[0]), ("without_largest", found[1])):
        if item.estimate is None:
            why = item.problem
            answers[name] = reason(why, data, words) if why else words("ratios.no_estimate")
        else:
            given = item.estimate.interval
            answers[name] = ratio_text(given.ratio, given.low, given.high, words)
    answers["breakdown"] = (
        reason(bounds, data, words)
        if isinstance(bounds, NotEstimableError)
        else words.decimal(bounds.relative_breakdown)
    )
    return answers


def _condition(
    criterion: Criterion, answer: str, data: MunicipalData, words: Words
) -> dict[str, str]:
    return {
        words("municipal_verdict.head_condition"): words(
            f"municipal_verdict.condition_{_name(criterion)}", largest=data.names[data.largest]
        ),
        words("municipal_verdict.head_found"): answer,
        words("municipal_verdict.head_met"): words(f"municipal_verdict.met_{_met(criterion)}"),
    }
