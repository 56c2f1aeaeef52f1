"""The funnel: how far chance alone carries a rate from the common one, by size."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bsup_analysis.analysis.phasing import Pooled
from bsup_analysis.design import Design
from bsup_analysis.effects.empirical_bayes import Counts, funnel_limit
from bsup_analysis.exhibit.charts import set_names
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

OUTER = 0.998
"""Coverage of the outer limits, as usual in funnel plots (Spiegelhalter 2005)."""
PAPER_PT = 490.0, 245.0
"""About the size of the axes on paper, in points, by which names are kept apart."""
FEW, MOST_NAMES = 20, 12
"""Municipalities that can all be named, and how many are where there are more."""
TICKS = (5_000, 10_000, 20_000, 50_000, 100_000, 200_000)


@traced
def loan_funnel(
    loan_counts: Counts, loan_rates: Pooled, municipality: pd.DataFrame, design: Design,
    words: Words,
) -> Exhibit:  # fmt: skip
    """Show loans for each inhabitant against size, with exact limits around the common rate."""
    names = municipality.set_index("municipality_code")["municipality_name"]
    level = design.inference.confidence_level.value
    exposure, rate = np.array(loan_counts.exposure, float), loan_counts.pooled_rate
    shape = loan_rates.fit.strength

    def limits(at: np.ndarray, coverage: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
        tail = (1 - coverage) / 2
        centre = rate if np.isinf(spread) else float(np.exp(loan_rates.fit.location))
        low, high = (1000 * funnel_limit(at, centre, p, spread) for p in (tail, 1 - tail))
        return low, high

    inner, outer = (limits(exposure, coverage, np.inf) for coverage in (level, OUTER))
    spread = limits(exposure, level, shape)
    raw = 1000 * loan_counts.rates
    data = pd.DataFrame(
        {
            "municipality_code": loan_counts.codes,
            "municipality_name": [names[code] for code in loan_counts.codes],
            "population": exposure.astype(int),
            "loans": loan_counts.events,
            "loans_per_1000": raw,
            "limit_low": inner[0],
            "limit_high": inner[1],
            "outer_limit_low": outer[0],
            "outer_limit_high": outer[1],
            "spread_limit_low": spread[0],
            "spread_limit_high": spread[1],
        }
    ).sort_values(["population", "municipality_code"], ignore_index=True)
    outside = (data["loans_per_1000"] < data["limit_low"]) | (
        data["loans_per_1000"] > data["limit_high"]
    )
    beyond = (data["loans_per_1000"] < data["spread_limit_low"]) | (
        data["loans_per_1000"] > data["spread_limit_high"]
    )

    def draw() -> Figure:
        figure, axes = new_figure(height_in=4.6)
        line = np.geomspace(exposure.min() / 1.6, exposure.max() * 1.9, 400)
        for coverage, style in ((level, "-"), (OUTER, "--")):
            label = words("phasing.funnel.chance", level=words.percent(coverage, _places(coverage)))
            for side in limits(line, coverage, np.inf):
                axes.plot(line, side, color=REGION, ls=style, lw=1.2, label=label)
                label = ""
        low, high = limits(line, level, shape)
        axes.fill_between(
            line, low, high, color=PRIORITY, alpha=0.12, lw=0,
            label=words("phasing.funnel.spread", level=words.percent(level, 0)),
        )  # fmt: skip
        axes.axhline(1000 * rate, color=PRINTED, lw=1, ls=":", label=words("phasing.funnel.rate"))
        axes.plot(
            data["population"], data["loans_per_1000"], "o", color=PRIORITY, ms=5, ls="none",
            label=words("phasing.funnel.municipality"),
        )  # fmt: skip
        axes.set_xscale("log")
        axes.set_xlim(line[0], line[-1])
        axes.set_ylim(0, 1.12 * max(data["loans_per_1000"].max(), spread[1].max()))
        axes.xaxis.set_major_locator(FixedLocator(TICKS))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.count(x)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: words.decimal(y, 0)))
        axes.set_xlabel(words("phasing.funnel.size"))
        axes.set_title(words("phasing.funnel.axis"))
        _set_names(axes, data)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2,
                      fontsize="small")  # fmt: skip
        return figure

    values = {
        "year": str(max(design.window.published_years.value)),
        "count": words.count(len(data)),
        "outside": words.count(int(outside.sum())),
        "beyond": words.count(int(beyond.sum())),
        "expected": words.decimal((1 - level) * len(data), 1),
        "finding": words(
            "phasing.funnel.no_more_than_chance"
            if loan_rates.fit.all_alike
            else "phasing.funnel.beyond_chance"
        ),
        "rate": words.decimal(1000 * rate),
        "level": words.percent(level, 0),
    }
    return Exhibit(
        id="loan_funnel",
        title=words("phasing.funnel.title", **values),
        caption=words("phasing.funnel.caption", **values),
        source=words("phasing.loan_rate.source"),
        alternative_text=words("phasing.funnel.alternative_text", **values),
        data=data,
        draw=draw,
        numbers={
            "loan_rate_pooled": Number(1000 * rate, "loans per 1,000 inhabitants"),
            "funnel_outside_chance": Number(int(outside.sum()), "municipalities"),
            "funnel_outside_spread": Number(int(beyond.sum()), "municipalities"),
        },
    )


def _set_names(axes: Axes, data: pd.DataFrame) -> None:
    """Write the municipalities' names beside their points, on axes of paper size laid over.

    Of a whole region the largest are named; the small ones stand too close.
    """
    left, right = np.log(axes.get_xlim())
    bottom, top = axes.get_ylim()
    paper = axes.inset_axes((0, 0, 1, 1))
    paper.set(xlim=(0, PAPER_PT[0]), ylim=(0, PAPER_PT[1]))
    paper.set(xticks=[], yticks=[])
    paper.axis("off")
    most = len(data) if len(data) <= FEW else MOST_NAMES
    smallest = data["population"].nlargest(most).min()
    marks = pd.DataFrame(
        {
            "name": data["municipality_name"].where(data["population"] >= smallest, ""),
            "x": PAPER_PT[0] * (np.log(data["population"]) - left) / (right - left),
            "y": PAPER_PT[1] * (data["loans_per_1000"] - bottom) / (top - bottom),
            "radius_pt": 4.0,
        }
    )
    set_names(paper, marks, 1.0)


def _places(coverage: float) -> int:
    """Give the decimals a percentage needs."""
    return 0 if round(100 * coverage, 6).is_integer() else 1
