"""How sure: every choice that can tip the answer, and what rounding and the chart's axis leave."""

from collections.abc import Mapping, Sequence

import pandas as pd

from bsup_analysis.chapters.effects.contrast import interval_rows
from bsup_analysis.effects.group_poisson import GroupContrast
from bsup_analysis.effects.inference import LeftOut, SpecificationRow
from bsup_analysis.effects.intervals import AmountContrast, AxisBounds
from bsup_analysis.exhibit.charts import forest, side_of_one
from bsup_analysis.exhibit.exhibit import Content, exhibit
from bsup_analysis.language import Words

MEASURES = ("ratio", "low", "high", "minimum_detectable_above", "minimum_detectable_below")


def _rows_to_draw(data: pd.DataFrame, **more: object) -> pd.DataFrame:
    return data.rename(columns=lambda name: name.removeprefix("minimum_")).assign(**more)


@exhibit("specifications", "robustness.specifications")
def specifications(specification_table: Sequence[SpecificationRow], words: Words) -> Content:
    """Show each specification of the design as a named row with its interval."""
    data = pd.DataFrame(
        [
            {
                "specification": row.name,
                "ratio": row.ratio.value,
                "ratio_rounding_low": row.ratio.low,
                "ratio_rounding_high": row.ratio.high,
                "low": row.low,
                "high": row.high,
                "minimum_detectable_above": row.detectable_above,
                "minimum_detectable_below": row.detectable_below,
            }
            for row in specification_table
        ]
    )
    labels = [words(f"specifications.{name}") for name in data["specification"]]
    drawn = _rows_to_draw(data, label=labels, is_main=data["specification"] == "loans")
    sides = [side_of_one(row.low, row.high) for row in specification_table]
    apart = {
        side: [words.quoted(label) for label, at in zip(labels, sides, strict=True) if at == side]
        for side in ("below", "above")
    }
    sentences = [
        words(f"robustness.specifications.exclude_{side}", which=names)
        for side, names in apart.items()
        if names
    ]
    holding = sides.count("holds_one")
    return Content(
        data,
        {
            "rows": len(data),
            "holding": holding,
            "smallest": data["ratio"].min(),
            "largest": data["ratio"].max(),
            "excluding": " ".join(sentences) or words("robustness.specifications.exclude_none"),
        },
        draw=lambda: forest(drawn, words("contrast.ratio_and_interval"), words),
        numbers={
            "specifications_total": (len(data), "specifications"),
            "specifications_interval_holds_one": (holding, "specifications"),
        },
    )


@exhibit("left_out", "robustness.left_out")
def left_out(
    loans_left_out: Sequence[LeftOut],
    loans_contrast: GroupContrast,
    municipality: pd.DataFrame,
    words: Words,
) -> Content:
    """Show the contrast of loans without each priority municipality in turn."""
    names = municipality.set_index("municipality_code")["municipality_name"]
    codes = [row.code for row in loans_left_out]
    data = interval_rows(
        [row.interval for row in loans_left_out],
        municipality_code=codes,
        municipality_name=[names[code] for code in codes],
        dispersion=[row.phi for row in loans_left_out],
    )[["municipality_code", "municipality_name", *MEASURES[:3], "dispersion", *MEASURES[3:]]]
    data = data.sort_values(["ratio", "municipality_code"], ignore_index=True)
    drawn = _rows_to_draw(data, label=data["municipality_name"], is_main=False)
    whole = loans_contrast.ratio, words("robustness.left_out.whole")
    first, last = data.iloc[0], data.iloc[-1]
    found = "all_hold" if ((data["low"] < 1) & (data["high"] > 1)).all() else "some_exclude"
    return Content(
        data,
        {
            "all": loans_contrast.ratio,
            "smallest": first["ratio"],
            "smallest_name": first["municipality_name"],
            "largest": last["ratio"],
            "largest_name": last["municipality_name"],
            "finding": words(f"robustness.left_out.{found}"),
        },
        source=words("contrast.source"),
        draw=lambda: forest(drawn, words("robustness.left_out.axis"), words, whole=whole),
        numbers={
            f"rate_ratio_leave_out_{row.municipality_code}": (row.ratio, "ratio")
            for row in data.itertuples()
        },
    )


