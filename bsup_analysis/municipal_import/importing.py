"""Importing a file, or what was fetched: added up to municipalities of 2009, compared, written."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.municipal_import import cells
from bsup_analysis.municipal_import.cells import NotANumberError, Value, plain
from bsup_analysis.municipal_import.doubts import (
    MOST_LOANS,
    ask_about_formats,
    ask_about_texts,
    refuse_unit_errors,
)
from bsup_analysis.municipal_import.layout import Choices, Layout, find_layout
from bsup_analysis.municipal_import.mapping import Entry, Mapped, Rejected, entries, map_entries
from bsup_analysis.municipal_import.municipal_table import DEFINITIONS, validated, write_municipal
from bsup_analysis.municipal_import.municipalities import (
    FIRST_YEAR,
    LAST_YEAR,
    UNIT,
    Reference,
)
from bsup_analysis.municipal_import.reading import RawTable, read_raw
from bsup_analysis.municipal_import.validation import AGREES, DEVIATES, INCOMPLETE, compare
from bsup_analysis.municipal_import.vocabulary import UNITS_NOK, WORDS
from bsup_analysis.statbank.fetch import Fetched
from bsup_analysis.statbank.husbanken import Brought

UNDECIDED = "undecided"
NOT_USED = "not used"
OWN_YEAR = "the codes of each row's own year"
ANY_ERA = "of the nearest year whose codes all numbers of a year stand under"
SET_ASIDE = ("divided", "unknown")
_DECIMAL = {"comma": ",", "point": "."}


@dataclass(frozen=True)
class ImportResult:
    """What an import understood and did.

    Parameters
    ----------
    file
        What was read, with its sheet.
    understood
        One row a column of the file: `column`, `header`, `taken_for`.
    codes
        Whose year's municipality codes the file uses, in words.
    rows_in, rows_used
        Rows with anything in them below or above the header, and those in the table.
    set_aside
        Rows not used: `row`, `reason`, `content`; `rows_in` is `rows_used` and these.
    table
        The municipal table (`start_loans.toml`).
    comparison
        The table compared with published totals (`validation.compare`).
    definition
        What is counted; `undecided` on a dry run that does not tell.
    written
        Table and record written; empty on a dry run.
    rounded
        How many small counts the table, unlike the comparison, has rounded, in words.
    """

    file: str
    understood: pd.DataFrame
    codes: str
    rows_in: int
    rows_used: int
    set_aside: pd.DataFrame
    table: pd.DataFrame
    comparison: pd.DataFrame
    definition: str
    written: tuple[Path, ...] = ()
    rounded: str = ""

    @property
    def deviations(self) -> pd.DataFrame:
        """The published totals that the table does not reproduce."""
        return self.comparison[self.comparison["status"] == DEVIATES].reset_index(drop=True)

    @property
    def summary(self) -> str:
        """What the record says of the rows, of what is counted and of published totals."""
        return (
            f"Rows: {self.rows_in} in, {self.rows_used} used, {len(self.set_aside)} set aside."
            f" Counted: {self.definition}. Published totals not reproduced: {len(self.deviations)}."
        )

    def lines(self, most: int = 20) -> Iterator[str]:
        """Tell it in plain lines: columns, rows, years, published totals; `most` rows of each."""
        yield f"file      {self.file}"
        yield from _listed("columns", self.understood, most)
        yield f"codes     {self.codes}"
        yield f"rows      {self.rows_in} in, {self.rows_used} used, {len(self.set_aside)} set aside"
        yield from _listed("set aside", self.set_aside, most)
        yield from _listed("years", by_year(self.table), most)
        if self.rounded:
            yield f"rounded   {self.rounded}"
        counts = self.comparison["status"].value_counts()
        yield "published " + ", ".join(
            f"{int(counts.get(one, 0))} {word}"
            for one, word in ((AGREES, "agree"), (DEVIATES, "deviate"), (INCOMPLETE, "open"))
        )
        columns = ["area", "area_name", "year", "quantity", "published", "imported", "difference"]
        yield from _listed("deviations", self.deviations[[*columns, "source"]], most)
        yield f"counted   {self.definition}"
        for path in self.written:
            yield f"written   {path}"


def by_year(table: pd.DataFrame) -> pd.DataFrame:
    """Sum a municipal table up by year: municipalities known, loans, NOK.

    `rows_but_unknown` counts municipalities that have a row and yet no number, because a sign
    stands for it or a part of them has no row; their source column says which.
    """
    known = table["loans"].notna()
    unknown = table["rows_used"].gt(0) & ~known & table["amount_nok"].isna()
    counts = table.assign(municipalities_known=known, rows_but_unknown=unknown).groupby("year")
    return (
        counts[["municipalities_known", "rows_but_unknown"]]
        .sum()
        .join(counts[["loans", "amount_nok"]].sum(min_count=1))
        .reset_index()
    )


def _listed(name: str, table: pd.DataFrame, most: int) -> Iterator[str]:
    """Give the first rows of a table as indented lines under a name."""
    if table.empty:
        return
    yield name
    shown = table.head(most).to_string(index=False, float_format=lambda value: f"{value:.0f}")
    yield from (f"  {line}" for line in shown.splitlines())
    if len(table) > most:
        yield f"  ... and {len(table) - most} more"


@dataclass
class Part:
    """What is known of one code in one year, and the municipality of 2009 that it is part of.

    Parameters
    ----------
    unit, year, code, codes_of
        The municipality of 2009; the year; the code, in force in `codes_of`.
    rows
        Rows of the file it was read from.
    numbers
        Numbers by quantity, None where unknown.
    notes
        Why a number is unknown, or what else is to be said.
    """

    unit: str
    year: int
    code: str
    codes_of: int
    rows: set[int]
    numbers: dict[str, int | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def added_up(
    parts: Sequence[Part], against: Reference, definition: str, source: str
) -> pd.DataFrame:
    """Add parts up to municipalities of 2009, all of them in every year that a part has.

    Parameters
    ----------
    parts
        One for each code and year.
    against
        From `reference`.
    definition, source
        What is counted, and where it comes from, for the table.

    Returns
    -------
    pandas.DataFrame
        Columns of `start_loans.toml`; a sum is unknown where a part is, or has no row; then
        `loans_low` is the sum of what is known of its parts.
    """
    found: dict[tuple[str, int], list[Part]] = {}
    for part in sorted(parts, key=lambda part: part.code):
        found.setdefault((part.unit, part.year), []).append(part)
    table = []
    for unit in sorted(against.units):
        for year in sorted({part.year for part in parts}):
            own = found.get((unit, year), [])
            codes = {part.code for part in own}
            whole = against.places.parts(unit, own[0].codes_of) if own else codes
            notes = [f"{against.places.name_of(code)} has no row" for code in sorted(whole - codes)]
            notes += [note for part in own for note in part.notes]
            row: dict[str, object] = {"municipality_code": unit, "year": year}
            for quantity in ("loans", "loans_low", "loans_high", "amount_nok"):
                values = [part.numbers.get(quantity) for part in own]
                known = [value for value in values if value is not None]
                complete = len(known) == len(own) and (codes == whole or quantity == "loans_low")
                row[quantity] = sum(known) if own and complete else None
            row |= {"definition": definition, "rows_used": len({n for p in own for n in p.rows})}
            table.append({**row, "source": "; ".join([source, *dict.fromkeys(notes)])})
    return validated(pd.DataFrame(table))


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
    ignore: Sequence[str] = (),
    accept: Sequence[str] = (),
    dry_run: bool = False,
    today: dt.date | None = None,
    origin: Brought | None = None,
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
        Role (`layout.ROLES`) to header for columns that are not recognised.
    sheet
        Sheet of a workbook that has several.
    codes_of
        The year whose municipality codes the file uses, where they are not those of each row's
        own year.
    decimal
        `comma` or `point`, where the numbers do not tell.
    set_aside
        `divided`: set rows aside whose area cannot be told in the borders of 2009; `unknown`:
        rows of municipalities that are not known.
    ignore
        Headers of columns, and names of quantities in rows, that are left out.
    accept
        Words, marks and names that the import asks about and that are harmless in this file.
    dry_run
        Write nothing.
    today
        The day for the record; today where None.
    origin
        What was fetched, if the table is of codes of every era; None: it is the reader's own.

    Returns
    -------
    ImportResult
        What was understood; on a dry run, deviations are there to be read, not refused.

    Raises
    ------
    InputError
        One sentence: what is wrong, the row, and what to do.
    """
    for option, given, known in (
        ("definition", [definition] if definition is not None else [], DEFINITIONS),
        ("decimal", [decimal] if decimal is not None else [], tuple(_DECIMAL)),
        ("set-aside", set_aside, SET_ASIDE),
    ):
        for one in given:
            if one not in known:
                raise InputError(f"--{option} is {' or '.join(known)}, not {one!r}.")
    raw = read_raw(path, sheet)
    _refuse_synthetic(raw)
    choices = Choices(mapping or {}, ignore, accept)
    layout = find_layout(raw, choices)
    found, rejected, rows_in = entries(raw, layout, choices)
    mapped, more, behind = map_entries(
        found, against.places, raw, codes_of, set_aside, choices, any_era=origin is not None
    )
    used = {one.entry.row for one in mapped}
    aside = _list_rejected([*rejected, *more], used)
    if origin is None:
        ask_about_texts(raw, layout, aside, choices)
    ask_about_formats(raw, layout, used)
    if not mapped:
        first = f": row {more[0].row}, {more[0].reason}" if more else ""
        raise InputError(f"{raw.where()} has no row of the region that can be used{first}.")
    parts = _parts(mapped, _DECIMAL.get(decimal or ""), raw)
    parts = [part for part in parts if (part.unit, part.year) not in behind]
    source = f"fetched: {origin.producer}" if origin else f"imported: {raw.file}"
    table = added_up(parts, against, definition or DEFINITIONS[0], source)
    table = table.assign(loans_low=table["loans"])
    comparison = compare(table, against.published)
    refuse_unit_errors(table, comparison, layout, raw.where())
    rounded = ""
    if origin:
        table, rounded = small_counts_rounded(table, origin.least_shown)
    result = ImportResult(
        file=raw.where(),
        understood=_understood(layout),
        codes=f"the codes of {codes_of}" if codes_of else OWN_YEAR if origin is None else ANY_ERA,
        rows_in=rows_in,
        rows_used=len(used),
        set_aside=aside,
        table=table,
        comparison=comparison,
        definition=definition or _shown_by(comparison),
        rounded=rounded,
    )
    if dry_run:
        return result
    if result.definition == UNDECIDED:
        raise InputError(_undecided(result))
    columns = "; ".join(
        f"{header!r}: {taken_for}"
        for _, header, taken_for in result.understood.itertuples(index=False)
        if taken_for != NOT_USED
    )
    record = {
        "producer": "given by the user",
        "document": f"{raw.where()} (sha256 {sha256(path)})",
        "url": "",
        "method": f"bsup import. {columns}. Municipalities: {result.codes}. {result.summary}"
        + "".join(
            f" {what}: {', '.join(map(plain, said))}."
            for what, said in (("Left out", ignore), ("Taken to be harmless", accept))
            if said
        ),
    }
    if origin:
        record = {name: getattr(origin, name) for name in (*record, "licence")}
        record["method"] += f" {result.summary} {rounded}"
    written = write_municipal(table, **record, read_on=today or dt.date.today())
    return replace(result, written=written)


