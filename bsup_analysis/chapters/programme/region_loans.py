"""The number of start loans in the region, 2007-2010, and in each group where it is known."""

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import PALE, REGION, group_bars, new_figure
from bsup_analysis.language import Words


@traced
def region_loans(
    region_year: pd.DataFrame,
    group_year: pd.DataFrame,
    programme_chart_axes: pd.DataFrame,
    words: Words,
) -> Exhibit:
    """Show the region's start loans as the document's chart has them (p. 11), split where known."""
    region = region_year.dropna(subset=["loans"]).set_index("year")
    groups = group_year.dropna(subset=["loans"]).pivot(
        index="year", columns="group", values="loans"
    )
    data = region[["loans", "loans_certainty"]].join(groups).reset_index()
    axis = programme_chart_axes.query("chart == 'loans' and axis == 'value'")["tick"]
    known = data.dropna(subset=["priority"])
    whole = data[data["priority"].isna()]

    def draw() -> Figure:
        figure, axes = new_figure(height_in=3.6)
        axes.bar(
            whole["year"], whole["loans"], color=PALE, edgecolor=REGION, linestyle="--", width=0.6
        )
        group_bars(axes, "priority", known["year"], known["priority"], width=0.6)
        group_bars(
            axes, "other", known["year"], known["other"], bottom=known["priority"], width=0.6
        )
        for row in data.itertuples():
            axes.annotate(
                words.count(row.loans),
                (row.year, row.loans),
                (0, 3),
                textcoords="offset points",
                ha="center",
                fontweight="bold",
            )
        for row in known.itertuples():
            axes.text(
                row.year,
                row.priority / 2,
                words.count(row.priority),
                ha="center",
                va="center",
                color="white",
                fontweight="bold",
            )
            axes.text(
                row.year,
                row.priority + row.other / 2,
                words.count(row.other),
                ha="center",
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
        axes.set_xticks(data["year"])
        axes.set_ylim(0, axis.max())
        axes.set_yticks(sorted(axis), [words.count(tick) for tick in sorted(axis)])
        axes.set_title(words("loans.region.axis"))
        handles = [axes.containers[1], axes.containers[2], axes.containers[0]]
        axes.legend(
            handles,
            [words("groups.priority"), words("groups.other"), words("loans.region.not_split")],
            loc="upper left",
            fontsize="small",
        )
        return figure

    values = {f"loans_{row.year}": words.count(row.loans) for row in data.itertuples()} | {
        f"{group}_{row.year}": words.count(getattr(row, group))
        for row in known.itertuples()
        for group in ("priority", "other")
    }
    certain = data.set_index("year")["loans_certainty"]
    values["confirmed"] = words.listed([str(y) for y in certain.index[certain == "confirmed"]])
    values["read"] = words.listed([str(y) for y in certain.index[certain == "reading_order"]])
    return Exhibit(
        id="region_loans",
        title=words("loans.region.title"),
        caption=words("loans.region.caption", **values),
        source=words("loans.region.source"),
        alternative_text=words("loans.region.alternative_text", **values),
        data=data,
        draw=draw,
        numbers={
            f"loans_region_{row.year}": Number(row.loans, "loans") for row in data.itertuples()
        }
        | {
            f"loans_{group}_{row.year}": Number(getattr(row, group), "loans")
            for row in known.itertuples()
            for group in ("priority", "other")
        },
    )
