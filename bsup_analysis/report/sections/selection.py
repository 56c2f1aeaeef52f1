"""Who was selected, and how far the groups were apart before the programme."""

from bsup_analysis.report.blocks import Block, Explorer
from bsup_analysis.report.teller import Teller, same

MOSTLY = 0.8  # of the priority municipalities among the largest: then size decided


def selection(tell: Teller) -> list[Block]:
    """Show size, growth and balance of the two groups, and let the reader look around."""
    priority, other = (
        tell.value(f"population_growth_{group}_2005_2009") for group in ("priority", "other")
    )
    faster = priority - other
    return [
        tell.heading("selection"),
        tell.say(
            "selection.size_decided" if size_decided(tell) else "selection.size_open",
            "selection.size",
            largest=tell.count("priority_among_largest_17"),
            group=tell.count("municipalities_priority"),
            smallest=tell.count("smallest_priority_population_2009"),
            other=tell.count("largest_other_population_2009"),
            inside_priority=tell.many("selection.inside_priority", "size_overlap_priority_2009"),
            inside_other=tell.many("selection.inside_other", "size_overlap_other_2009"),
            figure=tell.ref("size_overlap"),
        ),
        tell.exhibit("size_overlap"),
        tell.say(
            "selection.growth_faster" if faster > 0 else "selection.growth_slower",
            "selection.growth",
            **tell.groups_moved("population_growth_{}_2005_2009", same),
            population=tell.decimal("standardised_difference_log_population", change=abs),
            growth=tell.decimal("standardised_difference_growth", change=abs),
            immigrants=tell.decimal("standardised_difference_immigrant_share", change=abs),
            figure=tell.ref("population_growth"),
            balance=tell.ref("group_balance"),
        ),
        tell.exhibit("population_growth"),
        Explorer("municipalities"),
        tell.exhibit("group_balance"),
        tell.say("selection.meaning", section=tell.ref("improvement")),
    ]


def size_decided(tell: Teller) -> bool:
    """Tell whether nearly all priority municipalities are among the as many largest."""
    largest = tell.value("priority_among_largest_17")
    return largest > MOSTLY * tell.value("municipalities_priority")
