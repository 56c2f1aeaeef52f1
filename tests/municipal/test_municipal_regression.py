"""The regression by formula on a municipal panel: the municipal estimator's numbers and others'."""

import math
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bsup_analysis.effects.agreement import agreement_contrast
from bsup_analysis.effects.municipal import ppml
from bsup_analysis.effects.municipal.cluster_inference import crv1, crv3
from bsup_analysis.effects.paired import Paired
from bsup_analysis.effects.regression import fit
from bsup_analysis.errors import InputError

MAIN = "loans ~ treated | unit + year"


def by_dummies(rows: pd.DataFrame, family: str, extra: tuple[str, ...] = ()) -> np.ndarray:
    """Statsmodels' coefficients with all dummies of unit and year, of `rows` alone."""
    import statsmodels.api as sm

    years = pd.get_dummies(rows["year"].astype(str), dtype=float).iloc[:, 1:]
    dummies = pd.get_dummies(rows["unit"], dtype=float)
    design = pd.concat([rows[["treated", *extra]].astype(float), dummies, years], axis=1)
    if family == "gaussian":
        return sm.OLS(np.log(rows["loans"]), design).fit().params.to_numpy()[: 1 + len(extra)]
    model = sm.GLM(rows["loans"], design, family=sm.families.Poisson())
    found = model.fit(tol=1e-13, tol_criterion="params", maxiter=200)
    return found.params.to_numpy()[: 1 + len(extra)]


def test_the_municipal_estimator_gives_the_same(panel):
    """Two estimators, statsmodels' and `ppml`'s, and two forms of CRV1; 1e-8."""
    found, own = fit(MAIN, panel.to_frame(), exposure="population"), ppml.fit(panel)
    assert (found.vcov_type, found.df) == ("CRV3", 8)
    assert found.params["treated"] == pytest.approx(own.log_ratio, abs=1e-8)
    assert found.se["treated"] == pytest.approx(crv3(own).se[0], rel=1e-8)
    interval, expected = found.interval(), crv3(own).interval()
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-8)
    sandwich = found.vcov("clustered")
    assert sandwich.se["treated"] == pytest.approx(crv1(own).se[0], rel=1e-8)
    assert sandwich.df == crv1(own).df
    model_se = math.sqrt(own.poisson.covariance[0, -1, -1])
    assert found.vcov("model").se["treated"] == pytest.approx(model_se, rel=1e-8)


def test_the_default_clusters_by_unit_where_there_is_no_cluster(panel):
    apart = fit(MAIN, panel.to_frame().drop(columns="cluster"), exposure="population")
    own = crv3(ppml.fit(replace(panel, cluster=panel.codes)))
    assert apart.se["treated"] == pytest.approx(own.se[0], rel=1e-8)
    assert apart.df == 9


def test_pyfixest(panel):
    """pyfixest 0.60 fepois, no k adjustment, CRV3 times (G - 1) / G (see test_municipal_crv)."""
    pyfixest = pytest.importorskip("pyfixest")
    rows = panel.to_frame()
    rows["number"] = rows["cluster"].astype("category").cat.codes.to_numpy()
    rows["size"] = np.log(rows["population"])
    found = fit("loans ~ treated + size | unit + year", rows)
    for kind, factor in (("clustered", 1.0), ("CRV3", 38 / 39)):
        theirs = pyfixest.fepois(
            "loans ~ treated + size + i(year) | unit",
            rows,
            vcov={"CRV1" if kind == "clustered" else kind: "number"},
            ssc=pyfixest.ssc(k_adj=False),
        )
        names = ["treated", "size"]
        assert found.params[names].to_numpy() == pytest.approx(theirs.coef()[names], abs=1e-8)
        expected = theirs.se()[names] * factor
        assert found.vcov(kind).se[names].to_numpy() == pytest.approx(expected, rel=1e-6), kind


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("loans ~ treated + size | unit + year", "poisson"),
        ("loans ~ treated + size + C(year) | unit", "poisson"),  # no way round the general refits
        ("np.log(loans) ~ treated + size | unit + year", "gaussian"),
    ],
)
def test_jackknife_refitted_by_hand(make, formula, family):
    """Every fit without a cluster by statsmodels with all dummies: covariance matrix, 1e-7."""
    panel = make(5, units=14, treated=5, loans_per_1000=8).without_years([2006, 2009, 2012])
    rows = panel.to_frame().assign(size=lambda table: np.log(table["population"]))
    rows["loans"] += 1
    found = fit(formula, rows, family=family)
    names = ["treated", "size"]
    assert found.vcov_type == "CRV3"
    whole = by_dummies(rows, family, ("size",))
    assert found.params[names].to_numpy() == pytest.approx(whole, abs=1e-8)
    apart = np.array(
        [
            by_dummies(rows[rows["cluster"] != name], family, ("size",)) - whole
            for name in panel.clusters
        ]
    )
    expected = apart.T @ apart * 12 / 13
    assert found.cov.loc[names, names].to_numpy() == pytest.approx(expected, rel=1e-6)
    assert found.df == 3


def test_the_general_refits_give_what_the_municipal_estimator_gives(panel):
    """Year effects among the terms take the other way, exposure and clusters of two; 1e-8."""
    rows = panel.to_frame()
    general = fit("loans ~ treated + C(year) | unit", rows, exposure="population")
    special = fit(MAIN, rows, exposure="population")
    assert general.se["treated"] == pytest.approx(special.se["treated"], rel=1e-8)
    assert general.df == special.df


