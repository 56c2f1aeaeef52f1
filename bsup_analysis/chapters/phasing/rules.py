"""The choice made explicit: the aims, what each rule would have chosen, what the weights decide."""

from dataclasses import asdict
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bsup_analysis.analysis.phasing import Rule
from bsup_analysis.design import Design
from bsup_analysis.effects.selection_rules import Sensitivity, expected_jaccard
from bsup_analysis.exhibit import style
from bsup_analysis.exhibit.charts import number_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.geography import alphabet
from bsup_analysis.language import Words

# reasons the document gives for which no table has a value for every municipality
WITHOUT_DATA = ("need", "success")


@exhibit("results_framework", "phasing.framework")
def framework(results_framework: pd.DataFrame, words: Words) -> Content:
    """Show the programme's aims (document p. 15), what would show them, and where it is found."""
    data = results_framework
    by_aim, known = data.groupby("aim_id"), data["indicator"].notna()
    told = data.assign(
        **{name: words.own(data, name) for name in ("aim", "indicator", "unit", "reason")},
        table=words.own(data, "table").fillna(""),
        number=by_aim.cumcount() + 1,
        many=by_aim["row_id"].transform("size") > 1,
    )
    rows = [
        {
            **row,
            "aim": words("phasing.framework.numbered", **row) if row["many"] else row["aim"],
            "indicator": words("phasing.framework.no_indicator")
            if pd.isna(row["unit"])
            else words("phasing.framework.with_unit", **row),
        }
        for row in told.to_dict("records")
    ]
    aims, without, indicators = data["aim_id"].nunique(), int((~known).sum()), int(known.sum())
    values = {
        "aims": aims,
        "without": without,
        "indicators": indicators,
        "here": (known & (data["published_level"] != "none")).sum(),
        "all": (data["municipal_level"] == "at_hand").sum(),
    }
    numbers = {
        "aims_total": (aims, "aims"),
        "aims_without_public_indicator": (without, "aims"),
        "aims_indicators": (indicators, "indicators"),
    }
    return Content(data, values, table=rows, numbers=numbers)


def _names(codes: frozenset[str], names: pd.Series, words: Words) -> str:
    found = sorted((names[code] for code in codes), key=alphabet)
    return words.listed(found) if found else words("phasing.rules.nobody")


def _weights_text(rule: Rule, words: Words) -> str:
    total = sum(rule.weights.values())
    return words.listed(
        words("phasing.rules.weight", name=name, share=weight / total)
        for name, weight in rule.weights.items()
        if weight > 0
    )


@exhibit("candidate_rules", "phasing.rules")
def candidate_rules(
    selection_rules: tuple[Rule, ...], municipality: pd.DataFrame, design: Design, words: Words
) -> Content:
    """Show what each candidate rule would have chosen, beside the actual choice."""
    names = municipality.set_index("municipality_code")["municipality_name"]
    actual = frozenset(municipality.loc[municipality["group"] == "priority", "municipality_code"])
    rows, cells = [], []
    for rule in selection_rules:
        certain, tied, found = rule.choice.certain, rule.choice.tied, rule.agreement
        only_actual = actual - certain - tied
        rows.append(
            {
                "rule": rule.name,
                **asdict(found),
                "tied": len(tied),
                "only_rule": ";".join(sorted(certain - actual)),
                "only_actual": ";".join(sorted(only_actual)),
            }
        )
        both = dict.fromkeys(words.count(n) for n in (found.both_low, found.both_high))
        ends = (found.jaccard_low, found.jaccard_high)
        cells.append(
            {
                "rule": words(f"phasing.rules.{rule.name}", weights=_weights_text(rule, words)),
                "both": "–".join(both),
                "jaccard": "–".join(dict.fromkeys(words.decimal(end) for end in ends)),
                "only_rule": words("phasing.rules.tied", count=len(tied))
                if tied
                else _names(certain - actual, names, words),
                "only_actual": _names(only_actual, names, words),
            }
        )
    for reason in WITHOUT_DATA:
        rows.append({"rule": reason})
        what, lacks = (words(f"phasing.rules.{key}{reason}") for key in ("", "lacks_"))
        cells.append({"rule": what, "only_rule": lacks})
    places, units = design.groups.priority.value, len(municipality)
    lot = expected_jaccard(units, places, len(actual))
    data = pd.DataFrame(rows).astype(dict.fromkeys(("both_low", "both_high", "tied"), "Int64"))
    table = pd.DataFrame(cells)
    values = {
        "places": places,
        "units": units,
        "lot": lot,
        "best": max(selection_rules, key=lambda rule: rule.agreement.jaccard_low),
    }
    numbers = {
        **{
            f"jaccard_rule_{rule.name}": (rule.agreement.jaccard_low, "Jaccard index")
            for rule in selection_rules
        },
        "jaccard_by_lot": (lot, "Jaccard index"),
    }
    return Content(data, values, table=table, numbers=numbers)


