"""From mapped entries to the municipal table: cells read, parts added up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import (
    Cell,
    NotANumberError,
    RawTable,
    Value,
    decimal_sign,
    may_be_either,
    number,
    plain,
)
from bsup_analysis.municipal_import.layout import UNITS_NOK
from bsup_analysis.municipal_import.mapping import Mapped
from bsup_analysis.municipal_import.municipalities import Places


@dataclass
class _Sum:
    """What has been added up for one municipality of 2009 and year."""

    rows: set[int] = field(default_factory=set)
    codes: set[tuple[str, int]] = field(default_factory=set)
    read: dict[str, dict[str, Value]] = field(default_factory=dict)


def _reader(
    mapped: Sequence[Mapped], quantity: str, decimal: str | None, table: RawTable
) -> Callable[[Cell, int], Value]:
    """Prepare to read the cells of one quantity: its decimal sign is that of all of them."""
    cells = [one.entry.cells[quantity] for one in mapped if quantity in one.entry.cells]
    try:
        sign = decimal or decimal_sign(cells)
    except NotANumberError as error:
        raise InputError(
            f"{table.where()}: {error}; write all numbers of the column in one way."
        ) from None
    unit = UNITS_NOK.get(quantity, 1)

    def read(cell: Cell, row: int) -> Value:
        try:
            if sign is None and unit > 1 and may_be_either(cell):
                raise NotANumberError(
                    f"{plain(cell)!r} may have a decimal sign or thousands; say which with"
                    " --decimal comma or --decimal point"
                )
            value = number(cell, sign)
        except NotANumberError as error:
            raise InputError(f"{table.where(row)}: {error}.") from None
        if value.number is None:
            return value
        if quantity == "loans":
            if value.number != value.number.to_integral_value():
                raise InputError(
                    f"{table.where(row)}: {plain(cell)!r} loans; a number of loans is whole."
                )
            return value
        nok = (value.number * unit).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return Value(nok)

    return read


def _added(
    mapped: Sequence[Mapped], decimal: str | None, table: RawTable
) -> dict[tuple[str, int], _Sum]:
    sums: dict[tuple[str, int], _Sum] = {}
    first: dict[tuple[str, str, int], int] = {}
    quantities = list(dict.fromkeys(q for one in mapped for q in one.entry.cells))
    readers = {q: _reader(mapped, q, decimal, table) for q in quantities}
    for one in mapped:
        total = sums.setdefault((one.units[0], one.year), _Sum())
        total.rows.add(one.entry.row)
        total.codes.add((one.code, one.codes_of))
        for quantity, cell in one.entry.cells.items():
            row = first.setdefault((quantity, one.code, one.year), one.entry.row)
            if row != one.entry.row:
                raise InputError(
                    f"{table.where(one.entry.row)}: {one.entry.label} in {one.year} stands in row"
                    f" {row} already; add the rows up, or keep one of them."
                )
            name = "loans" if quantity == "loans" else "amount_nok"
            value = readers[quantity](cell, one.entry.row)
            total.read.setdefault(name, {})[one.code] = value
        if len({year for _, year in total.codes}) > 1:
            raise InputError(
                f"{table.where(one.entry.row)}: {one.entry.label} in {one.year} overlaps another"
                " row, given in another year's codes; give the codes of one year."
            )
    return sums


def _total(
    total: _Sum, name: str, parts: frozenset[str], places: Places
) -> tuple[int | None, list[str]]:
    """Add up the parts of a municipality; one unknown part leaves the whole unknown."""
    values = total.read.get(name, {})
    notes = [f"{places.name_of(code)} has no row" for code in sorted(parts - set(values))]
    notes += [v.reason for _, v in sorted(values.items()) if v.reason not in ("", "empty")]
    known = [value.number for value in values.values() if value.number is not None]
    if not values:
        return None, []
    if len(known) < len(parts):
        return None, notes
    return int(sum(known, Decimal(0))), notes


def municipal_table(
    mapped: Sequence[Mapped],
    places: Places,
    units: Iterable[str],
    table: RawTable,
    decimal: str | None,
    definition: str,
) -> pd.DataFrame:
    """Add the entries up to municipalities of 2009, all of them in every year of the file.

    Parameters
    ----------
    mapped
        The entries.
    places
        The region's municipalities.
    units
        Codes of the municipalities of 2009.
    table
        For sentences and the source column.
    decimal
        Decimal sign; None: found out, quantity by quantity.
    definition
        What is counted.

    Returns
    -------
    pandas.DataFrame
        Columns of `MunicipalStartLoans`, loans and NOK; unknown where a part is unknown.

    Raises
    ------
    InputError
        A cell is no number, or a municipality stands twice in a year.
    """
    sums = _added(mapped, decimal, table)
    parts: Mapping[tuple[str, int], frozenset[str]] = {
        key: places.parts(*key) for key in {(one.units[0], one.codes_of) for one in mapped}
    }
    rows = []
    for unit in sorted(units):
        for year in sorted({year for _, year in sums}):
            total = sums.get((unit, year), _Sum())
            codes_of = next((one for _, one in total.codes), 0)
            own = parts.get((unit, codes_of), frozenset())
            loans, why = _total(total, "loans", own, places)
            amount, also = _total(total, "amount_nok", own, places)
            notes = list(dict.fromkeys([*why, *also]))
            rows.append(
                {
                    "municipality_code": unit,
                    "year": year,
                    "loans": loans,
                    "loans_low": loans,
                    "loans_high": loans,
                    "amount_nok": amount,
                    "definition": definition,
                    "source": f"imported: {table.file}" + "".join(f"; {n}" for n in notes),
                    "rows_used": len(total.rows),
                }
            )
    return pd.DataFrame(rows)
