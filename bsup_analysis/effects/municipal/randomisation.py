"""Randomisation inference on the Poisson score: which clusters might have been chosen.

Under the sharp null of no effect the restricted fit does not depend on who was treated, so each
assignment costs a matrix product. Clusters change places as units: municipalities that act together
are chosen together. The statistic is the efficient score over the root of the sum of its squares by
cluster, so that assignments of larger clusters do not count as more extreme (Chung and Romano 2013,
Annals of Statistics 41, 484-507). It treats clusters as exchangeable, which a choice by size does
not promise: the result is read beside the others, not in place of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from bsup_analysis.effects.municipal.ppml import PpmlFit
from bsup_analysis.effects.municipal.restricted import restrict
from bsup_analysis.effects.randomisation import assignments
from bsup_analysis.errors import InputError

TIE = 1 - 1e-10
BLOCK = 5_000  # assignments held in memory at a time


@dataclass(frozen=True)
class ScoreRandomisation:
    """Outcome of the test.

    Attributes
    ----------
    p_value
        Exhaustive: share of assignments at least as extreme, the observed one among them. Drawn:
        (1 + number as extreme) / (1 + draws).
    statistic
        Observed studentised score; above zero where the outcome grew more than without effect.
    draws
        Assignments compared.
    exhaustive
        Whether they are all there are.
    statistics
        Statistic of each assignment, for a figure.
    """

    p_value: float
    statistic: float
    draws: int
    exhaustive: bool
    statistics: np.ndarray = field(repr=False, compare=False)


def randomise_score(
    fitted: PpmlFit, seed: np.random.SeedSequence, *, draws: int = 9_999
) -> ScoreRandomisation:
    """Compare the observed score with those of other choices of as many clusters.

    Parameters
    ----------
    fitted
        Fit of priority x treated year.
    seed
        Source of the assignments.
    draws
        Assignments to draw; all are listed where there are no more than that.
    """
    if draws < 99:
        raise InputError(f"Randomisation inference needs 99 draws or more, not {draws}.")
    null = restrict(fitted)
    index = fitted.panel.cluster_index
    labels = np.unique(index[null.active])
    chosen = np.isin(labels, index[fitted.panel.treated])
    count = int(chosen.sum())

    def statistics(rows: np.ndarray) -> np.ndarray:
        on = np.zeros((len(rows), len(fitted.panel.clusters)))
        np.put_along_axis(on, labels[rows], 1.0, axis=1)
        scores = null.by_cluster(null.scores(on[:, index]))
        spread = np.sqrt((scores**2).sum(axis=1))
        return scores.sum(axis=1) / np.where(spread > 0, spread, 1.0)

    exhaustive = math.comb(len(labels), count) <= draws
    if exhaustive:
        rows = assignments(chosen.tolist())
    else:
        source = np.random.default_rng(seed)
        order = source.permuted(np.tile(np.arange(len(labels)), (draws, 1)), axis=1)
        rows = order[:, :count]
    observed = float(statistics(np.flatnonzero(chosen)[None, :])[0])
    drawn = np.concatenate(
        [statistics(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
    )
    extreme = int((np.abs(drawn) >= TIE * abs(observed)).sum())
    p_value = extreme / len(rows) if exhaustive else (1 + extreme) / (1 + len(rows))
    drawn.setflags(write=False)
    return ScoreRandomisation(p_value, observed, len(rows), exhaustive, drawn)
