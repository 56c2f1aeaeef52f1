"""Tables as files: what each must be, read so that each refusal names its row, and written.

Columns in order, types and allowed values stand as data in `raw.toml` (raw and decision tables) and
`processed.toml`, from which the codebook `data/README.md` is generated too.

pandas reads almost anything (short rows are padded, other encodings raise without a row), and
pandera checks values but knows no file; this module joins the two so that the sentence a reader
gets says where to look.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import read_regular, read_toml

_BOOLEANS = {"true": True, "false": False}


def _column(told: Mapping[str, Any]) -> pa.Column:
    """Make a column: its type, unit and description, `nullable`, `unique`, and pandera's checks."""
    rest = dict(told)
    kept = {name: rest.pop(name) for name in ("description", "nullable", "unique") if name in rest}
    kind, unit = rest.pop("type"), rest.pop("unit", "")
    checks = [getattr(pa.Check, check)(value) for check, value in rest.items()]
    return pa.Column(kind, checks, metadata={"unit": unit}, **kept)


def _needs(columns: list[str], rows: list[list[Any]]) -> pa.Check:
    """Make a check that rows are there, by the columns that tell rows apart."""
    return pa.Check(
        lambda table: {*map(tuple, rows)} <= {*table[columns].itertuples(index=False, name=None)},
        error="must have " + "; ".join(" ".join(map(str, row)) for row in rows),
    )


def read_schemas(path: Path) -> dict[str, pa.DataFrameSchema]:
    """Read schemas by table; each table has exactly its columns, in order, as their types."""
    content = read_toml(path)
    return {
        name: pa.DataFrameSchema(
            {column: _column(told) for column, told in table["columns"].items()},
            name=name,
            description=table["about"],
            checks=[_needs(table["unique"], rows) for rows in [table.get("needs")] if rows],
            unique=table.get("unique", list(table["columns"])),
            strict=True,
            ordered=True,
            coerce=True,
        )
        for name, table in content.items()
    }


SOURCES, PROCESSED = (
    read_schemas(Path(__file__).with_name(file)) for file in ("raw.toml", "processed.toml")
)


def shown(path: Path) -> str:
    """Return how a file is named to the reader: from the project's root, or its name."""
    inside = path.resolve().is_relative_to(paths.root())
    return str(path.resolve().relative_to(paths.root())) if inside else path.name


def text_of(path: Path) -> str:
    """Return a file's text, refused where it is not UTF-8, empty or cut off."""
    where = shown(path)
    if not path.exists():
        raise InputError(f"{where} is missing; restore it from git.")
    content = read_regular(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{where}, row {row}: not UTF-8 (Latin-1, perhaps); save the file as UTF-8."
        ) from None
    if not text.strip():
        raise InputError(f"{where} is empty; restore it from git.")
    if not text.endswith("\n"):
        row = text.count("\n") + 1
        raise InputError(
            f"{where}, row {row}: the file ends inside a row, so it may be cut off;"
            " restore it, or end the last row with a line break."
        )
    return text


def _split(text: str, where: str, expected: list[str]) -> pd.DataFrame:
    rows = list(csv.reader(io.StringIO(text), strict=True))
    header, body = rows[0], rows[1:]
    if header != expected:
        wrong = next(
            (
                f"{found!r} where {name!r} belongs"
                for name, found in zip(expected, header, strict=False)
                if name != found
            ),
            f"{len(header)} columns where {len(expected)} belong",
        )
        raise InputError(f"{where}, row 1: {wrong}; the columns are: {', '.join(expected)}.")
    for number, row in enumerate(body, start=2):
        if len(row) != len(expected):
            raise InputError(
                f"{where}, row {number}: {len(row)} fields where {len(expected)} belong;"
                " look for a missing or a stray comma."
            )
    table = pd.DataFrame(body, columns=expected, dtype="str")
    return table.mask(table == "")


def first_failure(invalid: SchemaErrors, where: str) -> str:
    """Say which row a schema refuses first, and why."""
    cases = invalid.failure_cases
    located = cases[cases["index"].notna()]
    if located.empty:
        case = cases.iloc[0]
        column = "" if case["schema_context"] == "DataFrameSchema" else f"column {case['column']}: "
        return f"{where}: {column}{case['check']}."
    case = located.sort_values("index", kind="stable").iloc[0]
    if case["check"] == "multiple_fields_uniqueness":
        return f"{where}, row {int(case['index']) + 2}: this row stands there twice."
    value = "an empty field" if pd.isna(case["failure_case"]) else repr(str(case["failure_case"]))
    column = case["column"] if isinstance(case["column"], str) else "row"
    return f"{where}, row {int(case['index']) + 2}: {column}: {value} is refused ({case['check']})."


def read_csv(path: Path, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Read a CSV file that must be exactly what `schema` says.

    Parameters
    ----------
    path
        UTF-8, comma separated, a header row with the schema's columns in its order; an empty
        field is an unknown value.
    schema
        What the table must be.

    Returns
    -------
    pandas.DataFrame
        The table, validated and with the schema's types.

    Raises
    ------
    InputError
        The file is missing, cut off, in another encoding, has other columns, or a value the
        schema refuses; the sentence names file, row (the header is row 1) and reason.
    """
    where = shown(path)
    expected = list(schema.columns)
    text = text_of(path)
    try:
        table = _split(text, where, expected)
    except csv.Error as error:
        raise InputError(f"{where} is not readable as CSV: {error}.") from None
    for name, column in schema.columns.items():
        if str(column.dtype) == "boolean":
            # pandas reads only its own spellings; another value is left for the schema to refuse
            table[name] = table[name].map(lambda v: _BOOLEANS.get(v, v)).astype(object)
    try:
        return schema.validate(table, lazy=True)
    except SchemaErrors as invalid:
        raise InputError(first_failure(invalid, where)) from None


def to_csv(table: pd.DataFrame) -> str:
    """Write a table as CSV text: comma, LF, no index, ten significant digits, true and false."""
    text = io.StringIO()
    booleans = table.select_dtypes(["bool", "boolean"]).columns
    plain = table.assign(**{c: table[c].map({True: "true", False: "false"}) for c in booleans})
    plain.to_csv(text, index=False, lineterminator="\n", float_format="%.10g")
    return text.getvalue()
