"""Tables as files: what a strict table is, read so that each refusal names its row, and written.

pandas reads almost anything (short rows are padded, other encodings raise without a row), and
pandera checks values but knows no file; this module joins the two so that the sentence a reader
gets says where to look.
"""

import csv
import io
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import read_regular

_BOOLEANS = {"true": True, "false": False}


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
