import math

import pytest

from bsup_analysis.effects.inference import (
    group_without,
    leave_one_out,
    municipality_effects,
)
from bsup_analysis.effects.paired import Paired, growth_dispersion
from bsup_analysis.errors import InputError


def test_statsmodels_fit_equals_the_closed_forms(loans):
    """statsmodels Poisson with 17 municipality effects; 1e-9."""
    fit = municipality_effects(loans)
    assert fit.growth == pytest.approx(loans.growth, rel=1e-9)
    assert fit.se == pytest.approx(math.sqrt(loans.poisson_variance), rel=1e-9)
    assert fit.dispersion.phi == pytest.approx(growth_dispersion(loans).phi, rel=1e-9)
    assert len(fit.residuals) == 17


def test_deviance_is_that_of_scipys_likelihood_ratio_table(loans):
    """scipy: G statistic of the 17 x 2 table; 1e-9."""
    from scipy.stats import chi2_contingency

    table = chi2_contingency([loans.pre, loans.post], correction=False, lambda_="log-likelihood")
    assert municipality_effects(loans).deviance == pytest.approx(table.statistic, rel=1e-9)


def test_leaving_out_one_that_grew_as_the_group_leaves_the_ratio(loans, totals):
    """Identity: unchanged share, unchanged ratio."""
    grown = Paired((*loans.codes, "0000"), (*loans.pre, 738), (*loans.post, 1009))
    ratios = {
        left.code: left.interval.ratio
        for left in leave_one_out(grown, totals.other_pre, totals.other_post)
    }
    assert ratios["0000"] == pytest.approx(totals.ratio, rel=1e-14)
    assert sum(abs(ratio / totals.ratio - 1) < 1e-6 for ratio in ratios.values()) == 1


def test_leaving_out_moves_the_ratio_against_the_municipality(loans, totals):
    left = leave_one_out(loans, totals.other_pre, totals.other_post)
    assert [one.code for one in left] == list(loans.codes)
    for one, pre, post in zip(left, loans.pre, loans.post, strict=True):
        assert (one.interval.ratio < totals.ratio) == (post / pre > loans.growth)
        expected = (1009 - post) / (738 - pre) / totals.other_growth
        assert one.interval.ratio == pytest.approx(expected, rel=1e-13)
        assert one.phi == growth_dispersion(loans.without([one.code])).phi
        assert one.interval.df == 15


def test_without_several(loans, totals):
    """Facts, section C: without Steinkjer 697 -> 924 loans."""
    steinkjer = group_without(loans, ["1702"], totals.other_pre, totals.other_post)
    assert steinkjer.interval.ratio == pytest.approx((924 / 697) / totals.other_growth, rel=1e-13)
    both = group_without(loans, ["1601", "1702"], totals.other_pre, totals.other_post)
    assert both.code == "1601+1702"
    assert both.interval.ratio == pytest.approx((629 / 472) / totals.other_growth, rel=1e-13)


def test_refuses(loans, totals):
    two = loans.only(["1601", "1702"])
    with pytest.raises(InputError, match="three"):
        leave_one_out(two, totals.other_pre, totals.other_post)
    with pytest.raises(InputError, match="no row"):
        group_without(loans, ["9999"], totals.other_pre, totals.other_post)
    with pytest.raises(InputError, match="other group has 0"):
        group_without(loans, ["1601"], 0, 10)
