"""What rounding and an empty chart leave open: NOK in parts of the region, and by the axis."""

from collections.abc import Callable, Mapping

import pandas as pd

from bsup_analysis.effects.intervals import AmountContrast, AxisBounds
from bsup_analysis.exhibit.exhibit import Exhibit, traced
from bsup_analysis.language import Words


@traced
def parts_of_the_region(
    amounts_county_17: AmountContrast,
    amounts_other_counties: AmountContrast,
    amounts_rounding: AmountContrast,
    words: Words,
) -> Exhibit:
    """Show the contrast of NOK in Nord-Trøndelag and in the rest of the region."""
    areas = {
        "county_17": amounts_county_17,
        "other_counties": amounts_other_counties,
        "region": amounts_rounding,
    }
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

    def between(low: float, high: float, write: Callable[[float], str]) -> str:
        return words("robustness.between", low=write(low), high=write(high))

    shown = pd.DataFrame(
        {
            words("robustness.area"): [words(f"robustness.{area}") for area in data["area"]],
            words("robustness.growth_priority"): [
                words.change(g - 1) for g in data["growth_priority"]
            ],
            words("robustness.growth_other"): [
                between(row.growth_other_low - 1, row.growth_other_high - 1, words.change)
                for row in data.itertuples()
            ],
            words("robustness.ratio_rounding"): [
                between(row.ratio_low, row.ratio_high, words.decimal) for row in data.itertuples()
            ],
        }
    )
    part = data.set_index("area")
    inside, outside = part.loc["county_17"], part.loc["other_counties"]
    apart = (
        inside["ratio_low"] > outside["ratio_high"] or inside["ratio_high"] < outside["ratio_low"]
    )
    values = {"finding": words("robustness.parts_apart" if apart else "robustness.parts_alike")} | {
        f"{area}_{end}": words.decimal(part.loc[area, f"ratio_{end}"])
        for area in areas
        for end in ("low", "high")
    }
    return Exhibit(
        id="parts_of_the_region",
        title=words("robustness.parts_title"),
        caption=words("robustness.parts_caption", **values),
        source=words("robustness.parts_source"),
        alternative_text=words("robustness.parts_caption", **values),
        data=data,
        shown=shown,
    )


@traced
def axis_bounds(
    chart_axis_bounds: Mapping[int, AxisBounds], group_year: pd.DataFrame, words: Words
) -> Exhibit:
    """Show what the chart's axis alone says of amounts, the press totals set aside."""
    known = group_year.dropna(subset=["amount_nok"]).set_index(["group", "year"])
    data = pd.DataFrame(
        [
            {
                "year": year,
                "priority_share_low": bounds.priority_share[0],
                "priority_share_high": bounds.priority_share[1],
                "priority_share_press": float(
                    known.loc[("priority", year), "amount_nok"]
                    / (
                        known.loc[("priority", year), "amount_nok"]
                        + known.loc[("other", year), "amount_nok"]
                    )
                ),
                "other_average_loan_nok_high": bounds.other_average[1],
                "region_average_loan_nok_low": bounds.region_average[0],
                "region_average_loan_nok_high": bounds.region_average[1],
            }
            for year, bounds in chart_axis_bounds.items()
        ]
    )
    shown = pd.DataFrame(
        {
            words("robustness.year"): data["year"].astype(str),
            words("robustness.region_average"): [
                words(
                    "robustness.between",
                    low=words.count(row.region_average_loan_nok_low),
                    high=words.count(row.region_average_loan_nok_high),
                )
                for row in data.itertuples()
            ],
            words("robustness.other_average"): data["other_average_loan_nok_high"].map(words.count),
            words("robustness.share_at_least"): data["priority_share_low"].map(words.percent),
            words("robustness.share_press"): data["priority_share_press"].map(words.percent),
        }
    )
    return Exhibit(
        id="axis_bounds",
        title=words("robustness.axis_title"),
        caption=words("robustness.axis_caption"),
        source=words("robustness.axis_source"),
        alternative_text=words("robustness.axis_caption"),
        data=data,
        shown=shown,
    )
