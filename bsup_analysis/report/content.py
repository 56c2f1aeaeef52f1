"""The order of the report, and the numbers of its sections, figures and tables."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bsup_analysis.language import Words
from bsup_analysis.report.blocks import Block, ExhibitBlock, Heading, Table
from bsup_analysis.report.inline import Reference
from bsup_analysis.report.published import Published
from bsup_analysis.report.sections.answer import answer
from bsup_analysis.report.sections.background import asked, programme
from bsup_analysis.report.sections.certainty import certainty
from bsup_analysis.report.sections.document import document
from bsup_analysis.report.sections.improvement import improvement
from bsup_analysis.report.sections.meaning import limits, methods, phasing, release
from bsup_analysis.report.sections.origin import remake, sources
from bsup_analysis.report.sections.selection import selection
from bsup_analysis.report.teller import Teller

# the page of one municipality, shown as an example
PROFILE = "municipality_profile"
SECTIONS: tuple[Callable[[Teller], list[Block]], ...] = (
    answer,
    asked,
    programme,
    document,
    selection,
    improvement,
    certainty,
    phasing,
    limits,
    release,
    methods,
    sources,
    remake,
)


@dataclass(frozen=True)
class Report:
    """A report ready to be written in any format.

    `labels` name what can be referred to (`Figure 3`, `5.1`); `sections` hold the numbers of
    headings by id.
    """

    published: Published
    words: Words
    blocks: tuple[Block, ...]
    labels: dict[str, str]
    sections: dict[str, str]

    def text(self, key: str, **values: object) -> str:
        """Give words of the report's frame."""
        return self.words(f"report.{key}", **values)


def compose(published: Published) -> Report:
    """Put the report together from what is published.

    Exhibits no section asks for follow in an appendix, so that nothing published is left out.

    Raises
    ------
    InputError
        A number or an exhibit the report needs is not published.
    """
    words = Words(published.language)
    tell = Teller(published, words)
    blocks = [block for section in SECTIONS for block in section(tell)]
    placed = {block.id for block in blocks if isinstance(block, ExhibitBlock)}
    rest = [name for name in published.exhibits if name not in placed]
    if rest:
        profile = ["appendix_more.profile"] if PROFILE in rest else []
        told = tell.say("appendix_more.text", *profile, profile=tell.ref(PROFILE))
        blocks += [tell.heading("appendix_more"), told]
        blocks += [tell.exhibit(name) for name in rest]
    if published.outdated:
        blocks.insert(1, tell.say("outdated"))
    labels, sections = number(blocks, published, words)
    blocks = [_in_order(block, labels) for block in blocks]
    return Report(published, words, tuple(blocks), labels, sections)


def _in_order(block: Block, labels: dict[str, str]) -> Block:
    """Put the rows of a table that lists exhibits in the order of the report."""
    if not isinstance(block, Table) or not isinstance(block.rows[0][0][0], Reference):
        return block
    place = {name: i for i, name in enumerate(labels)}
    rows = sorted(block.rows, key=lambda row: place[row[0][0].target])  # type: ignore[union-attr]
    return replace(block, rows=tuple(rows))


def number(
    blocks: list[Block], published: Published, words: Words
) -> tuple[dict[str, str], dict[str, str]]:
    """Give sections, figures and tables their numbers, in the order they stand."""
    labels: dict[str, str] = {}
    sections: dict[str, str] = {}
    count = {"figure": 0, "table": 0}
    chapter = part = 0
    for block in blocks:
        if isinstance(block, Heading) and block.numbered:
            chapter, part = (chapter + 1, 0) if block.level == 1 else (chapter, part + 1)
            sections[block.id] = f"{chapter}.{part}" if part else f"{chapter}"
            labels[block.id] = sections[block.id]
        elif isinstance(block, ExhibitBlock | Table):
            kind = "table" if isinstance(block, Table) else published.exhibits[block.id].kind
            count[kind] += 1
            labels[block.id] = f"{words(f'report.{kind}')}\N{NO-BREAK SPACE}{count[kind]}"
    return labels, sections


def edition(report: Report) -> str:
    """Name the edition by the software's version and the beginning of the numbers' checksum."""
    version = report.published.versions.get("bsup_analysis") or "–"
    digest = report.published.digests["reports/numbers.json"][:12]
    return report.text("edition_text", version=version, digest=digest)
