"""The published loans and NOK, and which rows of a raw table enter a processed one."""

from collections.abc import Callable, Mapping

import pandas as pd

Rows = Callable[[pd.DataFrame], pd.Series]


def of_municipalities(start_loans: pd.DataFrame) -> pd.Series:
    """Tell the rows of document p. 14 that are municipalities from its printed sum."""
    return start_loans["row_kind"] == "municipality"


def malvik_before_the_table(malvik: pd.DataFrame) -> pd.Series:
    """Tell the loans and NOK of 2008 (document p. 6), the year that p. 14 does not have."""
    return (malvik["year"] == 2008).fillna(False) & malvik["quantity"].isin(["loans", "amount_nok"])


def press_of_municipalities(press: pd.DataFrame) -> pd.Series:
    """Tell the totals of single municipalities in 2008."""
    return (press["area_kind"] == "municipality") & (press["year"] == 2008)


def press_amounts(press: pd.DataFrame) -> pd.Series:
    """Tell the region's amounts."""
    return (press["area_kind"] == "region") & (press["quantity"] == "amount")


USED: Mapping[tuple[str, str], Rows] = {
    ("municipality_year", "programme_p14_start_loans"): of_municipalities,
    ("municipality_year", "programme_p06_malvik"): malvik_before_the_table,
    ("municipality_year", "press_totals"): press_of_municipalities,
    ("region_year", "press_totals"): press_amounts,
}


def bars_by_year(bars: pd.DataFrame, order: str) -> pd.DataFrame:
    """Give the chart's bars their years.

    Parameters
    ----------
    bars
        The bars of p. 11 with the years that reading order gives them.
    order
        `readings.chart_order`: `reading_order`, or `exchanged`, which gives the bars that the
        press does not fix each other's years.

    Returns
    -------
    pandas.DataFrame
        Columns `year`, `loans`, `loans_certainty`.
    """
    table = bars[["year", "loans", "certainty"]].rename(columns={"certainty": "loans_certainty"})
    if order == "exchanged":
        open_years = table["loans_certainty"] != "confirmed"
        table.loc[open_years, "loans"] = table.loc[open_years, "loans"].to_numpy()[::-1]
        table.loc[open_years, "loans_certainty"] = order
    return table


def published_loans(
    start_loans: pd.DataFrame, malvik: pd.DataFrame, press: pd.DataFrame, malvik_2009: str
) -> pd.DataFrame:
    """Collect the loans and amounts printed for single municipalities.

    2009 and 2010 are those of the table on p. 14; 2008 is known for Malvik (p. 6) and
    Stjørdal (press) alone.  By `readings.malvik_2009_loans` (`malvik_2009`: `table_p14` or
    `text_p06`) Malvik's loans in 2009 are those of p. 6.
    """
    rows = start_loans[of_municipalities(start_loans)]
    parts = [
        pd.DataFrame(
            {
                "municipality_code": rows["municipality_code"],
                "year": year,
                "loans": rows[f"loans_{year}"],
                "amount_nok": rows[f"amount_nok_{year}"],
                "loans_source": "document p. 14",
            }
        )
        for year in (2009, 2010)
    ]
    malvik_code = rows.loc[rows["municipality_name"] == "Malvik", "municipality_code"].item()
    text = malvik[malvik_before_the_table(malvik)].set_index("quantity")["printed_value"]
    local = press[press_of_municipalities(press)]
    for code, figures, source in [
        (malvik_code, text, "document p. 6"),
        *(
            (
                code,
                part.set_index("quantity")["printed_value"].rename({"amount": "amount_nok"}),
                "press",
            )
            for code, part in local.groupby("area_code")
        ),
    ]:
        parts.append(
            pd.DataFrame(
                {
                    "municipality_code": [code],
                    "year": [2008],
                    "loans": [figures["loans"]],
                    "amount_nok": [figures["amount_nok"]],
                    "loans_source": [source],
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    if malvik_2009 == "text_p06":
        printed = malvik[(malvik["year"] == 2009) & (malvik["quantity"] == "loans")]
        here = (table["municipality_code"] == malvik_code) & (table["year"] == 2009)
        table.loc[here, "loans"] = printed["printed_value"].item()
        table.loc[here, "loans_source"] = "document pp. 6 (loans), 14 (NOK)"
    return table
