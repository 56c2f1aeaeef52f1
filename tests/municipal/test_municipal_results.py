"""The municipal results on SYNTHETIC panels with a known truth: identities, and what is refused."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up import DRAWS, opened, panel_file

import bsup_analysis
from bsup_analysis.effects.municipal.cluster_inference import crv3
from bsup_analysis.effects.municipal.estimands import Estimand, holm
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.municipal.ppml import fit
from bsup_analysis.language import LANGUAGES, templates
from bsup_analysis.study import Study


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return panel_file(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def study(panel: Path) -> Study:
    return opened(panel)


def estimands(study: Study) -> dict[str, Estimand]:
    return {item.key: item for item in study.municipal_estimands}


def priority_after(table: pd.DataFrame) -> pd.Series:
    return (table["group"] == "priority") & (table["year"] >= 2010)


def counts(table: pd.DataFrame, loans: pd.Series) -> pd.DataFrame:
    return table.assign(count=loans, count_low=loans, count_high=loans)


@pytest.mark.parametrize("effect", [0.6, 1.6])
def test_a_planted_effect_is_found(tmp_path: Path, effect: float) -> None:
    """The panel's truth lies inside the interval, and no effect outside it."""
    study = opened(panel_file(tmp_path, effect=effect))
    found = crv3(fit(study.municipal_panels.primary)).interval()
    assert found.low < effect < found.high
    assert (found.low > 1) == (effect > 1)
    assert (found.high < 1) == (effect < 1)


@pytest.mark.parametrize(
    ("effect", "key"), [(1 / 3, "worse"), (1.0, "not_shown"), (3.0, "improved")]
)
def test_a_tripling_and_its_mirror_are_judged_so(tmp_path: Path, effect: float, key: str) -> None:
    study = opened(panel_file(tmp_path, effect=effect, dispersion=1.0))
    assert study.municipal_conclusion.key == key
    decisive = study.municipal_bounds.decisive
    assert decisive.m == study.design.municipal.rule_m.value
    assert (decisive.low > 0, decisive.high < 0) == (key == "improved", key == "worse")


def test_the_panel_is_the_design(study: Study) -> None:
    panel, data = study.municipal_panels.primary, study.municipal_data
    assert panel.years == (2005, 2006, 2007, 2008, 2010, 2011, 2012)
    assert panel.dropped_years == (2009,)
    assert panel.first_treated_year == 2010
    assert set(panel.codes) == set(data.names) - set(data.excluded)
    assert dict(zip(panel.codes, panel.cluster, strict=True)) == {
        code: data.cluster[code] for code in panel.codes
    }
    whole = study.municipal_panels.whole
    assert 2009 in whole.years
    assert not whole.post[whole.years.index(2009)]
    treated = study.municipal_panels.selection_year_treated
    assert treated.post[treated.years.index(2009)]


def test_e1_is_the_estimator_on_the_panel(study: Study) -> None:
    found = estimands(study)["E1"].estimate
    fitted = fit(study.municipal_panels.primary)
    assert found.ratio == np.exp(fitted.log_ratio)
    assert found.interval.se == crv3(fitted).se[0]
    assert found.interval.df == 15  # 17 priority municipalities, two of them one cluster
    assert found.wild.draws == found.randomisation.draws == DRAWS


def test_e1_and_e2_are_rows_of_the_robustness_table(study: Study) -> None:
    rows = {row.name: row for row in study.municipal_robustness}
    assert rows["primary"].estimate == estimands(study)["E1"].estimate
    assert rows["without_largest"].estimate == estimands(study)["E2"].estimate
    assert rows[f"leave_out_{study.municipal_data.largest}"].estimate.ratio == (
        pytest.approx(rows["without_largest"].estimate.ratio, rel=1e-12)
    )
    assert sum(row.kind == "leave_one_out" for row in rows.values()) == 17
    assert {
        "without_2008",
        "without_loss_sharing",
        "county_by_year",
        "size_by_year",
        "largest_15_others_smallest_5_priority",
        "placebo_2007",
        "selection_year_treated",
        "partners_kept",
    } < set(rows)


def test_three_times_the_loans_is_three_times_the_ratio(panel: Path, study: Study) -> None:
    def tripled(table: pd.DataFrame) -> pd.DataFrame:
        return counts(table, table["count"].where(~priority_after(table), 3 * table["count"]))

    changed = fit(opened(panel, tripled).municipal_panels.primary)
    own = fit(study.municipal_panels.primary)
    assert np.exp(changed.log_ratio) == pytest.approx(3 * np.exp(own.log_ratio), rel=1e-9)


