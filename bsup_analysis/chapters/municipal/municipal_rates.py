"""Rates municipality by municipality: how much each changed, agreements, and the largest one."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.chapters.municipal import phrases
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.municipal.rate_estimators import Staggered, Synthetic
from bsup_analysis.exhibit import geography, style
from bsup_analysis.exhibit.charts import TICKS, number_axis, ratio_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

# upper ends of the classes; the middle one holds no change
BREAKS = (0.5, 0.8, 1.25, 2.0, math.inf)
COLOURS = ("#B35806", "#F1A340", "#F7F7F7", "#92C5DE", "#2166AC")
DARK = {"#B35806", "#2166AC"}
DETAIL_M = 1_500  # corners of the map
EDGE = 8.0  # ratios further from one are drawn at the edge of the plot
DONORS_NAMED = 4
LOOKS = {
    "synthetic_did": {"color": "#8A5B00", "ls": "--", "marker": "s", "mfc": "white"},
    "synthetic_control": {"color": style.REGION, "ls": "-.", "marker": "^", "mfc": "white"},
    "did": {"color": style.OTHER, "ls": ":", "marker": "", "mfc": "white"},
}
SINCE = ["years_since", "effect", "se"]


@exhibit("municipal_change", "municipal_change")
def municipal_change(
    municipal_change: pd.DataFrame,
    municipal_data: MunicipalData,
    municipality: pd.DataFrame,
    areas: gpd.GeoDataFrame,
    words: Words,
) -> Content:
    """Show each municipality's rate from the first treated year against the years before."""
    table, data = municipal_change, municipal_data
    known = table[np.isfinite(table["ratio"])]
    first = data.timing.first_treated_year
    if known.empty:
        title = words("municipal_change.title", counted=phrases.counted(data, words))
        why = f"There is no municipality with numbers before and from {first}."
        problem = NotEstimableError("no_change", why, year=first)
        return phrases.not_estimable(title, problem, data, words)
    form = "map" if len(areas) else "plot"

    def draw() -> Figure:
        if form == "plot":
            return _draw_plot(table, words)
        # a unit of several municipalities of 2009 is drawn as each of them
        units = municipality["municipality_code"].map(lambda code: data.unit_of.get(code, code))
        own = municipality.assign(unit=units)[["municipality_code", "municipality_name", "unit"]]
        return _draw_map(own.merge(table, on="unit"), areas, words)

    ratios = {group: known.loc[known["group"] == group, "ratio"] for group in style.GROUPS}
    absent = list(table.loc[table["ratio"].isna(), "unit"])
    unknown = words(f"municipal_change.{form}_unknown", names=phrases.named(absent, data, words))
    borders = geography.about_borders(areas, "", municipality, words)
    sources = [phrases.source(data, words), borders["borders_source"] if form == "map" else ""]
    values: dict[str, object] = {
        "before": data.timing.before,
        "after": data.timing.treated,
        "form": words(f"municipal_change.{form}", **borders),
        "unknown": f" {unknown}" if absent else "",
    }
    for group, own in ratios.items():
        values[f"median_{group}"] = own.median() - 1
        values[f"rising_{group}"] = (own > 1).sum()
        values[f"all_{group}"] = len(own)
    return phrases.municipal_content(
        data,
        words,
        table,
        values,
        alternative_text=words(f"municipal_change.{form}_alternative_text", **values),
        source=" ".join(sources).strip(),
        draw=draw,
        numbers={
            f"municipal_change_median_{group}": (1 + (own.median() - 1), "ratio")
            for group, own in ratios.items()
        },
    )


