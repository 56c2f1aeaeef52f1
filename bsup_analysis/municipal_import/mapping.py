"""Which year's codes a file uses, and what each of its rows is in the borders of 2009."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import RawTable, shown
from bsup_analysis.municipal_import.entries import Entry, Rejected
from bsup_analysis.municipal_import.municipalities import FIRST_YEAR, LAST_YEAR, Places

_NEW_YEAR = re.compile(r"(\d{4})(?:\.0|-01-01(?:[T ]00:00(?::00)?)?)?")


@dataclass(frozen=True)
class Mapped:
    """An entry with its year and the code, in force in `codes_of`, it stands under.

    `units` are the municipalities of 2009: one, or several for a later merger of them, or none
    where the area was divided.
    """

    entry: Entry
    year: int
    code: str
    codes_of: int
    units: tuple[str, ...]


def _year(entry: Entry, table: RawTable) -> int | str:
    """Read the year, or say why the row has none that is used."""
    match = _NEW_YEAR.fullmatch(entry.year)
    if not match:
        if entry.empty:
            return "no year, no number"
        raise InputError(
            f"{table.where(entry.row)}: {shown(entry.year)} is not a year; give whole years"
            " (add up months and quarters first)."
        )
    year = int(match[1])
    return year if FIRST_YEAR <= year <= LAST_YEAR else f"year outside {FIRST_YEAR}-{LAST_YEAR}"


def _labels(
    entries: Sequence[Entry], places: Places, table: RawTable, set_aside: frozenset[str]
) -> Mapping[tuple[str, str], frozenset[str] | str]:
    """Find what every label means, once."""
    valued = {(entry.label, entry.name) for entry in entries if not entry.empty}
    found: dict[tuple[str, str], frozenset[str] | str] = {}
    for entry in entries:
        key = entry.label, entry.name
        if key in found:
            continue
        try:
            found[key] = places.candidates(*key, table.where(entry.row))
        except InputError:
            if key in valued and "unknown" not in set_aside:
                raise
            found[key] = "unknown municipality" if key in valued else "no municipality, no number"
    return found


Known = tuple[Entry, int, frozenset[str]]


def _codes_of(
    known: Sequence[Known], places: Places, table: RawTable
) -> Callable[[frozenset[str], int], int | None]:
    """Find out whose year's codes the file uses: each row's own, or those of one year for all.

    Returns
    -------
    callable
        Codes and year of a row to the year whose codes it stands in; None where that is not
        clear.
    """
    valued = {(codes, year): entry for entry, year, codes in known if not entry.empty}
    if all(places.code_in(codes, year) for codes, year in valued):
        return lambda codes, year: year
    labels = sorted({codes for codes, _ in valued}, key=sorted)
    meanings: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    for year in range(LAST_YEAR, FIRST_YEAR - 1, -1):
        found = [places.code_in(codes, year) for codes in labels]
        if all(found):
            units = tuple(places.units(code, year) for code in found if code)
            meanings.setdefault(units, []).append(year)
    if not meanings:
        return lambda codes, year: _own_or_clear(codes, year, places)
    if len(meanings) == 1:
        latest = next(iter(meanings.values()))[0]
        return lambda codes, year: latest
    row = min(e.row for (codes, year), e in valued.items() if not places.code_in(codes, year))
    spans = " or ".join(f"{min(years)}-{max(years)}" for years in meanings.values())
    raise InputError(
        f"{table.where(row)}: the municipality codes are not those of the row's own year, and"
        f" those of {spans} stand for different areas; say which with --codes-of YEAR."
    )


def _own_or_clear(codes: frozenset[str], year: int, places: Places) -> int | None:
    """Take the row's own year, else any other in which its code has always meant the same."""
    if places.code_in(codes, year):
        return year
    found = {
        places.units(code, one): one
        for one in range(FIRST_YEAR, LAST_YEAR + 1)
        if (code := places.code_in(codes, one))
    }
    return next(iter(found.values())) if len(found) == 1 else None


def map_entries(
    entries: Sequence[Entry],
    places: Places,
    table: RawTable,
    codes_of: int | None,
    set_aside: frozenset[str],
) -> tuple[list[Mapped], list[Rejected]]:
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
        The year whose codes the file uses; None: found out.
    set_aside
        `unknown`: rows of unknown municipalities are set aside; `divided`: so are rows whose
        area cannot be told in the borders of 2009.

    Returns
    -------
    mapped, rejected
        Entries to be added up, and those that are not used with the reason; a row whose other
        years are used is in both.

    Raises
    ------
    InputError
        A municipality is not known, not in force, or its area was divided.
    """
    if codes_of is not None and codes_of not in places.in_force:
        raise InputError(f"--codes-of is a year from {FIRST_YEAR} to {LAST_YEAR}, not {codes_of}.")
    labels = _labels(entries, places, table, set_aside)
    known: list[Known] = []
    rejected: list[Rejected] = []
    for entry in entries:
        codes = labels[entry.label, entry.name]
        if not entry.cells:
            rejected.append(Rejected(entry.row, "another quantity", entry.label))
            continue
        year = codes if isinstance(codes, str) else _year(entry, table)
        if isinstance(codes, str) or isinstance(year, str):
            rejected.append(Rejected(entry.row, str(year), f"{entry.label} {entry.year}".strip()))
        else:
            known.append((entry, year, codes))
    find = (lambda codes, year: codes_of) if codes_of else _codes_of(known, places, table)
    mapped: list[Mapped] = []
    for entry, year, codes in known:
        one = find(codes, year)
        code = places.code_in(codes, one) if one else None
        if code is None or one is None:
            if not entry.empty:
                raise InputError(
                    f"{table.where(entry.row)}: {shown(entry.label)} was not in force in"
                    f" {one or year}; correct it, or say which year's codes the file uses with"
                    " --codes-of YEAR."
                )
            rejected.append(Rejected(entry.row, "not in force, no number", entry.label))
            continue
        units = places.units(code, one)
        if len(units) == 1:
            mapped.append(Mapped(entry, year, code, one, units))
        elif entry.empty or "divided" in set_aside:
            rejected.append(Rejected(entry.row, divided(code, one, units, places), entry.label))
        else:
            raise InputError(
                f"{table.where(entry.row)}: {divided(code, one, units, places)}; give numbers in"
                " the borders of 2009, or add --set-aside divided and let the municipalities"
                " behind it stay unknown."
            )
    return mapped, rejected


def divided(code: str, year: int, units: tuple[str, ...], places: Places) -> str:
    """Say why a code stands for no one municipality of 2009: none, or several of them."""
    own = f"{code} {places.name_of(code)}"
    if not units:
        return f"{own} ({year}) holds parts of municipalities of 2009, so its area was divided"
    names = [places.name_of(unit) for unit in units]
    return (
        f"{own} ({year}) stands for {', '.join(names[:-1])} and {names[-1]} in the borders of 2009"
        " and cannot be divided"
    )
