"""Where a table begins and what its columns hold, by the words of their headers or by `--map`.

A column that is neither used nor known to be harmless is asked about, and so is what could be
two things.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import Cell, option, plain, shown
from bsup_analysis.municipal_import.reading import RawTable, is_blank
from bsup_analysis.municipal_import.vocabulary import (
    OTHER,
    QUANTITIES,
    UNITS_NOK,
    divides_years,
    head_of,
    is_harmless,
    kinds_of_numbers,
    known_part,
    part_of_year,
    quantity_of,
    role_of,
    simple,
)

ROLES = ("municipality", "name", "county", "year", *QUANTITIES, "quantity", "value")
# what --map calls the columns whose whole header is a year
YEARS = "years"
# a header stands near the top: below a title, a unit, an empty row
FIRST_ROWS = 30
_PLACES = re.compile(r"#\d+(?:,#\d+)*")


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
        One of `ROLES`, or empty where it is not used.
    year
        The year its header names, for a table with years as columns.
    named
        Whether the reader named it with `--map`.
    known
        Whether it is understood, used or not.
    """

    index: int
    header: str
    role: str
    year: int | None = None
    named: bool = False
    known: bool = False


@dataclass(frozen=True)
class Layout:
    """Where the table begins and what its columns are.

    Parameters
    ----------
    first, last
        Row numbers of the first and the last header row.
    columns
        All columns, used or not.
    """

    first: int
    last: int
    columns: tuple[Column, ...]

    def of(self, *roles: str) -> tuple[Column, ...]:
        """Give the columns of some roles."""
        return tuple(column for column in self.columns if column.role in roles)

    def map_option(self, role: str, columns: Sequence[Column]) -> str:
        """Write the `--map` option that names some columns."""
        return _map_option(role, columns, self.columns)


@dataclass(frozen=True)
class Choices:
    """What the reader has said of the columns.

    Parameters
    ----------
    mapping
        Role to header (or `#` and the column's number, several behind commas): `--map`.
    ignored
        Headers, or names of quantities, to be left out: `--ignore`.
    accepted
        Words and marks that are harmless here: `--accept`.
    """

    mapping: Mapping[str, str]
    ignored: Collection[str] = ()
    accepted: Collection[str] = ()

    def ignores(self, index: int, header: str) -> bool:
        """Tell whether the reader leaves a column out."""
        own = {f"#{index + 1}", simple(header)} - {""}
        return any(one in own or simple(one) in own for one in self.ignored)

    def accepts(self, word: str) -> bool:
        """Tell whether the reader takes a word or mark to be harmless."""
        return plain(word).casefold() in {plain(one).casefold() for one in self.accepted}

    def read(self, header: str) -> str:
        """Give a header without what the reader accepts beside its year."""
        named = head_of(header).year and self.accepts(header) and not part_of_year(header)
        return known_part(header) if named else header


def mapping_of(options: Sequence[str]) -> dict[str, str]:
    """Read `--map role=header` options.

    Raises
    ------
    InputError
        An option has another form, an unknown role, or a role is named twice.
    """
    mapping: dict[str, str] = {}
    for given in options:
        role, equals, header = given.partition("=")
        role = role.strip()
        if not equals or not header.strip():
            raise InputError(f"--map {given}: write --map ROLE=HEADER; ROLE is {', '.join(ROLES)}.")
        if role in mapping:
            raise InputError(f"--map {role}=... is given twice; keep one of them.")
        mapping[role] = header.strip()
    return mapping


