"""What a notebook shows beside its exhibits: its opening words, and headline numbers as text."""

import html
from collections.abc import Mapping
from dataclasses import dataclass

from bsup_analysis.exhibit import Number


@dataclass(frozen=True)
class Headlines:
    """Headline numbers as plain text, the same wherever they are computed."""

    numbers: Mapping[str, Number]
    digits: int = 10

    def __repr__(self) -> str:
        """Give a table: number, value with up to `digits` digits, unit."""
        rows = [(i, f"{n.value:.{self.digits}g}", n.unit) for i, n in self.numbers.items()]
        table = [("number", "value", "unit"), *rows]
        wide, valued = (max(len(row[column]) for row in table) for column in (0, 1))
        return "\n".join(f"{i:{wide}}  {value:>{valued}}  {unit}" for i, value, unit in table)


@dataclass(frozen=True)
class Opening:
    """The heading and the opening words of a notebook, in the reader's language."""

    title: str
    text: str = ""
    banner: str = ""

    def _repr_html_(self) -> str:
        above = f"<p><strong>{html.escape(self.banner)}</strong></p>\n" if self.banner else ""
        below = f"\n<p>{html.escape(self.text)}</p>" if self.text else ""
        return f"{above}<h1>{html.escape(self.title)}</h1>{below}"

    def __repr__(self) -> str:
        """Give the heading."""
        return self.title
