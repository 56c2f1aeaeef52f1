"""The panel: raw tables mapped to 2009 borders.

Only the names of its tables stand here, so that whoever needs no more loads no pandas.
"""

INPUTS = (
    "municipality_changes",
    "municipality_points_2009",
    "press_totals",
    "programme_p06_malvik",
    "programme_p11_region_loans",
    "programme_p14_start_loans",
    "ssb_centrality_2008",
    "ssb_population",
    "treatment",
)
OUTPUTS = ("municipality", "municipality_year", "group_year", "region_year")