def find_layout(table: RawTable, choices: Choices) -> Layout:
    """Find the header row, or pair of rows, and what each column holds.

    Parameters
    ----------
    table
        The file's rows.
    choices
        What the reader has said.

    Raises
    ------
    InputError
        No header row is found, a column is there twice or is not understood, or a unit is not
        stated.
    """
    for role in choices.mapping:
        if role not in ROLES:
            raise InputError(f"--map {role}=...: there is no {role!r}; it is {', '.join(ROLES)}.")
    refused: InputError | None = None
    for number, row in enumerate(table.rows[:FIRST_ROWS], start=1):
        if is_blank(row):
            continue
        headers = [choices.read(plain(cell)) for cell in row]
        below = table.rows[number] if number < len(table.rows) else ()
        single = headers if len({*filter(None, headers)}) > 1 else None
        for last, found in ((number + 1, _joined(headers, below)), (number, single)):
            if found is None:
                continue
            candidate = [choices.read(header) for header in found]
            try:
                columns = _columns(candidate, choices, table)
            except InputError as error:
                refused = refused or error
                continue
            roles = {column.role for column in columns}
            years = "year" in roles or any(c.year for c in columns if c.role)
            if "municipality" in roles and years:
                return Layout(number, last, _settled(columns, table, last, choices))
            of_data = any(h.isdigit() and not head_of(h).year for h in candidate)
            if not of_data and (
                years or ("municipality" in roles and roles & {*QUANTITIES, "amount"})
            ):
                refused = refused or _lacks(
                    table, last, "municipality" if years else "year", columns
                )
    raise refused or InputError(
        f"{table.where()} has no header row with a municipality and a year (or years as columns)"
        " that is recognised; give the table a row of headers, such as Kommunenr, År, Antall."
    )


def _lacks(table: RawTable, last: int, role: str, columns: Sequence[Column]) -> InputError:
    """Say which column may be the missing one: the first of names or codes not understood."""
    below = next((row for row in table.rows[last:] if not is_blank(row)), ())
    free = [
        column
        for column, cell in zip(columns, below, strict=False)
        if not column.role and not column.known and re.search(r"[^\W\d]|\d{4}", plain(cell))
    ]
    do = f"say which column it is with {_map_option(role, free[:1], columns)}" if free else "add it"
    return InputError(f"{table.where(last)} is a header without a {role}; {do}.")


def _joined(upper: Sequence[str], lower: Sequence[Cell]) -> list[str] | None:
    """Join two header rows, quantities above years or years above quantities.

    One text alone above the first column is a title, which says nothing of single columns.
    """
    second = [plain(cell) for cell in lower]
    title = upper[0] and len({*filter(None, upper)}) == 1
    named = all(role_of(text) for text in second if text)
    if title or not named or not any(head_of(text).year for text in (*upper, *second)):
        return None
    joined, above = [], ""
    for top, bottom in zip_longest(upper, second, fillvalue=""):
        if head_of(top).year and head_of(bottom).year:
            return None
        above = top or above
        joined.append(f"{above} {bottom}".strip() if bottom and bottom != above else top)
    return joined


def _columns(headers: Sequence[str], choices: Choices, table: RawTable) -> list[Column]:
    """Give each column its role: the reader's, else the header's."""
    named: dict[int, str] = {}
    for role, header in choices.mapping.items():
        named |= dict.fromkeys(_find(headers, role, header, table, choices), role)
    taken = {"amount", *UNITS_NOK} if {*named.values()} & {*UNITS_NOK} else set()
    taken |= {*named.values()} - {"county"}
    own = [role_of(header) for header in headers]
    # another year's column keeps what its header says
    chosen = {head_of(headers[i]).year for i in named}
    left_out = {i for i, header in enumerate(headers) if choices.ignores(i, header)}
    roles = [
        ""
        if i in left_out
        else named.get(i, "" if role in taken and head_of(headers[i]).year in chosen else role)
        for i, role in enumerate(own)
    ]
    # a code names the municipality rather than a name, which then checks it
    kinds = [k for k in ("place_code", "place", "place_name", "region") if k in roles]
    free = [role for role in ("municipality", "name") if role not in roles]
    place: dict[str, str] = {**dict.fromkeys(kinds, ""), **dict(zip(kinds, free, strict=False))}
    found = []
    for i, (header, role) in enumerate(zip(headers, roles, strict=True)):
        used = place.get(role, role)
        year = head_of(header).year if used in {"bare", "amount", *QUANTITIES} else None
        # what the reader did not choose is known for what it is
        known = bool(used) or i in left_out or own[i] in taken & {"amount", *QUANTITIES}
        found.append(Column(i, header, used, year, i in named, known))
    return found


