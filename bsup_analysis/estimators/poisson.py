"""The Poisson model of many panels at once: maximum likelihood, variances, and score tests.

Given a municipality's total its years are multinomial, so its effect is gone exactly, also with an
exposure; what is left is a concave function of a handful of parameters whose derivatives are matrix
products over all panels (`METHODS.md`, size and power, 2).

Own code, because no library fits many small panels together: a loop over fits costs more than a
hundred times as much (`benchmarks/kernel.py`), and the cluster jackknife is such a loop. In
pyfixest 0.60 clustered errors may change with the hash seed, and the jackknife's refits forget the
offset. The tests compare the results with statsmodels and pyfixest.

Tests on the score refit nothing: the model is fitted once with the effect held at a value. Signs
of the clusters' efficient scores give the wild bootstrap (Kline and Santos 2012, A score based
approach to wild bootstrap inference, Journal of Econometric Methods 1, 23-41); other choices of
treated clusters give randomisation inference, because without effect the restricted fit does not
depend on who was treated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """

    exposure: np.ndarray
    group: np.ndarray
    columns: np.ndarray
    cluster: np.ndarray

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


_STEPS = 60
_STEP_TOLERANCE = 1e-11  # on parameters, which are logs; Newton's next step is then at rounding
_NO_WORSE = 1e-12  # share of the likelihood that rounding may take from a step


@dataclass(frozen=True, eq=False)
class Fit:
    """Maximum-likelihood estimates of many panels.

    Attributes
    ----------
    model
        The model fitted.
    y
        The panels, shape (batch, municipalities, years).
    theta
        Estimates, shape (batch, parameters).
    probabilities
        Fitted share of a municipality's total that falls in a year, shaped as `y`.
    information
        Fisher information, municipality effects taken out, shape (batch, parameters, parameters).
    free
        Number of parameters that were estimated: all, or all but the last.
    """

    model: Model
    y: np.ndarray
    theta: np.ndarray
    probabilities: np.ndarray = field(repr=False)
    information: np.ndarray = field(repr=False)
    free: int

    @cached_property
    def totals(self) -> np.ndarray:
        """Outcome of a municipality over all years, shape (batch, municipalities)."""
        return self.y.sum(axis=2)

    @cached_property
    def fitted(self) -> np.ndarray:
        """Fitted means, shaped as `y`."""
        return self.totals[:, :, None] * self.probabilities

    @cached_property
    def covariance(self) -> np.ndarray:
        """Inverse information of the estimated parameters, shape (batch, free, free)."""
        return np.linalg.inv(self.information[:, : self.free, : self.free])

    @cached_property
    def scores(self) -> np.ndarray:
        """Score of each cluster, shape (batch, clusters, parameters)."""
        return self.model.by_cluster(self.model.by_parameter(self.y - self.fitted))

    @cached_property
    def clusters(self) -> np.ndarray:
        """Clusters with an outcome above zero, shape (batch,); another one says nothing."""
        return np.count_nonzero(self.model.by_cluster(self.totals), axis=1)

    @property
    def model_se(self) -> np.ndarray:
        """Standard error of the last parameter if the outcome were Poisson, shape (batch,)."""
        return np.sqrt(self.covariance[:, -1, -1])


def fit(model: Model, y: np.ndarray, held: float | None = None) -> Fit:
    """Fit every panel.

    Parameters
    ----------
    model
        Groups, regressors, exposure, clusters.
    y
        Shape (batch, municipalities, years), zero or more, zero in cells without exposure.
    held
        Value at which the last parameter is held; None estimates it.

    Raises
    ------
    InputError
        A panel without an estimate: some parameter has no outcome to be estimated from.
    """
    free = model.parameters - (held is not None)
    start = np.zeros((len(y), model.parameters))
    start[:, free:] = held or 0.0
    theta, information = newton(model, y.sum(axis=2), model.by_group(y), start, free)
    refuse_unsettled(theta)
    _, weight, mass = _weights(model, theta)
    return Fit(model, y, theta, weight / mass[..., None], information, free)


