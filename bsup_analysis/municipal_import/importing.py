"""Importing a file: read, mapped, added up, compared with published totals, then written."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.municipal_import.amounts import municipal_table
from bsup_analysis.municipal_import.cells import RawTable
from bsup_analysis.municipal_import.columns import find_layout
from bsup_analysis.municipal_import.entries import entries
from bsup_analysis.municipal_import.mapping import map_entries
from bsup_analysis.municipal_import.municipalities import Reference
from bsup_analysis.municipal_import.reading import read_raw
from bsup_analysis.municipal_import.result import (
    NOT_USED,
    UNDECIDED,
    ImportResult,
    codes_used,
    list_rejected,
    understood,
)
from bsup_analysis.municipal_import.store import validated, write_municipal
from bsup_analysis.municipal_import.validation import AGREES, DEFINITIONS, DEVIATES, compare

SET_ASIDE = ("divided", "unknown")
_DECIMAL = {"comma": ",", "point": "."}


def import_file(
    path: Path,
    against: Reference,
    *,
    definition: str | None = None,
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
    codes_of: int | None = None,
    decimal: str | None = None,
    set_aside: Sequence[str] = (),
    dry_run: bool = False,
    today: dt.date | None = None,
) -> ImportResult:
    """Import a file of start loans by municipality and year.

    Parameters
    ----------
    path
        CSV, Excel (xlsx) or Parquet; long, or with years as columns.
    against
        From `reference`.
    definition
        `loans` or `approved_dwellings`; needed where the published totals are not reproduced.
    mapping
        Role to header for columns that are not recognised (`municipality`, `name`, `year`,
        `loans`, `amount_nok`, `amount_1000_nok`, `amount_million_nok`, `quantity`, `value`).
    sheet
        Sheet of a workbook that has several.
    codes_of
        The year whose municipality codes the file uses, where its codes do not tell.
    decimal
        `comma` or `point`, where the numbers do not tell.
    set_aside
        `divided`: set rows aside whose area cannot be told in the borders of 2009; `unknown`:
        rows of municipalities that are not known.
    dry_run
        Write nothing.
    today
        The day for the record; today where None.

    Returns
    -------
    ImportResult
        What was understood; on a dry run, deviations are there to be read, not refused.

    Raises
    ------
    InputError
        One sentence: what is wrong, the row, and what to do.
    """
    _check_options(definition, decimal, set_aside)
    raw = read_raw(path, sheet)
    _refuse_synthetic(raw)
    layout = find_layout(raw, mapping or {})
    found, rejected, rows_in = entries(raw, layout)
    mapped, more = map_entries(found, against.places, raw, codes_of, frozenset(set_aside))
    if not mapped:
        first = f": row {more[0].row}, {more[0].reason}" if more else ""
        raise InputError(f"{raw.where()} has no row of the region that can be used{first}.")
    table = municipal_table(
        mapped,
        against.places,
        against.units,
        raw,
        _DECIMAL.get(decimal or ""),
        definition or DEFINITIONS[0],
    )
    table = validated(table)
    comparison = compare(table, against.published)
    used = {one.entry.row for one in mapped}
    result = ImportResult(
        file=raw.file,
        sheet=raw.sheet,
        understood=understood(layout),
        codes=codes_used([(one.codes_of, one.year) for one in mapped]),
        rows_in=rows_in,
        rows_used=len(used),
        set_aside=list_rejected([*rejected, *more], used),
        table=table,
        comparison=comparison,
        definition=definition or _shown_by(comparison) or UNDECIDED,
    )
    if dry_run:
        return result
    if definition is None and result.definition == UNDECIDED:
        raise InputError(_undecided(result))
    return _written(result, path, today or dt.date.today())


def _check_options(definition: str | None, decimal: str | None, set_aside: Sequence[str]) -> None:
    if definition is not None and definition not in DEFINITIONS:
        raise InputError(f"--definition is {' or '.join(DEFINITIONS)}, not {definition!r}.")
    if decimal is not None and decimal not in _DECIMAL:
        raise InputError(f"--decimal is {' or '.join(_DECIMAL)}, not {decimal!r}.")
    for one in set_aside:
        if one not in SET_ASIDE:
            raise InputError(f"--set-aside is {' or '.join(SET_ASIDE)}, not {one!r}.")


def _refuse_synthetic(raw: RawTable) -> None:
    """Refuse what bsup demo wrote, whatever the file is called now."""
    marks = (*raw.comments, *(str(cell) for row in raw.rows[:50] for cell in row))
    if any("synthetic" in mark.lower() for mark in marks):
        raise InputError(
            f"{raw.file} says that it is synthetic; data made by bsup demo are never imported."
        )


def _shown_by(comparison: pd.DataFrame) -> str | None:
    """Tell what is counted where published numbers of loans are reproduced, and none is not."""
    agrees = (comparison["status"] == AGREES).any() and not (comparison["status"] == DEVIATES).any()
    return "loans" if agrees else None


def _undecided(result: ImportResult) -> str:
    ask = "say what the file counts with --definition loans or --definition approved_dwellings"
    if result.deviations.empty:
        return (
            f"{result.file} has nothing that can be compared with a published total (2007-2010);"
            f" {ask}."
        )
    listed = [
        f"{total.area_name or total.area} {total.year} {total.quantity}: published"
        f" {total.published:.0f}, imported {total.imported:.0f}"
        for total in result.deviations.head(5).itertuples()
    ]
    left = len(result.deviations) - len(listed)
    more = f"; and {left} more (bsup import --dry-run lists them)" if left else ""
    return (
        f"{result.file} does not reproduce {len(result.deviations)} published totals"
        f" ({'; '.join(listed)}{more}); {ask}."
    )


def _written(result: ImportResult, path: Path, today: dt.date) -> ImportResult:
    sheet = f", sheet {result.sheet}" if result.sheet else ""
    columns = "; ".join(
        f"{row.header!r}: {row.taken_for}"
        for row in result.understood.itertuples()
        if row.taken_for != NOT_USED
    )
    written = write_municipal(
        result.table,
        producer="given by the user",
        document=f"{result.file}{sheet} (sha256 {sha256(path)})",
        url="",
        method=f"bsup import. {columns}. Municipalities: {result.codes}. Rows: {result.rows_in} in,"
        f" {result.rows_used} used, {len(result.set_aside)} set aside. Counted:"
        f" {result.definition}. Published totals not reproduced: {len(result.deviations)}.",
        read_on=today,
    )
    return replace(result, written=written)
