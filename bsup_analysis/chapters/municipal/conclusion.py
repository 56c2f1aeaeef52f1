"""What may be said: the verdict on start loans, and whether groups moved alike in what else is."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData, Trends
from bsup_analysis.chapters.municipal import phrases
from bsup_analysis.design import Design
from bsup_analysis.effects.inference import RatioInterval
from bsup_analysis.effects.municipal.estimands import Estimand, Estimate
from bsup_analysis.effects.municipal.event_study import EventStudy
from bsup_analysis.effects.municipal.honest import HonestInterval, Sensitivity
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.verdict import Criterion, Verdict
from bsup_analysis.exhibit.charts import side_of_one
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

SCORE = {"worse": -1, "not_shown": 0, "improved": 1}
SIDES = {"below": -1.0, "holds_one": 0.0, "above": 1.0}


@exhibit("municipal_verdict", "municipal_verdict")
def judgement(
    municipal_conclusion: Verdict | Trends | NotEstimableError,
    municipal_estimands: Sequence[Estimand],
    municipal_event_study: EventStudy | NotEstimableError,
    municipal_bounds: Sensitivity | NotEstimableError,
    municipal_data: MunicipalData,
    design: Design,
    words: Words,
) -> Content:
    """Show what may be said: of start loans the verdict, of others if the groups moved alike."""
    found, data = municipal_conclusion, municipal_data
    if isinstance(found, Verdict):
        return _verdict(found, municipal_estimands, municipal_bounds, data, design, words)
    if isinstance(found, Trends):
        second = municipal_estimands[1].estimate
        return _trends(found, second, municipal_event_study, municipal_bounds, data, words)
    stem = "municipal_verdict" if data.kind == "programme" else "municipal_trends"
    title = words(f"{stem}.title", word="none", counted=phrases.counted(data, words))
    return replace(phrases.not_estimable(title, found, data, words), id=stem)


def _verdict(
    verdict: Verdict,
    municipal_estimands: Sequence[Estimand],
    municipal_bounds: Sensitivity | NotEstimableError,
    data: MunicipalData,
    design: Design,
    words: Words,
) -> Content:
    """Show the verdict, its three conditions, what stands beside them, and the limits."""
    stem = "municipal_verdict"
    interval, key, second = verdict.interval, verdict.key, municipal_estimands[1]
    bounds = None if isinstance(municipal_bounds, NotEstimableError) else municipal_bounds
    found: dict[str, tuple[float, float, float] | None] = {
        "excludes_one": (interval.ratio, interval.low, interval.high),
        "without_largest": None
        if second.estimate is None
        else (second.estimate.ratio, second.estimate.interval.low, second.estimate.interval.high),
        "fixed_length": None if bounds is None else _as_ratio(bounds.decisive),
    }
    m, missing = design.municipal.rule_m.value, [second.problem, municipal_bounds]
    values = {
        "counted": phrases.counted(data, words),
        "first": data.timing.first_treated_year,
        "reference": data.timing.reference_year,
        "largest": data.names[data.largest],
        "interval": interval,
        "trend": words(f"{stem}.trend_{'bending' if m else 'straight'}", m=m),
        **found,
    }
    conditions = {c.name.partition(":")[0]: c for c in verdict.criteria}
    lacking = [
        words(f"{stem}.{'unmet' if found[name] else 'unknown'}_{name}", **values)
        for name, c in conditions.items()
        if not (c.above if interval.ratio > 1 else c.below)
    ]
    said = words(f"{stem}.{key}", **values)
    if lacking:
        said += " " + words(f"{stem}.unmet", which=lacking)
    nothing, cells = (None, None, None), ("condition", "found", "met")
    rows: list[tuple[object, ...]] = [
        ("verdict", str(key), "", interval.ratio, interval.low, interval.high)
    ]
    rows += [("criterion", c.name, _met(c), *(found[n] or nothing)) for n, c in conditions.items()]
    rows += [("reason", name, "", *nothing) for name in verdict.reasons]
    shown: list[tuple[object, ...]] = [
        (
            words(f"{stem}.condition_{name}", **values),
            words.written(found[name], "interval")
            if found[name]
            else _reason(missing[name == "fixed_length"], data, words),
            words(f"{stem}.met_{_met(condition)}"),
        )
        for name, condition in conditions.items()
    ]
    shown.append((words(f"{stem}.head_verdict"), None, words(f"{stem}.word.{key}")))
    if bounds is not None:
        for item in bounds.smooth:
            rows.append(("beside", f"m_{item.m:g}", "", *_as_ratio(item)))
            ends = words.written(_as_ratio(item), "interval")
            shown.append((words(f"{stem}.beside_m", m=item.m), ends, None))
        most = bounds.smooth_breakdown
        rows.append(("beside", "breakdown", f"{most:.4f}", *nothing))
        shown.append((words(f"{stem}.beside_most"), words.percent(most), None))
    limits = [words(f"{stem}.reason_{name}", **values) for name in verdict.reasons]
    laid_out = pd.DataFrame(rows, columns=["kind", "key", "result", "ratio", "low", "high"])
    values |= {"word": key, "said": said, "limits": " ".join(limits), "origin": data.origin}
    table = [dict(zip(cells, row, strict=True)) for row in shown]
    numbers = {"municipal_verdict": (float(SCORE[key]), "-1 worse, 0 not shown, 1 improved")}
    for name, value in zip(("ratio", "low", "high"), found["fixed_length"] or (), strict=False):
        numbers[f"municipal_fixed_length_{name}"] = value, "ratio"
    return Content(laid_out, values, table=table, numbers=numbers)


def _trends(
    found: Trends,
    second: Estimate | None,
    study: EventStudy | NotEstimableError,
    bounds: Sensitivity | NotEstimableError,
    data: MunicipalData,
    words: Words,
) -> Content:
    """Show how the groups moved before and after, and what is left if they would not have alike."""
    stem, timing, contrast = "municipal_trends", data.timing, found.contrast.interval
    placebo = None if isinstance(found.placebo, NotEstimableError) else found.placebo.interval
    joint = None if isinstance(study, NotEstimableError) else study.joint
    rows = {"placebo": _ends(placebo)} if placebo else {}
    rows["contrast"] = _ends(contrast)
    if not isinstance(bounds, NotEstimableError):
        mean, parallel = math.exp(bounds.estimate), bounds.parallel
        most = min(bounds.relative, key=lambda item: abs((item.m or 0.0) - 1))
        rows["parallel"] = mean, math.exp(parallel.low), math.exp(parallel.high)
        rows["relative"] = mean, math.exp(most.low), math.exp(most.high)
        rows["straight"] = _as_ratio(bounds.decisive)
    sides = {key: side_of_one(*ratio[1:]) for key, ratio in rows.items()}
    before, after = sides.get("placebo", "unknown"), sides["contrast"]
    values: dict[str, object] = {
        "counted": phrases.counted(data, words),
        "name": phrases.sentence(phrases.counted(data, words)),
        "placebo_year": timing.placebo_year,
        "before": timing.before,
        "after": timing.treated,
        "last": timing.treated[-1],
        "first": timing.first_treated_year,
        "reference": timing.reference_year,
        "level": contrast.level,
        "joint": joint,
        "largest": data.names[data.largest],
        "second": None if second is None else second.interval,
        **rows,
    }
    meaning = "open" if after == "holds_one" else "apart_after"
    if before in ("above", "below"):
        meaning = "apart_before"
    said = [
        words(f"{stem}.before_{before}", **values),
        words(f"{stem}.after_{after}", **values),
        words(f"{stem}.second_{_without_largest(second, after)}", **values),
        words(f"{stem}.{data.kind}.{meaning}", **values),
    ]
    shown = [
        {
            "question": words(f"{stem}.row.{key}", **values),
            "found": words.written(ratio, "interval"),
            "answer": words(f"{stem}.answer.{sides[key]}"),
        }
        for key, ratio in rows.items()
    ]
    if joint is not None:
        rejected = "rejected" if joint.p_value < 1 - joint.level else "not_rejected"
        test = {
            "question": words(f"{stem}.row.joint_test", **values),
            "found": words(f"{stem}.p_and_power", joint=joint),
            "answer": words(f"{stem}.answer.{rejected}"),
        }
        shown.insert(list(rows).index("contrast"), test)
    published = {"placebo": "placebo", "relative": "relative_one", "straight": "fixed_length"}
    answers = [(key, sides[key], *ratio) for key, ratio in rows.items()]
    numbers = {
        f"municipal_{name}_{end}": (value, "ratio")
        for key, name in published.items()
        if key in rows
        for end, value in zip(("ratio", "low", "high"), rows[key], strict=True)
    } | {
        f"municipal_{when}": (SIDES[side], "-1 less growth than the others, 0 open, 1 more")
        for when, side in (("before", before), ("after", after))
        if side in SIDES
    }
    return phrases.municipal_content(
        data,
        words,
        pd.DataFrame(answers, columns=["key", "side", "ratio", "low", "high"]),
        values,
        caption=" ".join(said),
        table=shown,
        numbers=numbers,
        id=stem,
        stem=stem,
    )


def _without_largest(second: Estimate | None, side: str) -> str:
    if second is None:
        return "unknown"
    if side == "holds_one":
        return "open"
    own = side_of_one(second.interval.low, second.interval.high)
    return "alike" if own == side else "other"


def _ends(interval: RatioInterval) -> tuple[float, float, float]:
    return interval.ratio, interval.low, interval.high


def _as_ratio(given: HonestInterval) -> tuple[float, float, float]:
    middle = (given.low + given.high) / 2
    return math.exp(middle), math.exp(given.low), math.exp(given.high)


def _met(criterion: Criterion) -> str:
    return "above" if criterion.above else "below" if criterion.below else "neither"


def _reason(problem: object, data: MunicipalData, words: Words) -> str:
    if isinstance(problem, NotEstimableError):
        return phrases.reason(problem, data, words)
    return words("ratios.no_estimate")
