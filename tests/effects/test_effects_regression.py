"""Regressions by formula against statsmodels, published numbers and the closed forms."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from elsewhere import printed_here_and_elsewhere

from bsup_analysis import paths
from bsup_analysis.analysis.groups import contrast_units, priority_pairs, totals_contrast
from bsup_analysis.design import load_design
from bsup_analysis.effects import regression_model
from bsup_analysis.effects.inference import tidy
from bsup_analysis.effects.paired import growth_dispersion
from bsup_analysis.effects.regression import fit
from bsup_analysis.errors import InputError
from bsup_analysis.study import read_table

MAIN = "loans ~ treated | unit + year"


@pytest.fixture(scope="module")
def units() -> pd.DataFrame:
    design = load_design(paths.study_file())
    return contrast_units(read_table("municipality_year"), read_table("group_year"), design)


@pytest.fixture(scope="module")
def numbers() -> dict[str, float]:
    text = (paths.root() / "reports" / "numbers.json").read_text(encoding="utf-8")
    return {key: found["value"] for key, found in json.loads(text).items()}


def ten(value: float) -> float:
    """The ten significant digits that are published."""
    return float(f"{value:.10g}")


def written_out(formula: str, units: pd.DataFrame):
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    plain = units.astype({"loans": float, "amount_nok": float, "population": float})
    return smf.glm(formula, plain, family=sm.families.Poisson()).fit(scale="X2", tol=1e-12)


def test_the_36_rows(units):
    """17 municipalities and the rest add up to the region (document pp. 11, 14; press totals)."""
    assert len(units) == 36
    assert units["unit"].nunique() == 18
    treated = units[units["treated"] == 1]
    assert (len(treated), set(treated["group"]), set(treated["year"])) == (17, {"priority"}, {2010})
    assert units.groupby("year")["loans"].sum().tolist() == [1047, 1487]
    assert units.groupby("year")["amount_nok"].sum().tolist() == [498_000_000, 673_000_000]
    assert units.groupby("year")["population"].sum().tolist() == [666_164, 673_364]
    assert units["unit"].tolist()[-2:] == ["others", "others"]
    assert not units.isna().any(axis=None)


def test_the_main_published_interval_is_this_regression(units, numbers):
    """reports/numbers.json, ten digits; 0.12939 and 2.1814 on 16 by statsmodels alone and by R."""
    found = fit(MAIN, units)
    assert (found.vcov_type, found.df, found.nobs) == ("pearson", 16, 36)
    assert found.data is units
    assert ten(found.params["treated"]) == numbers["log_rate_ratio_loans_2009_2010"]
    assert found.se["treated"] == pytest.approx(0.12939, abs=5e-6)
    assert found.dispersion == pytest.approx(2.1814, abs=5e-5)
    assert found.cov.loc["treated", "treated"] == found.se["treated"] ** 2
    key = "rate_ratio_loans_2009_2010"
    for given, name in (
        (found, "phi17_t"),
        (found.vcov("model"), "poisson"),
        (found.vcov("priority_rows"), "clustered"),
    ):
        interval = given.interval()
        assert ten(interval.ratio) == numbers[key], name
        assert ten(interval.low) == numbers[f"{key}_ci_low_{name}"], name
        assert ten(interval.high) == numbers[f"{key}_ci_high_{name}"], name
        (row,) = given.tidy().to_dict("records")
        assert [row["low"], row["high"], row["exp"]] == pytest.approx(
            [interval.low, interval.high, interval.ratio], rel=1e-14
        )
    assert found.vcov("priority_rows").df == 16
    assert found.vcov("model").df is None
    assert found.vcov("model").vcov("pearson").interval() == found.interval()


@pytest.mark.parametrize(
    ("formula", "whole"),
    [
        (MAIN, "loans ~ C(unit) + C(year) + treated"),
        ("loans ~ treated | year + unit", "loans ~ C(unit) + C(year) + treated"),
        (
            "loans ~ treated + np.log(population) | unit + year",
            "loans ~ C(unit) + C(year) + treated + np.log(population)",
        ),
        ("loans ~ treated + C(year) + group", "loans ~ treated + C(year) + group"),
        ("amount_nok ~ treated | unit + year", "amount_nok ~ C(unit) + C(year) + treated"),
    ],
)
def test_statsmodels_with_the_formula_written_out(units, formula, whole):
    """statsmodels glm, fixed effects as C(...); 1e-8 on coefficients and covariances."""
    found, theirs = fit(formula, units, vcov="pearson"), written_out(whole, units)
    own = [name for name in theirs.params.index if "C(" not in name and name != "Intercept"]
    if "|" not in formula:
        own = [name for name in theirs.params.index if name != "Intercept"]
    assert set(found.params.index) == set(own)
    assert found.params[own].to_numpy() == pytest.approx(theirs.params[own].to_numpy(), abs=1e-8)
    ours, expected = found.cov.loc[own, own], theirs.cov_params().loc[own, own]
    assert ours.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-7)
    assert found.dispersion == pytest.approx(theirs.scale, rel=1e-9)
    assert found.df == theirs.df_resid
    assert found.result.bse[own].to_numpy() == pytest.approx(found.se[own].to_numpy(), rel=1e-12)
    assert list(found.tidy()["term"]) == list(found.params.index)


def test_result_of_statsmodels_shows_the_variance_chosen(units):
    found = fit(MAIN, units)
    assert found.result.bse["treated"] == found.se["treated"]
    assert found.vcov("model").result.bse["treated"] == pytest.approx(
        found.vcov("model").se["treated"], rel=1e-12
    )
    assert "treated" in str(found.result.summary())


def test_nok_agrees_with_the_closed_form(units):
    """effects.group_poisson and effects.dispersion, which fit nothing; 1e-9."""
    design = load_design(paths.study_file())
    contrast = totals_contrast(read_table("group_year"), "amount_nok", design)
    dispersion = growth_dispersion(
        priority_pairs(read_table("municipality_year"), "amount_nok", design)
    )
    found = fit("amount_nok ~ treated | unit + year", units)
    assert found.params["treated"] == pytest.approx(contrast.log_ratio, abs=1e-9)
    assert found.dispersion == pytest.approx(dispersion.phi, rel=1e-9)
    with pytest.raises(InputError, match="not known from its mean"):
        found.vcov("model")


def test_rate_by_exposure_is_an_offset(units):
    """statsmodels glm with offset log(population); 1e-8."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    plain = units.astype({"loans": float, "population": float})
    theirs = smf.glm(
        "loans ~ C(unit) + C(year) + treated",
        plain,
        family=sm.families.Poisson(),
        offset=np.log(plain["population"]),
    ).fit(scale="X2", tol=1e-12)
    found = fit(MAIN, units, exposure="population")
    assert found.params["treated"] == pytest.approx(theirs.params["treated"], abs=1e-8)
    assert found.se["treated"] == pytest.approx(theirs.bse["treated"], rel=1e-8)
    assert found.params["treated"] != pytest.approx(fit(MAIN, units).params["treated"], abs=1e-3)


