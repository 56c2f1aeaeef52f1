"""Ranked municipalities: what small counts say, what is left of it, and which place is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.analysis.phasing import Pooled
from bsup_analysis.design import Design
from bsup_analysis.effects.empirical_bayes import Counts, Evidence
from bsup_analysis.effects.paired import Paired
from bsup_analysis.exhibit.charts import number_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import PRINTED, PRIORITY, REGION, new_figure
from bsup_analysis.language import Words

SIDES = ("above", "below", "undecided")
CLOSE = 30
"""More municipalities than these stand closer together."""


def standing_sentences(names: Sequence[str], evidence: Evidence, words: Words) -> str:
    """Say who lies above the median, who below, and how many cannot be told from it.

    This is the one place that words where a municipality lies.  It takes intervals and not
    verdicts, so that no caller can put a municipality on a side which its intervals do not.

    Parameters
    ----------
    names
        Municipalities, in the order of the evidence.
    evidence
        Their intervals.
    """
    found, said = evidence.standings, []
    for side in ("above", "below"):
        on_side = [name for name, standing in zip(names, found, strict=True) if standing == side]
        key = f"phasing.standing.{side}" if on_side else f"phasing.standing.none_{side}"
        said.append(words(key, which=on_side))
    left = found.count("undecided")
    number = {0: "_none", 1: "_one"}.get(left, "")
    said.append(words(f"phasing.standing.undecided{number}", count=left))
    return " ".join(said)


def _rows(
    places: pd.DataFrame, counted: pd.DataFrame, municipality: pd.DataFrame, scale: float = 1
) -> pd.DataFrame:
    """Collect a row a municipality, the highest expected place first; `counted` is by code."""
    names = municipality.set_index("municipality_code")["municipality_name"]
    rows = counted.loc[places.index].join(places)
    rows[["raw", "pooled", "pooled_low", "pooled_high"]] *= scale
    rows.insert(0, "municipality_name", names[places.index])
    rows = rows.rename_axis("municipality_code").reset_index()
    return rows.sort_values(["expected_place", "municipality_code"], ignore_index=True)


def _draw(
    rows: pd.DataFrame,
    bold: pd.Series,
    median: float,
    ticks: tuple[float, ...],
    title: str,
    words: Words,
) -> Figure:
    """Draw values on the left, places on the right, a row of `rows` a line."""
    many = len(rows) > CLOSE
    figure, (values, places) = new_figure(
        1, 2, 0.95 + (0.15 if many else 0.21) * len(rows), gridspec_kw={"width_ratios": [1.35, 1]}
    )
    alone: dict[str, Any] = {"ms": 4.5, "mfc": "white", "mec": PRINTED}
    values.axvline(median, color=REGION, ls=":", lw=1.2, label=words("phasing.ranking.median"))
    values.plot(rows["raw"], rows.index, "D", label=words("phasing.ranking.raw"), **alone)
    for at, row in enumerate(rows.itertuples()):
        face = "white" if row.standing == "undecided" else PRIORITY
        for axes, low, middle, high in (
            (values, row.pooled_low, row.pooled, row.pooled_high),
            (places, row.place_first, row.expected_place, row.place_last),
        ):
            axes.plot([low, high], [at, at], color=PRIORITY, lw=1.6)
            axes.plot(middle, at, "o", ms=6, mec=PRIORITY, mfc=face)
        places.plot(row.raw_place, at, "D", **alone)
    for key, face in (("told", PRIORITY), ("not_told", "white")):
        label = words(f"phasing.ranking.{key}")
        values.plot([], [], "o-", ms=6, lw=1.6, color=PRIORITY, mfc=face, label=label)
    values.set_xscale("log")
    number_axis(values.xaxis, words, ".1", ticks)
    values.set_yticks(range(len(rows)), rows["municipality_name"], fontsize="small")
    for label, is_bold in zip(values.get_yticklabels(), bold, strict=True):
        label.set_fontweight("bold" if is_bold else "normal")
    if many:
        values.tick_params(axis="y", labelsize=6.5)
    places.set_xlim(0.3, len(rows) + 0.7)
    step, least = (10, 5) if many else (5, 1)
    places.set_xticks([1, *range(step, len(rows) - least, step), len(rows)])
    places.tick_params(axis="y", labelleft=False)
    for axes in (values, places):
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", alpha=0.6)
    values.set_title(title)
    places.set_title(words("phasing.ranking.places"))
    handles = values.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _chance(probability: float, words: Words) -> str:
    """Write a probability in whole per cent, never as certain or impossible by rounding alone."""
    if probability < 0.01:
        return "< " + words.percent(0.01, 0)
    if probability > 0.99:
        return "> " + words.percent(0.99, 0)
    return words.percent(probability, 0)


def _ranking(
    family: str,
    unit: str,
    pooled: Pooled,
    median: float,
    rows: pd.DataFrame,
    municipality: pd.DataFrame,
    ticks: tuple[float, ...],
    common: Mapping[str, object],
    numbers: Mapping[str, tuple[float, str]],
    words: Words,
) -> Content:
    stem, names = f"phasing.{family}", list(rows["municipality_name"])
    place_first, place_last = rows["place_first"], rows["place_last"]
    # the intervals in the order of the rows
    low, high = rows["pooled_low"].to_numpy(), rows["pooled_high"].to_numpy()
    evidence = Evidence(low, high, median, place_first.to_numpy(), place_last.to_numpy())
    width = float((place_last - place_first + 1).mean())
    values = {
        **common,
        "k": rows["k"].iloc[0],
        "median": median,
        "count": len(rows),
        "width": width,
        "standing": standing_sentences(names, evidence, words),
        "moved": rows.iloc[(rows["expected_place"] - rows["raw_place"]).abs().argmax()],
        "each": [words("phasing.ranking.name_value", row=row) for row in rows.itertuples()],
    }
    group = municipality.set_index("municipality_code")["group"][rows["municipality_code"]]
    bold = (group == "priority") & (group == "other").any()
    caption = words(f"{stem}.caption", **values)
    chances = {
        f"probability_among_{end}": [
            _chance(probability, words) for probability in rows[f"probability_among_{end}"]
        ]
        for end in ("highest", "lowest")
    }
    if bold.any():
        caption += f" {words('phasing.ranking.bold')}"
    of_family = {
        f"{family}_median_municipality": (median, unit),
        f"{family}_mean_places_in_interval": (width, "places"),
        **{
            f"{family}_{side}_median": (evidence.standings.count(side), "municipalities")
            for side in SIDES
        },
        f"{family}_prior_loans": (pooled.fit.strength, "loans that the prior counts for"),
    }
    return Content(
        rows,
        values,
        draw=lambda: _draw(rows, bold, median, ticks, words(f"{stem}.values", **common), words),
        table=rows.assign(**chances),
        numbers={**of_family, **numbers},
        caption=caption,
    )


@exhibit("loan_rate_ranking", "phasing.loan_rate")
def loan_rate_ranking(
    loan_rates: Pooled,
    loan_rate_places: pd.DataFrame,
    loan_counts: Counts,
    municipality: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Rank municipalities by loans for each inhabitant: raw, pooled in part, and by place."""
    counted = pd.DataFrame(
        {"loans": loan_counts.events, "population": np.array(loan_counts.exposure, int)},
        index=loan_counts.codes,
    )
    common = {"year": max(design.window.published_years.value), "level": design.level}
    unit, mean = "loans per 1,000 inhabitants", 1000 * float(np.exp(loan_rates.fit.location))
    return _ranking(
        "loan_rate",
        unit,
        loan_rates,
        1000 * loan_rates.median,
        _rows(loan_rate_places, counted, municipality, 1000),
        municipality,
        (0.5, 1, 2, 3, 5),
        common,
        {"loan_rate_prior_mean": (mean, unit)},
        words,
    )


@exhibit("loan_growth_ranking", "phasing.loan_growth")
def loan_growth_ranking(
    loan_growth: Pooled,
    loan_growth_places: pd.DataFrame,
    paired_loans: Paired,
    municipality: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Rank municipalities by growth in loans: raw, pooled in part, and by place."""
    before, after = design.years
    counted = pd.DataFrame(
        {f"loans_{before}": paired_loans.pre, f"loans_{after}": paired_loans.post},
        index=paired_loans.codes,
        dtype=int,
    )
    typical = float(np.exp(loan_growth.fit.location))
    return _ranking(
        "loan_growth",
        "ratio",
        loan_growth,
        loan_growth.median,
        _rows(loan_growth_places, counted, municipality),
        municipality,
        (0.5, 1, 2, 3, 4),
        {"before": before, "after": after, "level": design.level},
        {"loan_growth_prior_typical": (typical, "ratio")},
        words,
    )
