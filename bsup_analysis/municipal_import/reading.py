"""A file as rows of cells: its first bytes tell what it is, not its name.

Of a text table the encoding and the separator are found for the file, never cell by cell; its
cells are counted before they are spelt out.  Workbooks are unpacked under a limit; merged cells,
formulas, errors and number formats are seen.  python-calamine reads their cells (it is one of
pandas's engines; openpyxl takes ten times as long on 200 000 rows).  It trusts the archive's sizes,
sets memory aside for every cell up to the furthest one, and reads an error, or a formula without a
stored value, as empty, so these are looked at first, in the XML itself.
"""

import codecs
import csv
import datetime as dt
import io
import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from bsup_analysis.files import read_regular
from bsup_analysis.municipal_import.cells import Cell, option, plain

SYNTHETIC_PREFIX = "SYNTHETIC_"
# all municipalities of the country in thirty years with forty columns are half a million cells
MOST_BYTES = 100_000_000
MOST_CELLS = 3_000_000
MOST_ROWS = 300_000
# in this order where several fit equally well: a comma may be a decimal sign
SEPARATORS = (";", "\t", ",", "|")
# rows read to find the separator
_SAMPLE = 1_000
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
# UTF-8 read as Windows-1252, and what stands for letters that were lost
_SPOILT = re.compile(r"\w{0,20}(?:Ã[\u0080-\u00bf…‰˜†Ÿ]|\N{REPLACEMENT CHARACTER})\w{0,20}")
_CELL = re.compile(rb"<(?:\w+:)?c(\s[^>]*)?>")
_ATTRIBUTE = re.compile(rb"""\s([rst])=["']([^"']*)["']""")
_PLACE = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")
_VALUE = re.compile(rb"(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)<", re.DOTALL)
_ERROR = re.compile(
    rb"""(\st=["']e["'][^>]*>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>)[^<]*""", re.DOTALL
)
_TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>([^<]*)<")
_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]+[0-9]+)["'][^>]*>\s*<(?:\w+:)?f\b[^>]*?"""
    rb"""(?:/>|>[^<]*</(?:\w+:)?f>)\s*(<(?:\w+:)?v>[^<]+<)?"""
)
# what of a number format leaves the number as it is: colours, kr, NOK, blanks, escaped signs
_DRESS = re.compile(
    r"\[(?![<>=])[^\]]*\]|\"[\s.,-]*(?:kr|nok|stk)?[\s.,-]*\"|\\.|_.|\*.|general|kr|nok|e\+",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[0#?.,\-+()\s@€$£]*")
_SCALED = re.compile(r"[0#?.],+(?![0#?,])")
# what other archives hold, what they are, and how to save them
_ARCHIVES = {
    "xl/workbook.bin": "a binary Excel workbook (xlsb)",
    "content.xml": "an OpenDocument table (ods)",
    "Index/Document.iwa": "a Numbers document",
    "word/document.xml": "a Word document",
}
_TOO_MUCH = "{} holds more than can be read; export only the municipalities and years of the study."


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
        Lines above the table that begin with `#`.
    formats
        Number formats of the cells that a workbook shows otherwise than it stores them, by row
        number and place in the row (from 0).
    """

    file: str
    sheet: str
    rows: Sequence[Sequence[Cell]]
    comments: tuple[str, ...] = ()
    formats: Mapping[tuple[int, int], str] = field(default_factory=dict)

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
    content = read_regular(path, MOST_BYTES)
    if content.startswith(b"PK\x03\x04"):
        table = read_workbook(content, file, sheet)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        locked = "EncryptedPackage".encode("utf-16-le") in content
        kind = "has a password" if locked else "is an old Office file (xls, doc)"
        raise InputError(
            f"{file} {kind}; open it in Excel and save it as .xlsx, without a password."
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
        The file's bytes: by byte order mark, else UTF-8, else Windows-1252.
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
    comments: list[str] = []
    lines = 0
    first = next((line for line in text.splitlines() if not line.startswith("#")), "")
    for line in _LINE.finditer(text):
        # a header may begin with # too: it has as many columns as what is below
        header = any(0 < line[0].count(sign) == first.count(sign) for sign in SEPARATORS)
        if header or not line[0].startswith("#"):
            break
        comments.append(line[0].strip())
        lines = line.end()
    ends = max(text.count("\n"), text.count("\r"))
    if ends > MOST_ROWS or max(map(text.count, SEPARATORS)) + ends > MOST_CELLS:
        raise InputError(_TOO_MUCH.format(file))
    best, found = 0.0, ""
    failure: Exception | None = None
    for separator in SEPARATORS:
        try:
            consistency = _consistency(list(_parsed(text, lines, separator, _SAMPLE)))
            if consistency > best:
                best, found = consistency, separator
        except csv.Error as error:
            failure = failure or error
    rows: list[Sequence[Cell]] = [("",)] * len(comments)
    try:
        rows += _parsed(text, lines, found, None) if found else []
    except csv.Error as error:
        failure, found = error, ""
    if not found:
        rows = []
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
    return RawTable(file, "", rows, tuple(comments))


def _decode(content: bytes, file: str) -> str:
    marked = [name for mark, name in _MARKS.items() if content.startswith(mark)]
    for encoding in marked or ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if spoilt := _SPOILT.search(text):
            raise InputError(
                f"{file}: the letters of {spoilt[0]!r} were spoilt when it was saved; save"
                " the table again as CSV (UTF-8)."
            )
        if "\0" in text:
            break
        return text
    raise InputError(
        f"{file} is not a text file in UTF-8 or Windows-1252; save the table as CSV (UTF-8), Excel"
        " or Parquet."
    )


def _parsed(text: str, start: int, separator: str, most: int | None) -> Iterator[list[str]]:
    """Split text into rows; `="0104"`, Excel's way to keep a leading zero, is the text 0104."""
    lines = (line[0] for line in _LINE.finditer(text, start))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for row in islice(reader, most):
            yield [c[2:-1] if c.startswith('="') and c.endswith('"') else c for c in row]
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num}: {error}") from None


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
        cells = found.num_rows * found.num_columns
        if unpacked > MOST_BYTES or found.num_rows > MOST_ROWS or cells > MOST_CELLS:
            raise InputError(_TOO_MUCH.format(file))
        for column in parquet.schema_arrow:
            if pa.types.is_nested(column.type):
                raise InputError(
                    f"{file}: column {column.name!r} holds lists; give one value a row."
                )
        # a text repeated in every row is stored once; spelled out it may fill the memory
        names = parquet.schema_arrow.names
        table = pq.ParquetFile(io.BytesIO(content), read_dictionary=names).read()
        length = sum(_length(chunk) for column in table.columns for chunk in column.chunks)
        if length > MOST_BYTES:
            raise InputError(_TOO_MUCH.format(file))
        columns = [map(_cell, column.to_pylist()) for column in table.columns]
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{file} cannot be read as Parquet ({first}); write it again.") from None
    return RawTable(file, "", [list(table.column_names), *map(list, zip(*columns, strict=True))])


def _length(chunk: pa.Array) -> int:
    """Give the length of a chunk's texts once each is spelt out in its row."""
    if not pa.types.is_dictionary(chunk.type):
        return 0
    lengths = pc.binary_length(chunk.dictionary.cast(pa.string()))
    return pc.sum(lengths.take(chunk.indices)).as_py() or 0


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
        for part, kind in _ARCHIVES.items():
            if part in parts:
                raise InputError(
                    f"{file} is {kind}; open it and save it as an Excel workbook (.xlsx)."
                )
        raise InputError(f"{file} is an archive, not an Excel workbook; give the table itself.")
    try:
        sheets = _sheets(parts)
        name = _sheet_name(list(sheets), sheet, file)
        where = f"{file}, sheet {name}"
        errors, formats = _look_at_cells(sheets[name], _formats(parts), where)
        texts = _TEXT.findall(parts.get("xl/sharedStrings.xml", b""))
        # a text that many cells share is stored once; spelt out it may fill the memory
        if max(map(len, texts), default=0) * sheets[name].count(b't="s"') > 4 * MOST_BYTES:
            raise InputError(_TOO_MUCH.format(where))
        for place, stored in _FORMULA.findall(sheets[name]):
            if not stored or b'fullCalcOnLoad="1"' in parts["xl/workbook.xml"]:
                raise InputError(
                    f"{where}, cell {place.decode()}: a formula whose value is not stored;"
                    " open the file in Excel, save it again, and import that."
                )
        if errors:  # calamine refuses those of newer programs
            parts |= {
                part: _ERROR.sub(rb"\1#N/A", xml)
                for part, xml in parts.items()
                if part.startswith("xl/worksheets/")
            }
        book = python_calamine.CalamineWorkbook.from_filelike(_packed(parts))
        cells = book.get_sheet_by_name(name)
        rows = [[_cell(v) for v in row] for row in cells.to_python(skip_empty_area=False)]
        for (row, column), text in errors.items():
            if row <= len(rows) and column < len(rows[row - 1]):
                rows[row - 1][column] = text
        _spread(rows, cells.merged_cell_ranges or (), where)
        return RawTable(file, name, rows, formats=formats)
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
    except (
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
        *(OSError, RuntimeError, ValueError),
    ) as error:
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
            relation = next(v for k, v in element.items() if k.endswith("}id"))
            target = targets[relation]
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
        ways = " or ".join(option("--sheet", name) for name in names)
        raise InputError(f"{file} has {len(names)} sheets; name one of them with {ways}.")
    return sheet if sheet is not None else names[0]


def _formats(parts: dict[str, bytes]) -> list[str]:
    """Find the number format of each style that shows another number than the one stored."""
    if "xl/styles.xml" not in parts:
        return []
    root = ElementTree.fromstring(parts["xl/styles.xml"])
    codes = {"9": "0%", "10": "0.00%"}
    codes |= {
        one.get("numFmtId", ""): one.get("formatCode", "")
        for one in root.iter()
        if one.tag.endswith("}numFmt")
    }
    styles = [one for table in root if table.tag.endswith("}cellXfs") for one in table]
    found = (codes.get(style.get("numFmtId", ""), "") for style in styles)
    return [code if _shows_another(code) else "" for code in found]


def _shows_another(code: str) -> bool:
    """Tell whether a number format shows another number: in thousands, in per cent, with words."""
    left = _DRESS.sub("", code.split(";")[0])
    date = re.fullmatch(r"[ymdhs/:\-.,\s]*", left, re.IGNORECASE)
    return code == ";;;" or bool(_SCALED.search(left) or not (date or _DIGITS.fullmatch(left)))


def _look_at_cells(
    xml: bytes, formats: Sequence[str], where: str
) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], str]]:
    """Go through the cells of a sheet before they are read.

    Returns
    -------
    errors, formats
        The text of each error, and the number format of each cell that is shown otherwise than
        it is stored, by row number and place in the row.

    Raises
    ------
    InputError
        The furthest cell would make the table too large to hold, or a cell has no place.
    """
    if max(xml.count(b"<c "), xml.count(b":c ")) > MOST_CELLS:
        raise InputError(_TOO_MUCH.format(where))
    errors: dict[tuple[int, int], str] = {}
    shown: dict[tuple[int, int], str] = {}
    columns: dict[bytes, int] = {}
    last = 0
    for cell in _CELL.finditer(xml):
        told = dict(_ATTRIBUTE.findall(cell[1] or b""))
        place = _PLACE.fullmatch(told.get(b"r", b""))
        if place is None:
            raise InputError(f"{where}: cells without a place; save the file again in Excel.")
        letters, row = place[1], int(place[2])
        if letters not in columns:
            columns[letters] = reduce(lambda n, letter: n * 26 + letter - 64, letters, 0)
        column = columns[letters]
        last = max(last, row)
        if told.get(b"t") == b"e":
            value = _VALUE.match(xml, cell.end())
            errors[row, column - 1] = value[1].decode("utf-8", "replace") if value else "#"
        style = told.get(b"s", b"0")
        if style.isdigit() and int(style) < len(formats) and formats[int(style)]:
            shown[row, column - 1] = formats[int(style)]
    column = max(columns.values(), default=0)
    if last > MOST_ROWS or last * column > MOST_CELLS:
        raise InputError(
            f"{where}: a cell in row {last}, column {column} makes the sheet too large to read;"
            " delete the cells outside the table."
        )
    return errors, shown


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
