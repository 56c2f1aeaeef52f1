"""The report as one page that needs nothing but itself."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bsup_analysis.report.blocks import Heading
from bsup_analysis.report.content import Report, edition
from bsup_analysis.report.explorer import explorer
from bsup_analysis.report.inline import Code, Emphasis, Inlines, Number, Reference, Strong
from bsup_analysis.report.resolve import resolved
from bsup_analysis.report.svg import Glyphs, inline_svg

_ELEMENT = {Strong: "strong", Emphasis: "em", Code: "code"}


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
    environment.filters["inlines"] = lambda inlines: _inlines(report, inlines)
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


def _inlines(report: Report, inlines: Inlines) -> Markup:
    parts = []
    for part, text, target in resolved(report, inlines):
        shown = escape(text)
        if isinstance(part, Number):
            shown = f'<a class="number" href="#{target}" data-number="{part.id}">{shown}</a>'
        elif isinstance(part, Reference):
            shown = f'<a href="#{target}">{shown}</a>'
        elif type(part) in _ELEMENT:
            name = _ELEMENT[type(part)]
            shown = f"<{name}>{shown}</{name}>"
        parts.append(shown)
    return Markup("".join(parts))  # noqa: S704 - every text is escaped above


def _embedded(content: Any) -> Markup:
    """Give data as JSON that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Markup(text.replace("</", "<\\/"))  # noqa: S704 - cannot close the script element
