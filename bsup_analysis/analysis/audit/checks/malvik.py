"""Checks of what page 6 says about Malvik: against page 14, else against its own figures.

Page 14 has 2009 and 2010.  For 2008 page 6 prints amount, number and average, and each is
recomputed from the other two, the amount being rounded or cut off to a whole million.
"""

import math

import pandas as pd

from bsup_analysis.analysis.audit.compare_printed import MILLION, compare
from bsup_analysis.analysis.audit.statement import (
    CONTRADICTED,
    REPRODUCED,
    UNDEFINED,
    WITHIN_ROUNDING,
    Finding,
    Statement,
    interval,
    written,
)

NAME = "Malvik"


def _text(malvik: pd.DataFrame, year: int) -> dict[str, float]:
    """Give the figures of page 6 for a year, by quantity."""
    rows = malvik[malvik["year"] == year]
    return dict(zip(rows["quantity"], rows["printed_value"].astype(float), strict=True))


def _table(start_loans: pd.DataFrame, year: int) -> dict[str, float]:
    """Give the figures of page 14 for a year, by quantity; empty where it lacks the year."""
    row = start_loans[start_loans["municipality_name"] == NAME].iloc[0]
    if f"loans_{year}" not in row:
        return {}
    return {quantity: float(row[f"{quantity}_{year}"]) for quantity in ("loans", "amount_nok")}


def _amount_bounds(printed: float) -> tuple[float, float]:
    """Give the amounts (NOK) that are `printed` once rounded or cut off to a million."""
    return printed - MILLION / 2, printed + MILLION


def malvik_amount(
    statement: Statement,
    programme_p06_malvik: pd.DataFrame,
    programme_p14_start_loans: pd.DataFrame,
) -> Finding:
    """Compare an amount with page 14, or with average times number."""
    year, printed = statement.year, statement.number
    table = _table(programme_p14_start_loans, year)
    if table:
        amount = table["amount_nok"]
        cut = not (abs(amount - printed) <= MILLION / 2) and printed <= amount < printed + MILLION
        status = compare(statement.comparison, printed, amount)
        return Finding(status, "amount_cut_off" if cut else "amount_of_table", written(amount))
    text = _text(programme_p06_malvik, year)
    amount = text["average_loan_nok"] * text["loans"]
    return Finding(
        compare(statement.comparison, printed, amount), "amount_from_average", written(amount)
    )


def malvik_count(
    statement: Statement,
    programme_p06_malvik: pd.DataFrame,
    programme_p14_start_loans: pd.DataFrame,
) -> Finding:
    """Compare a number of loans with page 14, or with amount divided by average."""
    table = _table(programme_p14_start_loans, statement.year)
    if table:
        loans = table["loans"]
        return Finding(
            compare(statement.comparison, statement.number, loans), "loans_of_table", written(loans)
        )
    text = _text(programme_p06_malvik, statement.year)
    low, high = (bound / text["average_loan_nok"] for bound in _amount_bounds(text["amount_nok"]))
    fitting = interval(math.ceil(low), math.floor(high))
    inside = math.ceil(low) <= statement.number <= math.floor(high)
    return Finding(WITHIN_ROUNDING if inside else CONTRADICTED, "loans_from_average", fitting)


def malvik_average(
    statement: Statement,
    programme_p06_malvik: pd.DataFrame,
    programme_p14_start_loans: pd.DataFrame,
) -> Finding:
    """Compare an average loan with amount divided by number, within the amount's rounding."""
    table = _table(programme_p14_start_loans, statement.year)
    if table:
        average = table["amount_nok"] / table["loans"]
        return Finding(
            compare(statement.comparison, statement.number, average),
            "average_of_table",
            written(round(average)),
        )
    text = _text(programme_p06_malvik, statement.year)
    low, high = (bound / text["loans"] for bound in _amount_bounds(text["amount_nok"]))
    return Finding(
        compare(statement.comparison, statement.number, low, high),
        "average_from_amount",
        interval(round(low), round(high)),
        {"plain_nok": text["amount_nok"] / text["loans"]},
    )


def _quantities(figures: dict[str, float]) -> dict[str, float]:
    """Add the average loan, unless it is printed, to the figures of a year."""
    known = {"amount_nok", "loans"} <= set(figures)
    computed = {"average_loan_nok": figures["amount_nok"] / figures["loans"]} if known else {}
    return computed | figures


def malvik_direction(
    statement: Statement,
    programme_p06_malvik: pd.DataFrame,
    programme_p14_start_loans: pd.DataFrame,
) -> Finding:
    """Compare a direction with the change by page 6 alone, and with page 14 where it has a year.

    Where number and amount, or the two pages, differ in direction, the statement is undefined.
    """
    asked = statement.argument("quantity")
    ends = [statement.whole("from"), statement.whole("to")]
    text = [_quantities(_text(programme_p06_malvik, year)) for year in ends]
    table = [
        _quantities(_table(programme_p14_start_loans, year)) or before
        for year, before in zip(ends, text, strict=True)
    ]
    changes: dict[str, float] = {}
    for quantity in ("amount_nok", "loans") if asked == "undefined" else (asked,):
        for source, (first, last) in (("text", text), ("table", table)):
            if quantity in first and quantity in last:
                changes[f"{quantity}_{source}_change"] = last[quantity] / first[quantity] - 1
    directions = ["up" if change > 0 else "down" for change in changes.values()]
    agreeing = [direction == statement.printed for direction in directions]
    status = REPRODUCED if all(agreeing) else UNDEFINED if any(agreeing) else CONTRADICTED
    return Finding(
        status,
        "direction_of_unsaid" if asked == "undefined" else "direction",
        ";".join(sorted(set(directions), reverse=True)),
        changes,
    )