def _draw_map(table: pd.DataFrame, areas: gpd.GeoDataFrame, words: Words) -> Figure:
    given = table.set_index("municipality_code")
    classes = np.searchsorted(BREAKS, given["ratio"])
    colours = pd.Series([*COLOURS, "unknown"])[
        np.where(given["ratio"].isna(), len(COLOURS), classes)
    ]
    looks: dict[str, Any] = {one: {"facecolor": one, "edgecolor": style.PALE} for one in COLOURS}
    looks["unknown"] = {"facecolor": "white", "edgecolor": style.PRINTED, "hatch": "--"}
    shown = geography.simplified(areas, DETAIL_M)
    figure, axes, unit_pt = geography.map_page(shown.total_bounds, 0.01)
    drawn = geography.class_of_areas(shown, colours.set_axis(given.index))
    geography.draw_areas(axes, shown, drawn, looks)
    chosen = shown[geography.class_of_areas(shown, given["group"]) == "priority"]
    outline = {"facecolor": "none", "edgecolor": style.REGION, "linewidth": 1.2}
    geography.draw_areas(axes, chosen, chosen["codes"], dict.fromkeys(chosen["codes"], outline))
    geography.name_areas(axes, chosen, given["municipality_name"], unit_pt)
    ends = [upper - 1 for upper in BREAKS[:-1]]
    labels = [
        words("municipal_change.below", value=ends[0]),
        *(words("municipal_change.between", low=low, high=high) for low, high in pairwise(ends)),
        words("municipal_change.above", value=ends[-1]),
    ]
    handles = [
        Patch(facecolor=colour, edgecolor=style.PRINTED, label=label)
        for colour, label in zip(COLOURS, labels, strict=True)
    ]
    outlined = words("municipal_change.priority")
    handles.append(Patch(facecolor="white", edgecolor=style.REGION, lw=1.2, label=outlined))
    if (drawn == "mixed").any():
        handles.append(Patch(**geography.MIXED, label=words("borders.mixed")))
    axes.legend(handles=handles, loc="upper left", fontsize="small")
    return figure


def _draw_plot(table: pd.DataFrame, words: Words) -> Figure:
    figure, axes = style.new_figure(height_in=4.2)
    shown = table.dropna(subset=["ratio", "population"])
    at = shown["ratio"].clip(1 / EDGE, EDGE)
    ratio_axis(axes, float(at.min()), float(at.max()), words, ticks=TICKS, along="y")
    axes.axhspan(BREAKS[1], BREAKS[2], color=style.PALE, alpha=0.5, lw=0)
    for group in reversed(style.GROUPS):
        own = shown["group"] == group
        axes.scatter(
            shown.loc[own, "population"],
            at[own],
            marker=style.GROUP_MARKER[group],
            s=34,
            facecolor=style.GROUP_FACE[group],
            edgecolor=style.GROUP_COLOUR[group],
            label=words(f"municipal_change.{group}"),
        )
    axes.set_xscale("log")
    number_axis(axes.xaxis, words, "count")
    axes.minorticks_off()
    axes.set_xlabel(words("municipal_change.population"))
    axes.set_title(words("municipal_change.axis"))
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure


@exhibit("municipal_agreements", "municipal_agreements")
def agreements(
    municipal_agreements: Staggered | NotEstimableError,
    municipal_data: MunicipalData,
    reading: str,
    words: Words,
) -> Content:
    """Show the effect of an agreement by years since it was signed."""
    found, data = municipal_agreements, municipal_data
    title = words("municipal_agreements.title", counted=phrases.counted(data, words))
    if isinstance(found, NotEstimableError):
        return phrases.not_estimable(title, found, data, words)
    rows = pd.DataFrame(found.by_years_since, columns=SINCE)
    groups = pd.DataFrame(found.effects)

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=3.4)
        axes.axhline(0, color=style.REGION, lw=0.9)
        axes.axvline(-0.5, color=style.OTHER, lw=1.4, ls="--")
        since, effect, se = (rows[name] for name in SINCE)
        axes.vlines(since, effect - se, effect + se, color=style.PRIORITY, lw=2)
        for part, fill in ((since >= 0, style.PRIORITY), (since < 0, "white")):
            axes.plot(since[part], effect[part], "o", color=style.PRIORITY, mfc=fill, ms=7)
        axes.set_xticks(since, [words.signed(at) for at in since])
        number_axis(axes.yaxis, words, ".1")
        axes.set_xlabel(words("municipal_agreements.since"))
        axes.set_title(words("municipal_agreements.axis", counted=phrases.counted(data, words)))
        axes.grid(axis="y")
        return figure

    signed = pd.Series({data.cluster[unit]: year for unit, year in data.agreement_year.items()})
    signed = signed.value_counts(sort=False).sort_index()
    known = "known" if found.overall_se > 0 else "unknown"
    error = words(f"municipal_agreements.error_{known}", se=found.overall_se)
    whose = "synthetic" if data.synthetic else reading
    return phrases.municipal_content(
        data,
        words,
        pd.concat(
            [groups.assign(kind="group_time"), rows.assign(kind="years_since")], ignore_index=True
        ),
        {
            "reading": words(f"municipal_agreements.reading_{whose}"),
            "signed": [
                words("municipal_agreements.in_year", year=year, number=number)
                for year, number in signed.items()
            ],
            "overall": found.overall,
            "error": error,
            "left_out": phrases.left_out_text("municipal_agreements", found.left_out, data, words),
        },
        draw=draw,
        numbers={
            "municipal_agreement_effect": (found.overall, "per 1 000 inhabitants"),
            "municipal_agreement_effect_se": (
                found.overall_se if known == "known" else None,
                "per 1 000 inhabitants",
            ),
        },
    )


