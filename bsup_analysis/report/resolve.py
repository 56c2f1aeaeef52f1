"""References as a reader sees them: `Figure 3`, in a Norwegian sentence `figur 3`."""

from collections.abc import Iterator

from bsup_analysis.report.content import Report
from bsup_analysis.report.inline import Inline, Inlines, Reference


def resolved(report: Report, inlines: Inlines) -> Iterator[tuple[Inline, str, str]]:
    """Give each part with its shown text and, for what is a link, the id it leads to.

    Yields
    ------
    part, text, target
        `target` is empty where there is nothing to lead to.
    """
    before = ""
    for part in inlines:
        if isinstance(part, Reference):
            label = report.labels[part.target]
            inside = before.strip() and before.rstrip()[-1] not in ".!?:"
            text = (
                label[0].lower() + label[1:] if inside and report.words.language == "nb" else label
            )
            yield part, text, part.target
        else:
            text = part.text
            yield part, text, getattr(part, "exhibit", "")
        before = text


def told(report: Report, inlines: Inlines) -> str:
    """Give the words alone."""
    return "".join(text for _, text, _ in resolved(report, inlines))
