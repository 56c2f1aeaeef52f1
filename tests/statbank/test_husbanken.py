"""Husbanken's statistics bank on loopback: the right table, or one sentence.

The loans are planted here, those of 2009 and 2010 so that they add up to what is published; they
are nobody's data.  The bank itself was never reached.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from qlik_server import APP, App, Fault, serve
from statbank_tables import QUICK, Said, planted, published_population

import bsup_analysis.statbank
from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.municipal_table import read_municipal
from bsup_analysis.municipal_import.municipalities import reference
from bsup_analysis.statbank.husbanken import Brought, choose, contents, fetch_husbanken
from bsup_analysis.statbank.qlik import Engine
from bsup_analysis.study import municipal_study
from bsup_analysis.tables.sources import read_source

Make = Callable[..., Engine]
YEARS = range(2008, 2012)
MEASURES = {
    "BST Antall vedtak": "Sum({<VirkemiddelKode={'BOSTØTTE'}>} Antall)",
    "STS Startlån antall utbetalt": "Sum({<VirkemiddelKode={'STARTLÅN'}>} StsAntall)",
    "STS Startlån utbetalt beløp": "Sum({<VirkemiddelKode={'STARTLÅN'}>} StsBeløp)",
    "STS Startlån gjennomsnitt utbetalt beløp": "[STS beløp]/[STS antall]",
    "STS Startlån antall søknader": "Sum(StsSøknad)",
}
TABLES = {
    "DimKommune": ["KommuneNr", "Kommune", "Fylke"],
    "DimTid": ["År"],
    "DimStsVirkemiddel": ["StsAntall", "StsBeløp"],
}
ASIDE = [
    ("2100", "2010", 3, 900_000), ("2111", "2010", 0, 0), ("0311", "2010", 40, 90_000_000),
    ("0326", "2009", 11, 30_000_000), ("0301", "2010", 2, 600_000), ("1103", "2010", 99, 10**8),
    ("1601", "-", 2, 700_000), (None, "2010", 5, 2_000_000),
    # codes of other eras, listed in every year; and one that never was a municipality
    ("5001", "2009", 0, 0), ("5001", "2010", 0, 0), ("1503", "2010", 0, 0), ("1599", "2010", 0, 0),
    ("1756", "2010", 0, 0), ("1601", "2013", 712, 10**9),
]  # fmt: skip


def share(total: int, weights: dict[str, int]) -> dict[str, int]:
    """Share a whole number out, the rest to the first."""
    parts = {code: total * weight // sum(weights.values()) for code, weight in weights.items()}
    first = next(code for code, weight in weights.items() if weight)
    return {**parts, first: parts[first] + total - sum(parts.values())}


def true_loans() -> dict[tuple[str, int], tuple[int, int]]:
    """Loans and NOK by municipality and year: published ones, and planted ones that add up."""
    people = [code for code, year in published_population() if year == 2009]
    p14 = read_source("programme_p14_start_loans")
    known = p14[p14["row_kind"] != "sum"].set_index("municipality_code")
    found = {}
    for year, loans, nord, amount in ((2009, 1047, 79, 498), (2010, 1487, 121, 673)):
        own = {c: (int(r[f"loans_{year}"]), int(r[f"amount_nok_{year}"]))
               for c, r in known.iterrows()}  # fmt: skip
        others = {c: planted(c, year) // 4 for c in people if c not in own}
        counts = share(loans - sum(n for n, _ in own.values()), others)
        north = sum(nok for c, (_, nok) in own.items() if c.startswith("17"))
        parts = {c: n for c, n in counts.items() if c.startswith("17")}
        noks = share(nord * 10**6 - north, parts)
        left = amount * 10**6 - sum(nok for _, nok in own.values()) - sum(noks.values())
        noks |= share(left, {c: n for c, n in counts.items() if c not in parts})
        own |= {c: (counts[c], noks[c]) for c in others}
        found |= {(c, year): pair for c, pair in own.items()}
    found |= {(c, 2008): (0, 0) for c in people}  # before the first real year
    return found | {(c, 2011): (planted(c, 2011), planted(c, 2011) * 450_000) for c in people}


TRUE = true_loans()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    rows = [(code, str(year), *pair) for (code, year), pair in TRUE.items()] + ASIDE
    held = App(rows, dict(MEASURES), {k: list(v) for k, v in TABLES.items()})
    with serve(held) as running:
        yield running


def engine(app: App, said: list[str] | None = None, name: str = APP, **limits: Any) -> Engine:
    say = (lambda _: None) if said is None else said.append
    return Engine(app.address, name, dataclasses.replace(QUICK, **limits), say)


def brought(app: App, **options: Any) -> Brought:
    return fetch_husbanken(YEARS, engine(app, **options))


def require_true(table: pd.DataFrame) -> None:
    """Every cell is the planted one; the year before the first real one is unknown."""
    found = table.set_index(["municipality_code", "year"])
    for (code, year), pair in TRUE.items():
        cells = found.loc[(code, str(year)), ["loans", "amount_nok"]].tolist()
        assert cells == (["..", ".."] if year == 2008 else [str(n) for n in pair]), (code, year)


# --- the table --------------------------------------------------------------------------------


@pytest.fixture
def fetch(
    bsup: Callable[..., Said], app: App, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Call `bsup fetch husbanken` against the local bank: status, output, errors."""
    monkeypatch.setattr(bsup_analysis.statbank, "Limits", lambda: QUICK)

    here = ("--address", app.address, "--app", APP)
    return lambda *arguments: bsup("fetch", "husbanken", *arguments, *here)


