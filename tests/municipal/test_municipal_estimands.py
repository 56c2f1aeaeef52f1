"""Estimands, Holm, the robustness table, and the same bytes everywhere."""

import json
from dataclasses import replace

import numpy as np
import pytest
from elsewhere import printed_here_and_elsewhere

from bsup_analysis.effects.municipal.cluster_inference import crv3
from bsup_analysis.effects.municipal.estimands import (
    Inference,
    average_panel,
    estimands,
    estimate,
    holm,
    overlap,
    robustness,
    variants,
)
from bsup_analysis.effects.municipal.ppml import PpmlSettings, fit
from bsup_analysis.errors import InputError

DRAWS = Inference(seed=1, draws=199)


def test_four_estimands(panel, amounts):
    found = {item.key: item for item in estimands(panel, amounts, DRAWS, largest="u04")}
    assert list(found) == ["E1", "E2", "E3", "E4"]
    assert [item.confirmatory for item in found.values()] == [True, False, False, False]
    assert found["E1"].estimate.ratio == pytest.approx(np.exp(fit(panel).log_ratio), rel=1e-12)
    assert found["E2"].estimate.priority == 9
    assert found["E3"].estimate.ratio == pytest.approx(np.exp(fit(amounts).log_ratio), rel=1e-12)
    p_values = [found[key].estimate.p_value for key in ("E2", "E3", "E4")]
    assert [found[key].holm_p_value for key in ("E2", "E3", "E4")] == holm(p_values)
    assert found["E1"].holm_p_value is None
    row = found["E1"].estimate
    assert row.interval.df == 8
    assert row.interval.se == pytest.approx(crv3(fit(panel)).se[0])
    assert (row.municipalities, row.priority, row.clusters) == (40, 10, 39)


def test_average_loan_is_weighted_by_loans(panel, amounts, to_long):
    """statsmodels GLM of the averages themselves with loans as weights; 1e-8."""
    import pandas as pd
    import statsmodels.api as sm

    average = average_panel(panel, amounts)
    rows = to_long(average)
    rows["loans"] = panel.y.ravel()
    rows = rows.loc[rows["loans"] > 0]
    dummies = pd.get_dummies(rows[["unit", "year"]].astype(str), dtype=float)
    design = pd.concat([rows[["D"]], dummies.drop(columns="year_2005")], axis=1)
    model = sm.GLM(
        rows["y"] / rows["loans"],
        design,
        family=sm.families.Poisson(),
        var_weights=rows["loans"],
    )
    theirs = model.fit(tol=1e-13, tol_criterion="params", maxiter=200)
    assert fit(average).log_ratio == pytest.approx(theirs.params["D"], abs=1e-8)


def test_without_amounts_only_counts_are_estimated(panel):
    found = estimands(panel, None, DRAWS, largest="u04")
    assert [item.key for item in found] == ["E1", "E2"]
    assert found[1].holm_p_value == found[1].estimate.p_value


def test_holm_by_hand():
    """Holm (1979): sorted .01 .02 .04 times 3 2 1, made monotone."""
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])


def test_amounts_of_other_years_are_refused(panel, amounts):
    with pytest.raises(InputError, match="same municipalities and years"):
        estimands(panel, amounts.without_years([2012]), DRAWS, largest="u04")


def table(panel, **changes):
    given = {
        "doubtful_year": 2008,
        "placebo_year": 2007,
        "left_out": {"without_steinkjer": ["u05"], "without_trondheim": ["u04"]},
        "largest_others": 12,
        "smallest_priority": 5,
        **changes,
    }
    return variants(panel, **given)


