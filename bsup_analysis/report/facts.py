"""What the report's words depend on beside single numbers, worked out from what is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from bsup_analysis.language import Words
from bsup_analysis.published.reader import Edition, read_rows
from bsup_analysis.report.render import Value, Values

READING = "signed_2010"
# specifications by what sets them apart, as their names begin
CAUSES = {"loans_2009_is_": "press", "loans_from_2008_": "share", "amount": "amount"}
# columns of the list of statements
NUMBER, PAGE, STATEMENT, PRINTED, RECOMPUTED, NOTE = 0, 1, 2, 3, 4, 6


@dataclass(frozen=True)
class Interval:
    """An interval of a ratio, and which of the published kinds it is (`phi17_t`)."""

    low: Value
    high: Value
    kind: str


def widest_interval(numbers: Values, ratio: str) -> Interval:
    """Return the widest of a ratio's published intervals, on the scale of logarithms."""
    lows = numbers.starting(f"{ratio}_ci_low_") or [numbers[f"{ratio}_ci_low"]]
    highs = [numbers[low.id.replace("_ci_low", "_ci_high")] for low in lows]
    low, high = max(zip(lows, highs, strict=True), key=lambda ends: ends[1] / ends[0])
    return Interval(low, high, low.id.removeprefix(f"{ratio}_ci_low_"))


@dataclass(frozen=True)
class Readings:
    """A ratio by how the document is read.

    Attributes
    ----------
    others
        By the readings other than the agreements that are named as signed, the smallest first.
    total, clear
        How many readings there are, and of how many the interval holds no 1.
    """

    others: list[Value]
    total: Value
    clear: Value


def agreement_readings(numbers: Values, stem: str) -> Readings:
    """Return the ratios whose id begins with `stem` and ends with the reading."""
    signed = stem + READING
    names = [one.id for one in numbers.starting(stem) if not one.id.endswith(("_low", "_high"))]
    clear = [n for n in names if numbers[f"{n}_ci_low"] > 1 or numbers[f"{n}_ci_high"] < 1]
    return Readings(
        others=sorted(numbers[name] for name in names if name != signed),
        total=Value(len(names), signed),
        clear=Value(len(clear), signed),
    )


@dataclass(frozen=True)
class Clear:
    """Specifications whose interval holds no 1.

    Attributes
    ----------
    side
        `below`, `above` or `both`; empty where there is none.
    names
        As the figure shows them.
    causes
        What sets them apart: `press`, `share`, `amount`, `other`.
    """

    side: str
    names: list[str]
    causes: set[str]


def clear_specifications(published: Edition, words: Words) -> Clear:
    """Return the specifications that are clear of 1, those below first."""
    rows = read_rows(published.exhibits["specifications"].data)
    below = [row["specification"] for row in rows if float(row["high"]) < 1]
    above = [row["specification"] for row in rows if float(row["low"]) > 1]
    return Clear(
        side="both" if below and above else "below" if below else "above" if above else "",
        names=[words(f"specifications.{name}") for name in (*below, *above)],
        causes={
            next((cause for start, cause in CAUSES.items() if name.startswith(start)), "other")
            for name in (*below, *above)
        },
    )


def contradictions(published: Edition) -> list[tuple[str, ...]]:
    """Return the heads and, if there are any, the rows of the contradicted statements.

    Page numbers of the document's list of contents, which weigh little, are left out.
    """
    exhibit = published.exhibits["audit_statements"]
    chosen = {
        row["statement_id"]
        for row in read_rows(exhibit.data)
        if row["status"] == "contradicted" and row["check"] != "toc_page"
    }
    if exhibit.table is None:
        return []
    listed = [row for row in exhibit.table.rows if row[0] in chosen]
    return [_contradiction(row) for row in (exhibit.table.head, *listed)] if listed else []


def _contradiction(row: Sequence[str]) -> tuple[str, ...]:
    both = f"{row[PRINTED]} → {row[RECOMPUTED]}"
    return (row[NUMBER], row[PAGE], row[STATEMENT], both, row[NOTE])


def exhibits_of(published: Edition, *notebooks: str) -> list[str]:
    """Return the exhibits of notebooks, named by a part of their name."""
    return [
        exhibit.id
        for exhibit in published.exhibits.values()
        if any(one in PurePosixPath(exhibit.notebook).stem for one in notebooks)
    ]


def counted(published: Edition, words: Words) -> str:
    """Return what the table of all municipalities counts, as its exhibit states it."""
    rows = read_rows(published.exhibits["municipal_data_used"].data)
    definition = next(row["value"] for row in rows if row["what"] == "counted")
    return words(f"data_level.outcome.{definition}")


def checksums(published: Edition) -> dict[str, str]:
    """Return the SHA-256 of what the report rests on, by file."""
    tables = {
        path: digest
        for exhibit in published.exhibits.values()
        for path, digest in exhibit.inputs.items()
    }
    return {**published.digests, **dict(sorted(tables.items()))}
