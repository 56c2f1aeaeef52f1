"""Municipalities by code or name, of any year from 2002 to 2024, as those of 2009."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.validation import PRINTED, published_totals
from bsup_analysis.tables.borders import REFERENCE_YEAR, Borders
from bsup_analysis.tables.sources import read_source

FIRST_YEAR, LAST_YEAR = 2002, 2024
_CODE = re.compile(r"(?:K[-\s]?)?(\d{3,4})(?!\d)[\s.,:–-]*(.*)", re.IGNORECASE)
_AREA = re.compile(
    r"sum\b.*|totalt?|i ?alt|alle( kommuner)?|hele landet|landet|norge|norway|all|midt-norge"
    r"|region.*|m(ø|o)re og romsdal|(s(ø|o)r|nord)-tr(ø|o)ndelag|tr(ø|o)ndelag.*|.*\bfylke"
    r"|satsingskommun(er|ene)|(ø|o)vrige( kommuner)?|uoppgitt|ukjent|e[ak][a-z]?\d.*",
    re.IGNORECASE,
)
_PARENTHESIS = re.compile(r"\s*\(([^)]*)\)")
# what stands in parentheses after a name of the region: Herøy (M. og R.)
_OURS = {"møreogromsdal", "mogr", "mr", "sørtrøndelag", "nordtrøndelag", "trøndelag", "st", "nt"}


def simple_name(name: str) -> str:
    """Give a name without case, `kommune`, years and county in parentheses, or odd blanks."""
    text = unicodedata.normalize("NFC", name)
    text = " ".join(_PARENTHESIS.sub(" ", text).split()).casefold()
    return re.sub(r"\s+kommune$", "", text).removeprefix("kommune ").strip()


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
    def in_force(self) -> Mapping[int, frozenset[str]]:
        """Codes in force on 1 January of each year."""
        return {year: self.changes.codes_in(year) for year in range(FIRST_YEAR, LAST_YEAR + 1)}

    @cached_property
    def counties(self) -> frozenset[str]:
        """First two digits of the region's codes."""
        return frozenset(code[:2] for codes in self.in_force.values() for code in codes)

    @cached_property
    def by_name(self) -> Mapping[str, frozenset[str]]:
        """Codes by simplified name; `Snåase - Snåsa` is known by either half."""
        found: dict[str, set[str]] = {}
        known = frozenset().union(*self.in_force.values())
        for code, name in self.names:
            for part in {name, *name.split(" - ")}:
                if code in known:
                    found.setdefault(simple_name(part), set()).add(code)
        return {name: frozenset(codes) for name, codes in found.items()}

    def name_of(self, code: str) -> str:
        """Give a municipality's name."""
        return next((name for one, name in self.names if one == code), code)

    def candidates(self, label: str, name: str, where: str) -> frozenset[str] | str:
        """Find the codes a label may mean.

        Returns
        -------
        frozenset of str or str
            The codes (one for a code, several for a name that more than one code has had), or the
            reason why the row is no municipality of the region.

        Raises
        ------
        InputError
            The label is unknown, or code and name belong to different municipalities.
        """
        if re.match(r"syn-[po]\d", label, re.IGNORECASE):
            raise InputError(
                f"{where}: {label[:20]!r} is a unit of bsup demo; synthetic data are not imported."
            )
        if _AREA.fullmatch(simple_name(label)):
            return "a total or another area"
        match = _CODE.fullmatch(label)
        if not match:
            return self._by_name(label, where)
        code = match[1].zfill(4)
        if code[:2] not in self.counties:
            return "outside the region"
        if code.endswith("00"):
            return "a total or another area"
        if not any(code in codes for codes in self.in_force.values()):
            near = get_close_matches(code, sorted(frozenset().union(*self.in_force.values())), 3)
            raise InputError(
                f"{where}: municipality code {code} was not in force in the region in any year"
                f" {FIRST_YEAR}-{LAST_YEAR}; correct it{_or(near)}."
            )
        beside = self._beside(match[2] or name)
        if beside is not None and code not in beside:
            raise InputError(
                f"{where}: code {code} is {self.name_of(code)}, but the row says"
                f" {(match[2] or name)[:40]!r}; correct the one that is wrong."
            )
        return frozenset({code})

    def _beside(self, name: str) -> frozenset[str] | None:
        """Find the codes of the name beside a code; None where the name is not known."""
        found = {
            code
            for part in {name, *name.split(" - ")}
            for code in self.by_name.get(simple_name(part), ())
        }
        return frozenset(found) or None

    def _by_name(self, label: str, where: str) -> frozenset[str] | str:
        hint = _PARENTHESIS.search(label)
        county = re.sub(r"[^a-zæøå]", "", hint[1].casefold()) if hint else ""
        if county and county not in _OURS:
            return "outside the region"
        found = self._beside(label)
        if found is None:
            near = get_close_matches(simple_name(label), list(self.by_name), 3)
            raise InputError(
                f"{where}: {label[:40]!r} is not a municipality of the region by any name of"
                f" {FIRST_YEAR}-{LAST_YEAR}; correct it{_or([n.title() for n in near])}, or add"
                " --set-aside unknown if it lies elsewhere."
            )
        return found

    def years_of(self, candidates: frozenset[str]) -> list[int]:
        """Give the years in which one of some codes was in force."""
        return [year for year in self.in_force if self.code_in(candidates, year)]

    def code_in(self, candidates: frozenset[str], year: int) -> str | None:
        """Give the one of some codes that was in force in a year."""
        found = candidates & self.in_force.get(year, frozenset())
        return next(iter(found)) if len(found) == 1 else None

    def era(self, held: Iterable[frozenset[str]], year: int) -> int:
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

    def parts(self, unit: str, year: int) -> frozenset[str]:
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
    units: frozenset[str]
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
