import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import t
from statsmodels.stats.contingency_tables import StratifiedTable

from bsup_analysis.analysis.groups import agreement_readings
from bsup_analysis.effects.agreement import agreement_contrast, county_comparison
from bsup_analysis.effects.paired import Paired
from bsup_analysis.errors import InputError
from bsup_analysis.study import Study


def design(rows, treated):
    """Municipality effects, later year, agreement x later year."""
    count = len(rows.codes)
    units = np.tile(np.eye(count), (2, 1))
    later = np.repeat([0.0, 1.0], count)
    named = np.tile([float(code in treated) for code in rows.codes], 2)
    return np.array([*rows.pre, *rows.post], float), np.column_stack([units, later, later * named])


def glm(rows, treated, **keywords):
    import statsmodels.api as sm

    observed, matrix = design(rows, treated)
    return sm.GLM(observed, matrix, family=sm.families.Poisson()).fit(tol=1e-13, **keywords)


def test_published_rows(loans, signed):
    """Facts, section C: 46.0 % against 14.7 %."""
    contrast = agreement_contrast(loans, signed)
    assert contrast.treated.growth == pytest.approx(1.460, abs=5e-4)
    assert contrast.untreated.growth == pytest.approx(1.147, abs=5e-4)
    assert (
        contrast.ratio
        == contrast.clustered.ratio
        == pytest.approx((759 / 520) / (250 / 218), rel=1e-12)
    )


def test_cluster_robust_is_statsmodels(loans, signed):
    """statsmodels GLM, cov_type cluster uncorrected, times G / (G - 1); 1e-9."""
    groups = np.tile(np.arange(17), 2)
    keywords = {"groups": groups, "use_correction": False}
    fit = glm(loans, signed, cov_type="cluster", cov_kwds=keywords)
    contrast = agreement_contrast(loans, signed)
    assert math.log(contrast.ratio) == pytest.approx(fit.params[-1], abs=1e-9)
    assert contrast.clustered.se == pytest.approx(fit.bse[-1] * math.sqrt(17 / 16), abs=1e-9)


def test_jackknife_is_that_of_refitted_models(loans, signed):
    """17 refits by statsmodels, each without one municipality; 1e-9."""
    contrast = agreement_contrast(loans, signed)
    full = glm(loans, signed).params[-1]
    refits = [glm(loans.without([code]), signed).params[-1] for code in loans.codes]
    variance = 16 / 17 * sum((one - full) ** 2 for one in refits)
    assert contrast.jackknife.se == pytest.approx(math.sqrt(variance), abs=1e-9)
    assert contrast.jackknife.df == 6
    reach = t.ppf(0.975, 6) * contrast.jackknife.se
    assert contrast.jackknife.high == pytest.approx(math.exp(full + reach), rel=1e-9)


JOINT = {"1719": "joint", "1721": "joint"}


def as_units(rows):
    """Levanger and Verdal as one, the rest each its own."""
    return rows.by_unit({code: code for code in rows.codes} | JOINT)


def test_a_unit_of_two_municipalities_is_a_cluster_of_the_municipal_rows(loans, signed):
    """Adding the two up is statsmodels with the 17 rows in 16 clusters, and its 16 refits; 1e-9."""
    units = as_units(loans)
    both = units.only(["joint"])
    assert (both.pre, both.post) == ((16 + 39,), (46 + 70,))
    contrast = agreement_contrast(units, (*signed[:5], "joint"))
    members = [
        [code for code in loans.codes if JOINT.get(code, code) == unit] for unit in units.codes
    ]
    groups = [n for code in loans.codes for n, codes in enumerate(members) if code in codes]
    keywords = {"groups": np.tile(groups, 2), "use_correction": False}
    fit = glm(loans, signed, cov_type="cluster", cov_kwds=keywords)
    assert contrast.clustered.se == pytest.approx(fit.bse[-1] * math.sqrt(16 / 15), abs=1e-9)
    full = glm(loans, signed).params[-1]
    refits = [glm(loans.without(codes), signed).params[-1] for codes in members]
    variance = 15 / 16 * sum((one - full) ** 2 for one in refits)
    assert contrast.jackknife.se == pytest.approx(math.sqrt(variance), abs=1e-9)
    assert contrast.jackknife.df == 5


