"""What can go wrong at SSB: it passes, or it ends in one sentence and nothing is lost."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from statbank_server import Fault, Statbank, Variable, http_date
from statbank_tables import QUICK

from bsup_analysis.errors import InputError
from bsup_analysis.statbank import Client, Fetched, Limits, fetch_population, fetch_startlaan

Make = Callable[..., Client]

PASSING = {
    "429 with seconds": Fault("429", detail=0),
    "429 with a date": Fault("429", detail=lambda: http_date(1)),
    "429 with a date gone by": Fault("429", detail=lambda: http_date(-60)),
    "429 without": Fault("429"),
    "429 with nonsense": Fault("429", detail="soon"),
    "503": Fault("503"),
    "503 with seconds": Fault("503", detail=0),
    "dropped": Fault("drop"),
    "cut off": Fault("cut off"),
    "html": Fault("html"),
    "one value short": Fault("one value short"),
    "other table": Fault("other table"),
    "another selection": Fault("another selection"),
    "slow": Fault("slow", detail=5),
    "drip": Fault("drip", detail=0.1),
    "not utf-8": Fault("not utf-8"),
}
# the server spoils answers with cells only
SPOILT = {"cut off", "one value short", "other table", "another selection", "drip", "not utf-8"}


def fetch(client: Client) -> Fetched:
    return fetch_population([2009], client)


def quick(**changes: object) -> Limits:
    return dataclasses.replace(QUICK, **changes)


@pytest.mark.parametrize(
    ("name", "about"),
    [(n, a) for n in PASSING for a in ("metadata", "data") if a == "data" or n not in SPOILT],
)
def test_a_fault_that_passes_is_got_over(
    bank: Statbank, client: Make, name: str, about: str
) -> None:
    if name == "not utf-8":
        bank.tables["07459"].variables[0].values["1504"] = "Ålesund"
    bank.faults = [dataclasses.replace(PASSING[name], about=about)]
    said: list[str] = []
    limits = quick(answer_seconds=1.0 if name in ("slow", "drip") else 10.0)
    fetched = fetch(client(limits=limits, progress=said.append))
    assert len(fetched.table) == 85
    assert [a.about for a in bank.asked].count(about) == 2
    assert any("waiting" in line for line in said)


@pytest.mark.parametrize(
    ("detail", "least"),
    [(1, 1.0), (lambda: http_date(2), 1.0), (None, 0.3)],  # a date is cut to whole seconds
    ids=["seconds", "date", "without: SSB's window of time"],
)
def test_a_pause_asked_for_is_waited_out(
    bank: Statbank, client: Make, detail: object, least: float
) -> None:
    bank.faults = [Fault("429", about="data", detail=detail)]
    fetch(client())
    first, second = bank.data_questions()
    assert second.at - first.at >= least


LASTING = {
    "404": (Fault("404"), r": refused: Not Found \(404\); what"),
    "503": (Fault("503"), r": Service Unavailable \(503\), 3 times; what"),
    "503 long": (Fault("503", detail=3600), "due in 3600 s, which is past the time limit of 60 s"),
    "302": (Fault("302"), r"refused: the address has moved to /api/pxwebapi/v2/tables/07459/"),
    "cut off": (Fault("cut off", about="data"), "the answer was cut off, 3 times"),
    "html": (Fault("html"), "the answer is not JSON .it begins '<html><body>Vedlikehold"),
    "one value short": (Fault("one value short", about="data"), "92 cells where 93 belong"),
    "dropped": (Fault("drop"), "the connection was closed before the answer, 3 times"),
    "slow": (Fault("slow", detail=2), "no whole answer within 0.1 s, 3 times"),
    "400": (Fault("400", about="data"), r"refused: Non-existent value \(400\)"),
    "429": (Fault("429", detail=0), r"SSB asks for fewer queries \(429\), 3 times"),
    "429 long": (Fault("429", detail=3600), "due in 3600 s, which is past the time limit of 60 s"),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_fault_that_lasts_ends_in_one_sentence(bank: Statbank, client: Make, name: str) -> None:
    fault, words = LASTING[name]
    bank.faults = [dataclasses.replace(fault, times=10**6)]
    limits = quick(answer_seconds=0.1) if name == "slow" else QUICK
    with pytest.raises(InputError, match=words) as ended:
        fetch(client(limits=limits))
    sentence = str(ended.value)
    assert sentence.startswith("SSB's table 07459 could not be fetched: ")
    assert sentence.endswith("kept, and the same command goes on from there.")
    assert "\n" not in sentence
    assert "Traceback" not in sentence


@pytest.mark.parametrize(
    ("name", "times"), [("429", 3), ("429 long", 1), ("503 long", 1), ("400", 1), ("302", 1)]
)
def test_a_question_is_asked_again_only_where_it_may_help(
    bank: Statbank, client: Make, name: str, times: int
) -> None:
    fault = LASTING[name][0]
    bank.faults = [dataclasses.replace(fault, times=10**6)]
    with pytest.raises(InputError):
        fetch(client())
    assert sum(a.about == (fault.about or "metadata") for a in bank.asked) == times


def test_a_slow_server_does_not_outlast_the_time_limit(bank: Statbank, client: Make) -> None:
    """A byte now and then keeps a socket's time-out from ever coming; the limit is on the whole."""
    bank.faults = [Fault("drip", times=10**6, about="data", detail=0.05)]
    began = time.monotonic()
    with pytest.raises(InputError, match=r"the time limit of 0\.8 s has passed"):
        fetch(client(limits=quick(total_seconds=0.8, answer_seconds=60.0)))
    assert time.monotonic() - began < 10


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with socket.socket() as taken:  # bound and not listening: refused at once
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InputError, match=r"no connection to 127\.0\.0\.1: it refuses, 3 times"):
            fetch(Client(address=base, folder=tmp_path, limits=QUICK))
    with pytest.raises(InputError, match=r"no connection to nowhere\.invalid"):
        fetch(Client(address="https://nowhere.invalid/v2", folder=tmp_path, limits=QUICK))
    assert not list(tmp_path.rglob("*.json"))


