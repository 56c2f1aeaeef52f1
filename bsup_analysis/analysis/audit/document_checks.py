"""Checks of the document against itself: its pages, counts, names, shares and dates."""

from itertools import pairwise

import pandas as pd

from bsup_analysis.analysis.audit.statement import (
    CONTRADICTED,
    REPRODUCED,
    UNDEFINED,
    UNRECOVERABLE,
    Finding,
    Statement,
    agreed,
    held,
    interval,
    written,
)
from bsup_analysis.errors import InputError

NOTHING_TO_RECOMPUTE = {
    "undefined": UNDEFINED,
    "artefact": UNDEFINED,
    "no_data": UNRECOVERABLE,
}
READINGS = ["agreement_signed_2010", "agreement_eight_2013", "agreement_intended_2011"]


def _pages(rows: pd.DataFrame) -> list[str]:
    return [str(page) for page in sorted(set(rows["page"]))]


def _by_pages(recomputed: str, others: pd.DataFrame, differing: pd.DataFrame) -> Finding:
    """Judge by what other pages say; each of two that differ is contradicted by the other."""
    if others.empty:
        return Finding(UNRECOVERABLE, "no_data")
    if differing.empty:
        return Finding(REPRODUCED, "pages_agree", recomputed, {"same_pages": _pages(others)})
    return Finding(CONTRADICTED, "pages_differ", recomputed, {"other_pages": _pages(differing)})


def none(statement: Statement) -> Finding:
    """Recompute nothing, for the reason the row gives.

    What is not defined, and what is no statement about the programme, is undefined; what is
    clear but has no figure at hand to be compared with is unrecoverable.
    """
    reason = statement.argument("reason")
    if reason not in NOTHING_TO_RECOMPUTE:
        raise InputError(
            f"reason in check_argument is undefined, artefact or no_data, not {reason!r}."
        )
    return Finding(NOTHING_TO_RECOMPUTE[reason], reason)


def toc_page(statement: Statement) -> Finding:
    """Tell how far on the section starts by the transcript's markers; always undefined.

    A marker is the place of a page in the file; nothing shows that it is the number printed.
    """
    marker = statement.whole("marker")
    details = {"behind_count": marker - statement.number}
    return Finding(UNDEFINED, "other_count", written(marker), details)


def level_count(
    statement: Statement,
    programme_level_counts: pd.DataFrame,
    programme_levels: pd.DataFrame,
) -> Finding:
    """Compare a printed count with the names on the level, else with every other printed count.

    Municipalities that the same page counts apart, as the argument `apart` says, may be left out
    of the count. Where the document names nobody, no count is the right one: each of two that
    differ is contradicted by the other.
    """
    counted, level = statement.argument("counted"), statement.argument("level")
    same = programme_level_counts[programme_level_counts["counted"] == counted]
    same_page = same[
        (same["page"] == statement.page) & (same["level"] == statement.arguments.get("apart"))
    ]
    if counted == "levels":
        # some rows count the upper levels and some all, which is one more
        in_all = same["printed_count"] + (same["level"] == "upper").astype(int)
        same = same.assign(value=in_all - (1 if level == "upper" else 0))
    else:
        same = same[same["level"] == level].assign(value=same["printed_count"])
    others = same[(same["page"] != statement.page) & (same["count_kind"] == "printed")]
    differing = others[others["value"] != statement.number]
    names = programme_levels.loc[programme_levels["level"] == level, "municipality_name"]
    if counted == "municipalities" and len(names):
        count, pages = len(names), _pages(differing)
        apart = same_page["printed_count"].sum()
        if apart and count != statement.number:
            rest = {"names_count": count, "apart_count": int(apart)}
            return statement.against("names_but_apart", count - apart, **rest)
        if pages:
            return statement.against("names_and_pages", count, names_count=count, other_pages=pages)
        return statement.against("names", count, names_count=count)
    values = ";".join(written(value) for value in sorted(set(others["value"])))
    return _by_pages(values, others, differing)


def listed_count(statement: Statement) -> Finding:
    """Compare with the number of items we counted in the document."""
    return statement.against("listed", statement.whole("listed"))


def internal_count(statement: Statement, programme_levels: pd.DataFrame) -> Finding:
    """Count the names on a level, a joint municipality once."""
    rows = programme_levels[programme_levels["level"] == statement.argument("level")]
    names = rows["joint_municipality"].fillna(rows["municipality_name"]).unique()
    return statement.against("names_listed", len(names), listed_names=list(names))


def agreement_count(
    statement: Statement, programme_levels: pd.DataFrame, treatment: pd.DataFrame
) -> Finding:
    """Compare a count of agreements with each reading of who had one; undefined if they differ."""
    on_level = programme_levels[programme_levels["level"].isin(["agreement", "agreement_intended"])]
    contracts = on_level["joint_municipality"].fillna(on_level["municipality_name"]).nunique()
    counts = sorted({int(count) for count in treatment[READINGS].sum()})
    return Finding(
        agreed([count == statement.number for count in counts]),
        "agreements",
        ";".join(written(count) for count in counts),
        {"contracts_count": contracts, "covered_count": on_level["municipality_code"].nunique()},
    )


def chart_axis(
    statement: Statement,
    programme_chart_axes: pd.DataFrame,
    region_year: pd.DataFrame,
) -> Finding:
    """Compare an axis with its labels, evenly spaced, and with the largest bar that is known."""
    chart, axis = statement.argument("chart"), statement.argument("axis")
    rows = programme_chart_axes[
        (programme_chart_axes["chart"] == chart) & (programme_chart_axes["axis"] == axis)
    ]
    ticks = sorted(rows["tick"])
    if len(ticks) < 2:
        raise InputError(f"chart {chart!r} has no axis {axis!r} in programme_chart_axes.")
    even = len({after - before for before, after in pairwise(ticks)}) == 1
    if axis == "year":
        span = interval(ticks[0], ticks[-1])
        holds = even and ticks[1] - ticks[0] == 1 and span == statement.printed
        return Finding(held(holds), "axis_years", span)
    bars = region_year["loans"].astype(float)
    if chart == "average_loan_nok":
        bars = (region_year["amount_nok_high"].astype(float) / bars).round()
    top = float(bars.max())
    holds = even and ticks[-1] == statement.number and top <= ticks[-1]
    return Finding(held(holds), "axis_labels", written(ticks[-1]), {"bar_count": top})


def share_complement(statement: Statement, programme_p13_shares: pd.DataFrame) -> Finding:
    """Add up the printed shares of one statistic."""
    same = programme_p13_shares["statistic"] == statement.argument("statistic")
    total = float(programme_p13_shares.loc[same, "printed_percent"].sum())
    return statement.against("sum_of_shares", total)


def name_list(
    statement: Statement,
    programme_levels: pd.DataFrame,
    programme_p14_start_loans: pd.DataFrame,
) -> Finding:
    """Compare the names listed on a level with the names of the table's rows."""
    table = programme_p14_start_loans
    rows = set(table.loc[table["row_kind"] == "municipality", "municipality_name"])
    level = programme_levels["level"] == statement.argument("level")
    names = set(programme_levels.loc[level, "municipality_name"])
    holds = names == rows and len(names) == statement.number
    return Finding(held(holds), "same_names", written(len(names & rows)))


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
    differ = same[[not _agree(statement.printed, other) for other in same["printed_value"]]]
    duration = _is_duration(statement.printed)
    alike = {
        str(_length(value)) if duration else value
        for value in same["printed_value"]
        if duration or not _is_duration(value)
    }
    return _by_pages(";".join(sorted(alike)), same, differ)


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
