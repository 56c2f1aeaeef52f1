"""Score wild bootstrap and randomisation on the score."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bsup_analysis.effects.municipal.cluster_inference import (
    crv1,
    crv3,
    randomise_score,
    restrict,
    score_wild,
)
from bsup_analysis.effects.municipal.ppml import PpmlSettings, event, fit
from bsup_analysis.errors import InputError

SEED = np.random.SeedSequence(7)


def by_cluster(panel, treated):
    """Zeros and ones of the clusters, each wholly treated or not."""
    sides = [set(treated[np.array(panel.cluster) == name].tolist()) for name in panel.clusters]
    assert all(len(side) == 1 for side in sides)
    return np.array([float(side.pop()) for side in sides])


def statsmodels_scores(panel, rows, treated, null=0.0):
    """Efficient scores by cluster from statsmodels: full dummies, Schur complement."""
    import statsmodels.api as sm

    dummies = pd.get_dummies(rows[["unit", "year"]].astype(str), dtype=float)
    beside = dummies.drop(columns="year_2005").to_numpy()
    column = np.outer(treated, panel.post).ravel()
    offset = rows["log_base"].to_numpy() + null * column
    model = sm.GLM(rows["y"].to_numpy(), beside, family=sm.families.Poisson(), offset=offset)
    mean = model.fit(tol=1e-13, tol_criterion="params").fittedvalues
    weighted = beside.T * mean
    left = column - beside @ np.linalg.lstsq(weighted @ beside, weighted @ column, rcond=None)[0]
    score = pd.Series(left * (rows["y"].to_numpy() - mean))
    return score.groupby(rows["cluster"].to_numpy()).sum().to_numpy()


@pytest.mark.parametrize("null", [0.0, 0.4])
def test_scores_are_those_of_statsmodels(panel, to_long, null):
    """1e-7, with everybody's own label and with another assignment."""
    rows = to_long(panel)
    restricted = restrict(fit(panel), null)
    ours = restricted.efficient(by_cluster(panel, panel.treated))
    theirs = statsmodels_scores(panel, rows, panel.treated, null)
    assert ours == pytest.approx(theirs, abs=1e-7)
    if null == 0:
        other = np.roll(panel.treated, 7)
        theirs = statsmodels_scores(panel, rows, other)
        assert restricted.efficient(by_cluster(panel, other)) == pytest.approx(theirs, abs=1e-7)


def test_score_at_the_estimate_is_zero(panel):
    fitted = fit(panel, settings=PpmlSettings(by_county=True))
    restricted = restrict(fitted, fitted.log_ratio)
    scores = restricted.efficient(by_cluster(panel, panel.treated))
    assert abs(scores.sum()) < 1e-8 * np.abs(scores).sum()


def test_all_signs_are_taken_where_they_are_few(make):
    """Nine clusters: the p-value is the share of all 512 sign vectors, counted one by one."""
    panel = make(2, units=10, treated=5, loans_per_1000=4, effect=0.3)
    fitted = fit(panel)
    found = score_wild(fitted, SEED)
    restricted = restrict(fitted)
    scores = restricted.efficient(by_cluster(panel, panel.treated)).tolist()
    observed = abs(math.fsum(scores))
    reached = sum(
        abs(math.fsum(sign * score for sign, score in zip(signs, scores, strict=True)))
        >= observed * (1 - 1e-9)
        for signs in itertools.product((-1, 1), repeat=9)
    )
    assert (found.exhaustive, found.draws, found.clusters) == (True, 512, 9)
    assert found.p_value == reached / 512


def test_interval_holds_what_is_not_rejected(panel):
    fitted = fit(panel)
    found = score_wild(fitted, SEED, draws=1999)
    assert found.low < math.exp(fitted.log_ratio) < found.high
    for ratio in (found.low, found.high):
        inside = math.exp(math.log(ratio) * 0.999 + fitted.log_ratio * 0.001)
        outside = math.exp(math.log(ratio) * 1.01 - fitted.log_ratio * 0.01)
        shifted = [
            replace(
                panel, population=panel.population * value ** np.outer(panel.treated, panel.post)
            )
            for value in (inside, outside)
        ]
        values = [
            score_wild(fit(other), SEED, draws=1999, interval=False).p_value for other in shifted
        ]
        assert values[0] > 0.05 >= values[1]
    jackknife = crv3(fitted).interval()
    assert (found.low, found.high) == pytest.approx((jackknife.low, jackknife.high), rel=0.12)


