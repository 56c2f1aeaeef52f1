"""The municipal level as it is shown: words that follow the numbers, and reasons for the rest."""

import json
import math
import re
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from displayed import displayed
from made_up import opened, panel_file
from matplotlib.colors import to_hex

from bsup_analysis.analysis.municipal_level import municipal_change as change_of
from bsup_analysis.chapters.municipal import (
    conclusion,
    growth_ratios,
    imported_table,
    municipal_rates,
    yearly_ratios,
)
from bsup_analysis.chapters.municipal.municipal_rates import BREAKS, COLOURS
from bsup_analysis.chapters.municipal.phrases import ends_text
from bsup_analysis.effects.municipal.estimands import Estimand
from bsup_analysis.effects.municipal.panel import NotEstimableError
from bsup_analysis.effects.verdict import MUNICIPAL_REASONS, municipal_verdict
from bsup_analysis.exhibit.geography import metres
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.study import Study, read_table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "exhibits"))
from readers_eye import clashes, says

SHOWN = (
    imported_table.data_used,
    growth_ratios.estimands,
    growth_ratios.left_out,
    yearly_ratios.event_study,
    yearly_ratios.honest_bounds,
    municipal_rates.agreements,
    municipal_rates.synthetic_largest,
    municipal_rates.municipal_change,
    conclusion.judgement,
    growth_ratios.robustness,
    growth_ratios.leave_one_out,
)
# agreements need no more than the two published years
ESTIMATED = SHOWN[1:2] + SHOWN[3:5] + SHOWN[6:]


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return panel_file(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def studies(panel: Path) -> dict[str, Study]:
    """Both languages, computed once: results do not depend on the language."""
    found = {language: opened(panel, language=language) for language in LANGUAGES}
    first, *others = found.values()
    for name in ("estimands", "robustness", "event_study", "bounds", "synthetic", "agreements"):
        value = getattr(first, f"municipal_{name}")
        for other in others:
            other._values[f"municipal_{name}"] = value
            other._behind[f"municipal_{name}"] = first._behind[f"municipal_{name}"]
    return found


def changed(study: Study, **values: object) -> Study:
    """Open the same study with other results in place of computed ones."""
    again = object.__new__(type(study))
    again.__dict__ = {
        **study.__dict__,
        "_values": {**study._values, **values},
        "_behind": {**study._behind, **{name: frozenset() for name in values}},
        "_exhibits": {},
        "_numbers": {},
    }
    again._values.pop("municipal_conclusion", None)
    return again


@pytest.mark.parametrize("function", SHOWN, ids=lambda f: f.__name__)
def test_both_languages_show_the_same(studies: dict[str, Study], function: object) -> None:
    nb, en = (displayed(studies[language], function) for language in ("nb", "en"))
    assert nb.id == en.id
    assert nb.id.startswith("municipal_")
    assert nb.data.equals(en.data)
    assert nb.numbers == en.numbers
    assert nb.caption != en.caption
    if nb.shown is not None:
        assert nb.shown.shape == en.shown.shape
        assert not nb.shown.iloc[:, 0].duplicated().any()
    for exhibit in (nb, en):
        assert not set("{}") & set(exhibit.caption + exhibit.title + exhibit.alternative_text)


@pytest.mark.parametrize("function", SHOWN, ids=lambda f: f.__name__)
def test_no_text_of_a_figure_hides_another(studies: dict[str, Study], function: object) -> None:
    exhibit = displayed(studies["nb"], function)
    if exhibit.draw is not None:
        assert clashes(exhibit) == []


def test_numbers_are_finite_and_prefixed(studies: dict[str, Study]) -> None:
    study = studies["en"]
    for function in SHOWN:
        exhibit = displayed(study, function)
        assert all(name.startswith("municipal_") for name in exhibit.numbers)
        assert all(math.isfinite(number.value) for number in exhibit.numbers.values())
        json.dumps([n.value for n in exhibit.numbers.values()], allow_nan=False)
        floats = exhibit.data.select_dtypes("number").to_numpy(float)
        assert not np.isinf(floats).any()


# written here, so that words exchanged in the words' files are not exchanged here too
CONCLUSIONS = {
    ("en", "improved"): ("improved", "Improved: .* grew more in the priority"),
    ("en", "worse"): ("worse", "Worse: .* grew less in the priority"),
    ("en", "not_shown"): ("not shown", "Not shown: "),
    ("nb", "improved"): ("bedre", "Bedre: .* mer i satsingskommunene"),
    ("nb", "worse"): ("dårligere", "Dårligere: .* mindre i satsingskommunene"),
    ("nb", "not_shown"): ("ikke påvist", "Ikke påvist: "),
}


def verdict_of(study: Study, *sides: str) -> str:
    """Judge planted intervals of E1, E2 and the bounds, and give what the reader is told."""
    ends = {"above": (1.1, 1.4), "below": (0.7, 0.9), "holds": (0.9, 1.4), "holds_less": (0.8, 1.1)}
    first, second, *rest = study.municipal_estimands

    def planted(estimand: Estimand, side: str) -> Estimand:
        low, high = ends[side]
        interval = replace(
            estimand.estimate.interval, ratio=math.sqrt(low * high), low=low, high=high
        )
        return replace(estimand, estimate=replace(estimand.estimate, interval=interval))

    low, high = map(math.log, ends[sides[2]])
    shown = displayed(
        changed(
            study,
            municipal_estimands=(planted(first, sides[0]), planted(second, sides[1]), *rest),
            municipal_bounds=replace(
                study.municipal_bounds,
                decisive=replace(study.municipal_bounds.decisive, low=low, high=high),
            ),
        ),
        conclusion.judgement,
    )
    return f"{shown.title} {shown.caption}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("sides", "key", "unmet"),
    [
        (("above", "above", "above"), "improved", []),
        (("below", "below", "below"), "worse", []),
        (("holds", "above", "above"), "not_shown", ["excludes_one"]),
        (("above", "above", "holds"), "not_shown", ["fixed_length"]),
        (("above", "holds", "above"), "not_shown", ["without_largest"]),
        (("below", "above", "holds"), "not_shown", ["without_largest", "fixed_length"]),
        (
            ("holds_less", "holds", "above"),
            "not_shown",
            ["excludes_one", "without_largest", "fixed_length"],
        ),
    ],
)
def test_the_verdict_follows_the_numbers(
    studies: dict[str, Study], language: str, sides: tuple[str, ...], key: str, unmet: list[str]
) -> None:
    text = verdict_of(studies[language], *sides)
    word, sentence = CONCLUSIONS[language, key]
    assert re.search(rf": {word}\b", text)
    assert re.search(sentence, text)
    for other in ("improved", "worse", "not_shown"):
        assert says(text, f"municipal_verdict.{other}", language) == (other == key)
    for name in ("excludes_one", "without_largest", "fixed_length"):
        assert says(text, f"municipal_verdict.unmet_{name}", language) == (name in unmet)
    for reason in MUNICIPAL_REASONS:
        assert says(text, f"municipal_verdict.reason_{reason}", language)


