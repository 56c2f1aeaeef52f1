"""The two questions answered in a picture: are the figures right, and did they improve."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bsup_analysis.analysis.outcome_contrast import OutcomeContrast
from bsup_analysis.design import Design
from bsup_analysis.exhibit import style
from bsup_analysis.exhibit.charts import found, name_rows, number_axis, ratio_axis, ticks_between
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

GROWTH = tuple(f"growth_{group}" for group in style.GROUPS)
SHARES = {"population": "population", "loans": "start_loan_use", "amount_nok": "start_loan_use"}
ENDS = ("", "_low", "_high")
# what a value is called by: above its mark
ABOVE: Any = {"ha": "center", "va": "bottom", "fontsize": "small"}


def _growths(contrasts: Mapping[str, OutcomeContrast]) -> pd.DataFrame:
    """Lay out the growth of both groups and the ratio with its widest interval, by outcome."""
    return pd.DataFrame(
        [
            {
                "outcome": outcome,
                **{f"growth_{group}": one.growth[group].value for group in style.GROUPS},
                "ratio": one.widest.ratio,
                "low": one.widest.low,
                "high": one.widest.high,
            }
            for outcome, one in contrasts.items()
        ]
    )


def _finding(rows: pd.DataFrame) -> dict[str, str]:
    """Give the parts of a title's key: what the intervals show, and whether both groups rose.

    Outcomes are named together where as much may be said of each.
    """
    each = [found(*one) for one in rows[["ratio", "low", "high"]].itertuples(index=False)]
    rose = (rows[list(GROWTH)] > 1).all(axis=None)
    what = "both" if len(set(each)) == 1 and len(each) > 1 else "loans"
    return {"way": "rose" if rose else "changed", "found": each[0], "what": what}


def _draw_growth(axes: Axes, rows: pd.DataFrame, words: Words) -> None:
    """Draw a row an outcome: the growth of both groups, and the way between them."""
    for at, row in enumerate(rows.to_dict("records")):
        ends = [row[f"growth_{group}"] - 1 for group in style.GROUPS]
        axes.plot(ends, [at, at], color=style.PALE, lw=2, zorder=1)
        for group, growth in zip(style.GROUPS, ends, strict=True):
            style.group_line(axes, group, [growth], [at], markersize=8)
            look: Any = {"color": style.GROUP_TEXT_COLOUR[group], "fontweight": "bold", **ABOVE}
            style.beside(axes, words.change(growth), (growth, at), (0, 7), **look)
    low, high = rows[list(GROWTH)].min(axis=None) - 1, rows[list(GROWTH)].max(axis=None) - 1
    axes.axvline(0, color=style.REGION, lw=0.9, zorder=0.5)
    axes.set_xlim(1.3 * min(low, 0), 1.25 * max(high, 0.01))
    number_axis(axes.xaxis, words, "percent.0")
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.set_title(words("answers.growth"))


def _draw_ratios(axes: Axes, rows: pd.DataFrame, words: Words, text: str) -> None:
    """Draw a row an outcome: the ratio with one interval, on an axis that says its direction.

    `text` is the key of what stands above a row.
    """
    low, high = min(rows["low"].min(), 1) / 1.04, max(rows["high"].max(), 1) * 1.04
    # a text stands on the longer side of equal growth, so that the line there crosses none
    left = low * high < 1
    look: Any = {"xycoords": ("axes fraction", "data"), "va": "bottom", "fontsize": "small"}
    for at, row in enumerate(rows.to_dict("records")):
        axes.plot([row["low"], row["high"]], [at, at], color=style.PRIORITY, lw=2.5)
        axes.plot(row["ratio"], at, "o", color=style.PRIORITY, ms=8)
        interval = row["ratio"], row["low"], row["high"]
        place = (0.0 if left else 1.0, at)
        written = words(text, interval=interval)
        style.beside(axes, written, place, (0, 7), ha="left" if left else "right", **look)
    ratio_axis(axes, low, high, words, ticks=ticks_between(low, high))
    axes.grid(visible=False)
    axes.set_title(words("answers.ratio"))


def _group_legend(figure: Figure, axes: Axes, words: Words, **look: Any) -> None:
    """Name the groups once, below all panels."""
    marks = [style.group_line(axes, group, [], [])[0] for group in style.GROUPS]
    names = [words(f"groups.{group}") for group in style.GROUPS]
    figure.legend(marks, names, loc="outside lower center", fontsize="small", **look)


@exhibit("main_contrast", "answers.main")
def main_contrast(contrasts: Mapping[str, OutcomeContrast], words: Words) -> Content:
    """Show the growth of both groups in loans and NOK, and each ratio with one interval."""
    data = _growths(contrasts)
    names = [words(f"answers.outcome.{outcome}") for outcome in data["outcome"]]

    def draw(narrow: bool) -> Figure:
        shape: Any = {"rows": 2, "width_in": style.PHONE_IN} if narrow else {"columns": 2}
        figure, panels = style.new_figure(**shape, height_in=4.6 if narrow else 2.9)
        _draw_growth(panels[0], data, words)
        _draw_ratios(panels[1], data, words, "answers.interval")
        for axes, shown in zip(panels, (names, [""] * len(names)), strict=True):
            name_rows(axes, shown)
            axes.set_ylim(len(data) - 0.5, -0.75)
        _group_legend(figure, panels[0], words, ncols=1 if narrow else 2)
        return figure

    loans = data.iloc[0]
    key = _finding(data)
    values = {
        **{f"{name}_{at}": row[name] - 1 for at, row in data.iterrows() for name in GROWTH},
        "loans": tuple(loans[["ratio", "low", "high"]]),
        "amount": tuple(data.iloc[-1][["ratio", "low", "high"]]),
        "level": contrasts["loans"].widest.level,
    }
    title = words(
        f"answers.main.title.{key['way']}_{key['found']}",
        what=words(f"answers.what.{key['what']}"),
    )
    return Content(data, values, title=title, draw=draw, narrow=True)


def _figures(
    group_year: pd.DataFrame,
    region_year: pd.DataFrame,
    programme_p13_shares: pd.DataFrame,
    programme_chart_axes: pd.DataFrame,
    year: int,
) -> pd.DataFrame:
    """Set what the document prints beside what its table and public figures give.

    Returns
    -------
    pandas.DataFrame
        `quantity`, `printed`, `recomputed` with `_low` and `_high` from the press totals'
        rounding: three shares, and the region's average loan, in NOK, with the top of its chart.
    """
    wide = group_year[group_year["year"] == year].set_index("group")
    region = region_year.set_index("year").loc[year]
    percent = programme_p13_shares.query("group == 'priority'").set_index("statistic")
    rows = []
    for quantity, statistic in SHARES.items():
        ends = [f"{quantity}{end}" if f"{quantity}{end}" in wide else quantity for end in ENDS]
        shares = [float(wide.loc["priority", end] / wide[end].sum()) for end in ends]
        rows.append((quantity, percent.loc[statistic, "printed_percent"] / 100, *shares))
    top = programme_chart_axes.query("chart == 'average_loan_nok' and axis == 'value'")["tick"]
    averages = [float(region[f"amount_nok{end}"] / region["loans"]) for end in ENDS]
    rows.append(("average_loan_nok", float(top.max()), *averages))
    # a larger total of the region leaves the priority municipalities a smaller share
    names = ["quantity", "printed", *(f"recomputed{end}" for end in ENDS)]
    return pd.DataFrame([(*row[:3], *sorted(row[3:])) for row in rows], columns=names)


def _draw_figures(axes: Axes, rows: pd.DataFrame, words: Words) -> None:
    """Draw a row a figure, its name and values above it, the printed and the recomputed mark."""
    average = "average_loan_nok" in set(rows["quantity"])
    for at, row in enumerate(rows.to_dict("records")):
        axes.plot(row["printed"], at, "D", ms=9, mfc="white", mec=style.PRINTED, mew=1.4)
        axes.plot([row["recomputed_low"], row["recomputed_high"]], [at, at], color=style.PRIORITY)
        axes.plot(row["recomputed"], at, "o", color=style.PRIORITY, ms=5.5)
        shown = round(row["recomputed"], -3) if average else row["recomputed"]
        text = words(f"answers.row.{row['quantity']}", printed=row["printed"], recomputed=shown)
        look: Any = {"xycoords": ("axes fraction", "data"), "va": "bottom", "fontsize": "small"}
        style.beside(axes, text, (0, at), (0, 7), **look)
    name_rows(axes, [""] * len(rows))
    axes.set_ylim(len(rows) - 0.6, -0.8 - 0.2 * average)
    axes.set_xlim(*((350_000, 550_000) if average else (0.55, 0.85)))
    number_axis(axes.xaxis, words, "count" if average else "percent.0")
    axes.xaxis.set_major_locator(MaxNLocator(2 if average else 4, steps=[1, 2, 5, 10]))


@exhibit("answers", "answers")
def answers(
    contrasts: Mapping[str, OutcomeContrast],
    group_year: pd.DataFrame,
    region_year: pd.DataFrame,
    programme_p13_shares: pd.DataFrame,
    programme_chart_axes: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Answer both questions: printed figures beside recomputed ones, and growth with its ratio."""
    year = design.years[0]
    figures = _figures(group_year, region_year, programme_p13_shares, programme_chart_axes, year)
    growths = _growths({"loans": contrasts["loans"]})
    shares, average = figures.iloc[:-1], figures.iloc[-1:]

    def draw(narrow: bool) -> Figure:
        size = (style.PHONE_IN, 7.4) if narrow else (style.WIDTH_IN, 3.1)
        figure = style.HouseFigure(figsize=size, layout="constrained")
        if narrow:
            grid = figure.add_gridspec(4, 1, height_ratios=[2.9, 1.2, 1.3, 1.3])
            panels = [figure.add_subplot(grid[row]) for row in range(4)]
        else:
            both = figure.add_gridspec(1, 2)
            halves = (
                both[0].subgridspec(2, 1, height_ratios=[2.6, 1.1]),
                both[1].subgridspec(2, 1),
            )
            panels = [figure.add_subplot(half[row]) for half in halves for row in range(2)]
        for axes, rows in zip(panels[:2], (shares, average), strict=True):
            _draw_figures(axes, rows, words)
        _draw_growth(panels[2], growths, words)
        _draw_ratios(panels[3], growths, words, "answers.named_interval")
        for axes in panels[2:]:
            name_rows(axes, [""])
            axes.set_ylim(0.5, -0.75)
        panels[0].set_title(words("answers.right", year=year))
        panels[2].set_title(words("answers.improved"))
        panels[2].set_xlabel(words("answers.growth"), fontsize="small")
        panels[3].set_title("")
        marks = panels[0].plot([], [], "D", ms=7, mfc="white", mec=style.PRINTED)
        marks += panels[0].plot([], [], "o", color=style.PRIORITY, ms=5.5)
        marks += [style.group_line(panels[2], g, [], [])[0] for g in style.GROUPS]
        names = [words(f"answers.mark.{name}") for name in ("printed", "recomputed")]
        names += [words(f"groups.{group}") for group in style.GROUPS]
        look: Any = {"loc": "outside lower center", "fontsize": "small", "columnspacing": 1.2}
        figure.legend(marks, names, ncols=1 if narrow else 4, **look)
        return figure

    loans, key = growths.iloc[0], _finding(growths)
    by = figures.set_index("quantity")
    agrees = round(by["recomputed"]["population"], 2) == by["printed"]["population"]
    data = pd.concat([figures, growths], ignore_index=True)
    values = {
        **{name: by["recomputed"][name] for name in by.index},
        "printed": by["printed"]["population"],
        "year": year,
        **{name: loans[name] - 1 for name in GROWTH},
        "ratio": tuple(loans[["ratio", "low", "high"]]),
        "level": contrasts["loans"].widest.level,
    }
    title = words(
        "answers.title",
        share=words(f"answers.share.{'agrees' if agrees else 'differs'}"),
        growth=words(f"answers.shown.{key['found'].partition('_')[0]}"),
    )
    return Content(data, values, title=title, draw=draw, narrow=True)
