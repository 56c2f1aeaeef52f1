"""Checks of what the document says about start loans, about Malvik and about inhabitants.

Loans are compared with the table on p. 14 and the press.  Of Malvik page 6 is compared with page
14, which has 2009 and 2010; for 2008 page 6 prints amount, number and average, and each is
recomputed from the other two, the amount being rounded or cut off to a whole million.  Inhabitants
are Statistics Norway's; an undated statement holds if it holds on 1 January of any of its plausible
years: which years those are is an argument of the row, and all years at hand are reported beside
them.
"""

import math

import pandas as pd

from bsup_analysis.analysis.audit.statement import (
    CONTRADICTED,
    MILLION,
    REPRODUCED,
    STATUSES,
    UNDEFINED,
    UNRECOVERABLE,
    WITHIN_ROUNDING,
    Finding,
    Statement,
    agreed,
    compare,
    held,
    interval,
    written,
)
from bsup_analysis.errors import InputError

# what the press calls the measures it gives for single municipalities
PRESS_QUANTITY = {
    "amount_nok_per_inhabitant": "amount_per_inhabitant",
    "average_loan_nok": "average_loan",
}
HOLDS = (REPRODUCED, WITHIN_ROUNDING)


def column_sum(statement: Statement, programme_p14_start_loans: pd.DataFrame) -> Finding:
    """Add up a column of the table over its municipality rows."""
    column = statement.argument("column")
    table = programme_p14_start_loans
    if column not in table:
        raise InputError(f"column {column!r} in check_argument is not in the table of page 14.")
    rows = table[table["row_kind"] == "municipality"]
    return statement.against("column_sum", int(rows[column].sum()), rows_count=len(rows))


def region_loans(statement: Statement, press_totals: pd.DataFrame) -> Finding:
    """Compare a bar of the chart with the region's number in the press, where it has the year."""
    press = press_totals[
        (press_totals["area_kind"] == "region")
        & (press_totals["quantity"] == "loans")
        & (press_totals["year"] == statement.year)
    ]
    if press.empty:
        return Finding(UNRECOVERABLE, "no_press_total")
    return statement.against("press_total", int(press["printed_value"].item()))


def region_average(statement: Statement, region_year: pd.DataFrame) -> Finding:
    """Compare with the region's amount divided by its loans, within the press's rounding."""
    known = region_year.dropna(subset=["amount_nok"]).set_index("year")
    if statement.year not in known.index:
        return Finding(UNRECOVERABLE, "no_amount")
    row = known.loc[statement.year]
    low, high = (round(float(row[f"amount_nok_{end}"]) / row["loans"]) for end in ("low", "high"))
    return statement.against("average_of_totals", low, high)


def loan_share(statement: Statement, group_year: pd.DataFrame) -> Finding:
    """Compare with a group's share of loans or of NOK; undefined where the measure is not said.

    The shares of both measures in the first year that has them are told beside it.
    """
    group = statement.argument("group")
    measure = statement.argument("measure")
    known = group_year.dropna(subset=["loans", "amount_nok"])
    wide = known.pivot(index="year", columns="group").astype({"loans": float, "amount_nok": float})
    shares = {name: wide[name][group] / wide[name].sum(axis=1) for name in ("loans", "amount_nok")}
    if measure == "undefined":
        first = int(known["year"].min())
        values = {
            f"{name.removesuffix('_nok')}_share": share[first] for name, share in shares.items()
        }
        return Finding(UNDEFINED, "measure_of_share", "", {"known_year": first, **values})
    if measure not in shares:
        raise InputError(
            f"measure in check_argument is undefined, loans or amount_nok, not {measure!r}."
        )
    if statement.year not in shares[measure].index:
        return Finding(UNRECOVERABLE, "no_amount")
    return statement.against("share", 100 * shares[measure][statement.year])


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
            "loans_per_1000": 1000 * loans / persons,
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
    return Finding(
        agreed([value == statement.number for value in ranks.values()]),
        "rank_by_measure",
        ";".join(written(value) for value in sorted(set(ranks.values()))),
        {f"{measure}_rank": value for measure, value in ranks.items()},
    )


def _text(p06: pd.DataFrame, year: int) -> dict[str, float]:
    """Give the figures of page 6 for a year, by quantity."""
    rows = p06[p06["year"] == year]
    return dict(zip(rows["quantity"], rows["printed_value"].astype(float), strict=True))


