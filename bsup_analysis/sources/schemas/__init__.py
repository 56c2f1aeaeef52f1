"""What each raw and decision table must be: columns in order, types and allowed values.

Meaning and unit of the columns stand in the provenance record beside each raw table; here is
what a machine can check.
"""

from bsup_analysis.sources.schemas import decisions, outside, programme
from bsup_analysis.tables import Strict

SCHEMAS: dict[str, type[Strict]] = {
    "co_treatment": decisions.CoTreatment,
    "exclusions": decisions.Exclusions,
    "external_facts": outside.ExternalFacts,
    "municipality_changes": outside.MunicipalityChanges,
    "municipality_codes_later": outside.MunicipalityChangesLater,
    "municipality_points_2009": outside.Points,
    "press_totals": outside.PressTotals,
    "programme_chart_axes": programme.ProgrammeChartAxes,
    "programme_level_counts": programme.ProgrammeLevelCounts,
    "programme_levels": programme.ProgrammeLevels,
    "programme_p06_malvik": programme.ProgrammeMalvik,
    "programme_p11_region_loans": programme.ProgrammeRegionLoans,
    "programme_p13_shares": programme.ProgrammeShares,
    "programme_p14_start_loans": programme.ProgrammeStartLoans,
    "programme_statements": programme.ProgrammeStatements,
    "readings": decisions.Readings,
    "results_framework": decisions.ResultsFramework,
    "ssb_centrality_2008": outside.Centrality,
    "ssb_population": outside.Population,
    "treatment": decisions.Treatment,
}