def test_the_municipal_table_is_the_planted_one_and_its_record_tells_how(
    fetch: Callable[..., Said], project: Path
) -> None:
    status, out, err = fetch("--years", "2008-2011")
    assert (status, err) == (0, "")
    table = read_municipal()
    assert len(table) == 85 * 4
    assert set(table["definition"]) == {"loans"}  # every published total is reproduced
    few = 0
    for row in table.itertuples():
        loans, amount = TRUE[row.municipality_code, row.year]
        if row.year == 2008:
            assert pd.isna(row.loans)
            assert pd.isna(row.amount_nok)
        elif 0 < loans < 4:
            few += 1
            assert (row.loans, row.loans_low, row.loans_high) == (2, 1, 3)
            assert pd.isna(row.amount_nok)
            assert "fewer than 4" in row.source
        else:
            assert (row.loans, row.loans_low, row.loans_high) == (loans, loans, loans)
            assert row.amount_nok == amount
    assert few > 10
    assert f"rounded   {few} counts of 1 to 3 are kept as 2" in out
    assert "Rows set aside: 2 of Oslo's districts (51 loans), 2 of Svalbard (3 loans)" in out
    assert "1 without a municipality (-) (5 loans), 1 without a year (-) (2 loans)" in out
    assert "Unknown, not zero: loans is zero or empty for every municipality in 2008." in out
    assert "0 deviate" in out
    folder = project / "data" / "municipal"
    record = tomllib.loads((folder / "start_loans.provenance.toml").read_text("utf-8"))
    answer = (folder / "husbanken" / "start_loans.answer.jsonl").read_bytes()
    assert hashlib.sha256(answer).hexdigest() in record["document"]
    assert f"app Statistikkbank ({APP}), reloaded 2026-11-28T05:31:07.000Z" in record["document"]
    for title in ("STS Startlån antall utbetalt", "STS Startlån utbetalt beløp"):
        assert f"{title!r} = {MEASURES[title]}" in record["document"]
        assert json.dumps(MEASURES[title], ensure_ascii=False) in record["method"]
    assert f"{few} counts of 1 to 3" in record["method"]
    assert record["url"].endswith(f"/public/app/{APP}")


def test_a_dry_run_writes_no_municipal_table(fetch: Callable[..., Said], project: Path) -> None:
    status, out, _ = fetch("--years", "2009-2010", "--dry-run")
    assert status == 0
    assert "counted   loans" in out
    assert not (project / "data" / "municipal" / "start_loans.csv").exists()


def test_published_totals_not_reproduced_need_a_definition(
    fetch: Callable[..., Said], app: App, project: Path
) -> None:
    app.rows = [("1601", "2009", 500, 3 * 10**8) if row[:2] == ("1601", "2009") else row
                for row in app.rows]  # fmt: skip
    status, _, err = fetch("--years", "2009-2010")
    assert status == 1
    assert "does not reproduce" in err
    assert "--definition" in err
    assert not (project / "data" / "municipal" / "start_loans.csv").exists()


def test_the_listing_shows_what_has_a_word_in_it(fetch: Callable[..., Said], app: App) -> None:
    status, out, _ = fetch("--list", "sts")
    assert status == 0
    assert out.splitlines()[0] == "app      Statistikkbank, reloaded 2026-11-28T05:31:07.000Z"
    assert "table    DimStsVirkemiddel: StsAntall, StsBeløp" in out
    assert "measure  'STS Startlån antall søknader' = Sum(StsSøknad)" in out
    assert "KommuneNr" not in out
    assert "BST" not in out
    assert "KommuneNr" in fetch("--list")[1]
    assert app.count("GetHyperCubeData") == 0


