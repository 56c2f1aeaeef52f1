"""Did they improve: published totals, inside the priority group, every municipality."""

from collections.abc import Iterator

from bsup_analysis.report.blocks import Block
from bsup_analysis.report.sections.municipal import municipal
from bsup_analysis.report.sections.verdicts import interval, verdict
from bsup_analysis.report.teller import Teller

READING = "signed_2010"
LOANS, AMOUNT = "rate_ratio_loans_2009_2010", "rate_ratio_amount_2009_2010"


def improvement(tell: Teller) -> list[Block]:
    """Compare the groups by every level of data at hand."""
    return [
        tell.heading("improvement"),
        *published(tell),
        *inside(tell),
        *municipal(tell),
    ]


def published(tell: Teller) -> Iterator[Block]:
    """Compare the groups by the published totals; words follow the verdicts."""
    low, high = interval(tell, LOANS)
    yield tell.heading("published", 2)
    yield tell.say(
        "published.loans",
        f"published.loans_{verdict(tell, 'loans')}",
        priority_before=tell.count("loans_priority_2009"),
        priority_after=tell.count("loans_priority_2010"),
        other_before=tell.count("loans_other_2009"),
        other_after=tell.count("loans_other_2010"),
        ratio=tell.decimal(LOANS, 3),
        rate=tell.decimal("rate_ratio_per_inhabitant_2009_2010", 3),
        low=low,
        high=high,
        figure=tell.ref("group_contrast_loans"),
        rate_table=tell.ref("per_inhabitant"),
        verdict=tell.ref("verdict_loans"),
    )
    yield tell.exhibit("group_contrast_loans")
    yield tell.say("published.same")
    yield tell.exhibit("verdict_loans")
    low, high = interval(tell, AMOUNT)
    yield tell.say(
        "published.amount",
        f"published.amount_{verdict(tell, 'amount')}",
        **tell.groups_moved("growth_amount_{}_2009_2010"),
        ratio=tell.decimal(AMOUNT),
        low=low,
        high=high,
        figure=tell.ref("group_contrast_amount"),
    )
    yield tell.exhibit("group_contrast_amount")
    yield tell.say(
        "published.parts",
        **tell.groups_moved("growth_average_{}_2009_2010"),
        within=_signed(tell, "average_change_priority_within"),
        mix=_signed(tell, "average_change_priority_composition"),
        figure=tell.ref("growth_parts"),
        change=tell.ref("average_change"),
    )
    yield tell.exhibit("growth_parts")


def inside(tell: Teller) -> Iterator[Block]:
    """Compare priority municipalities among themselves: spread, and agreement against none."""
    stem = "agreement_rate_ratio_"
    readings = [n.removeprefix(stem) for n in tell.ids(stem) if not n.endswith(("low", "high"))]
    others = sorted((r for r in readings if r != READING), key=lambda r: tell.value(stem + r))
    nok = "agreement_amount_rate_ratio_"
    clear, nok_clear = (
        [
            r
            for r in readings
            if tell.value(f"{s}{r}_ci_low") > 1 or tell.value(f"{s}{r}_ci_high") < 1
        ]
        for s in (stem, nok)
    )
    yield tell.heading("inside", 2)
    yield tell.say(
        "inside.spread_uneven"
        if tell.value("tau_log_growth_17_ci_low") > 0
        else "inside.spread_even",
        "inside.spread",
        phi=tell.decimal("dispersion_phi_17"),
        low=tell.decimal("prediction_interval_17_low"),
        high=tell.decimal("prediction_interval_17_high"),
        figure=tell.ref("growth_spread"),
    )
    yield tell.exhibit("growth_spread")
    yield tell.say(
        "inside.agreement",
        "inside.agreement_some" if clear else "inside.agreement_none",
        "inside.agreement_amount_some" if nok_clear else "inside.agreement_amount_none",
        "inside.agreement_limit",
        ratio=tell.decimal(stem + READING),
        low=tell.decimal(f"{stem}{READING}_ci_low"),
        high=tell.decimal(f"{stem}{READING}_ci_high"),
        lowest=tell.decimal(stem + others[0]),
        highest=tell.decimal(stem + others[-1]),
        p=tell.percent(f"agreement_ri_p_{READING}"),
        assignments=tell.count(f"agreement_ri_assignments_{READING}"),
        detectable=tell.decimal(f"agreement_minimum_detectable_ratio_{READING}"),
        power=tell.percent("power", 0),
        amount_ratio=tell.decimal(nok + READING),
        amount_low=tell.decimal(f"{nok}{READING}_ci_low", 3),
        amount_high=tell.decimal(f"{nok}{READING}_ci_high", 3),
        amount_detectable=tell.decimal(f"agreement_amount_minimum_detectable_ratio_{READING}"),
        amount_clear=tell.mark(tell.words.count(len(nok_clear)), nok + READING),
        amount_table=tell.ref("agreement_amount_readings"),
        count=tell.mark(tell.words.count(len(clear)), stem + READING),
        total=tell.mark(tell.words.count(len(readings)), stem + READING),
        table=tell.ref("agreement_readings"),
        counties=tell.ref(f"agreement_counties_{READING}"),
    )
    yield tell.exhibit("agreement_readings")


def _signed(tell: Teller, name: str) -> object:
    return tell.mark(tell.words.signed(tell.value(name)), name)