def small_counts_rounded(table: pd.DataFrame, least_shown: int) -> tuple[pd.DataFrame, str]:
    """Round counts above zero and below the least that the owner shows to the middle of these.

    The limits are 1 and `least_shown` - 1, and the amount is unknown, so that no page, number or
    figure made from the table tells more of a few loans than their owner does.

    Returns
    -------
    pandas.DataFrame, str
        The table, and how many counts were rounded, in words.
    """
    few = table["loans"].between(1, least_shown - 1).fillna(False).astype(bool)
    rounded = {"loans": least_shown // 2, "loans_low": 1, "loans_high": least_shown - 1}
    note = f"; fewer than {least_shown}, not told apart"
    columns = {name: table[name].mask(few, value) for name, value in rounded.items()}
    amount = table["amount_nok"].mask(few)
    source = table["source"].mask(few, table["source"] + note)
    told = (
        f"{few.sum()} counts of 1 to {least_shown - 1} are kept as {least_shown // 2}, with these"
        " limits and without an amount; their owner shows none below"
        f" {least_shown}."
    )
    return validated(table.assign(**columns, amount_nok=amount, source=source)), told


def _refuse_synthetic(raw: RawTable) -> None:
    """Refuse what bsup demo wrote, whatever the file is called now."""
    marks = (*raw.comments, *(str(cell) for row in raw.rows[:50] for cell in row))
    if any("synthetic" in mark.lower() or UNIT.match(mark) for mark in marks):
        raise InputError(
            f"{raw.file} says that it is synthetic; data made by bsup demo are never imported."
        )


def _understood(layout: Layout) -> pd.DataFrame:
    """Tell what each column was taken for."""
    rows = [
        (
            c.index + 1,
            c.header,
            WORDS["meaning"].get(c.role, NOT_USED) + (f", {c.year}" if c.year else ""),
        )
        for c in layout.columns
    ]
    return pd.DataFrame(rows, columns=["column", "header", "taken_for"])


def _parts(mapped: Sequence[Mapped], decimal: str | None, table: RawTable) -> list[Part]:
    """Read the cells, and put together what the file has of one code in one year."""
    parts: dict[tuple[str, int], Part] = {}
    first: dict[tuple[str, str, int], int] = {}
    for quantity in dict.fromkeys(q for one in mapped for q in one.entry.cells):
        name = "loans" if quantity == "loans" else "amount_nok"
        for one, value in _values(mapped, quantity, decimal, table):
            row = first.setdefault((name, one.code, one.year), one.entry.row)
            if row != one.entry.row:
                raise InputError(
                    f"{table.where(one.entry.row)}: {one.entry.label} in {one.year} stands in row"
                    f" {row} already; keep the row that is the whole of its year, and where the"
                    " two are different municipalities, give their codes."
                )
            new = Part(one.unit, one.year, one.code, one.codes_of, set())
            part = parts.setdefault((one.code, one.year), new)
            part.rows.add(row)
            part.numbers[name] = None if value.number is None else int(value.number)
            part.notes += [value.reason] if value.reason not in ("", "empty") else []
    for part in parts.values():
        part.numbers["loans_high"] = part.numbers.get("loans")
    return list(parts.values())


def _values(
    mapped: Sequence[Mapped], quantity: str, decimal: str | None, table: RawTable
) -> Iterator[tuple[Mapped, Value]]:
    """Read the cells of one quantity, in loans or NOK; its decimal sign is that of all of them."""
    held = [(one, one.entry.cells[quantity]) for one in mapped if quantity in one.entry.cells]
    unit = UNITS_NOK.get(quantity, 1)
    try:
        sign = cells.decimal_sign(cell for _, cell in held) or decimal
    except NotANumberError as error:
        raise InputError(
            f"{table.where()}: {error}; write all numbers of the column in one way."
        ) from None
    for one, cell in held:
        try:
            if sign is None:
                _ask_for_sign(cell, quantity)
            value = cells.number(cell, sign)
            if quantity == "loans" and value.number is not None:
                _require_count(cell, value.number)
        except NotANumberError as error:
            raise InputError(f"{table.where(one.entry.row)}: {error}.") from None
        if value.number is not None:
            nok = (value.number * unit).quantize(Decimal(1), rounding=ROUND_HALF_UP)
            value = Value(nok)
        yield one, value


def _require_count(cell: cells.Cell, number: Decimal) -> None:
    """Refuse what cannot be a municipality's loans in a year."""
    if number % 1:
        raise NotANumberError(f"{plain(cell)!r} loans; a number of loans is whole")
    if number > MOST_LOANS:
        raise NotANumberError(
            f"{plain(cell)!r} loans in one municipality and year are too many to be right; look"
            " for amounts among the numbers of loans, or for a decimal sign"
        )


def _ask_for_sign(cell: cells.Cell, quantity: str) -> None:
    """Ask whether a sign before three digits is a decimal sign or marks thousands."""
    found = cells.readings(cell)
    if len(set(found.values())) < 2:
        return
    signs = {
        name
        for name, sign in _DECIMAL.items()
        if quantity != "loans" or (found[sign] % 1 == 0 and found[sign] <= MOST_LOANS)
    }
    ways = " or ".join(f"--decimal {name}" for name in sorted(signs))
    raise NotANumberError(
        f"{plain(cell)!r} may have a decimal sign or thousands; say which with {ways}"
        if ways
        else f"{plain(cell)!r} is no number of loans, whatever its sign means"
    )


def _list_rejected(rejected: Sequence[Rejected], used: set[int]) -> pd.DataFrame:
    """List each row that is not used once, with the first reason found."""
    rows: dict[int, Rejected] = {}
    for one in sorted(rejected, key=lambda one: one.row):
        if one.row not in used:
            rows.setdefault(one.row, one)
    return pd.DataFrame(list(rows.values()), columns=list(Rejected._fields))


def _shown_by(comparison: pd.DataFrame) -> str:
    """Tell what is counted where published numbers of loans are reproduced, and none is not."""
    statuses = set(comparison["status"])
    return "loans" if AGREES in statuses and DEVIATES not in statuses else UNDECIDED


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


def import_fetched(
    fetched: Fetched,
    file: str,
    against: Reference,
    *,
    definition: str | None = None,
    set_aside: Sequence[str] = (),
    dry_run: bool = False,
) -> ImportResult:
    """Make the municipal table of fetched counts, with their vintage in the record.

    Parameters
    ----------
    fetched
        From `bsup_analysis.statbank.fetch_startlaan`: counts with their bounds, one row a code
        (in force that year) and year.
    file
        The file of the counts, for sentences.
    against
        From `reference`.
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
    counts = fetched.table
    own, source = str(counts["definition"].iloc[0]), str(counts["source"].iloc[0])
    if definition not in (None, own):
        raise InputError(f"{file} counts {own}, not {definition}; name that.")
    parts, rejected = _fetched_parts(counts, against, file, set_aside)
    if not parts:
        raise InputError(f"{file} has no row that can be used; ask for other years.")
    table = added_up(parts, against, own, source)
    result = ImportResult(
        file=file,
        understood=pd.DataFrame(),
        codes=OWN_YEAR,
        rows_in=len(counts),
        rows_used=len(parts),
        set_aside=_list_rejected(rejected, set()),
        table=table,
        comparison=compare(table, against.published),
        definition=own,
    )
    if dry_run:
        return result
    if definition is None and not result.deviations.empty:
        raise InputError(
            f"{file} does not reproduce {len(result.deviations)} published totals of loans"
            f" paid out; if that is as it should be, say so with --definition {own}."
        )
    vintages = {a.table_id: a.updated or "not stated" for a in fetched.answers}
    answers = ", ".join(sorted({f"{a.file} {a.sha256}" for a in fetched.answers}))
    written = write_municipal(
        table,
        producer=fetched.answers[0].producer,
        document="; ".join(f"table {name}, updated {when}" for name, when in vintages.items()),
        url=fetched.answers[0].url,
        method=f"bsup fetch startlaan. {' '.join(fetched.notes)} Answers (sha256): {answers}."
        f" {result.summary}",
        read_on=max(dt.datetime.fromisoformat(a.asked_at) for a in fetched.answers).date(),
    )
    return replace(result, written=written)


def _fetched_parts(
    counts: pd.DataFrame, against: Reference, file: str, set_aside: Sequence[str]
) -> tuple[list[Part], list[Rejected]]:
    """Map each row of the counts, in the codes of its own year, to the borders of 2009."""
    held, rows = [], dict(enumerate(counts.to_dict("records"), start=2))
    for line, row in rows.items():
        code, year = row["municipality_code"], row["year"]
        if code not in against.places.in_force.get(year, ()):
            raise InputError(
                f"{file}, row {line}: municipality code {code} was not in force in {year}, as far"
                f" as codes are known ({FIRST_YEAR}-{LAST_YEAR}); ask for other years."
            )
        number = ".." if pd.isna(row["value"]) else row["value"]
        held.append(Entry(line, code, "", (), str(year), {"loans": number}))
    table, no_choice = RawTable(file, "", ()), Choices({})
    mapped, rejected, _ = map_entries(held, against.places, table, None, set_aside, no_choice)
    names, parts = {"loans": "value", "loans_low": "low", "loans_high": "high"}, []
    for entry, year, code, codes_of, unit in mapped:
        row = rows[entry.row]
        values = {n: None if pd.isna(row[c]) else int(row[c]) for n, c in names.items()}
        notes = [row["note"]] if row["note"] else []
        parts.append(Part(unit, year, code, codes_of, {entry.row}, values, notes))
    return parts, rejected