@exhibit("chosen_specification", "robustness.chosen")
def chosen_specification(
    specification_table: Sequence[SpecificationRow], specification: str, words: Words
) -> Content:
    """Tabulate the ratio of the chosen specification, its interval and what it would detect."""
    row = next(one for one in specification_table if one.name == specification)
    values = (row.ratio.value, row.low, row.high, row.detectable_above, row.detectable_below)
    data = pd.DataFrame({"specification": specification, "measure": MEASURES, "value": values})
    name = words(f"specifications.{specification}")
    caption = words(f"robustness.chosen.{side_of_one(row.low, row.high)}", name=name)
    numbers = {
        f"chosen_specification_{one}": (value, "ratio")
        for one, value in zip(MEASURES, values, strict=True)
    }
    return Content(data, {"name": name}, caption=caption, table=data, numbers=numbers)


@exhibit("parts_of_the_region", "robustness.parts")
def parts_of_the_region(
    amounts_county_17: AmountContrast,
    amounts_other_counties: AmountContrast,
    amounts_rounding: AmountContrast,
    words: Words,
) -> Content:
    """Show the contrast of NOK in Nord-Trøndelag and in the rest of the region."""
    inside, outside = amounts_county_17.ratio, amounts_other_counties.ratio
    areas = {
        "county_17": amounts_county_17,
        "other_counties": amounts_other_counties,
        "region": amounts_rounding,
    }
    apart = inside.low > outside.high or inside.high < outside.low
    data = pd.DataFrame(
        [
            {
                "area": area,
                "growth_priority": part.priority_growth,
                "growth_other": part.other_growth.value,
                "growth_other_low": part.other_growth.low,
                "growth_other_high": part.other_growth.high,
                "ratio": part.ratio.value,
                "ratio_low": part.ratio.low,
                "ratio_high": part.ratio.high,
            }
            for area, part in areas.items()
        ]
    )
    values = {
        "county_17_low": inside.low,
        "county_17_high": inside.high,
        "other_counties_low": outside.low,
        "other_counties_high": outside.high,
        "finding": words(f"robustness.parts.{'apart' if apart else 'alike'}"),
    }
    table = [
        {
            "area": area,
            "priority": part.priority_growth - 1,
            "other": (part.other_growth.low - 1, part.other_growth.high - 1),
            "ratio": (part.ratio.low, part.ratio.high),
        }
        for area, part in areas.items()
    ]
    numbers = {
        f"rate_ratio_amount_{area}_{end}": (getattr(part.ratio, end), "ratio")
        for area, part in areas.items()
        if area != "region"
        for end in ("low", "high")
    }
    return Content(data, values, table=table, numbers=numbers)


@exhibit("axis_bounds", "robustness.axis")
def axis_bounds(
    chart_axis_bounds: Mapping[int, AxisBounds], group_year: pd.DataFrame, words: Words
) -> Content:
    """Show what the chart's axis alone says of amounts, the press totals set aside."""
    amounts = group_year.pivot(index="year", columns="group", values="amount_nok")
    press = amounts["priority"] / (amounts["priority"] + amounts["other"])
    data = pd.DataFrame(
        [
            {
                "year": year,
                "priority_share_low": bounds.priority_share[0],
                "priority_share_high": bounds.priority_share[1],
                "priority_share_press": press[year],
                "other_average_loan_nok_high": bounds.other_average[1],
                "region_average_loan_nok_low": bounds.region_average[0],
                "region_average_loan_nok_high": bounds.region_average[1],
            }
            for year, bounds in chart_axis_bounds.items()
        ]
    )
    region = [bounds.region_average for bounds in chart_axis_bounds.values()]
    table = data.assign(region=region)
    return Content(data, table=table)
