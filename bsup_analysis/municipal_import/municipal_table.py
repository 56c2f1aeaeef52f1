"""The municipal table: its schema, its file, and beside it the record of where it comes from."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import digest_of, lock_of, only_one, repair, write_together
from bsup_analysis.tables.sources import record_differs, record_text
from bsup_analysis.tables.strict_csv import read_csv, read_schemas, to_csv

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
    columns = {
        f"columns.{name}": {"unit": one.metadata["unit"], "description": one.description}
        for name, one in SCHEMA.columns.items()
    }
    told = record_text(about, columns).encode()
    with only_one(lock_of(paths.root())):
        write_together({path.name: content, record.name: told}, (), path.parent)
    return path, record


def _files() -> tuple[Path, Path]:
    folder = paths.municipal()
    return folder / f"{NAME}.csv", folder / f"{NAME}.provenance.toml"


def read_municipal() -> pd.DataFrame:
    """Read the municipal table, checked against its schema and its record.

    Raises
    ------
    InputError
        There is no table, it is refused, or it is not the file its record describes.
    """
    path, _ = _files()
    repair(path.parent, paths.root())
    if not path.is_file():
        raise InputError(
            "there is no municipal table yet; make one with bsup fetch husbanken, bsup import FILE"
            " or bsup fetch startlaan, or give the notebook a SYNTHETIC panel of bsup demo with"
            " panel=FILE."
        )
    table = read_csv(path, SCHEMA)
    if difference := record_differs(path):
        raise InputError(f"{difference}; import the table again.")
    return table
