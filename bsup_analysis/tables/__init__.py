"""The study's tables: strict reading, schemas, provenance, and the panel on borders of 2009.

Only the names of the panel's tables stand here, so that whoever needs no more loads no pandas.
"""

from collections.abc import Mapping

# what each table is built from, in the order they are built; `borders` is no file
ORIGINS: Mapping[str, tuple[str, ...]] = {
    "municipality": ("municipality_points_2009", "treatment", "ssb_centrality_2008"),
    "borders": ("municipality", "municipality_changes"),
    "municipality_year": (
        *("municipality", "ssb_population", "borders"),
        *("programme_p14_start_loans", "programme_p06_malvik", "press_totals"),
    ),
    "region_year": ("ssb_population", "municipality", "programme_p11_region_loans", "press_totals"),
    "group_year": ("municipality", "municipality_year", "region_year", "ssb_population", "borders"),
    "municipality_indicators": (
        *("municipality", "labour_market", "immigrants_by_reason", "borders"),
    ),
}
INPUTS = tuple(sorted({name for names in ORIGINS.values() for name in names} - set(ORIGINS)))
OUTPUTS = tuple(name for name in ORIGINS if name != "borders")
