"""What the document leaves open: the share of 2008 and the years of the chart's bars."""

import pandas as pd

from bsup_analysis.analysis.groups import years
from bsup_analysis.design import Design
from bsup_analysis.effects.intervals import ChartOrder, Interval, chart_orders
from bsup_analysis.effects.paired import Paired


def printed_share_2008(programme_p13_shares: pd.DataFrame) -> Interval:
    """Give the printed share of start loan use in 2008, with what rounding to a percent leaves."""
    rows = programme_p13_shares.query("statistic == 'start_loan_use' and group == 'priority'")
    return Interval.rounded(float(rows["printed_percent"].item()), 1.0) / 100


def orders_of_the_chart(
    programme_p11_region_loans: pd.DataFrame,
    priority_loans: Paired,
    press_totals: pd.DataFrame,
    design: Design,
) -> tuple[ChartOrder, ...]:
    """Every assignment of the chart's bars to its years."""
    before, after = years(design)
    bars = programme_p11_region_loans.sort_values("year")["loans"].tolist()
    press = press_totals.query("area_kind == 'region' and quantity == 'loans'")
    return chart_orders(
        bars,
        list(design.window.chart_years.value),
        {before: int(priority_loans.pre_total), after: int(priority_loans.post_total)},
        {int(row.year): int(row.printed_value) for row in press.itertuples()},
    )
