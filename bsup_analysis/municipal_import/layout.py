"""Where a table begins and what its columns hold, by the words of their headers or by `--map`.

What is not recognised is left alone and listed; what could be two things is asked about.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import Cell, plain
from bsup_analysis.municipal_import.reading import RawTable, is_blank

# how many NOK one unit of each kind of amount column is
UNITS_NOK = {"amount_nok": 1, "amount_1000_nok": 1_000, "amount_million_nok": 1_000_000}
QUANTITIES = ("loans", *UNITS_NOK)
ROLES = ("municipality", "name", "year", *QUANTITIES, "quantity", "value")
# what --map calls the columns whose whole header is a year
YEARS = "years"
# a header stands near the top: below a title, a unit, an empty row
FIRST_ROWS = 30

_YEAR = re.compile(r"(?<!\d)(?:19[89]\d|20[0-3]\d)(?!\d)")
_NUMBER_WORDS = r"(nr|nummer|kode|code|number|no|id)"
_ROLES = {
    "place_code": rf"(kommune|municipality|komm?|region)\s?{_NUMBER_WORDS}|knr|kode",
    "place_name": r"(kommune|municipality|region)\s?(navn|namn|name)|navn|namn|name",
    "place": r"kommuner?|kommunar|kommune ?(nr|nummer)? og navn|municipalit(y|ies)|region",
    "year": r"år|aar|year|tid|time|årstall?|årgang|kalenderår|calendar year|budsjettår",
    "quantity": r"statistikkvariabel|variabel|variable|contents|quantity|measure|måltall|størrelse",
    "value": r"value|verdi|tall|figure",
}
_ROLE = {name: re.compile(pattern) for name, pattern in _ROLES.items()}
# averages, shares and changes of what is asked for, and columns of our own tables
_OTHER = re.compile(
    r"gjennomsnitt|average|mean|snitt|\bper\b|\bpr\b|andel|prosent|percent|%|share|\brate"
    r"|endring|change|vekst|growth|innbygger|inhabitant|befolkning|population|folketal"
    r"|\blow\b|\bhigh\b|\brows?\b|\brad|kilde|source|definition|definisjon"
)
_AMOUNT = re.compile(r"beløp|belop|amount|\bkr\b|kroner|\bnok\b|\bmill|utbetalt|volum|\btkr\b|mnok")
_COUNT = re.compile(
    r"antall|antal\b|tal på|number of|^number$|\bcount\b|\bloans?\b|lån\b|dwelling|bolig"
)
_UNITS = {
    "amount_million_nok": re.compile(r"\bmill|\bmnok\b|1 ?000 ?000\b"),
    "amount_1000_nok": re.compile(r"1 ?000\b|tusen|thousand|\btkr\b|\bknok\b"),
    "amount_nok": re.compile(r"\bkr\b|kroner|\bnok\b"),
}


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


def simple(text: Cell) -> str:
    """Give a header without case, underscores and punctuation."""
    return " ".join(re.sub(r"[_:;,./()\[\]\-]+", " ", plain(text).casefold()).split())


def year_in(header: Cell) -> int | None:
    """Give the one year a header names."""
    years = set(_YEAR.findall(plain(header)))
    return int(years.pop()) if len(years) == 1 else None


def without_year(header: Cell) -> str:
    """Give a header, simplified, without the year in it."""
    return simple(_YEAR.sub(" ", plain(header)))


def quantity_of(text: Cell) -> str | None:
    """Tell what a header, or a cell that names a quantity, is about.

    Returns
    -------
    str or None
        `loans`; an amount with its unit; `amount` where no unit is stated; None for anything
        else (an average, a share, a change).
    """
    words = simple(text)
    if _OTHER.search(words):
        return None
    if _AMOUNT.search(words):
        units = (unit for unit, pattern in _UNITS.items() if pattern.search(words))
        return next(units, "amount")
    return "loans" if _COUNT.search(words) else None


def role_of(header: Cell) -> str:
    """Tell a column's role from its header; `bare` is a year alone, empty is not recognised."""
    words = without_year(header) if year_in(header) else simple(header)
    if not words:
        return "bare" if year_in(header) else ""
    if not year_in(header):
        for role, pattern in _ROLE.items():
            if pattern.fullmatch(words):
                return role
    if len(set(_YEAR.findall(plain(header)))) > 1:
        return ""
    return quantity_of(words) or ""


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
                return Layout(number, last, _settled(columns, table.where(last)))
    raise refused or InputError(
        f"{table.where()} has no header row with a municipality and a year (or years as columns)"
        " that is recognised; name the columns, for example --map municipality=Kommunenr"
        " --map year=Aar --map loans=Lån."
    )


