"""One chunk of draws put to every test of the study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from bsup_analysis.simulation.generator import Streams, draw_loans, streams
from bsup_analysis.simulation.jackknife import crv3
from bsup_analysis.simulation.kernel import Fit, fit
from bsup_analysis.simulation.model import Model, treatment_model
from bsup_analysis.simulation.ols import fit_rates
from bsup_analysis.simulation.region import Region
from bsup_analysis.simulation.scenarios import Scenario
from bsup_analysis.simulation.score import efficient_scores, restricted, ri_score, score_wild
from bsup_analysis.simulation.variance import crv1, dispersion

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
    level: float
    weights: int
    assignments: int

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

    def loans(self, draws: Sequence[Streams]) -> np.ndarray:
        """Draw panels of the used years."""
        return draw_loans(self.region, self.scenario, self.effect, draws)[:, :, self.columns]


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
    at_once = max(1, ROWS // model.clusters)
    for begin in range(0, task.count, at_once):
        block = slice(begin, min(begin + at_once, task.count))
        draws = [streams(task.seed, task.first + k) for k in range(block.start, block.stop)]
        loans = task.loans(draws)
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
    null, score = restricted(model, loans)
    wild = score_wild(efficient_scores(model, null, score), draws, task.weights)
    results["score_wild"] = wild <= task.level
    treated = np.zeros(model.clusters, dtype=bool)
    treated[model.cluster[task.region.treated]] = True
    drawn = ri_score(model, null, treated, task.treated_years, draws, task.assignments)
    results["ri_score"] = drawn <= task.level


def _rates(task: Task, loans: np.ndarray, model: Model, results: np.ndarray) -> None:
    treated = task.region.treated
    rates = fit_rates(loans, task.population, treated, task.treated_years, model.cluster)
    treated_clusters = len(set(model.cluster[treated].tolist()))
    size = np.abs(rates.estimate)
    results["rate_difference"] = rates.estimate
    results["ols_rate_crv1"] = size > critical(task.level, model.clusters - 1) * rates.crv1_se
    results["ols_rate_crv3"] = size > critical(task.level, treated_clusters - 1) * rates.crv3_se
