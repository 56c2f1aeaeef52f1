"""What each row of a file is: municipality, year and cells, in the borders of 2009.

Long or wide, a file becomes one list of entries; each is mapped to the municipalities of 2009 by
the codes of its own year, or of the one year that the reader names.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import Cell, is_unknown, option, plain, shown
from bsup_analysis.municipal_import.layout import Choices, Column, Layout
from bsup_analysis.municipal_import.municipalities import (
    FIRST_YEAR,
    LAST_YEAR,
    Codes,
    DoubtError,
    Places,
)
from bsup_analysis.municipal_import.reading import RawTable, is_blank
from bsup_analysis.municipal_import.vocabulary import (
    OTHER,
    QUANTITIES,
    head_of,
    part_of_year,
    quantity_of,
    simple,
)

# all that a row says of its municipality: label, name beside a code, counties
Place = tuple[str, str, tuple[str, ...]]


class Entry(NamedTuple):
    """One row of the file for one year.

    Parameters
    ----------
    row
        Row number in the file.
    label, name, counties
        What the row calls the municipality, the name beside a code, and what it says of the county.
    year
        The year as it stands.
    cells
        Cell by quantity (`loans`, `amount_nok`, ...).
    """

    row: int
    label: str
    name: str
    counties: tuple[str, ...]
    year: str
    cells: Mapping[str, Cell]

    @property
    def place(self) -> Place:
        """All that the row says of the municipality."""
        return self.label, self.name, self.counties

    @property
    def empty(self) -> bool:
        """Whether no cell holds a number."""
        return all(is_unknown(cell) for cell in self.cells.values())

    @property
    def nothing(self) -> bool:
        """Whether no cell holds a number other than zero, or hides one."""
        held = [plain(cell) for cell in self.cells.values() if plain(cell) != "0"]
        return ":" not in held and all(map(is_unknown, held))


class Rejected(NamedTuple):
    """A row of the file that is not used, and why."""

    row: int
    reason: str
    content: str


class Mapped(NamedTuple):
    """An entry with its year, the code it stands under and the municipality of 2009 that is in."""

    entry: Entry
    year: int
    code: str
    codes_of: int
    unit: str


def entries(
    table: RawTable, layout: Layout, choices: Choices
) -> tuple[list[Entry], list[Rejected], int]:
    """Lay the rows out, one entry a row and year.

    Parameters
    ----------
    table
        The file's rows.
    layout, choices
        What its columns hold, and what the reader has said of them.

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
    labels = layout.of("municipality", "name", "year", "quantity")
    held = layout.of(*QUANTITIES, "value")
    of_county = layout.of("county")
    for number, row in enumerate(table.rows, start=1):
        if layout.first <= number <= layout.last or is_blank(row):
            continue
        rows += 1
        if number < layout.first:
            rejected.append(Rejected(number, "above the header", _content(row)))
            continue
        if any(map(plain, row[width:])):
            raise InputError(
                f"{table.where(number)} has {len(row)} fields where the header has {width}; look"
                " for a stray separator, or a decimal comma that is not quoted."
            )
        if len(row) < width and sum(map(bool, map(plain, row))) > 1:
            raise InputError(
                f"{table.where(number)} has {len(row)} fields where the header has {width}; the"
                " file may be cut off: export it again."
            )
        filled = [*row, *[""] * (width - len(row))]
        stated = {column.role: plain(filled[column.index]) for column in labels}
        counties = tuple(filter(None, (plain(filled[c.index]) for c in of_county)))
        own = list(_of_row(number, filled, stated, counties, held, table, choices))
        if own[0].label.startswith("#") and not all(entry.empty for entry in own):
            raise InputError(
                f"{table.where(number)}: {shown(own[0].label)} is an error of the program that"
                " wrote it; write the municipality."
            )
        if own[0].label:
            found += own
        elif all(entry.empty for entry in own):
            rejected.append(Rejected(number, "no municipality", _content(row)))
        elif any(map(part_of_year, row)):
            raise InputError(f"{table.where(number)} divides years; give a table of whole years.")
        else:
            raise InputError(
                f"{table.where(number)} has numbers but no municipality; name it, or delete the"
                " row."
            )
    return found, rejected, rows


