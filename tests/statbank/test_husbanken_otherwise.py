"""Husbanken's bank as it may answer otherwise: the right table, or one sentence."""
# ruff: noqa: F811 - fixtures are imported

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from qlik_server import Fault, Session
from statbank_tables import Said
from test_husbanken import (  # noqa: F401 - fixtures among them
    TRUE,
    app,
    brought,
    ends_with,
    engine,
    fetch,
    require_true,
)

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.municipal_table import read_municipal
from bsup_analysis.municipal_import.municipalities import reference
from bsup_analysis.statbank.husbanken import contents

Change = Callable[[dict[str, Any]], None]
Row = tuple[str, str, Any, Any]


def cells(change: Callable[[list[dict[str, Any]]], None]) -> Fault:
    """Spoil every row of every page."""

    def all_rows(reply: dict[str, Any]) -> None:
        for row in reply["result"]["qDataPages"][0]["qMatrix"]:
            change(row)

    return Fault("x", detail=all_rows, times=10**6)


def cube(change: Change) -> Fault:
    """Spoil the layout of the hypercube."""

    def only(reply: dict[str, Any]) -> None:
        found = reply["result"]["qLayout"].get("qHyperCube")
        if found:
            change(found)

    return Fault("x", "GetLayout", detail=only, times=10**6)


# --- the same table, told otherwise ---


def named(row: list[dict[str, Any]]) -> None:
    if row[0]["qText"] == "1601":
        row[0]["qText"] = "1601 Trondheim - Tråante"


def numeric_codes(row: list[dict[str, Any]]) -> None:
    for one in row[:2]:
        if one["qText"] != "-":
            one.update(qNum=float(one["qText"]), qState="O")


def floats(row: list[dict[str, Any]]) -> None:
    for one in row[2:]:
        if isinstance(one["qNum"], int):
            one["qNum"] = one["qNum"] + 1e-9


def dressed(row: list[dict[str, Any]]) -> None:
    if isinstance(row[2]["qNum"], int):
        row[2]["qText"] = f"{row[2]['qNum']:,}".replace(",", "\u202f")
    if isinstance(row[3]["qNum"], int):
        row[3]["qText"] = f"kr {row[3]['qNum'] / 1e6:.1f} mill."


def text_alone(row: list[dict[str, Any]]) -> None:
    for one in row[2:]:
        one.update(qText=f"{one['qNum']:,}".replace(",", " "), qNum="NaN")


def bare(row: list[dict[str, Any]]) -> None:
    for one in row:
        for key in ("qElemNumber", "qState"):
            one.pop(key)


@pytest.mark.parametrize("change", [named, numeric_codes, floats, dressed, text_alone, bare])
def test_cells_written_otherwise(app: Any, change: Any) -> None:
    app.faults = [cells(change)]
    require_true(brought(app).table)


def no_area(reply: dict[str, Any]) -> None:
    reply["result"]["qDataPages"][0].pop("qArea")


def more_parts(reply: dict[str, Any]) -> None:
    reply.update(change=[2, 3], delta=True)
    reply["result"]["qDataPages"][0]["qIsReduced"] = False


@pytest.mark.parametrize("change", [no_area, more_parts])
def test_pages_written_otherwise(app: Any, change: Any) -> None:
    app.faults = [Fault("x", detail=change, times=10**6)]
    require_true(brought(app).table)


@pytest.mark.parametrize("height", [1, 7, 100])
def test_pages_lower_than_asked_for(app: Any, height: int) -> None:
    if height == 1:
        app.rows = [row for row in app.rows if row[0] in ("1601", "1534", "1702")]
    app.most_rows = height
    found = brought(app).table
    if height > 1:
        require_true(found)
        return
    for row in found[found["year"] != "2008"].itertuples():
        assert [row.loans, row.amount_nok] == [
            str(n) for n in TRUE[row.municipality_code, int(row.year)]
        ]


