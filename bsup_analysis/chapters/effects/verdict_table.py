"""The verdict in the words of the decision table, generated from the interval."""

import pandas as pd

from bsup_analysis.analysis.outcome_contrast import OutcomeContrast
from bsup_analysis.effects.verdict import Verdict
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.language import Words


def verdict_sentence(verdict: Verdict, outcome: str, words: Words) -> str:
    """Say the verdict on an outcome with its widest interval and what could have been found."""
    interval = verdict.interval
    return words(
        f"verdict.{verdict.key}",
        outcome=words(f"outcomes.{outcome}.name"),
        interval=words.written(interval, "interval"),
        level=words.percent(interval.level, 0),
        above=words.decimal(interval.detectable_above),
        below=words.decimal(interval.detectable_below),
        power=words.percent(interval.power, 0),
    )


@traced
def verdict_table(verdict: Verdict, outcome_contrast: OutcomeContrast, words: Words) -> Exhibit:
    """Show the verdict, the conditions of the decision table, and what limits its reading."""
    rows: list[tuple[str, str, str]] = [("verdict", verdict.key, verdict.interval_name)]
    rows += [
        ("criterion", c.name, "above" if c.above else "below" if c.below else "neither")
        for c in verdict.criteria
    ]
    rows += [("reason", reason, "") for reason in verdict.reasons]
    data = pd.DataFrame(rows, columns=["kind", "key", "result"]).assign(
        ratio=verdict.interval.ratio, low=verdict.interval.low, high=verdict.interval.high
    )
    intervals = outcome_contrast.intervals
    shown = pd.DataFrame(
        {
            words("verdict.head_question"): [
                *(words(f"contrast.assumption_{name}") for name in intervals),
                words("verdict.head_verdict"),
            ],
            words("contrast.ratio_and_interval"): [
                *(words.written(interval, "interval") for interval in intervals.values()),
                words.written(verdict.interval, "interval"),
            ],
            words("verdict.head_answer"): [
                *(
                    words("verdict.beyond" if interval.excludes_one else "verdict.holds")
                    for interval in intervals.values()
                ),
                words(f"verdict.word_{verdict.key}"),
            ],
        }
    )
    sentence = verdict_sentence(verdict, outcome_contrast.outcome, words)
    reasons = " ".join(words(f"verdict.reason_{reason}") for reason in verdict.reasons)
    return Exhibit(
        id=f"verdict_{outcome_contrast.outcome}",
        title=words(
            "verdict.title",
            outcome=words(f"outcomes.{outcome_contrast.outcome}.name"),
            word=words(f"verdict.word_{verdict.key}"),
        ),
        caption=f"{sentence} {words('verdict.because')} {reasons}",
        source=words("verdict.source"),
        alternative_text=sentence,
        data=data,
        shown=shown,
        numbers={
            f"verdict_{outcome_contrast.outcome}": Number(
                {"worse": -1, "not_shown": 0, "improved": 1}[verdict.key],
                "-1 worse, 0 not shown, 1 improved",
            )
        },
    )