def test_what_stands_beside_the_verdict_is_what_the_bounds_are(studies: dict[str, Study]) -> None:
    """The grid of M and the breakdown are printed, and change no verdict."""
    study = studies["en"]
    shown = displayed(study, conclusion.judgement)
    beside = shown.data[shown.data["kind"] == "beside"].set_index("key")
    for bound in study.municipal_bounds.smooth:
        found = beside.loc[f"m_{bound.m:g}", ["low", "high"]].astype(float)
        assert np.log(found).tolist() == pytest.approx([bound.low, bound.high])
    most = replace(study.municipal_bounds, smooth_breakdown=0.034)
    other = displayed(changed(study, municipal_bounds=most), conclusion.judgement)
    assert other.caption == shown.caption
    assert other.shown.iloc[-1, 1] == study.words.percent(0.034)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("low", "high", "side"), [(1.1, 1.3, "above"), (0.7, 0.9, "below"), (0.9, 1.3, "holds_one")]
)
def test_the_caption_of_the_estimate_follows_its_interval(
    studies: dict[str, Study], language: str, low: float, high: float, side: str
) -> None:
    study = studies[language]
    first, *rest = study.municipal_estimands
    interval = replace(first.estimate.interval, ratio=math.sqrt(low * high), low=low, high=high)
    planted = replace(first, estimate=replace(first.estimate, interval=interval))
    shown = displayed(changed(study, municipal_estimands=(planted, *rest)), growth_ratios.estimands)
    for other in ("above", "below", "holds_one"):
        assert says(shown.caption, f"municipal.side.{other}", language) == (other == side)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_event_study_states_its_power_and_decides_nothing(
    studies: dict[str, Study], language: str
) -> None:
    study = studies[language]
    found = study.municipal_event_study
    for p_value, key in ((0.01, "rejected"), (0.4, "not_rejected")):
        planted = replace(found, joint=replace(found.joint, p_value=p_value))
        caption = displayed(
            changed(study, municipal_event_study=planted), yearly_ratios.event_study
        ).caption
        assert says(caption, f"municipal_event.{key}", language)
        assert study.words.percent(found.joint.power, 0) in caption
        assert study.words.percent(0.05, 0) in caption
        assert study.words.decimal(p_value, 3) in caption


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("breakdown", "key"), [(0.0, "none"), (0.4, "some"), (1.0, "all")])
def test_the_bounds_say_what_survives(
    studies: dict[str, Study], language: str, breakdown: float, key: str
) -> None:
    study = studies[language]
    planted = replace(study.municipal_bounds, relative_breakdown=breakdown)
    caption = displayed(
        changed(study, municipal_bounds=planted), yearly_ratios.honest_bounds
    ).caption
    for other in ("none", "some", "all"):
        assert says(caption, f"municipal_bounds.relative_{other}", language) == (other == key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_estimated_is_shown_with_its_reason(panel: Path, language: str) -> None:
    """A panel with the two published years alone: every estimate says why there is none."""
    study = opened(panel, lambda t: t[t["year"].isin([2009, 2010])], language=language)
    for function in SHOWN:
        exhibit = displayed(study, function)
        if function in ESTIMATED:
            reason = study.municipal_conclusion
            assert isinstance(reason, NotEstimableError)
            said = exhibit.caption
            assert any(
                says(said, f"municipal.not_estimable.{key}", language)
                for key in ("two_periods", "reference_year", "no_change")
            ), exhibit.id
            assert not any("ratio" in name for name in exhibit.numbers)
        if exhibit.draw is not None:
            assert exhibit.svg()
    none = study.words("municipal_verdict.word.none")
    assert none in displayed(study, conclusion.judgement).title


ODD = {
    "only priority municipalities known": lambda t: t.assign(
        count=t["count"].where(t["group"] == "priority")
    ),
    "nothing but zeros": lambda t: t.assign(count=t["count"] * 0, amount_nok=t["count"] * 0),
    "nothing known": lambda t: t.assign(count=t["count"].mask(t["year"] > 0)),
    "no population": lambda t: t.assign(population=t["population"].mask(t["year"] > 0)),
    "all alike": lambda t: t.assign(count=t["count"] * 0 + 7, population=1_000),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_tables_end_in_reasons(panel: Path, odd: str) -> None:
    study = opened(panel, ODD[odd], language="nb")
    for function in SHOWN:
        exhibit = displayed(study, function)
        if exhibit.draw is not None:
            assert exhibit.draw()
        assert all(math.isfinite(number.value) for number in exhibit.numbers.values())
    assert (
        study.words("municipal_verdict.word.none") in displayed(study, conclusion.judgement).title
    )


def test_the_map_shows_every_municipality_in_the_class_of_its_change(panel: Path) -> None:
    """SYNTHETIC counts under real codes, in memory only: the map needs places."""
    made_up = opened(panel, language="nb")
    municipality, data = read_table("municipality"), made_up.municipal_data
    code: dict[str, str] = {}
    for group in ("priority", "other"):
        units = sorted(data.table.loc[data.table["group"] == group, "unit"].unique())
        real = municipality.loc[municipality["group"] == group, "municipality_code"]
        code |= dict(zip(units, sorted(real), strict=True))
    names = municipality.set_index("municipality_code")["municipality_name"].to_dict()
    table = data.table.assign(unit=data.table["unit"].map(code))
    placed = replace(data, table=table, names=names, synthetic=False)
    exhibit = municipal_rates.municipal_change(
        change_of(placed), placed, municipality, Study("nb").areas, made_up.words
    )
    assert says(exhibit.caption, "municipal_change.map", "nb")
    assert len(exhibit.data) == 85
    axes = exhibit.draw().axes[0]
    priority = municipality.loc[municipality["group"] == "priority", "municipality_name"]
    assert sorted(text.get_text() for text in axes.texts) == sorted(priority)
    assert "Kartverket" in exhibit.source
    ratio = exhibit.data.set_index("unit")["ratio"]
    points = metres(municipality["longitude_deg"], municipality["latitude_deg"])
    seen = 0
    for patch in axes.patches:
        inside = patch.get_path().contains_points(points)
        colour = to_hex(patch.get_facecolor()).upper()
        for code in municipality.loc[inside, "municipality_code"] if colour in COLOURS else ():
            # as the key says: below, or not below, the ends of the colour's class
            low, high = dict(zip(COLOURS, pairwise((-1.0, *BREAKS)), strict=True))[colour]
            assert low < ratio[code] <= high
            seen += 1
    # of one area, each has a class
    both = {sum(one > end for end in BREAKS) for one in ratio[["1723", "1729"]]}
    assert seen == ratio.notna().sum() - (0 if len(both) == 1 else 2) > 80
    assert clashes(exhibit) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_unknown_amounts_are_said_to_be_unknown(
    panel: Path, studies: dict[str, Study], language: str
) -> None:
    found = studies[language].municipal_estimands
    problem = NotEstimableError("no_amounts", "The table has no known amount in NOK.")
    without = tuple(
        replace(item, estimate=None, holm_p_value=None, problem=problem)
        if item.key in ("E3", "E4")
        else item
        for item in found
    )
    exhibit = displayed(
        changed(studies[language], municipal_estimands=without), growth_ratios.estimands
    )
    assert says(exhibit.caption, "municipal.not_estimable.no_amounts", language)
    assert (exhibit.shown.iloc[2:, 1] == Words(language)("ratios.no_estimate")).all()
    assert not any("e3" in name or "e4" in name for name in exhibit.numbers)
    assert exhibit.data["reason"].tolist()[2:] == [str(problem)] * 2
    assert exhibit.svg()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_counted_is_named(studies: dict[str, Study], language: str) -> None:
    study = studies[language]
    data = replace(study.municipal_data, definition="approved_dwellings")
    other = changed(study, municipal_data=data)
    dwellings = study.words("data_level.outcome.approved_dwellings").lower()
    loans = study.words("data_level.outcome.loans").lower()
    for function in SHOWN[:2] + SHOWN[3:]:
        exhibit = displayed(other, function)
        text = f"{exhibit.title} {exhibit.caption}".lower()
        assert dwellings in text, exhibit.id
        plain = displayed(study, function)
        assert loans in f"{plain.title} {plain.caption}".lower()
        assert dwellings not in f"{plain.title} {plain.caption}".lower()


def test_unbounded_intervals_are_said_to_be(studies: dict[str, Study]) -> None:
    words = Words("en")
    assert ends_text(0.0, math.inf, words) == "unbounded"
    assert ends_text(0.0, 1.5, words) == "up to 1.50"
    assert ends_text(0.8, math.inf, words) == "from 0.80"
    assert words.written(0.0, "p") == "< 0.001"
    assert words.written((0.0, 99), "p") == "< 0.010"  # no more than ninety-nine draws can tell
    assert words.written((0.004, 9999), "p") == "0.004"
    assert words.written(None, "p") == "–"
    first, *rest = studies["en"].municipal_estimands
    wild = replace(first.estimate.wild, low=0.0, high=math.inf)
    planted = (replace(first, estimate=replace(first.estimate, wild=wild)), *rest)
    exhibit = displayed(
        changed(studies["en"], municipal_estimands=planted), growth_ratios.estimands
    )
    assert "unbounded" in exhibit.shown.iloc[0, 5]
    assert pd.isna(exhibit.data["wild_high"][0])


def test_a_verdict_without_bounds_says_so(studies: dict[str, Study]) -> None:
    problem = NotEstimableError("year_without_ratio", "...", year=2011)
    for language, study in studies.items():
        shown = displayed(changed(study, municipal_bounds=problem), conclusion.judgement)
        assert says(shown.caption, "municipal_verdict.unknown_fixed_length", language)
        assert not says(shown.caption, "municipal_verdict.unmet_fixed_length", language)
        assert "2011" in shown.shown.iloc[2, 1]
        first = study.municipal_estimands[0].estimate.interval
        assert municipal_verdict(first, first, None).key == "not_shown"


def planted_rows(study: Study, spans: dict[str, tuple[float, float]]) -> Study:
    """Put intervals into rows of the robustness table."""
    rows = []
    for row in study.municipal_robustness:
        low, high = spans.get(row.name, spans["else"])
        interval = replace(row.estimate.interval, ratio=math.sqrt(low * high), low=low, high=high)
        rows.append(replace(row, estimate=replace(row.estimate, interval=interval)))
    return changed(study, municipal_robustness=tuple(rows))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_robustness_caption_counts_its_rows(studies: dict[str, Study], language: str) -> None:
    """One row above, one below, the others and the placebo on one, which is not counted."""
    spans = {"without_2008": (1.1, 1.5), "size_by_year": (0.5, 0.9), "else": (0.9, 1.2)}
    exhibit = displayed(planted_rows(studies[language], spans), growth_ratios.robustness)
    numbers = {name: number.value for name, number in exhibit.numbers.items()}
    counted = int(numbers["municipal_robustness_rows"])
    assert counted == len(exhibit.data) - 1
    assert numbers["municipal_robustness_hold_one"] == counted - 2
    words = Words(language)
    values = {
        "rows": counted,
        "holding": counted - 2,
        "above": 1,
        "below": 1,
        "smallest": math.sqrt(0.45),
        "largest": math.sqrt(1.65),
    }
    assert words("municipal_robustness.caption", **values) in exhibit.caption
    assert says(exhibit.caption, "municipal_robustness.placebo_holds", language)
    spans["placebo_2007"] = (1.01, 1.5)
    again = displayed(planted_rows(studies[language], spans), growth_ratios.robustness)
    assert says(again.caption, "municipal_robustness.placebo_excludes", language)
    assert not says(again.caption, "municipal_robustness.placebo_holds", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_municipality_that_tips_the_answer_is_named(
    studies: dict[str, Study], language: str
) -> None:
    steady = planted_rows(studies[language], {"else": (1.1, 1.3)})
    caption = displayed(steady, growth_ratios.leave_one_out).caption
    assert says(caption, "municipal_robustness.left_out.holds", language)
    tipped = planted_rows(studies[language], {"else": (1.1, 1.3), "leave_out_SYN-P07": (0.95, 1.2)})
    caption = displayed(tipped, growth_ratios.leave_one_out).caption
    assert says(caption, "municipal_robustness.left_out.tips", language)
    assert caption.count("SYN-P07") == 2  # the smallest ratio, and the one that tips