def _parts(data: bytes) -> bytes:
    half = len(data) // 2
    first, second = data[:half], data[half:]
    head = b"\x01\x7f" + struct.pack(">Q", half) + first + b"\x89\x00"  # a ping between
    return head + b"\x80\x7f" + struct.pack(">Q", len(second)) + second


FRAMES = {
    "binary": lambda data: b"\x82" + Session.frame(data)[1:],
    "in parts": _parts,
    "marked": lambda data: Session.frame(b"\n " + data),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_written_otherwise(app: Any, name: str) -> None:
    app.faults = [Fault("framed", detail=FRAMES[name], times=10**6)]
    require_true(brought(app).table)


@pytest.mark.parametrize("closing", [(1001, b"going away"), (1006, b""), (4000, b"idle")], ids=str)
@pytest.mark.parametrize("method", ["OpenDoc", "GetLayout", "GetHyperCubeData"])
def test_a_session_that_is_closed_is_opened_anew(
    app: Any,
    method: str,
    closing: tuple[int, bytes],
) -> None:
    app.most_rows = 100
    app.faults = [Fault("close", method, after=1 if method != "OpenDoc" else 0, detail=closing)]
    require_true(brought(app).table)
    assert app.connections == 2
    app.faults = [Fault("close", method, times=10**6, detail=closing)]
    ends_with(app, r"the connection (was closed before the answer|broke .Invalid close.*), 3 times")


def test_fields_in_another_case(app: Any) -> None:
    app.tables |= {"DimKommune": ["Kommunenr", "Fylke"], "DimTid": ["A\u030aR"]}
    require_true(brought(app).table)
    app.tables["Andre"] = ["KOMMUNENR"]
    ends_with(app, "it has no field KommuneNr .near: ")


def test_measures_without_an_expression_are_no_candidates(app: Any) -> None:
    def spoil(reply: dict[str, Any]) -> None:
        listed = reply["result"]["qLayout"].get("qMeasureList")
        if listed:
            listed["qItems"][0]["qData"].pop("expression")
            listed["qItems"].append({"qInfo": {"qId": "x"}, "qData": {"title": "Tom"}})

    app.faults = [Fault("x", "GetLayout", detail=spoil, times=10**6)]
    require_true(brought(app).table)
    assert "Tom" not in "".join(contents(engine(app)).lines(""))


# --- what is hidden or lacking is unknown, never zero ---

HIDDEN = ["..", ".", "*", ":", "<4", "< 4", "..."]
EMPTY = ["-", "", "NaN", "null", "nan"]


@pytest.mark.parametrize("text", HIDDEN + EMPTY)
@pytest.mark.parametrize("number", ["NaN", 0, 2, None], ids=str)
def test_what_the_text_hides_is_unknown_whatever_the_number(
    app: Any,
    text: str,
    number: Any,
) -> None:
    def hide(row: list[dict[str, Any]]) -> None:
        if (row[0]["qText"], row[1]["qText"]) == ("1640", "2010"):
            row[2].update(qText=text, qNum=number)

    app.faults = [cells(hide)]
    table = brought(app).table.set_index(["municipality_code", "year"])
    assert table.loc[("1640", "2010"), "loans"] == (":" if text in HIDDEN else "")


def test_corners_that_are_missing_are_unknown(
    fetch: Callable[..., Said],
    app: Any,
) -> None:
    left_out = {("1640", "2010"), ("1702", "2009"), ("1702", "2010")}
    app.rows = [row for row in app.rows if row[:2] not in left_out and row[1] != "2011"]
    status, out, err = fetch("--years", "2009-2012", "--definition", "loans")
    assert (status, err) == (0, "")
    assert "Unknown, not zero: there is no row of 2011, 2012." in out
    table = read_municipal().set_index(["municipality_code", "year"])
    for code, year in left_out:
        assert pd.isna(table.loc[(code, int(year)), "loans"])
    assert not (set(table.index.get_level_values("year")) & {2011, 2012}) or (
        table.loc[(slice(None), [2011, 2012]), "loans"].isna().all()
    )


# --- refused ---


def put(place: int, **values: Any) -> Callable[[list[dict[str, Any]]], None]:
    def change(row: list[dict[str, Any]]) -> None:
        if (row[0]["qText"], row[1]["qText"]) == ("1640", "2010"):
            row[place].update(values)

    return change


ODD = {
    "below zero": (put(2, qText="-5", qNum=-5), "a cell holds '-5'"),
    "half a loan": (put(2, qText="7,5", qNum=7.5), "a number of loans is '7,5'"),
    "huge": (put(2, qText="1E+300", qNum=1e300), "a cell holds '1E.300'"),
    "beyond": (put(3, qText="x", qNum=10**400), "a cell holds 'x'|is not as expected"),
    "infinite": (put(2, qText="12", qNum=float("inf")), None),
    "a word with a number": (put(2, qText="Prikket", qNum=2), "a cell holds 'Prikket'"),
    "a word with zero": (put(2, qText="Skjult", qNum=0), "a cell holds 'Skjult'"),
    "a range": (put(2, qText="1-3", qNum=2), "a cell holds '1-3'"),
    "more than": (put(2, qText="> 100", qNum=100), "a cell holds '> 100'"),
    "a share": (put(2, qText="12 %", qNum=12), "a cell holds '12 %'"),
    "text and number apart": (put(2, qText="5", qNum=50), "a cell holds '5'"),
    "a date": (put(1, qText="01.01.2010", qNum=40179), "is called '01.01.2010'"),
    "a quarter": (put(1, qText="2010 K1", qNum=2010), "is called '2010 K1'"),
    "a part of a year": (put(1, qText="2010 høst", qNum=2010), "is called '2010 høst'"),
    "a year with a point": (put(1, qText="2.010", qNum=2010), "is called '2.010'"),
    "a sum row": (put(0, qText="Totalt", qElemNumber=-1), "is called 'Totalt'"),
    "three columns": (lambda row: row.pop(), "is not as expected"),
    "five columns": (lambda row: row.append(row[3]), "is not as expected"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_cells_end_in_a_sentence(app: Any, name: str) -> None:
    change, words = ODD[name]
    app.faults = [cells(change)]
    if words is None:
        table = brought(app).table.set_index(["municipality_code", "year"])
        assert table.loc[("1640", "2010"), "loans"] == "12"
    else:
        ends_with(app, words)


CUBES: dict[str, tuple[Change, str]] = {
    "a pivot": (lambda found: found.update(qMode="P"), "it has the columns"),
    "no size": (lambda found: found.pop("qSize"), "'qSize' is missing"),
    "below nothing": (lambda found: found.update(qSize={"qcy": -3}), "no such number of rows"),
    "endless": (lambda found: found.update(qSize={"qcy": 10**400}), "no such number of rows"),
    "a text": (lambda found: found.update(qSize={"qcy": "mange"}), "is not as expected"),
    "more than there are": (
        lambda found: found.update(qSize={"qcy": found["qSize"]["qcy"] + 5}),
        "0 rows from row|rows from row",
    ),
    "a dimension in error": (
        lambda found: found["qDimensionInfo"][0].update(qError={"qErrorCode": 11}),
        "it cannot compute the measures",
    ),
}


@pytest.mark.parametrize("name", CUBES)
def test_odd_answers_end_in_a_sentence(app: Any, name: str) -> None:
    change, words = CUBES[name]
    app.faults = [cube(change)]
    ends_with(app, words)


@pytest.mark.parametrize("measure", ["everywhere", "every year"])
def test_a_measure_of_something_larger_is_refused(app: Any, measure: str) -> None:
    """`Sum(TOTAL <År> x)` is alike everywhere, `Sum({<År={2010}>} x)` in every year."""

    def told(row: Row) -> Row:
        if measure == "everywhere":
            return (*row[:2], 1487, 673 * 10**6)
        loans = TRUE.get((row[0], 2010), (0, 0))
        return (*row[:2], *loans)

    app.rows = [told(row) for row in app.rows if row[1] != "2008"]
    ends_with(app, "loans is the same in every municipality in")


def test_amounts_in_thousands_of_one_year_are_refused(app: Any) -> None:
    app.rows = [(c, y, n, a // 1000 if y == "2010" else a) for c, y, n, a in app.rows]
    ends_with(app, "NOK a loan in 2010; name other measures")


# --- the bank's own total ---


def sums(rows: list[Row]) -> tuple[int, int]:
    return sum(row[2] or 0 for row in rows), sum(row[3] or 0 for row in rows)


def test_the_banks_own_total_is_that_of_its_rows(app: Any) -> None:
    loans, amount = sums(app.rows)
    app.totals = (loans, amount)
    require_true(brought(app).table)
    app.totals = (None, "-")  # none is given
    require_true(brought(app).table)
    app.totals = (loans, amount, 7, 8)
    require_true(brought(app).table)
    for wrong in ((loans + 1, amount), (loans - 1, amount), (loans, 2 * amount)):
        app.totals = wrong
        ends_with(app, "its own total of .* and its rows add up to .*; name a measure")


def test_the_banks_own_total_knows_what_its_rows_hide(app: Any) -> None:
    app.totals = sums(app.rows)
    hidden = sum(0 < (row[2] or 0) < 4 for row in app.rows)
    assert hidden > 10

    def hide(row: list[dict[str, Any]]) -> None:
        if isinstance(row[2]["qNum"], int) and 0 < row[2]["qNum"] < 4:
            row[2].update(qText="*", qNum="NaN")

    app.faults = [cells(hide)]
    assert (brought(app).table["loans"] == ":").sum() > 10
    app.totals = (app.totals[0] + 3 * hidden, app.totals[1])
    ends_with(app, "its own total of loans is")


# --- codes ---


def test_a_code_that_never_was_is_refused_with_its_loans(
    fetch: Callable[..., Said],
    app: Any,
    project: Path,
) -> None:
    app.rows = [("1599", "2010", 7, 10**6) if row[:2] == ("1599", "2010") else row
                for row in app.rows]  # fmt: skip
    status, _, err = fetch("--years", "2009-2010")
    assert status == 1
    assert "1599" in err
    assert not (project / "data" / "municipal" / "start_loans.csv").exists()


@pytest.mark.parametrize("era", [2020, 2024])
def test_a_year_under_the_codes_of_2020_or_2024(
    fetch: Callable[..., Said],
    app: Any,
    era: int,
) -> None:
    """Where a new code is one old municipality its number is right, elsewhere unknown."""
    places = reference().places
    units = {code: places.units(code, era) for code in places.in_force[era]}
    new = {found[0]: code for code, found in units.items() if len(found) == 1}
    assert len(new) > 40
    counted: dict[str, list[int]] = {}
    for (unit, year), pair in TRUE.items():
        code = next((c for c, found in units.items() if unit in found), None)
        if year == 2011 and code:
            both = counted.setdefault(code, [0, 0])
            counted[code] = [both[0] + pair[0], both[1] + pair[1]]
    app.rows = [row for row in app.rows if row[1] != "2011"]
    app.rows += [(code, "2011", *pair) for code, pair in counted.items()]
    asked = ["--years", "2009-2011", "--definition", "loans", "--set-aside", "divided"]
    status, _, err = fetch(*asked)
    if status:
        assert "in force" in err or "stands for" in err
        status, _, err = fetch(*asked, "--set-aside", "unknown")
    assert (status, err) == (0, "")
    table = read_municipal().set_index(["municipality_code", "year"])
    right = 0
    for unit in {code for code, _ in TRUE}:
        if (unit, 2011) not in table.index or pd.isna(table.loc[(unit, 2011), "loans"]):
            continue
        loans, found = TRUE[unit, 2011][0], table.loc[(unit, 2011), "loans"]
        assert found == (loans if loans > 3 or not loans else 2), unit
        right += 1
    assert right > 40


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_an_app_id_cannot_lead_elsewhere(app: Any) -> None:
    with pytest.raises(InputError, match=r"OpenDoc of .* refused: App not found"):
        brought(app, name="../../other?x=1#y")
