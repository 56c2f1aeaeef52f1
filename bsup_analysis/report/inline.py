"""What a sentence is made of: text, numbers that know their exhibit, references, commands."""

import re
import string
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """Plain words."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Words that carry weight."""

    text: str


@dataclass(frozen=True)
class Emphasis:
    """A title, or a word of another language."""

    text: str


@dataclass(frozen=True)
class Code:
    """A command or a file, set as typed."""

    text: str


@dataclass(frozen=True)
class Number:
    """A number as the language writes it, with its id and the exhibit it comes from."""

    text: str
    id: str
    exhibit: str


@dataclass(frozen=True)
class Reference:
    """A mention of an exhibit, a table of the report or a section, shown as its number."""

    target: str


Inline = Text | Strong | Emphasis | Code | Number | Reference
Inlines = tuple[Inline, ...]
_MARKS = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|\*(?P<emphasis>[^*]+)\*|`(?P<code>[^`]+)`")
_KINDS: dict[str, type[Strong | Emphasis | Code]] = {
    "strong": Strong,
    "emphasis": Emphasis,
    "code": Code,
}


def fill(template: str, values: dict[str, object]) -> Inlines:
    """Put values into the named places of a template.

    Parameters
    ----------
    template
        Words with `{named}` places; `**strong**`, `*emphasis*` and back-ticks (commands) mark
        its words.
    values
        An inline, a tuple of inlines or plain text for each place.

    Raises
    ------
    KeyError
        A place has no value.
    """
    parts: list[Inline] = []
    for text, name, _, _ in string.Formatter().parse(template):
        parts += _words(text)
        if name is None:
            continue
        value = values[name]
        if isinstance(value, tuple):
            parts += value
        elif isinstance(value, str):
            parts.append(Text(value))
        else:
            parts.append(value)  # type: ignore[arg-type]
    return tuple(parts)


def _words(text: str) -> list[Inline]:
    """Split text at its marks."""
    parts: list[Inline] = []
    end = 0
    for found in _MARKS.finditer(text):
        kind = str(found.lastgroup)
        parts += [Text(text[end : found.start()]), _KINDS[kind](found[kind])]
        end = found.end()
    parts.append(Text(text[end:]))
    return [part for part in parts if part != Text("")]
