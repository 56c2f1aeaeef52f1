"""Every table of the study by name: raw, decision, processed, SYNTHETIC, and the user's own."""

from pathlib import Path

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.intake import read_municipal
from bsup_analysis.intake.demo_file import read_demo
from bsup_analysis.panel.schemas import SCHEMAS as PROCESSED
from bsup_analysis.results.municipal_data import Demonstration
from bsup_analysis.simulation.schemas import SCHEMAS as SIMULATED
from bsup_analysis.simulation.schemas import read_stored
from bsup_analysis.sources import SCHEMAS as SOURCES
from bsup_analysis.sources import read_source
from bsup_analysis.tables import read_csv

MUNICIPAL = "start_loans"
TABLES = frozenset({*PROCESSED, *SOURCES, *SIMULATED, MUNICIPAL})


def read_table(name: str) -> pd.DataFrame:
    """Read a raw, decision, processed or SYNTHETIC table, or the user's own, by name.

    Raises
    ------
    InputError
        No such table, or its content is refused.
    """
    if name == MUNICIPAL:
        return read_municipal()
    if name in PROCESSED:
        return read_csv(paths.processed() / f"{name}.csv", PROCESSED[name])
    if name in SIMULATED:
        return read_stored(name)
    return read_source(name)


def read_demonstration(panel: str, output: str = "") -> Demonstration:
    """Read a SYNTHETIC panel, and say in a line how it was drawn.

    Raises
    ------
    InputError
        The file is none of `bsup demo`, or was changed since, or the folder for what is made
        from it is one of results or data.
    """
    for kept in (paths.reports(), paths.root() / "data"):
        if output and Path(output).resolve().is_relative_to(kept):
            raise InputError(
                f"what a SYNTHETIC panel gives is never written to {kept.name}/; choose another"
                " folder."
            )
    table, drawn = read_demo(Path(panel))
    effect = "as published" if drawn.effect is None else f"{drawn.effect:g}"
    return Demonstration(
        table,
        f"SYNTHETIC: {Path(panel).name}, bsup demo, seed {drawn.seed}, effect {effect}, dispersion"
        f" {drawn.dispersion:g}, noise {drawn.noise:g}",
    )
