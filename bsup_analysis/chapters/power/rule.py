"""What the whole municipal rule says on SYNTHETIC panels, and the two statistics of randomisation.

All is of the M that the design has chosen; the stored tables hold the others too.
"""

import pandas as pd
from matplotlib.figure import Figure

from bsup_analysis.chapters.power import rejection
from bsup_analysis.design import Design
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.charts import number_axis
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.exhibit.style import REGION
from bsup_analysis.language import Words
from bsup_analysis.simulation.rule_experiment import false_improved

SIDES = {"worse": (0.5, 0.6, 0.8, 1.0), "improved": (1.0, 1.25, 1.5, 2.0, 2.5, 3.0)}


def at_m(table: pd.DataFrame, m: float) -> pd.DataFrame:
    """Choose the rows of an M."""
    if m not in set(table["m"]):
        raise InputError(f"The municipal rule was not simulated at an M of {m}; see rule.toml.")
    return table[table["m"] == m]


@exhibit("power_rule", "power.rule")
def verdicts(
    SYNTHETIC_rule: pd.DataFrame,
    SYNTHETIC_rule_detectable: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Show how often the rule says worse or improved, by the ratio put in."""
    m, power = design.municipal.rule_m.value, design.inference.power.value
    ours = at_m(SYNTHETIC_rule, m)
    data = ours.query("world == 'parallel'").sort_values("effect")
    found = at_m(SYNTHETIC_rule_detectable, m).sort_values("scenario")
    parts = {"worse": data.query("effect <= 1"), "improved": data.query("effect >= 1")}

    def draw() -> Figure:
        figure, panels = rejection.synthetic_figure(words, 1, 2, 3.7, sharey=True)
        for axes, (said, rows) in zip(panels, parts.items(), strict=True):
            axes.axhline(power, color=REGION, lw=1, ls="--")
            rejection.draw_scenarios(axes, rows, ("effect", said, "mc_error"), words)
            axes.set_xscale("log")
            number_axis(axes.xaxis, words, ".2", SIDES[said])
            number_axis(axes.yaxis, words, "percent.0")
            axes.set_ylim(0, 1.02)
            axes.set_xlabel(words("power.rule.axis"))
            axes.set_title(words(f"power.rule.says_{said}"))
        for row in found.dropna().itertuples():
            at, colour = row.detectable_ratio, rejection.MARKS[row.scenario]["color"]
            panels[1].plot([at, at], [0, power], color=colour, lw=0.8, zorder=0)
        rejection.legend(figure, panels[0])
        return figure

    ratios = [
        words("power.curves.detected", name=r.scenario, ratio=r.detectable_ratio, error=r.mc_error)
        for r in found.dropna().itertuples()
    ]
    spilled = ours.query("world == 'spillover'")
    spilled = spilled[spilled["effect"] == spilled["effect"].max()]
    strongest = spilled["effect"].iloc[0]
    values = {
        "power": power,
        "draws": data["draws"].min(),
        "ratios": ratios,
        "wrong": pd.concat([parts["worse"]["improved"], parts["improved"]["worse"]]).max(),
        "strongest": strongest,
        "spilled": spilled["improved"],
        "alone": data.loc[data["effect"] == strongest, "improved"],
    }
    numbers = {
        rejection.identifier("rule_detectable", row["scenario"], *part): (row[column], "ratio")
        for row in found.to_dict("records")
        for column, part in (("detectable_ratio", ()), ("mc_error", ("mc_error",)))
    }
    return Content(rejection.labelled(data), values, draw=draw, numbers=numbers)


@exhibit("power_rule_null", "power.rule_null")
def without_effect(SYNTHETIC_rule: pd.DataFrame, design: Design, words: Words) -> Content:
    """Tabulate how often the rule is wrong where the group has no effect."""
    m, worst = design.municipal.rule_m.value, false_improved(SYNTHETIC_rule)
    data = at_m(SYNTHETIC_rule, m).query("effect == 1")
    most = data.groupby("world")["worse"].max()

    def name(world: str) -> str:
        kind, _, size = world.partition("_0")  # drift_0.05: its size is the end of the name
        return words(f"power.rule_null.world_{kind}", size=float(f"0{size}"))

    rows = data.pivot(index="world", columns="scenario", values="improved")
    rows = rows.loc[data["world"].unique()].assign(worse=most)
    values = {
        "level": 1 - design.inference.confidence_level.value,
        "draws": data["draws"].min(),
        "worst": [
            words("power.rule_null.at_m", share=share, m=tried) for tried, share in worst.items()
        ],
        "m": m,
    }
    table = rows.rename(index=name).reset_index()
    numbers = {
        rejection.identifier("rule_false_improved"): (float(worst[m]), "share"),
        **{
            rejection.identifier("rule_false_improved", world): (
                float(row[list(rejection.MARKS)].max()),
                "share",
            )
            for world, row in rows.iterrows()
        },
    }
    return Content(rejection.labelled(data), values, table=table, numbers=numbers)


@exhibit("power_rule_coverage", "power.rule_coverage")
def coverage(SYNTHETIC_rule_coverage: pd.DataFrame, design: Design, words: Words) -> Content:
    """Tabulate how often the fixed-length interval holds the truth under its worst trend."""
    m, data = design.municipal.rule_m.value, SYNTHETIC_rule_coverage
    promised = data.query("bend == m")
    rows = [
        {
            "m": bend,
            "half": rows["median_half_length"],
            **{kind: of["coverage"] for kind, of in rows.groupby("quantile")},
        }
        for bend, rows in promised.groupby("m")
    ]
    own = at_m(promised, m).query("quantile == 't'")
    values = {
        "level": design.inference.confidence_level.value,
        "draws": data["draws"].min(),
        "error": data["mc_error"].max(),
        "held": own["coverage"],
        "m": m,
    }
    numbers = {
        rejection.identifier("rule_coverage", row.scenario): (row.coverage, "share")
        for row in own.itertuples()
    }
    return Content(rejection.labelled(data), values, table=rows, numbers=numbers)


@exhibit("power_randomisation", "power.randomisation")
def randomisation(SYNTHETIC_randomisation: pd.DataFrame, design: Design, words: Words) -> Content:
    """Tabulate size and power of randomisation with the studentised score and the raw one."""
    data, level = SYNTHETIC_randomisation, 1 - design.inference.confidence_level.value
    rows = data.pivot(index=["effect", "statistic"], columns="scenario", values="rejection_rate")
    rows = rows.sort_index(ascending=[True, False])
    null = data.query("effect == 1").groupby("statistic")
    kept = [
        words.quoted(words(f"power.randomisation.{statistic}"))
        for statistic, own in null
        if (own["rejection_rate"] <= level + rejection.NORMAL_95 * own["mc_error"]).all()
    ]
    mean = rows.mean(axis=1).unstack()
    values = {
        "level": level,
        "draws": data["draws"].min(),
        **{f"size_{kind}": own["rejection_rate"] for kind, own in null},
        "more": (mean["studentised"] - mean["raw"]).loc[lambda gain: gain.index > 1],
        "kept": words(f"power.size.{'kept' if kept else 'none'}", tests=kept),
    }
    numbers = {
        rejection.identifier("size_randomisation", row.statistic, row.scenario): (
            row.rejection_rate,
            "share",
        )
        for row in data.query("effect == 1").itertuples()
    }
    return Content(rejection.labelled(data), values, table=rows.reset_index(), numbers=numbers)