def test_an_interrupted_fetch_keeps_what_has_arrived(bank: Statbank, client: Make) -> None:
    limits, years = quick(cells=200), range(2005, 2015)
    bank.faults = [Fault("429", about="data", after=3, detail=3600)]
    with pytest.raises(InputError, match="the same command goes on"):
        fetch_population(years, client(limits=limits))
    arrived = [str(a.body) for a in bank.data_questions()[:3]]
    bank.asked.clear()
    fetched = fetch_population(years, client(limits=limits))
    assert len(fetched.table) == 851
    assert not set(arrived) & {str(a.body) for a in bank.data_questions()}
    assert all(a.about == "data" for a in bank.asked)


def startlaan(client: Client, **names: str) -> Fetched:
    return fetch_startlaan([2009], client, **names)


def test_a_contents_code_gone_is_told_with_near_names(bank: Statbank, client: Make) -> None:
    contents = bank.tables["06493"].variables[0]
    label = contents.values.pop("KOSfainansstartp0000")
    contents.values["KOSfainansstartl0000"] = label
    contents.units["KOSfainansstartl0000"] = 1
    with pytest.raises(InputError) as ended:
        startlaan(client())
    assert str(ended.value).startswith(
        "SSB's table 06493 is not as expected: it has no contents code KOSfainansstartp0000;"
        f" nearest of its 3: KOSfainansstartl0000 ({label}), "
    )
    assert str(ended.value).endswith("(see https://www.ssb.no/statbank/table/06493).")
    # and the name, once given, is enough
    found = startlaan(client(), contents="KOSfainansstartl0000")
    assert len(found.table) == 85


CHANGES = {
    "no rate": ("KOSboligSper10000000", r"is not per 1 000 inhabitants but 'Andel boliger'"),
    "year": (None, r"has no 2009; it goes from 2005 to 2008"),
    "region": (None, r"no variable holds codes of municipalities beginning with 15, 16, 17, 50"),
    "time": (None, r"no longer says which variable is the year \(Tid is expected\)"),
    "new variable": (
        None,
        r"its variable Eier \(eier\) must be chosen from and has no clear total",
    ),
    "decimals": (None, r"does not say to how many decimals KOSfainansstartp0000 is rounded"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_metadata_end_in_a_sentence_that_names_what_changed(
    bank: Statbank, client: Make, name: str
) -> None:
    table = bank.tables["06493"]
    contents, region, when = table.variables
    code, words = CHANGES[name]
    if name == "no rate":
        contents.values["KOSboligSper10000000"] = "Andel boliger"
    elif name == "year":
        when.values = {str(y): str(y) for y in range(2005, 2009)}
    elif name == "region":
        region.values = {"EAK": "Landet", "EKG01": "Gruppe 1"}
    elif name == "time":
        when.code, when.role = "Aar", ""
    elif name == "new variable":
        table.variables.append(Variable("Eier", "eier", {"1": "Kommunen", "2": "Andre"}))
    elif name == "decimals":
        contents.units = {}
    with pytest.raises(InputError, match=words) as ended:
        startlaan(client(), **({"contents": code} if code else {}))
    assert str(ended.value).startswith("SSB's table 06493 is not as expected: ")
    assert "\n" not in str(ended.value)


def test_a_table_that_is_gone(bank: Statbank, client: Make) -> None:
    del bank.tables["06493"]
    with pytest.raises(
        InputError, match=r"06493 could not be fetched: refused: Non-existent table \(400\)"
    ):
        startlaan(client())


def test_persons_are_whole(bank: Statbank, client: Make) -> None:
    bank.tables["07459"].cell = lambda _: (10.5, None)
    with pytest.raises(InputError, match="a number of persons that is not whole"):
        fetch(client())


def test_a_region_without_figures_is_no_table(bank: Statbank, client: Make) -> None:
    bank.tables["07459"].cell = lambda _: (0, None)
    with pytest.raises(InputError, match="no figure for any municipality"):
        fetch(client())


def test_words_from_the_server_cannot_play_with_the_terminal(bank: Statbank, client: Make) -> None:
    bank.faults = [
        Fault("400", times=10**6, about="data", detail="\x1b[2J bad\nvalue " + "x" * 999)
    ]
    with pytest.raises(InputError) as ended:
        fetch(client())
    assert str(ended.value).isprintable()
    assert len(str(ended.value)) < 500
