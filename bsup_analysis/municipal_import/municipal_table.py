"""The municipal table: its schema, its file, and beside it the record of where it comes from."""

import datetime as dt
import json
import re
import tomllib
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import digest_of, lock_of, only_one, repair, sha256, write_together
from bsup_analysis.tables.strict_csv import read_csv, to_csv
from bsup_analysis.tables.table_schemas import read_schemas

NAME = "start_loans"
DEFINITIONS = ("loans", "approved_dwellings")
LICENCE = "the user's own data; kept out of git and of everything published"


def _within_bounds(table: pd.DataFrame) -> pd.Series:
    """Tell where the count lies inside its bounds, or one of them is unknown."""
    low = (table["loans"] >= table["loans_low"]).fillna(True)
    return (low & (table["loans"] <= table["loans_high"]).fillna(True)).astype(bool)


def _not_synthetic(source: pd.Series) -> pd.Series:
    return ~source.str.lower().str.contains("synthetic", regex=False)


SCHEMA = read_schemas(Path(__file__).with_name("start_loans.toml"))[NAME]
SCHEMA.checks = [pa.Check(_within_bounds, error="loans lie between loans_low and loans_high")]
SCHEMA.columns["source"].checks = [
    pa.Check(_not_synthetic, error="synthetic data are no municipality's data")
]


def validated(table: pd.DataFrame) -> pd.DataFrame:
    """Check a municipal table against its schema and order it.

    Raises
    ------
    InputError
        The schema refuses a row, as it does rows that say they are synthetic.
    """
    ordered = table[list(SCHEMA.columns)].sort_values(
        ["municipality_code", "year"], ignore_index=True
    )
    try:
        return SCHEMA.validate(ordered, lazy=True)
    except SchemaErrors as invalid:
        case = invalid.failure_cases.iloc[0]
        raise InputError(
            f"the municipal table is refused: {case['column']}: {case['check']}; nothing is"
            " written."
        ) from None


def write_municipal(
    table: pd.DataFrame,
    *,
    producer: str,
    document: str,
    url: str,
    method: str,
    read_on: dt.date,
    licence: str = LICENCE,
) -> tuple[Path, Path]:
    """Write the municipal table and its record, both or neither.

    Parameters
    ----------
    table
        Columns of `start_loans.toml`.
    producer, document, url, method, licence
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
        The table is refused by its schema, or another command is at work in the checkout.
    """
    path, record = _files()
    content = to_csv(validated(table)).encode()
    about: dict[str, object] = {
        "title": "Start loans by municipality (borders of 2009) and year",
        "producer": producer,
        "document": document,
        "pages": [],
        **({"url": url} if url else {"no_address": "a file given by the user"}),
        "access": "answered by the address" if url else "held by the user",
        "read_on": read_on,
        "licence": licence,
        "sha256": digest_of(content),
        "method": method,
    }
    lines = [f"{key} = {_toml(value)}" for key, value in about.items()]
    for name, column in SCHEMA.columns.items():
        unit = column.metadata["unit"]
        lines += ["", f"[columns.{name}]", f"unit = {_toml(unit)}"]
        lines.append(f"description = {_toml(column.description)}")
    told = "\n".join([*lines, ""]).encode()
    with only_one(lock_of(paths.root())):
        write_together({path.name: content, record.name: told}, (), path.parent)
    return path, record


def _files() -> tuple[Path, Path]:
    folder = paths.municipal()
    return folder / f"{NAME}.csv", folder / f"{NAME}.provenance.toml"


def _toml(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        # control characters come from file names; TOML writes them otherwise than JSON
        value = re.sub(r"[\x00-\x1f\x7f]", " ", value)
    return json.dumps(value, ensure_ascii=False)


def read_municipal() -> pd.DataFrame:
    """Read the municipal table, checked against its schema and its record.

    Raises
    ------
    InputError
        There is no table, it is refused, or it is not the file its record describes.
    """
    path, record = _files()
    repair(path.parent, paths.root())
    if not path.is_file():
        raise InputError(
            "there is no municipal table yet; make one with bsup fetch husbanken, bsup import FILE"
            " or bsup fetch startlaan, or give the notebook a SYNTHETIC panel of bsup demo with"
            " panel=FILE."
        )
    table = read_csv(path, SCHEMA)
    try:
        recorded = tomllib.loads(record.read_text(encoding="utf-8"))["sha256"]
    except (FileNotFoundError, KeyError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise InputError(
            "data/municipal/start_loans.provenance.toml is missing or not readable; import the"
            " table again."
        ) from None
    if recorded != sha256(path):
        raise InputError(
            "data/municipal/start_loans.csv is not the file its record describes; import the"
            " table again."
        )
    return table