def test_rows_of_the_robustness_table(panel, make):
    rows = table(panel, further={"selection_year_treated": make(3)})
    by_name = {row.name: row for row in rows}
    assert list(by_name)[:9] == [
        "primary",
        "without_2008",
        "without_steinkjer",
        "without_trondheim",
        "county_by_year",
        "size_by_year",
        "largest_12_others_smallest_5_priority",
        "placebo_2007",
        "selection_year_treated",
    ]
    assert len(rows) == 9 + 10
    assert by_name["without_2008"].panel.years == (2005, 2006, 2007, 2010, 2011, 2012)
    assert by_name["placebo_2007"].panel.years == (2005, 2006, 2007, 2008)
    assert by_name["placebo_2007"].panel.post.tolist() == [False, False, True, True]
    assert by_name["leave_out_u03"].panel.codes == panel.without(["u03"]).codes


def test_overlap_keeps_the_sizes_that_meet(panel):
    chosen = overlap(panel, 12, 5)
    before = {code: row[:4].mean() for code, row in zip(panel.codes, panel.population, strict=True)}
    kept_others = [code for code, on in zip(chosen.codes, chosen.treated, strict=True) if not on]
    kept = [code for code, on in zip(chosen.codes, chosen.treated, strict=True) if on]
    others = [code for code, on in zip(panel.codes, panel.treated, strict=True) if not on]
    priority = [code for code, on in zip(panel.codes, panel.treated, strict=True) if on]
    assert set(kept_others) == set(sorted(others, key=before.get)[-12:])
    assert set(kept) == set(sorted(priority, key=before.get)[:5])


def test_a_row_that_cannot_be_estimated_keeps_its_reason(panel):
    y = panel.y.copy()
    y[np.ix_(panel.treated, [2, 3])] = 0
    rows = [row for row in table(replace(panel, y=y)) if row.kind == "placebo"]
    (found,) = robustness(rows, DRAWS)
    assert found.estimate is None
    assert "no finite estimate" in str(found.problem)


def test_rows_do_not_depend_on_their_company(panel):
    rows = table(panel)[4:6]
    both = robustness(rows, DRAWS)
    (alone,) = robustness(rows[1:], DRAWS)
    assert both[1] == alone
    direct = estimate("size_by_year", panel, DRAWS, PpmlSettings(by_size=True))
    assert alone.estimate == direct


def test_every_test_of_every_row_draws_from_its_own_stream():
    streams = {
        (seed, row, test): tuple(Inference(seed).stream(row, test).generate_state(2))
        for seed in (1, 2)
        for row in ("primary", "placebo")
        for test in ("wild", "randomisation")
    }
    assert len(set(streams.values())) == 8


SCRIPT = """
import json, sys
import numpy as np
from bsup_analysis.effects.municipal.estimands import Inference, estimate
from bsup_analysis.effects.municipal.event_study import event_study
from bsup_analysis.effects.municipal.honest import relative_magnitudes
from bsup_analysis.effects.municipal.panel import MunicipalPanel
from bsup_analysis.effects.municipal.ppml import PpmlSettings, fit
from bsup_analysis.effects.municipal.cluster_inference import crv1, crv3
from bsup_analysis.effects.municipal.honest import smoothness

given = json.load(sys.stdin)
panel = MunicipalPanel(**given)
for settings in (PpmlSettings(), PpmlSettings(by_county=True), PpmlSettings(by_size=True)):
    fitted = fit(panel, settings=settings)
    print(crv1(fitted).vcov.tolist(), crv3(fitted).vcov.tolist())
found = estimate("row", panel, Inference(3, 199))
print(found, found.randomisation.statistics.tolist())
study = event_study(panel, 2008)
print(study, study.vcov.tolist())
bounds = study.for_honest_bounds()
print(relative_magnitudes(bounds, 1), smoothness(bounds, 0.05))
"""


def test_same_bytes_whatever_hash_seed_and_threads(panel):
    given = json.dumps(
        {
            "y": panel.y.tolist(),
            "population": panel.population.tolist(),
            "treated": panel.treated.tolist(),
            "cluster": panel.cluster,
            "county": panel.county,
            "codes": panel.codes,
            "years": panel.years,
            "first_treated_year": 2010,
        }
    )
    here, elsewhere = printed_here_and_elsewhere(SCRIPT, given)
    assert len(here) > 5_000
    assert elsewhere == here
