"""Checks of the document's dates: against what it says of the same thing, and their order."""

import pandas as pd

from bsup_analysis.analysis.audit.statement import (
    CONTRADICTED,
    REPRODUCED,
    UNRECOVERABLE,
    Finding,
    Statement,
)
from bsup_analysis.errors import InputError


def _length(printed: str) -> int:
    """Give the number of calendar years of a duration (`3`) or an interval (`2010/2012`)."""
    first, slash, last = printed.partition("/")
    return int(last[:4]) - int(first[:4]) + 1 if slash else int(first)


def _is_duration(printed: str) -> bool:
    return len(printed) < len("2009") and printed.isdecimal()


def _agree(one: str, other: str) -> bool:
    """Tell whether two dates can be the same: equal, one inside the other, or as long."""
    if _is_duration(one) or _is_duration(other):
        return _length(one) == _length(other)
    if "/" in one or "/" in other:
        return one == other
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter)


def date_consistency(statement: Statement, programme_statements: pd.DataFrame) -> Finding:
    """Compare a date with every other statement of the same topic.

    A month agrees with a day in it, a duration with a period of as many calendar years.  Where
    two statements differ, each is contradicted by the other.
    """
    topic = f"topic={statement.argument('topic')}"
    same = programme_statements[
        (programme_statements["check"] == statement.check)
        & (programme_statements["check_argument"] == topic)
        & (programme_statements["statement_id"] != statement.identifier)
    ]
    if same.empty:
        return Finding(UNRECOVERABLE, "no_data")
    differ = same[[not _agree(statement.printed, other) for other in same["printed_value"]]]
    duration = _is_duration(statement.printed)
    alike = {
        str(_length(value)) if duration else value
        for value in same["printed_value"]
        if duration or not _is_duration(value)
    }
    recomputed = ";".join(sorted(alike))
    if differ.empty:
        pages = sorted(set(same["page"]))
        return Finding(
            REPRODUCED, "pages_agree", recomputed, {"same_pages": [str(page) for page in pages]}
        )
    pages = sorted(set(differ["page"]))
    return Finding(
        CONTRADICTED, "pages_differ", recomputed, {"other_pages": [str(page) for page in pages]}
    )


def _not_after(first: str, second: str) -> bool:
    """Compare two ISO dates as far as both are given."""
    length = min(len(first), len(second))
    return first[:length] <= second[:length]


def date_order(statement: Statement) -> Finding:
    """Check that a date lies between two others; inside them it is possible, but not confirmed."""
    first, last = statement.argument("not_before"), statement.argument("not_after")
    if not first <= last:
        raise InputError("not_before is later than not_after in check_argument.")
    inside = _not_after(first, statement.printed) and _not_after(statement.printed, last)
    return Finding(
        UNRECOVERABLE if inside else CONTRADICTED,
        "in_order" if inside else "out_of_order",
        "",
        {"first_date": first, "last_date": last},
    )