def test_draws_repeat_and_depend_on_the_seed(panel):
    fitted = fit(panel)
    for test in (
        lambda seed: score_wild(fitted, np.random.SeedSequence(seed), draws=999, interval=False),
        lambda seed: randomise_score(fitted, np.random.SeedSequence(seed), draws=999),
    ):
        assert test(1) == test(1)
        assert test(1).p_value != test(2).p_value


def test_rejection_without_effect(make):
    """No effect, 300 panels: score wild and randomisation reject 5 % about 5 % of the time.

    Bounds are the 0.001 and 0.999 points of the binomial with 300 draws at 3 % and 10 %: the wild
    bootstrap rejects somewhat often with so few treated clusters (data/simulation, SYNTHETIC).
    """
    rejected = np.zeros(2)
    for seed in range(300):
        fitted = fit(make(seed, units=24, treated=8, years=(2007, 2008, 2010, 2011)))
        wild = score_wild(fitted, SEED, draws=199, interval=False)
        exchange = randomise_score(fitted, SEED, draws=199)
        rejected += [wild.p_value <= 0.05, exchange.p_value <= 0.05]
    assert (rejected >= 2).all()
    assert (rejected <= 48).all()


def test_an_effect_is_seen(make):
    fitted = fit(make(4, effect=1.0, loans_per_1000=4))
    wild = score_wild(fitted, SEED, draws=999)
    assert wild.low > 1
    assert 1 / 1000 <= wild.p_value <= 0.05  # the observed draw counts, so never zero
    assert (wild.p_value * 1000) % 1 == pytest.approx(0, abs=1e-9)
    found = randomise_score(fitted, SEED, draws=999)
    assert found.p_value == 1 / 1000
    assert found.statistic > 0


def test_randomisation_lists_all_assignments_where_they_are_few(make):
    """Nine clusters, four treated: all C(9, 4) assignments, gone through one by one."""
    panel = make(6, units=10, treated=5, loans_per_1000=4).without_years([2009])
    fitted = fit(panel)
    found = randomise_score(fitted, SEED)
    assert (found.exhaustive, found.draws) == (True, math.comb(9, 4))
    restricted = restrict(fitted)
    statistics, observed = [], math.nan
    for chosen in itertools.combinations(panel.clusters, 4):
        treated = np.array([name in chosen for name in panel.cluster])
        scores = restricted.efficient(by_cluster(panel, treated))
        statistics.append(scores.sum() / math.sqrt((scores**2).sum()))
        if (treated == panel.treated).all():
            observed = statistics[-1]
    extreme = sum(abs(value) >= abs(observed) * (1 - 1e-9) for value in statistics)
    assert found.statistic == pytest.approx(observed, rel=1e-12)
    assert found.p_value == extreme / math.comb(9, 4)
    assert sorted(found.statistics) == pytest.approx(sorted(statistics), abs=1e-10)


def test_randomisation_on_published_rows(published):
    """All C(17, 7) choices; the studentised score is near the estimate over its CR1 error."""
    fitted = fit(published)
    found = randomise_score(fitted, SEED, draws=20_000)
    assert (found.exhaustive, found.draws) == (True, math.comb(17, 7))
    assert (found.p_value * math.comb(17, 7)).is_integer()
    assert found.statistic == pytest.approx(fitted.log_ratio / crv1(fitted).se[0], rel=0.35)


def test_refuses(panel):
    fitted = fit(panel)
    with pytest.raises(InputError, match="99 draws"):
        score_wild(fitted, SEED, draws=10)
    with pytest.raises(InputError, match="99 draws"):
        randomise_score(fitted, SEED, draws=10)
    with pytest.raises(InputError, match="one coefficient"):
        score_wild(fit(panel, lambda given: event(given, 2008)), SEED)
