"""What differs between two runs: numbers by id, drawn data by row and cell, and both in words."""

import csv
import hashlib
import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from bsup_analysis.errors import InputError
from bsup_analysis.files import git, read_regular
from bsup_analysis.published.manifest import NUMBERS

_ROWS_SHOWN = 10
Row = dict[str, str]


class Snapshot(NamedTuple):
    """What a run gave.

    Attributes
    ----------
    numbers
        By id, each with `value`, `unit` and `exhibit`.
    tables
        The drawn data of exhibits as CSV text, by exhibit; None where only numbers are at hand.
    digests
        SHA-256 of drawn data whose text is not at hand, by exhibit.
    """

    numbers: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, str] | None
    digests: Mapping[str, str]


class Change(NamedTuple):
    """A number by its id, or a row by what names it, before and after; None where there is none."""

    id: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None

    @property
    def state(self) -> str:
        """Whether it is `new`, `gone` or `changed`."""
        return "new" if self.old is None else "gone" if self.new is None else "changed"


class TableChange(NamedTuple):
    """An exhibit's drawn data before and after.

    `rows` is None where the data are not at hand and only their hashes differ; `columns` are the
    names gone and the names new.
    """

    exhibit: str
    state: str
    rows: Sequence[Change] | None = ()
    columns: tuple[Sequence[str], Sequence[str]] = ((), ())


@dataclass(frozen=True)
class Comparison:
    """All that differs; `counted` are the numbers and, if any were, the tables compared."""

    numbers: Sequence[Change]
    tables: Sequence[TableChange]
    counted: tuple[int, int | None]

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.numbers or self.tables)


# --- where runs are read from ---


def snapshot(place: str, root: Path) -> Snapshot:
    """Read a run.

    Parameters
    ----------
    place
        A folder such as `reports/`, a numbers.json or manifest.json, or a revision of the git
        repository at `root`, whose `reports/` is meant.

    Raises
    ------
    InputError
        It is none of these, or is damaged.
    """
    path = Path(place)
    if path.is_dir():
        folder = path / "reports" if (path / "reports" / NUMBERS).is_file() else path
        if not (folder / NUMBERS).is_file():
            raise InputError(f"{place} holds no {NUMBERS}; name a reports folder.")
        content = (folder / NUMBERS).read_bytes()
        return Snapshot(_numbers(content, f"{place}/{NUMBERS}"), _tables(folder), {})
    return _file(path, place) if path.exists() else _revision(place, root)


def _file(path: Path, place: str) -> Snapshot:
    read = read_regular(path)
    content = _json(read, place)
    if not {"pages", "files"} <= set(content):
        return Snapshot(_numbers(read, place), None, {})
    numbers = {name: row for p in content["pages"].values() for name, row in p["numbers"].items()}
    digests = {
        PurePosixPath(name).stem: digest
        for name, digest in content["files"].items()
        if name.startswith("tables/")
    }
    tables = _tables(path.parent)
    beside = {name: text for name, text in tables.items() if _sha256(text) == digests.get(name)}
    return Snapshot(numbers, beside, digests)


def _revision(place: str, root: Path) -> Snapshot:
    problem = f"there is no folder, file or git revision {place!r}"
    advice = "name two reports folders, numbers.json or manifest.json files, or a revision"
    if place.startswith("-"):  # which git would take for an option; git before 2.24 has no mark
        raise InputError(f"{problem}; {advice}.")
    made, why = git(root, "archive", "--format=tar", place, "reports")
    if why:
        raise InputError(f"{problem} with reports here; {advice} ({why}).")
    with tarfile.open(fileobj=io.BytesIO(made)) as archive:
        files = {
            PurePosixPath(member.name): stream.read()
            for member in archive.getmembers()
            if (stream := archive.extractfile(member)) is not None
        }
    reports = PurePosixPath("reports")
    if reports / NUMBERS not in files:
        raise InputError(f"revision {place} has no reports/{NUMBERS}.")
    tables = {
        path.stem: content.decode("utf-8")
        for path, content in files.items()
        if path.match("reports/tables/*.csv")
    }
    return Snapshot(_numbers(files[reports / NUMBERS], f"{place}:{NUMBERS}"), tables, {})


def _tables(folder: Path) -> dict[str, str]:
    # bytes are decoded as they are: reading as text would change line ends
    return {path.stem: path.read_bytes().decode() for path in (folder / "tables").glob("*.csv")}


def _numbers(content: bytes, place: str) -> dict[str, Any]:
    numbers = _json(content, place)
    if not all(isinstance(row, dict) and {"value", "unit"} <= set(row) for row in numbers.values()):
        raise InputError(f"{place} is no {NUMBERS}: a number lacks its value or unit.")
    return numbers


