"""Ranked municipalities: what small counts say, what is left of it, and which place is known."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.analysis.phasing import Places, Pooled
from bsup_analysis.chapters.phasing.ranking_drawing import draw_places, draw_values
from bsup_analysis.chapters.phasing.sentences import SIDES, standing_cells, standing_sentences
from bsup_analysis.design import Design
from bsup_analysis.effects.empirical_bayes import Counts, Evidence
from bsup_analysis.effects.paired import Paired
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.style import new_figure
from bsup_analysis.language import Words

RATE_TICKS = (0.5, 1, 2, 3, 5)
GROWTH_TICKS = (0.5, 1, 2, 3, 4)
CLOSE = 30


def _rows(pooled: Pooled, places: Places, municipality: pd.DataFrame, scale: float) -> pd.DataFrame:
    """Collect a row a municipality, the highest expected place first."""
    names = municipality.set_index("municipality_code")["municipality_name"]
    table = pd.DataFrame(
        {
            "municipality_code": pooled.codes,
            "municipality_name": [names[code] for code in pooled.codes],
            "raw": scale * pooled.raw,
            "raw_place": places.raw,
            "pooled": scale * pooled.estimate,
            "pooled_low": scale * pooled.low,
            "pooled_high": scale * pooled.high,
            "expected_place": places.expected,
            "place_first": places.first,
            "place_last": places.last,
            "probability_among_highest": places.among_highest,
            "probability_among_lowest": places.among_lowest,
            "k": places.k,
            "standing": places.evidence.standings,
        }
    )
    return table.sort_values(["expected_place", "municipality_code"], ignore_index=True)


def _ranking(
    family: str,
    pooled: Pooled,
    places: Places,
    rows: pd.DataFrame,
    ticks: tuple[float, ...],
    scale: float,
    common: dict[str, str],
    counts: dict[str, list[str]],
    numbers: dict[str, Number],
    words: Words,
) -> Exhibit:
    median = scale * pooled.median

    def draw() -> Figure:
        # names of the whole region stand closer together than those of a group
        row_in = 0.25 if len(rows) <= CLOSE else 0.15
        figure, (left, right) = new_figure(
            1, 2, 0.95 + row_in * len(rows), gridspec_kw={"width_ratios": [1.35, 1]}
        )
        draw_values(left, rows, median, ticks, words)
        if len(rows) > CLOSE:
            left.tick_params(axis="y", labelsize=6.5)
        draw_places(right, rows)
        for axes in (left, right):
            axes.set_ylim(len(rows) - 0.4, -0.6)
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="y", alpha=0.6)
        left.set_title(words(f"phasing.{family}.values", **common))
        right.set_title(words("phasing.ranking.places"))
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2,
                      fontsize="small")  # fmt: skip
        return figure

    shown = pd.DataFrame({words("phasing.ranking.municipality"): rows["municipality_name"]})
    for head, cells in counts.items():
        shown[head] = cells
    shown[words(f"phasing.{family}.raw")] = rows["raw"].map(words.decimal)
    shown[words("phasing.ranking.raw_place")] = rows["raw_place"].map(
        lambda place: words.decimal(place, 0 if float(place).is_integer() else 1)
    )
    estimates = [
        words(
            "ratios.estimate",
            value=words.decimal(row.pooled),
            low=words.decimal(row.pooled_low),
            high=words.decimal(row.pooled_high),
        )
        for row in rows.itertuples()
    ]
    shown[words(f"phasing.{family}.pooled")] = rows["pooled"].map(words.decimal)
    shown[words("phasing.ranking.interval", **common)] = [
        words(
            "phasing.ranking.from_to",
            low=words.decimal(row.pooled_low),
            high=words.decimal(row.pooled_high),
        )
        for row in rows.itertuples()
    ]
    shown[words("phasing.ranking.place_interval")] = [
        words(
            "phasing.ranking.from_to",
            low=words.count(row.place_first),
            high=words.count(row.place_last),
        )
        for row in rows.itertuples()
    ]
    for end in ("highest", "lowest"):
        head = words(f"phasing.ranking.among_{end}", k=words.count(places.k))
        shown[head] = [_chance(p, words) for p in rows[f"probability_among_{end}"]]
    evidence = _evidence(rows, median)
    shown[words("phasing.ranking.against_median")] = standing_cells(evidence, words)
    width = float((rows["place_last"] - rows["place_first"] + 1).mean())
    moved = rows.iloc[(rows["expected_place"] - rows["raw_place"]).abs().argmax()]
    names = list(rows["municipality_name"])
    values = {
        **common,
        "median": words.decimal(median),
        "count": words.count(len(rows)),
        "width": words.decimal(width, 1),
        "standing": standing_sentences(names, evidence, words),
        "moved": moved["municipality_name"],
        "moved_raw": words.decimal(moved["raw_place"], 0),
        "moved_first": words.count(moved["place_first"]),
        "moved_last": words.count(moved["place_last"]),
        "each": words.listed(
            [
                words("phasing.ranking.name_value", name=name, estimate=estimate)
                for name, estimate in zip(names, estimates, strict=True)
            ]
        ),
    }
    unit = "municipalities"
    return Exhibit(
        id=f"{family}_ranking",
        title=words(f"phasing.{family}.title", **common),
        caption=words(f"phasing.{family}.caption", **values),
        source=words(f"phasing.{family}.source"),
        alternative_text=words(f"phasing.{family}.alternative_text", **values),
        data=rows,
        draw=draw,
        shown=shown,
        numbers={
            f"{family}_median_municipality": Number(median, counts_unit(family)),
            f"{family}_mean_places_in_interval": Number(width, "places"),
            **{f"{family}_{s}_median": Number(evidence.standings.count(s), unit) for s in SIDES},
            **numbers,
        },
    )


def _evidence(rows: pd.DataFrame, median: float) -> Evidence:
    """Take the intervals in the order of the rows."""
    low, high = (rows[f"pooled_{end}"].to_numpy() for end in ("low", "high"))
    return Evidence(
        low, high, median, rows["place_first"].to_numpy(), rows["place_last"].to_numpy()
    )


def _chance(probability: float, words: Words) -> str:
    """Write a probability in whole per cent, never as certain or impossible by rounding alone."""
    if probability < 0.01:
        return "< " + words.percent(0.01, 0)
    if probability > 0.99:
        return "> " + words.percent(0.99, 0)
    return words.percent(probability, 0)


def counts_unit(family: str) -> str:
    """Give the unit of a family's quantity, for its numbers."""
    return "loans per 1,000 inhabitants" if family == "loan_rate" else "ratio"


