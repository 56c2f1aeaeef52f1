"""Tables hold the results' numbers, row by row."""

import numpy as np
import pytest

from bsup_analysis.effects.municipal.estimands import (
    Inference,
    RobustnessRow,
    Variant,
    dropped_rows,
    estimand_rows,
    estimands,
    robustness,
    robustness_rows,
)
from bsup_analysis.effects.municipal.event_study import event_study
from bsup_analysis.effects.municipal.honest import honest_rows, sensitivity, smoothness
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.verdict import municipal_verdict

DRAWS = Inference(seed=1, draws=199)


def test_estimands_as_rows(panel, amounts):
    found = estimands(panel, amounts, DRAWS, largest="u04")
    table = estimand_rows(found)
    assert table["key"].tolist() == ["E1", "E2", "E3", "E4"]
    assert np.isnan(table["holm_p_value"][0])
    assert (table["low"] < table["ratio"]).all()
    assert (table["ratio"] < table["high"]).all()
    assert table["detectable_above"][0] == found[0].estimate.interval.detectable_above
    assert table["cells_dropped"].tolist() == [
        sum(item.cells for item in estimand.estimate.dropped) for estimand in found
    ]


def test_robustness_as_rows(panel):
    found = robustness([Variant("primary", "primary", panel)], DRAWS)
    problem = NotEstimableError("x", "No finite estimate.")
    table = robustness_rows([*found, RobustnessRow("x", "placebo", None, problem)])
    assert table["name"].tolist() == ["primary", "x"]
    assert np.isnan(table["ratio"][1])
    assert table["reason"].tolist() == ["", "No finite estimate."]


def test_event_study_and_bounds_as_rows(panel):
    study = event_study(panel, 2008)
    table = study.tidy().set_index("year")
    assert list(table.index) == list(panel.years)
    assert table.loc[2008, ["estimate", "exp"]].tolist() == [0, 1]
    assert table.loc[2008, ["se", "low", "high"]].isna().all()
    for year, given in zip(study.years, study.intervals, strict=True):
        expected = given.log_ratio, given.se, given.df, given.low, given.high, given.ratio
        assert table.loc[year].tolist() == pytest.approx(expected, rel=1e-12)
        assert study.cov.loc[year, year] == pytest.approx(given.se**2, rel=1e-12)
    assert (study.cov.to_numpy() == study.vcov).all()
    found = sensitivity(study.for_honest_bounds(), (0.0, 0.5, 1.0), (0.0, 0.05), 0.0)
    bounds = honest_rows(found)
    assert bounds["restriction"].tolist() == [
        "parallel",
        *["relative_magnitudes"] * 3,
        *["smoothness"] * 2,
    ]
    after = [year >= 2010 for year in study.years]
    assert found.estimate == pytest.approx(study.log_ratios[after].mean())
    assert (bounds["low"] < found.estimate).all()
    assert 0 <= found.relative_breakdown <= 1
    assert found.relative_breakdown == 0 or found.relative[0].excludes_zero
    assert found.decisive == found.smooth[0]


def test_verdict_from_results(panel, amounts):
    """The rule takes E1, E2 and the fixed-length interval as they come out here."""
    first, second = estimands(panel, amounts, DRAWS, largest="u04")[:2]
    ends = first.estimate.interval, second.estimate.interval
    decisive = smoothness(event_study(panel, 2008).for_honest_bounds(), 0.0)
    verdict = municipal_verdict(*ends, (decisive.low, decisive.high))
    expected = all(low > 1 for low in (ends[0].low, ends[1].low, np.exp(decisive.low)))
    assert verdict.key == ("improved" if expected else "not_shown")
    assert verdict.interval == first.estimate.interval


def test_dropped_as_rows(panel):
    assert dropped_rows(()).columns.tolist() == ["kind", "name", "cells"]
