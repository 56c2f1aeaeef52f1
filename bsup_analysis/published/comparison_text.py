"""What differs between two runs, in words."""

from collections.abc import Iterator

from bsup_analysis.published.comparison import Comparison, NumberChange, RowChange, TableChange

_ROWS = 10


def difference_lines(found: Comparison, every: bool = False) -> Iterator[str]:
    """Tell what differs, number by number and table by table, and sum it up.

    Parameters
    ----------
    every
        Tell all rows of a table, and not the first ten alone.
    """
    for number in found.numbers:
        yield _number(number)
    for table in found.tables:
        yield from _table(table, every)
    yield _sum(found)


def _number(one: NumberChange) -> str:
    if one.old is None or one.new is None:
        row, state = (one.new, "new") if one.old is None else (one.old, "gone")
        assert row is not None  # noqa: S101 - one of the two is there
        return f"{state:<9}{one.id}: {row['value']} ({row['unit']})"
    told = (
        f"{'number':<9}{one.id}: {change(one.old['value'], one.new['value'])} ({one.new['unit']})"
    )
    if one.old["unit"] != one.new["unit"]:
        told += f"; the unit was {one.old['unit']}"
    if one.old.get("exhibit") != one.new.get("exhibit"):
        told += f"; from exhibit {one.old.get('exhibit')} to {one.new.get('exhibit')}"
    return told


def change(old: object, new: object) -> str:
    """Tell a value before and after, and by how much it moved where both are numbers."""
    told = f"{_shown(old)} -> {_shown(new)}"
    try:
        before, after = float(str(old)), float(str(new))
    except ValueError:
        return told
    if before == after:
        return told
    share = f", {100 * (after - before) / abs(before):+.3g} %" if before else ""
    return f"{told}, by {after - before:+.4g}{share}"


def _count(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _shown(value: object) -> str:
    return str(value) if str(value) else "empty"


def _table(table: TableChange, every: bool) -> Iterator[str]:
    if table.state != "changed":
        yield f"{table.state:<9}table {table.exhibit}"
        return
    if table.rows is None:
        yield f"{'table':<9}{table.exhibit}: its data differ and are not at hand, so no row is told"
        return
    gone, come = table.columns
    cells = sum(len(row.cells) for row in table.rows)
    parts = [_count(len(table.rows), "row"), _count(cells, "cell")]
    parts += [f"columns gone: {', '.join(gone)}"] if gone else []
    parts += [f"columns new: {', '.join(come)}"] if come else []
    yield f"{'table':<9}{table.exhibit}: {', '.join(parts)}"
    told = [line for row in table.rows for line in _row(row)]
    yield from (told if every else told[:_ROWS])
    if not every and len(told) > _ROWS:
        yield f"{'':<11}and {len(told) - _ROWS} more; --all tells them"


def _row(row: RowChange) -> Iterator[str]:
    name = ", ".join(f"{column} {value}" for column, value in row.key)
    if row.old is None or row.new is None:
        yield f"{'':<11}{'new' if row.old is None else 'gone'}: {name}"
        return
    for column, old, new in row.cells:
        yield f"{'':<11}{name}: {column} {change(old, new)}"


def _sum(found: Comparison) -> str:
    numbers, tables = found.counted
    if not found:
        compared = f"{numbers} numbers" + ("" if tables is None else f" and {tables} tables")
        told = f"nothing changed: {compared} are the same"
    else:
        counts = {"changed": 0, "new": 0, "gone": 0}
        for one in found.numbers:
            counts["new" if one.old is None else "gone" if one.new is None else "changed"] += 1
        told = ", ".join(f"{count} {state}" for state, count in counts.items())
        told = f"{told} of {numbers} numbers"
        if tables is not None:
            told += f"; {len(found.tables)} of {tables} tables differ"
    return told + ("; tables were not compared" if tables is None else "")