def _content(row: Sequence[Cell]) -> str:
    """Give a row's text for a list of rejected rows, at most 80 characters."""
    text = " | ".join(filter(None, map(plain, row)))
    return text if len(text) <= 80 else text[:77] + "..."


def _of_row(
    number: int,
    row: Sequence[Cell],
    stated: Mapping[str, str],
    counties: tuple[str, ...],
    held: Sequence[Column],
    table: RawTable,
    choices: Choices,
) -> Iterator[Entry]:
    """Give a row's entries: one, or one for each year that has a column."""
    name, own_year = stated.get("name", ""), stated.get("year", "")
    # a total often stands in the column of names alone
    label = stated["municipality"] or name
    cells: dict[str, dict[str, Cell]] = {}
    for column in held:
        quantity, cell = column.role, row[column.index]
        if quantity == "value":
            quantity = _quantity(stated.get("quantity", ""), cell, table.where(number), choices)
        if quantity:
            year = str(column.year) if column.year else own_year
            cells.setdefault(year, {})[quantity] = cell
    for year, of_year in (cells or {own_year: {}}).items():
        yield Entry(number, label, name, counties, year, of_year)


def _quantity(stated: str, cell: Cell, where: str, choices: Choices) -> str:
    """Read the quantity that a row names; empty where it is none of those asked for."""
    quantity = quantity_of(stated)
    if quantity == "amount":
        raise InputError(
            f"{where}: {shown(stated)} does not say whether it is in NOK, thousands or millions;"
            " write it into the name of the quantity, for example 'Beløp (1000 kr)'."
        )
    if not stated and not is_unknown(cell):
        raise InputError(f"{where} has a number but does not say of what; name the quantity.")
    if stated and not quantity and simple(stated) not in map(simple, choices.ignored):
        raise InputError(
            f"{where}: the quantity {shown(stated)} is not understood; leave its rows out with"
            f" {option('--ignore', stated)}, or call it, for example, 'Antall lån'."
        )
    return "" if quantity == OTHER else quantity


def map_entries(
    entries: Sequence[Entry],
    places: Places,
    table: RawTable,
    codes_of: int | None,
    set_aside: Iterable[str],
    choices: Choices,
    any_era: bool = False,
) -> tuple[list[Mapped], list[Rejected], set[tuple[str, int]]]:
    """Map every entry to the borders of 2009.

    Parameters
    ----------
    entries
        Entries of the file.
    places
        The region's municipalities.
    table
        For sentences.
    codes_of
        The year whose codes the file uses; None: each row those of its own year.
    set_aside
        `unknown`: rows of unknown municipalities are set aside; `divided`: so are rows whose
        area cannot be told in the borders of 2009.
    choices
        What the reader has said.
    any_era
        The table lists codes of every era in every year, with zeros where they do not belong: the
        numbers of a year stand under the codes of the nearest year that has all of them in force.

    Returns
    -------
    mapped, rejected, behind
        Entries to be added up; those that are not used with the reason (a row whose other years
        are used is in both); and the municipality and year behind a number under another code
        than the year's others, which is set aside: what is left of them is no whole.

    Raises
    ------
    InputError
        A municipality is not known, not in force, or its area was divided.
    """
    if codes_of is not None and codes_of not in places.in_force:
        raise InputError(f"--codes-of is a year from {FIRST_YEAR} to {LAST_YEAR}, not {codes_of}.")
    labels = _labels(entries, places, table, "unknown" in set_aside, choices, any_era)
    eras = _eras(entries, places, labels) if any_era else {}
    mapped: list[Mapped] = []
    rejected: list[Rejected] = []
    behind: set[tuple[str, int]] = set()
    for entry in entries:
        where, codes = table.where(entry.row), labels[entry.place]
        if not entry.cells:
            rejected.append(Rejected(entry.row, "another quantity", entry.label))
            continue
        year = codes if isinstance(codes, str) else _year(entry, where, choices)
        if isinstance(codes, str) or isinstance(year, str):
            rejected.append(Rejected(entry.row, str(year), f"{entry.label} {entry.year}".strip()))
            continue
        era, nothing = codes_of or eras.get(year, year), entry.nothing if any_era else entry.empty
        code = places.code_in(codes, era)
        if code is None and not nothing:
            years = places.years_of(codes)
            units = places.units(min(codes), places.era([codes], year))
            if any_era and units and "unknown" in set_aside:
                behind |= {(unit, year) for unit in units}
                rejected.append(Rejected(entry.row, f"not in force in {era}", entry.label))
                continue
            held = [one for one in labels.values() if not isinstance(one, str)]
            other = places.era(held, year)
            fits = all(places.code_in(codes, other) for codes in held)
            raise InputError(
                f"{where}: {shown(entry.label)} was not in force in {era}"
                + (f", but in {years[0]}-{years[-1]}" if years else "")
                + "; correct it"
                + (f", or use the codes of one year, as with --codes-of {other}" if fits else "")
                + "."
            )
        if code is None:
            rejected.append(Rejected(entry.row, "not in force, no number", entry.label))
            continue
        units = places.units(code, era)
        if len(units) == 1:
            mapped.append(Mapped(entry, year, code, era, units[0]))
            continue
        reason = _divided(code, era, places)
        if not nothing and "divided" not in set_aside:
            raise InputError(
                f"{where}: {reason}; give numbers in the borders of 2009, or add --set-aside"
                " divided and let the municipalities behind it stay unknown."
            )
        rejected.append(Rejected(entry.row, reason, entry.label))
    return mapped, rejected, behind