def _find(
    headers: Sequence[str], role: str, header: str, table: RawTable, choices: Choices
) -> list[int]:
    """Find the column, or the columns of years, that the reader named."""
    wanted = simple(choices.read(header))
    bare = "" if header == YEARS else wanted
    if _PLACES.fullmatch(header):
        found = [i for i in range(len(headers)) if f"#{i + 1}" in header.split(",")]
        return _found(found, headers, role, header, table)
    found = [i for i, text in enumerate(headers) if simple(text) == wanted]
    if len(found) > 1:
        raise InputError(
            f"{table.where()} has {len(found)} columns called {header!r}; name one by its place,"
            f" for example {option('--map', f'{role}=#{found[0] + 1}')}."
        )
    heads = [head_of(text) for text in headers]
    found = found or [i for i, head in enumerate(heads) if head.year and head.words == bare]
    return _found(found, headers, role, header, table)


def _found(
    found: list[int], headers: Sequence[str], role: str, header: str, table: RawTable
) -> list[int]:
    if not found:
        raise InputError(
            f"{table.where()} has no column {header!r} for {role}; its first row has:"
            f" {', '.join(filter(None, headers))}."
        )
    return found


def _map_option(role: str, some: Sequence[Column], columns: Sequence[Column]) -> str:
    """Write the `--map` option for some columns: by their common name, else by their places."""
    heads = Counter(simple(column.header) for column in columns)
    stems = {head_of(column.header).words for column in some}
    years = [c for c in columns if c.year and head_of(c.header).words in stems]
    if len(some) == 1 and 0 < len(some[0].header) <= 40 and heads[simple(some[0].header)] == 1:
        name = some[0].header
    elif len(stems) == 1 and years == list(some):
        name = next(iter(stems)) or YEARS
    else:
        name = ",".join(f"#{column.index + 1}" for column in some)
    return option("--map", f"{role}={name}")


def _ways(roles: Iterable[str], some: Sequence[Column], columns: Sequence[Column]) -> str:
    """Write the `--map` options that name some columns as one role or another."""
    *ways, last = [_map_option(role, some, columns) for role in roles]
    return f"{', '.join(ways)} or {last}" if ways else last


def _settled(
    columns: Sequence[Column], table: RawTable, last: int, choices: Choices
) -> tuple[Column, ...]:
    """Refuse what is there twice, ask for what is not stated, read columns of bare years."""
    where = table.where(last)
    roles = {column.role for column in columns}
    if "year" not in roles:
        # beside columns of years, one without a year is a total over them
        columns = [
            replace(c, role="", known=c.named)
            if c.role in ("amount", *QUANTITIES) and not c.year
            else c
            for c in columns
        ]
    elif with_year := [c for c in columns if c.year and c.role not in ("", "bare")]:
        ignore = [_ignore(c, columns) for c in columns if c.role == "year" or c is with_year[0]]
        raise InputError(
            f"{where}: years stand in a column and in the header {shown(with_year[0].header)};"
            f" leave one of the two out with {' or '.join(ignore)}."
        )
    _refuse_twice(columns, where)
    roles = {column.role for column in columns}
    if "bare" in roles and not roles & {"quantity", "year"}:
        bare = [column for column in columns if column.role == "bare"]
        years = {column.year for column in bare}
        held = {c.role for c in columns if c.year in years}
        kinds = [] if "loans" in held else ["loans"]
        kinds += [] if held & {"amount", *UNITS_NOK} else UNITS_NOK
        if kinds:
            raise InputError(
                f"{where}: the columns of years do not say what they hold; say so with"
                f" {_ways(kinds, bare, columns)}."
            )
    # below years alone, the rows name the quantity
    value = "value" if "quantity" in roles else ""
    settled = [
        replace(c, role=value, known=bool(value)) if c.role == "bare" else c for c in columns
    ]
    _ask_for_unit(settled, where)
    _ask_for_unknown(settled, table, last, choices)
    roles = {column.role for column in settled}
    if not roles & {*QUANTITIES} and not {"quantity", "value"} <= roles:
        others = [c for c in settled if not c.role and quantity_of(c.header) == OTHER]
        way = "a header such as Antall lån"
        if others:
            way = _ways(kinds_of_numbers(others[0].header), others[:1], columns)
        told = "".join(f" ({shown(c.header)} is something else)" for c in others[:1])
        raise InputError(
            f"{where}: no column is recognised as loans or amounts{told}; if one holds start loans"
            f" paid out, name it with {way}."
        )
    return tuple(settled)