def refuse_unsettled(theta: np.ndarray) -> None:
    """Refuse estimates among which some are not finite.

    Raises
    ------
    InputError
        A panel has no estimate.
    """
    if not np.isfinite(theta).all():
        raise InputError(
            "A panel has no Poisson estimate: there is no loan at all, or hardly any, in some "
            "group and period; choose an effect nearer to 1."
        )


def newton(
    model: Model, totals: np.ndarray, sums: np.ndarray, start: np.ndarray, free: int
) -> tuple[np.ndarray, np.ndarray]:
    """Maximise the likelihood, municipality effects profiled out, by Newton steps halved at need.

    Parameters
    ----------
    totals
        Outcome of each municipality, shape (batch, municipalities).
    sums
        Outcome of each group and year, shape (batch, groups, years).
    start
        First values, shape (batch, parameters).
    free
        Number of parameters to estimate; the others keep their first values.

    Returns
    -------
    theta, information : numpy.ndarray
        Estimates, NaN in a panel that has none, and the Fisher information of all parameters.
    """
    theta = start.copy()
    settled = np.zeros(len(theta), dtype=bool)
    with np.errstate(all="ignore"):  # a run-away ends in NaN
        likelihood, gradient, information = _derivatives(model, totals, sums, theta)
        for _ in range(_STEPS):
            step = np.zeros_like(theta)
            inverted = inverse(information[:, :free, :free])
            step[:, :free] = (inverted @ gradient[:, :free, None])[..., 0]
            lost = ~np.isfinite(step).all(axis=1)
            step[lost] = 0
            for _ in range(_STEPS):
                reached, gradient, information = _derivatives(model, totals, sums, theta + step)
                worse = ~(reached >= likelihood - _NO_WORSE * np.abs(likelihood)) & ~lost
                if not worse.any():
                    break
                step[worse] /= 2
            theta, likelihood = theta + step, reached
            settled = (np.abs(step).max(axis=1, initial=0.0) < _STEP_TOLERANCE) & ~lost
            if (settled | lost).all():
                break
    theta[~settled] = np.nan
    return theta, information


def inverse(matrices: np.ndarray) -> np.ndarray:
    """Invert many matrices; NaN where one is singular."""
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        singular = ~(np.linalg.cond(matrices) < 1e14)[..., None, None]
        safe = np.where(singular, np.eye(matrices.shape[-1]), matrices)
        return np.where(singular, np.nan, np.linalg.inv(safe))


