"""Numbers and dates as each language writes them, through Babel's CLDR data."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pandas as pd
from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

UNKNOWN = "–"
SMALLEST_P = 0.001


@cache
def conventions(language: str) -> Mapping[str, str]:
    """Read how a language writes: `locale` of Babel, `quoted`, `percent`, `spelled`."""
    path = Path(__file__).parent / language / "language.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Numbers:
    """Number formats of one language.

    Parameters
    ----------
    language
        Such as `nb` (1 047; 63,9 %) or `en` (1,047; 63.9%).
    """

    language: str

    @property
    def locale(self) -> Locale:
        """The language's locale, such as Norwegian bokmål or British English."""
        return Locale.parse(conventions(self.language)["locale"])

    def count(self, value: float | None) -> str:
        """Format a whole number with the language's thousands mark; unknown as a dash."""
        if not _known(value):
            return UNKNOWN
        return format_decimal(round(value), "#,##0", self.locale)

    def decimal(self, value: float | None, decimals: int = 2) -> str:
        """Format a number with a fixed number of decimals; unknown as a dash."""
        if not _known(value):
            return UNKNOWN
        shown = format_decimal(value, "#,##0" + _fraction(decimals), self.locale)
        return shown.replace("-", "\N{MINUS SIGN}")

    def percent(self, share: float | None, decimals: int = 1) -> str:
        """Format a share (0.639) as a percentage (63.9%); unknown as a dash."""
        if not _known(share):
            return UNKNOWN
        number = format_percent(share, "#,##0" + _fraction(decimals) + "%", self.locale)
        return number.removesuffix("%") + conventions(self.language)["percent"]

    def per_cent(self, share: float | None, decimals: int = 1) -> str:
        """Format a share as a sentence says it: 63,9 prosent; English has the sign there too."""
        mark = conventions(self.language)
        return self.percent(share, decimals).removesuffix(mark["percent"]) + mark["per_cent"]

    def spelled(self, value: float | None) -> str:
        """Write a whole number as a sentence says it: in letters up to twelve."""
        small = conventions(self.language)["spelled"].split()
        if _known(value) and value in range(len(small)):
            return small[int(value)]
        return self.count(value)

    def rounded(self, value: float | None, decimals: int = -3) -> str:
        """Format a whole number rounded to thousands, or to what `decimals` says."""
        return self.count(round(value, decimals) if _known(value) else None)

    def change(self, share: float | None, decimals: int = 1) -> str:
        """Format a relative change with its sign (+36.7%); unknown as a dash."""
        if not _known(share):
            return UNKNOWN
        shown = self.percent(abs(share), decimals)
        if not any(digit in shown for digit in "123456789"):
            return shown
        return ("+" if share > 0 else "\N{MINUS SIGN}") + shown

    def direction(self, change: float) -> str:
        """Say whether a change is shown as `up`, `down` or, where it rounds to none, `still`."""
        if not set(self.percent(abs(change))) & set("123456789"):
            return "still"
        return "up" if change > 0 else "down"

    def signed(self, value: float | None) -> str:
        """Format a whole number with its sign; unknown as a dash."""
        if not _known(value):
            return UNKNOWN
        mark = "+" if value > 0 else "\N{MINUS SIGN}" if value < 0 else ""
        return mark + self.count(abs(value))

    def million(self, nok: float | None, decimals: int = 1) -> str:
        """Format an amount in NOK as millions, without the unit."""
        return self.decimal(nok / 1e6 if _known(nok) else None, decimals)

    def thousand(self, nok: float | None) -> str:
        """Format an amount in NOK as whole thousands, without the unit."""
        return self.count(nok / 1000 if _known(nok) else None)

    def ratio(self, value: float) -> str:
        """Format a number with as many decimals as it needs, at most two."""
        return self.decimal(
            value, next((n for n in (0, 1) if abs(round(value, n) - value) < 1e-9), 2)
        )

    def p(self, value: float | tuple[float, int] | None) -> str:
        """Format a p-value with three decimals, or as below the smallest that can be told.

        Given with the draws that it is a share of, one of them is the least it can tell.
        """
        value, draws = value if isinstance(value, tuple) else (value, math.inf)
        least = max(SMALLEST_P, 1 / draws)
        below = _known(value) and value < least
        return f"< {self.decimal(least, 3)}" if below else self.decimal(value, 3)

    def date(self, day: date) -> str:
        """Write a date out: 22 November 2026, 22. november 2026."""
        return format_date(day, "long", self.locale)

    def quoted(self, text: str) -> str:
        """Put text in quotation marks: «a», “a”."""
        return conventions(self.language)["quoted"].format(text=text)

    def listed(self, items: Iterable[object]) -> str:
        """Join texts or years the way the language lists them (a, b and c)."""
        return format_list([str(item) for item in items], locale=self.locale)

    def years(self, years: Iterable[int]) -> str:
        """List years, those in a row as a range: 2006–2009 and 2014."""
        return self.listed(spans(years))


def spans(years: Iterable[int]) -> list[str]:
    """Put years together: [2005, 2006, 2007, 2013] is ["2005-2007", "2013"], with en dashes."""
    runs: list[list[int]] = []
    for year in sorted(years):
        if runs and runs[-1][1] == year - 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return [str(first) if first == last else f"{first}–{last}" for first, last in runs]


def _fraction(decimals: int) -> str:
    return "." + "0" * decimals if decimals else ""


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and not pd.isna(value)
