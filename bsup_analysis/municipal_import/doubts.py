"""Questions about a whole file: titles and notes, number formats, and numbers in another unit.

What stands beside a table may make it something else: a title that speaks of refusals, a note
that the year is not over.  What of it is known to matter is asked about; other text is listed.
"""

import math
import re
from collections.abc import Collection, Sequence

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import option, plain, shown
from bsup_analysis.municipal_import.layout import Choices, Layout
from bsup_analysis.municipal_import.reading import RawTable
from bsup_analysis.municipal_import.validation import DEVIATES
from bsup_analysis.municipal_import.vocabulary import (
    QUANTITIES,
    UNITS_NOK,
    quantity_of,
    simple,
    units_in,
    warnings_in,
)

# the region had 1 487 loans in 2010 (document p. 11), Trondheim 295 (p. 14)
MOST_LOANS = 10_000
# an average loan of NOK 475 645 (p. 14 and press): a thousandth or a thousand times it is neither
AVERAGE_NOK = (10_000, 10_000_000)
_FACTORS = (1_000, 1_000_000, 1 / 1_000, 1 / 1_000_000)


def ask_about_texts(raw: RawTable, layout: Layout, aside: pd.DataFrame, choices: Choices) -> None:
    """Ask about words beside the table that may make its numbers something else.

    Read are the sheet's name, comments, rows above the header, and rows below it without a
    municipality or a number; and the file's name, in which a date may be that of its making.

    Raises
    ------
    InputError
        A word for a part of a year, provisional numbers or another quantity is not accepted, or
        a unit is not that of the amounts.
    """
    notes = aside["reason"].str.startswith(("above the header", "no municipality"))
    rows = [" ".join(map(plain, raw.rows[row - 1])) for row in aside.loc[notes, "row"]]
    texts = [plain(text) for text in (raw.sheet, *raw.comments, *rows)]
    found = [(word, text) for text in texts for word in warnings_in(text)]
    stem = re.sub(r"[_.-]", " ", raw.file.rpartition(".")[0])
    found += [(word, raw.file) for word in warnings_in(stem) if re.search(r"[^\W\d]", word)]
    open_ = {word: text for word, text in reversed(found) if not choices.accepts(word)}
    if open_:
        word, text = next(reversed(open_.items()))
        ways = " ".join(option("--accept", one) for one in reversed(open_))
        raise InputError(
            f"{raw.where()}: {shown(word)} in {shown(text)} may mean that these are not all start"
            f" loans paid out in whole years; if they are, add {ways}."
        )
    _ask_about_units(raw, layout, texts, choices)


def _ask_about_units(raw: RawTable, layout: Layout, texts: Sequence[str], choices: Choices) -> None:
    """Ask where a text beside the table names another unit than the amounts have."""
    used = [column for column in layout.of(*QUANTITIES) if not column.named]
    if any(column.role in UNITS_NOK for column in layout.columns):
        used = [column for column in used if column.role in UNITS_NOK]
    in_rows = {
        quantity_of(row[column.index])
        for column in layout.of("quantity")
        for row in raw.rows[layout.last :]
        if column.index < len(row)
    }
    for text in texts:
        unit = next(iter(units_in(simple(text))), None)
        wrong = [column for column in used if unit and column.role != unit]
        if wrong:
            same = [column for column in used if column.role == wrong[0].role]
            roles = dict.fromkeys([wrong[0].role, unit or ""])
            ways = " or ".join(layout.map_option(role, same) for role in roles)
            raise InputError(
                f"{raw.where()}: {shown(text)} speaks of another unit than"
                f" {shown(wrong[0].header)}; say which holds with {ways}."
            )
        if unit and in_rows and unit not in in_rows and not choices.accepts(text):
            raise InputError(
                f"{raw.where()}: {shown(text)} speaks of another unit than the quantities that the"
                f" rows name; if the rows are right, add {option('--accept', plain(text))}."
            )