READINGS = {
    "signed_2010": ("1502", "1504", "1505", "1601", "1702", "1719", "1721"),
    "eight_2013": ("1502", "1504", "1505", "1601", "1702", "1714", "1719", "1721"),
    "intended_2011": ("1502", "1504", "1505", "1601", "1702", "1703", "1714", "1719", "1721"),
}


@pytest.mark.parametrize("measure", ["loans", "amounts"])
@pytest.mark.parametrize("reading", READINGS)
def test_every_analysis_of_agreements_takes_the_units_that_could_sign(
    loans, amounts, reading, measure
):
    """Levanger and Verdal signed once (document p. 14).

    Exact tests by going through every choice of units, in fractions; the jackknife inside counties
    by leaving each unit out of statsmodels' pooled table.
    """
    study = Study("en")
    rows = {"loans": loans, "amounts": amounts}[measure]
    found = study.agreement_readings if measure == "loans" else study.agreement_readings_amount
    found = next(one for one in found if one.reading == reading)
    units = [("1719", "1721"), *((code,) for code in loans.codes if code not in JOINT)]
    value = dict(zip(rows.codes, zip(rows.pre, rows.post, strict=True), strict=True))
    sums = [tuple(sum(value[code][year] for code in unit) for year in (0, 1)) for unit in units]
    totals = [sum(both[year] for both in sums) for year in (0, 1)]
    treated = frozenset(n for n, unit in enumerate(units) if unit[0] in READINGS[reading])
    county = [unit[0][:2] for unit in units]

    def distance(chosen):
        pre, post = (sum(sums[n][year] for n in chosen) for year in (0, 1))
        ratio = Fraction(post * (totals[0] - pre), pre * (totals[1] - post))
        return max(ratio, 1 / ratio)

    def numbers(chosen):
        return sorted(county[n] for n in chosen)

    far = distance(treated)
    choices = list(itertools.combinations(range(16), len(treated)))
    inside = [chosen for chosen in choices if numbers(chosen) == numbers(treated)]
    for test, all_of_them in (
        (found.randomisation.test, choices),
        (found.within_counties.test, inside),
    ):
        extreme = sum(distance(chosen) >= far for chosen in all_of_them)
        assert (test.extreme, test.assignments) == (extreme, len(all_of_them))
    if (reading, measure) == ("signed_2010", "loans"):
        assert found.randomisation.test.p_value == pytest.approx(0.141, abs=5e-4)

    def pooled(kept):
        tables = []
        for label in ("15", "16", "17"):
            cells = np.zeros((2, 2))
            for n in kept:
                if county[n] == label:
                    cells[int(n not in treated)] += sums[n][1], sums[n][0]
            if (cells.sum(axis=1) > 0).all():
                tables.append(cells)
        return math.log(StratifiedTable(tables).oddsratio_pooled)

    both = [
        n
        for n in range(16)
        if len({m in treated for m in range(16) if county[m] == county[n]}) == 2
    ]
    centre = pooled(both)
    spread = sum((pooled([m for m in both if m != n]) - centre) ** 2 for n in both)
    within = found.counties.within
    assert within.log_ratio == pytest.approx(centre, abs=1e-12)
    assert within.se == pytest.approx(math.sqrt(spread * (len(both) - 1) / len(both)), rel=1e-9)
    kinds = sum(n in treated for n in both), sum(n not in treated for n in both)
    assert within.df == min(kinds) - 1


def test_a_unit_that_signed_in_part_is_refused(loans):
    study = Study("en")
    table = study.municipality.copy()
    table.loc[table["municipality_code"] == "1721", "agreement_signed_2010"] = False
    with pytest.raises(InputError, match="innherred_samkommune differ in county or in agreement"):
        agreement_readings(table, loans, study.design)


def test_quasi_poisson_is_statsmodels(loans, signed):
    """statsmodels GLM, scale by Pearson chi-square; 1e-9."""
    fit = glm(loans, signed, scale="X2")
    contrast = agreement_contrast(loans, signed)
    assert contrast.scaled.se == pytest.approx(fit.bse[-1], rel=1e-9)
    assert contrast.scaled.df == fit.df_resid == 15


def test_swapping_the_sides_inverts_the_ratio(loans, signed):
    one = agreement_contrast(loans, signed)
    other = agreement_contrast(loans, one.untreated.codes)
    assert one.ratio * other.ratio == pytest.approx(1, rel=1e-14)
    assert one.jackknife.se == pytest.approx(other.jackknife.se, rel=1e-12)