@exhibit("municipal_synthetic", "municipal_synthetic")
def synthetic_largest(
    municipal_synthetic: Sequence[Synthetic] | NotEstimableError,
    municipal_data: MunicipalData,
    words: Words,
) -> Content:
    """Show the paths of the largest municipality and of its counterparts."""
    found, data = municipal_synthetic, municipal_data
    largest = data.names[data.largest]
    if isinstance(found, NotEstimableError):
        title = words("municipal_synthetic.title", largest=largest)
        return phrases.not_estimable(title, found, data, words)
    weighted = found[0]
    years, first = weighted.years, weighted.first_treated_year
    rows = pd.DataFrame({"year": years, "observed": weighted.observed})
    rows = rows.assign(**{item.method: item.counterpart for item in found})
    weights = pd.DataFrame(
        [(item.method, *donor) for item in found for donor in item.donor_weights],
        columns=["method", "donor", "weight"],
    )
    what = phrases.sentence(phrases.counted(data, words))

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=3.8)
        for year in set(range(min(years), max(years))) - set(years):
            axes.axvspan(year - 0.5, year + 0.5, color=style.PALE, alpha=0.7, lw=0)
        axes.axvline(first - 0.5, color=style.REGION, lw=0.8, ls="--")
        for item in found:
            label = words(f"municipal_synthetic.method.{item.method}")
            axes.plot(years, item.counterpart, label=label, ms=5, **LOOKS[item.method])
        axes.plot(years, weighted.observed, "o-", color=style.PRIORITY, lw=2, label=largest)
        axes.set_xticks(years, [str(year) for year in years])
        axes.set_ylim(bottom=0)
        number_axis(axes.yaxis, words, ".1")
        axes.grid(axis="y")
        axes.set_title(words("municipal_synthetic.axis", counted=what))
        figure.legend(loc="outside lower center", ncols=4, fontsize="small")
        return figure

    values: dict[str, object] = {
        "counted": what,
        "largest": largest,
        "first": first,
        "donors": len(weighted.donor_weights),
        **{item.method: item.effect for item in found},
        "left_out": phrases.left_out_text("municipal_synthetic", weighted.left_out, data, words),
    }
    return phrases.municipal_content(
        data,
        words,
        pd.concat([rows, weights], ignore_index=True),
        values,
        draw=draw,
        table=[
            {
                "method": item.method,
                "effect": item.effect,
                "rmse": item.rmse_before,
                "number": len(item.donor_weights),
                "donors": _donors(item, data, words),
            }
            for item in found
        ],
        numbers={
            f"municipal_{item.method}_effect": (item.effect, "per 1 000 inhabitants")
            for item in found
        },
    )


def _donors(item: Synthetic, data: MunicipalData, words: Words) -> str:
    if len({round(weight, 6) for _, weight in item.donor_weights}) == 1:
        return words("municipal_synthetic.all_alike")
    return "; ".join(
        words("municipal_synthetic.donor", name=data.names.get(donor, donor), weight=weight)
        for donor, weight in item.donor_weights[:DONORS_NAMED]
    )
