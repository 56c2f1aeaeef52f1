"""Titles say what the intervals show and no more; the timeline stands where its facts do."""

from types import SimpleNamespace
from typing import Any

import pytest
from displayed import made

from bsup_analysis.chapters.effects.answers import main_contrast
from bsup_analysis.chapters.programme.timeline import span, timeline
from bsup_analysis.effects.intervals import Interval
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.study import Study

CHANCE = {"en": "can be chance", "nb": "kan være tilfeldig"}
MORE = {
    ("en", "priority"): "rose more in the priority municipalities",
    ("en", "other"): "rose more in the other municipalities",
    ("en", "less"): "rose less in the priority municipalities than",
    ("nb", "priority"): "økte mer i satsingskommunene",
    ("nb", "other"): "økte mer i de øvrige kommunene",
    ("nb", "less"): "økte mindre i satsingskommunene enn",
}


def planted(ratio: float, low: float, high: float, own: float = 1.4) -> Any:
    """A contrast of one outcome with a known ratio and interval."""
    growth = {"priority": Interval.exact(own), "other": Interval.exact(own / ratio)}
    widest = SimpleNamespace(ratio=ratio, low=low, high=high, level=0.95)
    return SimpleNamespace(growth=growth, widest=widest)


def title(language: str, loans: Any, amount: Any) -> str:
    return main_contrast({"loans": loans, "amount": amount}, Words(language)).title


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("interval", "way", "shown"),
    [
        ((0.88, 0.67, 1.16), "other", False),
        ((1.14, 0.86, 1.49), "priority", False),
        ((1.30, 1.10, 1.60), "priority", True),
        ((0.80, 0.70, 0.95), "less", True),
        ((0.90, 0.80, 1.00), "other", False),  # an interval that touches one holds it
    ],
)
def test_a_title_follows_a_planted_interval(
    language: str, interval: tuple[float, float, float], way: str, shown: bool
) -> None:
    found = title(language, planted(*interval), planted(*interval))
    assert MORE[language, way] in found
    assert (CHANCE[language] in found) is not shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_swapped_groups_give_the_other_title(language: str) -> None:
    one, other = planted(0.88, 0.67, 1.16), planted(1 / 0.88, 1 / 1.16, 1 / 0.67, 1.4 / 0.88)
    assert MORE[language, "other"] in title(language, one, one)
    assert MORE[language, "priority"] in title(language, other, other)


@pytest.mark.parametrize("language", LANGUAGES)
def test_loans_alone_are_named_where_the_nok_show_something_else(language: str) -> None:
    open_, shown = planted(0.88, 0.67, 1.16), planted(0.7, 0.6, 0.9)
    both, apart = title(language, open_, open_), title(language, open_, shown)
    assert both != apart
    assert both.split(MORE[language, "other"])[1] == apart.split(MORE[language, "other"])[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_did_not_rise_is_not_said_to_have_risen(language: str) -> None:
    fell = planted(0.9, 0.7, 1.2, own=0.8)
    found = title(language, fell, fell)
    assert "rose" not in found
    assert "økte" not in found
    assert CHANCE[language] in found


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("2009", (2009.0, 2010.0)),
        ("2009/2012", (2009.0, 2013.0)),
        ("2010-08", (2010 + 7 / 12, 2010 + 8 / 12)),
        ("2010-01-19", (2010 + 18 / 365, 2010 + 19 / 365)),
        ("2008-10-01/2011-09-30", (2008 + 274 / 366, 2011 + 273 / 365)),
    ],
)
def test_a_date_is_a_span_of_decimal_years(said: str, ends: tuple[float, float]) -> None:
    assert span(said) == pytest.approx(ends)


def test_the_timeline_draws_each_fact_where_it_is() -> None:
    exhibit = made(Study("en"), timeline)
    data, (axes,) = exhibit.data.set_index("lane"), exhibit.figure.axes
    bars = [
        (bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches if bar.get_y() > -1
    ]
    for lane in ("period", "chosen", "loss_sharing", "fafo"):
        row = data.loc[lane]
        assert any(bar == pytest.approx((row["start"], row["end"])) for bar in bars), lane
    # document pp. 1, 13, 15 and 16
    assert tuple(data.loc["period", ["start", "end"]]) == (2009, 2013)
    assert tuple(data.loc["period_again", ["start", "end"]]) == (2010, 2013)
    assert tuple(data.loc["chosen", ["start", "end"]]) == (2009, 2010)
    assert data.loc["document", "said"].tolist() == ["2010-01-19", "2011-08"]
    assert "chosen" in exhibit.title
