"""SYNTHETIC panels of bsup demo opened as a study, changed one thing at a time."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd

from bsup_analysis.analysis.municipal_level import MunicipalData
from bsup_analysis.municipal_import.demo import DemoParameters, calibration, demo_panel, write_demo
from bsup_analysis.study import DemonstrationStudy, read_table

DRAWS = 99


@cache
def _calibration() -> object:
    return calibration(*map(read_table, ("group_year", "municipality_year", "region_year")))


def panel_file(folder: Path, *, effect: float | None = 1.3, dispersion: float = 2.0) -> Path:
    """Write a panel with a planted effect."""
    parameters = DemoParameters(1, effect, dispersion, 0.2)
    return write_demo(demo_panel(_calibration(), parameters), parameters, folder)


def opened(
    path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
    *,
    language: str = "en",
    **about: object,
) -> DemonstrationStudy:
    """Open the municipal level on a panel, with few draws and bounds, and something changed."""
    study = DemonstrationStudy(language, reading="signed_2010", panel=str(path))
    chosen = study.design.municipal
    fewer = {
        "draws": DRAWS,
        "robustness_draws": DRAWS,
        "relative_grid": (0.0, 1.0),
        "smooth_grid": (0.0, 0.05),
    }
    few = {name: replace(getattr(chosen, name), value=value) for name, value in fewer.items()}
    study.design = replace(study.design, municipal=replace(chosen, **few))
    data: MunicipalData = study.municipal_data
    study._values["municipal_data"] = replace(data, table=change(data.table.copy()), **about)
    return study
