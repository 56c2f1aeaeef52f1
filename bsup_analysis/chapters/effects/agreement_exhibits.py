"""Priority municipalities with an agreement against those without, under each reading of who."""

from collections.abc import Sequence

import pandas as pd

from bsup_analysis.analysis.groups import AgreementReading
from bsup_analysis.chapters.effects.agreement_drawing import draw_contrast, draw_counties
from bsup_analysis.chapters.effects.agreement_rows import (
    FORMS,
    assignment_bins,
    chosen,
    county_rows,
    exact_test,
    finding,
    reading_intervals,
    reading_rows,
    settings,
)
from bsup_analysis.effects.paired import Paired
from bsup_analysis.exhibit.charts import range_text, ratio_text
from bsup_analysis.exhibit.exhibit import Exhibit, Number, traced
from bsup_analysis.exhibit.geography import COUNTIES
from bsup_analysis.language import UNKNOWN, Words


@traced
def agreement_table(agreement_readings: Sequence[AgreementReading], words: Words) -> Exhibit:
    """Table the contrast of loans under every reading: growth, ratio, interval, exact test."""
    return _table(agreement_readings, "loans", words)


@traced
def agreement_amount_table(
    agreement_readings_amount: Sequence[AgreementReading], words: Words
) -> Exhibit:
    """Table the same contrast of NOK: the answer must not depend on which outcome is shown."""
    return _table(agreement_readings_amount, "amount", words)


def _table(readings: Sequence[AgreementReading], outcome: str, words: Words) -> Exhibit:
    rows = reading_rows(readings)
    stated = settings(readings, words)
    shown = {
        "reading": [words(f"readings.{name}") for name in rows["reading"]],
        "municipalities_with": [words.count(count) for count in rows["municipalities_with"]],
        "municipalities_without": [words.count(count) for count in rows["municipalities_without"]],
        **{
            name: [words.decimal(growth) for growth in rows[name]]
            for name in ("growth_with", "growth_without", "ratio")
        },
        "interval": [range_text(row.low, row.high, words) for row in rows.itertuples()],
        "detectable": [words.decimal(ratio) for ratio in rows["detectable_above"]],
        "test": [exact_test(row, words)["test"] for _, row in rows.iterrows()],
    }
    # loans are the outcome the decision rests on; their ids carry no name of an outcome
    stem = "agreement" if outcome == "loans" else f"agreement_{outcome}"
    columns = (
        ("rate_ratio_{}", "ratio", "ratio"),
        ("rate_ratio_{}_ci_low", "low", "ratio"),
        ("rate_ratio_{}_ci_high", "high", "ratio"),
        ("minimum_detectable_ratio_{}", "detectable_above", "ratio"),
        ("ri_p_{}", "p_value", "share of assignments"),
        ("ri_assignments_{}", "assignments", "assignments"),
        ("ri_extreme_{}", "extreme", "assignments"),
    )
    return Exhibit(
        id=f"{stem}_readings",
        title=words(f"agreement.table.title_{outcome}"),
        caption=words(
            "agreement.table.caption",
            what=words(f"agreement.table.what_{outcome}"),
            finding=finding(readings, words),
            **stated,
        ),
        source=words("agreement.source"),
        alternative_text=words("agreement.table.alternative_text", count=words.count(len(rows))),
        data=rows,
        shown=pd.DataFrame(
            {words(f"agreement.head_{name}", **stated): cells for name, cells in shown.items()}
        ),
        numbers={
            f"{stem}_{name.format(row['reading'])}": Number(row[column], unit)
            for _, row in rows.iterrows()
            for name, column, unit in columns
        },
    )


