"""Raw tables mapped to 2009 borders and written, byte for byte the same each time."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.design import Design
from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.panel import INPUTS, ORIGINS, OUTPUTS, build
from bsup_analysis.panel.borders import Borders
from bsup_analysis.tables import to_csv

REFERENCE_YEAR = 2009


def build_panel(read: Callable[[str], pd.DataFrame], design: Design) -> Mapping[str, pd.DataFrame]:
    """Build the processed tables under the readings that the design uses.

    Parameters
    ----------
    read
        Gives a raw or decision table by name (the names in `INPUTS`).
    design
        The study's design.

    Returns
    -------
    mapping of str to pandas.DataFrame
        The tables named in `OUTPUTS`, each valid by its schema.
    """
    made: dict[str, Any] = {name: read(name) for name in INPUTS}
    (malvik_2009,) = design.readings.malvik_2009_loans.used
    (order,) = design.readings.chart_order.used
    # each is called with the tables that `ORIGINS` names for it, so the way back cannot be wrong
    makers: Mapping[str, Callable[..., Any]] = {
        "municipality": build.municipality_table,
        "borders": _borders,
        "municipality_year": partial(build.municipality_year_table, malvik_2009=malvik_2009),
        "region_year": partial(build.region_year_table, order=order),
        "group_year": build.group_year_table,
    }
    for name, origins in ORIGINS.items():
        made[name] = makers[name](*(made[origin] for origin in origins))
    return {name: made[name] for name in OUTPUTS}


def _borders(municipality: pd.DataFrame, changes: pd.DataFrame) -> Borders:
    return Borders(REFERENCE_YEAR, frozenset(municipality["municipality_code"]), changes)


def write_processed(read: Callable[[str], pd.DataFrame], design: Design) -> list[Path]:
    """Build the processed tables and write them under `data/processed/`.

    All tables are built before the first is written, so that a refused input changes nothing.

    Raises
    ------
    InputError
        A raw table is refused.
    """
    tables = {name: to_csv(table) for name, table in build_panel(read, design).items()}
    if set(tables) != set(OUTPUTS):
        raise InputError("the panel and its schemas name different tables; complete SCHEMAS.")
    written = []
    for name, text in tables.items():
        path = paths.processed() / f"{name}.csv"
        write_aside(path, text)
        written.append(path)
    return written
