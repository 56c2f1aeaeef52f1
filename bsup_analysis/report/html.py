"""The report as one page that needs nothing but itself.

Figures are drawn into it. Their letters are outlines, and the same outlines come back in every
figure: they are put into the page once, which takes half of its size.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bsup_analysis.report.blocks import Heading
from bsup_analysis.report.content import Report, edition
from bsup_analysis.report.explorer import explorer

_HEAD = re.compile(r"^.*?<svg\b[^>]*?viewBox=\"([^\"]+)\"[^>]*>", re.DOTALL)
_NOISE = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL)
_GLYPH = re.compile(r'<path id="([^"]+)" (d="[^"]*" transform="scale\([^"]*\)")/>')
_EMPTY = re.compile(r"<defs>\s*</defs>")
_ID = re.compile(r' id="([^"]+)"')
_USED = re.compile(r'(?:url\(#|href="#)([^")]+)')
_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def to_html(report: Report, others: Mapping[str, str]) -> str:
    """Write the report as a page.

    Parameters
    ----------
    report
        What is to be written.
    others
        The language's other pages, by the key of their words; each an address relative to it.
    """
    glyphs = Glyphs()
    figures = {
        exhibit.id: Markup(  # noqa: S704 - our own drawing
            inline_svg(
                exhibit.svg.read_text(encoding="utf-8"),
                exhibit.id,
                exhibit.alternative_text,
                glyphs,
            )
        )
        for exhibit in report.published.exhibits.values()
        if exhibit.svg is not None
    }
    environment = Environment(
        loader=PackageLoader("bsup_analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.filters["embedded"] = _embedded
    return environment.get_template("report.html.j2").render(
        report=report,
        text=report.text,
        figures=figures,
        glyphs=Markup(glyphs.definitions()),  # noqa: S704 - our own drawing
        exhibits=report.published.exhibits,
        headings=[block for block in report.blocks if isinstance(block, Heading)],
        explorer=lambda kind: explorer(report, kind),
        others=others,
        edition=edition(report),
    )


def _embedded(content: Any) -> Markup:
    """Give data as JSON that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Markup(text.replace("</", "<\\/"))  # noqa: S704 - cannot close the script element


@dataclass
class Glyphs:
    """Outlines seen so far, by their drawing, each with the name it has in the page."""

    names: dict[str, str] = field(default_factory=dict)

    def name(self, drawing: str) -> str:
        """Name an outline; the same drawing has the same name."""
        return self.names.setdefault(drawing, f"glyph{len(self.names)}")

    def definitions(self) -> str:
        """Give all outlines as one hidden drawing, to be put first in the page."""
        paths = "".join(f'<path id="{name}" {d}/>' for d, name in self.names.items())
        hidden = 'width="0" height="0" class="glyphs" aria-hidden="true"'
        return f"<svg {hidden}><defs>{paths}</defs></svg>"


def inline_svg(svg: str, name: str, label: str, glyphs: Glyphs) -> str:
    """Turn a figure's file into an element of the page.

    Parameters
    ----------
    svg
        The file as matplotlib writes it.
    name
        Put before the ids inside, which other figures have too.
    label
        The alternative text.
    glyphs
        Takes up the outlines of letters.
    """
    head = _HEAD.match(svg)
    if head is None:
        raise ValueError(f"{name} is no drawing with a viewBox")
    body = _NOISE.sub("", svg[head.end() :])
    body = re.sub(r"\s+", " ", body).replace("> <", "><").replace(' "', '"')
    renamed: dict[str, str] = {}

    def collect(found: re.Match[str]) -> str:
        renamed[found[1]] = glyphs.name(found[2])
        return ""

    body = _EMPTY.sub("", _GLYPH.sub(collect, body)).replace("xlink:href", "href")
    used = set(_USED.findall(body))
    renamed |= {one: f"{name}-{one}" for one in used if one not in renamed}
    body = _ID.sub(lambda f: f' id="{renamed[f[1]]}"' if f[1] in used else "", body)
    body = _USED.sub(lambda f: f[0].replace(f[1], renamed[f[1]]), body)
    body = _NUMBER.sub(lambda f: f"{float(f[0]):.2f}".rstrip("0").rstrip("."), body)
    return f'<svg class="drawn" viewBox="{head[1]}" role="img" aria-label="{escape(label)}">{body}'