def test_least_squares_on_logs_is_a_difference_of_mean_log_growths(units):
    """By hand: mean log growth of the 17 less the rest's; residual variance of 17 growths / 2."""
    wide = np.log(units.pivot(index="unit", columns="year", values="loans").astype(float))
    growth = wide[2010] - wide[2009]
    own = growth.drop("others")
    found = fit("np.log(loans) ~ treated | unit + year", units, family="gaussian")
    assert found.params["treated"] == pytest.approx(own.mean() - growth["others"], abs=1e-12)
    assert found.se["treated"] == pytest.approx(own.std() * math.sqrt(1 + 1 / 17), rel=1e-10)
    assert found.dispersion == pytest.approx(own.var() / 2, rel=1e-10)
    assert found.interval().ratio == pytest.approx(math.exp(own.mean() - growth["others"]))


def test_least_squares_in_levels_has_no_ratio(units):
    found = fit(MAIN, units, family="gaussian")
    (row,) = found.tidy().to_dict("records")
    assert math.isnan(row["exp"])
    result = found.result.conf_int().loc["treated"]
    assert [row["low"], row["high"]] == pytest.approx(result.tolist(), rel=1e-9)
    assert "exp" not in repr(found)
    with pytest.raises(InputError, match="no ratio"):
        found.interval()


