"""Long or wide, a file becomes one list: row, municipality, year, quantity, cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import Cell, RawTable, is_blank, is_unknown, plain, shown
from bsup_analysis.municipal_import.layout import QUANTITIES, Layout, quantity_of


@dataclass(frozen=True)
class Entry:
    """One row of the file for one year.

    Parameters
    ----------
    row
        Row number in the file.
    label, name
        What the row calls the municipality, and the name beside a code.
    year
        The year as it stands.
    cells
        Cell by quantity (`loans`, `amount_nok`, ...).
    """

    row: int
    label: str
    name: str
    year: str
    cells: Mapping[str, Cell]

    @property
    def empty(self) -> bool:
        """Whether no cell holds a number."""
        return all(is_unknown(cell) for cell in self.cells.values())


@dataclass(frozen=True)
class Rejected:
    """A row of the file that is not used, and why."""

    row: int
    reason: str
    content: str


def content(row: tuple[Cell, ...] | list[Cell]) -> str:
    """Give a row's text for a list of rejected rows, at most 80 characters."""
    text = " | ".join(filter(None, map(plain, row)))
    return text if len(text) <= 80 else text[:77] + "..."


def entries(table: RawTable, layout: Layout) -> tuple[list[Entry], list[Rejected], int]:
    """Lay the rows out, one entry a row and year.

    Parameters
    ----------
    table
        The file's rows.
    layout
        What its columns hold.

    Returns
    -------
    entries, rejected, rows
        Entries in file order; rows without a municipality; and the number of rows that are not
        blank, the header excepted.

    Raises
    ------
    InputError
        A row is longer or shorter than the header, has numbers but no municipality, or names a
        quantity that is not recognised.
    """
    found: list[Entry] = []
    rejected: list[Rejected] = []
    rows = 0
    width = len(layout.columns)
    at = _Places.of(layout)
    headers = set(range(layout.header_row - _header_rows(table, layout) + 1, layout.header_row + 1))
    for number, row in enumerate(table.rows, start=1):
        if number in headers or is_blank(row):
            continue
        rows += 1
        if number < layout.header_row:
            rejected.append(Rejected(number, "above the header", content(list(row))))
            continue
        if any(plain(cell) for cell in row[width:]):
            raise InputError(
                f"{table.where(number)} has {len(row)} fields where the header has {width}; look"
                " for a stray separator, or a decimal comma that is not quoted."
            )
        filled = sum(bool(plain(cell)) for cell in row)
        if len(row) < width and filled > 1:
            raise InputError(
                f"{table.where(number)} has {len(row)} fields where the header has {width}; the"
                " file may be cut off: export it again."
            )
        filled_up = [*row, *[""] * (width - len(row))]
        own = list(_of_row(number, filled_up, at, layout, table))
        if not own[0].label:
            if not all(entry.empty for entry in own):
                raise InputError(
                    f"{table.where(number)} has numbers but no municipality; name it, or delete"
                    " the row."
                )
            rejected.append(Rejected(number, "no municipality", content(list(row))))
            continue
        found += own
    return found, rejected, rows


def _header_rows(table: RawTable, layout: Layout) -> int:
    """Tell whether the header takes one row or two."""
    last = [plain(cell) for cell in table.rows[layout.header_row - 1]]
    own = [column.header for column in layout.columns]
    return 1 if [*last, *[""] * (len(own) - len(last))] == own else 2


@dataclass(frozen=True)
class _Places:
    """Where in a row the things stand that are asked for; -1 where there is no such column."""

    municipality: int
    name: int
    year: int
    quantity: int
    cells: tuple[tuple[int, str, str], ...]

    @classmethod
    def of(cls, layout: Layout) -> "_Places":
        def index(role: str) -> int:
            return next((column.index for column in layout.of(role)), -1)

        cells = tuple(
            (c.index, c.role, str(c.year) if c.year else "")
            for c in layout.of(*QUANTITIES, "value")
        )
        return cls(index("municipality"), index("name"), index("year"), index("quantity"), cells)


def _of_row(
    number: int, row: list[Cell], at: _Places, layout: Layout, table: RawTable
) -> Iterator[Entry]:
    name = plain(row[at.name]) if at.name >= 0 else ""
    # a total often stands in the column of names alone
    label = plain(row[at.municipality]) or name
    own_year = plain(row[at.year]) if at.year >= 0 else ""
    cells: dict[str, dict[str, Cell]] = {}
    for index, role, year in at.cells:
        quantity = role
        if role == "value":
            stated = plain(row[at.quantity]) if at.quantity >= 0 else ""
            quantity = _quantity(stated, row[index], table.where(number))
        if quantity:
            cells.setdefault(year or own_year, {})[quantity] = row[index]
    for year, held in (cells or {own_year: {}}).items():
        yield Entry(number, label, name, year, held)


def _quantity(stated: str, cell: Cell, where: str) -> str:
    """Read the quantity that a row names; empty where it is none of those asked for."""
    quantity = quantity_of(stated) if stated else None
    if quantity == "amount":
        raise InputError(
            f"{where}: {shown(stated)} does not say whether it is in NOK, thousands or millions;"
            " write it into the name of the quantity, for example 'Beløp (1000 kr)'."
        )
    if not stated and not is_unknown(cell):
        raise InputError(f"{where} has a number but does not say of what; name the quantity.")
    return quantity or ""