def test_an_expression_of_the_readers_own_is_asked(fetch: Callable[..., Said], app: App) -> None:
    app.measures = {"BST Antall vedtak": "Sum(Antall)"}
    status, _, err = fetch("--years", "2009-2010", "--count", "Sum(A)", "--amount", "Sum(B)")
    assert (status, err) == (0, "")
    (cube,) = [p[0] for m, p in app.asked if m == "CreateSessionObject" and "qHyperCubeDef" in p[0]]
    asked = [one["qDef"]["qDef"] for one in cube["qHyperCubeDef"]["qMeasures"]]
    assert asked == ["Sum(A)", "Sum(B)"]


@pytest.mark.parametrize(
    "measures",
    [
        {"BST Antall vedtak": "Sum(x)"},  # no start loans
        {"STS Startlån antall": "Sum(x)"},  # of what?
        {"STS Antall utbetalt": "Sum(x)", "Startlån antall utbetalt (rev)": "Sum(y)"},  # two
        {"STS antall utbetalt per innbygger": "x"},
        {},
    ],
)
def test_no_measure_is_guessed(app: App, measures: dict[str, str]) -> None:
    app.measures = measures
    with pytest.raises(InputError, match="is not clear") as ended:
        brought(app)
    sentence = str(ended.value)
    assert "--count MEASURE" in sentence
    for title in measures:
        assert (title in sentence) == ("BST" not in title)
    assert app.count("GetHyperCubeData") == 0


def test_a_title_that_is_not_there_is_told_with_near_ones(app: App) -> None:
    found = contents(engine(app))
    with pytest.raises(InputError, match="near: STS Startlån antall utbetalt"):
        choose(found, "count", "STS Startlån antal utbetalt")
    assert choose(found, "count", "BST Antall vedtak").expression.startswith("Sum(")


# --- codes of other eras ------------------------------------------------------------------------


def test_a_year_under_the_codes_of_a_later_year_is_mapped(
    fetch: Callable[..., Said], app: App
) -> None:
    places = reference().places
    later = {places.units(code, 2018): code for code in places.in_force[2018]}
    new = {units[0]: code for units, code in later.items() if len(units) == 1}
    assert len(new) > 70

    def recoded(code: str, loans: Any, amount: Any) -> list[tuple[str, str, Any, Any]]:
        """A number stands under its code of 2018; a zero, or nothing, where it stood."""
        left = [] if new.get(code) == code else [(code, "2011", 0, 0)]
        return [*left, (new[code], "2011", loans, amount)] if code in new else left

    kept = [row for row in app.rows if row[1] != "2011"]
    app.rows = kept + [r for c, y, n, a in app.rows if y == "2011" for r in recoded(c, n, a)]
    status, _, err = fetch("--years", "2009-2011")
    assert (status, err) == (0, "")
    table = read_municipal().set_index(["municipality_code", "year"])
    for unit in table.index.get_level_values(0):
        loans, found = TRUE[unit, 2011][0], table.loc[(unit, 2011), "loans"]
        if unit in new:
            assert found == (loans if loans > 3 or not loans else 2)
        else:  # merged by 2018: its zero is no number, as none of that year stands under its code
            assert pd.isna(found)


def test_a_number_under_a_code_of_another_era_than_the_years_others(
    fetch: Callable[..., Said], app: App
) -> None:
    app.rows = [("5001", "2010", 7, 10**6) if row[:2] == ("5001", "2010") else row
                for row in app.rows]  # fmt: skip
    status, _, err = fetch("--years", "2009-2010")
    assert status == 1
    assert "'5001' was not in force in 2010, but in 2018-2024" in err
    aside = "--set-aside", "unknown", "--definition", "loans"
    assert fetch("--years", "2009-2010", *aside)[0] == 0
    table = read_municipal().set_index(["municipality_code", "year"])
    assert pd.isna(table.loc[("1601", 2010), "loans"])  # what is left is no whole
    assert table["loans"].isna().sum() == 1


