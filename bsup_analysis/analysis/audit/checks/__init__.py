"""The checks, by the name a row of `programme_statements` calls them.

A check takes the statement first; its other arguments are named after the tables it reads.
"""

from collections.abc import Callable

from bsup_analysis.analysis.audit.checks import dates, document, loans, malvik, population
from bsup_analysis.analysis.audit.statement import Finding

CHECKS: dict[str, Callable[..., Finding]] = {
    check.__name__: check
    for check in (
        dates.date_consistency,
        dates.date_order,
        document.agreement_count,
        document.chart_axis,
        document.internal_count,
        document.level_count,
        document.listed_count,
        document.name_list,
        document.none,
        document.share_complement,
        document.toc_page,
        loans.column_sum,
        loans.loan_share,
        loans.rank,
        loans.region_average,
        loans.region_loans,
        malvik.malvik_amount,
        malvik.malvik_average,
        malvik.malvik_count,
        malvik.malvik_direction,
        population.county_count,
        population.municipality_count,
        population.municipality_population,
        population.municipality_share,
        population.population_decline,
        population.population_growth,
        population.population_rank,
        population.population_share,
        population.region_population,
        population.size_rank,
    )
}

__all__ = ["CHECKS"]
