"""Average loans: the region with what rounding leaves, the groups, and each municipality."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import (
    GROUP_COLOUR,
    GROUP_MARKER,
    GROUP_TEXT_COLOUR,
    PALE,
    PRIORITY,
    REGION,
    new_figure,
)
from bsup_analysis.language import Words

AREAS = ("priority", "region", "other")


def average_loans(group_year: pd.DataFrame, region_year: pd.DataFrame) -> pd.DataFrame:
    """Compute average loans with the range that the rounding of the press totals leaves.

    Returns
    -------
    pandas.DataFrame
        `area` (priority, other, region), `year`, and `average_loan_nok` with `_low` and `_high`,
        in NOK a loan.
    """
    region = region_year.dropna(subset=["amount_nok"]).assign(group="region")
    rows = pd.concat([group_year.dropna(subset=["amount_nok"]), region], ignore_index=True)
    averages = pd.DataFrame({"area": rows["group"], "year": rows["year"]})
    for end in ("", "_low", "_high"):
        averages[f"average_loan_nok{end}"] = (rows[f"amount_nok{end}"] / rows["loans"]).astype(
            float
        )
    return averages


@traced
def average_loan(
    group_year: pd.DataFrame,
    region_year: pd.DataFrame,
    municipality_year: pd.DataFrame,
    programme_chart_axes: pd.DataFrame,
    words: Words,
) -> Exhibit:
    """Show average loans beside the empty chart of the document (p. 6)."""
    averages = average_loans(group_year, region_year)
    single = municipality_year.dropna(subset=["loans"]).query("loans > 0")
    single = single.assign(average_loan_nok=(single["amount_nok"] / single["loans"]).astype(float))
    years = [int(year) for year in region_year.dropna(subset=["loans"])["year"]]
    computed = sorted(averages["year"].unique())
    lost = [year for year in years if year not in computed]
    ceiling = programme_chart_axes.query("chart == 'average_loan_nok' and axis == 'value'")[
        "tick"
    ].max()
    data = pd.concat(
        [
            averages,
            single.rename(columns={"municipality_code": "area"})[
                ["area", "year", "average_loan_nok"]
            ],
            pd.DataFrame({"area": "region", "year": lost, "average_loan_nok_high": float(ceiling)}),
        ],
        ignore_index=True,
    )

    def draw() -> Figure:
        figure, axes = new_figure(height_in=4.2)
        axes.bar(lost, ceiling, width=0.7, color="white", edgecolor=PALE, hatch="xx", zorder=0)
        for year in lost:
            axes.text(
                year,
                ceiling / 2,
                words("averages.unrecoverable"),
                ha="center",
                va="center",
                fontsize="small",
                bbox={"facecolor": "white", "edgecolor": "none"},
            )
        # a fixed spread by rank keeps the points apart without any chance in it
        for year, rows in single.groupby("year"):
            ordered = rows.sort_values("average_loan_nok")
            spread = (
                np.linspace(-0.26, 0.26, len(ordered))
                if len(ordered) > 2
                else np.zeros(len(ordered))
            )
            axes.scatter(
                year + spread, ordered["average_loan_nok"], s=14, color=PRIORITY, alpha=0.45, lw=0
            )
            if year in lost:
                for x, row in zip(year + spread, ordered.itertuples(), strict=True):
                    axes.annotate(
                        row.municipality_name,
                        (x, row.average_loan_nok),
                        (5, 0),
                        textcoords="offset points",
                        va="center",
                        fontsize="small",
                    )
        for area in AREAS:
            rows = averages[averages["area"] == area]
            colour = GROUP_COLOUR.get(area, REGION)
            middle = rows["average_loan_nok"]
            axes.errorbar(
                rows["year"],
                middle,
                yerr=[
                    middle - rows["average_loan_nok_low"],
                    rows["average_loan_nok_high"] - middle,
                ],
                color=colour,
                marker=GROUP_MARKER.get(area, "D"),
                markersize=8,
                capsize=4,
                markerfacecolor="white" if area == "other" else colour,
                linestyle={"priority": "-", "other": "--"}.get(area, ":"),
                label=words(f"averages.{area}"),
            )
            last = rows.iloc[-1]
            axes.annotate(
                words.count(last["average_loan_nok"]),
                (last["year"], last["average_loan_nok"]),
                (34, 0),
                textcoords="offset points",
                va="center",
                color=GROUP_TEXT_COLOUR.get(area, REGION),
                fontweight="bold",
            )
        axes.axhline(ceiling, color=PALE, lw=1)
        axes.set_xticks(years)
        axes.set_xlim(years[0] - 0.5, years[-1] + 0.75)
        axes.set_ylim(0, 1_000_000)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.count(y)))
        axes.set_title(words("averages.axis"))
        axes.legend(loc="upper left", fontsize="small")
        return figure

    table = averages.set_index(["area", "year"])
    first, last = computed[0], computed[-1]
    values = {
        f"{area}_{year}": words.count(table.loc[(area, year), "average_loan_nok"])
        for area in AREAS
        for year in computed
    } | {
        f"region_{end}_{year}": words.count(table.loc[("region", year), f"average_loan_nok_{end}"])
        for end in ("low", "high")
        for year in computed
    }
    values |= {"lost": words.listed([str(year) for year in lost]), "ceiling": words.count(ceiling)}
    shown = pd.DataFrame(
        {
            words("averages.area"): [words(f"averages.{area}") for area in AREAS],
            **{
                str(year): [
                    words.count(table.loc[(area, year), "average_loan_nok"]) for area in AREAS
                ]
                for year in computed
            },
            words("averages.change"): [
                words.change(
                    table.loc[(area, last), "average_loan_nok"]
                    / table.loc[(area, first), "average_loan_nok"]
                    - 1
                )
                for area in AREAS
            ],
        }
    )
    return Exhibit(
        id="average_loan",
        title=words("averages.title"),
        caption=words("averages.caption", **values),
        source=words("averages.source"),
        alternative_text=words("averages.alternative_text", **values),
        data=data,
        draw=draw,
        shown=shown,
        numbers={
            f"average_loan_nok_{area}_{year}{end}": Number(
                table.loc[(area, year), f"average_loan_nok{end}"], "NOK a loan"
            )
            for area in AREAS
            for year in computed
            for end in ("", "_low", "_high")
            if not (end and area == "priority")
        }
        | {
            f"amount_nok_{row.group}_{row.year}": Number(row.amount_nok, "NOK")
            for row in group_year.dropna(subset=["amount_nok"]).itertuples()
        },
    )
