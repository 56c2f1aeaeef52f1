"""Cells without a finite fit: each kind made on purpose, and counted against pyfixest."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bsup_analysis.effects.municipal.ppml import (
    PpmlSettings,
    event,
    fit,
    known_cells,
    only_zeros,
    separated,
    together,
    treatment,
    year_effects,
)
from bsup_analysis.errors import InputError


def with_zeros(panel, rows, columns):
    y = panel.y.copy()
    y[np.ix_(rows, columns)] = 0
    return replace(panel, y=y)


def test_municipality_with_zeros_only(panel):
    thin = with_zeros(panel, [15, 20], range(7))
    found = fit(thin)
    assert [(item.kind, item.name, item.cells) for item in found.dropped] == [
        ("municipality_only_zeros", "u15", 7),
        ("municipality_only_zeros", "u20", 7),
    ]
    assert found.log_ratio == pytest.approx(fit(thin.without(["u15", "u20"])).log_ratio, abs=1e-10)


def test_year_with_zeros_only(panel):
    thin = with_zeros(panel, range(40), [1])
    found = fit(thin)
    assert [(item.kind, item.name, item.cells) for item in found.dropped] == [
        ("year_only_zeros", "2006", 40)
    ]
    assert found.log_ratio == pytest.approx(fit(panel.without_years([2006])).log_ratio, abs=1e-10)


def test_county_year_with_zeros_only(panel):
    inside = [number for number, name in enumerate(panel.county) if name == "16"]
    thin = with_zeros(panel, inside, [4])
    assert fit(thin).dropped == ()
    found = fit(thin, settings=PpmlSettings(by_county=True))
    assert [(item.kind, item.name, item.cells) for item in found.dropped] == [
        ("county_year_only_zeros", "16 2010", len(inside))
    ]


@pytest.mark.parametrize("group", [True, False])
def test_group_year_with_zeros_only_loses_its_coefficient(panel, group):
    """No finite coefficient in that year; the others stay; 1e-9."""
    rows = np.flatnonzero(panel.treated == group)
    thin = with_zeros(panel, rows, [1])
    assert fit(thin).dropped == ()
    found = fit(thin, lambda given: event(given, 2008))
    kinds: Counter[str] = Counter()
    for item in found.dropped:
        kinds[item.kind] += item.cells
    assert kinds["cell_without_finite_fit"] == len(rows)
    assert found.dropped[-1].kind == "coefficient_without_finite_estimate"
    assert found.dropped[-1].name == "priority_2006"
    assert "priority_2006" not in found.names
    y = thin.y.copy()
    y[rows, 1] = np.nan
    unknown = fit(replace(thin, y=y), lambda given: event(given, 2008))
    assert found.names == unknown.names
    assert found.coefficients == pytest.approx(unknown.coefficients, abs=1e-9)


def test_every_treated_year_zero_is_refused(panel):
    with pytest.raises(InputError, match="no finite estimate"):
        fit(with_zeros(panel, range(10), [4, 5, 6]))


def test_search_agrees_with_pyfixest(make, to_long):
    """Sparse panels: as many cells dropped as pyfixest's iterative rectifier drops."""
    pyfixest = pytest.importorskip("pyfixest")
    compared = 0
    for seed in range(12):
        thin = make(seed, units=9, treated=3, loans_per_1000=0.06, years=(2008, 2009, 2010, 2011))
        try:
            found = fit(thin)
        except InputError:
            continue
        rows = to_long(thin)
        rows["D"] += 0.0
        for year in thin.years[1:]:
            rows[f"is_{year}"] = (rows["year"] == year).astype(float)
        with pytest.warns(UserWarning, match="separation"):
            theirs = pyfixest.fepois(
                "y ~ D + is_2009 + is_2010 + is_2011 | unit",
                rows,
                offset="log_base",
                separation_check=["fe", "ir"],
            )
        assert int(found.used.sum()) == theirs._N, seed
        compared += 1
    assert compared >= 5


def test_search_finds_what_no_count_of_zeros_shows(panel):
    """Priority zero before, others zero after: each municipality and year has loans, none fits."""
    y = np.zeros_like(panel.y)
    y[:10, 4:] = 3
    y[10:, :4] = 2
    thin = replace(panel, y=y)
    used, _ = only_zeros(thin, known_cells(thin)[0])
    assert used.all()
    model = together(year_effects(thin, used), treatment(thin))
    assert (separated(thin, used, model.values) == (y == 0)).all()


def test_outcome_without_anything_to_be_a_rate_of(panel):
    loans = np.maximum(panel.y, 1)
    loans[3, 2] = 0
    (dropped,) = fit(replace(panel, exposure=loans, y=loans * 5e5)).dropped
    assert (dropped.kind, dropped.name) == ("nothing_to_be_a_rate_of", "u03 2007")
    with pytest.raises(InputError, match="u03 has an outcome of 1 in 2007 but nothing"):
        fit(replace(panel, exposure=loans, y=np.ones_like(loans)))
