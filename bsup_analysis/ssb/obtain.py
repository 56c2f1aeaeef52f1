"""A whole selection of a table: planned from its metadata, in pieces, all of one vintage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.ssb.faults import Fault, Refused, Unanswered
from bsup_analysis.ssb.limits import Limits
from bsup_analysis.ssb.metadata import Changed, Table
from bsup_analysis.ssb.selection import Selection, split
from bsup_analysis.ssb.statbank import Statbank
from bsup_analysis.ssb.store import Answer


@dataclass(frozen=True)
class Progress:
    """How far a fetch has come: pieces of the present table, and a line for the reader."""

    done: int
    total: int
    text: str


@dataclass(frozen=True)
class Obtained:
    """All cells of a selection.

    Parameters
    ----------
    table
        The table's metadata.
    cells
        One row a cell: a column of codes for each variable, `value`, `sign`.
    decimals
        Decimals SSB shows of each contents code, where the answers say.
    answers
        The records of what the cells were read from, metadata first.
    """

    table: Table
    cells: pd.DataFrame
    decimals: Mapping[str, int]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Way:
    """How to go about a fetch: where to, within which limits, telling whom, asking all anew or not.

    Parameters
    ----------
    statbank
        Asks and keeps.
    limits
        The limits; only `cells` is used here.
    progress
        Called when a piece has arrived.
    report
        Told what is out of the ordinary.
    fresh
        Whether kept answers are asked for again.
    """

    statbank: Statbank
    limits: Limits
    progress: Callable[[Progress], None]
    report: Callable[[str], None]
    fresh: bool


def obtain(way: Way, table_id: str, choose: Callable[[Table], Selection]) -> Obtained:
    """Fetch what `choose` selects from a table's metadata; say in one sentence why it cannot be.

    Parameters
    ----------
    way
        How to go about it.
    table_id
        SSB's table number.
    choose
        From metadata to a selection; raises `Changed` where the table is not as it must be.

    Raises
    ------
    InputError
        The table is not as it must be, or SSB did not answer.
    """
    try:
        return _obtain(way, table_id, choose)
    except Changed as changed:
        raise not_as_expected(table_id, str(changed)) from None
    except Fault as fault:
        raise InputError(
            f"SSB's table {table_id} could not be fetched: {fault}; what has arrived is kept,"
            " and the same command goes on from there."
        ) from None


def not_as_expected(table_id: str, what: str) -> InputError:
    """Make the error for a table that is no longer as it must be."""
    return InputError(
        f"SSB's table {table_id} is not as expected: {what}"
        f" (see https://www.ssb.no/statbank/table/{table_id})."
    )


def _obtain(way: Way, table_id: str, choose: Callable[[Table], Selection]) -> Obtained:
    """Fetch; ask for all anew, once, where what is kept no longer fits.

    It does not fit where the server refuses a selection made from kept metadata, where they lack
    what is wanted, and where answers are of different vintages.
    """
    fresh = way.fresh
    while True:
        table, record, kept = way.statbank.metadata(table_id, fresh)
        try:
            found = _pieces(way, table, record, choose(table), fresh)
            vintages = {a.updated for a in found.answers if a.updated is not None}
            if len(vintages) <= 1:
                return found
            why = "was updated between its answers"
        except (Changed, Refused):
            if not kept:
                raise
            why = "may have changed since its metadata were kept"
        if fresh:
            raise Unanswered("it was updated while it was being fetched")
        way.report(f"table {table_id} {why}; all of it is asked anew")
        fresh = True


def _pieces(way: Way, table: Table, record: Answer, selection: Selection, fresh: bool) -> Obtained:
    pieces = list(split(selection, way.limits.cells))
    answers, tables, decimals = [record], [], dict(table.contents.decimals)
    for number, piece in enumerate(pieces, start=1):
        cube, answer, kept = way.statbank.cells(table.table_id, piece, fresh)
        answers.append(answer)
        tables.append(cube.table())
        contents = cube.dimension(table.contents.code)
        decimals.update(contents.decimals if contents else {})
        how = "kept" if kept else "arrived"
        text = f"table {table.table_id}: answer {number} of {len(pieces)} {how}"
        way.progress(Progress(number, len(pieces), text))
    columns = list(tables[0].columns)
    cells = pd.concat([one[columns] for one in tables], ignore_index=True)
    return Obtained(table, cells, decimals, tuple(answers))
