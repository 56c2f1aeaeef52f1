"""The municipal table on disk: one file, and beside it the record of where it comes from."""

import datetime as dt
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pandera.errors

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256, write_aside
from bsup_analysis.municipal_import.validation import MunicipalStartLoans
from bsup_analysis.tables.strict_csv import read_csv, to_csv

NAME = "start_loans"
LICENCE = "the user's own data; kept out of git and of everything published"


def municipal_folder() -> Path:
    """Return the folder of the user's municipal table, which git ignores."""
    return paths.municipal()


def table_file() -> Path:
    """Return the path of the municipal table."""
    return municipal_folder() / f"{NAME}.csv"


def record_file() -> Path:
    """Return the path of its provenance record."""
    return municipal_folder() / f"{NAME}.provenance.toml"


def validated(table: pd.DataFrame) -> pd.DataFrame:
    """Check a municipal table against its schema and order it.

    Raises
    ------
    InputError
        The schema refuses a row, as it does rows that say they are synthetic.
    """
    columns = list(MunicipalStartLoans.to_schema().columns)
    ordered = table[columns].sort_values(["municipality_code", "year"], ignore_index=True)
    try:
        return MunicipalStartLoans.validate(ordered, lazy=True)
    except pandera.errors.SchemaErrors as invalid:
        case = invalid.failure_cases.iloc[0]
        raise InputError(
            f"the municipal table is refused: {case['column']}: {case['check']}; nothing is"
            " written."
        ) from None


def write_municipal(
    table: pd.DataFrame, *, producer: str, document: str, url: str, method: str, read_on: dt.date
) -> tuple[Path, Path]:
    """Write the municipal table and its record, each aside and then renamed.

    Parameters
    ----------
    table
        Columns of `MunicipalStartLoans`.
    producer, document, url, method
        What the record says of it.
    read_on
        The day it was imported or fetched.

    Returns
    -------
    table, record
        The two files.

    Raises
    ------
    InputError
        The table is refused by its schema.
    """
    checked = validated(table)
    write_aside(table_file(), to_csv(checked))
    record = {
        "title": "Start loans by municipality (borders of 2009) and year",
        "producer": producer,
        "document": document,
        "pages": [],
        "url": url,
        "read_on": read_on,
        "licence": LICENCE,
        "sha256": sha256(table_file()),
        "method": method,
    }
    write_aside(record_file(), _toml(record))
    return table_file(), record_file()


def _toml(record: Mapping[str, object]) -> str:
    """Write a record as TOML, its columns from the schema."""
    lines = [f"{key} = {_value(value)}" for key, value in record.items()]
    for name, column in MunicipalStartLoans.to_schema().columns.items():
        about = column.metadata or {}
        lines += ["", f"[columns.{name}]"]
        lines += [f"{key} = {_value(about[key])}" for key in ("unit", "description")]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        # control characters come from file names; TOML writes them otherwise than JSON
        return json.dumps(re.sub(r"[\x00-\x1f\x7f]", " ", value), ensure_ascii=False)
    return json.dumps(value)


def read_municipal() -> pd.DataFrame:
    """Read the municipal table, checked against its schema and its record.

    Raises
    ------
    InputError
        There is no table, it is refused, or it is not the file its record describes.
    """
    if not table_file().is_file():
        raise InputError(
            "there is no municipal table yet; make one with bsup import FILE or bsup fetch"
            " startlaan, or give the notebook a SYNTHETIC panel of bsup demo with panel=FILE."
        )
    table = read_csv(table_file(), MunicipalStartLoans)
    try:
        recorded = tomllib.loads(record_file().read_text(encoding="utf-8"))["sha256"]
    except (FileNotFoundError, KeyError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise InputError(
            "data/municipal/start_loans.provenance.toml is missing or not readable; import the"
            " table again."
        ) from None
    if recorded != sha256(table_file()):
        raise InputError(
            "data/municipal/start_loans.csv is not the file its record describes; import the"
            " table again."
        )
    return table
