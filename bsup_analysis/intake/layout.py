"""What the columns of a file hold, and what must be settled before it is read."""

from dataclasses import dataclass, replace

from bsup_analysis.errors import InputError
from bsup_analysis.intake.headers import QUANTITIES, UNITS_NOK, stated_by, without_year

# what --map calls the columns whose whole header is a year
YEARS = "years"


@dataclass(frozen=True)
class Column:
    """A column of the file and what it was taken for.

    Parameters
    ----------
    index
        Place in the row, from 0.
    header
        Its header as it stands.
    role
        One of `bsup_analysis.intake.columns.ROLES`, or empty where it is not used.
    year
        The year its header names, for a table with years as columns.
    """

    index: int
    header: str
    role: str
    year: int | None = None


@dataclass(frozen=True)
class Layout:
    """Where the table begins and what its columns are.

    Parameters
    ----------
    header_row
        Row number of the (last) header row.
    columns
        All columns, used or not.
    titles
        Text above the header, and the names of sheet and file.
    assumed
        Columns of bare years are taken for loans though nothing says so.
    """

    header_row: int
    columns: tuple[Column, ...]
    titles: str
    assumed: bool = False

    def of(self, *roles: str) -> tuple[Column, ...]:
        """Give the columns of some roles."""
        return tuple(column for column in self.columns if column.role in roles)


def settled(layout: Layout, where: str) -> Layout:
    """Refuse what is there twice, ask for what is not stated, read columns of bare years.

    Raises
    ------
    InputError
        Two columns hold one thing, a unit is not stated, or no quantity is there.
    """
    if not layout.of("year"):
        # beside columns of years, one without a year is a total over them
        kept = (
            replace(c, role="") if c.role in ("amount", *QUANTITIES) and not c.year else c
            for c in layout.columns
        )
        layout = replace(layout, columns=tuple(kept))
    seen: dict[tuple[str, int | None], Column] = {}
    for column in layout.columns:
        before = seen.setdefault((column.role, column.year), column)
        if before is not column and column.role:
            raise InputError(
                f"{where}: columns {before.index + 1} and {column.index + 1} are both taken for"
                f" {column.role} ({before.header!r}, {column.header!r}); name one, for example"
                f" --map {column.role}=#{before.index + 1}."
            )
    layout = _with_bare_years(layout, where)
    for column in layout.of("amount"):
        name = without_year(column.header) if column.year else column.header
        _ask_unit(where, column.header, name or YEARS)
    roles = {column.role for column in layout.columns}
    units = roles & {*UNITS_NOK}
    if len(units) > 1:
        raise InputError(
            f"{where}: amounts stand in more than one unit ({', '.join(sorted(units))}); name one"
            " of them with --map."
        )
    if not roles & {*QUANTITIES} and not {"quantity", "value"} <= roles:
        raise InputError(
            f"{where}: no column is recognised as loans or amounts; name one, for example"
            " --map loans=Antall or --map amount_1000_nok=Beløp."
        )
    return layout


def _ask_unit(where: str, header: str, name: str) -> None:
    raise InputError(
        f"{where}: {header!r} does not say whether it is in NOK, thousands or millions; say so"
        f" with --map amount_nok={name!r}, amount_1000_nok={name!r} or amount_million_nok={name!r}."
    )


def _with_bare_years(layout: Layout, where: str) -> Layout:
    """Settle what columns hold whose whole header is a year."""
    if not layout.of("bare"):
        return layout
    if layout.of("quantity"):
        role, assumed = "value", False
    elif layout.of("year"):
        role, assumed = "", False
    else:
        stated = stated_by(layout.titles)
        if stated == "amount":
            _ask_unit(where, layout.titles.strip(), YEARS)
        role, assumed = stated or "loans", stated is None
    columns = tuple(replace(c, role=role) if c.role == "bare" else c for c in layout.columns)
    return replace(layout, columns=columns, assumed=assumed)
