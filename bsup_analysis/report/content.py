"""The content of report and annex: templates filled, read into blocks, what they show numbered."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

import yaml

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.language import Words
from bsup_analysis.published.reader import Edition, PublishedExhibit, read_rows
from bsup_analysis.report.markdown import Block, ExhibitBlock, Heading, Table, parse
from bsup_analysis.report.render import TEMPLATES, Value, Values, render

# the documents of a language, in the order they are filled: an exhibit stands in one of them
DOCUMENTS = ("report", "annex")
# specifications by what sets them apart, as their names begin
CAUSES = {"loans_2009_is_": "press", "loans_from_2008_": "share", "amount": "amount"}


@dataclass(frozen=True)
class Report:
    """A document, the report or its annex, ready to be written in any format.

    `name` is one of `DOCUMENTS`; `labels` name what it shows (`Figure 3`, in the annex
    `Figure A3`); `sections` hold the numbers of headings by id.
    """

    name: str
    published: Edition
    words: Words
    title: str
    subtitle: str
    running: str
    blocks: tuple[Block, ...]
    labels: dict[str, str]
    sections: dict[str, str]

    def text(self, key: str, **values: object) -> str:
        """Return words of the report's frame."""
        return self.words(f"page.{key}", **values)

    @property
    def others(self) -> list[str]:
        """The other documents of the language."""
        return [name for name in DOCUMENTS if name != self.name]

    def elsewhere(self, target: str) -> str:
        """Return the name of the document that shows what a span leads to, if another does."""
        return "" if target in self._own or target.startswith("https://") else self.others[0]

    @cached_property
    def _own(self) -> set[str]:
        return {getattr(block, "id", "") for block in self.blocks}


@dataclass
class Places:
    """Where exhibits stand, and what can be referred to, in all documents.

    `placed` are the exhibits placed so far; `ids` the sections and tables of the documents' own.
    """

    published: Edition
    ids: set[str]
    placed: list[str] = field(default_factory=list)

    def exhibit(self, name: str) -> str:
        """Place an exhibit.

        Raises
        ------
        InputError
            It is not published, or stands in a document already.
        """
        if name in self.placed:
            raise InputError(f"the exhibit {name} stands there already; refer to it.")
        if name not in self.published.exhibits:
            raise InputError(
                f"the exhibit {name} is not published in {self.published.language}; correct the "
                "name, or run `bsup report` for all notebooks."
            )
        self.placed.append(name)
        return f"![](exhibit:{name})"

    def exhibits(self, names: Iterable[str]) -> str:
        """Place those exhibits that are published and do not stand anywhere yet."""
        left = self.unplaced()
        return "\n\n".join(self.exhibit(name) for name in dict.fromkeys(names) if name in left)

    def unplaced(self) -> list[str]:
        """Return the exhibits that do not stand anywhere yet."""
        return [name for name in self.published.exhibits if name not in self.placed]

    def in_order(self) -> list[PublishedExhibit]:
        """Return all exhibits as they stand, those without a place yet last."""
        return [self.published.exhibits[name] for name in (*self.placed, *self.unplaced())]

    def ref(self, name: str, shown: str = "ref") -> str:
        """Refer to an exhibit, a table or a section; `shown` as `Ref` begins a sentence.

        Raises
        ------
        InputError
            There is no such thing.
        """
        if name not in self.published.exhibits and name not in self.ids:
            raise InputError(f"no exhibit, table or section is called {name}; correct the name.")
        return f"[{shown}](#{name})"

    def mark(self, text: str, value: Value) -> str:
        """Link a written number to the exhibit it comes from."""
        return f'[{text}](#{self.published.numbers[value.id].exhibit} "{value.id}")'


