"""Turns published numbers into sentences: format, mark of origin, plural, direction of change."""

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.language import Words, templates
from bsup_analysis.report.blocks import ExhibitBlock, Heading, Listing, Paragraph
from bsup_analysis.report.inline import Inlines, Number, Reference, fill
from bsup_analysis.report.published import Published

Change = Callable[[float], float]


def same(value: float) -> float:
    """Leave a number as it is."""
    return value


def less_one(value: float) -> float:
    """Turn a factor of growth into a relative change."""
    return value - 1


def inverse(value: float) -> float:
    """Turn a ratio above one into the one as far below it."""
    return 1 / value


class Teller:
    """Tells the results of one language.

    Parameters
    ----------
    published
        What is published.
    words
        The language's templates and formats.
    """

    def __init__(self, published: Published, words: Words) -> None:
        self.published = published
        self.words = words

    def has(self, identifier: str) -> bool:
        """Tell whether a number is published."""
        return identifier in self.published.numbers

    def value(self, identifier: str) -> float:
        """Give a number's value.

        Raises
        ------
        InputError
            It is not published.
        """
        if not self.has(identifier):
            raise InputError(
                f"the report needs the number {identifier}, which reports/numbers.json does not "
                "have; run `bsup report` for all notebooks."
            )
        return float(self.published.numbers[identifier].value)

    def ids(self, start: str) -> list[str]:
        """Give the ids that begin so, sorted."""
        return sorted(name for name in self.published.numbers if name.startswith(start))

    def mark(self, text: str, identifier: str) -> Number:
        """Mark a shown number with where it comes from."""
        self.value(identifier)
        return Number(text, identifier, self.published.numbers[identifier].exhibit)

    def count(self, identifier: str, change: Change = same) -> Number:
        """Give a whole number."""
        return self.mark(self.words.count(change(self.value(identifier))), identifier)

    def total(self, identifiers: Iterable[str]) -> Number:
        """Give the sum of several counts; it is marked with the first."""
        first, *rest = identifiers
        return self.count(first, lambda value: value + sum(map(self.value, rest)))

    def decimal(self, identifier: str, decimals: int = 2, change: Change = same) -> Number:
        """Give a number with decimals."""
        return self.mark(self.words.decimal(change(self.value(identifier)), decimals), identifier)

    def percent(self, identifier: str, decimals: int = 1) -> Number:
        """Give a share as a percentage."""
        return self.mark(self.words.percent(self.value(identifier), decimals), identifier)

    def million(self, identifier: str) -> Number:
        """Give NOK in millions."""
        return self.mark(self.words.million(self.value(identifier)), identifier)

    def change(self, identifier: str) -> Number:
        """Give a factor of growth as a change with its sign."""
        return self.mark(self.words.change(self.value(identifier) - 1), identifier)

    def moved(self, identifier: str, change: Change = less_one) -> Inlines:
        """Say `rose by`, `fell by` or `stood still` of a relative change, as rounded."""
        value = change(self.value(identifier))
        shown = self.words.percent(abs(value))
        if not any(digit in shown for digit in "123456789"):
            return self.phrase("move.stood")
        return self.phrase(
            "move.rose" if value > 0 else "move.fell", by=self.mark(shown, identifier)
        )

    def groups_moved(self, stem: str, change: Change = less_one) -> dict[str, Any]:
        """Say how both groups' numbers moved (`stem` has a place for the group).

        The verb is said once where it is the same: `rose by a` and `by b`.
        """
        names = {group: stem.format(group) for group in ("priority", "other")}
        told = {group: self.moved(name, change) for group, name in names.items()}
        verb, *_ = told["priority"]
        by = next((part for part in told["other"] if isinstance(part, Number)), None)
        if by is not None and told["other"][0] == verb:
            told["other"] = self.phrase("move.again", by=by)
        return told

    def ref(self, target: str) -> Reference:
        """Refer to an exhibit, a table or a section."""
        return Reference(target)

    def text(self, key: str) -> str:
        """Give words without places."""
        return self.words(f"report.{key}")

    def phrase(self, key: str, **values: object) -> Inlines:
        """Fill a template of the report."""
        return fill(templates(self.words.language)[f"report.{key}"], values)

    def many(self, key: str, identifier: str, **values: object) -> Inlines:
        """Fill the singular or plural form of a template, by a count that is put in as `count`."""
        form = self.words.locale.plural_form(int(self.value(identifier)))
        ending = "one" if form == "one" else "other"
        return self.phrase(f"{key}_{ending}", count=self.count(identifier), **values)

    def say(self, *parts: Inlines | str, lead: bool = False, **values: object) -> Paragraph:
        """Make a paragraph of templates (by key) and phrases, each with the same values."""
        told: Inlines = ()
        for part in parts:
            phrase = self.phrase(part, **values) if isinstance(part, str) else part
            told = (*told, *(fill(" ", {}) if told else ()), *phrase)
        return Paragraph(told, lead)

    def heading(self, key: str, level: int = 1, numbered: bool = True) -> Heading:
        """Make a heading of the words `key.heading`; the key is also its id."""
        return Heading(key.replace(".", "-"), level, self.text(f"{key}.heading"), numbered)

    def listing(self, *items: Inlines | str, ordered: bool = False) -> Listing:
        """Make a list of templates (by key) and phrases."""
        return Listing(
            tuple(self.phrase(one) if isinstance(one, str) else one for one in items), ordered
        )

    def exhibit(self, name: str) -> ExhibitBlock:
        """Place an exhibit.

        Raises
        ------
        InputError
            It is not published.
        """
        if name not in self.published.exhibits:
            raise InputError(
                f"the report needs the exhibit {name}, which is not published in "
                f"{self.words.language}; run `bsup report` for all notebooks."
            )
        return ExhibitBlock(name)

    def exhibits_of(self, *words: str) -> list[ExhibitBlock]:
        """Place all exhibits of the notebooks whose name holds one of the words."""
        return [
            ExhibitBlock(name)
            for name, exhibit in self.published.exhibits.items()
            if any(word in PurePosixPath(exhibit.notebook).stem for word in words)
        ]
