"""The agreement contrast as rows: one a reading, one an interval, one a bin, one a county."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats.contingency import odds_ratio

from bsup_analysis.analysis.groups import AgreementReading
from bsup_analysis.chapters.effects.exact_growth import detectable_growth, exact_growth_interval
from bsup_analysis.effects.inference import RatioInterval, ratio_interval
from bsup_analysis.effects.paired import Paired
from bsup_analysis.exhibit.charts import side_of_one
from bsup_analysis.language import Words

FORMS = ("jackknife", "clustered", "scaled")
INTERVAL = ("ratio", "low", "high", "detectable_below", "detectable_above")
BINS = 40


def chosen(readings: Sequence[AgreementReading], reading: str) -> AgreementReading:
    """Give the reading of that name; `KeyError` where there is none."""
    return {found.reading: found for found in readings}[reading]


def reading_rows(readings: Sequence[AgreementReading]) -> pd.DataFrame:
    """Lay out each reading: its municipalities, growths, ratio (jackknife) and exact test.

    Returns
    -------
    pandas.DataFrame
        One row a reading; growths and the columns of `INTERVAL` are ratios, `p_value` the share
        of assignments that are at least as `extreme`.
    """
    return pd.DataFrame(
        [
            {
                "reading": found.reading,
                "municipalities_with": len(found.contrast.treated.codes),
                "municipalities_without": len(found.contrast.untreated.codes),
                "growth_with": found.contrast.treated.growth,
                "growth_without": found.contrast.untreated.growth,
                **{key: getattr(found.contrast.jackknife, key) for key in INTERVAL},
                "assignments": found.randomisation.test.assignments,
                "extreme": found.randomisation.test.extreme,
                "p_value": found.randomisation.test.p_value,
            }
            for found in readings
        ]
    )


def reading_intervals(readings: Sequence[AgreementReading]) -> pd.DataFrame:
    """Lay out the three intervals of each reading.

    Returns
    -------
    pandas.DataFrame
        `reading`, `element` (the form of the interval) and the columns of `INTERVAL`, all ratios
        of growth.
    """
    return pd.DataFrame(
        [
            {"reading": found.reading, "element": form}
            | {key: getattr(getattr(found.contrast, form), key) for key in INTERVAL}
            for found in readings
            for form in FORMS
        ]
    )


def assignment_bins(found: AgreementReading) -> pd.DataFrame:
    """Count the ratios of all assignments in bins of equal width on the log scale.

    An assignment with none in a year lies infinitely far out and is counted in the last bin.

    Returns
    -------
    pandas.DataFrame
        `low` and `high` (ratios), `assignments` in the bin, and how many of them are `extreme`:
        at least as far from one as the observed ratio.
    """
    logs = found.randomisation.log_ratios
    reach = np.abs(logs[np.isfinite(logs)]).max() * (1 + 1e-9)
    # as many as the exact test counts, from the far end inwards: it sees ties that floats do not
    limit = np.sort(np.abs(logs))[-found.randomisation.test.extreme]
    edges = np.linspace(-reach, reach, BINS + 1)
    inside = np.clip(logs, -reach, reach)
    return pd.DataFrame(
        {
            "low": np.exp(edges[:-1]),
            "high": np.exp(edges[1:]),
            "assignments": np.histogram(inside, edges)[0],
            "extreme": np.histogram(inside[np.abs(logs) >= limit], edges)[0],
        }
    )


def county_rows(found: AgreementReading, loans: Paired, *, level: float) -> pd.DataFrame:
    """Lay out growth with and without agreement by county, and the ratio of the two.

    Intervals of growth are exact, those of a county's ratio Wald's on the log scale (Woolf 1955,
    Annals of Human Genetics 19, 251-253), both as if loans were Poisson counts; the ratio across
    and the pooled one inside counties have the jackknife's.

    Returns
    -------
    pandas.DataFrame
        `area` (county code; `all`; `inside`), `element` (`with`, `without`, or the form of a
        ratio's interval), `municipalities`, `loans_before`, `loans_after`, and the columns of
        `INTERVAL`; a growth is detectable against that of all municipalities, a ratio against
        one. No row where a county has no such municipality.
    """
    rows: list[dict[str, object]] = []
    contrast = found.contrast
    power = contrast.jackknife.power
    kinds = [(row.county, row.treated, row.untreated) for row in found.counties.rows]
    for area, *codes in (*kinds, ("all", contrast.treated.codes, contrast.untreated.codes)):
        sides = {
            name: loans.only(c) for name, c in zip(("with", "without"), codes, strict=True) if c
        }
        for name, side in sides.items():
            pre, post = int(side.pre_total), int(side.post_total)
            low, high = exact_growth_interval(pre, post, level=level)
            seen = detectable_growth(pre + post, loans.growth, level=level, power=power)
            rows.append(
                {"area": area, "element": name, "municipalities": len(side.codes)}
                | {"loans_before": pre, "loans_after": post}
                | dict(zip(INTERVAL, (side.growth, low, high, *seen), strict=True))
            )
        if area == "all":
            whole = contrast.jackknife
            rows.append({"area": area, "element": "jackknife", **_ends(whole)})
        elif len(sides) == 2:
            table = [[int(side.post_total), int(side.pre_total)] for side in sides.values()]
            woolf = odds_ratio(table, kind="sample")
            low, high = woolf.confidence_interval(level)
            se = math.sqrt(sum(1 / count for side in table for count in side))
            woolfs = ratio_interval(math.log(woolf.statistic), se, level=level, power=power)
            ends = (woolfs.detectable_below, woolfs.detectable_above)
            rows.append(
                {"area": area, "element": "poisson"}
                | dict(zip(INTERVAL, (woolf.statistic, low, high, *ends), strict=True))
            )
    if found.counties.within is not None:
        rows.append({"area": "inside", "element": "jackknife", **_ends(found.counties.within)})
    return pd.DataFrame(rows)


def _ends(interval: RatioInterval) -> dict[str, float]:
    return {key: getattr(interval, key) for key in INTERVAL}


def exact_test(row: pd.Series, words: Words) -> dict[str, str]:
    """Write the exact test of a row of `reading_rows`: p, what was counted, and all in one."""
    parts = {
        "p": words.decimal(row["p_value"], 3 if row["p_value"] >= 0.001 else 5),
        "extreme": words.count(row["extreme"]),
        "assignments": words.count(row["assignments"]),
    }
    return parts | {"test": words("agreement.exact_test", **parts)}


def finding(readings: Sequence[AgreementReading], words: Words) -> str:
    """Say on which side of one the jackknife intervals lie, and whether the other forms agree."""
    table = reading_intervals(readings)
    table["side"] = [side_of_one(*ends) for ends in zip(table["low"], table["high"], strict=True)]
    primary = table[table["element"] == FORMS[0]]
    sides = primary.groupby("side", sort=False)["reading"].agg(list)
    sentences = [
        words(
            f"agreement.{'every' if len(sides) == 1 else 'some'}_{side}",
            readings="; ".join(words(f"readings.{name}") for name in names),
        )
        for side, names in sides.items()
    ]
    agree = len(table.drop_duplicates(["reading", "side"])) == len(readings)
    return " ".join([*sentences, words(f"agreement.forms_{'agree' if agree else 'differ'}")])


def settings(readings: Sequence[AgreementReading], words: Words) -> dict[str, str]:
    """Write the level of the intervals and the power of what could be detected."""
    primary = readings[0].contrast.jackknife
    return {"level": words.percent(primary.level, 0), "power": words.percent(primary.power, 0)}
