"""What was asked, and the programme on one page."""

from bsup_analysis.report.blocks import Block
from bsup_analysis.report.sections.municipal import exhibits_at_hand
from bsup_analysis.report.teller import Teller


def asked(tell: Teller) -> list[Block]:
    """Say what was asked, of what, and from which sources."""
    return [
        tell.heading("asked"),
        tell.say(
            "asked.programme",
            priority=tell.count("municipalities_priority"),
            all=tell.total(
                name for name in tell.ids("municipalities_centrality_") if tell.value(name) >= 0
            ),
        ),
        tell.say("asked.questions"),
        tell.say("asked.outcome"),
        tell.say(f"asked.sources{'_municipal' if exhibits_at_hand(tell) else ''}"),
    ]


def programme(tell: Teller) -> list[Block]:
    """Show the levels, who was on them, when, and where they lie."""
    return [
        tell.heading("programme"),
        tell.say(
            "programme.levels",
            tell.many("programme.who", "municipalities_agreement_signed_2010"),
            pyramid=tell.ref("programme_pyramid"),
            map=tell.ref("municipality_map"),
        ),
        tell.exhibit("programme_pyramid"),
        tell.say("programme.when"),
        tell.listing(*(f"programme.when_{year}" for year in (2009, 2010, 2011, 2012))),
        tell.exhibit("municipality_map"),
    ]
