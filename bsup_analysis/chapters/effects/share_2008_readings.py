"""What the printed share of 2008 would mean under each reading of what it is a share of."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bsup_analysis.chapters.effects.share_2008_drawing import draw_readings
from bsup_analysis.design import Design
from bsup_analysis.effects.intervals import Interval, breakeven_average_ratio, implied_ratio
from bsup_analysis.exhibit.charts import ratio_text, side_of_one
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.language import Words

SHARE_YEAR = 2008
POINTS = 41
ENDS = ("", "_low", "_high")


def observed_average_ratio(group_year: pd.DataFrame, year: int) -> Interval:
    """Divide the priority group's average loan of a year by the others'.

    Parameters
    ----------
    group_year
        Columns `group`, `year`, `loans`, `amount_nok`, `amount_nok_low` and `amount_nok_high`.
    year
        A year with amounts of both groups.
    """
    rows = group_year.set_index(["group", "year"])
    average = {
        group: Interval(*(float(rows.loc[(group, year), f"amount_nok{end}"]) for end in ENDS))
        / float(rows.loc[(group, year), "loans"])
        for group in ("priority", "other")
    }
    return average["priority"] / average["other"]


def share_points(share: Interval, group_year: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    """Compute the ratio of growths that each assumption on average loans implies.

    Parameters
    ----------
    share
        Printed share with its rounding, as a fraction.
    group_year
        Loans and amounts of the two groups.
    years
        Later years to compare with.

    Returns
    -------
    pandas.DataFrame
        `point`: `loans` (the share is one of loans: average ratio one), `average_<year>` (one of
        NOK, with that year's average ratio), `breakeven_<year>` (one of NOK, with the average
        ratio at which nothing changed to that year) or `grid`; `average_ratio`, and `ratio`, of
        loans from the share's year to `year`, each with `_low` and `_high` from rounding.
    """
    loans = group_year.set_index(["group", "year"])["loans"]
    groups = {year: (float(loans["priority", year]), float(loans["other", year])) for year in years}
    assumed = {"loans": Interval.exact(1.0)}
    assumed |= {f"average_{year}": observed_average_ratio(group_year, year) for year in years}
    breakeven = {year: breakeven_average_ratio(share, *groups[year]) for year in years}
    marks = [1.0, *(i.high for i in (*assumed.values(), *breakeven.values()))]
    grid = np.linspace(0.85 * min(marks), 1.08 * max(marks), POINTS)
    rows = [
        (name, year, average, average * implied_ratio(share, *groups[year]))
        for name, average in assumed.items()
        for year in years
    ]
    # at a break-even the share cancels out, and with it its rounding
    rows += [
        (f"breakeven_{at}", year, even, Interval.exact(even.value / breakeven[year].value))
        for at, even in breakeven.items()
        for year in years
    ]
    rows += [
        ("grid", year, Interval.exact(r), implied_ratio(share, *groups[year], r))
        for year in years
        for r in map(float, grid)
    ]
    return pd.DataFrame(
        [
            {"point": point, "year": year}
            | {
                f"{name}{end}": getattr(interval, end.strip("_") or "value")
                for name, interval in (("average_ratio", average), ("ratio", ratio))
                for end in ENDS
            }
            for point, year, average, ratio in rows
        ]
    )


def _text(row: pd.Series, name: str, words: Words) -> str:
    """Write a ratio with what rounding leaves, if it leaves anything."""
    if row[f"{name}_low"] == row[f"{name}_high"]:
        return words.decimal(row[name])
    return ratio_text(row[name], row[f"{name}_low"], row[f"{name}_high"], words)


@traced
def share_readings(
    printed_share_2008: Interval, group_year: pd.DataFrame, design: Design, words: Words
) -> Exhibit:
    """Show what the printed share implies, read as one of loans and as one of NOK."""
    years = (design.window.last_year_before.value, design.window.first_treated_year.value)
    data = share_points(printed_share_2008, group_year, years)
    marks = data[data["point"] != "grid"]
    cells = {(row["point"], row["year"]): row for _, row in marks.iterrows()}
    points = list(dict.fromkeys(marks["point"]))

    def implied(point: str) -> str:
        """Say what a point implies for each year, and on which side of one that lies."""
        found = [cells[point, year] for year in years]
        sides = [side_of_one(row["ratio_low"], row["ratio_high"]) for row in found]
        texts = [{"year": row["year"], "ratio": _text(row, "ratio", words)} for row in found]
        if len(set(sides)) == 1:
            ratios = words.listed([words("share_2008.to", **text) for text in texts])
            return words(f"share_2008.both_{sides[0]}", ratios=ratios)
        first, second = (
            words(f"share_2008.to_{side}", **text) for side, text in zip(sides, texts, strict=True)
        )
        return words("share_2008.joined", first=first, second=second)

    names = {
        point: words(f"share_2008.{point.rstrip('0123456789')}", year=point[-4:])
        for point in points
    }
    values = {
        "share_year": SHARE_YEAR,
        "printed": words.percent(printed_share_2008.value, 0),
        "low": words.percent(printed_share_2008.low),
        "high": words.percent(printed_share_2008.high),
        "loans": implied("loans"),
        **{
            f"{kind}_{end}": _text(cells[f"{kind}_{year}", year], "average_ratio", words)
            for kind in ("average", "breakeven")
            for end, year in zip(("first", "last"), years, strict=True)
        },
        **{
            f"implied_{end}": implied(f"average_{year}")
            for end, year in zip(("first", "last"), years, strict=True)
        },
        "first": years[0],
        "last": years[1],
    }
    shown = {words("share_2008.reading"): [names[point] for point in points]}
    shown[words("share_2008.average_ratio")] = [
        _text(cells[point, years[0]], "average_ratio", words) for point in points
    ]
    for year in years:
        shown[words("share_2008.growth_to", share_year=SHARE_YEAR, year=year)] = [
            _text(cells[point, year], "ratio", words) for point in points
        ]
    return Exhibit(
        id="share_2008_readings",
        title=words("share_2008.title", **values),
        caption=words("share_2008.caption", **values),
        source=words("share_2008.source"),
        alternative_text=words("share_2008.alternative_text", **values),
        data=data,
        draw=lambda: draw_readings(data, years, names, words),
        shown=pd.DataFrame(shown),
        numbers={
            f"breakeven_average_ratio_{SHARE_YEAR}_{year}{end}": Number(
                cells[f"breakeven_{year}", year][f"average_ratio{end}"], "ratio of average loans"
            )
            for year in years
            for end in ENDS
        }
        | {
            f"implied_ratio_{SHARE_YEAR}_{year}_{point}{end}": Number(
                cells[point, year][f"ratio{end}"], "ratio"
            )
            for point in points
            if not point.startswith("breakeven")
            for year in years
            for end in ENDS
        }
        | {
            f"average_loan_ratio_{year}{end}": Number(
                cells[f"average_{year}", year][f"average_ratio{end}"], "ratio of average loans"
            )
            for year in years
            for end in ENDS
        },
    )
