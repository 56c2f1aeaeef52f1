"""The municipal panel: what every estimator of this folder takes, or why it cannot estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from bsup_analysis.errors import InputError

T = TypeVar("T")
# of the panel: what has a value a municipality and year, and what has one a municipality
CELLS = ("y", "population", "exposure")
UNITS = ("treated", "cluster", "county", "codes")


class NotEstimableError(InputError):
    """An estimate that the data at hand do not allow; shown with its reason, never left out.

    Parameters
    ----------
    key
        Name of the reason, for a sentence in the reader's language.
    sentence
        The reason in English.
    values
        What the sentence names: years, municipality codes, counts.
    """

    def __init__(self, key: str, sentence: str, **values: Any) -> None:
        super().__init__(sentence)
        self.key = key
        self.about: Mapping[str, Any] = values


def attempt(make: Callable[[], T]) -> T | NotEstimableError:
    """Give what is made, or the reason why it cannot be estimated."""
    try:
        return make()
    except NotEstimableError as reason:
        return reason


def known(value: T | NotEstimableError) -> T:
    """Give the value, or go on refusing for the same reason."""
    if isinstance(value, NotEstimableError):
        raise value
    return value


@dataclass(frozen=True, eq=False)
class MunicipalPanel:
    """Municipalities x years of one outcome.

    Attributes
    ----------
    y
        Outcome, shape (municipalities, years): loans or NOK; NaN where unknown.
    population
        Inhabitants on 1 January, same shape; NaN where unknown.
    treated
        Named as a priority municipality, shape (municipalities,).
    cluster
        Unit of inference of each municipality; municipalities that administer start loans
        together share one.
    county
        County of each municipality.
    codes
        Municipality codes.
    years
        Years of the columns, increasing.
    first_treated_year
        The priority municipalities count as treated from this year on.
    dropped_years
        Years left out of the window on purpose.
    exposure
        What `y` is a rate of, same shape; by default the population. A cell with none is left out.

    Raises
    ------
    InputError
        Shapes that do not fit, a value below zero, no treated or untreated municipality, no year
        before or after, or a cluster with both treated and untreated municipalities.
    """

    y: np.ndarray
    population: np.ndarray
    treated: np.ndarray
    cluster: tuple[str, ...]
    county: tuple[str, ...]
    codes: tuple[str, ...]
    years: tuple[int, ...]
    first_treated_year: int
    dropped_years: tuple[int, ...] = ()
    exposure: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in UNITS[1:]:
            object.__setattr__(self, name, tuple(str(value) for value in getattr(self, name)))
        for name in ("years", "dropped_years"):
            object.__setattr__(self, name, tuple(int(year) for year in getattr(self, name)))
        shape = (len(self.codes), len(self.years))
        self._freeze("treated", np.asarray(self.treated, dtype=bool), shape[:1])
        for name in CELLS:
            if getattr(self, name) is not None:
                self._freeze(name, np.array(getattr(self, name), dtype=float), shape)
        self._check()

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        first_treated_year: int,
        outcome: str = "loans",
        years: Iterable[int] | None = None,
        dropped_years: Iterable[int] = (),
    ) -> MunicipalPanel:
        """Lay a long table out as municipalities x years.

        Parameters
        ----------
        frame
            One row a unit and year: `unit`, `year`, `group` (priority or other), `county`,
            `cluster`, `population` and the outcome, in any order of rows. A value left empty, or
            a row that is absent, is unknown, never zero.
        first_treated_year
            First treated year of the priority municipalities.
        outcome
            Column of loans or NOK.
        years
            The window; by default every year of the table.
        dropped_years
            Years of the window left out, such as the year of selection.

        Raises
        ------
        InputError
            A year missing, a unit without a group, county or cluster, or what the panel itself
            refuses.
        """
        about = ["group", "county", "cluster"]
        rows = frame.astype({"unit": str}).sort_values(["unit", "year"])
        units = rows[["unit", *about]].drop_duplicates().set_index("unit")
        if units.isna().any(axis=None) or not set(units["group"]) <= {"priority", "other"}:
            raise InputError(
                "Every municipality needs a group, priority or other, a county and a cluster."
            )
        present = {int(year) for year in rows["year"]}
        window = present if years is None else {int(year) for year in years}
        if window - present:
            raise InputError(f"The municipal table has no row with year {min(window - present)}.")
        gone = window & {int(year) for year in dropped_years}
        columns = sorted(window - gone)

        def wide(column: str) -> np.ndarray:
            cells = rows.pivot(index="unit", columns="year", values=column)
            return cells[columns].to_numpy(float, na_value=np.nan)

        return cls(
            y=wide(outcome),
            population=wide("population"),
            treated=(units["group"] == "priority").to_numpy(dtype=bool),
            cluster=tuple(units["cluster"]),
            county=tuple(units["county"]),
            codes=tuple(units.index),
            years=tuple(columns),
            first_treated_year=first_treated_year,
            dropped_years=tuple(sorted(gone)),
        )

    def to_frame(self, outcome: str = "loans") -> pd.DataFrame:
        """Give the panel as a long table, one row a municipality and year, NaN where unknown.

        Columns `unit`, `year`, `group`, `county`, `cluster`, `treated` (1 for a priority
        municipality in a treated year), `population`, the outcome and, if there is one,
        `exposure`: what `from_frame` and `effects.regression.fit` take.
        """
        many = len(self.years)
        columns = {
            "unit": np.repeat(self.codes, many),
            "year": np.tile(self.years, len(self.codes)),
            "group": np.repeat(np.where(self.treated, "priority", "other"), many),
            "county": np.repeat(self.county, many),
            "cluster": np.repeat(self.cluster, many),
            "treated": np.outer(self.treated, self.post).ravel().astype("int64"),
            "population": self.population.ravel(),
            outcome: self.y.ravel(),
        }
        if self.exposure is not None:
            columns["exposure"] = self.exposure.ravel()
        return pd.DataFrame(columns)

    def _freeze(self, name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
        if values.shape != shape:
            raise InputError(f"{name} has shape {values.shape}, the panel needs {shape}.")
        if (values < 0).any() or np.isinf(values).any():
            unit = self.codes[int(np.argwhere((values < 0) | np.isinf(values))[0][0])]
            raise InputError(f"{name} of municipality {unit} is below zero or infinite.")
        values.setflags(write=False)
        object.__setattr__(self, name, values)

    def _check(self) -> None:
        if not (self.treated.any() and not self.treated.all()):
            raise NotEstimableError(
                "two_groups", "The panel needs priority municipalities and others to compare with."
            )
        if not (self.post.any() and not self.post.all()):
            raise NotEstimableError(
                "two_periods",
                f"The years {list(self.years)} need one before {self.first_treated_year} at least "
                "and one from then on.",
                year=self.first_treated_year,
            )
        priority = {label for label, on in zip(self.cluster, self.treated, strict=True) if on}
        others = {label for label, on in zip(self.cluster, self.treated, strict=True) if not on}
        mixed = sorted(priority & others)
        if mixed:
            raise InputError(f"Cluster {mixed[0]} has both priority municipalities and others.")

    @property
    def post(self) -> np.ndarray:
        """Whether each year is a treated one, shape (years,)."""
        return np.array([year >= self.first_treated_year for year in self.years])

    @property
    def base(self) -> np.ndarray:
        """What `y` is a rate of: exposure, else population."""
        return self.population if self.exposure is None else self.exposure

    @property
    def clusters(self) -> tuple[str, ...]:
        """The clusters, each once, in sorted order (never the order of a hash)."""
        return tuple(sorted(set(self.cluster)))

    @property
    def cluster_index(self) -> np.ndarray:
        """Position of each municipality's cluster in `clusters`."""
        return np.searchsorted(self.clusters, self.cluster)

    def keep(self, units: Sequence[bool] | np.ndarray) -> MunicipalPanel:
        """Keep the municipalities marked true."""
        chosen = np.asarray(units, dtype=bool)
        return replace(self, **self._each((*CELLS, *UNITS), lambda values: values[chosen]))

    def _each(
        self, names: Iterable[str], change: Callable[[np.ndarray], np.ndarray]
    ) -> dict[str, Any]:
        """Change each attribute of a name, as an array; an exposure that is not given stays so."""
        given = {name: getattr(self, name) for name in names}
        return {name: change(np.asarray(v)) for name, v in given.items() if v is not None}

    def by_cluster(self) -> MunicipalPanel:
        """Add up the municipalities of each cluster, which is then a unit under its own name."""
        index, names = self.cluster_index, self.clusters
        first = [int(np.argmax(index == place)) for place in range(len(names))]

        def added(values: np.ndarray) -> np.ndarray:
            return np.array([values[index == place].sum(axis=0) for place in range(len(names))])

        of_first = self._each(("treated", "county"), lambda values: values[first])
        return replace(self, **self._each(CELLS, added), **of_first, cluster=names, codes=names)

    def without(self, codes: Iterable[str]) -> MunicipalPanel:
        """Leave out the municipalities named.

        Raises
        ------
        InputError
            A code that is not in the panel.
        """
        out = sorted(set(codes))
        unknown = [code for code in out if code not in self.codes]
        if unknown:
            raise InputError(f"Municipality {unknown[0]} is to be left out but is not there.")
        return self.keep([code not in out for code in self.codes])

    def without_years(
        self, years: Iterable[int], *, first_treated_year: int | None = None
    ) -> MunicipalPanel:
        """Leave out years, which `dropped_years` then names.

        Parameters
        ----------
        years
            Years to leave out.
        first_treated_year
            Another first treated year, for a placebo among the years that stay.
        """
        out = {int(year) for year in years}
        stay = np.array([year not in out for year in self.years])
        return replace(
            self,
            **self._each(CELLS, lambda values: values[:, stay]),
            years=tuple(year for year in self.years if year not in out),
            first_treated_year=(
                self.first_treated_year if first_treated_year is None else first_treated_year
            ),
            dropped_years=tuple(sorted({*self.dropped_years, *(out & set(self.years))})),
        )
