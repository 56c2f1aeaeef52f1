"""The panel, to and from a long table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.errors import InputError

CODES = ("1601", "1612", "1719", "1721")


@pytest.fixture
def frame():
    rows = [(code, year) for code in CODES for year in (2007, 2008, 2009, 2010, 2011)]
    table = pd.DataFrame(rows, columns=["unit", "year"])
    table["group"] = np.where(table["unit"] == "1612", "other", "priority")
    table["county"] = table["unit"].str[:2]
    table["cluster"] = table["unit"].replace({"1719": "innherred", "1721": "innherred"})
    table["loans"] = pd.array(range(len(table)), dtype="Int64")
    table["amount_nok"] = table["loans"] * 500_000
    table["population"] = pd.array(range(1000, 1000 + len(table)), dtype="Int64")
    table.loc[3, "loans"] = pd.NA
    return table


def assembled(frame, **changes):
    given = {
        "years": (2007, 2008, 2009, 2010),
        "first_treated_year": 2010,
        "dropped_years": (2009, 2014),
        **changes,
    }
    return MunicipalPanel.from_frame(frame, **given)


def test_from_a_frame(frame):
    panel = assembled(frame)
    assert panel.codes == CODES
    assert (panel.years, panel.dropped_years) == ((2007, 2008, 2010), (2009,))
    assert panel.treated.tolist() == [True, False, True, True]
    assert panel.county == ("16", "16", "17", "17")
    assert panel.y[1].tolist() == [5, 6, 8]
    assert np.isnan(panel.y[0, 2])
    assert panel.population[3].tolist() == [1015, 1016, 1018]
    assert panel.clusters == ("1601", "1612", "innherred")
    assert panel.post.tolist() == [False, False, True]
    amount = assembled(frame, outcome="amount_nok")
    assert amount.y[1].tolist() == [2.5e6, 3e6, 4e6]


def same(one: MunicipalPanel, other: MunicipalPanel) -> bool:
    arrays = ("y", "population", "treated", "base")
    names = ("cluster", "county", "codes", "years", "first_treated_year", "dropped_years")
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in arrays
    ) and all(getattr(one, name) == getattr(other, name) for name in names)


def test_neither_order_of_rows_nor_an_absent_row_matters(frame):
    """A row that is absent is a value that is unknown."""
    empty = frame["loans"].isna()
    holed = assembled(frame.assign(population=frame["population"].mask(empty)))
    assert same(holed, assembled(frame[~empty].sample(frac=1, random_state=1)))
    assert np.isnan(holed.population[0, 2])


def test_refuses_frames(frame):
    with pytest.raises(InputError, match="no row with year 2006"):
        assembled(frame, years=(2006, 2007, 2010))
    with pytest.raises(InputError, match="priority or other"):
        assembled(frame.assign(group="x"))
    with pytest.raises(InputError, match="a county and a cluster"):
        assembled(frame.assign(county=None))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    units=st.integers(3, 12),
    holes=st.floats(0, 0.9),
    dropped=st.sampled_from([(), (2009,), (2006, 2009)]),
)
def test_there_and_back(make, seed, units, holes, dropped):
    """The frame of a panel is that panel, gaps and order of rows whatever they be."""
    panel = make(seed, units=units, treated=2).without_years(dropped)
    gap = np.random.default_rng(seed).random(panel.y.shape) < holes
    panel = replace(panel, y=np.where(gap, np.nan, panel.y))
    rows = panel.to_frame("counted")
    assert rows["treated"].sum() == panel.treated.sum() * panel.post.sum()
    back = MunicipalPanel.from_frame(
        rows.sample(frac=1, random_state=seed),
        outcome="counted",
        first_treated_year=panel.first_treated_year,
    )
    assert same(replace(back, dropped_years=panel.dropped_years), panel)


def test_refuses_panels(panel):
    with pytest.raises(InputError, match="y has shape"):
        replace(panel, y=panel.y[:, 1:])
    wrong = panel.population.copy()
    wrong[3, 0] = -1
    with pytest.raises(InputError, match="population of municipality u03 is below zero"):
        replace(panel, population=wrong)
    with pytest.raises(InputError, match="one before 2000"):
        replace(panel, first_treated_year=2000)
    with pytest.raises(InputError, match="others to compare"):
        panel.keep(panel.treated)
    with pytest.raises(InputError, match="Cluster u09 has both"):
        replace(panel, cluster=(*panel.cluster[:10], "u09", *panel.cluster[11:]))
    with pytest.raises(InputError, match="u99 is to be left out"):
        panel.without(["u99"])


def test_a_panel_cannot_be_written_to(panel):
    with pytest.raises(ValueError, match="read-only"):
        panel.y[0, 0] = 1
    source = np.ones((4, 2))
    kept = MunicipalPanel(source, source, [1, 1, 0, 0], "abcd", "1111", "abcd", (1, 2), 2)
    source[0, 0] = 99
    assert kept.y[0, 0] == 1


def test_leaving_out(panel):
    fewer = panel.without(["u00", "u39"])
    assert len(fewer.codes) == 38
    assert fewer.treated.sum() == 9
    shorter = panel.without_years([2005, 2012, 1999])
    assert shorter.years == (2006, 2007, 2008, 2010, 2011)
    assert shorter.dropped_years == (2005, 2009, 2012)
    assert np.array_equal(shorter.y, panel.y[:, 1:6])
