"""The municipal table's schema, and its comparison with every published total.

Each published total and each sum of imported numbers is an interval: the press rounds to whole
millions, a file may hold thousands of NOK, an unknown municipality may add anything.  Two
intervals that do not meet are a deviation; an incomplete sum that could still agree is no
agreement either.
"""

import math
from collections.abc import Collection, Mapping

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from bsup_analysis.tables.strict_csv import CODE, Strict

DEFINITIONS = ("loans", "approved_dwellings")


class MunicipalStartLoans(Strict):
    """Start loans by municipality (borders of 2009) and year; an empty field is unknown."""

    municipality_code: Series[str] = pa.Field(
        str_matches=CODE, metadata={"unit": "code", "description": "Municipality, 2009 borders."}
    )
    year: Series[int] = pa.Field(
        ge=1990, le=2030, metadata={"unit": "year", "description": "Calendar year."}
    )
    loans: Series[pd.Int64Dtype] = pa.Field(
        ge=0,
        nullable=True,
        metadata={"unit": "count", "description": "Loans, or dwellings, by `definition`."},
    )
    loans_low: Series[pd.Int64Dtype] = pa.Field(
        ge=0,
        nullable=True,
        metadata={"unit": "count", "description": "Least that rounding or suppression leaves."},
    )
    loans_high: Series[pd.Int64Dtype] = pa.Field(
        ge=0,
        nullable=True,
        metadata={"unit": "count", "description": "Most that rounding or suppression leaves."},
    )
    amount_nok: Series[pd.Int64Dtype] = pa.Field(
        ge=0, nullable=True, metadata={"unit": "NOK", "description": "Amount, current prices."}
    )
    definition: Series[str] = pa.Field(
        isin=list(DEFINITIONS),
        metadata={"unit": "category", "description": "Loans paid out, or dwellings approved."},
    )
    source: Series[str] = pa.Field(
        metadata={"unit": "text", "description": "Where the row comes from, and marks it had."},
    )
    rows_used: Series[pd.Int64Dtype] = pa.Field(
        ge=0, metadata={"unit": "rows", "description": "Input rows added up; none: no row."}
    )

    @pa.dataframe_check(error="loans lie between loans_low and loans_high")
    @classmethod
    def within_bounds(cls, table: pd.DataFrame) -> pd.Series:
        """Check that the count lies inside its bounds, where all are known."""
        low = (table["loans"] >= table["loans_low"]).fillna(True)
        return (low & (table["loans"] <= table["loans_high"]).fillna(True)).astype(bool)

    @pa.check("source", error="synthetic data are no municipality's data")
    @classmethod
    def not_synthetic(cls, source: Series[str]) -> Series[bool]:
        """Refuse rows that say they are made up."""
        return ~source.str.lower().str.contains("synthetic", regex=False)

    class Config:
        unique = ["municipality_code", "year"]  # noqa: RUF012  (pandera reads a list)


# half of the last printed figure; document p. 6 may cut off instead of rounding (reading A3)
_HALF = {"exact": 0.0, "whole_million": 5e5, "tenth_of_million": 5e4}
_TRUNCATED = 1e6
COLUMNS = ("area", "area_code", "area_name", "year", "quantity", "published", "low", "high")
QUANTITIES = ("loans", "amount_nok")
AGREES, DEVIATES, INCOMPLETE = "agrees", "deviates", "incomplete"


def published_totals(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Collect the published totals of start loans.

    Parameters
    ----------
    tables
        `programme_p14_start_loans`, `programme_p11_region_loans`, `programme_p06_malvik` and
        `press_totals`.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS` and `source`; `area` is municipality, priority, county or region; `low`
        and `high` are what rounding leaves.  Left out: changes, averages and growth rates, which
        follow from these, and p. 6's figures for years that p. 14 has (reading A1).
    """
    rows: list[tuple[object, ...]] = []
    table = tables["programme_p14_start_loans"]
    for line in table.to_dict("records"):
        whole = line["row_kind"] == "sum"
        own = ("municipality", line["municipality_code"], line["municipality_name"])
        area = ("priority", "", "") if whole else own
        for year in (2009, 2010):
            for quantity in QUANTITIES:
                value = float(line[f"{quantity}_{year}"])
                rows.append((*area, year, quantity, value, value, value, "document p. 14"))
    for bar in tables["programme_p11_region_loans"].to_dict("records"):
        value = float(bar["loans"])
        source = "document p. 11" + (
            "" if bar["certainty"] == "confirmed" else ", year by reading order"
        )
        rows.append(("region", "", "", bar["year"], "loans", value, value, value, source))
    rows += _malvik(table, tables["programme_p06_malvik"])
    for fact in tables["press_totals"].to_dict("records"):
        if fact["quantity"] not in ("amount", "loans"):
            continue
        quantity = "loans" if fact["quantity"] == "loans" else "amount_nok"
        value, half = float(fact["printed_value"]), _HALF.get(fact["rounding"], 0.0)
        code = fact["area_code"] if isinstance(fact["area_code"], str) else ""
        area = (fact["area_kind"], code, "" if fact["area_kind"] == "region" else fact["area"])
        high = math.inf if fact["rounding"] == "more_than" else value + half
        rows.append((*area, fact["year"], quantity, value, value - half, high, "press"))
    totals = pd.DataFrame(rows, columns=[*COLUMNS, "source"])
    order = {"municipality": 2, "priority": 1, "county": 1.5, "region": 0}
    return (
        totals.assign(order=totals["area"].map(order))
        .sort_values(["order", "area_code", "quantity", "year", "source"], kind="stable")
        .drop(columns="order")
        .reset_index(drop=True)
    )


def _malvik(table: pd.DataFrame, malvik: pd.DataFrame) -> list[tuple[object, ...]]:
    code = table.loc[table["municipality_name"] == "Malvik", "municipality_code"].item()
    rows: list[tuple[object, ...]] = []
    for fact in malvik[malvik["year"] == 2008].to_dict("records"):
        quantity, value = fact["quantity"], float(fact["printed_value"])
        if quantity not in QUANTITIES:
            continue
        exact = fact["precision"] == "exact"
        low, high = (value, value) if exact else (value - 5e5, value + _TRUNCATED)
        rows.append(
            ("municipality", code, "Malvik", 2008, quantity, value, low, high, "document p. 6")
        )
    return rows


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
        A table of `MunicipalStartLoans`.
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
        # nothing of the area in the file: nothing to compare
        if missing == len(own):
            continue
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
