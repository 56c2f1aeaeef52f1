"""The municipal level: what a table of every municipality gave, or what it would."""

from collections.abc import Iterator

from bsup_analysis.report.blocks import Block, Paragraph
from bsup_analysis.report.inline import Inlines
from bsup_analysis.report.sections.verdicts import VERDICTS
from bsup_analysis.report.tables import read_rows
from bsup_analysis.report.teller import Teller

# exhibits of notebooks 04 and 05 at this level, in the order they are told of
DATA = ("municipal_data_used", "data_gate")
ESTIMATE = ("municipal_estimands", "municipal_left_out")
YEARS = ("municipal_event_study", "municipal_honest_bounds")
CHOICES = ("municipal_robustness", "municipal_leave_one_out")
PICTURES = ("municipal_change", "municipal_synthetic", "municipal_agreements")
NOTEBOOKS = ("notebooks/04_", "notebooks/05_")


def exhibits_at_hand(tell: Teller) -> list[str]:
    """Give the exhibits of the effects at the municipal level; none where there is no table."""
    return [
        name
        for name, exhibit in tell.published.exhibits.items()
        if exhibit.parameters.get("level") == "municipal" and exhibit.notebook.startswith(NOTEBOOKS)
    ]


def municipal(tell: Teller) -> Iterator[Block]:
    """Show what a table of all municipalities gave, or say what it would."""
    yield tell.heading("municipal", 2)
    found = exhibits_at_hand(tell)
    if not found:
        yield tell.say("municipal.absent", section=tell.ref("release"))
        return
    told: set[str] = set()

    def placed(*names: str) -> Iterator[Block]:
        for name in names:
            if name in found and name not in told:
                told.add(name)
                yield tell.exhibit(name)

    yield tell.say(
        "municipal.present",
        *_gate(tell),
        counted=_counted(tell),
        table=tell.ref("municipal_data_used"),
    )
    yield from placed(*DATA)
    yield tell.say(*_estimate(tell), table=tell.ref("municipal_estimands"))
    yield from placed(*ESTIMATE)
    yield tell.say(*_years(tell), figure=tell.ref("municipal_event_study"))
    yield from placed(YEARS[0])
    yield tell.say(*_bounds(tell), figure=tell.ref("municipal_honest_bounds"))
    yield from placed(*YEARS)
    yield from _choices(tell)
    yield from placed(*CHOICES)
    yield tell.say("municipal.pictures")
    yield from placed(*PICTURES)
    yield tell.say(f"municipal.verdict_{_verdict(tell)}", table=tell.ref("municipal_verdict"))
    yield from placed("municipal_verdict", *found)


def municipal_answer(tell: Teller) -> list[Paragraph]:
    """Give the municipal level's answer in a paragraph; nothing where there is no table."""
    if not exhibits_at_hand(tell):
        return []
    return [
        tell.say(
            f"answer.municipal_{_verdict(tell)}",
            *([_ratio(tell)] if tell.has("municipal_e1_ratio") else []),
            "answer.municipal_counted",
            counted=_counted(tell),
            section=tell.ref("municipal"),
        )
    ]


def _counted(tell: Teller) -> str:
    """Name what the table counts, as its exhibit states it."""
    rows = read_rows(tell.published.exhibits["municipal_data_used"].data)
    definition = next(row["value"] for row in rows if row["what"] == "counted")
    return tell.words(f"municipal.counted.{definition}")


def _verdict(tell: Teller) -> str:
    name = "municipal_verdict"
    return VERDICTS[round(tell.value(name))] if tell.has(name) else "none"


def _gate(tell: Teller) -> list[Inlines]:
    """Say how the table compares with the published totals."""
    if not tell.has("gate_deviates"):
        return []
    names = ("agrees", "deviates", "incomplete")
    if not any(tell.value(f"gate_{name}") for name in ("agrees", "deviates")):
        return [tell.phrase("municipal.gate_nothing")]
    counts = {name: tell.count(f"gate_{name}") for name in names}
    key = "deviates" if tell.value("gate_deviates") else "agrees"
    return [tell.phrase(f"municipal.gate_{key}", gate=tell.ref("data_gate"), **counts)]


def _ends(tell: Teller, stem: str) -> Inlines:
    """Give an interval, also one that has no end on a side."""
    ends = {end: f"{stem}_{end}" for end in ("low", "high") if tell.has(f"{stem}_{end}")}
    key = "_".join(ends) or "none"
    return tell.phrase(f"municipal.ends_{key}", **{e: tell.decimal(n) for e, n in ends.items()})


def _ratio(tell: Teller) -> Inlines:
    """Give the deciding ratio with its interval and the smallest that would have been found."""
    detectable = "municipal_e1_detectable_above"
    parts = {"ratio": tell.decimal("municipal_e1_ratio"), "ends": _ends(tell, "municipal_e1")}
    if not tell.has(detectable):
        return tell.phrase("municipal.ratio", level=tell.percent("confidence_level", 0), **parts)
    return tell.phrase(
        "municipal.ratio_detectable",
        level=tell.percent("confidence_level", 0),
        power=tell.percent("power", 0),
        above=tell.decimal(detectable),
        **parts,
    )


def _estimate(tell: Teller) -> list[Inlines | str]:
    if not tell.has("municipal_e1_ratio"):
        return ["municipal.no_estimate"]
    told: list[Inlines | str] = ["municipal.estimate", _ratio(tell)]
    if tell.has("municipal_e2_ratio"):
        ends = _ends(tell, "municipal_e2")
        ratio = tell.decimal("municipal_e2_ratio")
        told.append(tell.phrase("municipal.without_largest", ratio=ratio, ends=ends))
    return told


def _years(tell: Teller) -> list[Inlines | str]:
    """Say what earlier years show, and how little a test of them would find."""
    if not tell.has("municipal_pretrend_p_value"):
        return ["municipal.no_years"]
    p = tell.decimal("municipal_pretrend_p_value")
    if not tell.has("municipal_pretrend_power"):
        return [tell.phrase("municipal.years", p=p, figure=tell.ref("municipal_event_study"))]
    return [
        tell.phrase(
            "municipal.years_power",
            p=p,
            power=tell.percent("municipal_pretrend_power", 0),
            figure=tell.ref("municipal_event_study"),
        )
    ]


def _bounds(tell: Teller) -> list[Inlines | str]:
    name = "municipal_breakdown_relative"
    if not tell.has(name):
        return ["municipal.no_bounds"]
    key = "some" if tell.value(name) > 0 else "none"
    figure = tell.ref("municipal_honest_bounds")
    return [tell.phrase(f"municipal.bounds_{key}", breakdown=tell.decimal(name), figure=figure)]


def _choices(tell: Teller) -> Iterator[Block]:
    """Say what changing one choice does, and leaving one municipality out."""
    told: list[Inlines] = []
    rows = "municipal_robustness_rows"
    if tell.has(rows) and tell.value(rows):
        told.append(
            tell.phrase(
                "municipal.robustness",
                rows=tell.count(rows),
                holds=tell.count("municipal_robustness_hold_one"),
                figure=tell.ref("municipal_robustness"),
            )
        )
    low, high = (f"municipal_leave_one_out_{end}" for end in ("smallest", "largest"))
    if tell.has(low) and tell.has(high):
        low_high = {"low": tell.decimal(low), "high": tell.decimal(high)}
        figure = tell.ref("municipal_leave_one_out")
        told.append(tell.phrase("municipal.left_out", figure=figure, **low_high))
    if told:
        yield tell.say(*told)
