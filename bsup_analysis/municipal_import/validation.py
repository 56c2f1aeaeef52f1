"""The municipal table compared with every published total.

Each published total and each sum of imported numbers is an interval: the press rounds to whole
millions, a file may hold thousands of NOK, an unknown municipality may add anything.  Two
intervals that do not meet are a deviation; an incomplete sum that could still agree is no
agreement either.
"""

import math
from collections.abc import Collection

import pandas as pd

# half of the last printed figure; document p. 6 may cut off instead of rounding (reading A3)
_HALF = {"exact": 0.0, "whole_million": 5e5, "tenth_of_million": 5e4}
_TRUNCATED = 1e6
PRINTED = (
    "programme_p14_start_loans",
    "programme_p11_region_loans",
    "programme_p06_malvik",
    "press_totals",
)
COLUMNS = ("area", "area_code", "area_name", "year", "quantity", "published", "low", "high")
QUANTITIES = ("loans", "amount_nok")
AGREES, DEVIATES, INCOMPLETE = "agrees", "deviates", "incomplete"


def published_totals(
    p14: pd.DataFrame, p11: pd.DataFrame, p06: pd.DataFrame, press: pd.DataFrame
) -> pd.DataFrame:
    """Collect the published totals of start loans.

    Parameters
    ----------
    p14, p11, p06, press
        The tables named in `PRINTED`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS` and `source`; `area` is municipality, priority, county or region; `low`
        and `high` are what rounding leaves.  Left out: changes, averages and growth rates, which
        follow from these, and p. 6's figures for years that p. 14 has (reading A1).
    """
    rows: list[tuple[object, ...]] = []

    def add(
        area: tuple[str, str, str], year: int, quantity: str, printed: int, source: str,
        below: float = 0, above: float = 0,
    ) -> None:  # fmt: skip
        value = float(printed)
        rows.append((*area, year, quantity, value, value - below, value + above, source))

    malvik = ("", "", "")
    for line in p14.to_dict("records"):
        area = ("municipality", line["municipality_code"], line["municipality_name"])
        malvik = area if line["municipality_name"] == "Malvik" else malvik
        area = ("priority", "", "") if line["row_kind"] == "sum" else area
        for year in (2009, 2010):
            for quantity in QUANTITIES:
                add(area, year, quantity, line[f"{quantity}_{year}"], "document p. 14")
    for bar in p11.to_dict("records"):
        order = "" if bar["certainty"] == "confirmed" else ", year by reading order"
        add(("region", "", ""), bar["year"], "loans", bar["loans"], f"document p. 11{order}")
    for fact in p06[(p06["year"] == 2008) & p06["quantity"].isin(QUANTITIES)].to_dict("records"):
        rounded = (0, 0) if fact["precision"] == "exact" else (5e5, _TRUNCATED)
        add(malvik, 2008, fact["quantity"], fact["printed_value"], "document p. 6", *rounded)
    for fact in press[press["quantity"].isin(["amount", "loans"])].to_dict("records"):
        quantity = "loans" if fact["quantity"] == "loans" else "amount_nok"
        half = _HALF.get(fact["rounding"], 0.0)
        code = fact["area_code"] if isinstance(fact["area_code"], str) else ""
        area = (fact["area_kind"], code, "" if fact["area_kind"] == "region" else fact["area"])
        above = math.inf if fact["rounding"] == "more_than" else half
        add(area, fact["year"], quantity, fact["printed_value"], "press", half, above)
    totals = pd.DataFrame(rows, columns=[*COLUMNS, "source"])
    order_of = {"region": 0, "priority": 1, "county": 2, "municipality": 3}
    columns = ["area", "area_code", "quantity", "year", "source"]
    return totals.sort_values(
        columns,
        kind="stable",
        ignore_index=True,
        key=lambda column: column.map(order_of) if column.name == "area" else column,
    )


def resolution_nok(amounts: pd.Series) -> int:
    """Find to how many NOK the amounts of a table are rounded: 1, a thousand, up to a million.

    All amounts are whole thousands only where somebody rounded them.
    """
    known = amounts.dropna()
    whole = [unit for unit in (1_000, 10_000, 100_000, 1_000_000) if (known % unit == 0).all()]
    return max(whole, default=1) if len(known) > 1 and (known > 0).any() else 1


def compare(
    municipal: pd.DataFrame, totals: pd.DataFrame, priority: Collection[str] = ()
) -> pd.DataFrame:
    """Compare a municipal table with published totals.

    Parameters
    ----------
    municipal
        A table of `start_loans.toml`.
    totals
        From `published_totals`.
    priority
        Codes of the priority municipalities; by default those of document p. 14.

    Returns
    -------
    pandas.DataFrame
        The totals of the table's years, with `imported` (the sum of what is known), `missing`
        (municipalities of the area that are unknown), `difference` (imported less published; NaN
        where something is missing) and `status`.
    """
    printed = set(totals.loc[totals["source"] == "document p. 14", "area_code"]) - {""}
    half = resolution_nok(municipal["amount_nok"]) / 2
    code = municipal["municipality_code"]
    members = {
        "municipality": lambda area: code == area,
        "priority": lambda _: code.isin(set(priority) or printed),
        "county": lambda area: code.str.startswith(area),
        "region": lambda _: code.notna(),
    }
    rows = []
    for total in totals[totals["year"].isin(municipal["year"])].to_dict("records"):
        inside = members[total["area"]](total["area_code"])
        own = municipal[(municipal["year"] == total["year"]) & inside]
        if total["quantity"] == "loans":
            low, high = own["loans_low"], own["loans_high"]
        else:
            margin = half if half > 0.5 else 0
            low, high = own["amount_nok"] - margin, own["amount_nok"] + margin
        values = own[total["quantity"]]
        missing = int(values.isna().sum())
        if missing == len(own):
            continue  # nothing of the area in the file: nothing to compare
        least = float(low.fillna(0).sum())
        most = math.inf if high.isna().any() else float(high.sum())
        meets = least <= total["high"] and most >= total["low"]
        status = DEVIATES if not meets else INCOMPLETE if missing else AGREES
        imported = float(values.sum())
        difference = math.nan if missing else imported - total["published"]
        rows.append(
            {**total, "imported": imported, "missing": missing}
            | {"difference": difference, "status": status}
        )
    columns = [*COLUMNS, "source", "imported", "missing", "difference", "status"]
    return pd.DataFrame(rows, columns=columns)


def compare_demonstration(panel: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Compare a SYNTHETIC panel with the totals of the region and of the priority group."""
    table = panel.rename(columns={"unit": "municipality_code"})
    priority = table.loc[table["group"] == "priority", "municipality_code"]
    groups = totals[totals["area"].isin(["region", "priority"])]
    return compare(table, groups, priority.unique())
