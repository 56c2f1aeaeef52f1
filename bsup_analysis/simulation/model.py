"""The Poisson model of a panel, as the kernel sees it: groups, years, offsets and clusters.

Every regressor takes one value in a group and year, so a municipality enters through its group,
its offset and its cluster alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bsup_analysis.errors import InputError


@dataclass(frozen=True, eq=False)
class Model:
    """log E[loans] = municipality + columns of its group and year x parameters + log exposure.

    Attributes
    ----------
    exposure
        Inhabitants, shape (municipalities, years), above zero.
    group
        Group of each municipality, numbered from 0, shape (municipalities,).
    columns
        Regressors of each group, shape (groups, years, parameters): year effects first; what is
        of interest last.
    cluster
        Cluster of each municipality, numbered from 0 without gaps, shape (municipalities,).
    """

    exposure: np.ndarray
    group: np.ndarray
    columns: np.ndarray
    cluster: np.ndarray

    def __post_init__(self) -> None:
        units, years = self.exposure.shape
        groups, columns_years, _ = self.columns.shape
        if self.group.shape != (units,) or self.cluster.shape != (units,) or years != columns_years:
            raise InputError("Exposure, groups, clusters and columns are not of one panel.")
        if not (np.isfinite(self.exposure).all() and (self.exposure > 0).all()):
            raise InputError("Inhabitants must be known and above zero in every cell.")
        if set(np.unique(self.group)) != set(range(groups)):
            raise InputError("Every group must hold a municipality.")
        if set(np.unique(self.cluster)) != set(range(int(self.cluster.max()) + 1)):
            raise InputError("Clusters must be numbered from zero without gaps.")

    @property
    def groups(self) -> int:
        """Number of groups."""
        return int(self.columns.shape[0])

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
        """Positions of each group's municipalities."""
        return tuple(np.flatnonzero(self.group == g) for g in range(self.groups))

    @cached_property
    def shares(self) -> np.ndarray:
        """Exposure of a municipality's year in that of all its years."""
        return self.exposure / self.exposure.sum(axis=1, keepdims=True)

    @cached_property
    def share_pairs(self) -> np.ndarray:
        """Products of two years' shares, shape (municipalities, years x years)."""
        pairs = self.shares[:, :, None] * self.shares[:, None, :]
        return pairs.reshape(len(pairs), -1)

    @cached_property
    def column_pairs(self) -> np.ndarray:
        """Turns a matrix over years into one over parameters, (groups, years^2, parameters^2)."""
        groups, years, k = self.columns.shape
        pairs = np.einsum("gta,gsb->gtsab", self.columns, self.columns)
        return pairs.reshape(groups, years * years, k * k)

    def by_cluster(self, values: np.ndarray) -> np.ndarray:
        """Add up values of municipalities (second axis) by cluster."""
        if self.clusters == len(self.cluster):
            return values[:, np.argsort(self.cluster)]
        order = np.argsort(self.cluster, kind="stable")
        first = np.searchsorted(self.cluster[order], np.arange(self.clusters))
        return np.add.reduceat(values[:, order], first, axis=1)

    def without_last(self, number: int) -> Model:
        """Return the restricted model: its last `number` parameters are zero."""
        kept = self.columns[:, :, : self.parameters - number]
        return Model(self.exposure, self.group, kept, self.cluster)


def year_columns(years: int, reference: int = 0) -> np.ndarray:
    """Year effects, shape (years, years - 1); the reference year has none."""
    return np.delete(np.eye(years), reference, axis=1)


def treatment_model(
    exposure: np.ndarray, treated: np.ndarray, treated_years: np.ndarray, cluster: np.ndarray
) -> Model:
    """Build the primary model: year effects, and priority municipality in a treated year last.

    Raises
    ------
    InputError
        No treated or no untreated municipality or year.
    """
    if treated.all() or not treated.any() or treated_years.all() or not treated_years.any():
        raise InputError("A contrast needs treated and untreated municipalities and years.")
    effects = year_columns(len(treated_years))
    of_group = [
        np.column_stack([effects, treated_years * float(in_priority)])
        for in_priority in (False, True)
    ]
    return Model(exposure, treated.astype(int), np.stack(of_group), cluster)


def event_model(
    exposure: np.ndarray, treated: np.ndarray, reference: int, cluster: np.ndarray
) -> Model:
    """Build the event study: year effects, and priority municipality x year for all years but one.

    The event columns stand last, in the order of the years.
    """
    effects = year_columns(exposure.shape[1], reference)
    of_group = [np.column_stack([effects, effects * float(p)]) for p in (False, True)]
    return Model(exposure, treated.astype(int), np.stack(of_group), cluster)
