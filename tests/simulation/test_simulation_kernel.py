"""The kernel against statsmodels, against closed forms, and against the study's own estimators."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsup_analysis.effects.group_poisson import group_contrast
from bsup_analysis.effects.municipal import cluster_inference
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.ppml import fit as municipal_fit
from bsup_analysis.errors import InputError
from bsup_analysis.estimators import jackknife
from bsup_analysis.estimators.poisson import crv1, event_model, fit, treatment_model
from bsup_analysis.simulation.config import scenario
from bsup_analysis.simulation.generator import Region, streams
from bsup_analysis.simulation.replicate import run
from bsup_analysis.simulation.runner import TOLERANCE, self_check

POST = np.array([False, False, False, True, True])


def enlarged(region: Region, copies: int) -> Region:
    """Repeat every municipality, for measuring how cost grows; each copy keeps its size."""
    again = np.tile(np.arange(len(region.codes)), copies)
    rows = ("population", "expected", "treated", "county", "points")
    return replace(
        region,
        codes=tuple(f"{region.codes[i]}-{n}" for n, i in enumerate(again)),
        **{name: getattr(region, name)[again] for name in rows},
    )


def panels(seed: int, draws: int = 3, units: int = 12, rate: float = 20.0, drift: float = 0.02):
    """Panels of a few municipalities that grow at their own pace."""
    rng = np.random.default_rng(seed)
    growth = np.exp(rng.normal(0, drift, (units, 1)) * np.arange(5))
    exposure = rng.lognormal(0, 1, (units, 1)) * growth
    loans = rng.poisson(rate * exposure, (draws, units, 5)).astype(float)
    return exposure, np.arange(units) < 4, loans


@pytest.mark.parametrize("name", "ABCD")
def test_kernel_is_statsmodels_to_1e_8_in_every_scenario(pool, task, name):
    planted = replace(task, scenario=scenario(name), effect=1.3)
    assert 0 < pool.submit(self_check, planted, (0, 41)).result() < TOLERANCE


def check_a_wrong_kernel(task):
    """Run in a worker, whose linear algebra keeps to one core."""
    from bsup_analysis.simulation import runner

    right = runner.leave_out
    runner.leave_out = lambda fitted: right(fitted) + 1e-7
    try:
        return runner.self_check(task, (0,))
    finally:
        runner.leave_out = right


def test_a_kernel_that_differs_stops_the_run(pool, task):
    with pytest.raises(InputError, match=r"differ by 1\.0e-07"):
        pool.submit(check_a_wrong_kernel, task).result()


def test_estimates_without_offset_are_those_of_group_totals():
    """Section 1 of METHODS.md, published level: an identity, to rounding."""
    _, treated, loans = panels(1)
    model = treatment_model(np.ones(loans.shape[1:]), treated, POST, np.arange(12))
    fitted = fit(model, loans)
    for k in range(len(loans)):
        rows = [
            {"group": group, "year": 2000 + t, "loans": loans[k, mine, t].sum()}
            for group, mine in (("priority", treated), ("other", ~treated))
            for t in range(5)
        ]
        exact = group_contrast(pd.DataFrame(rows), measure="loans", treated_years=[2003, 2004])
        assert fitted.theta[k, -1] == pytest.approx(exact.log_ratio, abs=1e-12)
        assert fitted.model_se[k] == pytest.approx(exact.se, abs=1e-12)


def test_simulated_tests_are_those_the_study_uses(region, task):
    """Same estimate, CRV1, CRV3 and degrees of freedom as effects.municipal."""
    loans = task.loans([streams(1, k) for k in range(3)])
    fitted = fit(task.model(), loans)
    jack = jackknife.crv3(fitted)[:, 0, 0]
    for k in range(len(loans)):
        years = tuple(region.years[c] for c in task.columns)
        panel = MunicipalPanel(
            y=loans[k],
            population=task.population,
            treated=region.treated,
            cluster=region.codes,
            county=tuple(str(c) for c in region.county),
            codes=region.codes,
            years=years,
            first_treated_year=2010,
        )
        own = municipal_fit(panel)
        assert own.coefficients[0] == pytest.approx(fitted.theta[k, -1], abs=1e-8)
        one, three = cluster_inference.crv1(own), cluster_inference.crv3(own)
        assert one.se[0] == pytest.approx(np.sqrt(crv1(fitted)[k, 0, 0]), abs=1e-8)
        assert three.se[0] == pytest.approx(np.sqrt(jack[k]), abs=1e-8)
        assert three.clusters == fitted.clusters[k]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from([6.0, 200.0]))
def test_leaving_out_is_refitting_whatever_the_growth(seed, drift, rate):
    """The series and the full refits meet; strong growth is where the series alone would not do."""
    exposure, treated, loans = panels(seed, draws=2, rate=rate, drift=drift)
    model = treatment_model(exposure, treated, POST, np.arange(12))
    fitted = fit(model, loans)
    draw, cluster = np.repeat([0, 1], 12), np.tile(np.arange(12), 2)
    in_full = jackknife._in_full(fitted, draw, cluster).reshape(2, 12, -1)
    assert np.abs(jackknife.leave_out(fitted) - in_full).max() < TOLERANCE


def test_most_refits_need_no_full_sum(region, task, monkeypatch):
    """Else the cost would not be linear in clusters."""
    done = []
    in_full = jackknife._in_full
    monkeypatch.setattr(
        jackknife, "_in_full", lambda f, d, c: done.append(len(d)) or in_full(f, d, c)
    )
    fitted = fit(task.model(), task.loans([streams(1, k) for k in range(20)]))
    jackknife.leave_out(fitted)
    assert sum(done) < 0.02 * 20 * 85
    many = enlarged(region, 5)
    again = replace(task, region=many)
    done.clear()
    jackknife.leave_out(fit(again.model(), again.loans([streams(1, 0)])))
    assert sum(done) == 0


def test_municipalities_in_one_cluster_are_left_out_together():
    exposure, treated, loans = panels(5)
    cluster = np.array([0, 0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9])
    model = treatment_model(exposure, treated, POST, cluster)
    fitted = fit(model, loans)
    left = jackknife.leave_out(fitted)
    assert left.shape == (3, 10, 5)
    kept = cluster != 4
    part = treatment_model(exposure[kept], treated[kept], POST, np.arange(10))
    assert left[:, 4, -1] == pytest.approx(fit(part, loans[:, kept]).theta[:, -1], abs=TOLERANCE)
    score = (loans - fitted.fitted) @ np.eye(5)
    summed = np.stack([score[:, cluster == c].sum(axis=1) for c in range(10)], axis=1)
    columns = np.stack([model.columns[int(treated[cluster == c][0])] for c in range(10)])
    influence = np.einsum("bct,ctk,bk->bc", summed, columns, fitted.covariance[:, :, -1])
    assert crv1(fitted)[:, 0, 0] == pytest.approx(10 / 9 * (influence**2).sum(axis=1))


def test_cluster_numbers_may_come_in_any_order():
    exposure, treated, loans = panels(6)
    order = np.random.default_rng(0).permutation(12)
    plain = jackknife.leave_out(fit(treatment_model(exposure, treated, POST, np.arange(12)), loans))
    mixed = jackknife.leave_out(fit(treatment_model(exposure, treated, POST, order), loans))
    assert np.allclose(mixed[:, order], plain, atol=1e-10)


def test_a_municipality_without_loans_changes_nothing():
    exposure, treated, loans = panels(7)
    loans[:, 9] = 0
    kept = np.arange(12) != 9
    whole = fit(treatment_model(exposure, treated, POST, np.arange(12)), loans)
    part = fit(treatment_model(exposure[kept], treated[kept], POST, np.arange(11)), loans[:, kept])
    assert whole.theta == pytest.approx(part.theta, abs=1e-12)
    assert crv1(whole) == pytest.approx(crv1(part), abs=1e-12)
    assert jackknife.crv3(whole) == pytest.approx(jackknife.crv3(part), abs=1e-12)


def test_panels_without_an_estimate_are_refused(task):
    exposure, treated, loans = panels(8)
    model = treatment_model(exposure, treated, POST, np.arange(12))
    loans[1][np.ix_(treated, POST)] = 0
    with pytest.raises(InputError, match="no loan at all"):
        fit(model, loans)
    with pytest.raises(InputError, match="no loan at all"):
        run(replace(task, effect=1e-9))


def test_a_jackknife_without_the_only_loans_is_refused():
    exposure, treated, loans = panels(9)
    loans[:, 1:4] = np.where(POST, 0, loans[:, 1:4])  # all treated-year loans in municipality 0
    with pytest.raises(InputError, match="no loan at all"):
        jackknife.leave_out(fit(treatment_model(exposure, treated, POST, np.arange(12)), loans))


def test_event_study_without_offset_is_the_ratio_of_ratios():
    """A saturated model fits every group-year total, so its coefficients are known."""
    _, treated, loans = panels(10)
    model = event_model(np.ones(loans.shape[1:]), treated, 2, np.arange(12))
    fitted = fit(model, loans)
    sums = np.log([loans[:, treated].sum(axis=1), loans[:, ~treated].sum(axis=1)])
    contrast = sums[0] - sums[1]
    others = [0, 1, 3, 4]
    assert fitted.theta[:, -4:] == pytest.approx(contrast[:, others] - contrast[:, [2]], abs=1e-10)


def test_models_without_a_contrast_or_exposure_are_refused():
    exposure, treated, _ = panels(11)
    with pytest.raises(InputError, match="above zero"):
        treatment_model(exposure * 0, treated, POST, np.arange(12))
    with pytest.raises(InputError, match="treated and untreated"):
        treatment_model(exposure, treated | True, POST, np.arange(12))
