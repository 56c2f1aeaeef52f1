"""A file as rows of cells: its first bytes tell what it is, not its name.

Of a text table the encoding and the separator are found for the file, never cell by cell.
Workbooks are unpacked under a limit; merged cells and formulas are seen.  python-calamine reads
their cells (it is one of pandas's engines; openpyxl takes ten times as long on 200 000 rows).  It
trusts the archive's sizes, sets memory aside for every cell up to the furthest one, and reads a
formula without a stored value as empty, so those three are looked at first, in the XML itself.
"""

import codecs
import csv
import datetime as dt
import io
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import ParseError

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import python_calamine
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import Cell, plain

SYNTHETIC_PREFIX = "SYNTHETIC_"
# all municipalities of the country in thirty years with forty columns are half a million cells
MOST_BYTES = 300_000_000
MOST_CELLS = 5_000_000
LONGEST_TEXT = 10_000
# in this order where several fit equally well: a comma may be a decimal sign
SEPARATORS = (";", "\t", ",", "|")
# rows read to find the separator
_SAMPLE = 1_000
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_REFERENCE = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]+[0-9]+)["'][^>]*>\s*<(?:\w+:)?f\b[^>]*?"""
    rb"""(?:/>|>[^<]*</(?:\w+:)?f>)\s*(<(?:\w+:)?v>[^<]+<)?"""
)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class RawTable:
    """The rows of a file, or of one sheet of it.

    Parameters
    ----------
    file
        The file's name, without its folder.
    sheet
        The sheet, empty where the format has none.
    rows
        Row 1 of the file is the first; empty rows are kept, so that numbers stay right.
    comments
        Lines that are no part of the table (beginning with `#`).
    """

    file: str
    sheet: str
    rows: Sequence[Sequence[Cell]]
    comments: tuple[str, ...] = ()

    def where(self, row: int | None = None) -> str:
        """Name the place for a sentence: file, sheet and row."""
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        return f"{self.file}{sheet}" + ("" if row is None else f", row {row}")


def is_blank(row: Sequence[Cell]) -> bool:
    """Tell whether a row holds nothing."""
    return not any(cell.strip() if isinstance(cell, str) else True for cell in row)


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
    if content.startswith(b"PK\x03\x04"):
        table = read_workbook(content, file, sheet)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            f"{file} is an old Excel file or has a password; save it as .xlsx without a password."
        )
    elif sheet is not None:
        raise InputError(f"{file} has no sheets; leave out --sheet.")
    elif content.startswith(b"PAR1"):
        table = read_parquet(content, file)
    else:
        table = read_delimited(content, file)
    if len(list(islice((row for row in table.rows if not is_blank(row)), 2))) < 2:
        raise InputError(f"{table.where()} has no rows below a header; export the table again.")
    return table


def read_delimited(content: bytes, file: str) -> RawTable:
    """Read a text table.

    Parameters
    ----------
    content
        The file's bytes: by byte order mark, else UTF-8, else Windows-1252, else Latin-1.
    file
        Its name, for sentences.

    Raises
    ------
    InputError
        The bytes are no text, or no separator gives a table.
    """
    text = _decode(content, file)
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
    if not rows and failure:
        raise InputError(
            f"{file} is not readable as CSV, {failure}; look for a quotation mark that is"
            " opened and not closed."
        )
    if not rows:
        raise InputError(
            f"{file} has no columns divided by semicolon, tabulator or comma;"
            " export the table again as CSV."
        )
    return RawTable(file, "", rows, comments)


def _decode(content: bytes, file: str) -> str:
    marked = [name for mark, name in _MARKS.items() if content.startswith(mark)]
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
        rows.extend(
            [c[2:-1] if c.startswith('="') and c.endswith('"') else c for c in row]
            for row in islice(reader, most)
        )
    except csv.Error as error:
        raise csv.Error(f"row {len(rows) + 1}: {error}") from None
    return rows


def _consistency(rows: Sequence[Sequence[str]]) -> float:
    """Share of the filled rows that have the commonest number of fields, if that is two or more."""
    widths = Counter(len(row) for row in rows if not is_blank(row))
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return count / widths.total() if width > 1 else 0.0


def read_parquet(content: bytes, file: str) -> RawTable:
    """Read a Parquet file; its column names are row 1.

    Raises
    ------
    InputError
        The file is damaged, unpacks to too much, or holds lists or long texts.
    """
    try:
        parquet = pq.ParquetFile(io.BytesIO(content))
        found = parquet.metadata
        unpacked = sum(found.row_group(i).total_byte_size for i in range(found.num_row_groups))
        if unpacked > MOST_BYTES or found.num_rows * found.num_columns > MOST_CELLS:
            raise InputError(
                f"{file} unpacks to too much to be read; export only the municipalities and years"
                " of the study."
            )
        for column in parquet.schema_arrow:
            if pa.types.is_nested(column.type):
                raise InputError(
                    f"{file}: column {column.name!r} holds lists; give one value a row."
                )
        # a text repeated in every row is stored once; spelled out it may fill the memory
        names = parquet.schema_arrow.names
        table = pq.ParquetFile(io.BytesIO(content), read_dictionary=names).read()
        texts = [
            chunk.dictionary.cast(pa.string())
            for column in table.columns
            if pa.types.is_dictionary(column.type)
            for chunk in column.chunks
        ]
        longest = max((pc.max(pc.binary_length(text)).as_py() or 0 for text in texts), default=0)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{file} cannot be read as Parquet ({first}); write it again.") from None
    if longest > LONGEST_TEXT:
        raise InputError(f"{file} has a text of {longest} characters; it is no table of loans.")
    columns = [map(_cell, column.to_pylist()) for column in table.columns]
    return RawTable(file, "", [list(table.column_names), *map(list, zip(*columns, strict=True))])


