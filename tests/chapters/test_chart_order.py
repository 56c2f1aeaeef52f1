"""All orders of the chart's bars: counts, sums, and words that follow the bars."""

from itertools import permutations

import pytest
from readers_eye import says

from bsup_analysis.chapters.effects.chart_order import chart_orders_figure, order_rows
from bsup_analysis.effects.intervals import chart_orders
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.study import Study

BARS = (993, 931, 1047, 1487)  # document p. 11
YEARS = (2007, 2008, 2009, 2010)
PRIORITY = {2009: 738, 2010: 1009}  # document p. 14, sums
PRESS = {2009: 1047, 2010: 1487}  # s-n.no/flest-startlan-i-meraker
KEYS = [
    *(f"direction_{side}" for side in ("below", "above", "both")),
    *(f"press_{how}" for how in ("none", "one", "several")),
]


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("en")


def exhibit_of(
    bars: tuple[int, ...] = BARS,
    priority: dict[int, int] = PRIORITY,
    press: dict[int, int] = PRESS,
    language: str = "en",
) -> Exhibit:
    return chart_orders_figure(chart_orders(bars, YEARS, priority, press), Words(language))


def test_counts_by_trying_all(study: Study) -> None:
    every = [dict(zip(YEARS, order, strict=True)) for order in permutations(BARS)]
    possible = [o for o in every if all(o[year] >= loans for year, loans in PRIORITY.items())]
    agreed = [o for o in possible if all(o[year] == loans for year, loans in PRESS.items())]
    numbers = chart_orders_figure(study.orders_of_the_chart, Words("en")).numbers
    counted = [numbers[f"chart_orders_{name}"].value for name in ("total", "possible", "press")]
    assert counted == [len(every), len(possible), len(agreed)] == [24, 12, 2]


def test_rows_share_out_the_same_loans(study: Study) -> None:
    rows = order_rows(study.orders_of_the_chart)
    region = [f"region_{year}" for year in YEARS]
    assert (rows[region].sum(axis=1) == sum(BARS)).all()
    assert not rows[region].duplicated().any()
    for year, loans in PRIORITY.items():
        assert (rows[f"other_{year}"] == rows[f"region_{year}"] - loans).all()
    left = rows[[f"other_{year}" for year in PRIORITY]].min(axis=1)
    assert (rows["possible"] == (left >= 0)).all()
    assert (rows["ratio"].notna() == (left > 0)).all()


def test_confirmed_orders_come_first_with_the_published_ratio(study: Study) -> None:
    rows = order_rows(study.orders_of_the_chart)
    confirmed = rows[rows["agrees_with_press"]]
    assert list(confirmed.index) == list(range(len(confirmed)))
    contrast = study.loans_contrast.totals.ratio
    assert confirmed["ratio"].to_numpy() == pytest.approx(contrast, rel=1e-12)
    rest = rows[rows["possible"] & ~rows["agrees_with_press"]]
    assert rest["ratio"].is_monotonic_increasing
    assert rows["possible"].is_monotonic_decreasing


@pytest.mark.parametrize("language", LANGUAGES)
def test_figure_tells_its_numbers(study: Study, language: str) -> None:
    words = Words(language)
    exhibit = chart_orders_figure(study.orders_of_the_chart, words)
    for name in ("total", "possible", "press"):
        assert words.count(exhibit.numbers[f"chart_orders_{name}"].value) in (
            exhibit.alternative_text
        )
    for end in ("low", "high"):
        number = words.decimal(exhibit.numbers[f"chart_orders_ratio_{end}"].value)
        assert number in exhibit.alternative_text
        assert number in exhibit.caption


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("bars", "priority", "press", "expected"),
    [
        (BARS, PRIORITY, PRESS, {"direction_both", "press_one"}),
        (BARS, PRIORITY, {}, {"direction_both", "press_several"}),
        (BARS, PRIORITY, {2010: 1487}, {"direction_both", "press_several"}),
        # the press names a bar that is not there
        (BARS, PRIORITY, {2009: 1048}, {"direction_both", "press_none"}),
        # priority loans tripled while no two bars differ by much
        (
            (1000, 1001, 1002, 1003),
            {2009: 300, 2010: 900},
            PRESS,
            {"direction_above", "press_none"},
        ),
        (
            (1000, 1001, 1002, 1003),
            {2009: 900, 2010: 300},
            PRESS,
            {"direction_below", "press_none"},
        ),
    ],
)
def test_words_follow_the_bars(
    bars: tuple[int, ...],
    priority: dict[int, int],
    press: dict[int, int],
    expected: set[str],
    language: str,
) -> None:
    caption = exhibit_of(bars, priority, press, language).caption
    assert {key for key in KEYS if says(caption, f"chart_order.{key}", language)} == expected


def test_an_order_that_leaves_the_others_none_is_possible_without_a_ratio() -> None:
    exhibit = exhibit_of(priority={2009: 738, 2010: 1047})
    empty = exhibit.data[exhibit.data["other_2010"] == 0]
    assert not empty.empty
    assert empty["possible"].all()
    assert empty["ratio"].isna().all()
    assert exhibit.svg()


def test_bars_too_small_for_the_priority_group_are_refused() -> None:
    with pytest.raises(InputError, match="No order of the chart's bars"):
        exhibit_of(priority={2009: 5000, 2010: 5000})
