"""The table of an exhibit in the reader's language, read from the page it was published on."""

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass(frozen=True)
class ShownTable:
    """Cells as shown: `head` names the columns, the first of them that of the rows.

    `numeric` are the columns (from 0) whose cells are all numbers, ranges or unknown.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int]


class _Reader(HTMLParser):
    """Collects head and body of the table in each ``<figure class="exhibit" id=...>``."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: dict[str, list[list[str]]] = {}
        self.rows: dict[str, list[list[str]]] = {}
        self._part = self.rows
        self._exhibit: str | None = None
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "figure" and "exhibit" in (values.get("class") or "").split():
            self._exhibit = values.get("id")
        elif tag in ("thead", "tbody"):
            self._part = self.heads if tag == "thead" else self.rows
        elif self._exhibit and tag == "tr":
            self._part.setdefault(self._exhibit, []).append([])
        elif self._exhibit and tag in ("td", "th") and self._part.get(self._exhibit):
            self._cell = []

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "figure":
            self._exhibit = None
        elif self._cell is not None and self._exhibit and tag in ("td", "th"):
            self._part[self._exhibit][-1].append("".join(self._cell).strip("\n\t "))
            self._cell = None


def read_shown(html: str) -> dict[str, ShownTable]:
    """Read the tables of a published page, by exhibit.

    A head of several rows names each column by the last of its cells that says something.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return {name: _table(heads, reader.rows[name]) for name, heads in reader.heads.items()}


def _table(heads: list[list[str]], rows: list[list[str]]) -> ShownTable:
    head = tuple(
        next((cell for cell in reversed(column) if cell.strip()), "")
        for column in zip(*heads, strict=True)
    )
    cells = tuple(tuple(row) for row in rows)
    numeric = {i for i in range(1, len(head)) if all(is_numeric(row[i]) for row in cells if row[i])}
    return ShownTable(head, cells, frozenset(numeric))


def is_numeric(cell: str) -> bool:
    """Tell whether a cell reads as a number, a range of numbers or unknown."""
    marks = set("0123456789 ,.–-+%\N{MINUS SIGN}\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}[]()")
    return set(cell) <= marks
