"""Municipalities by code or name, of any year from 2002 to 2024, as those of 2009."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.cells import option, plain
from bsup_analysis.municipal_import.validation import PRINTED, published_totals
from bsup_analysis.municipal_import.vocabulary import WORDS, pattern_of, simple
from bsup_analysis.tables.borders import REFERENCE_YEAR, Borders
from bsup_analysis.tables.sources import read_source

FIRST_YEAR, LAST_YEAR = 2002, 2024
# a unit of bsup demo
UNIT = re.compile(r"syn-[po]\d", re.IGNORECASE)
_CODE = re.compile(r"(?:'|K[-\s]?)?([0-9]{3,4})(?![0-9])(?:\.0$)?[\s.,:–-]*(.*)", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*[(\[]([^)\]]*)[)\]]")
_MARKS = re.compile(r"\s*(?:[*¹²³⁴⁵†‡]+|(?<=\s)[0-9]{1,2}\))$")
_BEHIND = re.compile(r"(\D+?)[\s,(\[]+([0-9]{4})[)\]]?")
_AREA, _SUM = pattern_of(WORDS["areas"]["name"]), pattern_of(WORDS["areas"]["sum"])
_HARMLESS = pattern_of(WORDS["names"]["brackets"])
_SHARED = frozenset(WORDS["names"]["shared"])
_COUNTIES = WORDS["counties"]
Codes = frozenset[str]
# a county or municipality that is none of the region's
OUTSIDE = Codes()


class DoubtError(InputError):
    """A name that is not clear by itself; `word` is what the reader may accept."""

    def __init__(self, sentence: str, word: str) -> None:
        super().__init__(f"{sentence}, or add {option('--accept', word)}.")
        self.word = word


def simple_name(name: str) -> str:
    """Give a name without case, `kommune`, what stands in brackets, or odd blanks."""
    text = " ".join(_BRACKETS.sub(" ", plain(name)).split()).casefold()
    return re.sub(r"\s+kommune$", "", text).removeprefix("kommune ").strip()


def county_of(text: str) -> Codes | None:
    """Tell which codes of the region begin as a county's do, by its name, number or short form.

    Returns
    -------
    frozenset of str or None
        First two digits, as of any year; `OUTSIDE` for another county; None if it is not known.
    """
    number = re.match(r"\s*([0-9]{1,2})(?:\.0)?(?![0-9])[\s.:–-]*", text)
    name = text[number.end() if number else 0 :]
    words = re.sub(r" fylke(skommune)?$", "", simple(name))
    if " - " in name and not simple(name).startswith(("sør ", "nord ", "aust ", "vest ")):
        words = simple(name.split(" - ")[0])  # a Sami name behind the Norwegian one
    ours: dict[str, list[str]] = _COUNTIES["ours"]
    if not words and number is None:
        return None
    found = None
    if words:
        own = {
            code
            for code, names in ours.items()
            if words in _COUNTIES["short"].get(code, ()) or any(_is(words, n, text) for n in names)
        }
        other = any(_is(words, name, text) for name in _COUNTIES["other_names"])
        if (own and other) or not (own or other):
            return None
        found = frozenset(own)
    if number is None:
        return found
    code = number[1].zfill(2)
    if code not in ours and code not in _COUNTIES["other_codes"]:
        return None
    # a number of 2018 or later holds for what it was before
    same = {"16": {"16", "50"}, "17": {"17", "50"}, "50": {"16", "17", "50"}}.get(code, {code})
    by_number = frozenset(same) if code in ours else OUTSIDE
    return by_number if found is None or bool(found) == bool(by_number) else None


def _is(words: str, name: str, text: str) -> bool:
    """Tell whether words are a county's name, or with a full stop begin its words: `M. og R.`."""
    own, whole = ([w for w in one.split() if w != "og"] for one in (words, name))
    return own == whole or (
        "." in text
        and len(own) == len(whole)
        and all(long.startswith(short) for short, long in zip(own, whole, strict=True))
    )


def is_area(label: str) -> bool:
    """Tell whether a label is a total, a county, the country or a KOSTRA group."""
    text = simple(label)
    if _AREA.fullmatch(text):
        return True
    words = re.sub(r"^([0-9]{2}00|0) ", "", text)
    rest = " ".join(re.sub(rf"(?<!\w)(?:{_SUM.pattern})(?!\w)", " ", words).split())
    if not rest:
        return bool(words)
    county = county_of(rest) is not None or county_of(label) is not None
    return bool(_AREA.fullmatch(rest)) or (county and not rest.isdigit())


