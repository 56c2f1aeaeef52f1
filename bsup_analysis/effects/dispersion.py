"""How much more municipalities vary than Poisson counts, and their part of the clustered variance.

Derivations: `METHODS.md`, published level, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError


@dataclass(frozen=True)
class Dispersion:
    """Pearson statistic over its degrees of freedom (McCullagh and Nelder 1989, section 6.2.3).

    Attributes
    ----------
    chi2
        Sum of (observed - expected)^2 / expected; in the unit of the measure.
    df
        Cells less estimated parameters.
    """

    chi2: float
    df: int

    @property
    def phi(self) -> float:
        """Variance divided by mean: 1 for Poisson counts; in NOK for amounts."""
        return self.chi2 / self.df


def pearson_dispersion(
    observed: Sequence[float], expected: Sequence[float], parameters: int
) -> Dispersion:
    """Dispersion of any fitted Poisson model.

    Parameters
    ----------
    observed, expected
        Observed values and fitted means, one a cell.
    parameters
        Number of estimated parameters.

    Raises
    ------
    InputError
        No degree of freedom left, or a fitted mean that is not above zero.
    """
    df = len(observed) - parameters
    if df < 1:
        raise InputError(
            f"{len(observed)} cells and {parameters} parameters leave nothing to measure "
            "dispersion with: two municipalities at least are needed."
        )
    if not all(mean > 0 and math.isfinite(mean) for mean in expected):
        raise InputError("Every fitted mean must be above zero for a dispersion.")
    terms = ((y - mean) ** 2 / mean for y, mean in zip(observed, expected, strict=True))
    return Dispersion(math.fsum(terms), df)


def growth_dispersion(*groups: Paired) -> Dispersion:
    """Dispersion around a common growth inside each group.

    Fitted means are those of municipality effects and one growth a group, that is the
    row x column / total of each group's municipalities x 2 table.

    Parameters
    ----------
    groups
        One or several sets of municipalities, each with a growth of its own.

    Returns
    -------
    Dispersion
        With (municipalities - groups) degrees of freedom.
    """
    observed: list[float] = []
    expected: list[float] = []
    for group in groups:
        share_post = group.post_total / (group.pre_total + group.post_total)
        for pre, post in zip(group.pre, group.post, strict=True):
            observed += [pre, post]
            expected += [(pre + post) * (1 - share_post), (pre + post) * share_post]
    municipalities = sum(len(group.codes) for group in groups)
    return pearson_dispersion(observed, expected, municipalities + len(groups))


@dataclass(frozen=True)
class ClusteredHalf:
    """A group's part of the cluster-robust variance of the log ratio.

    Attributes
    ----------
    variance
        Factor times the sum of squared influences; unit-free.
    factor
        Small-sample factor, municipalities / (municipalities - 1).
    poisson_variance
        1/pre + 1/post of the group's loans (or NOK).
    """

    variance: float
    factor: float
    poisson_variance: float

    @property
    def equivalent_phi(self) -> float:
        """The dispersion at which a dispersion-scaled variance would be this large."""
        return self.variance / self.poisson_variance


def share_changes(group: Paired) -> tuple[float, ...]:
    """Influence of each municipality on its group's log growth.

    It is the municipality's share of the later total less its share of the earlier one
    (`METHODS.md`, published level, section 2); the influences sum to zero.
    """
    return tuple(
        post / group.post_total - pre / group.pre_total
        for pre, post in zip(group.pre, group.post, strict=True)
    )


def clustered_half(group: Paired) -> ClusteredHalf:
    """Compute a group's part of the variance clustered on municipalities, exact from its rows.

    To let two municipalities form one cluster, add their rows before the call: the growth is
    unchanged and their influences add.

    Raises
    ------
    InputError
        A single municipality: its share never changes, so the variance would be zero.
    """
    return _half(share_changes(group), group.poisson_variance)


def clustered_half_average(loans: Paired, amounts: Paired) -> ClusteredHalf:
    """Compute `clustered_half` for the growth of the average loan, NOK divided by loans.

    Raises
    ------
    InputError
        Loans and amounts are of different municipalities.
    """
    if loans.codes != amounts.codes:
        raise InputError("Loans and amounts are not of the same municipalities in the same order.")
    pairs = zip(share_changes(amounts), share_changes(loans), strict=True)
    return _half(tuple(amount - loan for amount, loan in pairs), loans.poisson_variance)


def _half(influences: tuple[float, ...], poisson_variance: float) -> ClusteredHalf:
    clusters = len(influences)
    if clusters < 2:
        raise InputError("One municipality has no variance between municipalities: give two.")
    factor = clusters / (clusters - 1)
    total = math.fsum(value**2 for value in influences)
    return ClusteredHalf(factor * total, factor, poisson_variance)
