"""The panel, and its assembly from tables."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bsup_analysis.effects.municipal.assemble import municipal_panel
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.errors import InputError

CODES = ("1601", "1612", "1719", "1721", "1725")


@pytest.fixture
def tables():
    municipality = pd.DataFrame(
        {
            "municipality_code": CODES,
            "county_code": ["16", "16", "17", "17", "17"],
            "group": ["priority", "other", "priority", "priority", "other"],
            "cluster": ["1601", "1612", "innherred", "innherred", "1725"],
        }
    )
    rows = [(code, year) for code in CODES for year in (2007, 2008, 2009, 2010, 2011)]
    loans = pd.DataFrame(rows, columns=["municipality_code", "year"])
    loans["loans"] = pd.array(range(len(loans)), dtype="Int64")
    loans["amount_nok"] = loans["loans"] * 500_000
    loans.loc[3, "loans"] = pd.NA
    people = pd.DataFrame(rows, columns=["municipality_code", "year"])
    people["population"] = pd.array(range(1000, 1000 + len(people)), dtype="Int64")
    return loans, municipality, people


def assembled(tables, **changes):
    loans, municipality, people = tables
    given = {
        "years": (2007, 2008, 2009, 2010),
        "first_treated_year": 2010,
        "dropped_years": (2009,),
        "excluded": ("1725",),
        **changes,
    }
    return municipal_panel(loans, municipality, people, **given)


def test_assembled(tables):
    panel = assembled(tables)
    assert panel.codes == ("1601", "1612", "1719", "1721")
    assert (panel.years, panel.dropped_years) == ((2007, 2008, 2010), (2009,))
    assert panel.treated.tolist() == [True, False, True, True]
    assert panel.y[1].tolist() == [5, 6, 8]
    assert np.isnan(panel.y[0, 2])
    assert panel.population[3].tolist() == [1015, 1016, 1018]
    assert panel.clusters == ("1601", "1612", "innherred")
    assert panel.treated_clusters == 2
    assert panel.post.tolist() == [False, False, True]
    amount = assembled(tables, measure="amount_nok", per="loans")
    assert amount.base[1].tolist() == [5, 6, 8]
    assert amount.y[1].tolist() == [2.5e6, 3e6, 4e6]


def test_order_of_rows_does_not_matter(tables):
    shuffled = tuple(table.sample(frac=1, random_state=1) for table in tables)
    one, other = assembled(tables), assembled(shuffled)
    assert one.codes == other.codes
    assert np.array_equal(one.y, other.y, equal_nan=True)
    assert one.cluster == other.cluster


def test_refuses_tables(tables):
    loans, municipality, people = tables
    with pytest.raises(InputError, match="no column loans"):
        assembled((loans.drop(columns="loans"), municipality, people))
    with pytest.raises(InputError, match="1601 stands twice in 2007 in the municipal"):
        assembled((pd.concat([loans, loans.iloc[:1]]), municipality, people))
    with pytest.raises(InputError, match="population table has no row with year 2010"):
        assembled((loans, municipality, people.loc[people["year"] < 2010]))
    with pytest.raises(InputError, match="municipal table has no row with municipality_code 1719"):
        assembled((loans.loc[loans["municipality_code"] != "1719"], municipality, people))
    with pytest.raises(InputError, match="9999 is to be excluded"):
        assembled(tables, excluded=("9999",))
    with pytest.raises(InputError, match="must be priority or other"):
        assembled((loans, municipality.assign(group="x"), people))


def test_refuses_panels(panel):
    with pytest.raises(InputError, match="y has shape"):
        replace(panel, y=panel.y[:, 1:])
    wrong = panel.population.copy()
    wrong[3, 0] = -1
    with pytest.raises(InputError, match="population of municipality u03 is below zero"):
        replace(panel, population=wrong)
    with pytest.raises(InputError, match="u00 stands twice"):
        replace(panel, codes=("u00", "u00", *panel.codes[2:]))
    with pytest.raises(InputError, match="one before 2000"):
        replace(panel, first_treated_year=2000)
    with pytest.raises(InputError, match="must increase"):
        replace(panel, years=panel.years[::-1])
    with pytest.raises(InputError, match="others to compare"):
        panel.keep(panel.treated)
    with pytest.raises(InputError, match="Cluster u09 has both"):
        replace(panel, cluster=(*panel.cluster[:10], "u09", *panel.cluster[11:]))
    with pytest.raises(InputError, match="u99 is to be left out"):
        panel.without(["u99"])
    with pytest.raises(InputError, match="a cluster and a county"):
        replace(panel, county=panel.county[1:])


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
