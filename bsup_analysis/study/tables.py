"""Every table of the study by name: raw, decision, processed, SYNTHETIC, and the user's own."""

from pathlib import Path

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.analysis.municipal_level import Demonstration
from bsup_analysis.municipal_import import demo
from bsup_analysis.municipal_import.demo import DemoParameters
from bsup_analysis.municipal_import.municipal_table import read_municipal
from bsup_analysis.simulation.schemas import SCHEMAS as SIMULATED
from bsup_analysis.simulation.schemas import read_stored
from bsup_analysis.study.recording import result
from bsup_analysis.tables.sources import read_source
from bsup_analysis.tables.strict_csv import PROCESSED, read_csv

MUNICIPAL = "start_loans"
# the panel a municipal notebook draws by itself where it is given neither a table nor a file
DRAWN = "synthetic"
DRAWN_PARAMETERS = DemoParameters(seed=1, effect=1.3, dispersion=2.0, noise=0.2)


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


class table(result[pd.DataFrame]):  # noqa: N801 - stands where a decorated method does
    """A table of the study, read when it is first asked for; its name is the attribute's."""

    def __init__(self, about: str) -> None:
        super().__init__(lambda _: read_table(self.name))
        self.__doc__ = about


def read_demonstration(panel: str, output: str = "") -> Demonstration:
    """Read a SYNTHETIC panel, or draw the standard one, and say in a line how it was drawn.

    Parameters
    ----------
    panel
        A file of `bsup demo`, or `synthetic` for the standard panel with a known effect.
    output
        Folder for what is made from it.

    Raises
    ------
    InputError
        The file is none of `bsup demo`, or was changed since, or the folder for what is made
        from it is one of results or data.
    """
    if output:
        demo.refuse_kept(Path(output), "what a SYNTHETIC panel gives is")
    if panel == DRAWN:
        known = demo.calibration(
            *map(read_table, ("group_year", "municipality_year", "region_year"))
        )
        rows, drawn, name = demo.demo_panel(known, DRAWN_PARAMETERS), DRAWN_PARAMETERS, "drawn here"
    else:
        rows, drawn = demo.read_demo(Path(panel))
        name = Path(panel).name
    effect = "as published" if drawn.effect is None else f"{drawn.effect:g}"
    return Demonstration(
        rows,
        f"SYNTHETIC: {name}, bsup demo, seed {drawn.seed}, effect {effect}, dispersion"
        f" {drawn.dispersion:g}, noise {drawn.noise:g}",
    )
