"""Inside the priority group: how unlike its growths are, and what moved its average loan."""

import math

import pandas as pd

from bsup_analysis.chapters.effects.exact_growth import municipality_growth
from bsup_analysis.chapters.effects.inside_drawing import THOUSAND, draw_growth, draw_parts
from bsup_analysis.design import Design
from bsup_analysis.effects.intervals import AverageChange
from bsup_analysis.effects.paired import Dispersion, Heterogeneity, Paired
from bsup_analysis.exhibit.charts import range_text, ratio_text, side_of_one
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.language import Words


@traced
def growth_spread(
    priority_loans: Paired,
    municipality: pd.DataFrame,
    loans_heterogeneity: Heterogeneity,
    loans_dispersion: Dispersion,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show the growth of loans of every priority municipality, and their spread beyond chance."""
    spread, common = loans_heterogeneity, priority_loans.growth
    before, after = design.window.last_year_before.value, design.window.first_treated_year.value
    names = municipality.set_index("municipality_code")["municipality_name"]
    power = design.inference.power.value
    rows = municipality_growth(priority_loans, names, level=spread.level, power=power)
    holding = (rows["growth_low"] <= common) & (common <= rows["growth_high"])
    values = {
        "before": before,
        "after": after,
        "loans_before": words.count(priority_loans.pre_total),
        "loans_after": words.count(priority_loans.post_total),
        "growth": words.decimal(common),
        "level": words.percent(spread.level, 0),
        "power": words.percent(power, 0),
        "count": words.count(len(rows)),
        "holding": words.count(int(holding.sum())),
        "phi": words.decimal(loans_dispersion.phi),
        "tau": ratio_text(spread.tau, spread.tau_low, spread.tau_high, words),
        "mean": ratio_text(math.exp(spread.mean), spread.growth_low, spread.growth_high, words),
        "prediction": range_text(spread.prediction_low, spread.prediction_high, words),
    }
    for name, row in (("largest", rows.iloc[0]), ("smallest", rows.iloc[-1])):
        values[name] = row["municipality_name"]
        values[f"{name}_growth"] = ratio_text(
            row["growth"], row["growth_low"], row["growth_high"], words
        )
    beyond = "shown" if spread.tau_low > 0 else "not_shown"
    side = side_of_one(spread.prediction_low, spread.prediction_high)
    log_growth = "standard deviation of log growth"
    return Exhibit(
        id="growth_spread",
        title=words("inside.growth.title", **values),
        caption=words(
            "inside.growth.caption",
            **values,
            spread=words(f"inside.growth.spread_{beyond}", **values),
            next_one=words(f"inside.growth.next_{side}", **values),
        ),
        source=words("inside.growth.source"),
        alternative_text=words("inside.growth.alternative_text", **values),
        data=rows,
        draw=lambda: draw_growth(
            rows,
            common,
            spread,
            [words(f"inside.growth.{key}", **values) for key in ("axis", "loans")],
            words,
        ),
        numbers={
            f"growth_loans_priority_{before}_{after}": Number(common, "ratio"),
            "dispersion_phi_17": Number(loans_dispersion.phi, "variance / mean"),
            "tau_log_growth_17": Number(spread.tau, log_growth),
            "tau_log_growth_17_ci_low": Number(spread.tau_low, log_growth),
            "tau_log_growth_17_ci_high": Number(spread.tau_high, log_growth),
            "mean_growth_17": Number(math.exp(spread.mean), "ratio, random-effects mean"),
            "prediction_interval_17_low": Number(spread.prediction_low, "ratio"),
            "prediction_interval_17_high": Number(spread.prediction_high, "ratio"),
        },
    )


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


@traced
def average_change(
    priority_average_change: AverageChange,
    municipality: pd.DataFrame,
    design: Design,
    words: Words,
) -> Exhibit:
    """Show what each municipality adds to the change of the priority group's average loan."""
    change = priority_average_change
    before, after = design.window.last_year_before.value, design.window.first_treated_year.value
    parts = change_parts(change, municipality.set_index("municipality_code")["municipality_name"])
    named, share = movers(parts)
    sizes = {
        "total": change.total,
        "within": change.within_total,
        "composition": change.composition_total,
    }
    opposed = sizes["within"] * sizes["composition"] < 0
    larger = "mix" if abs(sizes["composition"]) > abs(sizes["within"]) else "own"
    values = {name: words.decimal(nok / THOUSAND, 1) for name, nok in sizes.items()} | {
        "before": before,
        "after": after,
        "count": words.count(len(parts) - 1),
        "movers": words.listed(named),
        "share": words.percent(share, 0),
    }
    return Exhibit(
        id="average_change",
        title=words("inside.average.title", **values),
        caption=words(
            "inside.average.caption",
            **values,
            weight=words(f"inside.average.{'opposed' if opposed else larger}", **values),
        ),
        source=words("inside.average.source"),
        alternative_text=words("inside.average.alternative_text", **values),
        data=parts,
        draw=lambda: draw_parts(
            parts, [words(f"inside.average.{key}") for key in ("axis", "both_short")], words
        ),
        numbers={
            f"average_change_priority_{name}": Number(nok, "NOK a loan")
            for name, nok in sizes.items()
        },
    )
