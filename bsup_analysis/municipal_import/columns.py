"""Finding the columns: by the words of their headers, else by a mapping given by name.

What is not recognised is left alone and listed; what could be two things is asked about.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import Cell, RawTable, is_blank, plain
from bsup_analysis.municipal_import.layout import (
    QUANTITIES,
    UNITS_NOK,
    YEARS,
    Column,
    Layout,
    role_of,
    settled,
    simple,
    without_year,
    year_in,
)

ROLES = ("municipality", "name", "year", *QUANTITIES, "quantity", "value")
# a header stands near the top: below a title, a unit, an empty row
FIRST_ROWS = 30
_PLACES = ("place_code", "place", "place_name")


def mapping_of(options: Sequence[str]) -> dict[str, str]:
    """Read `--map role=header` options.

    Raises
    ------
    InputError
        An option has another form, an unknown role, or a role is named twice.
    """
    mapping: dict[str, str] = {}
    for option in options:
        role, equals, header = option.partition("=")
        role = role.strip()
        if not equals or not header.strip():
            raise InputError(
                f"--map {option}: write --map role=header, for example --map year=Aar."
            )
        if role in mapping:
            raise InputError(f"--map {role}=... is given twice; keep one of them.")
        mapping[role] = header.strip()
    return mapping


def find_layout(table: RawTable, mapping: Mapping[str, str]) -> Layout:
    """Find the header row, or pair of rows, and what each column holds.

    Parameters
    ----------
    table
        The file's rows.
    mapping
        Role to header (or `#` and the column's number), as given with `--map`.

    Raises
    ------
    InputError
        No header row is found, a column is there twice, or a unit is not stated.
    """
    for role in mapping:
        if role not in ROLES:
            raise InputError(f"--map {role}=...: there is no {role!r}; it is {', '.join(ROLES)}.")
    refused: InputError | None = None
    for number, row in enumerate(table.rows[:FIRST_ROWS], start=1):
        if is_blank(row):
            continue
        headers = [plain(cell) for cell in row]
        below = table.rows[number] if number < len(table.rows) else ()
        for last, candidate in ((number + 1, _joined(headers, below)), (number, headers)):
            if candidate is None:
                continue
            try:
                columns = _columns(candidate, mapping, table)
            except InputError as error:
                refused = refused or error
                continue
            roles = {column.role for column in columns}
            if "municipality" in roles and ("year" in roles or any(c.year for c in columns)):
                return settled(Layout(last, columns), table.where(last))
    raise refused or InputError(
        f"{table.where()} has no header row with a municipality and a year (or years as columns)"
        " that is recognised; name the columns, for example --map municipality=Kommunenr"
        " --map year=Aar --map loans=Lån."
    )


def _joined(upper: Sequence[str], lower: Sequence[Cell]) -> list[str] | None:
    """Join two header rows, quantities above years or years above quantities."""
    second = [plain(cell) for cell in lower]
    if not any(map(year_in, (*upper, *second))) or any(
        text and not role_of(text) for text in second
    ):
        return None
    joined, above = [], ""
    for i in range(max(len(upper), len(second))):
        top = upper[i] if i < len(upper) else ""
        bottom = second[i] if i < len(second) else ""
        if top and bottom and year_in(top) and year_in(bottom):
            return None
        above = top or above
        joined.append(f"{above} {bottom}" if bottom and bottom != above else top)
    return joined


def _columns(
    headers: Sequence[str], mapping: Mapping[str, str], table: RawTable
) -> tuple[Column, ...]:
    """Give each column its role: the reader's, else the header's."""
    named: dict[int, str] = {}
    for role, header in mapping.items():
        named |= dict.fromkeys(_find(headers, role, header, table), role)
    taken = {"amount", *UNITS_NOK} if {*named.values()} & {*UNITS_NOK} else set()
    taken |= set(named.values())
    columns = []
    for i, header in enumerate(headers):
        role = named.get(i, role_of(header))
        if i not in named and role in taken:
            role = ""
        year = year_in(header) if role in {"bare", "amount", *QUANTITIES} else None
        columns.append(Column(i, header, role, year))
    return _with_places(columns)


def _find(headers: Sequence[str], role: str, header: str, table: RawTable) -> list[int]:
    """Find the column, or the columns of years, that the reader named."""
    place = re.fullmatch(r"#(\d+)", header.strip())
    wanted = simple(header)
    found = [
        i
        for i, text in enumerate(headers)
        if (int(place[1]) == i + 1 if place else simple(text) == wanted)
    ]
    if not found:
        bare = "" if wanted == YEARS else wanted
        found = [
            i for i, text in enumerate(headers) if year_in(text) and without_year(text) == bare
        ]
    elif len(found) > 1:
        raise InputError(
            f"{table.where()} has {len(found)} columns called {header!r}; name one by its place,"
            f" for example --map {role}=#{found[0] + 1}."
        )
    if not found:
        raise InputError(
            f"{table.where()} has no column {header!r} for {role}; its first row has:"
            f" {', '.join(filter(None, headers))}."
        )
    return found


def _with_places(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Let a code name the municipality rather than a name, which then checks it."""
    there = {column.role for column in columns}
    kinds = [kind for kind in _PLACES if kind in there]
    roles = [role for role in ("municipality", "name") if role not in there]
    settled = dict(zip(kinds, roles, strict=False))
    return tuple(
        replace(c, role=settled.get(c.role, "")) if c.role in _PLACES else c for c in columns
    )
