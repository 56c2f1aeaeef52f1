"""How sure the answer is: what is assumed, every choice that could tip it, power."""

from collections.abc import Iterator

from babel.lists import format_list

from bsup_analysis.report.blocks import Block, Explorer
from bsup_analysis.report.inline import Inlines
from bsup_analysis.report.sections.verdicts import interval
from bsup_analysis.report.tables import read_rows
from bsup_analysis.report.teller import Teller, inverse

SIMULATED, CURVES = "power_detectable_", "power_curves"
LOANS = "rate_ratio_loans_2009_2010"
# rows of the specification figure by what sets them apart, told by how their names begin
CAUSES = {"loans_2009_is_": "press", "loans_from_2008_": "share", "amount": "amount"}


def certainty(tell: Teller) -> list[Block]:
    """Say how far the answer depends on what is assumed and chosen."""
    return [*_certainty(tell)]


def _certainty(tell: Teller) -> Iterator[Block]:
    yield tell.heading("certainty")
    yield tell.say("certainty.half", _tipping(tell), figure=tell.ref("dispersion_loans"))
    yield tell.exhibit("dispersion_loans")
    yield Explorer("dispersion")
    yield tell.say(
        "certainty.specifications",
        _clear_of_one(tell),
        total=tell.count("specifications_total"),
        holds=tell.count("specifications_interval_holds_one"),
        figure=tell.ref("specifications"),
    )
    yield tell.exhibit("specifications")
    left_out = sorted(tell.ids("rate_ratio_leave_out_"), key=tell.value)
    one_side = len({tell.value(name) > 1 for name in [*left_out, LOANS]}) == 1
    yield tell.say(
        f"certainty.left_out_{'same' if one_side else 'turns'}",
        low=tell.decimal(left_out[0]),
        high=tell.decimal(left_out[-1]),
        figure=tell.ref("left_out"),
    )
    yield tell.say(
        "certainty.share",
        loans=tell.decimal("implied_ratio_2008_2010_loans"),
        breakeven=tell.decimal("breakeven_average_ratio_2008_2010"),
        average=tell.decimal("average_loan_ratio_2009"),
        figure=tell.ref("share_2008_readings"),
    )
    yield tell.exhibit("share_2008_readings")
    low, _ = interval(tell, LOANS)
    name = low.id.replace(f"{LOANS}_ci_low", "minimum_detectable_ratio")
    yield tell.say(
        "certainty.power",
        above=tell.decimal(name),
        below=tell.decimal(name, change=inverse),
        power=tell.percent("power", 0),
        missed=tell.mark(tell.words.percent(1 - tell.value("power"), 0), "power"),
        gain=tell.mark(tell.words.percent(tell.value(name) - 1, 0), name),
    )
    yield from _smallest_effect(tell, name)


def _smallest_effect(tell: Teller, published: str) -> Iterator[Block]:
    """Name the smallest effect either level would have found, and where each number is from."""
    simulated = [one for one in tell.ids(SIMULATED) if not one.endswith("_mc_error")]
    if not simulated or CURVES not in tell.published.exhibits:
        return
    ordered = sorted(simulated, key=tell.value)
    yield tell.say(
        "certainty.smallest",
        published=tell.decimal(published),
        low=tell.decimal(ordered[0]),
        high=tell.decimal(ordered[-1]),
        power=tell.percent("power", 0),
        figure=tell.ref(CURVES),
    )
    yield tell.exhibit(CURVES)


def _tipping(tell: Teller) -> Inlines:
    """Say at which dispersion of the others the interval would be clear of one, if at any."""
    name = "tipping_dispersion_loans"
    if not tell.has(name):
        return tell.phrase("certainty.no_tipping")
    if tell.value(name) < 1:
        return tell.phrase("certainty.tipping", tipping=tell.decimal(name))
    return tell.phrase(
        "certainty.tipping_above",
        tipping=tell.decimal(name),
        phi=tell.decimal("dispersion_phi_17"),
    )


def _clear_of_one(tell: Teller) -> Inlines:
    """Say which specifications are clear of one, on which side, and what sets them apart."""
    rows = read_rows(tell.published.exhibits["specifications"].data)
    below = [row["specification"] for row in rows if float(row["high"]) < 1]
    above = [row["specification"] for row in rows if float(row["low"]) > 1]
    if not below and not above:
        return tell.phrase("certainty.specifications_all")
    found = {
        next((c for start, c in CAUSES.items() if name.startswith(start)), "other")
        for name in (*below, *above)
    }
    causes = [c for c in ("press", "share", "amount", "other") if c in found]
    return tell.phrase(
        f"certainty.specifications_{'both' if below and above else 'below' if below else 'above'}",
        names=tell.words.listed([_name(tell, row) for row in (*below, *above)]),
        causes=format_list(
            [tell.text(f"certainty.cause_{cause}") for cause in causes],
            style="or",
            locale=tell.words.locale,
        ),
    )


def _name(tell: Teller, specification: str) -> str:
    """Name a specification as the figure does, in quotation marks."""
    name = tell.words(f"robustness.specification_{specification}")
    return tell.words("report.quoted", text=name)
