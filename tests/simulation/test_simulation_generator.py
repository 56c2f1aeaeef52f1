"""The synthetic panels: calibration in expectation, planted noise and effects, seeds."""

from dataclasses import replace

import numpy as np
import pytest

from bsup_analysis.effects.paired import Paired, growth_dispersion
from bsup_analysis.errors import InputError
from bsup_analysis.simulation.config import Scenario, scenario
from bsup_analysis.simulation.experiments import draw_published, growth_phi
from bsup_analysis.simulation.generator import build_region, draw_loans, log_mean, noise_sd, streams

QUIET = Scenario("quiet", 0.0)


def drawn(region, chosen, effect=1.0, count=300, seed=7):
    return draw_loans(region, chosen, effect, [streams(seed, k) for k in range(count)])


def large(region, factor=1e6):
    """So many loans that the Poisson part of the noise is nothing."""
    return replace(region, expected=region.expected * factor)


def test_a_draw_is_the_child_of_its_number_whatever_is_drawn_beside_it(region):
    together = drawn(region, scenario("D"), count=6)
    alone = draw_loans(region, scenario("D"), 1.0, [streams(7, 4)])
    assert np.array_equal(together[4], alone[0])
    child = np.random.SeedSequence(7).spawn(6)[4].spawn(4)[2]
    assert streams(7, 4).weights.bytes(16) == np.random.default_rng(child).bytes(16)


def test_draws_and_seeds_differ(region):
    panels = drawn(region, scenario("A"), count=3)
    assert not np.array_equal(panels[0], panels[1])
    assert not np.array_equal(panels[0], drawn(region, scenario("A"), count=1, seed=8)[0])


def test_expected_loans_are_the_published_totals(region):
    base = region.years.index(2009)
    assert region.expected[region.treated, base].sum() == pytest.approx(738, abs=1e-9)  # p. 14
    assert region.expected[~region.treated, base].sum() == pytest.approx(
        309, abs=1e-9
    )  # 1047 - 738
    published = {2007: 993, 2008: 931, 2009: 1047, 2010: 1487}  # p. 11, press totals
    for year, loans in published.items():
        assert region.expected[:, region.years.index(year)].sum() == pytest.approx(loans, abs=1e-9)


@pytest.mark.parametrize("name", "ABCD")
def test_totals_are_met_on_average_and_never_by_force(region, name):
    totals = drawn(region, scenario(name), count=600).sum(axis=1)
    error = totals.std(axis=0) / np.sqrt(len(totals))
    assert (np.abs(totals.mean(axis=0) - region.expected.sum(axis=0)) < 4 * error).all()
    assert (totals.std(axis=0) > np.sqrt(totals.mean(axis=0))).all()  # at least Poisson


def test_municipalities_merged_later_add_up_to_their_group(region, tables):
    totals = tables["group_year"].set_index(["group", "year"])["population"]
    for t, year in enumerate(region.years):
        for group, mine in (("priority", region.treated), ("other", ~region.treated)):
            assert region.population[mine, t].sum() == pytest.approx(totals[group, year])
    mosvik, inderoy = (region.codes.index(code) for code in ("1723", "1729"))
    last, split = region.years.index(2011), region.years.index(2012)
    ratios = region.population[mosvik] / region.population[inderoy]
    assert ratios[split] == pytest.approx(ratios[last])


def test_a_population_that_cannot_be_known_is_refused(tables):
    broken = tables["municipality_year"].copy()
    first = broken["municipality_code"] == "1723"
    broken.loc[first & (broken["year"] == 2011), "population"] = np.nan
    changed = {**tables, "municipality_year": broken}
    build_region(*changed.values())  # one missing year: the group's total tells it
    broken.loc[first, "population"] = np.nan
    with pytest.raises(InputError, match="does not add up"):
        build_region(*changed.values())


def test_scenario_a_has_the_dispersion_of_the_published_rows(region, tables):
    rows = tables["municipality_year"].query("group == 'priority' and year in (2009, 2010)")
    wide = rows.pivot(index="municipality_code", columns="year", values="loans")
    published = growth_dispersion(
        Paired(tuple(wide.index), tuple(wide[2009]), tuple(wide[2010]))
    ).phi
    loans = draw_published(region, scenario("A"), 1.0, 1500, 3)[:, region.treated]
    phi = growth_phi(loans)
    assert published == pytest.approx(2.18, abs=0.005)  # tests/effects: scipy's chi-square
    # four standard errors of the mean of 1 500 draws are .09; .16 is itself rounded
    assert phi.mean() == pytest.approx(published, abs=0.12)


@pytest.mark.parametrize(("name", "lag_one"), [("A", 0.0), ("B", 0.6)])
def test_own_noise_is_stationary_with_the_stated_size_and_memory(region, name, lag_one):
    chosen = scenario(name)
    plenty = large(region)
    noise = np.log(drawn(plenty, chosen, count=200) / plenty.expected) + chosen.sigma**2 / 2
    # 17 000 independent municipality-draws: standard error of an sd .005 of it, of r .008
    assert noise.std(axis=(0, 1)) == pytest.approx(np.full(8, chosen.sigma), rel=0.03)
    pairs = [np.corrcoef(noise[..., t].ravel(), noise[..., t + 1].ravel())[0, 1] for t in range(7)]
    assert pairs == pytest.approx([lag_one] * 7, abs=0.035)


def test_counties_share_their_shocks_and_nobody_else_does(region):
    chosen = Scenario("county", 0.0, county_sigma=0.2)
    plenty = large(region)
    noise = np.log(drawn(plenty, chosen, count=50) / plenty.expected) + 0.02
    for county in range(3):
        inside = noise[:, region.county == county]
        assert inside.std(axis=1).max() < 0.01  # only the Poisson part is left
    assert noise.std() == pytest.approx(0.2, rel=0.1)


def test_small_units_are_noisier_by_the_stated_rule(region):
    sd = noise_sd(region, Scenario("small", 0.3, small_unit_sigma=1.0))
    inhabitants = region.population[:, region.years.index(2009)]
    assert sd == pytest.approx(np.sqrt(0.09 + 1000 / inhabitants))
    assert np.argmin(sd) == region.largest
    assert region.codes[region.largest] == "1601"  # Trondheim


def test_planted_effect_trend_and_the_largest_apart(region):
    chosen = replace(QUIET, trend=0.05, largest_effect=3.0)
    change = log_mean(region, chosen, 1.5) - log_mean(region, QUIET, 1.0)
    after = np.array(region.years) >= 2010
    assert change[~region.treated] == pytest.approx(0)
    drift = 0.05 * (np.array(region.years) - 2009)
    others = region.treated & (np.arange(len(region.codes)) != region.largest)
    expected = drift + np.log(1.5) * after
    assert np.allclose(change[others], expected)
    assert np.allclose(change[region.largest], drift + np.log(3.0) * after)


def test_selection_lifts_the_chosen_year_and_dies_out(region):
    lifted = replace(scenario("B"), selection=1.0)
    change = log_mean(region, lifted, 1.0) - log_mean(region, scenario("B"), 1.0)
    gaps = np.abs(np.array(region.years) - 2008)
    assert np.allclose(change[region.treated], 0.3 * 0.6**gaps)
    assert np.allclose(change[~region.treated], 0)
