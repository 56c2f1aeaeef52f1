"""Inside the priority group: how unlike its growths are, and what moved its average loan."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.stats import binomtest

from bsup_analysis.design import Design
from bsup_analysis.effects.inference import ratio_interval
from bsup_analysis.effects.intervals import AverageChange
from bsup_analysis.effects.paired import Dispersion, Heterogeneity, Paired
from bsup_analysis.exhibit import charts
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import PALE, PRINTED, PRIORITY, REGION, SMALL, beside, new_figure
from bsup_analysis.language import Words

AREA_OF_LOAN_PT2 = 0.55
KEY_LOANS = (20, 100, 500)
THOUSAND = 1000
LOOKS: Any = {
    "within": (-0.19, {"color": PRIORITY, "edgecolor": PRIORITY}),
    "composition": (0.19, {"color": "white", "edgecolor": PRIORITY, "hatch": "/////"}),
}


def exact_growth_interval(pre: int, post: int, *, level: float = 0.95) -> tuple[float, float]:
    """Give the exact interval of the growth of one Poisson count into another.

    Given both counts together, the later is binomial with odds equal to the growth (Przyborowski
    and Wilenski 1940, Biometrika 31, 313-323); the odds of Clopper and Pearson's limits (1934,
    Biometrika 26, 404-413) are the growth's.

    Parameters
    ----------
    pre, post
        Counts of the earlier and the later year, not both zero.
    level
        Confidence level; the interval covers with at least that probability.

    Returns
    -------
    tuple of float
        Limits of later divided by earlier year: from zero where the later year has none, without
        end where the earlier has none.
    """
    limits = binomtest(post, pre + post).proportion_ci(level, method="exact")
    low, high = float(limits.low), float(limits.high)
    return low / (1 - low), high / (1 - high) if high < 1 else math.inf


def detectable_growth(
    loans: int, common: float, *, level: float = 0.95, power: float = 0.80
) -> tuple[float, float]:
    """Give how far from a common growth one Poisson count's growth must lie to be told from it.

    Parameters
    ----------
    loans
        Both years' count together, above zero: with the common growth it is split between the
        years as that says, and the standard error of the log growth follows.
    common
        The growth it is held against, above zero.
    level, power
        Of the two-sided test, and the probability of finding (Bloom 1995).

    Returns
    -------
    tuple of float
        The growths below and above the common one.
    """
    before = loans / (1 + common)
    se = math.sqrt(1 / before + 1 / (common * before))
    found = ratio_interval(0.0, se, level=level, power=power)
    return common * found.detectable_below, common * found.detectable_above


def municipality_growth(
    rows: Paired, names: pd.Series, *, level: float, power: float = 0.80
) -> pd.DataFrame:
    """Compute each municipality's growth with its exact interval, the largest first.

    Parameters
    ----------
    rows
        Loans of the municipalities in the two years.
    names
        Name by municipality code.
    level, power
        Confidence level, and power of what could have been detected.

    Returns
    -------
    pandas.DataFrame
        `municipality_code`, `municipality_name`, `loans_before`, `loans_after`, `growth` with
        `growth_low` and `growth_high` (later divided by earlier year), and `detectable_below`
        and `detectable_above`: the growths beyond which it would be told from that of all rows.
    """
    found = pd.DataFrame(
        [
            (
                *(code, names[code], pre, post, post / pre),
                *exact_growth_interval(int(pre), int(post), level=level),
                *detectable_growth(int(pre + post), rows.growth, level=level, power=power),
            )
            for code, pre, post in zip(rows.codes, rows.pre, rows.post, strict=True)
        ],
        columns=[
            *("municipality_code", "municipality_name", "loans_before", "loans_after"),
            *("growth", "growth_low", "growth_high", "detectable_below", "detectable_above"),
        ],
    )
    return found.sort_values(
        ["growth", "municipality_code"], ascending=[False, True], ignore_index=True
    )


@exhibit("growth_spread", "inside.growth")
def growth_spread(
    priority_loans: Paired,
    municipality: pd.DataFrame,
    loans_heterogeneity: Heterogeneity,
    loans_dispersion: Dispersion,
    design: Design,
    words: Words,
) -> Content:
    """Show the growth of loans of every priority municipality, and their spread beyond chance."""
    spread, common = loans_heterogeneity, priority_loans.growth
    before, after = design.window.last_year_before.value, design.window.first_treated_year.value
    names = municipality.set_index("municipality_code")["municipality_name"]
    power = design.inference.power.value
    rows = municipality_growth(priority_loans, names, level=spread.level, power=power)
    holding = (rows["growth_low"] <= common) & (common <= rows["growth_high"])
    mean = math.exp(spread.mean), spread.growth_low, spread.growth_high
    predicted = spread.prediction_low, spread.prediction_high
    observed = spread.observed_low, spread.observed_high
    values = {
        "before": before,
        "after": after,
        "loans_before": priority_loans.pre_total,
        "loans_after": priority_loans.post_total,
        "growth": common,
        "level": spread.level,
        "power": power,
        "count": len(rows),
        "holding": holding.sum(),
        "phi": loans_dispersion.phi,
        "tau": (spread.tau, spread.tau_low, spread.tau_high),
        "mean": mean,
        "prediction": predicted,
        "observed": observed,
        "typical": spread.typical,
    }
    for name, row in (("largest", rows.iloc[0]), ("smallest", rows.iloc[-1])):
        values[name] = row["municipality_name"]
        values[f"{name}_growth"] = tuple(row[["growth", "growth_low", "growth_high"]])
    beyond = "shown" if spread.tau_low > 0 else "not_shown"
    values["spread"] = words(f"inside.growth.spread_{beyond}", **values)
    values["next_one"] = words(f"inside.growth.next_{charts.side_of_one(*predicted)}", **values)

    def draw() -> Figure:
        figure, axes = new_figure(height_in=5.5)
        at = np.arange(len(rows))
        heights = [*at, *(len(rows) + row + 0.4 for row in range(3))]
        axes.axvspan(*predicted, color=PALE, alpha=0.45, lw=0)
        dashed: Any = {"color": REGION, "ls": "--", "lw": 1.2}
        axes.axvline(common, **dashed)
        axes.hlines(at, rows["growth_low"], rows["growth_high"], color=PRIORITY, lw=1.1)
        stroke: Any = {"ls": "", "marker": "|", "ms": 7, "mew": 1.4, "color": PRINTED}
        axes.plot(rows[["detectable_below", "detectable_above"]], at, **stroke)
        size = (rows["loans_before"] + rows["loans_after"]) * AREA_OF_LOAN_PT2
        look = {"color": PRIORITY, "edgecolor": "white", "lw": 0.6, "zorder": 3}
        axes.scatter(rows["growth"], at, s=size, **look)
        axes.axhline(len(rows) - 0.35, color=PRINTED, lw=0.7, ls=":")
        axes.hlines(heights[-3], *mean[1:], color=REGION, lw=2)
        axes.plot(mean[0], heights[-3], "D", color=REGION, ms=7)
        axes.hlines(heights[-2], *predicted, color=PRINTED, lw=6)
        axes.hlines(heights[-1], *observed, color=PRINTED, lw=2)
        low = rows[["growth_low", "detectable_below"]].min(axis=None)
        high = rows[["growth_high", "detectable_above"]].max(axis=None)
        charts.ratio_axis(axes, low, high, words, of="count")
        below = [words(f"inside.growth.{key}") for key in ("mean", "predicted", "observed")]
        charts.name_rows(axes, [*rows["municipality_name"], *below], heights)
        counts = [
            f"{words.count(r.loans_before)} → {words.count(r.loans_after)}"
            for r in rows.itertuples()
        ]
        ranges = [words.written(ends, "range") for ends in (mean[1:], predicted, observed)]
        counts += [f"{words.decimal(mean[0])} ({ranges[0]})", *ranges[1:]]
        charts.write_beside(axes, heights, counts, words("inside.growth.loans", **values))
        dots = [
            Line2D([], [], ls="", marker="o", color=PRIORITY, ms=math.sqrt(n * AREA_OF_LOAN_PT2))
            for n in KEY_LOANS
        ]
        axes.legend(
            [*dots, Line2D([], [], **dashed), Line2D([], [], **stroke)],
            [
                *(words("inside.growth.key", loans=n) for n in KEY_LOANS),
                words("inside.growth.common", growth=common),
                words("inside.growth.detectable"),
            ],
            loc="upper center",
            bbox_to_anchor=(0.4, -0.09),
            ncols=2,
            fontsize="small",
            labelspacing=0.8,
        )
        tau, inside = f"τ = {words.written(values['tau'], 'interval')}", ("axes fraction", "data")
        beside(axes, tau, (0.01, heights[-3]), (0, 0), xycoords=inside, **SMALL)
        axes.set_title(words("inside.growth.axis", **values))
        return figure

    log_growth = "standard deviation of log growth"
    numbers = {
        f"growth_loans_priority_{before}_{after}": (common, "ratio"),
        "dispersion_phi_17": (loans_dispersion.phi, "variance / mean"),
        "tau_log_growth_17": (spread.tau, log_growth),
        "tau_log_growth_17_ci_low": (spread.tau_low, log_growth),
        "tau_log_growth_17_ci_high": (spread.tau_high, log_growth),
        "mean_growth_17": (mean[0], "ratio, random-effects mean"),
        "prediction_interval_17_low": (spread.prediction_low, "ratio"),
        "prediction_interval_17_high": (spread.prediction_high, "ratio"),
        "prediction_interval_observed_17_low": (spread.observed_low, "ratio"),
        "prediction_interval_observed_17_high": (spread.observed_high, "ratio"),
    }
    title = words(f"inside.growth.title.{beyond}")
    return Content(rows, values, title=title, draw=draw, numbers=numbers)


def change_parts(change: AverageChange, names: pd.Series) -> pd.DataFrame:
    """Lay out the parts of an average's change, the largest first and the sum last.

    Returns
    -------
    pandas.DataFrame
        `municipality_code` and `municipality_name` (missing in the row of sums), and in NOK a
        loan `within_nok`, `composition_nok` and `total_nok`.
    """
    parts = pd.DataFrame(
        {
            "municipality_code": change.codes,
            "municipality_name": [names[code] for code in change.codes],
            "within_nok": change.within,
            "composition_nok": change.composition,
        }
    )
    parts["total_nok"] = parts["within_nok"] + parts["composition_nok"]
    parts = parts.sort_values("total_nok", key=abs, ascending=False, kind="stable")
    sums = {
        "within_nok": change.within_total,
        "composition_nok": change.composition_total,
        "total_nok": change.total,
    }
    return pd.concat([parts, pd.DataFrame([sums])], ignore_index=True)


def movers(parts: pd.DataFrame) -> tuple[list[str], float]:
    """Name the fewest municipalities that together make more than half of all movement.

    Movement is the sum of the municipalities' contributions without their signs.

    Returns
    -------
    tuple
        Names, and their share of all movement.
    """
    rows = parts.dropna(subset=["municipality_code"])
    share = rows["total_nok"].abs().cumsum() / rows["total_nok"].abs().sum()
    count = int((share <= 0.5).sum()) + 1
    return list(rows["municipality_name"][:count]), float(share.iloc[count - 1])


@exhibit("average_change", "inside.average")
def average_change(
    priority_average_change: AverageChange,
    municipality: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Show what each municipality adds to the change of the priority group's average loan."""
    change = priority_average_change
    parts = change_parts(change, municipality.set_index("municipality_code")["municipality_name"])
    named, share = movers(parts)
    within, composition = change.within_total, change.composition_total
    sizes = {"total": change.total, "within": within, "composition": composition}
    larger = "mix" if abs(composition) > abs(within) else "own"

    def draw() -> Figure:
        figure, axes = new_figure(height_in=5.8)
        last = len(parts) - 0.5
        heights = [*range(len(parts) - 1), last]
        thousands = parts[["within_nok", "composition_nok", "total_nok"]] / THOUSAND
        for part, (offset, look) in LOOKS.items():
            label = words(f"inside.average.{part}")
            axes.barh(
                np.add(heights, offset), thousands[f"{part}_nok"], height=0.36, label=label, **look
            )
        mark: Any = {"ls": "", "marker": "D", "ms": 5, "color": "white", "markeredgecolor": "black"}
        axes.plot(thousands["total_nok"], heights, label=words("inside.average.both"), **mark)
        axes.axvline(0, color=REGION, lw=0.9)
        axes.axhline(last - 0.75, color=PRINTED, lw=0.7, ls=":")
        charts.name_rows(
            axes, [*parts["municipality_name"][:-1], words("inside.average.sum")], heights
        )
        axes.get_yticklabels()[-1].set_fontweight("bold")
        sums = [words.decimal(total, 1) for total in thousands["total_nok"]]
        charts.write_beside(axes, heights, sums, words("inside.average.both_short"))
        own, mix, both = (words.decimal(total, 1) for total in thousands.iloc[-1])
        look = {"xycoords": ("axes fraction", "data"), "ha": "right", **SMALL}
        beside(axes, f"({own}) + ({mix}) = {both}", (0.97, last), (0, 0), **look)
        charts.number_axis(axes.xaxis, words, ".0")
        axes.grid(axis="x")
        axes.set_title(words("inside.average.axis"))
        axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.05), ncols=3, fontsize="small")
        return figure

    values = {
        "before": design.window.last_year_before.value,
        "after": design.window.first_treated_year.value,
        "count": len(parts) - 1,
        "movers": named,
        "share": share,
        "weight": words(f"inside.average.{'opposed' if within * composition < 0 else larger}"),
        **{name: nok / THOUSAND for name, nok in sizes.items()},
    }
    numbers = {
        f"average_change_priority_{name}": (nok, "NOK a loan") for name, nok in sizes.items()
    }
    return Content(parts, values, draw=draw, numbers=numbers)
