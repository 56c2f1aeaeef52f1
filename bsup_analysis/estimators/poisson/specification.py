"""The Poisson model of a panel: exposure, groups with equal regressors, clusters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bsup_analysis.errors import InputError


@dataclass(frozen=True, eq=False)
class Model:
    """log E[y] = municipality + columns of its group and year x parameters + log exposure.

    Municipalities with equal regressors are a group, so a municipality enters through its group,
    its exposure and its cluster alone.

    Attributes
    ----------
    exposure
        What y is a rate of, shape (municipalities, years); zero in a cell that is left out.
    group
        Group of each municipality, numbered from 0, shape (municipalities,).
    columns
        Regressors of each group, shape (groups, years, parameters): year effects first; what is
        of interest last.
    cluster
        Cluster of each municipality, numbered from 0 without gaps, shape (municipalities,).

    Raises
    ------
    InputError
        Arrays of different panels, a municipality without exposure, or numbering with gaps.
    """

    exposure: np.ndarray
    group: np.ndarray
    columns: np.ndarray
    cluster: np.ndarray

    def __post_init__(self) -> None:
        units, years = self.exposure.shape
        if not (self.group.shape == self.cluster.shape == (units,) and years == self.years):
            raise InputError("Exposure, groups, clusters and columns are not of one panel.")
        known = np.isfinite(self.exposure).all() and (self.exposure >= 0).all()
        if not (known and self.exposure.any(axis=1).all()):
            raise InputError("Exposure must be known, and above zero somewhere in every row.")
        if set(np.unique(self.group)) != set(range(self.groups)):
            raise InputError("Every group must hold a municipality.")
        if set(np.unique(self.cluster)) != set(range(self.clusters)):
            raise InputError("Clusters must be numbered from zero without gaps.")

    @classmethod
    def of_columns(cls, exposure: np.ndarray, columns: np.ndarray, cluster: np.ndarray) -> Model:
        """Build the model of any regressors, shape (municipalities, years, parameters).

        Municipalities are of one group if they share the regressors and the years that are used.
        """
        used = (exposure > 0)[:, :, None]
        columns = np.where(used, columns, 0.0)
        alike = np.concatenate([columns, used], axis=2).reshape(len(columns), -1)
        _, first, group = np.unique(alike, axis=0, return_index=True, return_inverse=True)
        return cls(exposure, group, columns[first], cluster)

    @property
    def groups(self) -> int:
        """Number of groups."""
        return int(self.columns.shape[0])

    @property
    def years(self) -> int:
        """Number of years."""
        return int(self.columns.shape[1])

    @property
    def parameters(self) -> int:
        """Number of parameters beside the municipality effects."""
        return int(self.columns.shape[2])

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster.max()) + 1

    @cached_property
    def members(self) -> tuple[np.ndarray, ...]:
        """Positions of each group's municipalities, by cluster."""
        order = np.argsort(self.cluster, kind="stable")
        return tuple(order[self.group[order] == g] for g in range(self.groups))

    @cached_property
    def member_clusters(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Clusters of each group's `members`, and where each cluster begins among them."""
        found = (np.unique(self.cluster[each], return_index=True) for each in self.members)
        return tuple((labels, first) for labels, first in found)

    @cached_property
    def shares(self) -> np.ndarray:
        """Exposure of a municipality's year in that of all its years."""
        return self.exposure / self.exposure.sum(axis=1, keepdims=True)

    @cached_property
    def column_squares(self) -> np.ndarray:
        """Products of two columns, shape (groups x years, parameters^2)."""
        pairs = self.columns[..., :, None] * self.columns[..., None, :]
        return pairs.reshape(-1, self.parameters**2)

    @cached_property
    def column_pairs(self) -> np.ndarray:
        """Turns a matrix over years into one over parameters, (groups, years^2, parameters^2)."""
        pairs = np.einsum("gta,gsb->gtsab", self.columns, self.columns)
        return pairs.reshape(self.groups, self.years**2, self.parameters**2)

    def by_parameter(self, values: np.ndarray) -> np.ndarray:
        """Sum (batch, municipalities, years) x regressors over years, (..., parameters)."""
        return np.swapaxes(np.swapaxes(values, 0, 1) @ self.columns[self.group], 0, 1)

    def by_group(self, values: np.ndarray) -> np.ndarray:
        """Add up values of municipalities (second axis) by group."""
        return _add_up(values, self.group, self.groups)

    def by_cluster(self, values: np.ndarray) -> np.ndarray:
        """Add up values of municipalities (second axis) by cluster."""
        return _add_up(values, self.cluster, self.clusters)


def add_runs(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Add up runs of the second axis, each from one of `first` to the next."""
    return values if len(first) == values.shape[1] else np.add.reduceat(values, first, axis=1)


def _add_up(values: np.ndarray, label: np.ndarray, number: int) -> np.ndarray:
    order = np.argsort(label, kind="stable")
    return add_runs(values[:, order], np.searchsorted(label[order], np.arange(number)))


def treatment_model(
    exposure: np.ndarray, treated: np.ndarray, treated_years: np.ndarray, cluster: np.ndarray
) -> Model:
    """Build the primary model: year effects, and priority municipality in a treated year last.

    Raises
    ------
    InputError
        No treated or no untreated municipality or year, or exposure that is not above zero.
    """
    if treated.all() or not treated.any() or treated_years.all() or not treated_years.any():
        raise InputError("A contrast needs treated and untreated municipalities and years.")
    effects = np.eye(len(treated_years))[:, 1:]
    return _two_groups(exposure, treated, effects, treated_years[:, None], cluster)


def event_model(
    exposure: np.ndarray, treated: np.ndarray, reference: int, cluster: np.ndarray
) -> Model:
    """Build the event study: year effects, and priority municipality x year for all years but one.

    The event columns stand last, in the order of the years.
    """
    effects = np.delete(np.eye(exposure.shape[1]), reference, axis=1)
    return _two_groups(exposure, treated, effects, effects, cluster)


def _two_groups(
    exposure: np.ndarray,
    treated: np.ndarray,
    effects: np.ndarray,
    interest: np.ndarray,
    cluster: np.ndarray,
) -> Model:
    if not (exposure > 0).all():
        raise InputError("Exposure must be known and above zero in every cell.")
    columns = np.stack([np.hstack([effects, interest * float(on)]) for on in (False, True)])
    return Model(exposure, treated.astype(int), columns, cluster)
