"""What else bears on the ratio: 2008, yardsticks from outside, spillover, other explanations."""

import math
from collections.abc import Mapping
from dataclasses import astuple

import pandas as pd

from bsup_analysis.analysis.outcome_contrast import MALVIK, OutcomeContrast
from bsup_analysis.design import Design
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.intervals import AmountContrast, Interval, share_odds
from bsup_analysis.exhibit.charts import side_of_one
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

WITH_2008 = (MALVIK, "1714")  # and Stjørdal: their loans of 2008 are printed (p. 6; press)
MERAKER = "1711"
PARTS = (0.0, 0.25, 0.5, 1.0)
ENDS = ("", "_low", "_high")
STEPS = ("very_weak", "weak", "moderate", "strong")
KINDS = {"explanation": "other_explanations", "finding": "earlier_findings"}


def bounded_variation(
    share: Interval, contrasts: Mapping[str, OutcomeContrast], design: Design
) -> pd.DataFrame:
    """Bound the ratio if the groups would have drawn apart no more than from 2008 to 2009.

    The relative growth from 2008 follows from the printed share under each reading, average loans
    taken to stand as in 2009. Without the programme the log of the relative growth to the later
    year is taken to lie no further from zero than it did in that year (Manski and Pepper 2018,
    Review of Economics and Statistics 100, 232-244).

    Returns
    -------
    pandas.DataFrame
        `outcome`, `reading`; relative growth `earlier`; `ratio` with `bound_low` and `bound_high`
        at the worst of rounding, and `chance_low` and `chance_high`, the same from the ends of
        the interval; `continued`, the ratio if the relative growth had gone on; `multiple` of the
        earlier growth at which the bounds reach one.
    """
    before = {name: contrast.before for name, contrast in contrasts.items()}
    odds = {name: cells["priority"] / cells["other"] for name, cells in before.items()}
    # the share is of the loans, or of the NOK
    earlier_by = {"share_2008_of_loans": odds["loans"], "share_2008_of_amount": odds["amount"]}
    rows = []
    for outcome, contrast in contrasts.items():
        interval = contrast.widest
        for reading in design.readings.share_2008.used:
            earlier = earlier_by[reading] / share_odds(share)
            wide = max(abs(math.log(end)) for end in (earlier.low, earlier.high))
            step = math.exp(wide)
            row = {"outcome": outcome, "reading": reading, "ratio": interval.ratio}
            row |= dict(zip((f"earlier{end}" for end in ENDS), astuple(earlier), strict=True))
            row |= {"bound_low": interval.ratio / step, "bound_high": interval.ratio * step}
            row |= {"chance_low": interval.low / step, "chance_high": interval.high * step}
            row |= {"continued": interval.ratio / earlier.value}
            reach = abs(math.log(interval.ratio)) / wide if wide else None
            rows.append(row | {"multiple": reach})
    return pd.DataFrame(rows)