def compose(published: Edition, templates: Path = TEMPLATES) -> dict[str, Report]:
    """Put report and annex together from what is published.

    Parameters
    ----------
    published
        The results in one language.
    templates
        Where the language's templates lie.

    Returns
    -------
    dict
        The documents by name, as in `DOCUMENTS`.

    Raises
    ------
    InputError
        A number or an exhibit the documents need is not published.
    """
    words = Words(published.language)
    files = {name: templates / f"{name}.{published.language}.md.j2" for name in DOCUMENTS}
    places = Places(published, set())
    for file in files.values():
        places.ids |= set(re.findall(r"\{: #([\w-]+)", file.read_text(encoding="utf-8")))
    numbers = Values((key, number.value) for key, number in published.numbers.items())
    content = {
        "shared": f"shared.{published.language}.md.j2",
        "exhibit": places.exhibit,
        "exhibits": places.exhibits,
        "unplaced": places.unplaced,
        "in_order": places.in_order,
        "ref": places.ref,
        "Ref": partial(places.ref, shown="Ref"),
        "published": published,
        "run_time": tomllib.loads((TEMPLATES / "run_time.toml").read_text(encoding="utf-8")),
        "interval": partial(widest_interval, numbers),
        "agreement_readings": partial(agreement_readings, numbers),
        "clear_specifications": partial(clear_specifications, published, words),
        "exhibits_of": partial(exhibits_of, published),
        "counted": partial(counted, published, words),
        "checksums": checksums(published),
    }
    filled = {
        name: render(file, words, numbers, places.mark, **content) for name, file in files.items()
    }
    read = {name: _read(files[name], text, published, words) for name, text in filled.items()}
    made = {}
    for name, (frame, body, labels, sections) in read.items():
        known = dict(labels)
        for other in set(read) - {name}:
            told = {k: words(f"page.of_{other}", label=v) for k, v in read[other][2].items()}
            known = told | known
        try:
            blocks = tuple(parse(_named(body, known, words)))
        except InputError as error:
            raise InputError(f"{files[name].name}: {error}") from None
        made[name] = Report(name, published, words, *frame, blocks, labels, sections)
    return made


def _read(
    template: Path, filled: str, published: Edition, words: Words
) -> tuple[tuple[str, str, str], str, dict[str, str], dict[str, str]]:
    """Read a filled template: what stands at its top, its body, its labels and sections."""
    try:
        _, front, body = filled.split("+++\n", 2)
        frame = tomllib.loads(front)
        title, subtitle, running = (frame[key] for key in ("title", "subtitle", "running"))
        prefix = "A" if template.name.startswith("annex") else ""
        return (title, subtitle, running), body, *number(parse(body), published, words, prefix)
    except (ValueError, KeyError):
        raise InputError(
            f"{template.name} needs title, subtitle and running between two lines +++ at its top."
        ) from None
    except InputError as error:
        raise InputError(f"{template.name}: {error}") from None


def number(
    blocks: list[Block], published: Edition, words: Words, prefix: str = ""
) -> tuple[dict[str, str], dict[str, str]]:
    """Give sections, figures and tables their numbers, in the order they stand, after a prefix."""
    labels: dict[str, str] = {}
    sections: dict[str, str] = {}
    count = {"figure": 0, "table": 0}
    chapter = part = 0
    for block in blocks:
        if isinstance(block, Heading) and block.numbered:
            chapter, part = (chapter + 1, 0) if block.level == 1 else (chapter, part + 1)
            sections[block.id] = f"{prefix}{chapter}.{part}" if part else f"{prefix}{chapter}"
            labels[block.id] = sections[block.id]
        elif isinstance(block, ExhibitBlock | Table):
            kind = "table" if isinstance(block, Table) else published.exhibits[block.id].kind
            count[kind] += 1
            labels[block.id] = f"{words(f'page.{kind}')}\N{NO-BREAK SPACE}{prefix}{count[kind]}"
    return labels, sections


def _named(text: str, labels: dict[str, str], words: Words) -> str:
    """Give the references in Markdown their text: `Figure 3`, in a Norwegian sentence `figur 3`."""

    def named(found: re.Match[str]) -> str:
        if found[2] not in labels:
            raise InputError(f"a sentence refers to {found[2]}, which is not shown.")
        label = labels[found[2]]
        if found[1] == "ref" and words.language == "nb" and not label[1:2].isdigit():
            label = label[0].lower() + label[1:]
        return f"[{label}](#{found[2]})"

    return re.sub(r"\[([Rr]ef)\]\(#([\w-]+)\)", named, text)