def test_without_stjordal(units):
    """By statsmodels alone: 0.906 (0.688 to 1.192); the frame is the reader's own."""
    mine = units.query("unit != '1714'")
    found = fit(MAIN, mine)
    interval = found.interval()
    shown = [round(value, 3) for value in (interval.ratio, interval.low, interval.high)]
    assert shown == [0.906, 0.688, 1.192]
    assert (found.df, found.nobs) == (15, 34)
    assert found.data is mine


def test_order_and_types_of_rows_do_not_matter(units):
    plain = units.sample(frac=1, random_state=3).astype({"loans": float, "treated": bool})
    assert fit(MAIN, plain).interval().low == pytest.approx(
        fit(MAIN, units).interval().low, rel=1e-10
    )
    assert list(fit(MAIN, plain).params.index) == ["treated"]


def test_rows_may_share_an_index(units):
    """As after pd.concat; a quoted word in the formula is no column."""
    halves = [part.reset_index(drop=True) for _, part in units.groupby("year")]
    found = fit(MAIN, pd.concat(halves))
    for kind in ("pearson", "priority_rows"):
        expected = fit(MAIN, units, vcov=kind).interval()
        assert found.vcov(kind).interval().low == pytest.approx(expected.low, rel=1e-10)
    quoted = fit("loans ~ I((unit != 'the others') * treated) | unit + year", units)
    assert quoted.params.iloc[0] == pytest.approx(found.params["treated"], abs=1e-10)


def test_level_of_the_interval(units):
    found = fit(MAIN, units, level=0.9)
    assert found.interval() == fit(MAIN, units).interval(level=0.9)
    assert found.tidy()["low"].item() == pytest.approx(found.interval().low, rel=1e-14)
    assert found.interval().low > found.interval(level=0.95).low


def test_the_printed_table(units):
    """At least four digits and an ASCII minus; the same bytes whatever the hash seed."""
    expected = """\
   term  estimate     se  df    low  high    exp
treated   -0.1235 0.1294  16 0.6718 1.163 0.8838
loans ~ treated | unit + year
36 observations, dispersion 2.1814, variance pearson, t(16), level 0.95"""
    assert repr(fit(MAIN, units)) == expected
    program = (
        "from bsup_analysis import paths\n"
        "from bsup_analysis.design import load_design\n"
        "from bsup_analysis.effects.regression import fit\n"
        "from bsup_analysis.analysis.groups import contrast_units\n"
        "from bsup_analysis.study import read_table\n"
        "units = contrast_units(read_table('municipality_year'), read_table('group_year'),"
        " load_design(paths.study_file()))\n"
        "found = fit('loans ~ treated + np.log(population) | unit + year', units)\n"
        "print(found, found.cov.to_csv(float_format='%.17g'))\n"
    )
    here, elsewhere = printed_here_and_elsewhere(program)
    assert here == elsewhere
    assert "np.log(population)" in here


def test_one_other_unit_has_no_sandwich(units):
    """The others are fitted without remainder, so .0602 would be the 17's half alone."""
    found = fit(MAIN, units)
    for kind in ("clustered", "CRV3"):
        with pytest.raises(InputError, match="17 units have treated and 1 never do"):
            found.vcov(kind)
    theirs = found.result.model.fit(
        cov_type="cluster",
        cov_kwds={"groups": pd.factorize(units["unit"])[0], "use_correction": False},
    )
    assert theirs.bse["treated"] == pytest.approx(0.0602, abs=5e-5)


