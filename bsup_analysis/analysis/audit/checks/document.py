"""Checks of the document against itself: its pages, counts, names and shares."""

from itertools import pairwise

import pandas as pd

from bsup_analysis.analysis.audit.compare_printed import compare
from bsup_analysis.analysis.audit.statement import (
    CONTRADICTED,
    REPRODUCED,
    UNDEFINED,
    UNRECOVERABLE,
    Finding,
    Statement,
    interval,
    written,
)
from bsup_analysis.errors import InputError

NOTHING_TO_RECOMPUTE = {
    "undefined": UNDEFINED,
    "artefact": UNDEFINED,
    "no_data": UNRECOVERABLE,
}


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
    """Compare a page of the contents list with the page on which the section starts."""
    marker = statement.whole("marker")
    return Finding(
        compare("equal", statement.number, marker),
        "starts_later",
        written(marker),
        {"behind_count": marker - statement.number},
    )


def _levels_in_all(counts: pd.DataFrame) -> pd.Series:
    """Give the number of levels in all that each row implies: the upper ones and the base."""
    return counts["printed_count"] + (counts["level"] == "upper").astype(int)


def level_count(
    statement: Statement,
    programme_level_counts: pd.DataFrame,
    programme_levels: pd.DataFrame,
) -> Finding:
    """Compare a printed count with the names on the level, else with every other printed count.

    Where the document names nobody, no count is the right one: each of two that differ is
    contradicted by the other.
    """
    counted, level = statement.argument("counted"), statement.argument("level")
    same = programme_level_counts[programme_level_counts["counted"] == counted]
    if counted == "levels":
        below = 1 if level == "upper" else 0
        others = same.assign(value=_levels_in_all(same) - below)
    else:
        others = same[same["level"] == level].assign(value=same["printed_count"])
    others = others[(others["page"] != statement.page) & (others["count_kind"] == "printed")]
    differing = others.loc[others["value"] != statement.number, "page"]
    pages = [str(page) for page in sorted(set(differing))]
    told: dict[str, float | str | list[str]] = {"other_pages": pages} if pages else {}
    names = programme_levels.loc[programme_levels["level"] == level, "municipality_name"]
    if counted == "municipalities" and len(names):
        return Finding(
            compare("equal", statement.number, len(names)),
            "names_and_pages" if pages else "names",
            written(len(names)),
            {"names_count": len(names), **told},
        )
    if others.empty:
        return Finding(UNRECOVERABLE, "no_data")
    return Finding(
        CONTRADICTED if pages else REPRODUCED,
        "pages_differ" if pages else "pages_agree",
        ";".join(written(value) for value in sorted(set(others["value"]))),
        told or {"same_pages": [str(page) for page in sorted(set(others["page"]))]},
    )


def listed_count(statement: Statement) -> Finding:
    """Compare with the number of items we counted in the document."""
    listed = statement.whole("listed")
    return Finding(compare("equal", statement.number, listed), "listed", written(listed))


def internal_count(statement: Statement, programme_levels: pd.DataFrame) -> Finding:
    """Count the names on a level, a joint municipality once."""
    rows = programme_levels[programme_levels["level"] == statement.argument("level")]
    names = rows["joint_municipality"].fillna(rows["municipality_name"]).unique()
    return Finding(
        compare("equal", statement.number, len(names)),
        "names_listed",
        written(len(names)),
        {"listed_names": list(names)},
    )


def agreement_count(
    statement: Statement, programme_levels: pd.DataFrame, treatment: pd.DataFrame
) -> Finding:
    """Compare a count of agreements with each reading of who had one; undefined if they differ."""
    on_level = programme_levels[programme_levels["level"].isin(["agreement", "agreement_intended"])]
    contracts = on_level["joint_municipality"].fillna(on_level["municipality_name"]).nunique()
    readings = sorted(
        {
            int(treatment[column].sum())
            for column in (
                "agreement_signed_2010",
                "agreement_eight_2013",
                "agreement_intended_2011",
            )
        }
    )
    agreeing = [value == statement.number for value in readings]
    return Finding(
        REPRODUCED if all(agreeing) else UNDEFINED if any(agreeing) else CONTRADICTED,
        "agreements",
        ";".join(written(value) for value in readings),
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
        return Finding(REPRODUCED if holds else CONTRADICTED, "axis_years", span)
    known = region_year.dropna(subset=["loans"]).set_index("year").astype({"loans": float})
    bars = known["loans"]
    if chart == "average_loan_nok":
        bars = (known["amount_nok_high"].astype(float) / known["loans"]).dropna().round()
    top = float(bars.max())
    holds = even and ticks[-1] == statement.number and top <= ticks[-1]
    return Finding(
        REPRODUCED if holds else CONTRADICTED, "axis_labels", written(ticks[-1]), {"bar_count": top}
    )


def share_complement(statement: Statement, programme_p13_shares: pd.DataFrame) -> Finding:
    """Add up the printed shares of one statistic."""
    rows = programme_p13_shares[
        programme_p13_shares["statistic"] == statement.argument("statistic")
    ]
    total = float(rows["printed_percent"].sum())
    return Finding(compare("equal", statement.number, total), "sum_of_shares", written(total))


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
    return Finding(REPRODUCED if holds else CONTRADICTED, "same_names", written(len(names & rows)))
