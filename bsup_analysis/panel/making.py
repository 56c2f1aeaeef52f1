"""Raw tables mapped to 2009 borders and written, byte for byte the same each time."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.panel import INPUTS, OUTPUTS, build
from bsup_analysis.panel.borders import Borders
from bsup_analysis.tables import to_csv

REFERENCE_YEAR = 2009


def build_panel(read: Callable[[str], pd.DataFrame]) -> Mapping[str, pd.DataFrame]:
    """Build the processed tables.

    Parameters
    ----------
    read
        Gives a raw or decision table by name (the names in `INPUTS`).

    Returns
    -------
    mapping of str to pandas.DataFrame
        The tables named in `OUTPUTS`, each valid by its schema.
    """
    raw = {name: read(name) for name in INPUTS}
    population, press = raw["ssb_population"], raw["press_totals"]
    municipality = build.municipality_table(
        raw["municipality_points_2009"], raw["treatment"], raw["ssb_centrality_2008"]
    )
    borders = Borders(
        REFERENCE_YEAR,
        frozenset(municipality["municipality_code"]),
        raw["municipality_changes"],
    )
    municipality_year = build.municipality_year_table(
        municipality,
        population,
        borders,
        raw["programme_p14_start_loans"],
        raw["programme_p06_malvik"],
        press,
    )
    region_year = build.region_year_table(
        population, municipality, raw["programme_p11_region_loans"], press
    )
    group_year = build.group_year_table(
        municipality, municipality_year, region_year, population, borders
    )
    return {
        "municipality": municipality,
        "municipality_year": municipality_year,
        "group_year": group_year,
        "region_year": region_year,
    }


def write_processed(read: Callable[[str], pd.DataFrame]) -> list[Path]:
    """Build the processed tables and write them under `data/processed/`.

    All tables are built before the first is written, so that a refused input changes nothing.

    Raises
    ------
    InputError
        A raw table is refused.
    """
    tables = {name: to_csv(table) for name, table in build_panel(read).items()}
    if set(tables) != set(OUTPUTS):
        raise InputError("the panel and its schemas name different tables; complete SCHEMAS.")
    written = []
    for name, text in tables.items():
        path = paths.processed() / f"{name}.csv"
        write_aside(path, text)
        written.append(path)
    return written