def _json(content: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{place} is damaged: it is no JSON of numbers or of a manifest.")
    return found


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


# --- what differs ---


def compare(old: Snapshot, new: Snapshot) -> Comparison:
    """Compare two runs; tables only where both have them."""
    ids = sorted({*old.numbers, *new.numbers})
    numbers = [Change(one, old.numbers.get(one), new.numbers.get(one)) for one in ids]
    tables, exhibits = [], None
    if old.tables is not None and new.tables is not None:
        digests = [
            {**one.digests, **{name: _sha256(text) for name, text in (one.tables or {}).items()}}
            for one in (old, new)
        ]
        exhibits = sorted({*digests[0], *digests[1]})
        for name in exhibits:
            was, now = (some.get(name) for some in digests)
            if was is None or now is None:
                tables.append(TableChange(name, "new" if was is None else "gone"))
            elif was != now:
                tables.append(_table(name, old.tables.get(name), new.tables.get(name)))
    return Comparison(
        [one for one in numbers if one.old != one.new],
        tables,
        (len(ids), None if exhibits is None else len(exhibits)),
    )


def _table(exhibit: str, old: str | None, new: str | None) -> TableChange:
    """Compare the rows of two tables, paired by what names them, else by their order."""
    if old is None or new is None:
        return TableChange(exhibit, "changed", None)
    readers = [csv.DictReader(io.StringIO(text)) for text in (old, new)]
    (head, new_head), (rows, new_rows) = zip(
        *((reader.fieldnames or (), list(reader)) for reader in readers), strict=True
    )
    key = _key([name for name in head if name in new_head], rows, new_rows)
    if key:
        before, after = ({tuple(row[n] for n in key): row for row in r} for r in (rows, new_rows))
        pairs = [
            Change(
                ", ".join(f"{column} {value}" for column, value in zip(key, name, strict=True)),
                before.get(name),
                after.get(name),
            )
            for name in dict.fromkeys([*before, *after])
        ]
    else:
        pairs = list(_by_order(rows, new_rows))
    gone = [name for name in head if name not in new_head]
    come = [name for name in new_head if name not in head]
    return TableChange(
        exhibit, "changed", [one for one in pairs if one.old != one.new], (gone, come)
    )


def _key(names: Sequence[str], *sides: Sequence[Row]) -> list[str]:
    """Name the columns that tell rows apart: as few of the first as do, none of them measured."""
    key: list[str] = []
    for name in names:
        if not any(_is_measured(row[name]) for rows in sides for row in rows):
            key.append(name)
            if all(
                len({tuple(row[k] for k in key) for row in rows}) == len(rows) for rows in sides
            ):
                return key
    return []


def _is_measured(cell: str) -> bool:
    try:
        return not float(cell).is_integer()
    except (ValueError, OverflowError):
        return False


def _by_order(rows: Sequence[Row], new_rows: Sequence[Row]) -> Iterator[Change]:
    """Pair rows in their order; each is named by its row of the file, the newer one's if it can."""
    before, after = ([tuple(row.items()) for row in some] for some in (rows, new_rows))
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            for i in range(max(b - a, d - c)):
                was = rows[a + i] if a + i < b else None
                now = new_rows[c + i] if c + i < d else None
                yield Change(f"row {(a if now is None else c) + i + 2}", was, now)


# --- in words ---


def difference_lines(found: Comparison, every: bool = False) -> Iterator[str]:
    """Tell what differs, number by number and table by table, and sum it up.

    Parameters
    ----------
    every
        Tell all rows of a table, and not the first ten alone.
    """
    yield from map(_number_line, found.numbers)
    for table in found.tables:
        yield from _table_lines(table, every)
    numbers, tables = found.counted
    if found:
        states = Counter(one.state for one in found.numbers)
        counts = ", ".join(f"{states[state]} {state}" for state in ("changed", "new", "gone"))
        differing = "" if tables is None else f"; {len(found.tables)} of {tables} tables differ"
        line = f"{counts} of {numbers} numbers{differing}"
    else:
        compared = f"{numbers} numbers" + ("" if tables is None else f" and {tables} tables")
        line = f"nothing changed: {compared} are the same"
    yield line + ("; tables were not compared" if tables is None else "")


def _number_line(one: Change) -> str:
    if one.old is None or one.new is None:
        row = one.new or one.old or {}
        return f"{one.state:<9}{one.id}: {row['value']} ({row['unit']})"
    line = f"{'number':<9}{one.id}: {change(one.old['value'], one.new['value'])}"
    line += f" ({one.new['unit']})"
    if one.old["unit"] != one.new["unit"]:
        line += f"; the unit was {one.old['unit']}"
    if one.old.get("exhibit") != one.new.get("exhibit"):
        line += f"; from exhibit {one.old.get('exhibit')} to {one.new.get('exhibit')}"
    return line


def change(old: object, new: object) -> str:
    """Tell a value before and after, and by how much it moved where both are numbers."""
    told = f"{str(old) or 'empty'} -> {str(new) or 'empty'}"
    try:
        before, after = float(str(old)), float(str(new))
    except ValueError:
        return told
    if before == after:
        return told
    share = f", {100 * (after - before) / abs(before):+.3g} %" if before else ""
    return f"{told}, by {after - before:+.4g}{share}"


def _table_lines(table: TableChange, every: bool) -> Iterator[str]:
    if table.state != "changed":
        yield f"{table.state:<9}table {table.exhibit}"
        return
    if table.rows is None:
        yield f"{'table':<9}{table.exhibit}: its data differ and are not at hand, so no row is told"
        return
    lines = [line for row in table.rows for line in _row_lines(row)]
    cells = len(lines) - sum(row.state != "changed" for row in table.rows)
    counts = (len(table.rows), "row"), (cells, "cell")
    parts = [f"{count} {one}{'' if count == 1 else 's'}" for count, one in counts]
    parts += [
        f"columns {state}: {', '.join(names)}"
        for state, names in zip(("gone", "new"), table.columns, strict=True)
        if names
    ]
    yield f"{'table':<9}{table.exhibit}: {', '.join(parts)}"
    shown = lines if every else lines[:_ROWS_SHOWN]
    yield from (f"{'':<11}{line}" for line in shown)
    if len(shown) < len(lines):
        yield f"{'':<11}and {len(lines) - len(shown)} more; --all tells them"


def _row_lines(row: Change) -> Iterator[str]:
    """Tell the cells of a row that changed, or that the whole row is new or gone."""
    if row.old is None or row.new is None:
        yield f"{row.state}: {row.id}"
        return
    for column, old in row.old.items():
        if old != row.new.get(column, old):
            yield f"{row.id}: {column} {change(old, row.new[column])}"
