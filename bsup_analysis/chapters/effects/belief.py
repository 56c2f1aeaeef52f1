"""What was counted, apart from inference, and what a reader with a prior may believe of it."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.design import Design
from bsup_analysis.effects.posterior import Belief
from bsup_analysis.exhibit.charts import number_axis, ratio_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import ACCENT, PALE, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

GROUPS = ["priority", "other"]
STEINKJER = "1702"
# inhabitants and loans are whole; of NOK, levels are in millions
FORMS = {"loans_each": ".2", "amount_nok": "million", "amount_nok_more": "million"}
UNITS = {
    "loans_each": ("loans_per_1000", "loans per 1000 inhabitants"),
    "amount_nok_each": ("amount_nok_per_inhabitant", "NOK per inhabitant"),
}
LINES = {"own_totals": (PRIORITY, "-"), "own_mean": (ACCENT, "--"), "shared": (REGION, ":")}
TICKS = (0.25, 0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5)
MOST = 2.5  # drawn; the table has what lies beyond


def counted_growth(group_year: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Lay out what each group had, what it got more, and how much that is for each inhabitant.

    Returns
    -------
    pandas.DataFrame
        `measure` and `year` (of what was added, the later); `priority`, `other`; the priority
        group's `share` of both and its rounding, empty for a rate. Loans for each thousand, NOK
        for each inhabitant of 1 January.
    """
    wide = group_year.pivot(index="year", columns="group")
    first, last = design.years
    rows = [("population", first, wide["population"].loc[first])]
    for column, per in (("loans", 1000), ("amount_nok", 1)):
        values, rates = wide[column], per * wide[column] / wide["population"]
        rows += [(column, first, values.loc[first])]
        rows += [(f"{column}_more", last, values.loc[last] - values.loc[first])]
        rows += [(f"{column}_each", year, rates.loc[year]) for year in (first, last)]
    data = pd.DataFrame([(name, year, *row[GROUPS]) for name, year, row in rows])
    data.columns = pd.Index(["measure", "year", *GROUPS])
    slack = (wide["amount_nok_high"] - wide["amount_nok"])["other"]
    rounding = {"amount_nok": slack[first], "amount_nok_more": slack[first] + slack[last]}
    off = data["measure"].map(rounding).fillna(0)
    each = data["measure"].str.endswith("_each")
    for name, sign in (("share", 0), ("share_low", 1), ("share_high", -1)):
        share = data["priority"] / (data["priority"] + data["other"] + sign * off)
        data[name] = share.where(~each)
    return data


@exhibit("counted", "belief.counted")
def counted(
    group_year: pd.DataFrame, municipality_year: pd.DataFrame, design: Design, words: Words
) -> Content:
    """Show what was counted, apart from any inference: levels, what was added, and rates."""
    data = counted_growth(group_year, design)
    found = {(row["measure"], row["year"]): row for row in data.to_dict("records")}
    first, last = design.years
    more, nok = found["loans_more", last], found["amount_nok_more", last]
    own = municipality_year.query("municipality_code == @STEINKJER").set_index("year")["loans"]
    ends = (("b", first), ("a", last))
    values = {
        "people": found["population", first]["share"],
        "extra": more["priority"] + more["other"],
        "share": more["share"],
        "nok": (nok["share_low"], nok["share_high"]),
        **{f"{g}_{end}": found["loans_each", year][g] for g in GROUPS for end, year in ends},
    }
    rates = {
        f"{name}_{group}_{year}": (found[measure, year][group], unit)
        for measure, (name, unit) in UNITS.items()
        for group in GROUPS
        for year in design.years
    }
    numbers = {
        "extra_loans_priority": (more["priority"], "loans"),
        "extra_loans_other": (more["other"], "loans"),
        "extra_loans_region": (more["priority"] + more["other"], "loans"),
        "extra_loans_steinkjer": (own[last] - own[first], "loans"),
        "extra_loans_share_priority": (more["share"], "share"),
        **{f"extra_amount_{n}": (nok[n], "share") for n in ("share", "share_low", "share_high")},
        **rates,
    }
    table = [
        row | {g: words.written(row[g], FORMS.get(row["measure"], "count")) for g in GROUPS}
        for row in found.values()
    ]
    return Content(data, values, table=table, numbers=numbers)


@exhibit("belief", "belief")
def belief(beliefs: Sequence[Belief], design: Design, words: Words) -> Content:
    """Show the posterior of the ratio against the prior of the spread between municipalities."""
    data = pd.DataFrame(list(beliefs)).sort_values(["scale", "variant"], ignore_index=True)
    chosen, gain = design.inference.spread_scale.value, design.inference.notable_gain.value
    main = data[(data["variant"] == "own_totals") & (data["scale"] == chosen)].iloc[0]
    names = {name: words(f"belief.variant.{name}") for name in LINES}
    chances = {"lowest": data["above_one"].min(), "highest": data["above_one"].max()}

    def draw() -> Figure:
        figure, (left, right) = new_figure(1, 2, 3.5)
        for name, (colour, line) in LINES.items():
            rows = data[(data["variant"] == name) | (data["scale"] == 0)]
            left.plot(rows["scale"], rows["ratio"], line, color=colour, label=names[name])
            left.plot(rows["scale"], rows[["low", "high"]], line, color=colour, lw=0.8)
            right.plot(rows["scale"], rows["above_one"], line, color=colour)
        ratio_axis(left, data["low"].min(), MOST, words, ticks=TICKS, along="y")
        number_axis(right.yaxis, words, "percent.0")
        right.set_ylim(0, 1)
        right.grid(axis="y")
        for axes, column, title in ((left, "ratio", "ratio"), (right, "above_one", "chance")):
            axes.axvline(chosen, color=PALE, lw=2, zorder=0)
            axes.plot(chosen, main[column], "o", color=PRIORITY, ms=7)
            axes.set_title(words(f"belief.{title}"))
            axes.set_xlabel(words("belief.scale"))
            number_axis(axes.xaxis, words, "ratio", sorted(data["scale"].unique()))
        figure.legend(loc="outside lower center", fontsize="small")
        return figure

    values = {**main, **chances, "main": main, "level": design.level}
    values |= {"gain": gain - 1, "notable": gain}
    table = data.assign(
        name=data["variant"].map(names).where(data["scale"] > 0, words("belief.none")),
        interval=list(zip(data["ratio"], data["low"], data["high"], strict=True)),
    )
    numbers = {
        "posterior_ratio": (main["ratio"], "ratio"),
        **{f"posterior_ratio_{end}": (main[end], "ratio") for end in ("low", "high")},
        **{f"posterior_{n}": (main[n], "probability") for n in ("above_one", "above_gain")},
        "posterior_gain": (gain, "ratio"),
        "posterior_spread_scale": (chosen, "scale of tau"),
        **{f"posterior_above_one_{end}": (v, "probability") for end, v in chances.items()},
    }
    return Content(data, values, draw=draw, table=table, numbers=numbers)
