"""What the columns of a file hold: words of their headers, years, units; and what is not stated."""

import re
from dataclasses import dataclass, replace

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import Cell, plain

# how many NOK one unit of each kind of amount column is
UNITS_NOK = {"amount_nok": 1, "amount_1000_nok": 1_000, "amount_million_nok": 1_000_000}
QUANTITIES = ("loans", *UNITS_NOK)

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
        One of `bsup_analysis.municipal_import.columns.ROLES`, or empty where it is not used.
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
    """

    header_row: int
    columns: tuple[Column, ...]

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
    role = "value" if layout.of("quantity") else ""
    if layout.of("bare") and not role and not layout.of("year"):
        raise InputError(
            f"{where}: the columns of years do not say what they hold; say so with --map"
            f" loans={YEARS} or --map amount_1000_nok={YEARS}."
        )
    columns = tuple(replace(c, role=role) if c.role == "bare" else c for c in layout.columns)
    return replace(layout, columns=columns)