@exhibit("bounded_2008", "evidence.bounded")
def bounded(
    printed_share_2008: Interval,
    contrasts: Mapping[str, OutcomeContrast],
    programme_p06_malvik: pd.DataFrame,
    press_totals: pd.DataFrame,
    municipality_year: pd.DataFrame,
    region_year: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Show bounds on the ratio from how far the groups drew apart in the year before."""
    data = bounded_variation(printed_share_2008, contrasts, design)
    after = design.years[0]
    known = programme_p06_malvik.query("quantity == 'loans' and year < @after")["printed_value"]
    press = press_totals.query("area_code in @WITH_2008 and quantity == 'loans' and year < @after")
    region = region_year.set_index("year")["loans"]
    own = municipality_year.query("municipality_code in @WITH_2008 and year == @after")["loans"]
    pair = {"before": known.sum() + press["printed_value"].sum(), "after": own.sum()}
    loans = {f"known_2008_{when}": int(value) for when, value in pair.items()}
    loans["rest_2008_before"] = int(region[after - 1] - pair["before"])
    loans["rest_2008_after"] = int(region[after] - pair["after"])
    said = [
        words(
            f"evidence.bounded.{side_of_one(row.bound_low, row.bound_high)}",
            reading=row.reading,
            bounds=(row.bound_low, row.bound_high),
        )
        for row in data[data["outcome"] == "loans"].itertuples()
    ]
    triple = ("earlier", "earlier_low", "earlier_high")
    cells = data.assign(
        earlier=list(zip(*(data[name] for name in triple), strict=True)),
        bounds=list(zip(data["bound_low"], data["bound_high"], strict=True)),
        chance=list(zip(data["chance_low"], data["chance_high"], strict=True)),
    )
    growth = {
        g: loans[f"{g}_2008_after"] / loans[f"{g}_2008_before"] - 1 for g in ("known", "rest")
    }
    values = {"said": " ".join(said), **loans, **growth}
    numbers = {
        **{
            f"bounded_{row['outcome']}_{row['reading']}_{end}": (row[f"bound_{end}"], "ratio")
            for row in data.to_dict("records")
            for end in ("low", "high")
        },
        **{name: (value, "loans") for name, value in loans.items()},
    }
    return Content(data, values, table=cells, numbers=numbers)


@exhibit("yardsticks", "evidence.outside")
def outside(
    loans_contrast: GroupContrast,
    amounts_county_17: AmountContrast,
    external_facts: pd.DataFrame,
    press_totals: pd.DataFrame,
    municipality_year: pd.DataFrame,
    words: Words,
) -> Content:
    """Show what is known from outside the document to hold the groups' growth against."""
    facts, totals = external_facts.set_index("external_id"), loans_contrast.totals
    value = facts["value"].astype(float)
    rate = press_totals.query("area_code == @MERAKER").iloc[0]
    people = municipality_year.query("municipality_code == @MERAKER").set_index("year")
    nok = float(rate["printed_value"] * people["population"][rate["year"]])
    country = 1 + value["E11"] / 100
    found = {
        "growth_country_2010": country,
        "change_country_2010": country - 1,
        "growth_priority_to_country": totals.priority_post / totals.priority_pre / country,
        "growth_other_to_country": totals.other_post / totals.other_pre / country,
        "unreported_at_year_end_2006": 1 - value["E08"] / value["E09"],
        "reporting_lag_to_one": 1 - loans_contrast.ratio,
        "meraker_amount_nok_2010": nok,
        "meraker_share_of_others_county": nok / amounts_county_17.other_post.value,
    }
    shown = {
        "country": (words.change(country - 1), facts["source_reference"]["E11"]),
        "unreported": (
            words.percent(found["unreported_at_year_end_2006"]),
            facts["source_reference"]["E08"],
        ),
        "meraker": (words.million(nok), rate["source_url"]),
    }
    units = {"meraker_amount_nok_2010": "NOK", "change_country_2010": "relative change"}
    data = pd.DataFrame(found.items(), columns=["measure", "value"])
    values = {**found, "country": found["change_country_2010"]}
    table = [
        {"key": key, "value": cell, "address": source.split("//")[-1].split("/")[0]}
        for key, (cell, source) in shown.items()
    ]
    numbers = {name: (one, units.get(name, "ratio")) for name, one in found.items()}
    return Content(data, values, table=table, numbers=numbers)


@exhibit("spillover", "evidence.spillover")
def spillover(contrasts: Mapping[str, OutcomeContrast], words: Words) -> Content:
    """Show what the ratio means if part of the others' growth is the programme's doing.

    The effect is the priority group's growth over the growth the others had without that part.
    """
    rows, even = [], {}
    for outcome, contrast in contrasts.items():
        interval, grown = contrast.widest, contrast.growth["other"].value - 1
        over = contrast.growth["other"].value - contrast.growth["priority"].value
        even[outcome] = over / grown if 0 <= over <= grown else math.nan
        for part in PARTS:
            factor = (1 + grown) / (1 + (1 - part) * grown)
            limits = (interval.ratio, interval.low, interval.high)
            rows.append((outcome, part, *(factor * limit for limit in limits)))
    data = pd.DataFrame(rows, columns=["outcome", "part", "effect", "low", "high"])
    effects = {(row.outcome, row.part): row[3:] for row in data.itertuples()}
    known = "none" if math.isnan(even["loans"] + even["amount"]) else "both"
    whole = {outcome: effects[outcome, 1.0][0] for outcome in contrasts}
    values = {
        "even": words(f"evidence.spillover.even_{known}", **even),
        "own": contrasts["loans"].ratio.value,
        **whole,
    }
    table = [{"part": part, **{o: effects[o, part] for o in contrasts}} for part in PARTS]
    numbers = {
        **{f"spillover_part_to_one_{outcome}": (part, "share") for outcome, part in even.items()},
        **{f"spillover_whole_{outcome}": (ratio, "ratio") for outcome, ratio in whole.items()},
    }
    return Content(data, values, table=table, numbers=numbers)


def rated(
    contrast: OutcomeContrast,
    group_year: pd.DataFrame,
    municipality_year: pd.DataFrame,
    design: Design,
) -> pd.DataFrame:
    """Rate the evidence by four criteria, each on the scale of `STEPS`.

    Returns
    -------
    pandas.DataFrame
        `criterion`; what was `found` (years, shares of municipalities, the smallest ratio that
        would usually be detected); its limits `weak`, `moderate` and `strong`, the last empty
        where no number reaches it; the `step` reached, from 0.
    """
    chosen, limits = design.window.last_year_before.value, design.inference
    loans = group_year.pivot(index="year", columns="group", values="loans").dropna()
    size = municipality_year.query("year == @chosen").groupby("group")["population"]
    alike = size.get_group("priority") <= size.max()["other"]
    own = municipality_year.query("year in @design.years").groupby("municipality_code")["loans"]
    known, shares = own.count() == len(design.years), limits.strength_share.value
    found = {
        "years_before": (float((loans.index < chosen).sum()), limits.strength_years.value),
        "alike": (float(alike.mean()), shares),
        "known": (float(known.mean()), shares),
        "precise": (contrast.widest.detectable_above, limits.strength_ratio.value[::-1]),
    }
    rows = [
        (
            name,
            value,
            *at,
            *[math.nan] * (len(STEPS) - 1 - len(at)),
            sum(value <= limit if name == "precise" else value >= limit for limit in at),
        )
        for name, (value, at) in found.items()
    ]
    return pd.DataFrame(rows, columns=["criterion", "found", *STEPS[1:], "step"])


@exhibit("evidence_strength", "evidence.strength")
def strength(
    outcome_contrast: OutcomeContrast,
    group_year: pd.DataFrame,
    municipality_year: pd.DataFrame,
    design: Design,
    words: Words,
) -> Content:
    """Show how strong the evidence is: criteria rated apart, of which the weakest decides."""
    data = rated(outcome_contrast, group_year, municipality_year, design)
    found, lowest = data.set_index("criterion")["found"], int(data["step"].min())
    rows = []
    for row in data.to_dict("records"):
        name = row["criterion"]
        at = {
            step: words("evidence.strength.by_lot")
            if math.isnan(row[step])
            else words(f"evidence.strength.limit.{name}", value=row[step])
            for step in STEPS[1:]
        }
        shown = words(f"evidence.strength.value.{name}", value=row["found"])
        rows.append({"criterion": name, "found": shown, "step": STEPS[row["step"]], **at})
    values = {"word": STEPS[lowest], "power": design.power}
    numbers = {
        "evidence_strength": (lowest, "0 very weak, 1 weak, 2 moderate, 3 strong"),
        "priority_with_others_of_their_size": (found["alike"], "share of municipalities"),
        "municipalities_known_share": (found["known"], "share of municipalities"),
    }
    return Content(data, values, table=rows, numbers=numbers)


@exhibit("", "evidence.{kind}")
def told(other_explanations: pd.DataFrame, kind: str, words: Words) -> Content:
    """Show what else can explain the ratio (`explanation`), or what others found (`finding`)."""
    data = other_explanations[other_explanations["kind"] == kind]
    own = {name: words.own(data, name) for name in ("what", "evidence", "reason")}
    ways = {w: int((data["direction"] == w).sum()) for w in ("up", "down", "either")}
    numbers = {f"explanations_{w}": (n, "explanations") for w, n in ways.items() if n}
    return Content(data, ways, table=data.assign(**own), numbers=numbers, id=KINDS[kind])