def _table(p14: pd.DataFrame, year: int) -> dict[str, float]:
    """Give the figures of page 14 for a year, by quantity; empty where it lacks the year."""
    row = p14[p14["municipality_name"] == "Malvik"].iloc[0]
    if f"loans_{year}" not in row:
        return {}
    return {quantity: float(row[f"{quantity}_{year}"]) for quantity in ("loans", "amount_nok")}


def _amount_bounds(printed: float) -> tuple[float, float]:
    """Give the amounts (NOK) that are `printed` once rounded or cut off to a million."""
    return printed - MILLION / 2, printed + MILLION


def malvik_amount(statement: Statement, p06: pd.DataFrame, p14: pd.DataFrame) -> Finding:
    """Compare an amount with page 14, or with average times number."""
    year, printed = statement.year, statement.number
    table = _table(p14, year)
    if table:
        amount = table["amount_nok"]
        cut = not (abs(amount - printed) <= MILLION / 2) and printed <= amount < printed + MILLION
        return statement.against("amount_cut_off" if cut else "amount_of_table", amount)
    text = _text(p06, year)
    return statement.against("amount_from_average", text["average_loan_nok"] * text["loans"])


def malvik_count(statement: Statement, p06: pd.DataFrame, p14: pd.DataFrame) -> Finding:
    """Compare a number of loans with page 14, or with amount divided by average."""
    table = _table(p14, statement.year)
    if table:
        return statement.against("loans_of_table", table["loans"])
    text = _text(p06, statement.year)
    low, high = (bound / text["average_loan_nok"] for bound in _amount_bounds(text["amount_nok"]))
    least, most = math.ceil(low), math.floor(high)
    status = WITHIN_ROUNDING if least <= statement.number <= most else CONTRADICTED
    return Finding(status, "loans_from_average", interval(least, most))


def malvik_average(statement: Statement, p06: pd.DataFrame, p14: pd.DataFrame) -> Finding:
    """Compare an average loan with amount divided by number, within the amount's rounding."""
    table = _table(p14, statement.year)
    if table:
        average = table["amount_nok"] / table["loans"]
        status = compare(statement.comparison, statement.number, average)
        return Finding(status, "average_of_table", written(round(average)))
    text = _text(p06, statement.year)
    low, high = (bound / text["loans"] for bound in _amount_bounds(text["amount_nok"]))
    status = compare(statement.comparison, statement.number, low, high)
    plain = {"plain_nok": text["amount_nok"] / text["loans"]}
    return Finding(status, "average_from_amount", interval(round(low), round(high)), plain)


def _quantities(figures: dict[str, float]) -> dict[str, float]:
    """Add the average loan, unless it is printed, to the figures of a year."""
    known = {"amount_nok", "loans"} <= set(figures)
    computed = {"average_loan_nok": figures["amount_nok"] / figures["loans"]} if known else {}
    return computed | figures


def malvik_direction(statement: Statement, p06: pd.DataFrame, p14: pd.DataFrame) -> Finding:
    """Compare a direction with the change by page 6 alone, and with page 14 where it has a year.

    Where number and amount, or the two pages, differ in direction, the statement is undefined.
    """
    asked = statement.argument("quantity")
    ends = [statement.whole("from"), statement.whole("to")]
    text = [_quantities(_text(p06, year)) for year in ends]
    table = [
        _quantities(_table(p14, year)) or before for year, before in zip(ends, text, strict=True)
    ]
    changes: dict[str, float] = {}
    for quantity in ("amount_nok", "loans") if asked == "undefined" else (asked,):
        for source, (first, last) in (("text", text), ("table", table)):
            if quantity in first and quantity in last:
                changes[f"{quantity}_{source}_change"] = last[quantity] / first[quantity] - 1
    directions = ["up" if change > 0 else "down" for change in changes.values()]
    return Finding(
        agreed([direction == statement.printed for direction in directions]),
        "direction_of_unsaid" if asked == "undefined" else "direction",
        ";".join(sorted(set(directions), reverse=True)),
        changes,
    )


def _by_municipality(municipality_year: pd.DataFrame) -> pd.DataFrame:
    """Give population with years as rows and municipality codes as columns."""
    return municipality_year.pivot(
        index="year", columns="municipality_code", values="population"
    ).astype(float)


def _column(wide: pd.DataFrame, code: str) -> pd.Series:
    if code not in wide:
        raise InputError(f"municipality {code!r} in check_argument is not one of the region.")
    return wide[code]


