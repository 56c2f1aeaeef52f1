import pytest

from bsup_analysis.effects.intervals import Interval, amount_contrast, axis_bounds
from bsup_analysis.errors import InputError

# s-n.no/flest-startlan-i-meraker: region 498 and 673, Nord-Trøndelag 79 and 121 million NOK.
REGION = Interval.rounded(498e6, 1e6), Interval.rounded(673e6, 1e6)
NORD_TRONDELAG = Interval.rounded(79e6, 1e6), Interval.rounded(121e6, 1e6)
AXIS_END = 500_000  # last label of the chart on p. 6, NOK per loan


def test_region(amounts):
    """By hand from p. 14 and the press: growth 27.8 % and 63.5 % (62.2 to 64.8)."""
    contrast = amount_contrast(amounts.pre_total, amounts.post_total, *REGION)
    assert contrast.priority_growth == pytest.approx(1.2777, abs=5e-5)
    growth = contrast.other_growth
    assert growth.value == pytest.approx(1.635, abs=5e-4)
    assert (growth.low, growth.high) == pytest.approx((1.622, 1.648), abs=5e-4)
    assert contrast.other_pre.value == pytest.approx(102.7e6, abs=5e4)
    assert contrast.other_post.value == pytest.approx(168.0e6, abs=5e4)
    assert contrast.ratio.value == pytest.approx(1.2777 / 1.635, abs=5e-4)
    assert contrast.ratio.low == contrast.priority_growth / growth.high
    assert contrast.ratio.high == contrast.priority_growth / growth.low


def test_one_county(amounts):
    """By hand from p. 14 and the press: +52.9 % against about +54 % in Nord-Trøndelag."""
    five = amounts.only(["1702", "1703", "1714", "1719", "1721"])
    contrast = amount_contrast(five.pre_total, five.post_total, *NORD_TRONDELAG)
    assert contrast.priority_growth == pytest.approx(1.529, abs=5e-4)
    assert contrast.other_growth.value == pytest.approx(1.54, abs=5e-3)
    assert 1 in contrast.ratio


def test_exact_totals_leave_nothing_open():
    contrast = amount_contrast(60, 90, Interval.exact(100), Interval.exact(140))
    assert contrast.ratio == Interval.exact(1.5 / 1.25)


def test_axis_bounds_hold_what_the_press_says(amounts):
    """The press totals, where known, must lie within what the axis alone allows."""
    for total, region, priority, nok in (
        (REGION[0], 1047, 738, amounts.pre_total),
        (REGION[1], 1487, 1009, amounts.post_total),
    ):
        bounds = axis_bounds(AXIS_END, region, priority, nok)
        other = total - nok
        most = bounds.other_average[1] * (region - priority)
        assert bounds.other_average[0] <= other.low
        assert other.high <= most
        assert bounds.region_average[0] <= total.low / region
        assert total.high / region <= bounds.region_average[1]
        assert bounds.priority_share[0] <= nok / total.high
        assert nok + most == pytest.approx(AXIS_END * region, rel=1e-14)


def test_refuses(amounts):
    with pytest.raises(InputError, match="lies between -"):
        amount_contrast(497.8e6, 505e6, *REGION)
    with pytest.raises(InputError, match="above zero in both years"):
        amount_contrast(0, 505e6, *REGION)
    with pytest.raises(InputError, match="cannot both be right"):
        axis_bounds(300_000, 1047, 738, amounts.pre_total)
    with pytest.raises(InputError, match="loans in both groups"):
        axis_bounds(AXIS_END, 738, 738, amounts.pre_total)
