"""One chunk of draws put to every test of the study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from bsup_analysis.estimators.jackknife import crv3
from bsup_analysis.estimators.poisson import (
    Fit,
    Model,
    RestrictedScores,
    crv1,
    dispersion,
    fit,
    resampled_p,
    restricted,
    treatment_model,
)
from bsup_analysis.estimators.rates import RateFit, fit_rates
from bsup_analysis.simulation.config import Scenario, load_config
from bsup_analysis.simulation.generator import Region, Streams, draw_loans, streams

TESTS = (
    "poisson",
    "quasi_poisson",
    "crv1",
    "crv3_t_clusters",
    "crv3_t_treated",
    "score_wild",
    "ri_score",
    "ols_rate_crv1",
    "ols_rate_crv3",
)
RATE_TESTS = ("ols_rate_crv1", "ols_rate_crv3")
ROWS = 4096  # refits held at a time: the arrays then stay in the processor's cache
RESULT = np.dtype([("log_ratio", "<f8"), ("rate_difference", "<f8"), *((n, "?") for n in TESTS)])


@dataclass(frozen=True, eq=False)
class Task:
    """A chunk of draws: everything its result depends on.

    Attributes
    ----------
    region, scenario, effect, seed
        What is drawn.
    first, count
        The draws `first` to `first + count - 1`.
    dropped_years
        Years the estimators leave out.
    level
        Nominal level of the tests, two-sided.
    weights, assignments
        Resamples of the score wild bootstrap and of randomisation inference.
    """

    region: Region
    scenario: Scenario
    effect: float
    seed: int
    first: int
    count: int
    dropped_years: tuple[int, ...]
    level: float = 0.05
    weights: int = 0
    assignments: int = 0

    @property
    def columns(self) -> np.ndarray:
        """Positions of the years that the estimators use."""
        return self.region.columns(self.dropped_years)

    @property
    def treated_years(self) -> np.ndarray:
        """Whether a used year is treated."""
        return self.region.treated_years[self.columns]

    @property
    def population(self) -> np.ndarray:
        """Inhabitants in the used years."""
        return self.region.population[:, self.columns]

    def model(self) -> Model:
        """Build the primary model; every municipality is a cluster."""
        alone = np.arange(len(self.region.codes))
        return treatment_model(self.population, self.region.treated, self.treated_years, alone)

    def rates(self, loans: np.ndarray) -> RateFit:
        """Fit least squares on rates to panels of the used years."""
        alone = np.arange(len(self.region.codes))
        return fit_rates(loans, self.population, self.region.treated, self.treated_years, alone)

    def loans(self, draws: Sequence[Streams]) -> np.ndarray:
        """Draw panels of the used years."""
        return draw_loans(self.region, self.scenario, self.effect, draws)[:, :, self.columns]

    def blocks(self) -> Iterator[tuple[slice, list[Streams], np.ndarray]]:
        """Draw the panels a block at a time: their positions, streams and loans."""
        size = max(1, ROWS // len(self.region.codes))
        for begin in range(0, self.count, size):
            block = slice(begin, min(begin + size, self.count))
            draws = [streams(self.seed, self.first + k) for k in range(block.start, block.stop)]
            yield block, draws, self.loans(draws)


def task_of(
    region: Region,
    one: Scenario,
    effect: float,
    first: int,
    count: int,
    *,
    seed: int | None = None,
    dropped: tuple[int, ...] | None = None,
) -> Task:
    """Describe a chunk with the tests of `scenarios.toml`, and its seed and years unless given."""
    config = load_config()
    return Task(
        region,
        one,
        effect,
        config.run.seed.value if seed is None else seed,
        first,
        count,
        config.panel.dropped_years.value if dropped is None else dropped,
        config.tests.level.value,
        config.tests.bootstrap_weights.value,
        config.tests.assignments.value,
    )


def critical(level: float, df: np.ndarray | int | None = None) -> np.ndarray | float:
    """Two-sided critical value, of t with `df` degrees of freedom or of the normal."""
    if df is None:
        return float(norm.ppf(1 - level / 2))
    values, place = np.unique(df, return_inverse=True)
    return t(values).ppf(1 - level / 2)[place]


def run(task: Task) -> np.ndarray:
    """Draw the panels of a chunk and test each.

    Returns
    -------
    numpy.ndarray
        One record a draw, of type `RESULT`: log rate ratio (Poisson), difference of rates per 1 000
        inhabitants (least squares), and whether each test rejects no effect.

    Raises
    ------
    InputError
        A panel without an estimate.
    """
    model = task.model()
    results = np.empty(task.count, dtype=RESULT)
    for block, draws, loans in task.blocks():
        _poisson(task, fit(model, loans), results[block])
        _score(task, model, loans, draws, results[block])
        _rates(task, loans, model, results[block])
    return results


def _poisson(task: Task, fitted: Fit, results: np.ndarray) -> None:
    estimate = fitted.theta[:, -1]
    phi, residual_df = dispersion(fitted)
    clustered = np.sqrt(crv1(fitted)[:, 0, 0])
    jackknife = np.sqrt(crv3(fitted)[:, 0, 0])
    active = fitted.model.by_cluster(fitted.totals * task.region.treated)
    results["log_ratio"] = estimate
    for name, se, df in (
        ("poisson", fitted.model_se, None),
        ("quasi_poisson", fitted.model_se * np.sqrt(phi), residual_df),
        ("crv1", clustered, fitted.clusters - 1),
        ("crv3_t_clusters", jackknife, fitted.clusters - 1),
        ("crv3_t_treated", jackknife, np.count_nonzero(active, axis=1) - 1),
    ):
        results[name] = np.abs(estimate) > critical(task.level, df) * se


def _score(
    task: Task, model: Model, loans: np.ndarray, draws: list[Streams], results: np.ndarray
) -> None:
    scores, treated = restricted(model, loans), np.zeros(model.clusters)
    treated[model.cluster[task.region.treated]] = 1
    for k, stream in enumerate(draws):
        wild = wild_p_value(scores.efficient(treated, k), stream.weights, task.weights)
        drawn = randomisation_p_value(scores, k, treated, stream.assignments, task.assignments)
        results["score_wild"][k] = wild <= task.level
        results["ri_score"][k] = drawn <= task.level


def wild_p_value(scores: np.ndarray, source: np.random.Generator, resamples: int) -> float:
    """P-value of the restricted score wild bootstrap.

    Each cluster's score keeps or turns its sign with probability one half (Kline and Santos 2012,
    Journal of Econometric Methods 1(1)). With such weights the variance of the scores is the same
    in every resample, so the sum of scores and its t statistic order the resamples alike.

    Parameters
    ----------
    scores
        Efficient scores, shape (clusters,).
    source
        Random numbers.
    resamples
        Number of resamples.
    """
    count, observed = resamples * len(scores), scores.sum()
    bits = np.unpackbits(np.frombuffer(source.bytes((count + 7) // 8), dtype=np.uint8), count=count)
    sums = 2 * (bits.reshape(resamples, -1).astype(float) @ scores) - observed
    return resampled_p(sums, observed)


def randomisation_p_value(
    scores: RestrictedScores,
    panel: int,
    treated: np.ndarray,
    source: np.random.Generator,
    resamples: int,
) -> float:
    """P-value of randomisation inference on the studentised score.

    As many clusters as are treated are drawn, each set of them equally likely. Size decides who is
    treated here, so the sets are not exchangeable and the test is shown for what it does.
    Neither this statistic nor the raw score keeps its size in every scenario; it is kept because
    the raw one loses 16 to 17 points of power on average over the scenarios, at ratios of 1.25 and
    1.5 (`SYNTHETIC_randomisation`).

    Parameters
    ----------
    scores, panel
        Scores of the model without effect, and the panel's position among them.
    treated
        One for treated clusters, shape (clusters,).
    source
        Random numbers.
    resamples
        Number of sets drawn.
    """
    sets = random_sets(source, len(treated), int(treated.sum()), resamples)
    statistics = scores.studentised(sets, panel)
    observed = float(scores.studentised(treated, panel))
    return resampled_p(statistics, observed)


def random_sets(source: np.random.Generator, clusters: int, size: int, number: int) -> np.ndarray:
    """Draw sets of `size` clusters, shape (number, clusters), one for those in the set.

    The first `size` steps of a shuffle (Fisher and Yates), taken for all sets at once.
    """
    rows = np.arange(number)
    order = np.tile(np.arange(clusters), (number, 1))
    uniform = source.random((size, number))
    sets = np.zeros((number, clusters))
    for step in range(size):
        pick = step + (uniform[step] * (clusters - step)).astype(np.intp)
        sets[rows, order[rows, pick]] = 1
        order[rows, pick] = order[:, step]
    return sets


def _rates(task: Task, loans: np.ndarray, model: Model, results: np.ndarray) -> None:
    treated = task.region.treated
    rates = task.rates(loans)
    treated_clusters = len(set(model.cluster[treated].tolist()))
    size = np.abs(rates.estimate)
    results["rate_difference"] = rates.estimate
    results["ols_rate_crv1"] = size > critical(task.level, model.clusters - 1) * rates.crv1_se
    results["ols_rate_crv3"] = size > critical(task.level, treated_clusters - 1) * rates.crv3_se
