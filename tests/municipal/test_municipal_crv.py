"""Clustered variances against pyfixest, statsmodels, and the closed forms on published rows."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bsup_analysis.effects.agreement import agreement_contrast
from bsup_analysis.effects.municipal.cluster_inference import crv1, crv3, leave_one_cluster_out
from bsup_analysis.effects.municipal.ppml import PpmlSettings, event, fit, treatment
from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError
from bsup_analysis.estimators import jackknife


def statsmodels_d(rows, **options):
    import statsmodels.api as sm

    dummies = pd.get_dummies(rows[["unit", "year"]].astype(str), dtype=float)
    design = pd.concat([rows[["D"]], dummies.drop(columns="year_2005")], axis=1)
    model = sm.GLM(rows["y"], design, family=sm.families.Poisson(), offset=rows["log_base"])
    fitted = model.fit(tol=1e-13, tol_criterion="params", maxiter=200, **options)
    return fitted.params["D"], fitted.bse["D"]


def test_crv1_statsmodels(panel, to_long):
    """statsmodels GLM cluster, its factor off, ours put on; 1e-8."""
    rows = to_long(panel)
    groups = {"groups": rows["cluster_number"].to_numpy(), "use_correction": False}
    _, bare = statsmodels_d(rows, cov_type="cluster", cov_kwds=groups)
    found = crv1(fit(panel))
    assert found.clusters == 39
    assert found.se[0] == pytest.approx(bare * math.sqrt(39 / 38), rel=1e-8)


def test_crv1_and_crv3_pyfixest(panel, to_long):
    """pyfixest 0.60 fepois, no k adjustment; 1e-6 (it stops its iterations earlier).

    Its CRV3 adds up squared distances where MacKinnon, Nielsen and Webb (2023) multiply the sum by
    (G - 1) / G, then applies G / (G - 1): made good here. Without exposure, because its refits
    forget the offset (`Feols._vcov_crv3_slow` passes none).
    """
    pyfixest = pytest.importorskip("pyfixest")
    flat = replace(panel, population=np.ones_like(panel.population))
    fitted = fit(flat)
    factor = {"CRV1": 1.0, "CRV3": 38 / 39}
    for kind, ours in (("CRV1", crv1(fitted)), ("CRV3", crv3(fitted))):
        theirs = pyfixest.fepois(
            "y ~ D + i(year) | unit",
            to_long(flat),
            vcov={kind: "cluster"},
            ssc=pyfixest.ssc(k_adj=False),
        )
        assert ours.se[0] == pytest.approx(theirs.se()["D"] * factor[kind], rel=1e-6), kind


def test_crv1_pyfixest_with_exposure(panel, to_long):
    pyfixest = pytest.importorskip("pyfixest")
    theirs = pyfixest.fepois(
        "y ~ D + i(year) | unit",
        to_long(panel),
        offset="log_base",
        vcov={"CRV1": "cluster"},
        ssc=pyfixest.ssc(k_adj=False),
    )
    assert crv1(fit(panel)).se[0] == pytest.approx(theirs.se()["D"], rel=1e-6)


def test_crv3_statsmodels_refitted_by_hand(make, to_long):
    """Every leave-one-cluster-out fit with all dummies in statsmodels; estimates 1e-8."""
    panel = make(5, units=16, treated=5, loans_per_1000=3).without_years([2006, 2009, 2012])
    rows = to_long(panel)
    by_hand = np.array(
        [statsmodels_d(rows.loc[rows["cluster"] != name])[0] for name in panel.clusters]
    )
    fitted = fit(panel)
    assert leave_one_cluster_out(fitted)[:, 0] == pytest.approx(by_hand, abs=1e-8)
    variance = ((by_hand - fitted.log_ratio) ** 2).sum() * 14 / 15
    assert crv3(fitted).se[0] == pytest.approx(math.sqrt(variance), rel=1e-7)
    assert crv3(fitted).df == 4 - 1


def test_published_rows_in_closed_form(published):
    """The 17 rows of p. 14: CR1 and CRV3 of `effects.agreement`, which fits nothing; 1e-9."""
    rows = Paired(published.codes, tuple(published.y[:, 0]), tuple(published.y[:, 1]))
    signed = [code for code, on in zip(published.codes, published.treated, strict=True) if on]
    closed = agreement_contrast(rows, signed)
    fitted = fit(published)
    assert fitted.log_ratio == pytest.approx(math.log(closed.ratio), abs=1e-10)
    assert crv1(fitted).se[0] == pytest.approx(closed.clustered.se, rel=1e-9)
    assert crv3(fitted).se[0] == pytest.approx(closed.jackknife.se, rel=1e-9)
    interval = crv3(fitted).interval()
    assert (interval.low, interval.high) == pytest.approx(
        (closed.jackknife.low, closed.jackknife.high), rel=1e-9
    )


def test_two_in_one_cluster_are_left_out_together(panel):
    """Their rows added to one municipality give the same clusters' estimates; 1e-9."""
    flat = replace(panel, population=np.ones_like(panel.population))
    merged_y = np.vstack([flat.y[0] + flat.y[1], flat.y[2:]])
    one = replace(
        flat,
        y=merged_y,
        population=np.ones_like(merged_y),
        treated=flat.treated[1:],
        cluster=flat.cluster[1:],
        county=flat.county[1:],
        codes=flat.codes[1:],
    )
    together, merged = crv3(fit(flat)), crv3(fit(one))
    assert together.se[0] == pytest.approx(merged.se[0], rel=1e-9)
    apart = crv3(fit(replace(flat, cluster=flat.codes)))
    assert apart.clusters == together.clusters + 1
    assert apart.se[0] != pytest.approx(together.se[0], rel=1e-3)


