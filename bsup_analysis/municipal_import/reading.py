"""Opening a file: its first bytes tell what it is, not its name.

Of a text table the encoding and the separator are found for the file, never cell by cell.
"""

import codecs
import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import (
    LONGEST_TEXT,
    MOST_BYTES,
    MOST_CELLS,
    Cell,
    RawTable,
    is_blank,
    plain,
)
from bsup_analysis.municipal_import.workbook import read_workbook

# in this order where several fit equally well: a comma may be a decimal sign
SEPARATORS = (";", "\t", ",", "|")
# rows read to find the separator
_SAMPLE = 1_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes, file: str) -> str:
    """Turn bytes into text: by byte order mark, else UTF-8, else Windows-1252, else Latin-1.

    Raises
    ------
    InputError
        The bytes are no text.
    """
    marked = [name for mark, name in _MARKS if content.startswith(mark)]
    for encoding in marked or ("utf-8", "cp1252", "latin-1"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise InputError(f"{file} is not a text file; save the table as CSV (UTF-8), Excel or Parquet.")


def _parsed(text: str, separator: str, most: int | None = None) -> list[list[str]]:
    """Split text into rows; `="0104"`, Excel's way to keep a leading zero, is the text 0104."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    try:
        for row in islice(reader, most):
            rows.append(
                [
                    cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell
                    for cell in row
                ]
            )
    except csv.Error as error:
        raise csv.Error(f"row {len(rows) + 1}: {error}") from None
    return rows


def _consistency(rows: Sequence[Sequence[str]]) -> float:
    """Share of the filled rows that have the commonest number of fields, if that is two or more."""
    widths = Counter(len(row) for row in rows if not is_blank(row))
    if not widths:
        return 0.0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return count / widths.total() if width > 1 else 0.0


def read_delimited(content: bytes, file: str) -> RawTable:
    """Read a text table.

    Parameters
    ----------
    content
        The file's bytes.
    file
        Its name, for sentences.

    Raises
    ------
    InputError
        The bytes are no text, or no separator gives a table.
    """
    text = decode(content, file)
    if not text.strip():
        raise InputError(f"{file} is empty; export the table again.")
    if text.lstrip()[:200].lower().startswith(("<!doctype", "<html", "<?xml", "<table")):
        raise InputError(f"{file} is a web page or XML, not a table; save it as Excel or CSV.")
    lines = text.splitlines(keepends=True)
    comments = tuple(line.strip() for line in lines if line.startswith("#"))
    body = "".join("\n" if line.startswith("#") else line for line in lines)
    best, rows = 0.0, []
    failure: Exception | None = None
    for separator in SEPARATORS:
        try:
            consistency = _consistency(_parsed(body, separator, _SAMPLE))
            if consistency > best:
                best, rows = consistency, _parsed(body, separator)
        except csv.Error as error:
            failure = failure or error
    if not rows:
        if failure:
            raise InputError(
                f"{file} is not readable as CSV, {failure}; look for a quotation mark that is"
                " opened and not closed."
            )
        raise InputError(
            f"{file} has no columns divided by semicolon, tabulator or comma;"
            " export the table again as CSV."
        )
    return RawTable(file, "", rows, comments)


SYNTHETIC_PREFIX = "SYNTHETIC_"


def read_raw(path: Path, sheet: str | None = None) -> RawTable:
    """Read a CSV, Excel or Parquet file as rows of cells.

    Parameters
    ----------
    path
        The file.
    sheet
        Sheet of a workbook; None where there is only one.

    Raises
    ------
    InputError
        The file is missing, empty, too large, damaged, locked, or of another format.
    """
    file = plain(path.name.encode("utf-8", "replace").decode())
    if path.name.upper().startswith(SYNTHETIC_PREFIX):
        raise InputError(
            f"{file} is synthetic by its name; data made by bsup demo are never imported."
        )
    if path.is_dir():
        raise InputError(f"{file} is a folder; give the file with the table.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{file} is larger than {MOST_BYTES // 10**6} million bytes; export only the"
                " municipalities and years of the study."
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{file} is not there; check the path.") from None
    except PermissionError:
        raise InputError(f"{file} may not be read; check its permissions.") from None
    if not content:
        raise InputError(f"{file} is empty; export the table again.")
    if content.startswith(b"PK\x03\x04"):
        table = read_workbook(content, file, sheet)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            f"{file} is an old Excel file or has a password; save it as .xlsx without a password."
        )
    elif sheet is not None:
        raise InputError(f"{file} has no sheets; leave out --sheet.")
    elif content.startswith(b"PAR1"):
        table = _read_parquet(content, file)
    else:
        table = read_delimited(content, file)
    filled = (row for row in table.rows if not is_blank(row))
    if len(list(islice(filled, 2))) < 2:
        raise InputError(f"{table.where()} has no rows below a header; export the table again.")
    return table


def _read_parquet(content: bytes, file: str) -> RawTable:
    """Read a Parquet file; its column names are row 1."""
    try:
        parquet = pq.ParquetFile(io.BytesIO(content))
        found = parquet.metadata
        unpacked = sum(found.row_group(i).total_byte_size for i in range(found.num_row_groups))
        if unpacked > MOST_BYTES or found.num_rows * found.num_columns > MOST_CELLS:
            raise InputError(
                f"{file} unpacks to too much to be read; export only the municipalities and years"
                " of the study."
            )
        texts = [f.name for f in parquet.schema_arrow if _is_text(f.type)]
        # a text repeated in every row is stored once; spelled out it may fill the memory
        parquet = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts)
        table = parquet.read()
        longest = max((_longest(table.column(name)) for name in texts), default=0)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{file} cannot be read as Parquet ({first}); write it again.") from None
    if longest > LONGEST_TEXT:
        raise InputError(f"{file} has a text of {longest} characters; it is no table of loans.")
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_nested(column.type):
            raise InputError(f"{file}: column {name!r} holds lists; give one value a row.")
        columns.append([_cell(value) for value in column.to_pylist()])
    return RawTable(file, "", [list(table.column_names), *map(list, zip(*columns, strict=True))])


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)


def _longest(column: pa.ChunkedArray) -> int:
    """Find the longest text of a column, in bytes, without spelling it out row by row."""
    parts = [
        chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk for chunk in column.chunks
    ]
    return max((pc.max(pc.binary_length(part)).as_py() or 0 for part in parts), default=0)


def _cell(value: object) -> Cell:
    if value is None:
        return ""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return value
