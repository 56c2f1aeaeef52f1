"""What the report is built of, the same for every format it is written in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Words in one style, which may lead to an exhibit, a table or a section.

    `style` is empty, `strong`, `em` or `code`; `target` is the id it leads to; `number` the id of
    the published number that is shown.
    """

    text: str
    style: str = ""
    target: str = ""
    number: str = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 opens a section, and `numbered` says whether it gets a number."""

    id: str
    level: int
    text: str
    numbered: bool = True


@dataclass(frozen=True)
class Paragraph:
    """Sentences; `lead` sets them larger, as the answer is."""

    spans: Spans
    lead: bool = False


@dataclass(frozen=True)
class Listing:
    """A list of items."""

    items: tuple[Spans, ...]
    ordered: bool = False


@dataclass(frozen=True)
class ExhibitBlock:
    """A published exhibit, by id, in its place."""

    id: str


@dataclass(frozen=True)
class Table:
    """A table of the report's own: a summary, sources, versions or checksums.

    `numeric` names the columns (from 0) set right; the first column names the row.
    """

    id: str
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[Spans, ...], ...]
    numeric: frozenset[int]


@dataclass(frozen=True)
class Commands:
    """Lines to be typed."""

    text: str


@dataclass(frozen=True)
class Explorer:
    """A place where looking beats reading; only the page on a screen fills it.

    `kind` is `municipalities` (map and series linked) or `dispersion` (interval with a slider).
    """

    kind: str


Block = Heading | Paragraph | Listing | ExhibitBlock | Table | Commands | Explorer


def plain(spans: Spans) -> str:
    """Return the words alone."""
    return "".join(span.text for span in spans)