def test_refits_that_lose_a_county_year_start_again(panel):
    """One municipality holds all of a county's loans in a year: its refit must drop that year."""
    y = panel.y.copy()
    inside = np.flatnonzero([name == "15" for name in panel.county])
    y[inside[1:], 2] = 0
    y[inside[0], 2] = 9
    thin = replace(panel, y=y)
    chosen = PpmlSettings(by_county=True)
    fitted = fit(thin, settings=chosen)
    estimates = leave_one_cluster_out(fitted)
    name = thin.cluster[inside[0]]
    without = fit(thin.keep([label != name for label in thin.cluster]), settings=chosen)
    assert "county_year_only_zeros" in {item.kind for item in without.dropped}
    assert estimates[thin.clusters.index(name), 0] == pytest.approx(without.log_ratio, abs=1e-9)


def test_jackknife_says_which_cluster_carries_a_coefficient(panel):
    y = panel.y.copy()
    y[panel.treated, 0] = 0
    y[4, 0] = 5
    with pytest.raises(InputError, match="Without cluster u04"):
        crv3(fit(replace(panel, y=y), lambda given: event(given, 2008)))


def test_several_coefficients_have_the_variance_of_each_alone(panel):
    """A variance matrix that is symmetric, positive, and that one column's own fit shares."""
    found = crv3(fit(panel, lambda given: event(given, 2008)))
    assert found.vcov.shape == (6, 6)
    assert found.vcov == pytest.approx(found.vcov.T, rel=1e-12)
    assert np.linalg.eigvalsh(found.vcov).min() > 0
    rotated = crv3(fit(panel, lambda given: event(given, 2005)))
    place = {name: position for position, name in enumerate(found.names)}
    difference = np.zeros(6)
    difference[place["priority_2010"]] = 1
    difference[place["priority_2005"]] = -1
    other = rotated.names.index("priority_2010")
    assert difference @ found.vcov @ difference == pytest.approx(
        rotated.vcov[other, other], rel=1e-8
    )


def test_refuses_one_treated_cluster(panel):
    few = panel.keep([number in {0, 1} or number > 9 for number in range(40)])
    with pytest.raises(InputError, match="two of each"):
        crv3(fit(few))


def holed(panel):
    """Unknown cells in clusters of both groups: their municipalities form groups of their own."""
    y = panel.y.copy()
    y[[2, 5, 30, 31], [0, 3, 6, 6]] = np.nan
    return replace(panel, y=y)


def average(panel):
    """NOK per loan: what the outcome is a rate of moves by much more than a population."""
    loans = np.maximum(panel.y, 1)
    return replace(panel, y=loans * 5e5 * panel.population**0.1, exposure=loans)


def same(panel):
    return panel


@pytest.mark.parametrize("change", [same, holed, average])
@pytest.mark.parametrize(
    ("interest", "settings"),
    [
        (treatment, PpmlSettings()),
        (treatment, PpmlSettings(by_county=True)),
        (treatment, PpmlSettings(by_size=True)),
        (lambda given: event(given, 2008), PpmlSettings()),
    ],
)
def test_leaving_out_is_a_fit_of_the_others(panel, change, interest, settings):
    """The series, or the sums in full, against the panel without the cluster fitted anew; 1e-8."""
    given = change(panel)
    labels = np.array(given.cluster)
    anew = [
        fit(given.keep(labels != name), interest, settings).coefficients for name in given.clusters
    ]
    found = leave_one_cluster_out(fit(given, interest, settings))
    assert np.abs(found - np.array(anew)).max() < 1e-8


def test_the_jackknife_is_linear_in_clusters(make, monkeypatch):
    """No refit of 600 takes the sum over all others, whose cost would be quadratic."""
    taken = []
    in_full = jackknife._in_full
    monkeypatch.setattr(
        jackknife, "_in_full", lambda f, d, c: taken.append(len(d)) or in_full(f, d, c)
    )
    many = make(3, units=600, treated=120, loans_per_1000=4)
    leave_one_cluster_out(fit(many))
    leave_one_cluster_out(fit(many, settings=PpmlSettings(by_county=True)))
    assert sum(taken) == 0
    leave_one_cluster_out(fit(make(3), settings=PpmlSettings(by_size=True)))
    assert sum(taken) == 39


THREADS = """
import hashlib, json, sys
from bsup_analysis.effects.municipal.cluster_inference import crv1, crv3
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.ppml import event, fit
from bsup_analysis.effects.municipal.cluster_inference import restrict
panel = MunicipalPanel(**json.load(sys.stdin))
for fitted in (fit(panel), fit(panel, lambda given: event(given, 2008))):
    arrays = fitted.coefficients, crv1(fitted).vcov, crv3(fitted).vcov
    print(*(hashlib.sha256(one.tobytes()).hexdigest() for one in arrays))
scores = restrict(fit(panel)).efficient(fit(panel).treated_clusters.astype(float))
print(hashlib.sha256(scores.tobytes()).hexdigest())
"""


def test_threads_change_no_byte_of_a_large_panel(make):
    """Large enough for the linear algebra library to share its products out, were it let."""
    many = make(3, units=600, treated=120)
    names = ("y", "population", "treated")
    given = {name: getattr(many, name).tolist() for name in names}
    for name in ("cluster", "county", "codes", "years", "first_treated_year"):
        given[name] = getattr(many, name)
    said = {
        subprocess.run(
            [sys.executable, "-c", THREADS],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2", "4")
    }
    assert len(said) == 1
    assert len(said.pop().split()) == 7