def _cell(value: object) -> Cell:
    """Give a value of a workbook or of Parquet as a cell."""
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return value


def read_workbook(content: bytes, file: str, sheet: str | None) -> RawTable:
    """Read one sheet of an Excel workbook (xlsx, xlsm).

    Parameters
    ----------
    content
        The file's bytes.
    file
        Its name, for sentences.
    sheet
        The sheet's name; None where there is only one.

    Raises
    ------
    InputError
        The file is damaged, unpacks to too much, has several sheets and none is named, or holds
        formulas whose values are not stored.
    """
    parts = _unpacked(content, file)
    if "xl/workbook.xml" not in parts:
        raise InputError(f"{file} is an archive, not an Excel workbook; give the table itself.")
    try:
        sheets = _sheets(parts)
        name = _sheet_name(list(sheets), sheet, file)
        where = f"{file}, sheet {name}"
        _check_extent(sheets[name], where)
        for place, stored in _FORMULA.findall(sheets[name]):
            if not stored or b'fullCalcOnLoad="1"' in parts["xl/workbook.xml"]:
                raise InputError(
                    f"{where}, cell {place.decode()}: a formula whose value is not stored;"
                    " open the file in Excel, save it again, and import that."
                )
        book = python_calamine.CalamineWorkbook.from_filelike(_packed(parts))
        cells = book.get_sheet_by_name(name)
        rows = [[_cell(v) for v in row] for row in cells.to_python(skip_empty_area=False)]
        _spread(rows, cells.merged_cell_ranges or (), where)
        return RawTable(file, name, rows)
    except (KeyError, ParseError, DefusedXmlException):
        raise InputError(f"{file} is not a workbook Excel wrote; save it again.") from None
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise InputError(f"{file} cannot be read as Excel ({error}); save it again.") from None
    except BaseException as error:
        # a panic of the Rust library reaches Python as no ordinary exception
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"{file} cannot be read as Excel; save it again.") from None


def _unpacked(content: bytes, file: str) -> dict[str, bytes]:
    """Unpack an archive, counting what really comes out of it."""
    parts: dict[str, bytes] = {}
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    data = stream.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise InputError(
                        f"{file} unpacks to more than {MOST_BYTES // 10**6} million bytes and is"
                        " not read; save only the sheet with the table."
                    )
                parts[member.filename] = data
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{file} is damaged or locked ({error}); save it again.") from None
    return parts


def _packed(parts: dict[str, bytes]) -> io.BytesIO:
    """Pack what was counted again, uncompressed, so that nothing else can be read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    packed.seek(0)
    return packed


def _sheets(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Find the XML of every sheet with cells, by the sheet's name."""
    targets = {
        element.get("Id"): element.get("Target", "")
        for element in ElementTree.fromstring(parts["xl/_rels/workbook.xml.rels"])
    }
    found = {}
    for element in ElementTree.fromstring(parts["xl/workbook.xml"]).iter():
        if element.tag.endswith("}sheet"):
            target = targets[element.get(_RELATION)]
            xml = parts[target.lstrip("/") if target.startswith("/") else f"xl/{target}"]
            if _CELL.search(xml):
                found[element.get("name")] = xml
    return found


def _sheet_name(names: Sequence[str], sheet: str | None, file: str) -> str:
    if sheet is not None and sheet not in names:
        raise InputError(f"{file} has no sheet {sheet!r}; it has: {', '.join(names)}.")
    if not names:
        raise InputError(f"{file} has no sheet with cells; save the table again.")
    if sheet is None and len(names) > 1:
        raise InputError(
            f"{file} has {len(names)} sheets; name one of them with --sheet: {', '.join(names)}."
        )
    return sheet if sheet is not None else names[0]


def _check_extent(xml: bytes, where: str) -> None:
    """Refuse a sheet whose furthest cell would make the table too large to hold."""
    references = _REFERENCE.findall(xml)
    if len(references) != len(_CELL.findall(xml)):
        raise InputError(f"{where}: cells without a place; save the file again in Excel.")
    row = max(int(digits) for digits in {digits for _, digits in references})
    column = max(
        reduce(lambda before, letter: before * 26 + letter - ord("A") + 1, letters, 0)
        for letters in {letters for letters, _ in references}
    )
    if row * column > MOST_CELLS:
        raise InputError(
            f"{where}: a cell in row {row}, column {column} makes the sheet too large to read;"
            " delete the cells outside the table."
        )


def _spread(
    rows: list[list[Cell]],
    ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]],
    where: str,
) -> None:
    """Give every cell of a merged text cell its text; a merged number belongs to no row."""
    for (top, left), (bottom, right) in ranges:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        value = rows[top][left]
        year = isinstance(value, int | float) and 1990 <= value <= 2030
        if isinstance(value, int | float) and bottom > top and not year:
            raise InputError(
                f"{where}, row {top + 1}: the number {value:g} stands in a cell merged over rows"
                f" {top + 1} to {bottom + 1}; split the cell and write a number a row."
            )
        for row in rows[top : bottom + 1]:
            row[left : right + 1] = [value] * len(row[left : right + 1])