@traced
def loan_rate_ranking(
    loan_rates: Pooled,
    loan_rate_places: Places,
    loan_counts: Counts,
    municipality: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Rank municipalities by loans for each inhabitant: raw, pooled in part, and by place."""
    rows = _rows(loan_rates, loan_rate_places, municipality, 1000)
    of = dict(zip(loan_counts.codes, loan_counts.events, strict=True))
    exposure = dict(zip(loan_counts.codes, loan_counts.exposure, strict=True))
    rows.insert(2, "loans", [of[code] for code in rows["municipality_code"]])
    rows.insert(3, "population", [int(exposure[code]) for code in rows["municipality_code"]])
    year = max(design.window.published_years.value)
    common = {"year": str(year), "level": words.percent(design.inference.confidence_level.value, 0)}
    fit = loan_rates.fit
    return _ranking(
        "loan_rate", loan_rates, loan_rate_places, rows, RATE_TICKS, 1000, common,
        {words("phasing.ranking.loans", year=year): [words.count(n) for n in rows["loans"]]},
        {
            "loan_rate_prior_mean": Number(1000 * float(np.exp(fit.location)),
                                           counts_unit("loan_rate")),
            "loan_rate_prior_loans": Number(fit.strength, "loans that the prior counts for"),
        },
        words,
    )  # fmt: skip


@traced
def loan_growth_ranking(
    loan_growth: Pooled,
    loan_growth_places: Places,
    paired_loans: Paired,
    municipality: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Rank municipalities by growth in loans: raw, pooled in part, and by place."""
    rows = _rows(loan_growth, loan_growth_places, municipality, 1)
    window = design.window.last_year_before.value, design.window.first_treated_year.value
    for position, counted in enumerate((paired_loans.pre, paired_loans.post)):
        of = dict(zip(paired_loans.codes, counted, strict=True))
        loans = [int(of[code]) for code in rows["municipality_code"]]
        rows.insert(2 + position, f"loans_{window[position]}", loans)
    heads = {
        words("phasing.ranking.loans", year=year): [words.count(n) for n in rows[f"loans_{year}"]]
        for year in window
    }
    common = {
        "before": str(window[0]),
        "after": str(window[1]),
        "level": words.percent(design.inference.confidence_level.value, 0),
    }
    fit = loan_growth.fit
    return _ranking(
        "loan_growth", loan_growth, loan_growth_places, rows, GROWTH_TICKS, 1, common, heads,
        {
            "loan_growth_prior_typical": Number(float(np.exp(fit.location)), "ratio"),
            "loan_growth_prior_loans": Number(fit.strength, "loans that the prior counts for"),
        },
        words,
    )  # fmt: skip
