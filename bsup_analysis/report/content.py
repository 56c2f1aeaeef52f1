"""The report's content: its template filled, read into blocks, sections and exhibits numbered."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from bsup_analysis.errors import InputError
from bsup_analysis.language import Words
from bsup_analysis.published.reader import Edition, PublishedExhibit, read_rows
from bsup_analysis.report.markdown import Block, ExhibitBlock, Heading, Table, parse
from bsup_analysis.report.render import TEMPLATES, Value, Values, render

# specifications by what sets them apart, as their names begin
CAUSES = {"loans_2009_is_": "press", "loans_from_2008_": "share", "amount": "amount"}


@dataclass(frozen=True)
class Report:
    """A report ready to be written in any format.

    `labels` name what can be referred to (`Figure 3`, `5.1`); `sections` hold the numbers of
    headings by id.
    """

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


@dataclass
class Places:
    """Where exhibits stand, and what can be referred to.

    `placed` are the exhibits placed so far; `ids` the sections and tables of the report's own.
    """

    published: Edition
    ids: set[str]
    placed: list[str] = field(default_factory=list)

    def exhibit(self, name: str) -> str:
        """Place an exhibit.

        Raises
        ------
        InputError
            It is not published, or stands in the report already.
        """
        if name in self.placed:
            raise InputError(f"the exhibit {name} stands in the report already; refer to it.")
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


def compose(published: Edition, templates: Path = TEMPLATES) -> Report:
    """Put the report together from what is published.

    Parameters
    ----------
    published
        The results in one language.
    templates
        Where the language's template lies.

    Raises
    ------
    InputError
        A number or an exhibit the report needs is not published.
    """
    words = Words(published.language)
    template = templates / f"report.{published.language}.md.j2"
    ids = re.findall(r"\{: #([\w-]+)", template.read_text(encoding="utf-8"))
    places = Places(published, set(ids))
    numbers = Values((key, number.value) for key, number in published.numbers.items())
    filled = render(
        template,
        words,
        numbers,
        places.mark,
        exhibit=places.exhibit,
        exhibits=places.exhibits,
        unplaced=places.unplaced,
        in_order=places.in_order,
        ref=places.ref,
        Ref=partial(places.ref, shown="Ref"),
        published=published,
        run_time=tomllib.loads((TEMPLATES / "run_time.toml").read_text(encoding="utf-8")),
        interval=partial(widest_interval, numbers),
        agreement_readings=partial(agreement_readings, numbers),
        clear_specifications=partial(clear_specifications, published, words),
        exhibits_of=partial(exhibits_of, published),
        counted=partial(counted, published, words),
        checksums=checksums(published),
    )
    try:
        _, front, body = filled.split("+++\n", 2)
        frame = tomllib.loads(front)
        title, subtitle, running = (frame[key] for key in ("title", "subtitle", "running"))
        labels, sections = number(parse(body), published, words)
        blocks = tuple(parse(_named(body, labels, words)))
    except (ValueError, KeyError):
        raise InputError(
            f"{template.name} needs title, subtitle and running between two lines +++ at its top."
        ) from None
    except InputError as error:
        raise InputError(f"{template.name}: {error}") from None
    return Report(published, words, title, subtitle, running, blocks, labels, sections)


def number(
    blocks: list[Block], published: Edition, words: Words
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
            labels[block.id] = f"{words(f'page.{kind}')}\N{NO-BREAK SPACE}{count[kind]}"
    return labels, sections


def _named(text: str, labels: dict[str, str], words: Words) -> str:
    """Give the references in Markdown their text: `Figure 3`, in a Norwegian sentence `figur 3`."""

    def named(found: re.Match[str]) -> str:
        if found[2] not in labels:
            raise InputError(f"the report refers to {found[2]} and does not show it.")
        label = labels[found[2]]
        if found[1] == "ref" and words.language == "nb":
            label = label[0].lower() + label[1:]
        return f"[{label}](#{found[2]})"

    return re.sub(r"\[([Rr]ef)\]\(#([\w-]+)\)", named, text)


def edition(report: Report) -> str:
    """Name the edition by the software's version and the beginning of the numbers' checksum."""
    version = report.published.versions.get("bsup_analysis") or "–"
    digest = report.published.digests["reports/numbers.json"][:12]
    return report.text("edition_text", version=version, digest=digest)


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


@dataclass(frozen=True)
class Readings:
    """A ratio by how the document is read.

    Attributes
    ----------
    others
        By the readings other than the one that the sentence names, the smallest first.
    total, clear
        How many readings there are, and of how many the interval holds no 1.
    """

    others: list[Value]
    total: Value
    clear: Value


def agreement_readings(numbers: Values, stem: str, reading: str) -> Readings:
    """Return the ratios whose id begins with `stem`, beside that of the reading named."""
    signed = stem + reading
    names = [one.id for one in numbers.starting(stem) if not one.id.endswith(("_low", "_high"))]
    clear = [n for n in names if numbers[f"{n}_ci_low"] > 1 or numbers[f"{n}_ci_high"] < 1]
    return Readings(
        others=sorted(numbers[name] for name in names if name != signed),
        total=Value(len(names), signed),
        clear=Value(len(clear), signed),
    )


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


def exhibits_of(published: Edition, *notebooks: str) -> list[str]:
    """Return the exhibits of notebooks, named by a part of their name."""
    return [
        exhibit.id
        for exhibit in published.exhibits.values()
        if any(one in PurePosixPath(exhibit.notebook).stem for one in notebooks)
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
