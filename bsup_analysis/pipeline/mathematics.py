"""Formulas in markdown as MathML, which a browser draws by itself: pages load nothing."""

import re
from html import escape
from typing import Any

from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from bsup_analysis.errors import InputError

# the converter takes these for letters, which a browser sets without room beside them
_OPERATORS = {"&#x0007E;": "&#x223C;", "&#x000B1;": "&#x000B1;"}
# a command or an alignment mark that the converter passes on as a letter
_UNKNOWN = re.compile(r"<mi>(\\[^<]*|&)</mi>")


def mathml(formula: str, display: str) -> str:
    """Convert a formula.

    Parameters
    ----------
    formula
        LaTeX, without the dollar signs.
    display
        `block` or `inline`.

    Raises
    ------
    InputError
        The formula is none, or has a command that is not known.
    """
    try:
        made = convert(formula, display=display)
    except Exception as error:  # noqa: BLE001 - the converter's errors have no common base
        raise InputError(
            f"the formula {formula.strip()!r} is no LaTeX ({type(error).__name__})."
        ) from None
    unknown = _UNKNOWN.search(made)
    if unknown:
        raise InputError(
            f"the formula {formula.strip()!r} cannot be shown: {unknown[1]} is not known here;"
            " lines are set below each other by \\begin{split}."
        )
    for letter, operator in _OPERATORS.items():
        made = made.replace(f"<mi>{letter}</mi>", f"<mo>{operator}</mo>")
    return made.replace("<math ", f'<math alttext="{escape(" ".join(formula.split()))}" ', 1)


class _Renderer(IPythonRenderer):
    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


class MathMLExporter(HTMLExporter):
    """nbconvert's exporter of HTML, with the formulas of markdown as MathML."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Convert markdown; an image that is attached to the cell is embedded."""
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _Renderer(
            escape=False,
            attachments=attachments,
            embed_images=self.embed_images,
            exclude_anchor_links=self.exclude_anchor_links,
        )
        return MarkdownWithMath(renderer=renderer).render(source)
