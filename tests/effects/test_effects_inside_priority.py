import math

import numpy as np
import pytest

from bsup_analysis.effects.inference import (
    leave_one_out,
)
from bsup_analysis.effects.paired import Paired, growth_dispersion
from bsup_analysis.errors import InputError


def test_statsmodels_fit_equals_the_closed_forms(loans):
    """statsmodels Poisson with 17 municipality effects; 1e-9."""
    import statsmodels.api as sm

    count = len(loans.codes)
    unit, later = np.tile(np.eye(count), (2, 1)), np.repeat([0.0, 1.0], count)
    observed = np.array([*loans.pre, *loans.post], dtype=float)
    model = sm.GLM(observed, np.column_stack([unit, later]), family=sm.families.Poisson())
    fit = model.fit(tol=1e-12)
    assert math.exp(fit.params[-1]) == pytest.approx(loans.growth, rel=1e-9)
    assert fit.bse[-1] == pytest.approx(math.sqrt(loans.poisson_variance), rel=1e-9)
    phi = fit.pearson_chi2 / fit.df_resid
    assert phi == pytest.approx(growth_dispersion(loans).phi, rel=1e-9)


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


def test_without_one_of_the_facts(loans, totals):
    """Facts, section C: without Steinkjer 697 -> 924 loans."""
    left = leave_one_out(loans, totals.other_pre, totals.other_post)
    (steinkjer,) = [one for one in left if one.code == "1702"]
    assert steinkjer.interval.ratio == pytest.approx((924 / 697) / totals.other_growth, rel=1e-13)


def test_refuses(loans, totals):
    two = loans.only(["1601", "1702"])
    with pytest.raises(InputError, match="three"):
        leave_one_out(two, totals.other_pre, totals.other_post)
    with pytest.raises(InputError, match="other group has 0"):
        leave_one_out(loans, 0, 10)
