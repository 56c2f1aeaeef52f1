"""Published-level coverage, biases, the test of the years before, and detectable ratios."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from bsup_analysis.effects.group_poisson import GroupTotals
from bsup_analysis.effects.inference import dispersed_se, ratio_interval
from bsup_analysis.effects.paired import Paired, clustered_half, growth_dispersion
from bsup_analysis.simulation.config import Scenario, scenario
from bsup_analysis.simulation.experiments import (
    average_ratio,
    clustered_variance,
    coverage,
    draw_published,
    expected_rate_bias,
    growth_phi,
    joint_f,
    pretrend_test,
    rate_bias,
    ratio_bias,
)
from bsup_analysis.simulation.replicate import Task
from bsup_analysis.simulation.results import detectable_ratios

DROPPED = (2009,)
NOISELESS = Scenario("quiet", 0.0)


def test_published_level_intervals_are_those_of_the_study(region):
    """One panel at a time through `effects`, all at once here: the same numbers."""
    loans = draw_published(region, scenario("B"), 1.0, 5, 4)
    covered = {"assumed": 0, "estimated_t": 0}
    for panel in loans:
        rows = panel[region.treated]
        codes = tuple(str(k) for k in range(len(rows)))
        pair = Paired(codes, tuple(rows[:, 0]), tuple(rows[:, 1]))
        assert growth_phi(rows[None])[0] == pytest.approx(growth_dispersion(pair).phi)
        assert clustered_variance(rows[None])[0] == pytest.approx(clustered_half(pair).variance)
        other = panel[~region.treated].sum(axis=0)
        totals = GroupTotals(*rows.sum(axis=0), *other)
        poisson = ratio_interval(totals.log_ratio, dispersed_se(totals))
        own = dispersed_se(totals, phi_priority=growth_dispersion(pair).phi)
        student = ratio_interval(totals.log_ratio, own, df=16)
        covered["assumed"] += not poisson.excludes_one
        covered["estimated_t"] += not student.excludes_one
    table = coverage(region, scenario("B"), 1.0, draws=5, seed=4, grid=[1.0])
    found = table.set_index("interval")["coverage"] * 5
    assert found["assumed"] == pytest.approx(covered["assumed"])
    assert found["estimated_t"] == pytest.approx(covered["estimated_t"])


def test_poisson_intervals_cover_poisson_panels_and_not_dispersed_ones(region):
    quiet = coverage(region, NOISELESS, 1.3, draws=3000, seed=1, grid=[1.0])
    loud = coverage(region, scenario("D"), 1.3, draws=3000, seed=1, grid=[1.0, 10.0])
    error = math.sqrt(0.95 * 0.05 / 3000)
    assert quiet["coverage"].iloc[0] == pytest.approx(0.95, abs=4 * error)
    assert quiet["phi_priority"].iloc[0] == pytest.approx(1, abs=0.03)
    assert loud["coverage"].iloc[0] < 0.85
    assert loud["coverage"].iloc[1] > 0.95
    assert (loud["coverage"].diff().iloc[1]) > 0.1


def test_linear_rates_see_an_effect_where_there_is_none(region):
    """Without noise it is the mean of rates, after less before, group less group."""
    columns = region.columns(DROPPED)
    rates = 1000 * region.expected[:, columns] / region.population[:, columns]
    after = np.array(region.years)[columns] >= 2010
    change = rates[:, after].mean(axis=1) - rates[:, ~after].mean(axis=1)
    exact = change[region.treated].mean() - change[~region.treated].mean()
    assert expected_rate_bias(region, DROPPED) == pytest.approx(exact, abs=1e-12)
    assert exact > 0.1  # base rates differ: 738 and 309 loans on 425 732 and 240 432 inhabitants
    drawn = rate_bias(Task(region, scenario("A"), 1.0, 2, 0, 300, DROPPED))
    assert drawn.mean_estimate == pytest.approx(exact, abs=4 * drawn.mc_error)
    assert drawn.mean_estimate - drawn.truth > 5 * drawn.mc_error


def test_poisson_regression_does_not(region):
    drawn = ratio_bias(Task(region, scenario("A"), 1.3, 2, 0, 150, DROPPED))
    assert drawn.truth == pytest.approx(math.log(1.3))
    assert drawn.mean_estimate - drawn.truth == pytest.approx(0, abs=4 * drawn.mc_error + 0.003)
    assert drawn.rejection_rate > 0.8  # detectable at 80 %: 1.24


def test_regression_to_the_mean_and_what_dropping_2008_leaves(region):
    chosen = replace(scenario("A"), selection=1.4)
    biased = ratio_bias(Task(region, chosen, 1.0, 3, 0, 150, DROPPED))
    # noise of a year does not last
    cured = ratio_bias(Task(region, chosen, 1.0, 3, 0, 150, (2008, *DROPPED)))
    assert biased.mean_estimate - biased.truth < -5 * biased.mc_error
    assert cured.mean_estimate - cured.truth == pytest.approx(0, abs=4 * cured.mc_error)
    lasting = replace(scenario("B"), selection=1.4)
    left = ratio_bias(Task(region, lasting, 1.0, 3, 0, 150, (2008, *DROPPED)))
    assert left.mean_estimate - left.truth < -2 * left.mc_error


def test_a_large_municipality_apart_pulls_the_estimand_by_its_loans(region):
    apart = replace(scenario("A"), largest_effect=1.5)
    target = average_ratio(region, apart, 1.0, DROPPED)
    loans = region.expected[:, region.treated_years].sum(axis=1) * region.treated
    ratio = np.where(np.arange(len(loans)) == region.largest, 1.5, 1.0)
    assert target == pytest.approx(loans @ ratio / loans.sum(), rel=0.01)
    assert target > 1 + 0.5 / 17 * 3  # far from one municipality among seventeen
    drawn = ratio_bias(Task(region, apart, 1.0, 4, 0, 150, DROPPED))
    assert drawn.mean_estimate == pytest.approx(math.log(target), abs=4 * drawn.mc_error + 0.005)
    assert average_ratio(region, scenario("A"), 1.3, DROPPED) == pytest.approx(1.3, abs=1e-12)


def test_the_test_of_the_years_before_sees_a_steep_drift_only(region):
    flat, steep = (
        pretrend_test(Task(region, replace(scenario("A"), trend=drift), 1.0, 5, 0, 120, DROPPED))
        for drift in (0.0, 0.3)
    )
    assert flat.rejection_rate < 0.15
    assert steep.rejection_rate > 0.9
    # mean year after less mean year before: 2011 - 2006.5
    mild = pretrend_test(Task(region, replace(scenario("A"), trend=0.05), 1.0, 5, 0, 120, DROPPED))
    assert mild.mean_log_ratio == pytest.approx(4.5 * 0.05, abs=0.03)
    assert mild.mean_log_ratio_passed == pytest.approx(mild.mean_log_ratio, abs=0.03)


def test_joint_f_of_one_coefficient_is_t_squared():
    from scipy.stats import t

    p = joint_f(np.array([[0.3]]), np.array([[[0.02]]]), 16)[0]
    assert p == pytest.approx(2 * t(16).sf(0.3 / math.sqrt(0.02)))


def test_detectable_ratio_of_a_known_power_curve():
    """A normal test with standard error s finds exp((1.96 + .84) s) at 80 % (Bloom 1995)."""
    s, effects = 0.1, np.round(np.arange(1, 1.61, 0.05), 2)
    power = norm.cdf(np.log(effects) / s - norm.ppf(0.975))
    table = pd.DataFrame(
        {"scenario": "A", "test": "t", "effect": effects, "draws": 1000, "rejection_rate": power}
    )
    found = detectable_ratios(table, 0.8).iloc[0]
    exact = math.exp((norm.ppf(0.975) + norm.ppf(0.8)) * s)
    assert found["detectable_ratio"] == pytest.approx(exact, abs=0.003)  # the curve bends
    slope = norm.pdf(norm.ppf(0.8)) / s
    error = exact * math.sqrt(0.16 / 1000) / slope
    assert found["mc_error"] == pytest.approx(error, rel=0.15)
    short = detectable_ratios(table[table["effect"] < 1.2], 0.8).iloc[0]
    assert math.isnan(short["detectable_ratio"])
