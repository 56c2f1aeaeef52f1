"""Malvik: what the text of document p. 6 says against the table of p. 14, every variant."""

from itertools import product

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import PRINTED, PRIORITY, new_figure
from bsup_analysis.language import Words

MALVIK = "1663"


def malvik_variants(
    programme_p06_malvik: pd.DataFrame, programme_p14_start_loans: pd.DataFrame
) -> pd.DataFrame:
    """Combine every amount with every number of loans that the document prints for a year.

    Returns
    -------
    pandas.DataFrame
        `year`, `amount_from` and `loans_from` (text or table), `amount_nok`, `loans`,
        `average_loan_nok`.
    """
    text = programme_p06_malvik.dropna(subset=["year"]).pivot(
        index="year", columns="quantity", values="printed_value"
    )
    row = programme_p14_start_loans.set_index("municipality_code").loc[MALVIK]
    known: dict[tuple[int, str], dict[str, float]] = {}
    for year in (2008, 2009, 2010):
        known[year, "text"] = text.loc[year].dropna().to_dict()
        if f"loans_{year}" in row.index:
            known[year, "table"] = {q: row[f"{q}_{year}"] for q in ("amount_nok", "loans")}
    rows = []
    for year in (2008, 2009, 2010):
        for amount_from, loans_from in product(("text", "table"), repeat=2):
            amount = known.get((year, amount_from), {}).get("amount_nok")
            loans = known.get((year, loans_from), {}).get("loans")
            if amount is not None and loans is not None:
                rows.append(
                    (year, amount_from, loans_from, int(amount), int(loans), amount / loans)
                )
    return pd.DataFrame(
        rows,
        columns=["year", "amount_from", "loans_from", "amount_nok", "loans", "average_loan_nok"],
    )


@traced
def malvik(
    programme_p06_malvik: pd.DataFrame, programme_p14_start_loans: pd.DataFrame, words: Words
) -> Exhibit:
    """Show Malvik's loans, amounts and average loans in every variant."""
    data = malvik_variants(programme_p06_malvik, programme_p14_start_loans)
    averages = programme_p06_malvik.query("quantity == 'average_loan_nok'")
    printed = averages.set_index("year")["printed_value"]

    def draw() -> Figure:
        figure, (left, right) = new_figure(1, 2, 3.4)
        for axes, column, title in (
            (left, "loans", "malvik.loans"),
            (right, "average_loan_nok", "malvik.average"),
        ):
            for source, marker, colour in (("table", "o", PRIORITY), ("text", "D", PRINTED)):
                rows = data[data["loans_from"] == source]
                rows = rows.drop_duplicates(["year", column])
                axes.scatter(
                    rows["year"],
                    rows[column],
                    marker=marker,
                    s=46,
                    facecolor=colour if source == "table" else "white",
                    edgecolor=colour,
                    label=words(f"malvik.from_{source}"),
                    zorder=3,
                )
            axes.set_xticks([2008, 2009, 2010])
            axes.set_xlim(2007.5, 2010.5)
            axes.set_ylim(0, 1.1 * data[column].max())
            axes.grid(axis="y")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.count(y)))
            axes.set_title(words(title))
        for row in data.drop_duplicates(["year", "loans"]).itertuples():
            left.annotate(
                words.count(row.loans),
                (row.year, row.loans),
                (8, 0),
                textcoords="offset points",
                va="center",
            )
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return figure

    variant = data.set_index(["year", "amount_from", "loans_from"])["average_loan_nok"]
    used = variant[2009, "table", "table"]
    text = variant[2009, "text", "text"]
    start = float(printed[2008])
    shown = pd.DataFrame(
        {
            words("malvik.variant"): [
                words(
                    "malvik.row",
                    year=row.year,
                    amount=words(f"malvik.{row.amount_from}"),
                    loans=words(f"malvik.{row.loans_from}"),
                )
                for row in data.itertuples()
            ],
            words("malvik.amount"): data["amount_nok"].map(words.count),
            words("malvik.loans"): data["loans"].map(words.count),
            words("malvik.average"): data["average_loan_nok"].map(words.count),
        }
    )
    values = {
        "text_average": words.count(text),
        "table_average": words.count(used),
        "printed_average": words.count(start),
        "text_change": words.change(text / start - 1),
        "table_change": words.change(used / start - 1),
        "next_change": words.change(variant[2010, "table", "table"] / used - 1),
        "text_loans": words.count(
            data.query("year == 2009 and loans_from == 'text'")["loans"].iloc[0]
        ),
        "table_loans": words.count(
            data.query("year == 2009 and loans_from == 'table'")["loans"].iloc[0]
        ),
    }
    return Exhibit(
        id="malvik",
        title=words("malvik.title"),
        caption=words("malvik.caption", **values),
        source=words("malvik.source"),
        alternative_text=words("malvik.alternative_text", **values),
        data=data,
        draw=draw,
        shown=shown,
        numbers={
            "malvik_average_loan_nok_2009_table": Number(used, "NOK a loan"),
            "malvik_average_loan_nok_2009_text": Number(text, "NOK a loan"),
        },
    )
