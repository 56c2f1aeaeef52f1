"""The priority municipalities' shares: of the population, and of the start loans."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import (
    GROUP_COLOUR,
    GROUP_HATCH,
    PRINTED,
    PRIORITY,
    new_figure,
)
from bsup_analysis.language import Words


def priority_shares(group_year: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Compute the priority group's share of a quantity in every year that has it.

    Parameters
    ----------
    group_year
        Columns `group`, `year` and `quantity`.
    quantity
        The column to share out, for example `population`.

    Returns
    -------
    pandas.DataFrame
        Columns `year`, `priority`, `other`, `region` (in the quantity's unit) and `share`.
    """
    wide = group_year.pivot(index="year", columns="group", values=quantity).dropna().astype(float)
    wide["region"] = wide["priority"] + wide["other"]
    wide["share"] = wide["priority"] / wide["region"]
    wide.columns.name = None
    return wide.reset_index()[["year", "priority", "other", "region", "share"]]


def _pie_as_printed(axes: Axes, percent: float, title: str, words: Words) -> None:
    wedges, texts = axes.pie(
        [percent, 100 - percent],
        labels=[words.percent(percent / 100, 0), words.percent(1 - percent / 100, 0)],
        startangle=90,
        counterclock=False,
        labeldistance=0.45,
        wedgeprops={"edgecolor": "white"},
        textprops={"ha": "center", "fontweight": "bold"},
    )
    for wedge, group in zip(wedges, ("priority", "other"), strict=True):
        wedge.set(facecolor=GROUP_COLOUR[group], hatch=GROUP_HATCH[group])
    texts[0].set_color("white")
    texts[1].set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    axes.set_title(title)
    axes.legend(
        wedges,
        [words("groups.priority"), words("groups.other")],
        loc="upper center",
        bbox_to_anchor=(0.5, 0.02),
        fontsize="small",
    )


def _printed(shares: pd.DataFrame, statistic: str) -> float:
    rows = shares[(shares["statistic"] == statistic) & (shares["group"] == "priority")]
    return float(rows["printed_percent"].item())


@traced
def population_share(
    group_year: pd.DataFrame, programme_p13_shares: pd.DataFrame, words: Words
) -> Exhibit:
    """Show the priority municipalities' share of the population (document p. 13)."""
    data = priority_shares(group_year, "population")
    printed = _printed(programme_p13_shares, "population")
    by_year = data.set_index("year")
    chosen = by_year.loc[2009]

    def draw() -> Figure:
        figure, (pie, line) = new_figure(1, 2, 3.3, gridspec_kw={"width_ratios": [1, 2.1]})
        _pie_as_printed(pie, printed, words("shares.as_printed", page=13), words)
        line.plot(data["year"], data["share"], color=PRIORITY, marker="o")
        line.axhspan((printed - 0.5) / 100, (printed + 0.5) / 100, color=PRINTED, alpha=0.18, lw=0)
        line.annotate(
            words("shares.rounds_to", share=words.percent(printed / 100, 0)),
            (2014, printed / 100),
            va="center",
            ha="right",
            fontsize="small",
            color=PRINTED,
        )
        for year in (2005, 2009, 2014):
            share = by_year.loc[year, "share"]
            line.annotate(
                words.percent(share),
                (year, share),
                (0, 8),
                textcoords="offset points",
                ha="center",
                fontsize="small",
            )
        line.set_ylim(0.62, 0.66)
        line.set_yticks(np.arange(0.62, 0.665, 0.01))
        line.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.percent(y, 0)))
        line.set_xticks(data["year"][::3])
        line.set_title(words("shares.population.computed"))
        line.grid(axis="y")
        return figure

    values = {
        "share": words.percent(chosen["share"]),
        "priority": words.count(chosen["priority"]),
        "region": words.count(chosen["region"]),
        "printed": words.percent(printed / 100, 0),
        "first": words.percent(by_year.loc[2005, "share"]),
        "last": words.percent(by_year.loc[2014, "share"]),
    }
    return Exhibit(
        id="population_share",
        title=words("shares.population.title"),
        caption=words("shares.population.caption", **values),
        source=words("shares.population.source"),
        alternative_text=words("shares.population.alternative_text", **values),
        data=data.assign(printed_percent=printed),
        draw=draw,
        numbers={
            f"population_{name}_{year}": Number(by_year.loc[year, column], unit)
            for year in (2008, 2009, 2010)
            for name, column, unit in (
                ("share_priority", "share", "share"),
                ("priority", "priority", "persons, 1 January"),
                ("region", "region", "persons, 1 January"),
            )
        },
    )


