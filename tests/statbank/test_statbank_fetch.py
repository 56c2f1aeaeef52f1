"""Whole fetches from a local StatBank: what goes in comes out, once, and is kept with a record."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from statbank_server import Fault, Statbank
from statbank_tables import (
    CHECKOUT,
    QUICK,
    UNKNOWN,
    UNUSED,
    YEARS,
    planted,
    population_table,
    startlaan_table,
)

from bsup_analysis.errors import InputError
from bsup_analysis.statbank import Client, Fetched, Limits, fetch_population, fetch_startlaan
from bsup_analysis.statbank.client import ADDRESS

Make = Callable[..., Client]
People = dict[tuple[str, int], int]
WINDOW = range(2005, 2013)


def as_people(table: pd.DataFrame) -> People:
    return {
        (code, int(year)): int(n)
        for code, year, n in table[["municipality_code", "year", "population"]].itertuples(
            index=False
        )
    }


def small(cells: int, **changes: object) -> Limits:
    return dataclasses.replace(QUICK, cells=cells, **changes)


def test_the_population_comes_out_as_it_went_in(
    bank: Statbank, client: Make, people: People
) -> None:
    fetched = fetch_population(YEARS, client())
    assert as_people(fetched.table) == people
    assert fetched.table[["municipality_code", "year"]].equals(
        fetched.table[["municipality_code", "year"]].sort_values(["municipality_code", "year"])
    )
    # every cell of the answers is either used or set aside
    codes = {code for code, _ in people} | set(UNUSED)
    assert len(fetched.table) + len(fetched.set_aside) == len(codes) * len(YEARS)
    assert set(fetched.set_aside["municipality_code"]) >= set(UNUSED)
    # sex and age left to SSB, unknown municipalities not asked about
    (asked,) = bank.data_questions()
    selection = {s["variableCode"]: s["valueCodes"] for s in asked.body["selection"]}
    assert set(selection) == {"Region", "ContentsCode", "Tid"}
    assert not set(selection["Region"]) & (set(UNKNOWN) | {"0", "15"})


def test_each_answer_is_kept_as_it_came_with_its_record(
    bank: Statbank, client: Make, tmp_path: Path
) -> None:
    fetched = fetch_population([2009], client())
    assert [a.file.split("_")[0] for a in fetched.answers] == ["metadata.json", "data"]
    for answer in fetched.answers:
        path = tmp_path / "07459" / answer.file
        assert hashlib.sha256(path.read_bytes()).hexdigest() == answer.sha256
        record = json.loads(path.with_suffix(".record.json").read_text(encoding="utf-8"))
        assert record == dataclasses.asdict(answer)
        assert answer.updated == "2026-02-24T07:00:00Z"  # the table's vintage
        assert answer.asked_at.endswith("+00:00")
        assert answer.url.startswith(bank.address)
        json.loads(path.read_bytes())
    assert fetched.answers[1].body["selection"][0]["variableCode"] == "Region"


def test_answers_are_kept_with_the_user_s_data_unless_told_otherwise(
    client: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    fetched = fetch_population([2009], client(folder=None))
    kept = tmp_path / "data" / "municipal" / "ssb" / "07459"
    names = {a.file for a in fetched.answers}
    assert {p.name for p in kept.iterdir() if ".record." not in p.name} == names
    assert "ssb.no" in ADDRESS


def test_what_is_kept_is_not_asked_for_again(bank: Statbank, client: Make) -> None:
    first = fetch_startlaan(WINDOW, client())
    assert len(bank.asked) == 4
    again = fetch_startlaan(WINDOW, client())
    assert len(bank.asked) == 4
    pd.testing.assert_frame_equal(first.table, again.table)
    fetch_startlaan(WINDOW, client(fresh=True))
    assert len(bank.asked) == 8


@pytest.mark.parametrize("cells", [1, 30, 100, 900])
def test_pieces_make_up_the_same_table(
    bank: Statbank, client: Make, people: People, cells: int
) -> None:
    bank.max_cells = cells
    years, few = ([2007, 2008], {"1502", "1503", "1505"}) if cells == 1 else (YEARS, set())
    said: list[str] = []
    if cells == 1:  # one cell an answer: keep the region small
        bank.tables["07459"].variables[0].values = dict.fromkeys([*sorted(few), "0301"], "kommune")
    fetched = fetch_population(years, client(limits=small(cells), progress=said.append))
    pieces = bank.data_questions()
    sizes = [
        len(s[0]["valueCodes"]) * len(s[1]["valueCodes"]) * len(s[2]["valueCodes"])
        for s in (a.body["selection"] for a in pieces)
    ]
    assert max(sizes) <= cells
    assert sum(sizes) == len(fetched.table) + len(fetched.set_aside)
    expected = {k: n for k, n in people.items() if k[1] in years and (cells > 1 or k[0] in few)}
    assert as_people(fetched.table) == expected
    total = len(pieces)
    assert said == [f"table 07459: answer {n + 1} of {total} arrived" for n in range(total)]


def test_where_age_cannot_be_left_out_it_is_added_up(
    bank: Statbank, client: Make, people: People
) -> None:
    for variable in bank.tables["07459"].variables:
        variable.eliminable = variable.code == "Region"
    fetched = fetch_population([2009], client(limits=small(5000)))
    assert as_people(fetched.table) == {k: n for k, n in people.items() if k[1] == 2009}
    assert len(bank.data_questions()) > 1


def check_counts(fetched: Fetched, people: People) -> int:
    """Every planted count is within its bounds; return how many there are."""
    known = fetched.table[fetched.table["value"].notna()]
    for row in known.itertuples():
        true = planted(row.municipality_code, row.year)
        assert row.low <= true <= row.high, row
        assert row.low <= row.value <= row.high
    return len(known)


def test_rates_become_counts_that_hold_the_planted_ones(client: Make, people: People) -> None:
    fetched = fetch_startlaan(WINDOW, client())
    in_use = {(code, year) for code, year in people if year in WINDOW}
    assert (
        set(zip(fetched.table["municipality_code"], fetched.table["year"], strict=True)) == in_use
    )
    assert check_counts(fetched, people) == len(in_use) - 2  # two cells have a sign
    table = fetched.table.set_index(["municipality_code", "year"])
    assert (table["definition"] == "approved_dwellings").all()
    # small places are exact, Trondheim is known to what 0.05 per 1 000 of its people is
    exact = table[(table["population"] < 10_000) & (table["note"] == "")]
    assert (exact["low"] == exact["high"]).all()
    assert len(exact) > 400
    trondheim = table.loc[("1601", 2009)]
    assert trondheim["population"] == people["1601", 2010]  # 31 December is 1 January
    assert 16 <= trondheim["high"] - trondheim["low"] <= 18
    assert "population on 31 December is that on 1 January" in fetched.notes[2]


def test_signs_keep_their_meaning(client: Make) -> None:
    fetched = fetch_startlaan(WINDOW, client())
    table = fetched.table.set_index(["municipality_code", "year"])
    for place, sign, words in (
        (("1663", 2007), ":", "not shown, so that nobody can be identified"),
        (("1640", 2006), "..", "figures are lacking"),
    ):
        row = table.loc[place]
        assert row["sign"] == sign
        assert row["note"].startswith(words)
        assert row[["value", "high", "rate_per_1000"]].isna().all()
        assert row["low"] == 0
    aside = fetched.set_aside
    assert (aside["sign"] == ".").all()
    assert set(aside["reason"]) == {"no figure is possible: the category was not in use"}


def test_other_signs_and_bare_empty_cells(bank: Statbank, client: Make, people: People) -> None:
    plain = bank.tables["06493"].cell
    special = {("1502", "2008"): (None, "-"), ("1504", "2008"): (2.0, "*"),
               ("1505", "2008"): (None, None), ("1519", "2008"): (None, "?")}  # fmt: skip
    bank.tables["06493"].cell = lambda a: special.get((a["Region"], a["Tid"])) or plain(a)
    fetched = fetch_startlaan([2008], client())
    table = fetched.table.set_index("municipality_code")
    assert tuple(table.loc["1502", ["value", "low"]]) == (0, 0)
    assert table.loc["1504", "value"] == round(2 * people["1504", 2009] / 1000)
    assert table.loc["1504", "note"] == "provisional figure"
    assert table.loc["1505", "note"] == "an empty cell, and SSB does not say why"
    assert pd.isna(table.loc["1519", "value"])
    assert table.loc["1519", "note"].startswith("the sign '?', which is not among")


def test_the_day_of_a_merger_is_said_and_bounded(client: Make) -> None:
    fetched = fetch_startlaan(WINDOW, client())
    noted = fetched.table[fetched.table["note"].str.startswith("merged")]
    # Aure and Tustna 2006, Kristiansund and Frei 2008, Mosvik and Inderøy 2012
    assert list(zip(noted["municipality_code"], noted["year"], strict=True)) == [
        ("1503", 2007), ("1556", 2007), ("1569", 2005), ("1572", 2005), ("1723", 2011),
        ("1729", 2011),
    ]  # fmt: skip


def test_a_damaged_answer_is_asked_for_anew_and_reported(
    bank: Statbank, client: Make, tmp_path: Path
) -> None:
    first = fetch_population(YEARS, client(limits=small(300)))
    data = sorted((tmp_path / "07459").glob("data_????????????????.json"))
    assert len(data) >= 4
    data[0].write_bytes(data[0].read_bytes().replace(b"2", b"3", 1))  # one digit
    data[1].write_bytes(data[1].read_bytes()[:100])  # cut short
    data[2].with_suffix(".record.json").unlink()  # killed between answer and record
    data[3].with_suffix(".record.json").write_text("{", encoding="utf-8")
    bank.asked.clear()
    said: list[str] = []
    again = fetch_population(YEARS, client(limits=small(300), progress=said.append))
    damaged = "a kept answer of table 07459 is damaged"
    assert len(bank.asked) == sum(line.startswith(damaged) for line in said) == 4
    pd.testing.assert_frame_equal(first.table, again.table)
    bank.asked.clear()
    said.clear()
    fetch_population(YEARS, client(limits=small(300), progress=said.append))
    assert bank.asked == []
    assert all(line.endswith("kept") for line in said)


def test_an_answer_kept_whole_but_to_another_question_is_not_used(
    bank: Statbank, client: Make, tmp_path: Path
) -> None:
    first = fetch_population([2009], client())
    fetch_population([2010], client())
    (nine,) = (a.file for a in first.answers[1:])
    (ten,) = {p.name for p in (tmp_path / "07459").glob("data_????????????????.json")} - {nine}
    for suffix in (".json", ".record.json"):
        source = (tmp_path / "07459" / ten).with_suffix(suffix)
        source.replace((tmp_path / "07459" / nine).with_suffix(suffix))
    bank.asked.clear()
    said: list[str] = []
    again = fetch_population([2009], client(progress=said.append))
    assert len(bank.asked) == 1
    assert "other values of Tid than were asked" in said[0]
    pd.testing.assert_frame_equal(first.table, again.table)


def test_a_table_updated_between_answers_is_asked_for_anew(
    bank: Statbank, client: Make, people: People
) -> None:
    limits = small(300)
    bank.faults = [Fault("429", times=1, about="data", after=2, detail=3600)]
    with pytest.raises(InputError, match="what has arrived is kept"):
        fetch_population(YEARS, client(limits=limits))
    revised = {k: n + 1 for k, n in people.items()}
    bank.tables["07459"] = dataclasses.replace(
        population_table(revised), updated="2026-11-22T07:00:00Z"
    )
    said: list[str] = []
    fetched = fetch_population(YEARS, client(limits=limits, progress=said.append))
    assert said.count("table 07459 was updated between its answers; all of it is asked anew") == 1
    assert as_people(fetched.table) == revised
    assert {a.updated for a in fetched.answers} == {"2026-11-22T07:00:00Z"}


def test_kept_metadata_that_lack_a_new_year_are_asked_for_anew(
    bank: Statbank, client: Make, people: People
) -> None:
    bank.tables["07459"].variables[-1].values = {str(y): str(y) for y in range(2005, 2012)}
    fetch_population([2009], client())
    with pytest.raises(InputError, match="has no 2014; it goes from 2005 to 2011"):
        fetch_population([2014], client())
    bank.tables["07459"] = population_table(people)
    said: list[str] = []
    assert len(fetch_population([2014], client(progress=said.append)).table) == 84
    assert "may have changed since its metadata were kept" in said[0]


def test_a_variable_renamed_is_found_by_what_it_holds(
    bank: Statbank, client: Make, people: People
) -> None:
    table = bank.tables["06493"]
    table.variables[1].code = "KOKkommuneregion0000"
    plain = startlaan_table(people).cell
    table.cell = lambda a: plain({**a, "Region": a["KOKkommuneregion0000"]})
    fetched = fetch_startlaan([2009], client())
    assert check_counts(fetched, people) == 85


def test_more_decimals_printed_than_stated_are_believed(
    bank: Statbank, client: Make, people: People
) -> None:
    bank.tables["06493"] = startlaan_table(people, decimals=3)
    bank.tables["06493"].variables[0].units = {"KOSfainansstartp0000": 1}
    fetched = fetch_startlaan([2008], client())
    assert "printed to 3 decimals" in fetched.notes[1]
    assert (fetched.table["low"] == fetched.table["high"]).all()
    assert check_counts(fetched, people) == 85


def test_the_same_questions_give_the_same_bytes(client: Make, tmp_path: Path) -> None:
    one, two = (
        fetch_startlaan(years, client(limits=small(50), folder=tmp_path / name))
        for name, years in (("a", [2008, 2009]), ("b", [2009, 2008, 2008]))
    )
    assert one.table.to_csv() == two.table.to_csv()
    names = [sorted(p.name for p in (tmp_path / n / "06493").iterdir()) for n in "ab"]
    assert names[0] == names[1]


def test_the_rate_of_questions_is_kept_to(bank: Statbank, client: Make) -> None:
    """The server refuses a fifth question in any 0.3 s, so a fetch of eleven must take its time."""
    bank.rate = (4, 0.3)
    limits = small(90, queries=4, window_seconds=0.3)
    said: list[str] = []
    fetch_population(YEARS, client(limits=limits, progress=said.append))
    assert len(bank.asked) >= 11
    assert any("SSB allows 4 queries in 0.3 s; waiting" in line for line in said)
    assert not any("429" in line for line in said)


SCRIPT = """
import dataclasses, sys
from pathlib import Path
from typing import Any
from bsup_analysis.statbank import Client, Limits, fetch_population
address, folder = sys.argv[1:]
limits = Limits(cells=40, queries=1000)
fetch_population(range(2005, 2015), Client(folder=Path(folder), limits=limits, address=address))
"""


def test_killed_on_the_way_and_started_again(bank: Statbank, client: Make, tmp_path: Path) -> None:
    limits = dataclasses.replace(QUICK, cells=40)
    bank.pause_before_answer = 0.03
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, bank.address, str(tmp_path / "killed")],
        cwd=CHECKOUT,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    try:
        waited = time.monotonic() + 30
        while len(bank.data_questions()) < 8 and time.monotonic() < waited:
            time.sleep(0.005)
    finally:
        process.kill()  # SIGKILL: nothing in the process can tidy up
        process.wait()
    before = [str(a.body) for a in bank.data_questions()]
    assert len(before) >= 8
    bank.pause_before_answer = 0.0
    bank.asked.clear()
    resumed = fetch_population(YEARS, client(folder=tmp_path / "killed", limits=limits))
    after = [str(a.body) for a in bank.data_questions()]
    assert len(set(before) & set(after)) <= 1  # at most the one under way
    assert not any(a.about == "metadata" for a in bank.asked)
    whole = fetch_population(YEARS, client(folder=tmp_path / "whole", limits=limits))
    pd.testing.assert_frame_equal(resumed.table, whole.table)
    kept, same = (
        {
            p.name: p.read_bytes()
            for p in (tmp_path / f / "07459").glob("data_????????????????.json")
        }
        for f in ("killed", "whole")
    )
    assert kept == same
    assert len(set(before) | set(after)) == len(kept) > 20


def test_a_population_that_is_unknown_next_year_is_no_merger(bank: Statbank, client: Make) -> None:
    plain = bank.tables["07459"].cell
    gone = {("1502", "2010"): (None, ".."), ("1504", "2010"): (None, None)}
    bank.tables["07459"].cell = lambda a: gone.get((a["Region"], a["Tid"])) or plain(a)
    rates = bank.tables["06493"].cell
    bank.tables["06493"].cell = lambda a: (0.0, None) if a["Region"] == "1504" else rates(a)
    fetched = fetch_startlaan([2009], client())
    table = fetched.table.set_index("municipality_code")
    for code in ("1502", "1504"):
        assert table.loc[code, "note"] == "no population of 31 December to multiply by"
        assert table.loc[code, ["value", "high"]].isna().all()
    assert not table["note"].str.startswith("merged").any()
    assert len(table) == 85


def test_a_vintage_is_one_however_it_is_spelt(bank: Statbank, client: Make) -> None:
    spelt = iter(("2026-02-24T07:00:00Z", "2026-02-24T07:00:00", "2026-02-24T08:00:00+01:00") * 9)
    table, cube = bank.tables["07459"], bank._cube

    def respelt(*arguments: Any) -> Any:
        table.updated = next(spelt)
        return cube(*arguments)

    bank._cube = respelt
    said: list[str] = []
    fetch_population(YEARS, client(limits=small(300), progress=said.append))
    assert not [line for line in said if "anew" in line]


@pytest.mark.parametrize(
    "value", [-1, -0.5, 10**9, 1e300, 10**400], ids=["-1", "-0.5", "1e9", "1e300", "1e400"]
)
@pytest.mark.parametrize("table", ["07459", "06493"])
def test_numbers_below_zero_or_huge_end_in_a_sentence(
    bank: Statbank, client: Make, table: str, value: float
) -> None:
    plain = bank.tables[table].cell
    bank.tables[table].cell = lambda a: (value, None) if a["Region"] == "1601" else plain(a)
    with pytest.raises(InputError, match=rf"table {table} is not as expected: a cell holds"):
        fetch_startlaan([2009], client())


@pytest.mark.parametrize("decimals", [-1, 16, 10**9])
def test_decimals_out_of_range_end_in_a_sentence(
    bank: Statbank, client: Make, decimals: int
) -> None:
    bank.tables["06493"].variables[0].units["KOSfainansstartp0000"] = decimals
    with pytest.raises(InputError, match="decimals of ContentsCode"):
        fetch_startlaan([2009], client())
