import pytest

from bsup_analysis.effects.intervals import chart_orders
from bsup_analysis.errors import InputError

BARS = (993, 931, 1047, 1487)  # document p. 11, as read
YEARS = (2007, 2008, 2009, 2010)
PRIORITY = {2009: 738, 2010: 1009}  # document p. 14
PRESS = {2009: 1047, 2010: 1487}  # s-n.no/flest-startlan-i-meraker


@pytest.fixture
def orders():
    return chart_orders(BARS, YEARS, PRIORITY, PRESS)


def test_12_of_24_are_possible_and_the_press_leaves_two(orders):
    """Facts, B2."""
    assert len(dict.fromkeys(order.region for order in orders)) == 24
    assert sum(order.possible for order in orders) == 12
    agreeing = [order for order in orders if order.agrees_with_known]
    assert len(agreeing) == 2
    assert {order.ratio for order in agreeing} == {(1009 / 738) / (478 / 309)}
    assert orders[0] in agreeing
    assert dict(orders[0].region) == dict(zip(YEARS, BARS, strict=True))


def test_low_2010_leaves_38_loans_for_the_others(orders):
    """Facts, B2: every possible order with 2010 = 1047."""
    low = [o for o in orders if o.possible and dict(o.region)[2010] == 1047]
    assert len(low) == 6
    assert {dict(order.other)[2010] for order in low} == {38}
    assert all(order.ratio > 5 for order in low)


def test_impossible_orders_have_no_ratio(orders):
    for order in orders:
        assert sorted(dict(order.region).values()) == sorted(BARS)
        assert (order.ratio is None) == (not order.possible)
        assert order.possible == (dict(order.region)[2010] >= 1009)


def test_no_others_is_possible_and_has_no_ratio():
    orders = chart_orders((10, 20), (1, 2), {1: 10, 2: 15}, {})
    assert [(order.possible, order.ratio) for order in orders] == [(True, None), (False, None)]


def test_order_of_years_does_not_matter(orders):
    turned = chart_orders(BARS[::-1], YEARS[::-1], dict(reversed(PRIORITY.items())), PRESS)
    assert sorted(turned, key=lambda o: o.region) == sorted(orders, key=lambda o: o.region)


def test_refuses():
    with pytest.raises(InputError, match="one by one"):
        chart_orders(BARS, YEARS[:3], PRIORITY, PRESS)
    with pytest.raises(InputError, match="2011 is not a year"):
        chart_orders(BARS, YEARS, {**PRIORITY, 2011: 3}, PRESS)
    with pytest.raises(InputError, match="two years"):
        chart_orders(BARS, YEARS, {2009: 738}, PRESS)
