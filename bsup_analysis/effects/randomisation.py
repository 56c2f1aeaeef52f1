"""Exact tests: every assignment that could have been, none drawn at random.

Statistics are compared as fractions of whole numbers, so a tie is a tie on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, product

import numpy as np

from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError

MOST_ASSIGNMENTS = 2_000_000  # an array of this many rows of 17 still fits into memory with ease


@dataclass(frozen=True)
class ExactTest:
    """How the observed assignment compares with all others.

    Attributes
    ----------
    assignments
        Number of possible assignments, the observed one among them.
    extreme
        Number with a statistic at least as large as the observed; ties count.
    """

    assignments: int
    extreme: int

    @property
    def p_value(self) -> float:
        """Share of assignments at least as extreme; never below 1 / assignments."""
        return self.extreme / self.assignments


def exact_test(
    numerator: np.ndarray, denominator: np.ndarray, observed: tuple[int, int]
) -> ExactTest:
    """Count the statistics numerator / denominator that reach the observed one.

    Parameters
    ----------
    numerator, denominator
        Whole numbers, one a possible assignment; denominators zero or more (zero: infinite).
    observed
        The observed numerator and denominator.
    """
    left, right = _exact(numerator, observed[1]), _exact(denominator, observed[0])
    return ExactTest(len(numerator), int(np.count_nonzero(left >= right)))


def _exact(values: np.ndarray, factor: int) -> np.ndarray:
    """Product without overflow: Python's own whole numbers where 64 bits might not do."""
    largest = max(abs(int(values.max())), abs(int(values.min())))
    if largest * abs(factor) < 2**63:
        return values * factor
    return values.astype(object) * factor


def assignments(treated: Sequence[bool], strata: Sequence[Hashable] | None = None) -> np.ndarray:
    """List every assignment with as many treated as observed, in each stratum if given.

    Parameters
    ----------
    treated
        The observed assignment.
    strata
        Stratum of each unit; the number treated is then kept within each.

    Returns
    -------
    numpy.ndarray
        Positions of the treated, shape (assignments, number treated), in a fixed order.

    Raises
    ------
    InputError
        More assignments than can be listed, or strata of another number of units.
    """
    labels: list[Hashable] = [0] * len(treated) if strata is None else list(strata)
    if len(labels) != len(treated):
        raise InputError(f"{len(labels)} strata are given for {len(treated)} units.")
    members: dict[Hashable, list[int]] = {}
    for position, label in enumerate(labels):
        members.setdefault(label, []).append(position)
    chosen = {label: sum(treated[n] for n in units) for label, units in members.items()}
    total = math.prod(math.comb(len(units), chosen[label]) for label, units in members.items())
    if total > MOST_ASSIGNMENTS:
        raise InputError(
            f"There are {total} possible assignments, more than the {MOST_ASSIGNMENTS} that are "
            "listed one by one."
        )
    by_stratum = [combinations(units, chosen[label]) for label, units in members.items()]
    flat = chain.from_iterable(chain.from_iterable(choice) for choice in product(*by_stratum))
    return np.fromiter(flat, dtype=np.intp).reshape(total, sum(chosen.values()))


def sign_flips(units: int) -> np.ndarray:
    """List all 2^units assignments of signs, as -1 and 1, shape (2^units, units)."""
    if 2**units > MOST_ASSIGNMENTS:
        raise InputError(f"{units} pairs have more sign assignments than are listed one by one.")
    bits = np.arange(2**units)[:, None] >> np.arange(units) & 1
    return 1 - 2 * bits


@dataclass(frozen=True)
class GrowthRandomisation:
    """Exact test of the ratio of growths.

    Attributes
    ----------
    ratio
        Observed: growth of the treated divided by growth of the untreated.
    test
        Two-sided: as extreme means as far from one on the log scale.
    log_ratios
        Log ratio of every assignment, for a figure; infinite where a total is zero.
    """

    ratio: float
    test: ExactTest
    log_ratios: np.ndarray = field(repr=False, compare=False)


def randomise_growth(
    rows: Paired, treated: Sequence[str], strata: Sequence[Hashable] | None = None
) -> GrowthRandomisation:
    """Compare the ratio of growths with that of every other choice of as many rows.

    Parameters
    ----------
    rows
        Loans, or whole NOK, of all that could be chosen: what is chosen together is one row.
    treated
        Codes of the treated ones.
    strata
        Stratum of each row (its county): only choices with the same number in each stratum.

    Raises
    ------
    InputError
        Nobody treated or nobody left, or values that are not whole.
    """
    if not all(float(value).is_integer() for value in (*rows.pre, *rows.post)):
        raise InputError("An exact test compares whole numbers: give loans, or NOK without øre.")
    if not treated:
        raise InputError("No municipality is treated: there is nothing to compare.")
    observed = rows.only(treated)
    if len(observed.codes) == len(rows.codes):
        raise InputError("Every municipality is treated: there are no others to compare with.")
    ratio = observed.growth / rows.without(treated).growth
    named = frozenset(observed.codes)
    choices = assignments([code in named for code in rows.codes], strata)
    pre, post = _whole_array(rows.pre), _whole_array(rows.post)
    up, down = _cross(pre, post, pre[choices].sum(axis=1), post[choices].sum(axis=1))
    own_up, own_down = _cross(
        pre, post, _whole_array([observed.pre_total]), _whole_array([observed.post_total])
    )
    own = sorted((int(own_up[0]), int(own_down[0])))
    test = exact_test(np.maximum(up, down), np.minimum(up, down), (own[1], own[0]))
    with np.errstate(divide="ignore"):
        log_ratios = np.log(up.astype(float)) - np.log(down.astype(float))
    log_ratios.setflags(write=False)
    return GrowthRandomisation(ratio, test, log_ratios)


def _whole_array(values: Sequence[float]) -> np.ndarray:
    return np.array([int(value) for value in values], dtype=np.int64)


def _cross(
    pre: np.ndarray, post: np.ndarray, treated_pre: np.ndarray, treated_post: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ratio of growths as a fraction: treated post x other pre, over treated pre x other post."""
    total_pre, total_post = int(pre.sum()), int(post.sum())
    if total_pre * total_post >= 2**63:
        treated_pre, treated_post = treated_pre.astype(object), treated_post.astype(object)
    return treated_post * (total_pre - treated_pre), treated_pre * (total_post - treated_post)