def _weights(model: Model, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log growth (batch, groups, years), years' weights, and their sum (batch, municipalities)."""
    index = np.einsum("bk,gyk->bgy", theta, model.columns)
    weight = model.shares * np.exp(index)[:, model.group]
    return index, weight, np.einsum("buy->bu", weight)


def _derivatives(
    model: Model, totals: np.ndarray, sums: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Profile likelihood, gradient and information: (batch,), (batch, k) and (batch, k, k).

    Large sums go through einsum, which adds in one order whatever the number of threads; a matrix
    product of the linear algebra library need not.
    """
    index, weight, mass = _weights(model, theta)
    scale = totals / mass
    fitted = model.by_group(scale[..., None] * weight)
    likelihood = (sums * index).sum(axis=(1, 2)) - (totals * np.log(mass)).sum(axis=1)
    gradient = np.einsum("bgy,gyk->bk", sums - fitted, model.columns)
    information = np.einsum("bc,cp->bp", fitted.reshape(len(theta), -1), model.column_squares)
    information = information.reshape(len(theta), model.parameters, -1)
    column = model.by_parameter(weight)
    information -= np.swapaxes(column, 1, 2) @ ((scale / mass)[..., None] * column)
    return likelihood, gradient, information


def crv1(fitted: Fit, number: int = 1) -> np.ndarray:
    """Clustered covariance of the last `number` parameters, shape (batch, number, number).

    The sandwich with scores added up by cluster (Liang and Zeger 1986, Biometrika 73(1)), with the
    factor G / (G - 1) and no other, G the clusters with an outcome.
    """
    influence = fitted.scores @ fitted.covariance[:, :, -number:]
    clusters = fitted.clusters[:, None, None]
    return clusters / (clusters - 1) * np.swapaxes(influence, 1, 2) @ influence


def dispersion(fitted: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's statistic over its degrees of freedom, and these, each of shape (batch,).

    A municipality without an outcome in any year says nothing and is left out, as is its effect.
    Every cell must have exposure.
    """
    means, used = fitted.fitted, fitted.totals > 0
    ratio = (fitted.y - means) ** 2 / np.where(used[:, :, None], means, 1)
    df = used.sum(axis=1) * (means.shape[2] - 1) - fitted.model.parameters
    return ratio.sum(axis=(1, 2)) / df, df


_TIE = 1 - 1e-10  # a statistic equal to the observed one but for rounding counts as equal


@dataclass(frozen=True, eq=False)
class RestrictedScores:
    """Scores at an effect that is held at a value, in the pieces that any choice is made of.

    With residuals e, columns z beside the treatment (municipality effects taken out) and weights
    equal to fitted means, the efficient score of cluster c for a column d x treated years is
    d_c u_c - q_c' I^-1 sum_j d_j r_j.

    Attributes
    ----------
    own
        u: residuals summed over treated years, shape (batch, clusters).
    beside
        q: scores of the other columns, shape (batch, clusters, columns).
    projected
        I^-1 r: what each cluster's treatment takes from the other columns, same shape.
    """

    own: np.ndarray = field(repr=False)
    beside: np.ndarray = field(repr=False)
    projected: np.ndarray = field(repr=False)

    def efficient(self, treated: np.ndarray, panel: int = 0) -> np.ndarray:
        """Efficient scores of one panel's clusters, shaped as `treated`.

        Parameters
        ----------
        treated
            Zeros and ones, shape (..., clusters).
        panel
            Position in the batch.
        """
        slope = treated @ self.projected[panel]
        return treated * self.own[panel] - slope @ self.beside[panel].T

    def studentised(self, treated: np.ndarray, panel: int = 0) -> np.ndarray:
        """Efficient score over the root of the sum of its squares by cluster, shape (...).

        Choices of larger clusters then do not count as more extreme (Chung and Romano 2013, Annals
        of Statistics 41, 484-507).
        """
        scores = self.efficient(treated, panel)
        spread = np.sqrt(np.einsum("...c,...c->...", scores, scores))
        return scores.sum(axis=-1) / np.where(spread > 0, spread, 1.0)


def restricted(model: Model, y: np.ndarray, effect: float = 0.0) -> RestrictedScores:
    """Fit with the effect held at a value.

    Parameters
    ----------
    model
        Its last column is the treatment: treated cluster x treated year.
    y
        Shape (batch, municipalities, years).
    effect
        The value, on the log scale.

    Raises
    ------
    InputError
        A panel without an estimate of the other parameters.
    """
    held = fit(model, y, held=effect)
    treated_years = model.columns[:, :, -1].max(axis=0)
    p = held.probabilities
    centred = p * (treated_years - np.einsum("buy,y->bu", p, treated_years)[..., None])
    crossed = model.by_parameter(held.totals[..., None] * centred)[..., :-1]
    return RestrictedScores(
        own=model.by_cluster(np.einsum("buy,y->bu", y - held.fitted, treated_years)),
        beside=held.scores[..., :-1],
        projected=model.by_cluster(crossed) @ held.covariance,
    )


def resampled_p(statistics: np.ndarray, observed: float, *, every: bool = False) -> float:
    """P-value of a two-sided test by resampling; ties with the observed statistic count.

    Parameters
    ----------
    statistics
        One a resample.
    observed
        The observed statistic.
    every
        Whether the resamples are all there are, the observed one among them: p is then exact. Of
        resamples drawn at random the observed one is counted too, (1 + k) / (1 + B), so that p is
        never zero and the test never rejects too often for it (Davison and Hinkley 1997, Bootstrap
        Methods and their Application, section 4.2.1; Phipson and Smyth 2010).
    """
    extreme = int(np.count_nonzero(np.abs(statistics) >= _TIE * abs(observed)))
    return extreme / len(statistics) if every else (1 + extreme) / (1 + len(statistics))
