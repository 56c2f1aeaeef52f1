"""What the words of headers, titles and notes mean; the words themselves lie in `vocabulary.toml`.

A text is understood where known words use all of it up.  Nothing is guessed from a part of it.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from bsup_analysis.municipal_import.cells import Cell, plain

WORDS: Mapping[str, Any] = tomllib.loads(
    Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8")
)
# how many NOK one unit of each kind of amount column is
UNITS_NOK = {"amount_nok": 1, "amount_1000_nok": 1_000, "amount_million_nok": 1_000_000}
QUANTITIES = ("loans", *UNITS_NOK)
# of a quantity that is known, and neither loans nor an amount
OTHER = "other"


def pattern_of(words: Iterable[str]) -> re.Pattern[str]:
    """Put words together as one pattern, for a whole text with `fullmatch`."""
    return re.compile("|".join(words))


def _whole_words(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)")


_QUANTITY = {kind: _whole_words(words) for kind, words in WORDS["quantity"].items()}
_UNIT = {unit: _whole_words(words) for unit, words in WORDS["unit"].items()}
_OTHER = _whole_words(WORDS["unused"]["other"])
_MATTERS = _whole_words([*WORDS["unused"]["other"], *WORDS["unused"]["text"]])
_ROLE = {role: pattern_of(words) for role, words in WORDS["roles"].items()}
_YEAR = re.compile(r"(?<!\d)(?:19[89]\d|20[0-3]\d)(?!\d)")
_CONSTANT = re.compile(r"(?<!\d)\d{4}-(?=kr|nok|pris)", re.IGNORECASE)
_CALLED_YEAR = re.compile(r"\b(?:år|året|aar|year)\s+(?=(?:19|20)\d\d)", re.IGNORECASE)
# more digits than loans of a municipality have, whatever their signs are
_MANY_DIGITS = re.compile(r"(?:\D*\d){8}")
NEW_YEAR = re.compile(r"([0-9]{4})(?:\.0|-01-01(?:[T ]00:00(?::00)?)?)?")
_MARK = re.compile(rf"(?<=\d\d\d\d)[\s–]*(?:{'|'.join(WORDS['year']['mark'])})+\s*$")
_PART, _WHOLE, _PROVISIONAL = (
    pattern_of(WORDS["year"][kind]) for kind in ("part", "whole", "provisional")
)
_DIVIDES = pattern_of(WORDS["year"]["divides"])
_UNUSED, _TOTAL = (pattern_of(WORDS["unused"][kind]) for kind in ("header", "total"))


class Head(NamedTuple):
    """What a header says beside a quantity.

    Parameters
    ----------
    words
        The header, simplified, without its year.
    year
        The one year it names.
    mark
        Whether something behind the year says that it is not quite that year, as in `2010*`.
    """

    words: str
    year: int | None
    mark: bool


def simple(text: Cell) -> str:
    """Give a header without case, underscores and punctuation, words apart from numbers.

    `2009-kr` are kr of fixed prices.
    """
    text = re.sub(r"^#\s*(?=[^\W\d])", "", _CONSTANT.sub("faste ", plain(text).casefold()))
    text = re.sub(r"(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)", " ", text)
    return " ".join(re.sub(r"[_:;,./()\[\]\-]+", " ", text).split())


@lru_cache(maxsize=10_000)
def head_of(header: Cell) -> Head:
    """Read a header, or a cell that holds a year."""
    text = _CALLED_YEAR.sub("", _CONSTANT.sub("faste ", plain(header)))
    if new_year := NEW_YEAR.fullmatch(text):
        text = new_year[1]
    found = _MARK.search(text.casefold())
    text = text[: found.start()] if found else text
    years = set(_YEAR.findall(text))
    year = int(years.pop()) if len(years) == 1 else None
    return Head(simple(_YEAR.sub(" ", text)) if year else simple(text), year, bool(found and year))


def part_of_year(text: Cell) -> str:
    """Find what names a part of a year in a text; empty where nothing does."""
    if NEW_YEAR.fullmatch(plain(text)):
        return ""
    found = _PART.search(_WHOLE.sub(" ", plain(text).casefold()))
    return found[0].strip() if found else ""


def quantity_of(text: Cell) -> str:
    """Tell what a header, or a cell that names a quantity, is about.

    Returns
    -------
    str
        `loans`; an amount with its unit; `amount` where no unit is stated; `other` for another
        quantity (refusals, an average, a share); empty where some of its words are not known.
    """
    words = head_of(text).words
    if _OTHER.search(words):
        return OTHER
    has = {kind: pattern.search(words) is not None for kind, pattern in _QUANTITY.items()}
    units = units_in(words)
    amount = has["amount"] or bool(units)
    if _not_known(words) or (amount and has["count"]):
        return ""
    if amount:
        return units[0] if len({*units} - {"amount_nok"}) < 2 and units else "amount"
    # loans paid out may be their number or their amount
    counted = has["count"] or (has["loan"] and not has["paid"])
    return "loans" if counted else ""


def _not_known(words: str) -> list[str]:
    """Give the words of a simplified text that are no words of quantities and units."""
    for pattern in (*_UNIT.values(), *_QUANTITY.values()):
        words = pattern.sub(" ", words)
    return words.split()


def known_part(header: Cell) -> str:
    """Give a header that names a year without the words that are not known."""
    words, year, _ = head_of(header)
    if not year:
        return ""
    return " ".join([*(w for w in words.split() if w not in _not_known(words)), str(year)])


def kinds_of_numbers(header: Cell, first: str = "") -> Sequence[str]:
    """Tell what a header that is not understood may count: amounts of any unit, or loans.

    `first` is the first cell below it.
    """
    words = simple(header)
    amounts = units_in(words) or re.search(r"beløp|amount|\wsum|kron|volum", words)
    return [*UNITS_NOK] if amounts or _MANY_DIGITS.match(first) else ["loans"]


def units_in(words: str) -> list[str]:
    """Find the units of amounts that a simplified text names, the largest first."""
    return [unit for unit, pattern in _UNIT.items() if pattern.search(words)]


def role_of(header: Cell) -> str:
    """Tell a column's role from its header; `bare` is a year alone, empty is not understood."""
    head = head_of(header)
    if not head.words:
        return "bare" if head.year else ""
    if not head.year:
        for role, pattern in _ROLE.items():
            if pattern.fullmatch(head.words):
                return role
    quantity = "" if part_of_year(header) else quantity_of(header)
    return "" if quantity == OTHER or len(set(_YEAR.findall(plain(header)))) > 1 else quantity


def divides_years(header: Cell) -> bool:
    """Tell whether a column of this header holds months, quarters or days."""
    return _DIVIDES.fullmatch(simple(header)) is not None


def is_harmless(header: Cell, of_years: bool, of_numbers: bool) -> bool:
    """Tell whether a column may be left out without a question, by its header.

    Harmless are notes, ranks and columns of our own tables; numbers of another quantity, which say
    so; and beside columns of years a total without a year.
    """
    head = head_of(header)
    total = of_years and not head.year and _TOTAL.fullmatch(head.words)
    other = of_numbers and quantity_of(header) == OTHER
    return bool(_UNUSED.fullmatch(head.words) or total or other)


def warnings_in(text: str) -> Iterator[str]:
    """Find what in a title, a note or a name may make the table something else.

    Yields
    ------
    str
        Words for a part of a year, for provisional numbers and for another quantity.
    """
    part, lower = part_of_year(text), plain(text).casefold()
    if part:
        yield part
    if found := _PROVISIONAL.search(lower):
        yield found[0]
    if found := _MATTERS.search(simple(lower.replace(part, " ") if part else lower)):
        yield found[0]
