"""What the results can and cannot be used for, what should be released, methods in brief."""

from bsup_analysis.report.blocks import Block
from bsup_analysis.report.sections.municipal import exhibits_at_hand
from bsup_analysis.report.sections.selection import size_decided
from bsup_analysis.report.teller import Teller

LIMITS = ("before", "others", "press", "size", "measures", "early", "aims", "harm")
# limits of the published totals that a table of all municipalities does not have
PUBLISHED_ONLY = ("before", "others", "early")
RELEASE = ("loans", "share", "chart", "dates", "measures", "people")
METHODS = ("audit", "estimate", "intervals", "decision", "inside", "checks")


def phasing(tell: Teller) -> list[Block]:
    """Show what is published of which municipalities to take in and let go; nothing if none is."""
    exhibits = tell.exhibits_of("phasing")
    if not exhibits:
        return []
    told = [
        tell.say(
            "phasing.text",
            "phasing.places",
            "phasing.rules",
            group=tell.count("municipalities_priority"),
            rate=tell.decimal("loan_rate_mean_places_in_interval", 1),
            growth=tell.decimal("loan_growth_mean_places_in_interval", 1),
            size=tell.decimal("jaccard_rule_size"),
            lot=tell.decimal("jaccard_by_lot"),
            without=tell.decimal("weightings_jaccard_highest_without_size"),
            rate_figure=tell.ref("loan_rate_ranking"),
            growth_figure=tell.ref("loan_growth_ranking"),
            rules=tell.ref("candidate_rules"),
            weights=tell.ref("weights_agreement"),
        )
    ]
    return [tell.heading("phasing"), *told, *exhibits]


def limits(tell: Teller) -> list[Block]:
    """Say what the results do not show, in either direction."""
    size = "size_decided" if size_decided(tell) else "size_open"
    names = [size if name == "size" else name for name in LIMITS]
    if exhibits_at_hand(tell):
        names = ["municipal", *(name for name in names if name not in PUBLISHED_ONLY)]
    return [tell.heading("limits"), tell.listing(*(f"limits.{name}" for name in names))]


def release(tell: Teller) -> list[Block]:
    """Say which data would settle the question, in order of what they would add."""
    return [
        tell.heading("release"),
        tell.say("release.why"),
        tell.listing(*(f"release.{name}" for name in RELEASE), ordered=True),
        tell.say("release.ready"),
    ]


def methods(tell: Teller) -> list[Block]:
    """Say how the results were computed."""
    names = [*METHODS, *(["municipal"] if exhibits_at_hand(tell) else [])]
    return [tell.heading("methods"), *(tell.say(f"methods.{name}") for name in names)]
