"""CSV and its kin: the encoding and the separator are found, never guessed cell by cell."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from bsup_analysis.errors import InputError
from bsup_analysis.intake.raw import RawTable, is_blank

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