@pytest.mark.parametrize(
    ("formula", "options", "sentence"),
    [
        ("loans treated | unit + year", {}, "needs an outcome, one ~ and a term"),
        ("loans ~ | unit + year", {}, "needs an outcome, one ~ and a term"),
        ("loans ~ a ~ treated", {}, "needs an outcome, one ~ and a term"),
        ("loans ~ 1 | unit + year", {}, "no term besides its fixed effects"),
        ("loan ~ treated | unit + year", {}, "no column 'loan'; there are: unit, name"),
        ("loans ~ treated + wealth | unit", {}, "no column 'wealth'"),
        ("loans ~ treated | kommune + year", {}, "no column 'kommune'"),
        ("loans ~ treated | unit + ", {}, "no column ''"),
        (MAIN, {"exposure": "people"}, "no column 'people'"),
        (
            "loans ~ I(group == 'priority') | unit + year",
            {},
            "a combination of unit and year and the other",
        ),
        (
            "loans ~ treated + I(2 * treated) | unit",
            {},
            "a combination of unit and the other terms",
        ),
        ("loans ~ treated | unit + name + year", {}, "combinations of one another"),
        ("loans ~ np.log(treated) | unit", {}, "no finite value in 19 rows, first in unit 1502"),
        ("np.log(treated) ~ loans | unit", {"family": "gaussian"}, "np.log.treated. has no finite"),
        ("name ~ treated | unit", {}, "one column of numbers|does not fit the data"),
        ("loans ~ treated + np.nothing(loans)", {}, "does not fit the data"),
        ("loans ~ treated + (", {}, "does not fit the data"),
        ("I(-loans) ~ treated | year", {}, "zero or more; .* is negative in unit 1502, year 2009"),
        ("I(0 * loans) ~ treated | year", {}, "zero in every row"),
        ("I(loans * treated) ~ treated", {}, "no finite estimate"),
        (MAIN, {"family": "binomial"}, "poisson or gaussian"),
        (MAIN, {"family": "gaussian", "exposure": "population"}, "belongs to a Poisson model"),
        (MAIN, {"family": "gaussian", "vcov": "model"}, "not known from its mean"),
        (MAIN, {"vcov": "robust"}, "one of model, pearson, clustered, CRV3, priority_rows"),
        (MAIN, {"level": 95}, "between 0 and 1"),
        (MAIN, {"exposure": "population", "vcov": "priority_rows"}, "no exposure"),
        (MAIN, {"exposure": "name"}, "name must be above zero"),
        (MAIN, {"exposure": "treated"}, "treated must be above zero.*unit 1502, year 2009"),
    ],
)
def test_refuses(units, formula, options, sentence):
    with pytest.raises(InputError, match=sentence) as refused:
        fit(formula, units, **options)
    assert "\n" not in str(refused.value)


def test_refuses_rows(units):
    holed = units.copy()
    holed.loc[4, "loans"] = pd.NA
    with pytest.raises(InputError, match=r"loans is unknown in 1 of 36 rows, first in unit 1505"):
        fit(MAIN, holed)
    assert fit("amount_nok ~ treated | unit + year", holed).nobs == 36
    with pytest.raises(InputError, match="no rows"):
        fit(MAIN, units.iloc[:0])
    with pytest.raises(InputError, match="no degree of freedom"):
        fit(MAIN, units[units["unit"].isin(["1502", "others"])])
    with pytest.raises(InputError, match="treated is a combination of unit and year"):
        fit(MAIN, units[units["group"] == "priority"])
    with pytest.raises(InputError, match="column `cluster` or `unit`"):
        fit("loans ~ treated | year", units.drop(columns="unit"), vcov="clustered")
    several = fit("loans ~ treated + np.log(population) | unit + year", units)
    assert several.interval("treated").df == 15
    for term in (None, "population"):
        with pytest.raises(InputError, match=r"Name one term of treated, np\.log"):
            several.interval(term)


def test_a_fit_that_has_not_settled_is_refused(units, monkeypatch):
    def hasty(model, family, **options):
        return model.fit(maxiter=2, **options)

    monkeypatch.setattr(regression_model, "statsmodels_fit", hasty)
    with pytest.raises(InputError, match="no finite estimate"):
        fit(MAIN, units)


def test_a_unit_of_zeros_says_nothing_about_the_effect(units):
    """Its effect is minus infinity: left out by name, and the other numbers stay; 1e-10."""
    zero = units.tail(2).assign(unit="9999", treated=0, loans=0)
    found = fit(MAIN, pd.concat([units, zero], ignore_index=True), vcov="pearson")
    assert found.model.dropped == ("unit 9999",)
    assert found.nobs == 36
    assert found.interval().low == pytest.approx(fit(MAIN, units).interval().low, rel=1e-10)
    assert "zeros only: unit 9999" in repr(found)


def test_tidy_of_a_reference():
    """A standard error of NaN has no interval; a huge coefficient has an infinite ratio."""
    table = tidy([2008, 2010], [0.0, 800.0], [np.nan, 1.0], df=None, level=0.95, label="year")
    assert list(table) == ["year", "estimate", "se", "df", "low", "high", "exp"]
    assert table["df"].isna().all()
    assert math.isnan(table["low"][0])
    assert table["exp"].tolist() == [1, math.inf]
