import math

import numpy as np
import pandas as pd
import pytest

from bsup_analysis.effects.group_poisson import GroupTotals, group_contrast
from bsup_analysis.errors import InputError

YEARS = (2005, 2006, 2007, 2008, 2010, 2011, 2012)
TREATED = (2010, 2011, 2012)


def group_totals(panel: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return panel.groupby(["group", "year"], as_index=False)[list(columns)].sum()


def test_published_contrast(group_year):
    """By hand from p. 14, the press and table 07459: 0.884, log -0.1235; 0.879 per inhabitant."""
    contrast = group_contrast(group_year, measure="loans", treated_years=[2010])
    assert contrast.log_ratio == pytest.approx(-0.1235, abs=5e-5)
    assert contrast.ratio == pytest.approx(0.884, abs=5e-4)
    assert contrast.ratio == pytest.approx((1009 / 738) / (478 / 309), rel=1e-14)
    by_head = group_contrast(
        group_year, measure="loans", treated_years=[2010], exposure="population"
    )
    assert by_head.ratio == pytest.approx(0.879, abs=5e-4)
    population_ratio = (431_237 / 425_732) / (242_127 / 240_432)
    assert by_head.ratio == pytest.approx(contrast.ratio / population_ratio, rel=1e-12)
    assert by_head.se == pytest.approx(contrast.se, rel=1e-12)


@pytest.mark.parametrize(
    ("years", "treated"), [((2009, 2010), (2010,)), (YEARS, TREATED), ((2007, 2008, 2009), (2008,))]
)
def test_equals_full_dummy_poisson(simulate, full_dummy, years, treated):
    """statsmodels GLM with 85 municipality dummies; agreement to 1e-8."""
    panel = simulate(7, years, treated)
    fit = full_dummy(panel, treated)
    contrast = group_contrast(group_totals(panel, "loans"), measure="loans", treated_years=treated)
    assert contrast.log_ratio == pytest.approx(fit.params[-1], abs=1e-8)
    assert contrast.se == pytest.approx(fit.bse[-1], abs=1e-8)


def test_equals_full_dummy_poisson_with_group_year_exposure(simulate, full_dummy):
    """The same with an offset that is constant inside a group and year, over seven years."""
    panel = simulate(8, YEARS, TREATED)
    panel["people"] = 1000.0 + 40 * (panel["year"] - 2005) * (1 + (panel["group"] == "priority"))
    fit = full_dummy(panel, TREATED)
    table = group_totals(panel, "loans", "people")
    contrast = group_contrast(table, measure="loans", treated_years=TREATED, exposure="people")
    # Group sums of inhabitants: the number of municipalities cancels against their effects.
    assert contrast.log_ratio == pytest.approx(fit.params[-1], abs=1e-8)
    assert contrast.se == pytest.approx(fit.bse[-1], abs=1e-8)
    without = group_contrast(table, measure="loans", treated_years=TREATED)
    assert abs(without.log_ratio - contrast.log_ratio) > 1e-3


def test_departs_where_inhabitants_grow_unequally_inside_a_group(simulate, full_dummy):
    """Offsets that vary inside groups: the totals are no longer enough, within a known bound."""
    panel = simulate(9)
    departures = []
    for spread in (0.0, 0.005, 0.05):
        growth = np.exp(np.random.default_rng(1).uniform(-spread, spread, 85))
        panel["people"] = 1000.0
        later = panel["year"] == 2010
        panel.loc[later, "people"] = 1000 * growth[panel.loc[later, "unit"]]
        fit = full_dummy(panel, (2010,))
        contrast = group_contrast(
            group_totals(panel, "loans", "people"),
            measure="loans",
            treated_years=[2010],
            exposure="people",
        )
        departures.append(abs(contrast.log_ratio - fit.params[-1]))
        # METHODS, section 1: each group departs by no more than its own range of log growth.
        assert departures[-1] <= 2 * math.log(growth.max() / growth.min()) + 1e-8
    assert departures[0] < 1e-8
    assert departures[1] > 1e-6
    assert departures[2] > 5 * departures[1]


def test_window_and_treated_years_are_choices(simulate):
    panel = group_totals(simulate(3, YEARS, TREATED), "loans")
    narrow = group_contrast(panel, measure="loans", treated_years=[2010], years=[2008, 2010])
    cell = panel.set_index(["group", "year"])["loans"]
    expected = (cell["priority", 2010] / cell["priority", 2008]) / (
        cell["other", 2010] / cell["other", 2008]
    )
    assert narrow.ratio == pytest.approx(expected, rel=1e-13)


def test_amounts_have_a_ratio_and_no_poisson_error(group_year):
    table = group_year.assign(amount_nok=group_year["loans"] * 1234.5)
    contrast = group_contrast(table, measure="amount_nok", treated_years=[2010], is_count=False)
    counts = group_contrast(table, measure="loans", treated_years=[2010])
    assert contrast.ratio == pytest.approx(counts.ratio, rel=1e-13)
    assert contrast.se is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.assign(loans=t["loans"].where(t["group"] != "other", 0)), "other group has 0"),
        (lambda t: t[t["group"] == "priority"], "loans of the other group in 2009 is missing"),
        (lambda t: t[t["year"] == 2010], "no untreated year"),
        (lambda t: t[t["year"] == 2009], "2010 is not in the window"),
        (lambda t: t.assign(loans=t["loans"] + 0.5), "not whole"),
        (lambda t: t.assign(loans=-t["loans"]), "zero or more"),
    ],
)
def test_refuses(group_year, change, says):
    with pytest.raises(InputError, match=says):
        group_contrast(change(group_year), measure="loans", treated_years=[2010])


def test_refuses_no_treated_year_and_no_inhabitants(group_year):
    with pytest.raises(InputError, match="no treated year"):
        group_contrast(group_year, measure="loans", treated_years=[])
    empty = group_year.assign(population=0)
    with pytest.raises(InputError, match="Inhabitants"):
        group_contrast(empty, measure="loans", treated_years=[2010], exposure="population")


@pytest.mark.parametrize("bad", [0, -1, float("inf"), float("nan")])
def test_totals_refuse(bad):
    with pytest.raises(InputError, match=r"other group has .* in the treated years"):
        GroupTotals(1, 2, 3, bad)
