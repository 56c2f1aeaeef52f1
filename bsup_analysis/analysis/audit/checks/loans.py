"""Checks of what the document says about start loans in the region and in the 17 rows."""

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

PER_1000 = 1000
# what the press calls the measures it gives for single municipalities
PRESS_QUANTITY = {
    "amount_nok_per_inhabitant": "amount_per_inhabitant",
    "average_loan_nok": "average_loan",
}


def column_sum(statement: Statement, programme_p14_start_loans: pd.DataFrame) -> Finding:
    """Add up a column of the table over its municipality rows."""
    column = statement.argument("column")
    table = programme_p14_start_loans
    if column not in table:
        raise InputError(f"column {column!r} in check_argument is not in the table of page 14.")
    rows = table[table["row_kind"] == "municipality"]
    total = int(rows[column].sum())
    return Finding(
        compare(statement.comparison, statement.number, total),
        "column_sum",
        written(total),
        {"rows_count": len(rows)},
    )


def region_loans(statement: Statement, press_totals: pd.DataFrame) -> Finding:
    """Compare a bar of the chart with the region's number in the press, where it has the year."""
    press = press_totals[
        (press_totals["area_kind"] == "region")
        & (press_totals["quantity"] == "loans")
        & (press_totals["year"] == statement.year)
    ]
    if press.empty:
        return Finding(UNRECOVERABLE, "no_press_total")
    loans = int(press["printed_value"].item())
    return Finding(
        compare(statement.comparison, statement.number, loans), "press_total", written(loans)
    )


def _average(region_year: pd.DataFrame) -> pd.DataFrame:
    """Give the interval of the region's average loan (NOK) in the years with an amount."""
    known = region_year.dropna(subset=["amount_nok"]).set_index("year").astype({"loans": float})
    return pd.DataFrame(
        {
            "low": known["amount_nok_low"] / known["loans"],
            "high": known["amount_nok_high"] / known["loans"],
        }
    ).astype(float)


def region_average(statement: Statement, region_year: pd.DataFrame) -> Finding:
    """Compare with the region's amount divided by its loans, within the press's rounding."""
    average = _average(region_year)
    if statement.year not in average.index:
        return Finding(UNRECOVERABLE, "no_amount")
    low, high = average.loc[statement.year].round()
    return Finding(
        compare(statement.comparison, statement.number, low, high),
        "average_of_totals",
        interval(low, high),
    )


def loan_share(statement: Statement, group_year: pd.DataFrame) -> Finding:
    """Compare with a group's share of loans or of NOK; undefined where the measure is not said.

    The shares of both measures in the first year that has them are told beside it.
    """
    group = statement.argument("group")
    measure = statement.argument("measure")
    known = group_year.dropna(subset=["loans", "amount_nok"])
    shares = {
        quantity: (wide[group] / wide.sum(axis=1)).astype(float)
        for quantity in ("loans", "amount_nok")
        for wide in [known.pivot(index="year", columns="group", values=quantity)]
    }
    if measure == "undefined":
        first = int(known["year"].min())
        values = {
            "known_year": first,
            "loans_share": shares["loans"][first],
            "amount_share": shares["amount_nok"][first],
        }
        return Finding(UNDEFINED, "measure_of_share", "", values)
    if measure not in shares:
        raise InputError(
            f"measure in check_argument is undefined, loans or amount_nok, not {measure!r}."
        )
    if statement.year not in shares[measure].index:
        return Finding(UNRECOVERABLE, "no_amount")
    percent = 100 * shares[measure][statement.year]
    return Finding(
        compare(statement.comparison, statement.number, percent), "share", written(percent)
    )


def _measures(municipality_year: pd.DataFrame, year: int) -> pd.DataFrame:
    """Compute every measure of activity for the municipalities with loans in a year."""
    rows = municipality_year[municipality_year["year"] == year]
    rows = rows.dropna(subset=["loans", "amount_nok"]).set_index("municipality_code")
    loans, amount, persons = (
        rows[name].astype(float) for name in ("loans", "amount_nok", "population")
    )
    return pd.DataFrame(
        {
            "loans": loans,
            "amount_nok": amount,
            "loans_per_1000": PER_1000 * loans / persons,
            "amount_nok_per_inhabitant": amount / persons,
            "average_loan_nok": amount / loans,
        }
    )


def rank(
    statement: Statement, municipality_year: pd.DataFrame, press_totals: pd.DataFrame
) -> Finding:
    """Rank a municipality by every measure among all whose figures are known.

    Known are the rows of the table and the single municipalities the press names.  Where only
    some measures give the printed rank, what is ranked decides, and the document does not say.
    """
    code, year = statement.argument("municipality"), statement.year
    table = _measures(municipality_year, year)
    if code not in table.index:
        raise InputError(f"municipality {code!r} has no loans in {year}, so it has no rank.")
    press = press_totals[
        (press_totals["area_kind"] == "municipality") & (press_totals["year"] == year)
    ]
    ranks: dict[str, int] = {}
    for measure in statement.argument("measures").split(","):
        if measure not in table:
            raise InputError(f"measure {measure!r} in check_argument is not known.")
        named = press[press["quantity"] == PRESS_QUANTITY.get(measure)]
        others = named.loc[~named["area_code"].isin(table.index), "printed_value"]
        own = table.loc[code, measure]
        ranks[measure] = 1 + int((table[measure] > own).sum() + (others > own).sum())
    agreeing = [value == statement.number for value in ranks.values()]
    status = REPRODUCED if all(agreeing) else UNDEFINED if any(agreeing) else CONTRADICTED
    return Finding(
        status,
        "rank_by_measure",
        ";".join(written(value) for value in sorted(set(ranks.values()))),
        {f"{measure}_rank": value for measure, value in ranks.items()},
    )