def _joined(upper: Sequence[str], lower: Sequence[Cell]) -> list[str] | None:
    """Join two header rows, quantities above years or years above quantities."""
    second = [plain(cell) for cell in lower]
    named = all(role_of(text) for text in second if text)
    if not named or not any(map(year_in, (*upper, *second))):
        return None
    joined, above = [], ""
    for top, bottom in zip_longest(upper, second, fillvalue=""):
        if year_in(top) and year_in(bottom):
            return None
        above = top or above
        joined.append(f"{above} {bottom}" if bottom and bottom != above else top)
    return joined


def _columns(headers: Sequence[str], mapping: Mapping[str, str], table: RawTable) -> list[Column]:
    """Give each column its role: the reader's, else the header's."""
    named: dict[int, str] = {}
    for role, header in mapping.items():
        named |= dict.fromkeys(_find(headers, role, header, table), role)
    taken = {"amount", *UNITS_NOK} if {*named.values()} & {*UNITS_NOK} else set()
    taken |= set(named.values())
    roles = [named.get(i, role_of(header)) for i, header in enumerate(headers)]
    roles = ["" if i not in named and role in taken else role for i, role in enumerate(roles)]
    # a code names the municipality rather than a name, which then checks it
    kinds = [kind for kind in ("place_code", "place", "place_name") if kind in roles]
    free = [role for role in ("municipality", "name") if role not in roles]
    place: dict[str, str] = {**dict.fromkeys(kinds, ""), **dict(zip(kinds, free, strict=False))}
    return [
        Column(
            i,
            header,
            place.get(role, role),
            year_in(header) if role in {"bare", "amount", *QUANTITIES} else None,
        )
        for i, (header, role) in enumerate(zip(headers, roles, strict=True))
    ]


def _find(headers: Sequence[str], role: str, header: str, table: RawTable) -> list[int]:
    """Find the column, or the columns of years, that the reader named."""
    wanted = simple(header)
    place = re.fullmatch(r"#(\d+)", header)
    found = [
        i
        for i, text in enumerate(headers)
        if (int(place[1]) == i + 1 if place else simple(text) == wanted)
    ]
    if len(found) > 1:
        raise InputError(
            f"{table.where()} has {len(found)} columns called {header!r}; name one by its place,"
            f" for example --map {role}=#{found[0] + 1}."
        )
    bare = "" if wanted == YEARS else wanted
    found = found or [
        i for i, text in enumerate(headers) if year_in(text) and without_year(text) == bare
    ]
    if not found:
        raise InputError(
            f"{table.where()} has no column {header!r} for {role}; its first row has:"
            f" {', '.join(filter(None, headers))}."
        )
    return found


def _settled(columns: Sequence[Column], where: str) -> tuple[Column, ...]:
    """Refuse what is there twice, ask for what is not stated, read columns of bare years."""
    roles = {column.role for column in columns}
    if "year" not in roles:
        # beside columns of years, one without a year is a total over them
        columns = [
            replace(c, role="") if c.role in ("amount", *QUANTITIES) and not c.year else c
            for c in columns
        ]
    seen: dict[tuple[str, int | None], Column] = {}
    for column in columns:
        before = seen.setdefault((column.role, column.year), column)
        if before is not column and column.role:
            raise InputError(
                f"{where}: columns {before.index + 1} and {column.index + 1} are both taken for"
                f" {column.role} ({before.header!r}, {column.header!r}); name one, for example"
                f" --map {column.role}=#{before.index + 1}."
            )
    if "bare" in roles and not roles & {"quantity", "year"}:
        raise InputError(
            f"{where}: the columns of years do not say what they hold; say so with --map"
            f" loans={YEARS} or --map amount_1000_nok={YEARS}."
        )
    # below years alone, the rows name the quantity
    bare = "value" if "quantity" in roles else ""
    settled = tuple(replace(c, role=bare) if c.role == "bare" else c for c in columns)
    roles = {column.role for column in settled}
    for column in settled:
        if column.role == "amount":
            name = (without_year(column.header) if column.year else column.header) or YEARS
            raise InputError(
                f"{where}: {column.header!r} does not say whether it is in NOK, thousands or"
                f" millions; say so with --map amount_nok={name!r}, amount_1000_nok={name!r} or"
                f" amount_million_nok={name!r}."
            )
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
    return settled
