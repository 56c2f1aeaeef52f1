"""Single checks on small tables, where the answer is known beforehand."""

import json

import pandas as pd
import pytest

from bsup_analysis.analysis.audit import CHECKS, document_checks
from bsup_analysis.analysis.audit.statement import Statement, interval, written


def statement(check: str, printed: str = "", comparison: str = "equal", **given_: str) -> Statement:
    return Statement("S001", 9, printed, comparison, check, given_)


def test_numbers_are_written_as_the_tables_do() -> None:
    assert (written(109773554.0), written(63.90798661), interval(2, 2), interval(45, 46)) == (
        "109773554",
        "63.90798661",
        "2",
        "45/46",
    )


PERSONS = pd.DataFrame(
    {
        "municipality_code": ["1", "1", "1", "2", "2", "2", "3", "3", "3"],
        "group": ["priority"] * 3 + ["other"] * 6,
        "year": [2009, 2010, 2011] * 3,
        "population": [500, 520, 550, 300, 290, 280, 100, 101, 99],
    }
)


def test_growth_is_to_the_next_year() -> None:
    asked = statement(
        "population_growth", "25", "more_than", municipality="1", plausible_years="2009-2011"
    )
    found = CHECKS["population_growth"].compute(asked, PERSONS)
    assert (found.status, found.recomputed) == ("reproduced", "30")
    assert found.details["held_years"] == [2010]
    assert found.details["all_years"] == [2009, 2010]


def test_rank_decline_and_size_count_what_they_say() -> None:
    years = {"plausible_years": "2009-2011"}
    second = statement("population_rank", "2", municipality="2", **years)
    assert CHECKS["population_rank"].compute(second, PERSONS).status == "reproduced"
    third = statement("population_rank", "3", municipality="3", **years)
    assert CHECKS["population_rank"].compute(third, PERSONS).status == "reproduced"
    # only the second falls every year; the third rises once
    falling = statement("population_decline", comparison="exists", years="2009-2011")
    assert CHECKS["population_decline"].compute(falling, PERSONS).recomputed == "1"
    largest = statement("size_rank", comparison="exists", group="priority", year="2009")
    assert CHECKS["size_rank"].compute(largest, PERSONS).recomputed == "1"
    others = statement("size_rank", comparison="exists", group="other", year="2009")
    assert CHECKS["size_rank"].compute(others, PERSONS).recomputed == "1"
    smallest = statement("municipality_population", "101", municipality="smallest", **years)
    assert CHECKS["municipality_population"].compute(smallest, PERSONS).details["held_years"] == [
        2010
    ]


def test_nobody_falling_contradicts_a_decline() -> None:
    rising = PERSONS.assign(population=range(9))
    asked = statement("population_decline", comparison="exists", years="2009-2011")
    assert CHECKS["population_decline"].compute(asked, rising).status == "contradicted"


def test_the_press_takes_the_first_place_from_a_row_of_the_table() -> None:
    rows = PERSONS[PERSONS["year"] == 2010].assign(
        loans=pd.array([5, None, None], dtype="Int64"),
        amount_nok=pd.array([5000, None, None], dtype="Int64"),
    )
    press = pd.DataFrame(
        {
            "area_kind": ["municipality"] * 2,
            "area_code": ["2", "1"],
            "year": [2010, 2010],
            "quantity": ["average_loan", "average_loan"],
            "printed_value": [1001, 9999],
        }
    )
    asked = statement("rank", "1", municipality="1", year="2010", measures="loans,average_loan_nok")
    found = CHECKS["rank"].compute(asked, rows, press)
    # the press's own figure for the municipality asked about is not one of the others
    assert found.details == {"loans_rank": 1, "average_loan_nok_rank": 2}
    assert (found.status, found.recomputed) == ("undefined", "1;2")


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("2010-01", "2010-01-19", True),
        ("2010-02", "2010-01-19", False),
        ("2009/2012", "2009/2012", True),
        ("2009/2012", "2010/2012", False),
        ("3", "2010/2012", True),
        ("3", "2009/2012", False),
        ("4", "3", False),
        ("2009", "2009", True),
        ("2009", "2010", False),
        ("2009", "2009-05", True),
    ],
)
def test_dates_agree_as_far_as_they_go(one: str, other: str, agree: bool) -> None:
    for first, second in ((one, other), (other, one)):
        rows = pd.DataFrame(
            {
                "statement_id": ["S001", "S002"],
                "page": [1, 2],
                "printed_value": [first, second],
                "check": "date_consistency",
                "check_argument": "topic=t",
            }
        )
        found = document_checks.date_consistency(
            statement("date_consistency", first, topic="t"), rows
        )
        assert found.status == ("reproduced" if agree else "contradicted")


def test_a_date_told_once_cannot_be_compared() -> None:
    alone = pd.DataFrame(
        {
            "statement_id": ["S001"],
            "page": [1],
            "printed_value": ["2009"],
            "check": "date_consistency",
            "check_argument": "topic=t",
        }
    )
    found = document_checks.date_consistency(
        statement("date_consistency", "2009", topic="t"), alone
    )
    assert found.status == "unrecoverable"


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        ("2010-08", "unrecoverable"),
        ("2010", "unrecoverable"),
        ("2011-09", "contradicted"),
        ("2009-12-31", "contradicted"),
    ],
)
def test_order_can_refute_a_date_but_not_confirm_it(printed: str, status: str) -> None:
    asked = statement("date_order", printed, not_before="2010-01", not_after="2011-08")
    assert CHECKS["date_order"].compute(asked).status == status


def test_an_axis_must_be_even_and_hold_its_bars() -> None:
    region = pd.DataFrame(
        {"year": [2009], "loans": pd.array([10], dtype="Int64"), "amount_nok_high": [1.0]}
    )
    for ticks, printed, status in (
        ([0, 5, 10], "10", "reproduced"),
        ([0, 4, 10], "10", "contradicted"),
        ([0, 4, 8], "8", "contradicted"),
        ([0, 6, 12], "10", "contradicted"),
    ):
        axes = pd.DataFrame({"chart": "loans", "axis": "value", "tick": ticks})
        asked = statement("chart_axis", printed, "at_most", chart="loans", axis="value")
        assert CHECKS["chart_axis"].compute(asked, axes, region).status == status


def test_what_a_reason_tells_can_be_read_back(audit: pd.DataFrame) -> None:
    details = audit.set_index("statement_id")["reason_values"].map(json.loads)
    # p. 6 against itself and against p. 14, NOK of 2009 on 2008: 46 and 46.778 on 36 million
    assert details["S040"] == {
        "amount_nok_text_change": pytest.approx(46 / 36 - 1),
        "amount_nok_table_change": pytest.approx(46.778 / 36 - 1),
    }
    # contradictions A9: 5 + 1 + 1 + 1 contracts, 12 municipalities with the partners of Namsos
    assert details["S060"] == {"contracts_count": 8, "covered_count": 12}
    # contradictions A6: sixth by number, third by NOK; the press puts Meråker first per inhabitant
    assert details["S046"]["loans_rank"] == 6
    assert details["S046"]["amount_nok_rank"] == 3
    assert details["S046"]["loans_per_1000_rank"] == 1
    assert details["S046"]["amount_nok_per_inhabitant_rank"] == 2
