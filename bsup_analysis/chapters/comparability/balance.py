"""How far apart the groups were, characteristic by characteristic, before the programme."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bsup_analysis.chapters.comparability.selection import GROUPS, balance_table, characteristics
from bsup_analysis.design import Design
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import PALE, PRIORITY, new_figure
from bsup_analysis.language import UNKNOWN, Words

# standard deviations; differences within it are often called negligible (Austin 2009)
NEGLIGIBLE = 0.1


def _shown(
    data: pd.DataFrame, formats: dict[str, Callable[[float], str]], words: Words
) -> pd.DataFrame:
    def inside(row: pd.Series, group: str) -> str:
        if pd.isna(row[f"inside_{group}"]):
            return UNKNOWN
        return words(
            "selection.balance.of",
            count=words.count(row[f"inside_{group}"]),
            all=words.count(row[f"known_{group}"]),
        )

    rows = [row for _, row in data.iterrows()]
    return pd.DataFrame(
        {
            words("selection.balance.characteristic"): [
                words(f"selection.balance.{row['characteristic']}") for row in rows
            ],
            **{
                words(f"selection.{group}"): [
                    formats[row["characteristic"]](row[f"mean_{group}"]) for row in rows
                ]
                for group in GROUPS
            },
            words("selection.balance.difference"): [
                words.decimal(row["standardised_difference"]) for row in rows
            ],
            **{
                words(f"selection.balance.inside_{group}"): [inside(row, group) for row in rows]
                for group in GROUPS
            },
        }
    )


@traced
def group_balance(
    municipality: pd.DataFrame, municipality_year: pd.DataFrame, design: Design, words: Words
) -> Exhibit:
    """Show how far the groups differ in size, growth, immigrants and centrality."""
    window = design.window
    table = characteristics(municipality, municipality_year, design)
    data = balance_table(table)
    difference = data["standardised_difference"]
    formats: dict[str, Callable[[float], str]] = {
        "population": words.count,
        "log_population": lambda mean: words.count(float(np.exp(mean))),
        "growth": words.change,
        "immigrant_share": words.percent,
        "most_central": words.percent,
        "least_central": words.percent,
    }
    names = [words(f"selection.balance.{name}") for name in data["characteristic"]]

    def draw() -> Figure:
        figure, axes = new_figure(height_in=2.9)
        axes.axvspan(-NEGLIGIBLE, NEGLIGIBLE, color=PALE, alpha=0.7, lw=0)
        axes.axvline(0, color="black", linewidth=0.6)
        place = np.arange(len(data))
        axes.hlines(place, 0, difference, color=PRIORITY, linewidth=1.4)
        axes.plot(difference, place, "o", color=PRIORITY)
        for y, value in enumerate(difference):
            axes.annotate(
                words.decimal(value),
                (value, y),
                (7 if value >= 0 else -7, 0),
                textcoords="offset points",
                ha="left" if value >= 0 else "right",
                va="center",
                fontsize="small",
            )
        axes.set_yticks(place, names)
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.14)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.decimal(x, 1)))
        axes.set_title(words("selection.balance.axis"))
        return figure

    widest = data.loc[difference.abs().idxmax()]
    unknown = table["centrality_level_2008"].isna().sum()
    values = {
        "year": str(window.last_year_before.value),
        "first_year": str(min(window.population_years.value)),
        "limit": words.decimal(NEGLIGIBLE, 1),
        "beyond": words.count((difference.abs() > NEGLIGIBLE).sum()),
        "all": words.count(len(data)),
        "widest": words(f"selection.balance.{widest['characteristic']}"),
        "widest_difference": words.decimal(widest["standardised_difference"]),
        "unknown": words.count(unknown),
        "each": words.listed(
            [
                words("selection.balance.differs", name=name, difference=words.decimal(value))
                for name, value in zip(names, difference, strict=True)
            ]
        ),
    }
    return Exhibit(
        id="group_balance",
        title=words("selection.balance.title", **values),
        caption=words("selection.balance.caption", **values),
        source=words("selection.balance.source"),
        alternative_text=words("selection.balance.alternative_text", **values),
        data=data,
        draw=draw,
        shown=_shown(data, formats, words),
        numbers={
            f"standardised_difference_{row.characteristic}": Number(
                row.standardised_difference, "standard deviations"
            )
            for row in data.itertuples()
        },
    )