@traced
def agreement_contrast_figure(
    agreement_readings: Sequence[AgreementReading], reading: str, words: Words
) -> Exhibit:
    """Show the ratio under every reading, and where one of them stands among all assignments."""
    found = chosen(agreement_readings, reading)
    intervals, bins = reading_intervals(agreement_readings), assignment_bins(found)
    row = reading_rows([found]).iloc[0]
    values = settings(agreement_readings, words) | exact_test(row, words)
    values |= {
        "reading": words(f"readings.{reading}"),
        "ratio": ratio_text(row["ratio"], row["low"], row["high"], words),
        "below": words.decimal(row["detectable_below"]),
        "above": words.decimal(row["detectable_above"]),
    }
    ratios = [
        f"{words(f'readings.{r.reading}')}: {ratio_text(r.ratio, r.low, r.high, words)}"
        for r in intervals[intervals["element"] == FORMS[0]].itertuples()
    ]
    data = pd.concat(
        [intervals, bins.assign(reading=reading, element="assignments")], ignore_index=True
    )
    return Exhibit(
        id=f"agreement_contrast_{reading}",
        title=words("agreement.contrast.title"),
        caption=words(
            "agreement.contrast.caption", finding=finding(agreement_readings, words), **values
        ),
        source=words("agreement.source"),
        alternative_text=words(
            "agreement.contrast.alternative_text", ratios="; ".join(ratios), **values
        ),
        data=data,
        draw=lambda: draw_contrast(
            data,
            list(intervals["reading"].unique()),
            row["ratio"],
            [words(f"agreement.contrast.mark_{name}", **values) for name in ("observed", "far")],
            words,
        ),
    )


@traced
def counties(
    agreement_readings: Sequence[AgreementReading],
    priority_loans: Paired,
    reading: str,
    words: Words,
) -> Exhibit:
    """Show county as the competing explanation: growth and ratio inside each, and pooled."""
    found = chosen(agreement_readings, reading)
    whole, within = found.contrast.jackknife, found.counties.within
    data = county_rows(found, priority_loans, level=whole.level)
    cells = data.set_index(["area", "element"])
    areas = [*(row.county for row in found.counties.rows), "all", "inside"]
    names = [COUNTIES[code] for code in areas[:-2]]
    names += [words(f"agreement.counties.{area}") for area in areas[-2:]]

    def cell(area: str, *elements: str, count: bool = False) -> str:
        for element in elements:
            if (area, element) in cells.index:
                row = cells.loc[(area, element)]
                text = ratio_text(row["ratio"], row["low"], row["high"], words)
                return f"{text}; {words.count(row['municipalities'])}" if count else text
        return UNKNOWN

    values = {
        "reading": words(f"readings.{reading}"),
        "level": words.percent(whole.level, 0),
        "power": words.percent(whole.power, 0),
        "crude": ratio_text(whole.ratio, whole.low, whole.high, words),
        "fewest": words.count(data["municipalities"].min()),
        "p": words.decimal(found.within_counties.test.p_value, 3),
        "assignments": words.count(found.within_counties.test.assignments),
        "extreme": words.count(found.within_counties.test.extreme),
    }
    single = [COUNTIES[row.county] for row in found.counties.rows if row.ratio is None]
    dropped = words("agreement.counties.dropped", counties=words.listed(single)) if single else ""
    side = "unknown"
    numbers = {
        f"agreement_ri_within_county_p_{reading}": Number(
            found.within_counties.test.p_value, "share of assignments"
        )
    }
    if within is not None:
        values["within"] = ratio_text(within.ratio, within.low, within.high, words)
        nearer = abs(within.log_ratio) < abs(whole.log_ratio)
        side = "nearer" if nearer else "not_nearer"
        numbers |= {
            f"agreement_within_county_ratio_{reading}{end}": Number(value, "ratio")
            for end, value in (
                ("", within.ratio),
                ("_ci_low", within.low),
                ("_ci_high", within.high),
            )
        }
    values["pooled"] = f"{words(f'agreement.counties.pooled_{side}', **values)} {dropped}".strip()
    listed = [
        f"{COUNTIES[code]}: {cell(code, 'with')} / {cell(code, 'without')}" for code in areas[:-2]
    ]
    return Exhibit(
        id=f"agreement_counties_{reading}",
        title=words("agreement.counties.title"),
        caption=words("agreement.counties.caption", **values),
        source=words("agreement.source"),
        alternative_text=words(
            "agreement.counties.alternative_text", counties="; ".join(listed), **values
        ),
        data=data,
        draw=lambda: draw_counties(data, areas, names, words),
        shown=pd.DataFrame(
            {
                words("agreement.counties.area"): names,
                words("agreement.counties.head_with"): [cell(a, "with", count=True) for a in areas],
                words("agreement.counties.head_without"): [
                    cell(a, "without", count=True) for a in areas
                ],
                words("agreement.counties.ratio"): [cell(a, "poisson", "jackknife") for a in areas],
            }
        ),
        numbers=numbers,
    )
