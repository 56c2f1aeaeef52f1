"""The stored SYNTHETIC tables: what each must be, and reading them back.

`tables.toml` says what they must be and what their columns mean; each has a record of how it was
made beside it.
"""

from pathlib import Path

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.tables.sources import record_differs
from bsup_analysis.tables.strict_csv import read_csv, read_schemas

PREFIX = "SYNTHETIC_"
_TABLES = read_schemas(Path(__file__).with_name("tables.toml"))
SCHEMAS = {f"{PREFIX}{name}": schema for name, schema in _TABLES.items()}


def read_stored(name: str) -> pd.DataFrame:
    """Read a stored table by its name, such as `SYNTHETIC_rejection`.

    Raises
    ------
    InputError
        The table is unreadable, refused by its schema, or not the file its record describes.
    """
    table = read_csv(paths.simulation() / f"{name}.csv", SCHEMAS[name])
    difference = differs(name)
    if difference:
        raise InputError(difference + ".")
    return table


def differs(name: str) -> str | None:
    """Say how a stored table differs from its record, or None where the hash agrees."""
    difference = record_differs(paths.simulation() / f"{name}.csv")
    again = "restore it from git, or make it anew with: bsup simulate --store"
    return difference and f"{difference}; {again}"