def released() -> date:
    """Return the date of the edition, which `CITATION.cff` gives.

    Raises
    ------
    InputError
        The file is gone or has no such date.
    """
    file = paths.root() / "CITATION.cff"
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))["date-released"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        found = None
    if not isinstance(found, date):
        raise InputError(f"{file} has no date-released: YEAR-MONTH-DAY; restore it from git.")
    return found


def imprint(report: Report) -> dict[str, str]:
    """Say what a reader cites: date, edition, publisher, contact and the citation, by their names.

    The edition is named by the software's version and the beginning of the numbers' checksum.
    """
    edition = report.text(
        "edition_text",
        version=report.published.versions.get("bsup_analysis") or "–",
        digest=report.published.digests["reports/numbers.json"][:12],
    )
    on = released()
    citation = report.text(
        "cite_text",
        year=on.year,
        title=report.title,
        edition=edition,
    )
    return {
        report.text("date"): report.words.date(on),
        report.text("edition"): edition,
        report.text("publisher"): report.text("publisher_text"),
        report.text("contact"): report.text("contact_text"),
        report.text("cite"): citation,
    }


# --- what the words depend on beside single numbers, worked out from what is published ---


@dataclass(frozen=True)
class Interval:
    """An interval of a ratio, and which of the published kinds it is (`phi17_t`)."""

    low: Value
    high: Value
    kind: str


def widest_interval(numbers: Values, ratio: str) -> Interval:
    """Return the widest of a ratio's published intervals, on the scale of logarithms."""
    lows = numbers.starting(f"{ratio}_ci_low_") or [numbers[f"{ratio}_ci_low"]]
    highs = [numbers[low.id.replace("_ci_low", "_ci_high")] for low in lows]
    low, high = max(zip(lows, highs, strict=True), key=lambda ends: ends[1] / ends[0])
    return Interval(low, high, low.id.removeprefix(f"{ratio}_ci_low_"))


def agreement_readings(numbers: Values, stem: str, named: str) -> list[Value]:
    """Return the ratios whose id begins with `stem`, smallest first, but for the reading named."""
    ratios = [one for one in numbers.starting(stem) if not one.id.endswith(("_low", "_high"))]
    return sorted(one for one in ratios if one.id != stem + named)


@dataclass(frozen=True)
class Clear:
    """Specifications whose interval holds no 1.

    Attributes
    ----------
    side
        `below`, `above` or `both`; empty where there is none.
    names
        As the figure shows them.
    causes
        What sets them apart: `press`, `share`, `amount`, `other`.
    """

    side: str
    names: list[str]
    causes: set[str]


def clear_specifications(published: Edition, words: Words) -> Clear:
    """Return the specifications that are clear of 1, those below first."""
    rows = read_rows(published.exhibits["specifications"].data)
    below = [row["specification"] for row in rows if float(row["high"]) < 1]
    above = [row["specification"] for row in rows if float(row["low"]) > 1]
    return Clear(
        side="both" if below and above else "below" if below else "above" if above else "",
        names=[words(f"specifications.{name}") for name in (*below, *above)],
        causes={
            next((cause for start, cause in CAUSES.items() if name.startswith(start)), "other")
            for name in (*below, *above)
        },
    )


def exhibits_of(published: Edition, *notebooks: str, own: bool = False) -> list[str]:
    """Return the exhibits of notebooks, named by a part of their name.

    With `own` only those that rest on a table that a user brought.
    """
    return [
        exhibit.id
        for exhibit in published.exhibits.values()
        if any(one in PurePosixPath(exhibit.notebook).stem for one in notebooks)
        and (not own or any(name.startswith("data/municipal/") for name in exhibit.inputs))
    ]


def counted(published: Edition, words: Words) -> str:
    """Return what the table of all municipalities counts, as its exhibit states it."""
    rows = read_rows(published.exhibits["municipal_data_used"].data)
    definition = next(row["value"] for row in rows if row["what"] == "counted")
    return words(f"data_level.outcome.{definition}")


def checksums(published: Edition) -> dict[str, str]:
    """Return the SHA-256 of what the report rests on, by file."""
    tables = {
        path: digest
        for exhibit in published.exhibits.values()
        for path, digest in exhibit.inputs.items()
    }
    return {**published.digests, **dict(sorted(tables.items()))}