@traced
def loan_share(
    group_year: pd.DataFrame, programme_p13_shares: pd.DataFrame, words: Words
) -> Exhibit:
    """Show the priority municipalities' share of start loans and of NOK (document p. 13)."""
    printed = _printed(programme_p13_shares, "start_loan_use")
    loans = priority_shares(group_year, "loans").set_index("year")
    middle, low, high = (
        priority_shares(group_year, column).set_index("year")
        for column in ("amount_nok", "amount_nok_low", "amount_nok_high")
    )
    years = list(loans.index)
    data = pd.concat(
        [
            pd.DataFrame(
                {"year": years, "quantity": "loans", "share": loans["share"].to_numpy()}
            ).assign(share_low=loans["share"].to_numpy(), share_high=loans["share"].to_numpy()),
            pd.DataFrame(
                {
                    "year": years,
                    "quantity": "amount_nok",
                    "share": middle["share"].to_numpy(),
                    # a larger region total leaves the priority group a smaller share
                    "share_low": high["share"].to_numpy(),
                    "share_high": low["share"].to_numpy(),
                }
            ),
            pd.DataFrame({"year": [2008], "quantity": ["undefined"], "share": [printed / 100]}),
        ],
        ignore_index=True,
    )

    def draw() -> Figure:
        figure, (pie, bars) = new_figure(1, 2, 3.5, gridspec_kw={"width_ratios": [1, 2.1]})
        _pie_as_printed(pie, printed, words("shares.as_printed", page=13), words)
        position = np.arange(len(years)) + 1
        solid = {"color": PRIORITY, "edgecolor": PRIORITY}
        hollow = {"color": "white", "edgecolor": PRIORITY, "hatch": ".."}
        for offset, frame, look, label in (
            (-0.2, loans, solid, "of_loans"),
            (0.2, middle, hollow, "of_nok"),
        ):
            drawn = bars.bar(position + offset, frame["share"], width=0.36, **look)
            bars.bar_label(drawn, [words.percent(s) for s in frame["share"]], padding=2)
            drawn.set_label(words(f"shares.loans.{label}"))
        printed_bar = bars.bar(
            0, printed / 100, width=0.38, color="white", edgecolor=PRINTED, linestyle="--"
        )
        bars.bar_label(printed_bar, [words.percent(printed / 100, 0)], padding=2)
        printed_bar.set_label(words("shares.loans.undefined"))
        bars.set_xticks([0, *position], [2008, *years])
        bars.set_ylim(0, 1)
        bars.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.percent(y, 0)))
        bars.set_title(words("shares.loans.computed"))
        bars.legend(loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=3, fontsize="small")
        return figure

    values = {
        "printed": words.percent(printed / 100, 0),
        **{
            f"{name}_{year}": words.percent(frame.loc[year, "share"])
            for name, frame in (("loans", loans), ("amount", middle))
            for year in years
        },
    }
    return Exhibit(
        id="loan_share",
        title=words("shares.loans.title"),
        caption=words("shares.loans.caption", **values),
        source=words("shares.loans.source"),
        alternative_text=words("shares.loans.alternative_text", **values),
        data=data,
        draw=draw,
        numbers={
            f"{name}_share_priority_{year}": Number(frame.loc[year, "share"], "share")
            for name, frame in (("loan", loans), ("amount", middle))
            for year in years
        },
    )
