"""Fetched counts as the municipal table: added up to the borders of 2009, bounds and all.

The counts are planted by the tests (`statbank_tables.planted`); nothing here is anybody's data.
"""

import csv
import functools
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from statbank_server import Statbank
from statbank_tables import QUICK, Said, planted

import bsup_analysis.statbank
from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.importing import import_fetched
from bsup_analysis.municipal_import.municipal_table import read_municipal
from bsup_analysis.municipal_import.municipalities import Reference, reference
from bsup_analysis.statbank import Fetched

# a year's parts of a municipality of 2009 (Statistics Norway's changes, data/raw/)
PARTS = {
    ("1576", 2005): ["1569", "1572"],
    ("1505", 2005): ["1503", "1556"],
    ("1505", 2006): ["1503", "1556"],
    ("1505", 2007): ["1503", "1556"],
}
SIGNS = {("1663", 2007), ("1640", 2006)}


@pytest.fixture
def fetch(
    bsup: Callable[..., Said], bank: Statbank, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Call `bsup fetch startlaan` against the local StatBank: status, output, errors."""
    here = functools.partial(bsup_analysis.statbank.Client, address=bank.address, limits=QUICK)
    monkeypatch.setattr(bsup_analysis.statbank, "Client", here)

    return functools.partial(bsup, "fetch", "startlaan")


def test_every_planted_count_lies_within_the_bounds_of_its_municipality(
    fetch: Callable[..., Said], project: Path
) -> None:
    status, out, err = fetch("--years", "2005-2011", "--definition", "approved_dwellings")
    assert (status, err) == (0, "")
    table = read_municipal()
    assert len(table) == 85 * 7
    assert set(table["definition"]) == {"approved_dwellings"}
    assert table["amount_nok"].isna().all()
    for row in table.itertuples():
        parts = PARTS.get((row.municipality_code, row.year), [row.municipality_code])
        assert row.rows_used == len(parts)
        if (row.municipality_code, row.year) in SIGNS:
            assert pd.isna(row.loans)
            assert pd.isna(row.loans_high)
            assert row.loans_low == 0
            continue
        true = sum(planted(code, row.year) for code in parts)
        assert row.loans_low <= true <= row.loans_high, row
        assert row.loans_low <= row.loans <= row.loans_high
    hidden = table.set_index(["municipality_code", "year"]).loc[("1663", 2007), "source"]
    assert hidden.startswith("SSB 06493, fetched; not shown, so that nobody can be identified")
    rows = 85 * 7 + len(PARTS)
    assert f"rows      {rows} in, {rows} used, 0 set aside" in out
    record = tomllib.loads(
        (project / "data" / "municipal" / "start_loans.provenance.toml").read_text("utf-8")
    )
    assert record["document"] == (
        "table 06493, updated 2018-03-24T07:00:00Z; table 07459, updated 2026-02-24T07:00:00Z"
    )
    answers = list((project / "data" / "municipal" / "ssb").rglob("data_*.json"))
    assert answers
    assert all(answer.name in record["method"] for answer in answers if "record" not in answer.name)
    assert "dwellings approved" in record["method"].lower()


def test_a_merger_after_2009_is_refused_until_it_is_set_aside(
    fetch: Callable[..., Said], project: Path, bank: Statbank
) -> None:
    named = "--years", "2011-2012", "--definition", "approved_dwellings"
    status, _, err = fetch(*named)
    assert status == 1
    with (project / "data" / "municipal" / "ssb" / "startlaan.csv").open("r") as stream:
        rows = list(csv.reader(stream))
    row = next(n for n, cells in enumerate(rows, start=1) if cells[:2] == ["1756", "2012"])
    assert f"startlaan.csv, row {row}: 1756 Inderøy (2012) stands for Mosvik and Inderøy" in err
    assert "--set-aside divided" in err
    assert not (project / "data" / "municipal" / "start_loans.csv").exists()
    asked = len(bank.asked)
    status, out, _ = fetch(*named, "--set-aside", "divided")
    assert status == 0
    assert len(bank.asked) == asked  # what had arrived is kept
    assert "1 set aside" in out
    table = read_municipal().set_index(["municipality_code", "year"])
    assert table["loans"].isna().sum() == 2
    for unit in ("1723", "1729"):
        assert pd.isna(table.loc[(unit, 2012), "loans"])
        assert "has no row" not in table.loc[(unit, 2012), "source"]
        assert not pd.isna(table.loc[(unit, 2011), "loans"])


def test_published_totals_of_loans_are_passed_only_by_naming_what_is_counted(
    fetch: Callable[..., Said], project: Path
) -> None:
    table = project / "data" / "municipal" / "start_loans.csv"
    status, _, err = fetch("--years", "2009-2010")
    assert status == 1
    assert "published totals of loans paid out" in err
    assert "--definition approved_dwellings" in err
    assert not table.exists()
    status, _, err = fetch("--years", "2009-2010", "--definition", "loans")
    assert (status, table.exists()) == (1, False)
    assert "counts approved_dwellings, not loans" in err
    status, out, _ = fetch("--years", "2009-2010", "--dry-run")
    assert (status, table.exists()) == (0, False)
    assert "deviations" in out
    # years without a published total have none to pass
    assert fetch("--years", "2006-2006")[0] == 0
    assert table.exists()


# --- codes of other years, as rows -----------------------------------------------------------


@pytest.fixture(scope="module")
def against() -> Reference:
    return reference()


def brought(
    against: Reference, *rows: tuple[str, int, int | None], **options: object
) -> pd.DataFrame:
    counts = pd.DataFrame(rows, columns=["municipality_code", "year", "value"])
    counts = counts.astype({"value": "Int64"}).assign(
        low=lambda t: t["value"] - 1, high=lambda t: t["value"] + 1,
        definition="approved_dwellings", source="planted", note="",
    )  # fmt: skip
    fetched = Fetched(counts, counts.head(0), (), ())
    result = import_fetched(fetched, "counts.csv", against, dry_run=True)
    assert result.rows_in == result.rows_used + len(result.set_aside)
    return result.table.set_index(["municipality_code", "year"])


def test_renumbered_codes_are_what_they_were(against: Reference) -> None:
    table = brought(against, ("5001", 2018, 7), ("1504", 2018, 3), ("1601", 2017, 5))
    assert table.loc[("1601", 2018), ["loans", "loans_low", "loans_high"]].tolist() == [7, 6, 8]
    assert table.loc[("1601", 2017), "loans"] == 5
    assert table.loc[("1504", 2018), "loans"] == 3


def test_a_part_without_a_row_leaves_its_municipality_unknown(against: Reference) -> None:
    row = brought(against, ("1569", 2005, 4), ("1502", 2005, 1)).loc[("1576", 2005)]
    assert pd.isna(row["loans"])
    assert pd.isna(row["loans_high"])
    assert row["loans_low"] == 3
    assert row["source"] == "planted; Tustna has no row"


def test_a_divided_area_without_a_number_stops_nobody(against: Reference) -> None:
    # Indre Fosen of 2018 is Rissa and Leksvik
    table = brought(against, ("5054", 2018, None), ("5001", 2018, 1))
    assert table["loans"].notna().sum() == 1
    with pytest.raises(InputError, match=r"counts.csv, row 3: 5054 .* cannot be divided"):
        brought(against, ("5001", 2018, 1), ("5054", 2018, 2))
    # Snillfjord was split in 2020: what the three that share it hold is more than themselves
    with pytest.raises(InputError, match="its area was divided"):
        brought(against, ("5059", 2020, 2))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("5001", 2009, 1), "5001 was not in force in 2009"),
        (("1601", 2001, 1), "not in force in 2001, as far as codes are known .2002-2024."),
    ],
)
def test_codes_out_of_their_time_are_refused(
    against: Reference, row: tuple[str, int, int], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        brought(against, row)
