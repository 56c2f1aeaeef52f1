"""The table of document p. 14, recomputed and completed with averages and rates."""

import pandas as pd

from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.language import Words

YEARS = (2009, 2010)


def completed_table(
    programme_p14_start_loans: pd.DataFrame, municipality_year: pd.DataFrame
) -> pd.DataFrame:
    """Recompute every change and sum, and add average loans and rates per 1 000 inhabitants.

    Returns
    -------
    pandas.DataFrame
        One row a municipality in printed order and one for their sum, none of it taken from
        the printed changes or sums: `loans_*`, `amount_nok_*`, their changes,
        `average_loan_nok_*`, `loans_per_1000_*`, `amount_nok_per_1000_*`, and
        `printed_agrees`, whether all printed figures of the row are the recomputed ones.
    """
    printed = programme_p14_start_loans
    rows = printed[printed["row_kind"] == "municipality"]
    population = municipality_year.pivot(
        index="municipality_code", columns="year", values="population"
    )
    table = rows[["municipality_code", "municipality_name"]].copy()
    for year in YEARS:
        table[f"population_{year}"] = rows["municipality_code"].map(population[year]).astype(int)
        for quantity in ("loans", "amount_nok"):
            table[f"{quantity}_{year}"] = rows[f"{quantity}_{year}"]
    total = table.drop(columns="municipality_name").sum(numeric_only=True)
    table = pd.concat([table, total.to_frame().T], ignore_index=True)
    for quantity in ("loans", "amount_nok"):
        table[f"{quantity}_change"] = table[f"{quantity}_2010"] - table[f"{quantity}_2009"]
    columns = [f"{q}_{end}" for q in ("loans", "amount_nok") for end in (*YEARS, "change")]
    ordered = pd.concat([rows, printed[printed["row_kind"] == "sum"]])[columns].to_numpy()
    table["printed_agrees"] = (table[columns].astype(int).to_numpy() == ordered).all(axis=1)
    for year in YEARS:
        loans, amount = table[f"loans_{year}"].astype(float), table[f"amount_nok_{year}"]
        table[f"average_loan_nok_{year}"] = (amount / loans.where(loans > 0)).astype(float)
        inhabitants = table[f"population_{year}"].astype(float)
        table[f"loans_per_1000_{year}"] = 1000 * loans / inhabitants
        table[f"amount_nok_per_1000_{year}"] = 1000 * amount.astype(float) / inhabitants
    return table


@traced
def start_loan_table(
    programme_p14_start_loans: pd.DataFrame, municipality_year: pd.DataFrame, words: Words
) -> Exhibit:
    """Show the recomputed table of document p. 14."""
    data = completed_table(programme_p14_start_loans, municipality_year)
    total = words("programme_table.sum")
    shown = pd.DataFrame(
        {words("programme_table.municipality"): data["municipality_name"].fillna(total)}
    )
    for key, column, write in (
        ("loans", "loans", words.count),
        ("million", "amount_nok", words.million),
        ("average", "average_loan_nok", words.count),
        ("loans_rate", "loans_per_1000", lambda v: words.decimal(v, 2)),
        ("amount_rate", "amount_nok_per_1000", lambda v: words.count(v / 1000)),
    ):
        for year in YEARS:
            head = words(f"programme_table.{key}", year=year)
            shown[head] = data[f"{column}_{year}"].map(write)
        if key == "loans":
            shown[words("programme_table.change")] = data["loans_change"].map(words.signed)
        if key == "million":
            change = data["amount_nok_2010"] / data["amount_nok_2009"] - 1
            shown[words("programme_table.change_percent")] = change.astype(float).map(words.change)
    agree = int(data["printed_agrees"].sum())
    falls = data.iloc[:-1]
    values = {
        "rows": words.count(len(data)),
        "agree": words.count(agree),
        "fewer_or_same": words.count((falls["loans_change"] <= 0).sum()),
        "less": words.count((falls["amount_nok_change"] < 0).sum()),
        "municipalities": words.count(len(falls)),
    }
    return Exhibit(
        id="start_loan_table",
        title=words("programme_table.title"),
        caption=words("programme_table.caption", **values),
        source=words("programme_table.source"),
        alternative_text=words("programme_table.alternative_text", **values),
        data=data,
        shown=shown,
    )