def test_one_price_for_all_makes_nok_and_loans_one_question(panel: Path) -> None:
    def priced(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(amount_nok=500_000 * table["count"])

    found = estimands(opened(panel, priced))
    assert found["E3"].estimate.ratio == pytest.approx(found["E1"].estimate.ratio, rel=1e-9)
    assert found["E3"].estimate.p_value == pytest.approx(found["E1"].estimate.p_value, rel=1e-6)
    # an average that never moves has a ratio of one and no variance to judge it by
    assert found["E4"].estimate is None
    assert found["E4"].problem.key == "no_variance"
    assert found["E4"].problem.about["ratio"] == pytest.approx(1)
    # Holm among those that could be estimated, two of the three
    p_values = [found[key].estimate.p_value for key in ("E2", "E3")]
    assert [found[key].holm_p_value for key in ("E2", "E3")] == holm(p_values)


def test_a_municipality_of_zeros_changes_nothing_and_is_named(panel: Path) -> None:
    def emptied(table: pd.DataFrame) -> pd.DataFrame:
        return counts(table, table["count"].where(table["unit"] != "SYN-O03", 0))

    def absent(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["unit"] != "SYN-O03"]

    zeros, gone = (fit(opened(panel, one).municipal_panels.primary) for one in (emptied, absent))
    assert zeros.log_ratio == pytest.approx(gone.log_ratio, rel=1e-10)
    assert crv3(zeros).se[0] == pytest.approx(crv3(gone).se[0], rel=1e-8)
    assert ("municipality_only_zeros", "SYN-O03") in [(d.kind, d.name) for d in zeros.dropped]


def test_unknown_amounts_leave_the_counts(panel: Path, study: Study) -> None:
    found = estimands(opened(panel, lambda t: t.assign(amount_nok=pd.NA)))
    assert found["E1"].estimate == estimands(study)["E1"].estimate
    assert [found[key].problem.key for key in ("E3", "E4")] == ["no_amounts"] * 2


def test_an_amount_without_a_loan_is_refused_for_the_average_alone(panel: Path) -> None:
    def odd(table: pd.DataFrame) -> pd.DataFrame:
        at = table.index[(table["unit"] == "SYN-O01") & (table["year"] == 2010)]
        return counts(table, table["count"].mask(table.index.isin(at), 0))

    found = estimands(opened(panel, odd))
    assert found["E3"].estimate is not None
    assert found["E4"].problem.key == "rate_of_nothing"
    assert found["E4"].problem.about == {"code": "SYN-O01", "year": 2010}


def test_suppressed_counts_are_unknown_and_their_limits_bound_the_ratio(panel: Path) -> None:
    def suppressed(table: pd.DataFrame) -> pd.DataFrame:
        few = (table["count"] < 4) & (table["group"] == "other")
        return table.assign(
            count=table["count"].mask(few),
            count_low=table["count_low"].mask(few, 1),
            count_high=table["count_high"].mask(few, 3),
        )

    study = opened(panel, suppressed)
    panels = study.municipal_panels
    unknown = int(np.isnan(panels.primary.y).sum())
    assert unknown > 0
    dropped = fit(panels.primary).dropped
    assert sum(d.cells for d in dropped if d.kind == "unknown") == unknown
    assert not np.isnan(panels.least.y).any()
    # any counts between the limits lie between, here all at two
    middle = opened(
        panel,
        lambda t: counts(t, t["count"].mask((t["count"] < 4) & (t["group"] == "other"), 2)),
    )
    within = middle.municipal_panels.primary
    least, inside, greatest = (fit(p).log_ratio for p in (panels.least, within, panels.greatest))
    assert least < inside < greatest


def test_the_published_years_alone_answer_nothing(panel: Path) -> None:
    study = opened(panel, lambda t: t[t["year"].isin([2009, 2010])])
    assert {item.problem.key for item in estimands(study).values()} == {"two_periods"}
    for name in ("conclusion", "event_study", "bounds", "synthetic"):
        assert isinstance(getattr(study, f"municipal_{name}"), NotEstimableError), name
    assert [row.estimate for row in study.municipal_robustness] == [None]
    assert study.municipal_panels.absent_years == (2005, 2006, 2007, 2008, 2011, 2012)


def test_a_year_without_numbers_leaves_no_bounds_but_an_estimate(panel: Path) -> None:
    study = opened(panel, lambda t: t[t["year"] != 2011])
    assert estimands(study)["E1"].estimate is not None
    assert study.municipal_bounds.key == "year_without_ratio"
    verdict = study.municipal_conclusion
    assert verdict.key == "not_shown"
    assert not any(c.above for c in verdict.criteria if c.name == "fixed_length")


def test_change_is_a_rate_after_over_a_rate_before(study: Study) -> None:
    rows = study.municipal_change.set_index("unit")
    table = study.municipal_data.table
    own = table[(table["unit"] == "SYN-P02") & (table["year"] != 2009)].astype(
        {"count": float, "population": float}
    )
    before, after = (own[own["year"] < 2010], own[own["year"] >= 2010])
    rate = [part["count"].sum() / part["population"].sum() for part in (before, after)]
    assert rows.loc["SYN-P02", "ratio"] == pytest.approx(rate[1] / rate[0], rel=1e-12)


def raised_keys() -> set[str]:
    """Collect the reasons that the package can give, wherever they are raised."""
    found = set()
    for path in Path(bsup_analysis.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_call and node.func.id == "NotEstimableError":
                found.add(ast.literal_eval(node.args[0]))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_sentence(language: str) -> None:
    prefix = "municipal.not_estimable."
    said = {k.removeprefix(prefix) for k in templates(language) if k.startswith(prefix)}
    # what stands below a further name is the head and cells of the table that shows a reason
    assert {key for key in said if "." not in key} == raised_keys()


def test_a_reason_can_be_told(panel: Path) -> None:
    """The values a reason carries are the places of its sentence."""
    assert len(raised_keys()) > 15
    broken = opened(panel, lambda t: t[t["year"] < 2009]).municipal_panels
    assert broken.primary.about == {"year": 2010}
