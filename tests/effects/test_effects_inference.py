import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from bsup_analysis.effects.inference import (
    dispersed_se,
    ratio_interval,
)
from bsup_analysis.effects.paired import growth_dispersion
from bsup_analysis.errors import InputError


def test_published_intervals(totals, loans):
    """By hand from four totals: 0.744-1.049 (Poisson), 0.686-1.139 (phi of the 17, normal)."""
    poisson = ratio_interval(totals.log_ratio, dispersed_se(totals))
    assert (poisson.low, poisson.high) == pytest.approx((0.744, 1.049), abs=5e-4)
    phi = growth_dispersion(loans).phi
    scaled = ratio_interval(totals.log_ratio, dispersed_se(totals, phi_priority=phi))
    assert (scaled.low, scaled.high) == pytest.approx((0.686, 1.139), abs=5e-4)
    assert not poisson.excludes_one
    assert not scaled.excludes_one
    with_t = ratio_interval(totals.log_ratio, scaled.se, df=growth_dispersion(loans).df)
    assert with_t.low < scaled.low
    assert scaled.high < with_t.high


def test_t_interval_is_wider_and_tends_to_the_normal(totals):
    normal = ratio_interval(totals.log_ratio, 0.13)
    narrow = ratio_interval(totals.log_ratio, 0.13, df=16)
    assert narrow.low < normal.low < normal.high < narrow.high
    far = ratio_interval(totals.log_ratio, 0.13, df=10**7)
    assert (far.low, far.high) == pytest.approx((normal.low, normal.high), rel=1e-6)


def test_detectable_ratio_is_found_with_the_power_it_claims():
    """Power of the two-sided z test at the detectable ratio, by the normal distribution; 1e-5.

    The rejection on the far side, which the formula leaves out, is below 1e-6.
    """
    interval = ratio_interval(0.0, 0.129, power=0.8)
    for ratio in (interval.detectable_above, interval.detectable_below):
        shift = math.log(ratio) / interval.se
        power = norm.sf(norm.ppf(0.975) - shift) + norm.cdf(norm.ppf(0.025) - shift)
        assert power == pytest.approx(0.8, abs=1e-5)
    assert interval.detectable_above == pytest.approx(math.exp(2.801585 * 0.129), rel=1e-6)
    assert interval.detectable_above * interval.detectable_below == pytest.approx(1, rel=1e-14)


@given(st.floats(-2, 2), st.floats(0.01, 2), st.sampled_from([None, 1, 6, 16]))
def test_reciprocal_contrast_has_the_reciprocal_interval(log_ratio, se, df):
    one, other = ratio_interval(log_ratio, se, df=df), ratio_interval(-log_ratio, se, df=df)
    assert one.low * other.high == pytest.approx(1, rel=1e-9)
    assert one.detectable_above == other.detectable_above


def test_refuses(totals):
    for se in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="standard error above zero"):
            ratio_interval(0.1, se)
    with pytest.raises(InputError, match="Level"):
        ratio_interval(0.1, 0.2, level=95)
    with pytest.raises(InputError, match="degrees of freedom"):
        ratio_interval(0.1, 0.2, df=0)
    with pytest.raises(InputError, match="Dispersions"):
        dispersed_se(totals, phi_priority=-1)
