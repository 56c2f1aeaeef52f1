"""Questions: under the limit of cells, with codes looked up and never assumed."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsup_analysis.statbank.jsonstat import (
    Dimension,
    Selection,
    Table,
    UnexpectedTable,
    contents_code,
    key,
    municipalities,
    post_body,
    read_table,
    select,
    split,
    year_codes,
)

RECORDED = Path(__file__).parent / "recorded"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "payloads"
TRONDHEIM = Dimension("Region", "region", ("1601",), ("Trondheim",), {}, eliminable=True)


def recorded() -> Table:
    content = (RECORDED / "v2_metadata_05810_en_jsonstat2.json").read_bytes()
    return read_table(content, with_cells=False)


def with_region(region: Dimension = TRONDHEIM) -> Table:
    """The recorded table, by region too."""
    return replace(recorded(), dimensions={region.code: region, **recorded().dimensions})


def cells(selection: Selection) -> int:
    return math.prod(map(len, selection.values()))


def test_the_api_is_asked_with_the_names_its_guide_gives() -> None:
    theirs = json.loads((RECORDED / "v2_post_body_example_03013.json").read_bytes())
    (one,) = post_body({"Region": ("1601",)})["selection"]
    assert set(one) <= set(theirs["selection"][0])
    assert one == {"variableCode": "Region", "valueCodes": ["1601"]}


def test_recorded_metadata() -> None:
    table = recorded()
    assert (table.time.code, table.contents.code, table.updated) == (
        "Tid",
        "ContentsCode",
        "2025-02-25T07:00:00Z",
    )
    assert [code for code, d in table.dimensions.items() if d.eliminable] == ["Kjonn", "Alder"]
    assert table.contents.decimals == {"Personer": 0}
    # the index, not the order in the file: 0 Both sexes, 2 Females, 1 Males
    assert table.dimensions["Kjonn"].codes == ("0", "2", "1")


selections = st.dictionaries(
    st.sampled_from("ABCD"),
    st.lists(
        st.text("0123456789", min_size=1, max_size=4), min_size=1, max_size=6, unique=True
    ).map(tuple),
    min_size=1,
)


@settings(deadline=None)
@given(selections, st.integers(1, 60))
def test_pieces_are_under_the_limit_and_make_up_the_whole(whole: Selection, limit: int) -> None:
    pieces = list(split(whole, limit))
    assert all(cells(piece) <= limit for piece in pieces)
    asked = Counter(c for piece in pieces for c in itertools.product(*piece.values()))
    assert asked == Counter(itertools.product(*whole.values()))
    assert len({key(piece) for piece in pieces}) == len(pieces)


def test_no_more_pieces_than_needed_where_the_longest_variable_divides() -> None:
    whole = {"Region": tuple(map(str, range(951))), "Alder": tuple(map(str, range(106))),
             "Kjonn": ("1", "2"), "Tid": tuple(map(str, range(10)))}  # fmt: skip
    pieces = list(split(whole, 800_000))
    assert len(pieces) == 3  # 951 x 106 x 2 x 10 = 2 016 120 cells; 377 regions fit an answer
    assert sum(map(cells, pieces)) == 2_016_120


def test_a_question_has_one_name_whatever_the_order_of_its_variables() -> None:
    one = {"Region": ("1601", "1602"), "Tid": ("2009",)}
    assert key(one) == key(dict(reversed(one.items())))
    assert key(one) != key({"Region": ("1601",), "Tid": ("2009",)})


def with_contents(**fields: object) -> Table:
    contents = replace(recorded().contents, **fields)
    return replace(recorded(), dimensions={**recorded().dimensions, "ContentsCode": contents})


def test_a_contents_code_that_is_not_there_gets_the_nearest_named() -> None:
    table = with_contents(
        codes=("KOSnettodrift0000", "KOSfainansstart0000", "KOSx"),
        labels=(
            "Netto driftsutgifter til boligformål, konsern",
            "Boliger godkjent av kommunen for finansiering med startlån, per 1000 innbyggere",
            "Annet",
        ),
    )
    with pytest.raises(UnexpectedTable) as refused:
        contents_code(table, "KOSfainansstartp0000", "boliger startlån")
    said = str(refused.value)
    assert said.startswith("it has no contents code KOSfainansstartp0000; nearest of its 3: "
                           "KOSfainansstart0000 (Boliger godkjent")  # fmt: skip
    assert said.endswith("name the right one with --contents")


def test_near_in_words_counts_where_the_code_is_another() -> None:
    table = with_contents(
        codes=("KOSfainansxxxxx0000", "K1179763756P4866"),
        labels=("Noe annet", "Boliger godkjent for finansiering med startlån, per 1000 innbyggere"),
    )
    words = "Boliger godkjent av kommunen for finansiering med startlån, per 1000 innbyggere"
    with pytest.raises(UnexpectedTable, match=r"nearest of its 2: K1179763756P4866 \(Boliger"):
        contents_code(table, "KOSfainansstartp0000", words)


def test_years_that_are_not_there_are_named() -> None:
    assert year_codes(recorded(), [2011, 2010, 2011]) == ("2010", "2011")
    with pytest.raises(UnexpectedTable, match="it has no 2006, 2031; it goes from 1845 to 2025"):
        year_codes(recorded(), [2010, 2031, 2006])


def test_totals_are_left_to_the_table_where_it_adds_up() -> None:
    assert others(with_region()) == {}


def others(table: Table, may_add: bool = False) -> Selection:
    """What is chosen for sex and age."""
    chosen = select(table, ("16",), "Personer", [2010], may_add)
    assert (chosen["Region"], chosen["ContentsCode"], chosen["Tid"]) == (
        ("1601",),
        ("Personer",),
        ("2010",),
    )
    return {code: codes for code, codes in chosen.items() if code in ("Kjonn", "Alder")}


def changed(table: Table, code: str, **fields: object) -> Table:
    one = replace(table.dimensions[code], **fields)
    return replace(table, dimensions={**table.dimensions, code: one})


def test_totals_are_chosen_by_label_or_added_up_or_refused() -> None:
    by_label = changed(with_region(), "Kjonn", eliminable=False)
    assert others(by_label) == {"Kjonn": ("0",)}
    parts = changed(by_label, "Kjonn", codes=("1", "2"), labels=("Males", "Females"))
    assert others(parts, may_add=True) == {"Kjonn": ("1", "2")}
    with pytest.raises(UnexpectedTable, match=r"its variable Kjonn \(gender\) must be chosen from"):
        others(parts)
    # overlapping groups of age would count people twice
    ages = changed(
        with_region(),
        "Alder",
        eliminable=False,
        codes=("000", "00-15"),
        labels=("0 years", "0-15 years"),
    )
    with pytest.raises(UnexpectedTable, match="no clear total among 0 years, 0-15 years"):
        others(ages, may_add=True)


def test_the_region_s_codes_are_those_of_the_table_that_stand_for_municipalities() -> None:
    region = replace(
        TRONDHEIM,
        code="KOKkommuneregion0000",
        codes=("0", "15", "1502", "1599", "160101", "1601", "5001", "EAK15", "0301"),
        labels=("Landet", "fylke", "Molde", "Uoppgitt komm. Møre og Romsdal", "bydel",
                "Trondheim (-2017)", "Trondheim", "gruppe", "Oslo"),
    )  # fmt: skip
    table = with_region(region)
    found = municipalities(table, ("15", "16", "17", "50"))
    assert found == ("KOKkommuneregion0000", ("1502", "1601", "5001"))
    twice = replace(table, dimensions={**table.dimensions, "Bosted": region})
    with pytest.raises(UnexpectedTable, match="KOKkommuneregion0000 and Bosted both hold"):
        municipalities(twice, ("15",))


def test_a_recorded_kostra_table_names_its_region_in_its_own_way() -> None:
    answer = RECORDED / "v2_data_12134_no_jsonstat2_KOSTRA.json"
    found = municipalities(read_table(answer.read_bytes()), ("15", "16", "17", "50"))
    assert found == ("KOKkommuneregion0000", ("5001",))


def test_the_codes_asked_for_are_among_those_others_asked_for() -> None:
    """csdata's recorded request names every code of table 07459; the region is found in it."""
    path = SHARED / "v1_query_07459_municip_2009_query.json"
    if not path.is_file():
        pytest.skip("the recorded request is not at hand")
    codes = json.loads(path.read_bytes())["query"][0]["selection"]["values"]
    table = with_region(replace(TRONDHEIM, codes=tuple(codes), labels=tuple(codes)))
    _, found = municipalities(table, ("15", "16", "17", "50"))
    assert {"1601", "1505", "1756", "5001"} <= set(found)
    assert len(found) == 159  # 156 municipalities of all years, 3 codes for an unknown one
