"""What the report is built of, the same for every format, and Markdown read into it.

The Markdown is CommonMark with tables, read by markdown-it, and four conventions on top:

- `# Heading {: #id }` gives a heading its id; `.unnumbered` after the id leaves out its number;
- `[0.88](#exhibit "number_id")` is a number that leads to its exhibit, and `<https://s-n.no/>` an
  address, shown without what stands in front of it;
- `![](exhibit:id)` and `![](explorer:kind)`, alone in a paragraph, place an exhibit or a part of
  the page that needs a script;
- a paragraph `: Title {: #id }` in front of a table is its title, a second line its source.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bsup_analysis.errors import InputError

_NAMED = re.compile(r"(?P<text>.*?) *\{: #(?P<id>[\w-]+)(?P<unnumbered> \.unnumbered)? \}")
_SPECIAL = re.compile(r"[!-/:-@\[-`{-~]")


@dataclass(frozen=True)
class Span:
    """Words in one style, which may lead to an exhibit, a table or a section.

    `style` is empty, `strong`, `em` or `code`; `target` is the id it leads to, or the address of
    a page on the web; `number` the id of the published number that is shown.
    """

    text: str
    style: str = ""
    target: str = ""
    number: str = ""

    @property
    def web(self) -> bool:
        """Whether it leads to a page on the web."""
        return self.target.startswith("https://")


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


def parse(text: str) -> list[Block]:
    """Read Markdown into blocks.

    Raises
    ------
    InputError
        It holds what the report has no form for.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    read: list[Block] = []
    caption = ""
    for node in SyntaxTreeNode(reader.parse(text)).children:
        if node.type == "paragraph" and node.children[0].content.startswith(": "):
            caption = _words(node.children[0]).removeprefix(": ")
            continue
        if caption and node.type != "table":
            raise InputError(f"no table follows the title {caption!r}.")
        read.append(_block(node, caption))
        caption = ""
    return read


def escape(text: str) -> str:
    """Return Markdown that shows `text` as it is, also in the cell of a table."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.splitlines()))


def _block(node: SyntaxTreeNode, caption: str) -> Block:
    match node.type:
        case "heading":
            found = _named(node.children[0].content)
            level = int(node.tag.removeprefix("h"))
            return Heading(found["id"], level, found["text"], not found["unnumbered"])
        case "paragraph":
            return _placed(node.children[0]) or Paragraph(_spans(node.children[0]))
        case "blockquote":
            return Paragraph(_spans(_only(node)), lead=True)
        case "bullet_list" | "ordered_list":
            items = tuple(_spans(_only(item)) for item in node.children)
            return Listing(items, ordered=node.type == "ordered_list")
        case "fence":
            return Commands(node.content.rstrip("\n"))
        case "table":
            return _table(node, caption)
    raise InputError(f"the report cannot show this Markdown: {node.type}.")


def _only(node: SyntaxTreeNode) -> SyntaxTreeNode:
    """Return what an item or a quotation says, which is to be one paragraph."""
    if [child.type for child in node.children] != ["paragraph"]:
        raise InputError(f"the report cannot show a {node.type} of more than one paragraph.")
    return node.children[0].children[0]


def _placed(inline: SyntaxTreeNode) -> Block | None:
    if [child.type for child in inline.children] != ["image"]:
        return None
    kind, _, name = str(inline.children[0].attrs["src"]).partition(":")
    return ExhibitBlock(name) if kind == "exhibit" else Explorer(name)


def _table(node: SyntaxTreeNode, caption: str) -> Table:
    head, *body = (row for part in node.children for row in part.children)
    title, _, note = caption.partition("\n")
    found = _named(title)
    return Table(
        id=found["id"],
        title=found["text"],
        note=note.replace("\n", " "),
        head=tuple(_words(cell.children[0]) for cell in head.children),
        rows=tuple(tuple(_spans(cell.children[0]) for cell in row.children) for row in body),
        numeric=frozenset(
            i for i, cell in enumerate(head.children) if "right" in str(cell.attrs.get("style"))
        ),
    )


def _named(text: str) -> re.Match[str]:
    found = _NAMED.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} needs an id, as in `The answer {{: #answer }}`.")
    return found


def _words(inline: SyntaxTreeNode) -> str:
    """Return the words alone, lines kept apart."""
    return "".join(span.text for span in _leaves(inline))


def _spans(inline: SyntaxTreeNode) -> Spans:
    """Return what a paragraph, an item or a cell says; words of one style are one span."""
    alike = groupby(_leaves(inline), lambda span: (span.style, span.target, span.number))
    return tuple(
        Span("".join(span.text for span in spans).replace("\n", " "), *key) for key, spans in alike
    )


def _leaves(node: SyntaxTreeNode, style: str = "") -> Iterator[Span]:
    for child in node.children:
        match child.type:
            case "text" if not child.content:
                continue  # what stands around **strong** words
            case "text":
                yield Span(child.content, style)
            case "softbreak":
                yield Span("\n", style)
            case "code_inline":
                yield Span(child.content, "code")
            case "strong" | "em":
                yield from _leaves(child, child.type)
            case "link" if str(child.attrs["href"]).startswith("https://"):
                address = str(child.attrs["href"])
                shown = address.removeprefix("https://").removeprefix("www.").rstrip("/")
                yield Span(unquote(shown), style, address)
            case "link" if str(child.attrs["href"]).startswith("#"):
                text = "".join(one.content for one in child.children)
                number = str(child.attrs.get("title", ""))
                yield Span(text, style, str(child.attrs["href"])[1:], number)
            case kind:
                raise InputError(f"a sentence cannot hold this Markdown: {kind}.")
