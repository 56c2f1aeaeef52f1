"""Callaway and Sant'Anna's effects against R's did on mpdta, and against means by hand."""

from dataclasses import replace

import numpy as np
import pytest

from bsup_analysis.effects.municipal.rate_estimators import agreement_effects, group_time_effects
from bsup_analysis.errors import InputError

# R package did, vignette "Getting started", att_gt(lemp ~ 1, never treated); four printed decimals.
MPDTA = {
    (2004, 2004): -0.0105,
    (2004, 2005): -0.0704,
    (2004, 2006): -0.1373,
    (2004, 2007): -0.1008,
    (2006, 2004): 0.0065,
    (2006, 2005): -0.0028,
    (2006, 2006): -0.0046,
    (2006, 2007): -0.0412,
    (2007, 2004): 0.0305,
    (2007, 2005): -0.0027,
    (2007, 2006): -0.0311,
    (2007, 2007): -0.0261,
}


@pytest.fixture(scope="module")
def mpdta():
    """Data of the R package did, as moderndid 0.2.0 ships them: outcome, first years, years."""
    moderndid = pytest.importorskip("moderndid")
    table = moderndid.load_mpdta().to_pandas()
    wide = table.pivot(index="countyreal", columns="year", values="lemp")
    first = table.groupby("countyreal")["first.treat"].first().reindex(wide.index)
    return wide.to_numpy(), [int(year) or None for year in first], list(wide.columns)


def test_mpdta(mpdta):
    """Half a unit of the last printed digit."""
    found = group_time_effects(*mpdta)
    effects = {(cell.first_year, cell.year): cell.effect for cell in found.effects.itertuples()}
    assert effects == pytest.approx(MPDTA, abs=5e-5)
    sizes = {
        cell.first_year: (cell.treated, cell.comparison) for cell in found.effects.itertuples()
    }
    assert sizes == {2004: (20, 309), 2006: (40, 309), 2007: (131, 309)}


def test_mpdta_summaries(mpdta):
    """R did, aggte: simple -0.0400; dynamic 0 to 3: -0.0199 -0.0510 -0.1373 -0.1008; 5e-5."""
    found = group_time_effects(*mpdta)
    assert found.overall == pytest.approx(-0.0400, abs=5e-5)
    after = {
        since: effect
        for since, effect, _ in found.by_years_since.itertuples(index=False)
        if since >= 0
    }
    assert after == pytest.approx({0: -0.0199, 1: -0.0510, 2: -0.1373, 3: -0.1008}, abs=5e-5)


def test_effects_are_differences_of_mean_changes(panel):
    """By hand: change since the year before treatment, adopters less the rest; 1e-10.

    u00 and u01 act together and are one unit: their loans and inhabitants are added up.
    """
    first_years = {"u00": 2010, "u01": 2010, "u02": 2010, "u05": 2011, "u06": 2011}
    found = agreement_effects(panel, first_years)
    y, people = (
        np.vstack([table[:2].sum(axis=0), table[2:10]]) for table in (panel.y, panel.population)
    )
    rate = y / people * 1000
    never = [2, 3, 6, 7, 8]
    year = {name: position for position, name in enumerate(panel.years)}
    for cell in found.effects.itertuples():
        group = [0, 1] if cell.first_year == 2010 else [4, 5]
        earlier = [name for name in panel.years if name < min(cell.year, cell.first_year)]
        if cell.year >= cell.first_year:
            base = max(name for name in panel.years if name < cell.first_year)
        else:
            base = earlier[-1]
        change = rate[:, year[cell.year]] - rate[:, year[base]]
        expected = change[group].mean() - change[never].mean()
        assert cell.effect == pytest.approx(expected, abs=1e-10), cell
        assert (cell.treated, cell.comparison) == (len(group), 5)
        variance = change[group].var() / len(group) + change[never].var() / len(never)
        assert cell.se == pytest.approx(np.sqrt(variance), rel=1e-9), cell
    assert {cell.year for cell in found.effects.itertuples()} >= {2010, 2011, 2012}


def test_not_yet_treated_serve_as_comparison(panel):
    first_years = {"u00": 2010, "u01": 2010, "u02": 2010, "u05": 2012, "u06": 2012}
    never = agreement_effects(panel, first_years)
    not_yet = agreement_effects(panel, first_years, comparison="not_yet_treated")
    first = [
        next(
            cell
            for cell in found.effects.itertuples()
            if (cell.first_year, cell.year) == (2010, 2010)
        )
        for found in (never, not_yet)
    ]
    assert [cell.comparison for cell in first] == [5, 7]
    everybody = agreement_effects(panel, first_years, among_priority=False)
    assert everybody.effects["comparison"][0] == 35


def test_left_out_and_refused(panel):
    y = panel.y.copy()
    y[7, 1] = y[1, 0] = np.nan
    found = agreement_effects(replace(panel, y=y), {"u02": 2010, "u03": 2010})
    assert found.left_out == ("u00", "u01", "u07")
    assert found.effects["comparison"][0] == 5
    with pytest.raises(InputError, match="u01 had an agreement in part"):
        agreement_effects(panel, {"u00": 2010})
    with pytest.raises(InputError, match="x99 has an agreement"):
        agreement_effects(panel, {"x99": 2010})
    with pytest.raises(InputError, match="Nobody is first treated"):
        agreement_effects(panel, {"u02": 2020})
    with pytest.raises(InputError, match="nobody to compare"):
        group_time_effects(np.ones((3, 3)), [2010, 2010, 2011], [2009, 2010, 2011])
    with pytest.raises(InputError, match="one known value"):
        group_time_effects(np.full((3, 3), np.nan), [2010, None, None], [2009, 2010, 2011])


@pytest.mark.parametrize("noise", [0, 1, 20])
def test_a_single_unit_has_no_standard_error(noise):
    """Its own noise is in no spread between units: the number was the same whatever it is."""
    source = np.random.default_rng(1)
    outcome, years = source.normal(3, 0.5, size=(69, 8)), list(range(2005, 2013))
    outcome[0] = 3 + noise * source.normal(size=8)
    one = group_time_effects(outcome, [2010] + [None] * 68, years)
    assert one.effects["se"].isna().all()
    assert one.by_years_since["se"].isna().all()
    assert np.isnan(one.overall_se)
    against_one = group_time_effects(outcome, [2010] * 68 + [None], years)
    assert against_one.effects["se"].isna().all()
    two = group_time_effects(outcome, [2010, 2010, 2012] + [None] * 66, years)
    alone = two.effects["first_year"] == 2012
    assert (two.effects["se"].isna() == alone).all()
    assert np.isnan(two.overall_se)  # the single unit of 2012 is in the mean
    since = two.by_years_since.dropna()["years_since"]
    assert since.tolist() == [1, 2]  # where 2012's single unit is not seen


def test_units_treated_from_the_first_year_are_left_out_and_counted(mpdta):
    values, first, years = mpdta
    early = [2003 if year == 2004 else year for year in first]
    found = group_time_effects(values, early, years)
    assert found.treated_throughout == 20
    effects = {(cell.first_year, cell.year): cell.effect for cell in found.effects.itertuples()}
    later = {key: value for key, value in MPDTA.items() if key[0] > 2004}
    assert effects == pytest.approx(later, abs=5e-5)