def test_a_table_with_unknown_cells_reaches_the_regression(
    fetch: Callable[..., Said], app: App
) -> None:
    kept = [row for row in app.rows if row[1] != "2008" and row[:2] != ("1640", "2010")]
    before = {code: planted(code, 2008) for code, year in TRUE if year == 2008}
    app.rows = kept + [(code, "2008", n, n * 400_000) for code, n in before.items()]
    assert fetch("--years", "2008-2011", "--definition", "loans")[0] == 0
    study = municipal_study("en")
    units = study.municipal_units
    assert units["loans"].notna().all()
    assert not ((units["unit"] == "1640") & (units["year"] == 2010)).any()
    fit = study.fit("loans ~ treated | unit + year", units, exposure="population")
    (first, *_) = study.municipal_estimands
    assert first.estimate is not None
    assert fit.interval().low == pytest.approx(first.estimate.interval.low, rel=1e-9)


# --- what goes wrong ----------------------------------------------------------------------------


def spoil(place: int, value: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    """Change a cell of the first row of a page."""

    def change(reply: dict[str, Any]) -> None:
        reply["result"]["qDataPages"][0]["qMatrix"][0][place] = value

    return change


def drop_row(reply: dict[str, Any]) -> None:
    reply["result"]["qDataPages"][0]["qMatrix"].pop()


def add_row(reply: dict[str, Any]) -> None:
    matrix = reply["result"]["qDataPages"][0]["qMatrix"]
    matrix.append(matrix[0])


def other_area(reply: dict[str, Any]) -> None:
    area = reply["result"]["qDataPages"][0]["qArea"]
    reply["result"]["qDataPages"][0]["qArea"] = {**area, "qTop": area["qTop"] + 1}


def no_pages(reply: dict[str, Any]) -> None:
    reply["result"]["qDataPages"] = []


def renamed(reply: dict[str, Any]) -> None:
    reply["result"]["dataPages"] = reply["result"].pop("qDataPages")


def other_id(reply: dict[str, Any]) -> None:
    reply["id"] += 1000


PASSING = {
    "cut": Fault("cut"),
    "cut while opening": Fault("cut", "OpenDoc"),
    "closed": Fault("closed"),
    "closed at a listing": Fault("closed", "GetTablesAndKeys"),
    "drip": Fault("drip"),
    "silent": Fault("silent", detail=2),
    "503": Fault("http", "connect", detail="503 Service Unavailable"),
    "not JSON": Fault("raw", detail=b"<html>Vedlikehold</html>"),
    "no object": Fault("raw", detail=b"[1]"),
    "deep": Fault("raw", detail=b"[" * 100_000),
    "aborted": Fault("error", detail={"code": 15, "message": "Request aborted"}),
    "short page": Fault("x", detail=drop_row),
    "long page": Fault("x", detail=add_row),
    "page out of order": Fault("x", detail=other_area),
    "no page": Fault("x", detail=no_pages),
    "other names": Fault("x", detail=renamed),
    "another id": Fault("x", detail=other_id),
    "push": Fault("push"),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_got_over(app: App, name: str) -> None:
    app.faults = [dataclasses.replace(PASSING[name])]
    said: list[str] = []
    waits = name in ("drip", "silent", "another id")
    require_true(brought(app, said=said, answer_seconds=1.0 if waits else 10.0).table)
    assert (name == "push") == (said == [])
    assert not app.faults[0].times


def test_a_cut_connection_resumes_at_the_page_it_was_cut_at(app: App) -> None:
    app.most_cells = 200
    app.faults = [Fault("cut", after=4)]
    require_true(brought(app).table)
    tops = [p[1][0]["qTop"] for m, p in app.asked if m == "GetHyperCubeData"]
    assert app.connections == len(app.identities) == 2  # a session of its own each time
    assert tops == sorted(tops)
    assert len(tops) - len(set(tops)) == 4  # one page again, three times a page was too large


@pytest.mark.parametrize("cells", [4, 36, 1000])
def test_pages_too_large_are_asked_smaller(app: App, cells: int) -> None:
    if cells == 4:
        app.rows = [row for row in app.rows if row[0] == "1601"]
    app.most_cells = cells
    table = brought(app).table
    if cells > 4:
        require_true(table)
    areas = [p[1][0] for m, p in app.asked if m == "GetHyperCubeData"]
    assert areas[-1]["qHeight"] * 4 <= cells
    assert app.connections == 1


NULL = {"qText": "-", "qNum": "NaN", "qIsNull": True}
CELLS = {
    "text number": ({"qText": "1 234", "qNum": "NaN"}, "1234"),
    "NaN": ({"qText": "-", "qNum": float("nan")}, ""),
    "null": (NULL, ""),
    "null number": ({"qText": "12", "qNum": None}, "12"),
    "hidden": ({"qText": "*", "qNum": 0}, ":"),
    "below four": ({"qText": "<4", "qNum": 3}, ":"),
    "shown rounded": ({"qText": "1,2 mill.", "qNum": 1_234_567}, "1234567"),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_its_number_or_unknown(app: App, name: str) -> None:
    given, expected = CELLS[name]
    first = app.rows[0][:2]
    app.faults = [Fault("x", detail=spoil(3, given))]
    table = brought(app).table.set_index(["municipality_code", "year"])
    assert table.loc[first, "amount_nok"] == expected


LASTING = {
    "no such app": (Fault("error", "OpenDoc", detail={"code": 1003, "message": "App not found"}),
                    rf"OpenDoc of {APP} refused: App not found \(1003\)"),
    "denied": (Fault("error", detail={"code": 5, "parameter": "x", "message": "Access denied"}),
               r"GetHyperCubeData refused: Access denied: x \(5\)"),
    "an error of no form": (Fault("error", detail="bad"), "refused: no reason given"),
    "always too large": (Fault("error", detail={"code": 7009, "message": "Too large"}),
                         r"Too large \(7009\)"),
    "cut": (Fault("cut"), "closed before the answer, 3 times"),
    "silent": (Fault("silent", detail=1), "no whole answer within 0.2 s, 3 times"),
    "not JSON": (Fault("raw", detail=b"<html>"), "not JSON .it begins '<html>'., 3 times"),
    "not UTF-8": (Fault("raw", detail=b'{"a": "\xe5"}'), "is not open as a WebSocket"),
    "401": (Fault("http", "connect", detail="401 Unauthorized"), "answers with HTTP status 401"),
    "503": (Fault("http", "connect", detail="503 Busy"), "HTTP status 503, 3 times"),
    "redirect": (Fault("http", "connect", detail="302 Found\r\nLocation: /login"),
                 "is not open as a WebSocket .Redirect"),
    "not http": (Fault("not http", "connect"), "is not open as a WebSocket"),
    "session ended": (Fault("notice", detail="OnSessionTimedOut"), "gives no session"),
    "short page": (Fault("x", detail=drop_row), r"rows from row 0, where \d+ from 0 were asked"),
    "out of order": (Fault("x", detail=other_area), "rows from row 1, where"),
    "other names": (Fault("x", detail=renamed), "'qDataPages' is missing"),
    "a name for a code": (Fault("x", detail=spoil(0, {"qText": "Oslo", "qNum": "NaN"})),
                          "a municipality or year is called 'Oslo'"),
    "a word for a number": (Fault("x", detail=spoil(2, {"qText": "mange", "qNum": "NaN"})),
                            "a cell holds 'mange'"),
    "true": (Fault("x", detail=spoil(2, {"qText": "sann", "qNum": True})), "a cell holds 'sann'"),
    "no text": (Fault("x", detail=spoil(0, {"qNum": 1601})), "'qText' is missing"),
    "null cell": (Fault("x", detail=spoil(2, None)), "is not as expected"),
    "no title": (Fault("raw", "GetAppLayout", detail=b'{"id": 2, "result": {"qLayout": {}}}'),
                 "'qTitle' is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", LASTING)
def test_a_fault_that_lasts_ends_in_one_sentence(app: App, name: str) -> None:
    fault, words = LASTING[name]
    app.faults = [dataclasses.replace(fault, times=10**6)]
    limits = {"answer_seconds": 0.2} if name == "silent" else {}
    with pytest.raises(InputError, match=words) as ended:
        brought(app, **limits)
    require_sentence(ended.value)


def require_sentence(error: InputError) -> None:
    assert str(error).startswith("Husbanken's statistics bank could not be read: ")
    assert str(error).endswith(" (COMMANDS.md says what to try, and what to send).")
    assert str(error).isprintable()
    assert len(str(error)) < 500


def ends_with(app: App, words: str, **options: Any) -> None:
    with pytest.raises(InputError, match=words) as ended:
        brought(app, **options)
    require_sentence(ended.value)


def test_another_app_is_not_there(app: App) -> None:
    ends_with(app, "OpenDoc of another refused: App not found: another", name="another")
    assert app.connections == 1  # it does not help to ask again


def test_a_log_in_asked_for_is_refused(app: App) -> None:
    app.must_authenticate = True
    ends_with(app, "it asks for a log-in, and only an open app is read")
    assert (app.connections, app.asked) == (1, [])


def test_no_session(app: App) -> None:
    app.session = "SESSION_ERROR_NO_LICENSE"
    ends_with(app, "it gives no session .OnConnected SESSION_ERROR_NO_LICENSE")


def test_a_slow_bank_does_not_outlast_the_time_limit(app: App) -> None:
    app.faults = [Fault("drip", times=10**6)]
    began = time.monotonic()
    ends_with(app, r"the time limit of 0\.8 s has passed", total_seconds=0.8, answer_seconds=60.0)
    assert time.monotonic() - began < 5


def test_nobody_listens(app: App) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        app.port = taken.getsockname()[1]
        ends_with(app, r"no connection to 127\.0\.0\.1: it refuses")


@pytest.mark.parametrize("address", ["wss://nowhere.invalid/public", "ftp://x", "", "ws://"])
def test_no_such_address(address: str) -> None:
    with pytest.raises(InputError) as ended:
        contents(Engine(address, APP, QUICK, lambda _: None))
    require_sentence(ended.value)


def test_tls_that_is_not_trusted(app: App, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    new = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    subprocess.run([*new.split(), "-keyout", key, "-out", made], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    with serve(app, context):
        ends_with(app, "no secure connection to 127.* self.signed certificate")
    assert app.connections == 0  # nothing was said to it


def test_tls_where_none_is_spoken(app: App) -> None:
    app.tls = True
    ends_with(app, r"no secure connection to 127\.0\.0\.1: ")


def test_changed_field_names(app: App) -> None:
    app.tables["DimKommune"] = ["KommuneNummer", "Fylke"]
    ends_with(app, r"it has no field KommuneNr \(near: KommuneNummer\)")


def test_other_columns_than_asked(app: App) -> None:
    def change(reply: dict[str, Any]) -> None:
        cube = reply["result"]["qLayout"].get("qHyperCube")
        if cube:
            cube["qMeasureInfo"].reverse()

    app.faults = [Fault("x", "GetLayout", times=10**6, detail=change)]
    ends_with(app, "it has the columns KommuneNr, År, amount_nok, loans")


def test_an_expression_the_bank_cannot_compute(app: App) -> None:
    def change(reply: dict[str, Any]) -> None:
        if "qHyperCube" in reply["result"]["qLayout"]:
            reply["result"]["qLayout"]["qHyperCube"]["qError"] = {"qErrorCode": 7005}

    app.faults = [Fault("x", "GetLayout", times=10**6, detail=change)]
    ends_with(app, "it cannot compute the measures")
    app.faults, app.rows = [], [(c, y, None, None) for c, y, *_ in app.rows]
    ends_with(app, "the measure has no loan of the region in these years")


def test_a_million_rows_are_not_read(app: App) -> None:
    app.rows = [app.rows[0]] * 10**6
    began = time.monotonic()
    ends_with(app, "the answer has 1000000 rows")
    assert app.count("GetHyperCubeData") == 0
    assert time.monotonic() - began < 10


def test_a_municipality_twice_in_a_year(app: App) -> None:
    app.rows.append(app.rows[5])
    ends_with(app, "stands in its answer twice")


@pytest.mark.parametrize("factor", [1e-3, 1e-6, 1e6])
def test_an_amount_in_another_unit_is_refused(app: App, factor: float) -> None:
    app.rows = [(c, y, n, a * factor) for c, y, n, a in app.rows]
    ends_with(app, "NOK a loan in 2009; name other measures, or an expression in NOK")


def test_a_reload_between_pages_asks_all_anew(app: App) -> None:
    app.reloads = ["2026-11-28T05:31", "2026-11-29T05:31"]
    found = brought(app)
    require_true(found.table)
    assert "reloaded 2026-11-29T05:31" in found.document
    app.reloads = [str(n) for n in range(9)]
    ends_with(app, "it was reloaded while it was being read, twice")


def test_the_same_answer_gives_the_same_bytes(app: App) -> None:
    one, two = brought(app), brought(app)
    assert one == dataclasses.replace(two, table=one.table)
    pd.testing.assert_frame_equal(one.table, two.table)


def test_words_from_the_bank_cannot_play_with_the_terminal(app: App) -> None:
    app.faults = [Fault("error", "OpenDoc", detail={"code": 9, "message": "\x1b[2J\n" + "x" * 999})]
    ends_with(app, "refused")
    app.measures = {"STS \x1b[2J\n" + "x" * 999: "Sum(1)"}
    for line in contents(engine(app)).lines(""):
        assert line.isprintable()
    with pytest.raises(InputError) as ended:
        brought(app)
    assert str(ended.value).isprintable()