def test_sandwich_of_least_squares(make):
    """statsmodels OLS cluster without correction, times G / (G - 1); 1e-8."""
    rows = make(5, units=14, treated=5, loans_per_1000=8).to_frame()
    rows["loans"] += 1
    found = fit("np.log(loans) ~ treated | unit + year", rows, family="gaussian", vcov="clustered")
    groups = {"groups": pd.factorize(rows["cluster"])[0], "use_correction": False}
    theirs = found.result.model.fit(cov_type="cluster", cov_kwds=groups)
    assert found.se["treated"] == pytest.approx(
        theirs.bse["treated"] * math.sqrt(13 / 12), rel=1e-8
    )


def test_agreements_among_the_17(published):
    """The 17 rows of p. 14 in the closed form of `effects.agreement`; 1e-9."""
    rows = Paired(published.codes, tuple(published.y[:, 0]), tuple(published.y[:, 1]))
    signed = [code for code, on in zip(published.codes, published.treated, strict=True) if on]
    closed = agreement_contrast(rows, signed)
    found = fit(MAIN, published.to_frame())
    assert (found.vcov_type, found.df) == ("CRV3", 6)
    interval = found.interval()
    assert (interval.low, interval.high) == pytest.approx(
        (closed.jackknife.low, closed.jackknife.high), rel=1e-9
    )
    assert found.vcov("clustered").se["treated"] == pytest.approx(closed.clustered.se, rel=1e-9)


def test_unknown_rows_and_units_of_zeros(make):
    """Left out by hand here and by the municipal estimator there: the same numbers; 1e-8."""
    panel = make(3, units=60, treated=15, loans_per_1000=0.1, effect=0.3)
    y = panel.y.copy()
    y[[2, 5, 30], [0, 3, 6]] = np.nan
    holed = replace(panel, y=y)
    rows = holed.to_frame()
    with pytest.raises(InputError, match="loans is unknown in 3 of 480 rows, first in unit u02"):
        fit(MAIN, rows)
    found = fit(MAIN, rows.dropna(subset=["loans"]), exposure="population")
    own = ppml.fit(holed)
    zeros = [item.name for item in own.dropped if item.kind == "municipality_only_zeros"]
    assert zeros
    assert found.model.dropped == tuple(f"unit {name}" for name in zeros)
    assert found.nobs == own.used.sum()
    assert found.params["treated"] == pytest.approx(own.log_ratio, abs=1e-8)
    assert found.se["treated"] == pytest.approx(crv3(own).se[0], rel=1e-8)


def test_planted_effect_is_recovered(make):
    """Without noise exactly; with it the mean of 30 within 3 standard errors, and 26 covered.

    30 intervals at 95 % hold the truth at least 26 times with probability 0.98.
    """
    planted = math.log(1.3)
    rows = make(2, loans_per_1000=3).to_frame()
    mean = fit(MAIN, rows, exposure="population").result.mu
    exact = rows.assign(mean=mean * np.exp(planted * rows["treated"]))
    before = fit(MAIN, rows, exposure="population").params["treated"]
    after = fit("mean ~ treated | unit + year", exact, exposure="population").params["treated"]
    assert after == pytest.approx(before + planted, abs=1e-9)
    found = [
        fit(MAIN, make(seed, effect=planted).to_frame(), exposure="population")
        for seed in range(30)
    ]
    estimates = np.array([one.params["treated"] for one in found])
    assert abs(estimates.mean() - planted) < 3 * estimates.std(ddof=1) / math.sqrt(30)
    covered = [one.interval().low < 1.3 < one.interval().high for one in found]
    assert sum(covered) >= 26


def test_groups_of_one_cluster_are_refused(panel):
    """u00 and u01 share a cluster: alone they are one, and so is a single other unit."""
    for kept in ([0, 1, *range(10, 40)], [*range(11)]):
        few = panel.keep([number in kept for number in range(40)]).to_frame()
        assert fit(MAIN, few).vcov_type == "pearson"
        for kind in ("clustered", "CRV3"):
            with pytest.raises(InputError, match="clusters have treated and"):
                fit(MAIN, few, vcov=kind)


def test_jackknife_names_the_cluster_that_carries_a_term(panel):
    rows = panel.to_frame()
    rows["alone"] = np.where(rows["unit"] == "u20", rows["population"] % 7, 0.0)
    for formula in ("loans ~ treated + alone | unit", "loans ~ treated + alone | unit + year"):
        with pytest.raises(InputError, match=r"ithout (cluster )?u20"):
            fit(formula, rows, vcov="CRV3")


def test_other_refusals(panel):
    rows = panel.to_frame()
    with pytest.raises(InputError, match="u00 stands twice in 2005"):
        fit(MAIN, pd.concat([rows, rows.head(1)]))
    with pytest.raises(InputError, match="two years and no exposure"):
        fit(MAIN, rows, vcov="priority_rows")
    with pytest.raises(InputError, match="cluster is unknown"):
        fit(MAIN, rows.assign(cluster=rows["cluster"].where(rows["unit"] != "u20")), vcov="CRV3")


def test_eighty_five_municipalities_take_seconds_not_minutes(make):
    """0.3 s where nothing else runs; by statsmodels the 84 refits would take minutes."""
    rows = make(3, units=85, treated=17).to_frame()
    start = time.process_time()
    assert fit(MAIN, rows, exposure="population").vcov_type == "CRV3"
    assert time.process_time() - start < 20
