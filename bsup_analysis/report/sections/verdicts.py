"""What the words follow: the verdict on an outcome, and its widest interval."""

from bsup_analysis.report.inline import Number
from bsup_analysis.report.teller import Teller

VERDICTS = {-1: "worse", 0: "not_shown", 1: "improved"}


def verdict(tell: Teller, outcome: str) -> str:
    """Give the key of the published verdict: `worse`, `not_shown` or `improved`."""
    return VERDICTS[round(tell.value(f"verdict_{outcome}"))]


def interval(tell: Teller, stem: str) -> tuple[Number, Number]:
    """Give the ends of the widest of a ratio's intervals, on the scale of logarithms."""
    kinds = [name.removeprefix(f"{stem}_ci_low_") for name in tell.ids(f"{stem}_ci_low_")]
    if not kinds:
        tell.value(f"{stem}_ci_low")
    widest = max(
        kinds,
        key=lambda kind: tell.value(f"{stem}_ci_high_{kind}") / tell.value(f"{stem}_ci_low_{kind}"),
    )
    return tell.decimal(f"{stem}_ci_low_{widest}"), tell.decimal(f"{stem}_ci_high_{widest}")
