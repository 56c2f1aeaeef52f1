"""Excel workbooks, read for their values: unpacked under a limit, merged cells and formulas seen.

python-calamine reads the cells (it is one of pandas's engines; openpyxl takes ten times as long
on 200 000 rows).  It trusts the archive's sizes, sets memory aside for every cell up to the
furthest one, and reads a formula without a stored value as empty, so those three are looked at
first, in the XML itself.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from xml.etree.ElementTree import ParseError

import python_calamine
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import MOST_BYTES, MOST_CELLS, Cell, RawTable

_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_REFERENCE = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]+[0-9]+)["'][^>]*>\s*<(?:\w+:)?f\b[^>]*?"""
    rb"""(?:/>|>[^<]*</(?:\w+:)?f>)\s*(<(?:\w+:)?v>[^<]+<)?"""
)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


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
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, RuntimeError) as error:
        raise InputError(f"{file} is damaged or locked ({error}); save it again.") from None
    except (NotImplementedError, ValueError) as error:
        raise InputError(
            f"{file} is not a workbook Excel wrote ({error}); save it again."
        ) from None
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


def _check_extent(xml: bytes, where: str) -> None:
    """Refuse a sheet whose furthest cell would make the table too large to hold."""
    references = _REFERENCE.findall(xml)
    if len(references) != len(_CELL.findall(xml)):
        raise InputError(f"{where}: cells without a place; save the file again in Excel.")
    row = max(int(digits) for digits in {digits for _, digits in references})
    column = max(_column_number(letters) for letters in {letters for letters, _ in references})
    if row * column > MOST_CELLS:
        raise InputError(
            f"{where}: a cell in row {row}, column {column} makes the sheet too large to read;"
            " delete the cells outside the table."
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _check_formulas(xml: bytes, recomputed: bool, where: str) -> None:
    """Refuse a formula whose value is not stored, or is to be computed when Excel opens it."""
    for place, stored in _FORMULA.findall(xml):
        if not stored or recomputed:
            raise InputError(
                f"{where}, cell {place.decode()}: a formula whose value is not stored;"
                " open the file in Excel, save it again, and import that."
            )


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


def _cell(value: object) -> Cell:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "" if value is None else str(value)
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
        _check_formulas(sheets[name], b'fullCalcOnLoad="1"' in parts["xl/workbook.xml"], where)
        book = python_calamine.CalamineWorkbook.from_filelike(_packed(parts))
        cells = book.get_sheet_by_name(name)
        rows = [[_cell(v) for v in row] for row in cells.to_python(skip_empty_area=False)]
        return RawTable(file, name, _spread(rows, cells.merged_cell_ranges or (), where))
    except (KeyError, ParseError, DefusedXmlException):
        raise InputError(f"{file} is not a workbook Excel wrote; save it again.") from None
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise InputError(f"{file} cannot be read as Excel ({error}); save it again.") from None
    except BaseException as error:
        # a panic of the Rust library reaches Python as no ordinary exception
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"{file} cannot be read as Excel; save it again.") from None


def _spread(
    rows: list[list[Cell]],
    ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]],
    where: str,
) -> list[list[Cell]]:
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
    return rows
