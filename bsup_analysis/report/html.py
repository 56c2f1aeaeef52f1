"""The report as one page that needs nothing but itself."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bsup_analysis.report.blocks import Heading, Spans
from bsup_analysis.report.content import Report, edition
from bsup_analysis.report.explorer import explorer
from bsup_analysis.report.svg import Glyphs, inline_svg


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
    environment.filters["spans"] = _spans
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


def _spans(spans: Spans) -> Markup:
    parts = []
    for span in spans:
        shown = escape(span.text)
        if span.number:
            link = f'class="number" href="#{span.target}" data-number="{span.number}"'
            shown = f"<a {link}>{shown}</a>"
        elif span.target:
            shown = f'<a href="#{span.target}">{shown}</a>'
        if span.style:
            shown = f"<{span.style}>{shown}</{span.style}>"
        parts.append(shown)
    return Markup("".join(parts))  # noqa: S704 - every text is escaped above


def _embedded(content: Any) -> Markup:
    """Give data as JSON that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Markup(text.replace("</", "<\\/"))  # noqa: S704 - cannot close the script element
