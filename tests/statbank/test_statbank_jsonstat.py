"""json-stat2: recorded answers, another reader, and whatever else is legal or broken."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsup_analysis.statbank.jsonstat import Malformed, read_table

RECORDED = Path(__file__).parent / "recorded"
DATA = RECORDED / "data_05300_no_jsonstat2.json"
KOSTRA = RECORDED / "v2_data_12134_no_jsonstat2_KOSTRA.json"


def test_a_recorded_answer_keeps_its_signs() -> None:
    cube = read_table(DATA.read_bytes())
    table = cube.cells()
    assert (cube.table_id, cube.updated) == ("05300", "2022-05-24T06:00:00Z")
    assert len(table) == 432
    # counted in the file: 28 empty cells, 20 marked "." and 8 marked ".."
    assert table["sign"].value_counts().to_dict() == {".": 20, "..": 8}
    assert table.loc[table["value"].isna(), "sign"].notna().all()
    one = table[(table["Avstand1"] == "01") & (table["Kulturtilbud"] == "08")]
    assert one.set_index("Tid").loc["2016", "value"] == 18
    assert one.set_index("Tid").loc["2021", "sign"] == "."
    assert cube.dimensions["ContentsCode"].decimals == {"Avstand": 0}


def test_a_recorded_answer_keeps_codes_with_leading_zeros() -> None:
    cube = read_table(KOSTRA.read_bytes())
    table = cube.cells().set_index("KOKkommuneregion0000")
    assert table["value"].to_dict() == {"0301": 81240, "4601": 66605, "5001": 62853}
    assert cube.roles["geo"] == ("KOKkommuneregion0000",)


@pytest.mark.filterwarnings("ignore:Shouldn't use this function:DeprecationWarning")
@pytest.mark.parametrize("path", [DATA, KOSTRA], ids=lambda p: p.stem)
def test_another_reader_finds_the_same_cells(path: Path) -> None:
    """pyjstat 2.4 reads codes and values; its dimensions and order must be ours, exactly."""
    pyjstat = pytest.importorskip("pyjstat.pyjstat")
    dataset = pyjstat.Dataset.read(path.read_text(encoding="utf-8"))
    theirs = dataset.write("dataframe", naming="id")
    if "status" in dataset:
        theirs["sign"] = dataset.write("dataframe", naming="id", value="status")["status"]
    ours = read_table(path.read_bytes()).cells()[list(theirs)]
    ours["value"] = pd.to_numeric(ours["value"])
    pd.testing.assert_frame_equal(
        ours.astype(object).fillna("empty"), theirs.astype(object).fillna("empty"), check_exact=True
    )


codes = st.text("0123456789abKOST", min_size=1, max_size=5)
numbers = (
    st.none() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
)
signs = st.none() | st.sampled_from([".", "..", "...", ":", "-", "*"])


@st.composite
def cubes(draw: st.DrawFn) -> tuple[dict[str, Any], list[tuple[str, ...]], list[Any], list[Any]]:
    """A legal answer in one of its spellings, and the cells it means."""
    names = draw(st.lists(codes, min_size=1, max_size=3, unique=True))
    values_of = {n: draw(st.lists(codes, min_size=1, max_size=4, unique=True)) for n in names}
    count = math.prod(map(len, values_of.values()))
    values = draw(st.lists(numbers, min_size=count, max_size=count))
    marks = draw(st.lists(signs, min_size=count, max_size=count))
    dimension = {}
    for name, order in values_of.items():
        index: Any = list(order)
        if draw(st.booleans()):
            index = dict(draw(st.permutations([(code, i) for i, code in enumerate(order)])))
        dimension[name] = {"category": {"index": index, "label": {c: f"label {c}" for c in order}}}
    document: dict[str, Any] = {
        "version": "2.0",
        "class": "dataset",
        "id": names,
        "size": [len(values_of[n]) for n in names],
        "dimension": dimension,
        "value": values,
        "status": marks,
    }
    if draw(st.booleans()):
        document["value"] = {str(i): v for i, v in enumerate(values) if v is not None}
    if draw(st.booleans()):
        document["status"] = {str(i): s for i, s in enumerate(marks) if s is not None}
    if not any(marks) and draw(st.booleans()):
        del document["status"]
    return document, list(itertools.product(*values_of.values())), values, marks


@settings(deadline=None)
@given(cubes())
def test_every_legal_spelling_means_the_same_cells(cube: Any) -> None:
    document, places, values, marks = cube
    table = read_table(json.dumps(document).encode()).cells()
    assert list(table[document["id"]].itertuples(index=False, name=None)) == places
    assert list(table["value"]) == values
    assert list(table["sign"]) == marks


@settings(deadline=None)
@given(cubes(), st.data())
def test_an_answer_cut_anywhere_is_refused(cube: Any, data: st.DataObject) -> None:
    content = json.dumps(cube[0]).encode()
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(Malformed):
        read_table(content[:cut])


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(cubes(), st.data())
def test_whatever_replaces_a_part_is_read_or_refused_in_words(
    cube: Any, data: st.DataObject
) -> None:
    document = json.loads(json.dumps(cube[0]))
    spot: Any = document
    while True:
        keys = list(spot) if isinstance(spot, dict) else range(len(spot))
        if not keys:
            return
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(spot[key], dict | list) or data.draw(st.booleans()):
            spot[key] = data.draw(anything)
            break
        spot = spot[key]
    try:
        read_table(json.dumps(document).encode()).cells()
    except Malformed as refusal:
        assert "\n" not in str(refusal)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_answer_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(Malformed, match="the answer is"):
        read_table(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": [1, 2]}, "2 cells where 3 belong"),
        ({"value": [1, 2, "3"]}, "a cell is of the wrong kind"),
        ({"value": [1, 2, True]}, "a cell is of the wrong kind"),
        ({"value": {"0": 1, "7": 2}}, "there is no cell 7"),
        ({"size": [3, 1, 2]}, "its size is not that of its dimensions"),
        ({"class": "collection"}, "it is no dataset"),
        ({"id": ["KOKkommuneregion0000"]}, "its size"),
        ({"dimension": {}}, "'KOKkommuneregion0000' is missing"),
    ],
    ids=lambda x: next(iter(x)) if isinstance(x, dict) else "",
)
def test_parts_that_do_not_fit_are_named(change: dict[str, Any], words: str) -> None:
    document = json.loads(KOSTRA.read_bytes()) | change
    with pytest.raises(Malformed, match=words):
        read_table(json.dumps(document).encode())


def test_numbers_that_are_none_are_refused() -> None:
    for text in ("NaN", "Infinity", "1e999"):
        broken = KOSTRA.read_bytes().replace(b"81240", text.encode())
        with pytest.raises(Malformed):
            read_table(broken)