def _draw_shares(axes: Axes, data: pd.DataFrame, words: Words) -> None:
    def mark(x: Any, y: Any, group: str, **label: Any) -> None:
        look: Any = {"ms": 5, "mec": style.GROUP_COLOUR[group], "mfc": style.GROUP_FACE[group]}
        axes.plot(x, y, style.GROUP_MARKER[group], **look, **label)

    for place, row in enumerate(data.itertuples()):
        share = row.share_of_weightings
        axes.plot([0, share], [place, place], color=style.GROUP_COLOUR[row.group], lw=1)
        mark(share, place, row.group)
    axes.set_yticks(range(len(data)), data["municipality_name"], fontsize=7)
    for label, group in zip(axes.get_yticklabels(), data["group"], strict=True):
        label.set_fontweight("bold" if group == "priority" else "normal")
    axes.set_ylim(len(data) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-0.02, 1.04)
    number_axis(axes.xaxis, words, "percent.0")
    axes.grid(axis="y", alpha=0.6)
    axes.set_title(words("phasing.weights.share"))
    for group in style.GROUP_FACE:
        mark([], [], group, label=words(f"phasing.weights.{group}"))
    axes.legend(loc="lower right")


@exhibit("weights_decide", "phasing.weights")
def weights_decide(
    weight_sensitivity: Sensitivity, municipality: pd.DataFrame, design: Design, words: Words
) -> Content:
    """Show in what share of all weightings each municipality is chosen."""
    shares = weight_sensitivity.share_chosen.rename("share_of_weightings")
    table = municipality[["municipality_code", "municipality_name", "group"]].merge(
        shares.rename_axis("municipality_code").reset_index(), validate="1:1"
    )
    ever = table["share_of_weightings"] > 0
    data = table[ever | (table["group"] == "priority")].sort_values(
        ["share_of_weightings", "municipality_code"], ascending=[False, True], ignore_index=True
    )

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=0.7 + 0.15 * len(data))
        _draw_shares(axes, data, words)
        return figure

    half = data.loc[data["share_of_weightings"] >= 0.5, "group"].value_counts()
    half_priority, half_other = (int(half.get(group, 0)) for group in style.GROUP_FACE)
    weightings, once = len(weight_sensitivity.jaccard), int(ever.sum())
    values = {
        "weightings": weightings,
        "places": design.groups.priority.value,
        "ever": once,
        "half": half_priority,
        "half_other": half_other,
        "lowest": data[data["group"] == "priority"].iloc[-1],
    }
    numbers = {
        "weightings_total": (weightings, "weightings"),
        "weightings_ever_chosen": (once, "municipalities"),
        "weightings_half_priority": (half_priority, "municipalities"),
        "weightings_half_other": (half_other, "municipalities"),
    }
    return Content(data, values, draw=draw, numbers=numbers, source=words("phasing.rules.source"))


@exhibit("weights_agreement", "phasing.weights.agreement")
def weights_agreement(
    weight_sensitivity: Sensitivity, municipality: pd.DataFrame, design: Design, words: Words
) -> Content:
    """Show the agreement with the actual choice against the weight of size."""
    found = weight_sensitivity
    data = pd.DataFrame(found.weights, columns=[f"weight_{name}" for name in found.names])
    data = data.assign(jaccard=found.jaccard)
    jaccard = data["jaccard"]
    by_size = data.groupby("weight_size")["jaccard"]
    actual = int((municipality["group"] == "priority").sum())
    lot = expected_jaccard(len(municipality), design.groups.priority.value, actual)

    def draw() -> Figure:
        figure, axes = style.new_figure(height_in=2.9)
        # the range and the median for each weight of size
        for weight, here in by_size:
            axes.plot([weight, weight], [here.min(), here.max()], color=style.PRIORITY, lw=1.6)
            axes.plot(weight, here.median(), "o", color=style.PRIORITY, ms=5)
        axes.axhline(lot, color=style.PRINTED, ls="--", lw=1)
        look = {"ha": "right", "va": "top", "fontsize": "small", "color": style.PRINTED}
        style.beside(axes, words("phasing.weights.by_lot"), (1.05, lot), (0, -3), **look)
        axes.set_ylim(0, 1)
        axes.set_xlim(-0.04, 1.06)
        number_axis(axes.xaxis, words, "percent.0")
        number_axis(axes.yaxis, words, ".1")
        axes.set_xlabel(words("phasing.weights.agreement.weight_of_size"))
        axes.set_title(words("phasing.weights.agreement.axis"))
        axes.grid(alpha=0.6)
        return figure

    without = by_size.get_group(0)
    values = {
        "lowest": jaccard.min(),
        "median": jaccard.median(),
        "highest": jaccard.max(),
        "highest_without_size": without.max(),
    }
    return Content(
        data,
        {
            **values,
            "lowest_without_size": without.min(),
            "alone": by_size.get_group(1).item(),
            "lot": lot,
            "weightings": len(data),
        },
        draw=draw,
        numbers={
            f"weightings_jaccard_{name}": (float(value), "Jaccard index")
            for name, value in values.items()
        },
        source=words("phasing.rules.source"),
    )