@dataclass(frozen=True)
class Places:
    """Every municipality the region has had since 2002.

    Parameters
    ----------
    changes
        Codes in force, and what each stands for in the borders of 2009.
    names
        Code and name pairs, as in any year.
    """

    changes: Borders
    names: Iterable[tuple[str, str]]
    _units: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def in_force(self) -> Mapping[int, Codes]:
        """Codes in force on 1 January of each year."""
        return {year: self.changes.codes_in(year) for year in range(FIRST_YEAR, LAST_YEAR + 1)}

    @cached_property
    def counties(self) -> Codes:
        """First two digits of the region's codes."""
        return frozenset(code[:2] for codes in self.in_force.values() for code in codes)

    @cached_property
    def by_name(self) -> Mapping[str, Codes]:
        """Codes by simplified name; `Snåase - Snåsa` is known by either half."""
        found: dict[str, set[str]] = {}
        known = frozenset().union(*self.in_force.values())
        for code, name in self.names:
            for part in {name, *name.split(" - ")}:
                if code in known:
                    found.setdefault(simple_name(part), set()).add(code)
        also = {name: found[own] for name, own in WORDS["names"]["also"].items() if own in found}
        return {name: frozenset(codes) for name, codes in (found | also).items()}

    def name_of(self, code: str) -> str:
        """Give a municipality's name."""
        return next((name for one, name in self.names if one == code), code)

    def candidates(
        self,
        label: str,
        name: str,
        counties: Sequence[str] = (),
        accepted: Collection[str] = (),
    ) -> Codes | str:
        """Find the codes a label may mean.

        Parameters
        ----------
        label, name
            What the row calls the municipality, and the name beside a code.
        counties
            What the row says of its county, by name or number.
        accepted
            Names, and words in brackets behind them, that the reader accepts (in lower case).

        Returns
        -------
        frozenset of str or str
            The codes (one for a code, several for a name that more than one code has had), or the
            reason why the row is no municipality of the region.

        Raises
        ------
        DoubtError
            Others in the country have the same name, or a word beside it is not known.
        InputError
            The label is unknown, or code, name and county do not belong together.
        """
        if UNIT.match(label):
            raise InputError(
                f"{label[:20]!r} is a unit of bsup demo; synthetic data are not imported."
            )
        if is_area(label) or (label.isdigit() and len(label) < 3 and is_area(f"0 {name}")):
            return "a total or another area"
        label = self._in_order(label)
        match = _CODE.fullmatch(label)
        said = match[2] or name if match else label
        inside, unknown = self._county(counties, said, accepted)
        if unknown and (not match or unknown in counties):
            raise DoubtError(
                f"{label[:40]!r}: {unknown[:40]!r} beside the name is no county or word"
                " that is known; write the municipality's code",
                unknown,
            )
        if not match:
            return self._by_name(label, inside, accepted)
        return self._by_code(match[1].zfill(4), said, inside, accepted)

    def _in_order(self, label: str) -> str:
        """Give a label as code and name, or as name and in brackets what is said behind it."""
        label = _MARKS.sub("", label)
        behind = _BEHIND.fullmatch(label)
        if behind and behind[2] in self.by_name.get(simple_name(behind[1]), ()):
            return f"{behind[2]} {behind[1]}"
        if _CODE.fullmatch(label) or self._beside(label) is not None:
            return label
        for gap in reversed([*re.finditer(r"[\s,/–-]+(?:(?:i|på)\s)?", label)]):
            name, rest = label[: gap.start()], label[gap.end() :].strip("()[]")
            codes = self.by_name.get(simple_name(name))
            if codes and codes == self.by_name.get(simple_name(rest)):
                return name
            others = (self.by_name.get(word) for word in re.split(r"\W+", rest.casefold()))
            if codes and rest and not any(others):
                return f"{name} ({rest})"
        return label

    def _county(
        self, counties: Sequence[str], said: str, accepted: Collection[str]
    ) -> tuple[Codes | None, str]:
        """Read what is said of the county, and give what of it is not understood."""
        brackets = [text.strip() for text in _BRACKETS.findall(said)]
        inside: Codes | None = None
        for text in filter(None, (*counties, *brackets)):
            # one digit in brackets may be a county or a footnote
            found = None if text in brackets and len(text) == 1 else county_of(text)
            if found is not None and inside is not None and not (found & inside or found == inside):
                raise InputError(f"{said[:40]!r} has two counties; correct one of them.")
            if found is not None:
                inside = found if inside is None else inside & found
            elif text.casefold() not in accepted and (
                text in counties or not _HARMLESS.fullmatch(text.casefold())
            ):
                return inside, text
        return inside, ""

    def _by_code(
        self, code: str, said: str, inside: Codes | None, accepted: Collection[str]
    ) -> Codes | str:
        beside = self._beside(said)
        wrong = inside is not None and code[:2] not in inside
        if code[:2] in _COUNTIES["other_codes"] and code[:2] not in self.counties:
            if inside or (beside and simple_name(said) not in _SHARED):
                raise InputError(
                    f"code {code} lies outside the region, but the row says"
                    f" {said[:40]!r}; correct the one that is wrong."
                )
            return "outside the region"
        if code in WORDS["areas"]["codes"] or (code[:2] in self.counties and code[2:] == "00"):
            return "a total or another area"
        if not any(code in codes for codes in self.in_force.values()):
            near = get_close_matches(code, sorted(frozenset().union(*self.in_force.values())), 3)
            raise InputError(
                f"municipality code {code} was not in force in the region in any year"
                f" {FIRST_YEAR}-{LAST_YEAR}; correct it{_or(near)}."
            )
        if wrong or (beside is not None and code not in beside):
            raise InputError(
                f"code {code} is {self.name_of(code)}, but the row says"
                f" {'another county' if wrong else repr(said[:40])}; correct the one that is wrong."
            )
        known = beside is not None or not simple_name(said) or is_area(said)
        if not known and said.casefold() not in accepted:
            raise DoubtError(
                f"code {code} is {self.name_of(code)}, and {said[:40]!r} beside it is not"
                " known; correct it",
                said,
            )
        return frozenset({code})

    def _beside(self, name: str) -> Codes | None:
        """Find the codes of a name; None where it, or either half of it, is not known."""
        whole = self.by_name.get(simple_name(name))
        if whole is not None or " - " not in name:
            return whole
        halves = [self.by_name.get(simple_name(part), frozenset()) for part in name.split(" - ")]
        return frozenset.intersection(*halves) or None

    def _by_name(self, label: str, inside: Codes | None, accepted: Collection[str]) -> Codes | str:
        found, name = self._beside(label), simple_name(label)
        if inside == OUTSIDE and inside is not None and (found is None or name in _SHARED):
            return "outside the region"
        if found is None:
            near = get_close_matches(name, list(self.by_name), 3, 0.75)
            raise InputError(
                f"{label[:40]!r} is not a municipality of the region by any name of"
                f" {FIRST_YEAR}-{LAST_YEAR}; correct it{_or([n.title() for n in near])}, or add"
                " --set-aside unknown if it lies elsewhere."
            )
        if inside is not None:
            own = frozenset(code for code in found if code[:2] in inside)
            if not own:
                raise InputError(
                    f"{label[:40]!r} does not lie in the county that the row says;"
                    " correct the one that is wrong."
                )
            return own
        if name in _SHARED and name not in accepted:
            raise DoubtError(
                f"another county has a municipality called {label[:40]!r} too; write the"
                " code or the county",
                name.title(),
            )
        return found

    def years_of(self, candidates: Codes) -> list[int]:
        """Give the years in which one of some codes was in force."""
        return [year for year in self.in_force if self.code_in(candidates, year)]

    def code_in(self, candidates: Codes, year: int) -> str | None:
        """Give the one of some codes that was in force in a year."""
        found = candidates & self.in_force.get(year, frozenset())
        return next(iter(found)) if len(found) == 1 else None

    def era(self, held: Iterable[Codes], year: int) -> int:
        """Give the nearest year in which codes of each of some rows were in force; else `year`."""
        fit = [one for one in self.in_force if all(self.code_in(codes, one) for codes in held)]
        return min(fit, key=lambda one: abs(one - year), default=year)

    def units(self, code: str, year: int) -> tuple[str, ...]:
        """Give the municipalities of 2009 behind a code; none where its area was divided."""
        if (code, year) not in self._units:
            try:
                self._units[code, year] = self.changes.units(code, year)
            except InputError:
                self._units[code, year] = ()
        return self._units[code, year]

    def parts(self, unit: str, year: int) -> Codes:
        """Give the codes of a year that together are a municipality of 2009."""
        return frozenset(code for code in self.in_force[year] if self.units(code, year) == (unit,))


