"""The priority municipalities' shares: of the population, and of the start loans."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.exhibit import style
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

CHOSEN = 2009  # document p. 13


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


def _pie_as_printed(axes: Axes, share: float, words: Words) -> None:
    wedges, texts = axes.pie(
        [100 * share, 100 - 100 * share],
        labels=[words.percent(share, 0), words.percent(1 - share, 0)],
        startangle=90,
        counterclock=False,
        labeldistance=0.45,
        wedgeprops={"edgecolor": "white"},
        textprops={"ha": "center", "fontweight": "bold"},
    )
    for wedge, group in zip(wedges, style.GROUPS, strict=True):
        wedge.set(facecolor=style.GROUP_COLOUR[group], hatch=style.GROUP_HATCH[group])
    texts[0].set_color("white")
    texts[1].set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    axes.set_title(words("shares.as_printed", page=13))
    names = [words(f"groups.{group}") for group in style.GROUPS]
    axes.legend(wedges, names, loc="upper center", bbox_to_anchor=(0.5, 0.02), fontsize="small")


def _printed(shares: pd.DataFrame, statistic: str) -> float:
    rows = shares[(shares["statistic"] == statistic) & (shares["group"] == "priority")]
    return float(rows["printed_percent"].item())


@exhibit("population_share", "shares.population")
def population_share(
    group_year: pd.DataFrame, programme_p13_shares: pd.DataFrame, words: Words
) -> Content:
    """Show the priority municipalities' share of the population (document p. 13)."""
    data = priority_shares(group_year, "population")
    percent = _printed(programme_p13_shares, "population")
    printed, by_year = percent / 100, data.set_index("year")
    known = by_year.loc[CHOSEN, "share"]

    def draw() -> Figure:
        figure, (pie, line) = style.new_figure(1, 2, 3.3, gridspec_kw={"width_ratios": [1, 2.1]})
        _pie_as_printed(pie, printed, words)
        line.plot(data["year"], data["share"], color=style.PRIORITY, marker="o")
        line.axhspan(
            (percent - 0.5) / 100, (percent + 0.5) / 100, color=style.PRINTED, alpha=0.18, lw=0
        )
        line.annotate(
            words("shares.rounds_to", share=printed),
            (2014, printed),
            va="center",
            ha="right",
            fontsize="small",
            color=style.PRINTED,
        )
        for year, share in by_year.loc[[2005, 2009, 2014], "share"].items():
            look = {"ha": "center", "fontsize": "small"}
            style.beside(line, words.percent(share), (year, share), (0, 8), **look)
        line.set_ylim(0.62, 0.66)
        line.set_yticks(np.arange(0.62, 0.665, 0.01))
        line.yaxis.set_major_formatter(lambda y, _: words.percent(y, 0))
        line.set_xticks(data["year"][::3])
        line.margins(x=0.09)
        line.set_title(words("shares.population.computed"))
        line.grid(axis="y")
        return figure

    values = {**by_year, "printed": printed}
    title = words(
        f"shares.population.title.{'agrees' if abs(known - printed) < 0.005 else 'differs'}",
        share=known,
        printed=printed,
    )
    numbers = {
        f"population_{name}_{year}": (by_year.loc[year, column], unit)
        for year in (2008, 2009, 2010)
        for name, column, unit in (
            ("share_priority", "share", "share"),
            ("priority", "priority", "persons, 1 January"),
            ("other", "other", "persons, 1 January"),
            ("region", "region", "persons, 1 January"),
        )
    } | {"population_share_priority_printed": (printed, "share")}
    return Content(
        data.assign(printed_percent=percent), values, title=title, draw=draw, numbers=numbers
    )


@exhibit("loan_share", "shares.loans")
def loan_share(
    group_year: pd.DataFrame, programme_p13_shares: pd.DataFrame, words: Words
) -> Content:
    """Show the priority municipalities' share of start loans and of NOK (document p. 13)."""
    printed = _printed(programme_p13_shares, "start_loan_use") / 100
    loans, amount, low, high = (
        priority_shares(group_year, column).set_index("year")["share"]
        for column in ("loans", "amount_nok", "amount_nok_low", "amount_nok_high")
    )
    years = list(loans.index)
    rows = [
        pd.DataFrame(
            {"quantity": "loans", "share": loans, "share_low": loans, "share_high": loans}
        ),
        # a larger region total leaves the priority group a smaller share
        pd.DataFrame(
            {"quantity": "amount_nok", "share": amount, "share_low": high, "share_high": low}
        ),
        pd.DataFrame({"quantity": "undefined", "share": printed}, index=[2008]),
    ]

    def draw(narrow: bool) -> Figure:
        if narrow:
            figure, (pie, bars) = style.new_figure(2, 1, 5.8, style.PHONE_IN)
        else:
            beside = {"width_ratios": [1, 2.1]}
            figure, (pie, bars) = style.new_figure(1, 2, 3.5, gridspec_kw=beside)
        _pie_as_printed(pie, printed, words)
        position = np.arange(len(years)) + 1
        solid = {"color": style.PRIORITY, "edgecolor": style.PRIORITY, "width": 0.36}
        hollow = {**solid, "color": "white", "hatch": ".."}
        dashed = {"color": "white", "edgecolor": style.PRINTED, "width": 0.38, "linestyle": "--"}
        for at, shares, look, label in (
            (position - 0.2, loans, solid, "of_loans"),
            (position + 0.2, amount, hollow, "of_nok"),
            ([0], [printed], dashed, "undefined"),
        ):
            drawn = bars.bar(at, shares, **look)
            decimals = 0 if label == "undefined" else 1
            texts = [words.percent(share, decimals) for share in shares]
            bars.bar_label(drawn, texts, padding=2, fontsize=7.5 if narrow else None)
            drawn.set_label(words(f"shares.loans.{label}"))
        bars.set_xticks([0, *position], [2008, *years])
        bars.set_ylim(0, 1)
        bars.yaxis.set_major_formatter(lambda y, _: words.percent(y, 0))
        bars.set_title(words("shares.loans.computed"))
        key: Any = {"loc": "upper center", "fontsize": "small", "columnspacing": 1}
        bars.legend(bbox_to_anchor=(0.5, -0.09), ncols=1 if narrow else 3, **key)
        return figure

    data = pd.concat(rows).rename_axis("year").reset_index()
    values = {
        "printed": printed,
        "loans": loans,
        "amount": amount,
        "year": years[0],
        "loans_first": loans.iloc[0],
        "amount_first": amount.iloc[0],
    }
    numbers = {
        f"{name}_share_priority_{year}": (share, "share")
        for name, shares in (("loan", loans), ("amount", amount))
        for year, share in shares.items()
    } | {"loan_use_share_priority_printed": (printed, "share")}
    return Content(data, values, draw=draw, narrow=True, numbers=numbers)