def ask_about_formats(raw: RawTable, layout: Layout, used: Collection[int]) -> None:
    """Ask about cells that a workbook shows otherwise than it stores, as 150 000 000 in thousands.

    Raises
    ------
    InputError
        Such a cell is used, and the reader has not named its column.
    """
    columns = {c.index: c for c in layout.of(*QUANTITIES, "value") if not c.named}
    for (row, index), code in raw.formats.items():
        if row in used and index in columns:
            column = columns[index]
            same = [c for c in columns.values() if c.role == column.role]
            roles = UNITS_NOK if column.role in UNITS_NOK else [column.role]
            ways = " or ".join(layout.map_option(role, same) for role in roles)
            raise InputError(
                f"{raw.where(row)}: {shown(raw.rows[row - 1][index])} is stored under"
                f" {shown(column.header)}, but its number format {code[:30]!r} shows another"
                f" number; say what is stored with {ways}."
            )


def refuse_unit_errors(
    table: pd.DataFrame, comparison: pd.DataFrame, layout: Layout, where: str
) -> None:
    """Refuse amounts that are off by a thousand or a million.

    Parameters
    ----------
    table
        Columns of `start_loans.toml`.
    comparison
        From `validation.compare`: a published total that times or divided by a power of 1,000 is
        the imported one, within the rounding of either, is an error of the unit.
    layout
        For the option that names the unit.
    where
        The file, for sentences.

    Raises
    ------
    InputError
        There is such a total, or an average loan that is far from any.
    """
    whole = comparison[comparison["missing"] == 0]
    held = whole[(whole["quantity"] == "amount_nok") & (whole["high"] < math.inf)]
    off = [
        (factor, total)
        for total in whole[whole["status"] == DEVIATES].itertuples()
        for factor in _FACTORS
        if _meets(total.imported * factor, max(factor, 1) / 2, total.low, total.high)
    ]
    if off:
        factor, first = off[0]
        times = f"{round(max(factor, 1 / factor)):,}"
        everywhere = len({one for one, _ in off}) == 1 and len(off) == len(held)
        raise InputError(
            f"{where}: {first.area_name or first.area} {first.year} {first.quantity}: published"
            f" {first.published:.0f}, imported {first.imported:.0f}, which is exactly"
            f" {times} times too {'small' if factor > 1 else 'large'}: an error of the unit;"
            f" {_right_unit(layout, factor) if everywhere else 'correct the numbers in the file'}."
        )
    both = table.dropna(subset=["loans", "amount_nok"])
    loans, nok = int(both["loans"].sum()), int(both["amount_nok"].sum())
    low, high = AVERAGE_NOK
    few = both[(both["loans"] > 0) & (both["amount_nok"] > 0)]
    each = few["amount_nok"] / few["loans"]
    odd = few[(each < low / 5) | (each > high * 5)]
    if loans and nok and not low <= nok / loans <= high:
        factor = next((f for f in _FACTORS if low <= nok / loans * f <= high), 1)
        raise InputError(
            f"{where}: NOK {nok / loans:,.0f} a loan on average cannot be right;"
            f" {_right_unit(layout, factor)}."
        )
    if len(odd):
        code, year = odd[["municipality_code", "year"]].iloc[0]
        raise InputError(
            f"{where}: {code} in {year} has NOK {each[odd.index[0]]:,.0f} a loan on average, which"
            " cannot be right; correct the unit of that row."
        )


def _meets(value: float, margin: float, low: float, high: float) -> bool:
    """Tell whether a value meets a published total, where its own rounding leaves that to see."""
    return (
        not math.isinf(high)
        and margin <= value / 100
        and low <= value + margin
        and value - margin <= high
    )


def _right_unit(layout: Layout, factor: float) -> str:
    """Say how to name the unit that the numbers have."""
    for role, unit in UNITS_NOK.items():
        for right, nok in UNITS_NOK.items():
            if layout.of(role) and factor != 1 and math.isclose(nok, unit * factor):
                return f"name the unit with {layout.map_option(right, layout.of(role))}"
    return "correct the unit in the file"
