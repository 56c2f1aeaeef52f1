"""The checks, by the name a row of `programme_statements` calls them."""

from collections.abc import Callable

from bsup_analysis.analysis.audit.checks import dates, document, loans, malvik, population
from bsup_analysis.analysis.audit.statement import Finding


class Check:
    """A check and the tables that it reads.

    Parameters
    ----------
    compute
        Takes the statement and then the tables.
    tables
        Their names, in that order.
    """

    def __init__(self, compute: Callable[..., Finding], *tables: str) -> None:
        self.compute, self.tables = compute, tables


CHECKS = {
    "date_consistency": Check(dates.date_consistency, "programme_statements"),
    "date_order": Check(dates.date_order),
    "agreement_count": Check(document.agreement_count, "programme_levels", "treatment"),
    "chart_axis": Check(document.chart_axis, "programme_chart_axes", "region_year"),
    "internal_count": Check(document.internal_count, "programme_levels"),
    "level_count": Check(document.level_count, "programme_level_counts", "programme_levels"),
    "listed_count": Check(document.listed_count),
    "name_list": Check(document.name_list, "programme_levels", "programme_p14_start_loans"),
    "none": Check(document.none),
    "share_complement": Check(document.share_complement, "programme_p13_shares"),
    "toc_page": Check(document.toc_page),
    "column_sum": Check(loans.column_sum, "programme_p14_start_loans"),
    "loan_share": Check(loans.loan_share, "group_year"),
    "rank": Check(loans.rank, "municipality_year", "press_totals"),
    "region_average": Check(loans.region_average, "region_year"),
    "region_loans": Check(loans.region_loans, "press_totals"),
    "malvik_amount": Check(
        malvik.malvik_amount, "programme_p06_malvik", "programme_p14_start_loans"
    ),
    "malvik_average": Check(
        malvik.malvik_average, "programme_p06_malvik", "programme_p14_start_loans"
    ),
    "malvik_count": Check(malvik.malvik_count, "programme_p06_malvik", "programme_p14_start_loans"),
    "malvik_direction": Check(
        malvik.malvik_direction, "programme_p06_malvik", "programme_p14_start_loans"
    ),
    "county_count": Check(population.county_count, "municipality"),
    "municipality_count": Check(population.municipality_count, "ssb_population"),
    "municipality_population": Check(population.municipality_population, "municipality_year"),
    "municipality_share": Check(population.municipality_share, "group_year"),
    "population_decline": Check(population.population_decline, "municipality_year"),
    "population_growth": Check(population.population_growth, "municipality_year"),
    "population_rank": Check(population.population_rank, "municipality_year"),
    "population_share": Check(population.population_share, "group_year"),
    "region_population": Check(population.region_population, "region_year"),
    "size_rank": Check(population.size_rank, "municipality_year"),
}

__all__ = ["CHECKS", "Check"]