def _refuse_twice(columns: Sequence[Column], where: str) -> None:
    """Refuse two columns for one thing, and say how to choose."""
    groups: dict[str, list[list[Column]]] = {}
    for column in columns:
        if column.role in ("", "county"):
            continue
        sets = groups.setdefault(column.role, [])
        free = [one for one in sets if column.year not in {c.year for c in one}]
        if free:
            free[0].append(column)
        else:
            sets.append([column])
    for role, sets in groups.items():
        if len(sets) == 1:
            continue
        first, second = sets[0], sets[1]
        twice = next(c for c in first if c.year == second[0].year)
        both = f"{where}: columns {twice.index + 1} and {second[0].index + 1} are both taken for"
        if role == "bare":
            ways = [f"loans={_places(first)}", f"amount_nok={_places(second)}"]
            raise InputError(
                f"{both} {twice.year} and do not say what they hold; name them by place, as with"
                f" {' '.join(option('--map', way) for way in ways)}."
            )
        named = role if role in ROLES else "amount_nok"
        ways = [option("--map", f"{named}={_places(one)}") for one in (first, second)]
        raise InputError(
            f"{both} {role} ({twice.header!r}, {second[0].header!r}); name one, with"
            f" {' or '.join(ways)}."
        )


def _places(columns: Sequence[Column]) -> str:
    return ",".join(f"#{column.index + 1}" for column in columns)


def _ask_for_unit(columns: Sequence[Column], where: str) -> None:
    """Ask for the unit of amounts that state none, or more than one."""
    unclear = [column for column in columns if column.role == "amount"]
    amounts = [column for column in columns if column.role in UNITS_NOK]
    units = [unit for unit in UNITS_NOK if any(c.role == unit for c in amounts)]
    if unclear:
        raise InputError(
            f"{where}: {shown(unclear[0].header)} does not say whether it is in NOK, thousands or"
            f" millions; say so with {_ways(UNITS_NOK, unclear, columns)}."
        )
    if len({c.year for c in amounts}) < len({(c.year, c.role) for c in amounts}):
        ways = [_map_option(u, [c for c in columns if c.role == u], columns) for u in units]
        raise InputError(
            f"{where}: amounts stand in more than one unit ({', '.join(units)}); name one of them"
            f" with {' or '.join(ways)}."
        )


def _ignore(column: Column, columns: Sequence[Column]) -> str:
    """Write the `--ignore` option that leaves a column out."""
    alone = sum(simple(c.header) == simple(column.header) for c in columns) == 1
    short = 0 < len(column.header) <= 40 and simple(column.header)
    return option("--ignore", column.header if alone and short else f"#{column.index + 1}")


def _ask_for_unknown(
    columns: Sequence[Column], table: RawTable, last: int, choices: Choices
) -> None:
    """Ask about years with a mark, and about columns that are not used and may matter."""
    where = table.where(last)
    of_years = any(column.year and column.role for column in columns)
    for column in columns:
        head, named = head_of(column.header), shown(column.header)
        ignore = _ignore(column, columns)
        cells = [row[column.index] for row in table.rows[last:] if column.index < len(row)]
        first = next(filter(None, map(plain, cells)), None)
        if first is None:
            continue
        parts = divides_years(column.header) or (not column.header and part_of_year(first))
        if column.role in ("", *QUANTITIES) and parts:
            raise InputError(
                f"{where}: {named} divides the years; add the rows up to whole years, without"
                " that column."
            )
        of_numbers = re.match(r"[-+]?\d|[.:-]+$", first) is not None
        if not column.role and (column.known or is_harmless(column.header, of_years, of_numbers)):
            continue
        if part_of_year(column.header):
            raise InputError(
                f"{where}: {named} is not one whole year; add up to whole years, or leave it out"
                f" with {ignore}."
            )
        known = known_part(column.header)
        other = of_years and not column.role and known != simple(column.header)
        if (head.mark and column.role) or (other and role_of(known)):
            raise InputError(
                f"{where}: {named} is not quite a year; read it as {head.year} with"
                f" {option('--accept', column.header)}, or leave it out with {ignore}."
            )
        if not column.role:
            kinds = kinds_of_numbers(column.header, first)
            way = f", or name it with {_ways(kinds, [column], columns)}"
            free = of_numbers and not {*kinds} & {c.role for c in columns}
            named = named if column.header else "without a header"
            raise InputError(
                f"{where}: column {column.index + 1} ({named}) is not understood and may divide"
                f" the loans; leave it out with {ignore}"
                f"{way if free else ''}."
            )
