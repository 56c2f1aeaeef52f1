"""The data gate: published totals as intervals, and tables held against them."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from bsup_analysis.chapters.municipal.imported_table import data_gate
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.municipal_import.municipalities import Reference
from bsup_analysis.municipal_import.validation import compare, resolution_nok

# The press on the region and on Nord-Trøndelag, NOK; document p. 11, loans.
REGION_NOK = {2009: 498_000_000, 2010: 673_000_000}
NORD_NOK = {2009: 79_000_000, 2010: 121_000_000}
REGION_LOANS = {2007: 993, 2008: 931, 2009: 1047, 2010: 1487}
# Document p. 14, the sums.
PRIORITY_LOANS = {2009: 738, 2010: 1009}
PRIORITY_NOK = {2009: 395_266_363, 2010: 505_039_917}


@pytest.fixture
def whole(against: Reference, p14: pd.DataFrame) -> pd.DataFrame:
    """A table of all 85 that reproduces every published total of 2009 and 2010.

    The 17 are those of p. 14; what the totals leave for the others stands in two of them, one in
    Nord-Trøndelag and one outside, the rest at zero.
    """
    printed = p14.set_index(["code", "year"])
    rows = []
    for year in (2009, 2010):
        nord = sum(
            int(printed.loc[key, "nok"])
            for key in printed.index
            if key[0][:2] == "17" and key[1] == year
        )
        left = {
            "1749": (9, NORD_NOK[year] - nord),
            "1514": (
                REGION_LOANS[year] - PRIORITY_LOANS[year] - 9,
                REGION_NOK[year] - PRIORITY_NOK[year] - (NORD_NOK[year] - nord),
            ),
        }
        for code in sorted(against.units):
            loans, nok = left.get(code, (0, 0))
            if (code, year) in printed.index:
                loans, nok = printed.loc[(code, year), ["loans", "nok"]]
            rows.append((code, year, loans, nok))
    table = pd.DataFrame(rows, columns=["municipality_code", "year", "loans", "amount_nok"])
    table[["loans", "amount_nok"]] = table[["loans", "amount_nok"]].astype("Int64")
    return bounded(table)


def bounded(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        loans_low=table["loans"], loans_high=table["loans"], definition="loans", rows_used=1
    )


def changed(table: pd.DataFrame, code: str, year: int, column: str, by: int) -> pd.DataFrame:
    there = (table["municipality_code"] == code) & (table["year"] == year)
    return bounded(table.assign(**{column: table[column] + there * by}))


def statuses(table: pd.DataFrame, against: Reference) -> dict[str, int]:
    return compare(table, against.published)["status"].value_counts().to_dict()


def test_the_published_totals_are_all_there(against: Reference) -> None:
    totals = against.published
    p14 = totals[totals["source"] == "document p. 14"]
    assert len(p14) == 18 * 4
    sums = p14[p14["area"] == "priority"].set_index(["quantity", "year"])["published"].to_dict()
    assert sums == {
        **{("loans", year): n for year, n in PRIORITY_LOANS.items()},
        **{("amount_nok", year): n for year, n in PRIORITY_NOK.items()},
    }
    region = totals[(totals["area"] == "region") & totals["source"].str.startswith("document")]
    assert region.set_index("year")["published"].to_dict() == REGION_LOANS
    press = totals[(totals["source"] == "press") & (totals["quantity"] == "amount_nok")]
    found = press.set_index(["area_name", "year"])[["low", "high"]].to_dict("index")
    for year in (2009, 2010):
        half = 500_000
        assert found["", year] == {"low": REGION_NOK[year] - half, "high": REGION_NOK[year] + half}
    # press: Stjørdal 13.7 million in 2008; more than 33 million in 2010
    assert found["Stjørdal", 2008] == {"low": 13_650_000, "high": 13_750_000}
    assert found["Stjørdal", 2010] == {"low": 33_000_000, "high": math.inf}
    # document p. 6: Malvik, 46 loans and 36 million, rounded or cut off, in 2008
    malvik = totals[totals["source"] == "document p. 6"].set_index("quantity")
    assert malvik.loc["loans", "published"] == 46
    assert (malvik.loc["amount_nok", "low"], malvik.loc["amount_nok", "high"]) == (35.5e6, 37e6)


def test_a_table_that_reproduces_everything_agrees(whole: pd.DataFrame, against: Reference) -> None:
    gate = compare(whole, against.published)
    assert set(gate["status"]) == {"agrees"}
    assert set(gate["year"]) == {2009, 2010}
    assert len(gate) == (against.published["year"].isin([2009, 2010])).sum()


@pytest.mark.parametrize(
    ("code", "column", "by", "deviating"),
    [
        ("1601", "loans", 1, {("municipality", 1601), ("priority", None), ("region", None)}),
        ("1514", "loans", -1, {("region", None)}),
        ("1514", "amount_nok", 500_000, set()),
        ("1514", "amount_nok", 500_001, {("region", None)}),
        ("1514", "amount_nok", -500_001, {("region", None)}),
        ("1749", "amount_nok", 500_001, {("county", 17), ("region", None)}),
        ("1601", "amount_nok", 1, {("municipality", 1601), ("priority", None)}),
    ],
)
def test_each_deviation_is_seen_and_no_other(
    whole: pd.DataFrame, against: Reference, code: str, column: str, by: int, deviating: set[object]
) -> None:
    gate = compare(changed(whole, code, 2010, column, by), against.published)
    found = gate[gate["status"] == "deviates"]
    areas = {
        (row.area, int(row.area_code) if row.area_code else None) for row in found.itertuples()
    }
    assert areas == deviating
    assert set(found["year"]) <= {2010}
    assert set(found["difference"].abs()) <= {abs(by)}


def test_an_unknown_municipality_leaves_its_sums_open(
    whole: pd.DataFrame, against: Reference
) -> None:
    there = (whole["municipality_code"] == "1514") & (whole["year"] == 2009)
    table = bounded(whole.assign(loans=whole["loans"].mask(there)))
    gate = compare(table, against.published)
    open_ = gate[gate["status"] == "incomplete"]
    assert set(zip(open_["area"], open_["year"], strict=True)) == {("region", 2009)}
    assert open_["missing"].eq(1).all()
    assert open_["difference"].isna().all()


def test_an_open_sum_that_is_too_large_already_deviates(
    whole: pd.DataFrame, against: Reference
) -> None:
    there = (whole["municipality_code"] == "1514") & (whole["year"] == 2009)
    table = whole.assign(loans=whole["loans"].mask(there))
    gate = compare(changed(table, "1749", 2009, "loans", 400), against.published)
    region = gate[(gate["area"] == "region") & (gate["year"] == 2009)]
    assert set(region.query("quantity == 'loans'")["status"]) == {"deviates"}


def test_amounts_in_thousands_agree_within_their_rounding(
    whole: pd.DataFrame, against: Reference
) -> None:
    thousands = bounded(whole.assign(amount_nok=(whole["amount_nok"] + 500) // 1000 * 1000))
    assert statuses(thousands, against) == statuses(whole, against)
    one_off = changed(thousands, "1601", 2009, "amount_nok", 1000)
    assert statuses(one_off, against)["deviates"] == 1


@pytest.mark.parametrize(
    ("amounts", "resolution"),
    [
        ([1234, 5678], 1),
        ([1000, 22000], 1_000),
        ([1_000_000, 22_000_000], 1_000_000),
        ([0, 0], 1),
        ([5000], 1),
        ([], 1),
    ],
)
def test_resolution(amounts: list[int], resolution: int) -> None:
    assert resolution_nok(pd.Series(amounts, dtype="Int64")) == resolution


# --- the exhibit -----------------------------------------------------------------------------


def stated(table: pd.DataFrame) -> SimpleNamespace:
    """What the exhibit is told of the table beside the comparison."""
    return SimpleNamespace(definition=table["definition"].iloc[0], synthetic=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_exhibit_lists_sums_and_deviations(
    language: str, whole: pd.DataFrame, against: Reference
) -> None:
    table = changed(whole, "1601", 2010, "loans", 1)
    gate = compare(table, against.published)
    exhibit = data_gate(gate, stated(table), Words(language))
    assert exhibit.shown is not None
    first = exhibit.shown.iloc[:, 0]
    assert first.is_unique
    assert first.str.contains("Trondheim").sum() == 1
    sums = (gate["area"] != "municipality").sum()
    assert len(exhibit.shown) == sums + 1
    deviates = Words(language)("gate.status.deviates")
    assert (exhibit.shown.iloc[:, -1] == deviates).sum() == exhibit.numbers["gate_deviates"].value
    assert exhibit.numbers["gate_deviates"].value == 4
    assert "+1" in exhibit.shown.iloc[:, 3].tolist()
    assert "<table" in exhibit.table_html()


@pytest.mark.parametrize("language", LANGUAGES)
def test_exhibit_says_so_where_nothing_can_be_compared(
    language: str, whole: pd.DataFrame, against: Reference
) -> None:
    table = whole.assign(year=whole["year"] + 3, definition="approved_dwellings")
    gate = compare(table, against.published)
    exhibit = data_gate(gate, stated(table), Words(language))
    assert gate.empty
    assert exhibit.shown is not None
    assert exhibit.shown.empty
    assert Words(language)("data_level.definition.approved_dwellings") in exhibit.caption
    exhibit.table_html()


def test_a_name_with_markup_is_text_in_the_page(whole: pd.DataFrame, against: Reference) -> None:
    gate = compare(changed(whole, "1601", 2010, "loans", 1), against.published)
    gate["area_name"] = gate["area_name"].replace("Trondheim", "<script>alert(1)</script>")
    page = data_gate(gate, stated(whole), Words("en"))._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
