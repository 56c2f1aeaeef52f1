"""Municipalities seen twice: the form in which the table on page 14 is used."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class Paired:
    """One measure of several municipalities before and after.

    Attributes
    ----------
    codes
        Municipality codes, each once.
    pre, post
        The measure (loans, or NOK) in the earlier and the later year, one value a municipality.

    Raises
    ------
    InputError
        A code twice, a negative or missing value, or a municipality with nothing in both years:
        its growth does not exist and it carries no weight in a model with municipality effects.
    """

    codes: tuple[str, ...]
    pre: tuple[float, ...]
    post: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.codes) == len(self.pre) == len(self.post):
            raise InputError("Codes and the values of the two years differ in number.")
        if not self.codes:
            raise InputError("There is no municipality to compare: give at least one row.")
        seen: dict[str, None] = {}
        for code, pre, post in zip(self.codes, self.pre, self.post, strict=True):
            if code in seen:
                raise InputError(f"Municipality {code} stands twice: keep one row for it.")
            seen[code] = None
            if not (math.isfinite(pre) and math.isfinite(post) and pre >= 0 and post >= 0):
                raise InputError(
                    f"Municipality {code} has {pre} and {post}: both years need a number of "
                    "zero or more."
                )
            if pre == post == 0:
                raise InputError(
                    f"Municipality {code} has none in both years, so its growth does not exist: "
                    "leave it out."
                )
        if self.pre_total == 0 or self.post_total == 0:
            raise InputError(
                f"Municipalities {', '.join(self.codes)} have together none in one of the years, "
                "so their growth does not exist."
            )

    @property
    def pre_total(self) -> float:
        """Sum of the earlier year."""
        return sum(self.pre)

    @property
    def post_total(self) -> float:
        """Sum of the later year."""
        return sum(self.post)

    @property
    def growth(self) -> float:
        """Later total divided by earlier total."""
        return self.post_total / self.pre_total

    @property
    def poisson_variance(self) -> float:
        """Variance of the log growth if the values are Poisson counts: 1/pre + 1/post."""
        return 1 / self.pre_total + 1 / self.post_total

    def only(self, codes: Iterable[str]) -> Paired:
        """Return the named municipalities, in the order held here."""
        return self._at(self._positions(codes))

    def without(self, codes: Iterable[str]) -> Paired:
        """Return every municipality but the named ones."""
        named = self._positions(codes)
        return self._at([n for n in range(len(self.codes)) if n not in named])

    def _positions(self, codes: Iterable[str]) -> list[int]:
        wanted = frozenset(codes)
        missing = sorted(wanted.difference(self.codes))
        if missing:
            raise InputError(
                f"Municipality {missing[0]} is named but has no row among {', '.join(self.codes)}."
            )
        return [n for n, code in enumerate(self.codes) if code in wanted]

    def _at(self, positions: Sequence[int]) -> Paired:
        return Paired(
            tuple(self.codes[n] for n in positions),
            tuple(self.pre[n] for n in positions),
            tuple(self.post[n] for n in positions),
        )


def paired(panel: pd.DataFrame, measure: str, pre_year: int, post_year: int) -> Paired:
    """Take two years of one measure out of a municipality-year table.

    Parameters
    ----------
    panel
        Columns `municipality_code`, `year` and `measure`, one row a municipality and year.
    measure
        Column to take.
    pre_year, post_year
        The two years.

    Returns
    -------
    Paired
        Sorted by municipality code; whole numbers stay whole.

    Raises
    ------
    InputError
        One year instead of two, a row twice, or a municipality that lacks one of the years.
    """
    if pre_year == post_year:
        raise InputError(f"The window is the single year {pre_year}: growth needs two years.")
    rows = panel.loc[panel["year"].isin([pre_year, post_year])]
    twice = rows.loc[rows.duplicated(["municipality_code", "year"])]
    if not twice.empty:
        row = twice.iloc[0]
        raise InputError(f"Municipality {row['municipality_code']} stands twice in {row['year']}.")
    of_year = {
        year: rows.loc[rows["year"] == year].set_index("municipality_code")[measure]
        for year in (pre_year, post_year)
    }
    wide = pd.DataFrame(of_year).sort_index()
    lacking = wide.index[wide.isna().any(axis=1)]
    if wide.empty or len(lacking):
        name = "no municipality has" if wide.empty else f"municipality {lacking[0]} lacks"
        raise InputError(f"In {measure}, {name} both {pre_year} and {post_year}.")
    return Paired(
        tuple(str(code) for code in wide.index),
        tuple(_whole(value) for value in wide[pre_year]),
        tuple(_whole(value) for value in wide[post_year]),
    )


def _whole(value: float) -> float:
    number = float(value)
    return int(number) if number.is_integer() else number
