"""The numbers that cells hold, as Norwegian and English tables write them.

A cell is text as it stands in the file, or a number where the file itself holds one (Excel,
Parquet).  Statistics Norway's signs keep their meaning: `-` is zero; `.` (cannot occur), `..`
(missing), `...` (not yet there) and `:` (confidential, bounds not stated) are unknown, each for
its own reason.  An en dash is neither: it is refused.
"""

import re
import shlex
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

Cell = str | int | float

# Statistics Norway, "Standardtegn i tabeller"
SIGNS = {
    ".": "cannot occur",
    "..": "missing",
    "...": "not yet available",
    "…": "not yet available",
    ":": "confidential",
}
# what other programs write for a value they do not have
EMPTY = {"", "na", "n/a", "nan", "null", "none"}
LARGEST = Decimal(10) ** 13
_CURRENCY = re.compile(r"^(?:kr|nok)\.?\s*|\s*(?:,-)?\s*(?:(?:kr|nok)\.?)?$", re.IGNORECASE)
_NAMES = {".": "decimal point", ",": "decimal comma"}
# by decimal sign: digits, or groups of three behind one sign, and then decimals
_WRITTEN = {
    sign: re.compile(
        rf"[+-]?(?:[0-9]+|[1-9][0-9]{{0,2}}([ '{other}])[0-9]{{3}}(?:\1[0-9]{{3}})*)"
        rf"(?:{re.escape(sign)}[0-9]+)?"
    )
    for sign, other in ((".", ","), (",", "."))
}


class Value(NamedTuple):
    """A number, or None and why it is unknown: `empty`, or the meaning of the sign."""

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
    text = " ".join(unicodedata.normalize("NFC", str(cell)).split())
    return text if text.isprintable() else "".join(filter(str.isprintable, text)).strip()


def shown(cell: Cell) -> str:
    """Give a cell for a sentence: quoted, at most 40 characters."""
    text = plain(cell)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def option(flag: str, value: str) -> str:
    """Write an option as it is to be typed, in double quotes where a shell would break it up."""
    if re.fullmatch(r"[\w=,.+-][\w=#,.+-]*(?<![,.])", value):
        return f"{flag} {value}"
    return f"{flag} " + (shlex.quote(value) if re.search(r'["$`\\!%]', value) else f'"{value}"')


def is_unknown(cell: Cell) -> bool:
    """Tell whether a cell is empty or holds a sign that leaves the value unknown."""
    text = plain(cell)
    return text in SIGNS or text.lower() in EMPTY


def readings(cell: Cell) -> dict[str, Decimal]:
    """Read a cell of text as a number, by each decimal sign under which it is one.

    `1.234` is 1.234 with a decimal point and 1234 with a decimal comma; `1,5` is a number only
    with a decimal comma.
    """
    if not isinstance(cell, str):
        return {}
    text = _CURRENCY.sub("", plain(cell).replace("\N{MINUS SIGN}", "-"))
    return {
        sign: Decimal(re.sub(f"[^0-9{sign}+-]", "", text).replace(",", "."))
        for sign, pattern in _WRITTEN.items()
        if pattern.fullmatch(text)
    }


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
    told: dict[str, Cell] = {}
    for cell in cells:
        found = readings(cell)
        if len(found) == 1:
            told |= {sign: cell for sign in found if sign not in told}
    if len(told) > 1:
        raise NotANumberError(
            f"{shown(told['.'])} has a decimal point and {shown(told[','])} a decimal comma"
        )
    return next(iter(told), None)


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
    if text in SIGNS:
        return Value(None, SIGNS[text])
    if text.lower() in EMPTY:
        return Value(None, "empty")
    if text == "-":
        return Value(Decimal(0))
    if text.startswith("="):
        raise NotANumberError(f"{shown(cell)} is a formula, not its value; save the values")
    if text.startswith("#"):
        raise NotANumberError(
            f"{shown(cell)} is an error of the program that wrote it; mend it there, or write"
            " .. for unknown"
        )
    if text in "–—−":
        raise NotANumberError(f"{shown(cell)} may mean zero or unknown; write 0 or ..")
    found = readings(cell) if isinstance(cell, str) else {".": Decimal(repr(cell))}
    if not found:
        raise NotANumberError(
            f"{shown(cell)} is not a number; write the number, - for zero or .. for unknown"
        )
    if isinstance(cell, str) and decimal and decimal not in found:
        (sign,) = found
        raise NotANumberError(f"{shown(cell)} has a {_NAMES[sign]}, not a {_NAMES[decimal]}")
    value = found[decimal] if decimal in found else max(found.values())
    if not value.is_finite() or value > LARGEST:
        raise NotANumberError(f"{shown(text)} is too large to be right")
    if value < 0:
        raise NotANumberError(f"{shown(text)} is negative; loans and amounts are not")
    return Value(value)
