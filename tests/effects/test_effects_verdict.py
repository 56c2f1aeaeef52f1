import pytest

from bsup_analysis.effects.inference import (
    dispersed_se,
    ratio_interval,
    specification_row,
)
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.effects.verdict import PUBLISHED_REASONS, municipal_verdict, published_verdict
from bsup_analysis.errors import InputError

ABOVE, BELOW = ratio_interval(0.5, 0.1), ratio_interval(-0.5, 0.1)
WIDE = ratio_interval(0.5, 0.4)


def test_published_totals_show_nothing(totals):
    intervals = {
        name: ratio_interval(totals.log_ratio, dispersed_se(totals, phi_priority=phi))
        for name, phi in (("poisson", 1), ("phi17", 2.18))
    }
    verdict = published_verdict(intervals)
    assert verdict.key == "not_shown"
    assert verdict.interval == intervals["phi17"]
    assert verdict.interval_name == "phi17"
    assert verdict.reasons == PUBLISHED_REASONS
    assert verdict.interval.detectable_below < totals.ratio


@pytest.mark.parametrize(
    ("intervals", "key"),
    [
        ({"a": ABOVE, "b": ratio_interval(0.5, 0.2)}, "improved"),
        ({"a": BELOW, "b": ratio_interval(-0.5, 0.2)}, "worse"),
        ({"a": ABOVE, "b": WIDE}, "not_shown"),
    ],
)
def test_every_dispersion_must_agree(intervals, key):
    verdict = published_verdict(intervals)
    assert verdict.key == key
    assert verdict.interval_name == "b"
    assert verdict.reasons == PUBLISHED_REASONS


@pytest.mark.parametrize(
    ("primary", "second", "limits", "key", "met"),
    [
        (ABOVE, ABOVE, (0.1, 0.5), "improved", 3),
        (BELOW, BELOW, (-0.5, -0.1), "worse", 3),
        (ABOVE, ABOVE, (0.0, 0.5), "not_shown", 2),  # an interval that touches one holds it
        (ABOVE, WIDE, (0.1, 0.5), "not_shown", 2),
        (WIDE, ABOVE, (0.1, 0.5), "not_shown", 2),
        (ABOVE, ABOVE, (-0.5, -0.1), "not_shown", 3),
        (BELOW, BELOW, (0.1, 0.5), "not_shown", 3),
        (ABOVE, None, (0.1, 0.5), "not_shown", 2),
        (ABOVE, ABOVE, None, "not_shown", 2),
    ],
)
def test_municipal_rule(primary, second, limits, key, met):
    """PLAN: three intervals on one side of one, or nothing is shown."""
    verdict = municipal_verdict(primary, second, limits)
    assert verdict.key == key
    assert sum(one.above or one.below for one in verdict.criteria) == met
    assert verdict.interval == primary


def test_refuses():
    with pytest.raises(InputError, match="one interval at least"):
        published_verdict({})
    with pytest.raises(InputError, match="not of the same ratio"):
        published_verdict({"a": ABOVE, "b": BELOW})


def test_rows_are_the_intervals(totals):
    se = dispersed_se(totals)
    interval = ratio_interval(totals.log_ratio, se)
    row = specification_row("loans", totals.ratio, se)
    assert (row.low, row.high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert row.detectable_above == pytest.approx(interval.detectable_above, rel=1e-12)
    assert row.ratio == Interval.exact(totals.ratio)


def test_rows_carry_rounding():
    exact = specification_row("a", 0.8, 0.1)
    rounded = specification_row("b", Interval(0.8, 0.75, 0.9), 0.1)
    assert rounded.low == pytest.approx(exact.low * 0.75 / 0.8, rel=1e-12)
    assert rounded.high == pytest.approx(exact.high * 0.9 / 0.8, rel=1e-12)
    assert specification_row("a", 0.8, 0.1, df=6).high > exact.high


def test_rows_refuse():
    with pytest.raises(InputError, match="must be above zero"):
        specification_row("a", 0, 0.1)
    with pytest.raises(InputError, match="standard error above zero"):
        specification_row("a", 1, float("inf"))