def _eras(
    entries: Sequence[Entry], places: Places, labels: Mapping[Place, Codes | str]
) -> dict[int, int]:
    """Find the year whose codes the numbers of each year stand under."""
    held: dict[int, set[Codes]] = {}
    for entry in entries:
        codes, year = labels[entry.place], head_of(entry.year).year
        if year and not isinstance(codes, str) and not entry.nothing:
            held.setdefault(year, set()).add(codes)
    return {year: places.era(codes, year) for year, codes in held.items()}


def _labels(
    entries: Sequence[Entry],
    places: Places,
    table: RawTable,
    set_aside: bool,
    choices: Choices,
    any_era: bool,
) -> Mapping[Place, Codes | str]:
    """Find what every label means, once: codes, or why it is no municipality of the region."""
    accepted = {plain(word).casefold() for word in choices.accepted}
    valued = {entry.place for entry in entries if not (entry.nothing if any_era else entry.empty)}
    found: dict[Place, Codes | str] = {}
    doubts: dict[str, str] = {}
    for entry in entries:
        key = entry.place
        if key in found:
            continue
        where = table.where(entry.row)
        try:
            found[key] = places.candidates(*key, accepted)
        except DoubtError as doubt:
            found[key] = "no municipality, no number"
            if key in valued:
                doubts.setdefault(doubt.word, f"{where}: {doubt}")
        except InputError as error:
            if key in valued and not set_aside:
                raise InputError(f"{where}: {error}") from None
            found[key] = "unknown municipality" if key in valued else "no municipality, no number"
    if doubts:
        (_, first), *more = doubts.items()
        also = " ".join(option("--accept", word) for word, _ in more)
        raise InputError(first[:-1] + (f" {also}." if more else "."))
    return found


def _year(entry: Entry, where: str, choices: Choices) -> int | str:
    """Read the year, or say why the row has none that is used."""
    head = head_of(entry.year)
    year = int(entry.year) if re.fullmatch("[0-9]{4}", entry.year) else head.year
    quite = not (head.words or head.mark) or choices.accepts(entry.year)
    if year and quite and not part_of_year(entry.year):
        inside = FIRST_YEAR <= year <= LAST_YEAR
        return year if inside else f"year outside {FIRST_YEAR}-{LAST_YEAR}"
    if entry.empty:
        return "no year, no number"
    if head.year and not part_of_year(entry.year):
        raise InputError(
            f"{where}: {shown(entry.year)} is not quite a year; read it as {head.year} with"
            f" {option('--accept', entry.year)}."
        )
    raise InputError(
        f"{where}: {shown(entry.year)} is not a year; give whole years (add up months and"
        " quarters first)."
    )


def _divided(code: str, year: int, places: Places) -> str:
    """Say why a code stands for no one municipality of 2009: none, or several of them."""
    own = f"{code} {places.name_of(code)}"
    names = [places.name_of(unit) for unit in places.units(code, year)]
    if not names:
        return f"{own} ({year}) holds parts of municipalities of 2009, so its area was divided"
    return (
        f"{own} ({year}) stands for {', '.join(names[:-1])} and {names[-1]} in the borders of 2009"
        " and cannot be divided"
    )
