"""From fetched counts, in the codes of each year, to the municipal table in the borders of 2009.

A fetch gives a number with its bounds for each code and year.  Here numbers are added up to
municipalities of 2009 as an import's are, and what cannot be is refused, or set aside on request.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.entries import Rejected
from bsup_analysis.municipal_import.mapping import divided
from bsup_analysis.municipal_import.municipalities import FIRST_YEAR, LAST_YEAR, Places, Reference
from bsup_analysis.municipal_import.result import ImportResult, list_rejected
from bsup_analysis.municipal_import.store import validated, write_municipal
from bsup_analysis.municipal_import.validation import compare


@dataclass(frozen=True)
class Origin:
    """Where fetched counts come from, for the record.

    Parameters
    ----------
    file
        The file of the counts, for sentences.
    producer, document, url, method
        As in the record: who made them, which table of which vintage, where, and how.
    read_on
        The day the answers came.
    """

    file: str
    producer: str
    document: str
    url: str
    method: str
    read_on: dt.date


def import_counts(
    counts: pd.DataFrame,
    against: Reference,
    origin: Origin,
    *,
    definition: str | None = None,
    set_aside: Sequence[str] = (),
    dry_run: bool = False,
) -> ImportResult:
    """Make the municipal table of fetched counts.

    Parameters
    ----------
    counts
        `municipality_code` (in force that year), `year`, `value`, `low`, `high` (Int64; empty
        where unknown), `definition`, `source`, `note`; one row a code and year.
    against
        From `reference`.
    origin
        Where they come from.
    definition
        What is counted, named by the reader; needed where published totals are not reproduced.
    set_aside
        `divided`: set rows aside whose area cannot be told in the borders of 2009.
    dry_run
        Write nothing.

    Raises
    ------
    InputError
        A code that was not in force, an area that was divided, or a definition that is not the
        counts' own or is not named where it must be.
    """
    own = str(counts["definition"].iloc[0])
    if definition not in (None, own):
        raise InputError(f"{origin.file} counts {own}, not {definition}; name that.")
    rows = list(_mapped(counts, against.places, origin.file))
    rejected = [row.rejected for row in rows if row.rejected]
    lost = [row.rejected for row in rows if row.rejected and row.value is not None]
    if lost and "divided" not in set_aside:
        raise InputError(
            f"{origin.file}, row {lost[0].row}: {lost[0].reason}; ask for other years, or add"
            " --set-aside divided and let the municipalities behind it stay unknown."
        )
    used = [row for row in rows if not row.rejected]
    if not used:
        raise InputError(f"{origin.file} has no row that can be used; ask for other years.")
    table = validated(_added(used, against, own, str(counts["source"].iloc[0])))
    result = ImportResult(
        file=origin.file,
        sheet="",
        understood=pd.DataFrame(),
        codes="the codes of each row's own year",
        rows_in=len(rows),
        rows_used=len(used),
        set_aside=list_rejected(rejected, {row.number for row in used}),
        table=table,
        comparison=compare(table, against.published),
        definition=own,
    )
    if dry_run:
        return result
    if definition is None and not result.deviations.empty:
        raise InputError(
            f"{origin.file} does not reproduce {len(result.deviations)} published totals of loans"
            f" paid out; if that is as it should be, say so with --definition {own}."
        )
    method = (
        f"{origin.method} Rows: {result.rows_in} in, {result.rows_used} used,"
        f" {len(result.set_aside)} set aside. Counted: {own}. Published totals not reproduced:"
        f" {len(result.deviations)}."
    )
    about = {"producer": origin.producer, "document": origin.document, "url": origin.url}
    written = write_municipal(table, **about, method=method, read_on=origin.read_on)
    return replace(result, written=written)


@dataclass(frozen=True)
class _Row:
    """A row of the counts, the municipality of 2009 it is part of, or why it is not used."""

    number: int
    code: str
    year: int
    value: int | None
    low: int | None
    high: int | None
    note: str
    unit: str
    rejected: Rejected | None


def _mapped(counts: pd.DataFrame, places: Places, file: str) -> Iterator[_Row]:
    columns = ["municipality_code", "year", "value", "low", "high", "note"]
    for number, row in enumerate(counts[columns].itertuples(index=False), start=2):
        code, year, *numbers, note = row
        value, low, high = (None if pd.isna(one) else int(one) for one in numbers)
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise InputError(
                f"{file}, row {number}: borders are known for {FIRST_YEAR}-{LAST_YEAR}, not for"
                f" {year}; ask for other years."
            )
        if code not in places.in_force[year]:
            raise InputError(
                f"{file}, row {number}: municipality code {code} was not in force in {year}; fetch"
                " the table anew with --fresh."
            )
        units = places.units(code, year)
        reason = "" if len(units) == 1 else divided(code, year, units, places)
        rejected = Rejected(number, reason, f"{code} {year}") if reason else None
        unit = "" if reason else units[0]
        yield _Row(number, code, year, value, low, high, str(note), unit, rejected)


def _added(rows: Sequence[_Row], against: Reference, definition: str, source: str) -> pd.DataFrame:
    """Add the parts of each municipality up; one unknown part leaves value and `high` unknown."""
    found: dict[tuple[str, int], list[_Row]] = {}
    for row in rows:
        found.setdefault((row.unit, row.year), []).append(row)
    years = sorted({row.year for row in rows})
    table = []
    for unit in sorted(against.units):
        for year in years:
            own = found.get((unit, year), [])
            lacking = against.places.parts(unit, year) - {row.code for row in own}
            notes = [f"{against.places.name_of(code)} has no row" for code in sorted(lacking)]
            notes += [row.note for row in own if row.note]
            table.append(
                {
                    "municipality_code": unit,
                    "year": year,
                    "loans": _sum([row.value for row in own], bool(lacking) or not own),
                    "loans_low": _sum([row.low for row in own], not own),
                    "loans_high": _sum([row.high for row in own], bool(lacking) or not own),
                    "amount_nok": None,
                    "definition": definition,
                    "source": "; ".join([source, *dict.fromkeys(notes)]),
                    "rows_used": len(own),
                }
            )
    return pd.DataFrame(table)


def _sum(values: Sequence[int | None], unknown: bool) -> int | None:
    known = [value for value in values if value is not None]
    return None if unknown or len(known) < len(values) else sum(known)