def _or(near: list[str]) -> str:
    return f" (near: {', '.join(near)})" if near else ""


def names_of(*tables: pd.DataFrame) -> list[tuple[str, str]]:
    """Collect code and name pairs from tables of municipalities or of changes."""
    pairs: dict[tuple[str, str], None] = {}
    for table in tables:
        for kind in ("municipality", "predecessor", "successor"):
            if f"{kind}_code" in table:
                codes, names = table[f"{kind}_code"], table[f"{kind}_name"]
                pairs |= dict.fromkeys(zip(codes, names, strict=True))
    return [pair for pair in pairs if isinstance(pair[0], str) and isinstance(pair[1], str)]


@dataclass(frozen=True)
class Reference:
    """What an import is compared with: the municipalities, and the published totals.

    Parameters
    ----------
    places
        Municipalities of the region by code and name, in any year.
    units
        Codes of the municipalities of 2009.
    published
        From `published_totals`.
    """

    places: Places
    units: Codes
    published: pd.DataFrame


def reference() -> Reference:
    """Put the reference together from the study's tables."""
    points, population = read_source("municipality_points_2009"), read_source("ssb_population")
    changes = pd.concat(
        [read_source("municipality_changes"), read_source("municipality_codes_later")],
        ignore_index=True,
    )
    units = frozenset(points["municipality_code"])
    published = published_totals(*map(read_source, PRINTED))
    places = Places(Borders(REFERENCE_YEAR, units, changes), names_of(points, changes, population))
    return Reference(places, units, published)
