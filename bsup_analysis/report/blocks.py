"""What the report is built of, the same for every format it is written in."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bsup_analysis.report.inline import Inlines


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

    inlines: Inlines
    lead: bool = False


@dataclass(frozen=True)
class Listing:
    """A list of items, each with an optional term in front."""

    items: tuple[Inlines, ...]
    ordered: bool = False


@dataclass(frozen=True)
class ExhibitBlock:
    """A published exhibit, by id, in its place."""

    id: str


@dataclass(frozen=True)
class Table:
    """A table of the report's own: a summary, sources, versions or hashes.

    `numeric` names the columns (from 0) set right; the first column names the row.
    """

    id: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    note: str = ""
    numeric: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Commands:
    """Lines to be typed."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Explorer:
    """A place where looking beats reading; only the page on a screen fills it.

    `kind` is `municipalities` (map and series linked) or `dispersion` (interval with a slider).
    """

    kind: str


Block = Heading | Paragraph | Listing | ExhibitBlock | Table | Commands | Explorer
Blocks = Sequence[Block]
