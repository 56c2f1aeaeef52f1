"""Reads the stored SYNTHETIC tables, each held against the record of how it was made."""

import tomllib

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.simulation.schemas import SCHEMAS
from bsup_analysis.tables import read_csv


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
    path = paths.simulation() / f"{name}.csv"
    record = path.with_suffix(".provenance.toml")
    again = "restore it from git, or make it anew with: bsup simulate --store"
    try:
        recorded = tomllib.loads(record.read_text(encoding="utf-8"))["sha256"]
    except FileNotFoundError:
        return f"data/simulation/{record.name} is missing; {again}"
    except (KeyError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return f"data/simulation/{record.name} cannot be read; {again}"
    if not path.is_file():
        return f"data/simulation/{path.name} is missing; {again}"
    if sha256(path) != recorded:
        return f"data/simulation/{path.name} is not the file its record describes; {again}"
    return None
