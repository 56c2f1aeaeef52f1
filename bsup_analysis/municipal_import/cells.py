"""A file as rows of cells, and the numbers that cells hold, as Norwegian and English tables do.

The row numbers are those a reader sees.  A cell is text as it stands in the file, or a number
where the file itself holds one (Excel, Parquet).  Statistics Norway's signs keep their meaning:
`-` is zero; `.` (cannot occur), `..` (missing), `...` (not yet there) and `:` (confidential,
bounds not stated) are unknown, each for its own reason.  An en dash is neither: it is refused.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Cell = str | int | float

# all municipalities of the country in thirty years with forty columns are half a million cells
MOST_BYTES = 300_000_000
MOST_CELLS = 5_000_000
LONGEST_TEXT = 10_000


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
        parts = [self.file]
        parts += [f"sheet {self.sheet}"] if self.sheet else []
        parts += [f"row {row}"] if row is not None else []
        return ", ".join(parts)


def is_blank(row: Sequence[Cell]) -> bool:
    """Tell whether a row holds nothing."""
    return not any(cell.strip() if isinstance(cell, str) else True for cell in row)


# Statistics Norway, "Standardtegn i tabeller"
SIGNS = {
    ".": "cannot occur",
    "..": "missing",
    "...": "not yet available",
    "…": "not yet available",
    ":": "confidential",
}
ZERO = "-"
# what other programs write for a value they do not have
EMPTY = {"", "na", "n/a", "nan", "null", "none", "#n/a"}
LARGEST = Decimal(10) ** 13
_DECIMAL_SIGNS = ".,"
_SHAPE = re.compile(r"[+-]?[0-9]+(?:[.,'][0-9]+)*")
_CURRENCY = re.compile(r"^(?:kr|nok)\.?|(?:kr|nok)\.?$|,-$", re.IGNORECASE)


@dataclass(frozen=True)
class Value:
    """What a cell holds.

    Parameters
    ----------
    number
        The number, or None where it is unknown.
    reason
        Why it is unknown: `empty`, or the meaning of the sign; empty for a number.
    """

    number: Decimal | None
    reason: str = ""


class NotANumberError(ValueError):
    """A cell that is neither a number nor a sign; the message says what is wrong with it."""


def plain(cell: Cell) -> str:
    """Give a cell as text: blanks of all kinds made one, whole numbers without decimals.

    What cannot be printed (control characters, marks of no width) is left out.
    """
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    text = " ".join(str(cell).split())
    return text if text.isprintable() else "".join(filter(str.isprintable, text)).strip()


def shown(cell: Cell) -> str:
    """Give a cell for a sentence: quoted, at most 40 characters."""
    text = plain(cell)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def is_unknown(cell: Cell) -> bool:
    """Tell whether a cell is empty or holds a sign that leaves the value unknown."""
    text = plain(cell)
    return text in SIGNS or text.lower() in EMPTY


def _stripped(text: str) -> str:
    text = _CURRENCY.sub("", text.replace("\N{MINUS SIGN}", "-").strip()).strip()
    return _CURRENCY.sub("", text).strip()


def _groups_by_blanks(text: str) -> str | None:
    """Take thousands blanks out; None where the blanks do not stand at thousands."""
    if " " not in text:
        return text
    return (
        text.replace(" ", "")
        if re.fullmatch(r"[+-]?\d{1,3}(?: \d{3})+(?:[.,]\d+)?", text)
        else None
    )


def decimal_sign(cells: Iterable[Cell]) -> str | None:
    """Find the decimal sign that a column uses.

    Returns
    -------
    str or None
        `.` or `,`; None where no cell tells (`1.234` alone may be either).

    Raises
    ------
    NotANumberError
        Two cells tell different signs.
    """
    told: dict[str, str] = {}
    for cell in cells:
        if not isinstance(cell, str):
            continue
        text = _groups_by_blanks(_stripped(plain(cell)))
        if text is None or not _SHAPE.fullmatch(text):
            continue
        sign = _shown_by(text, blanks=" " in plain(cell))
        if sign:
            told.setdefault(sign, text)
    if len(told) > 1:
        raise NotANumberError(
            f"{shown(told['.'])} has a decimal point and {shown(told[','])} a decimal comma"
        )
    return next(iter(told), None)


def _shown_by(text: str, blanks: bool) -> str | None:
    signs = [sign for sign in text if sign in _DECIMAL_SIGNS]
    if not signs:
        return None
    if len(set(signs)) == 2:
        return signs[-1]
    other = "," if signs[0] == "." else "."
    if len(signs) > 1:
        return other
    after = len(text.rpartition(signs[0])[2])
    before = len(text.partition(signs[0])[0].lstrip("+-"))
    # 1.234 may be a thousand; 1.23, 1.2345, 1234.567, 0.123 and 1 234.567 may not
    alone = after != 3 or before > 3 or blanks or text.lstrip("+-").startswith("0")
    return signs[0] if alone else None


def may_be_either(cell: Cell) -> bool:
    """Tell whether a text has one sign before three digits: thousands, or three decimals."""
    return isinstance(cell, str) and bool(
        re.fullmatch(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}", _stripped(plain(cell)))
    )


def number(cell: Cell, decimal: str | None) -> Value:
    """Read one cell.

    Parameters
    ----------
    cell
        Text or number.
    decimal
        The column's decimal sign; None: a sign before three digits marks thousands.

    Returns
    -------
    Value
        The number, or why it is unknown.

    Raises
    ------
    NotANumberError
        The cell holds something else.
    """
    text = plain(cell)
    if not isinstance(cell, str):
        return _bounded(Decimal(repr(cell)) if text.lower() != "nan" else None, text)
    if text in SIGNS:
        return Value(None, SIGNS[text])
    if text == ZERO:
        return Value(Decimal(0))
    if text.lower() in EMPTY:
        return Value(None, "empty")
    if text.startswith("="):
        raise NotANumberError(f"{shown(cell)} is a formula, not its value; save the values")
    if text in "–—−":
        raise NotANumberError(f"{shown(cell)} may mean zero or unknown; write 0 or ..")
    bare = _groups_by_blanks(_stripped(text))
    if bare is None or not _SHAPE.fullmatch(bare):
        raise NotANumberError(
            f"{shown(cell)} is not a number; write the number, - for zero or .. for unknown"
        )
    groups = {sign for sign in ".,'" if sign != decimal}
    for sign in groups & set(bare):
        if not re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+(?:[.,]\d+)?", bare):
            raise NotANumberError(f"{shown(cell)}: the sign {sign} does not stand at thousands")
        bare = bare.replace(sign, "")
    try:
        return _bounded(Decimal(bare.replace(",", ".")), text)
    except InvalidOperation:
        raise NotANumberError(f"{shown(cell)} is not a number") from None


def _bounded(value: Decimal | None, text: str) -> Value:
    if value is None:
        return Value(None, "empty")
    if not value.is_finite() or value > LARGEST:
        raise NotANumberError(f"{shown(text)} is too large to be right")
    if value < 0:
        raise NotANumberError(f"{shown(text)} is negative; loans and amounts are not")
    return Value(value)