def test_county_rows_hold_every_municipality_once(loans, signed):
    county = {code: code[:2] for code in loans.codes}
    comparison = county_comparison(loans, signed, county)
    named = [code for row in comparison.rows for code in (*row.treated, *row.untreated)]
    assert sorted(named) == sorted(loans.codes)
    for row in comparison.rows:
        treated, untreated = loans.only(row.treated).growth, loans.only(row.untreated).growth
        assert row.ratio == pytest.approx(treated / untreated, rel=1e-14)
        growths = sorted([treated, untreated])
        assert growths[0] <= row.growth <= growths[1]


def test_within_county_ratio_is_mantel_haenszel_of_statsmodels(loans, signed):
    """statsmodels StratifiedTable, pooled odds ratio; 1e-12."""
    county = {code: code[:2] for code in loans.codes}

    def pooled(rows):
        tables = []
        for label in ("15", "16", "17"):
            part = [code for code in rows.codes if county[code] == label]
            cells = np.zeros((2, 2))
            for code in part:
                n = rows.codes.index(code)
                cells[int(code not in signed)] += rows.post[n], rows.pre[n]
            if (cells.sum(axis=1) > 0).all():
                tables.append(cells)
        return math.log(StratifiedTable(tables).oddsratio_pooled)

    within = county_comparison(loans, signed, county).within
    assert within.log_ratio == pytest.approx(pooled(loans), abs=1e-12)
    spread = sum((pooled(loans.without([code])) - within.log_ratio) ** 2 for code in loans.codes)
    assert within.se == pytest.approx(math.sqrt(spread * 16 / 17), rel=1e-9)


def test_one_county_is_the_plain_contrast(loans, signed):
    comparison = county_comparison(loans, signed, dict.fromkeys(loans.codes, "all"))
    plain = agreement_contrast(loans, signed)
    assert comparison.within.ratio == pytest.approx(plain.ratio, rel=1e-13)
    assert comparison.within.se == pytest.approx(plain.jackknife.se, rel=1e-9)
    assert comparison.within.df == plain.jackknife.df


def test_county_that_decides_agreement_leaves_no_comparison(loans):
    """All of one county and none of the others: county and agreement cannot be told apart."""
    county = {code: code[:2] for code in loans.codes}
    treated = [code for code in loans.codes if county[code] == "17"]
    comparison = county_comparison(loans, treated, county)
    assert comparison.within is None
    assert [row.ratio for row in comparison.rows] == [None, None, None]


def test_county_effect_is_not_taken_for_agreement():
    """Growth doubles in county B alone; agreement sits there mostly and does nothing."""
    rows = Paired(tuple("abcdef"), (500, 600, 700, 500, 600, 700), (501, 600, 699, 999, 1202, 1400))
    county = dict(zip("abcdef", "AAABBB", strict=True))
    treated = ("a", "d", "e")
    assert agreement_contrast(rows, treated).ratio > 1.2
    assert county_comparison(rows, treated, county).within.ratio == pytest.approx(1, abs=0.005)


def test_planted_effect_is_found():
    rng = np.random.default_rng(2)
    base = rng.integers(300, 900, 20)
    pre = rng.poisson(base)
    post = rng.poisson(base * np.where(np.arange(20) < 8, 1.5, 1.0))
    codes = tuple(f"{n:02}" for n in range(20))
    contrast = agreement_contrast(Paired(codes, tuple(pre), tuple(post)), codes[:8])
    assert contrast.jackknife.low < 1.5 < contrast.jackknife.high
    assert contrast.jackknife.low > 1.3


@pytest.mark.parametrize("number", [0, 1, 16, 17])
def test_refuses_one_or_none_on_a_side(loans, number):
    with pytest.raises(InputError, match="two or more are needed on either side"):
        agreement_contrast(loans, loans.codes[:number])


def test_refuses(loans, signed):
    with pytest.raises(InputError, match="1601 has no county"):
        county_comparison(loans, signed, {code: "x" for code in loans.codes if code != "1601"})
    with pytest.raises(InputError, match="9999 is named"):
        agreement_contrast(loans, ("9999", "1601"))
    lone = Paired(tuple("abcd"), (0, 3, 5, 6), (4, 3, 5, 7))
    with pytest.raises(InputError, match="none in one of the years"):
        agreement_contrast(lone, ("a", "b"))