def _in_some_year(statement: Statement, series: pd.Series, unit: str = "count") -> Finding:
    """Compare a printed value with a series by year, undated statements in any plausible year."""
    plausible = [year for year in statement.years() if year in series.dropna().index]
    if not plausible:
        raise InputError("no plausible year in check_argument has a population.")
    status = {
        year: compare(statement.comparison, statement.number, float(value))
        for year, value in series.dropna().items()
    }
    best = min(plausible, key=lambda year: (STATUSES.index(status[year]), year))
    held_years = [int(year) for year in status if status[year] in HOLDS]
    near = series.loc[plausible]
    scale = 100 if unit == "share" else 1
    holds = status[best] in HOLDS
    return Finding(
        status=status[best],
        reason="by_year_held" if held_years else "by_year_never",
        recomputed=written(near[best]) if holds else interval(near.min(), near.max()),
        details={
            "plausible_years": [int(year) for year in plausible],
            f"low_{unit}": near.min() / scale,
            f"high_{unit}": near.max() / scale,
            **({"held_years": held_years} if held_years else {}),
            "all_years": [int(year) for year in status],
        },
    )


def region_population(statement: Statement, region_year: pd.DataFrame) -> Finding:
    """Compare with the region's population of each year."""
    return _in_some_year(statement, region_year.set_index("year")["population"].astype(float))


def municipality_population(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Compare with the population of a municipality, or of the smallest one, each year."""
    wide = _by_municipality(municipality_year)
    code = statement.argument("municipality")
    return _in_some_year(statement, wide.min(axis=1) if code == "smallest" else _column(wide, code))


def population_growth(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Compare with a municipality's growth from each 1 January to the next."""
    persons = _column(_by_municipality(municipality_year), statement.argument("municipality"))
    return _in_some_year(statement, persons.diff().shift(-1))


def population_rank(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Compare with a municipality's rank by population each year, the largest being 1."""
    ranks = _by_municipality(municipality_year).rank(axis=1, ascending=False, method="min")
    return _in_some_year(statement, _column(ranks, statement.argument("municipality")))


def population_share(statement: Statement, group_year: pd.DataFrame) -> Finding:
    """Compare with a group's share of the region's population, in percent, each year."""
    wide = group_year.pivot(index="year", columns="group", values="population").astype(float)
    share = 100 * wide.div(wide.sum(axis=1), axis=0)
    return _in_some_year(statement, share[statement.argument("group")], "share")


def population_decline(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Count the municipalities whose population fell every year of a span; one is enough."""
    years = statement.years("years")
    change = _by_municipality(municipality_year).loc[years].diff().iloc[1:]
    falling = int((change < 0).all().sum())
    status = held(falling > 0)
    return Finding(
        status,
        "declining",
        written(falling),
        {"declining_count": falling, "span_years": years},
    )


def size_rank(statement: Statement, municipality_year: pd.DataFrame) -> Finding:
    """Count how many of a group are among the equally many largest; one is enough."""
    year = statement.year
    persons = municipality_year[municipality_year["year"] == year]
    group = persons[persons["group"] == statement.argument("group")]
    largest = persons.nlargest(len(group), "population")
    shared = int(group["municipality_code"].isin(largest["municipality_code"]).sum())
    details = {"shared_count": shared, "group_count": len(group)}
    return Finding(held(shared > 0), "largest", written(shared), details)


def municipality_count(statement: Statement, ssb_population: pd.DataFrame) -> Finding:
    """Count the municipalities in force on 1 January of each plausible year."""
    years = statement.years()
    counted = ssb_population.groupby("year")["municipality_code"].nunique().reindex(years)
    low, high = float(counted.min()), float(counted.max())
    return statement.against("in_force", low, high, plausible_years=years)


def municipality_share(statement: Statement, group_year: pd.DataFrame) -> Finding:
    """Compare with a group's share of the number of municipalities, in percent."""
    rows = group_year[group_year["year"] == statement.year].set_index("group")["municipalities"]
    number, region = int(rows[statement.argument("group")]), int(rows.sum())
    percent, counts = 100 * number / region, {"group_count": number, "region_count": region}
    return statement.against("share_of_municipalities", percent, **counts)


def county_count(statement: Statement, municipality: pd.DataFrame) -> Finding:
    """Count the counties that the region's municipalities lie in."""
    return statement.against("counties", municipality["county_code"].nunique())
