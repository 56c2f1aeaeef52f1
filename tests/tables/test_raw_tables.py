"""Raw tables against records, arithmetic and published totals; decisions against the tables."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
RAW = CHECKOUT / "data" / "raw"
DECISIONS = CHECKOUT / "data" / "decisions"
SHARED = CHECKOUT.parent / "shared"
TABLES = sorted(path.stem for path in RAW.glob("*.csv"))
BORDERS = sorted(path.stem for path in RAW.glob("*.geojson"))
RECORD_KEYS = {
    "title": str,
    "producer": str,
    "document": str,
    "pages": list,
    "access": str,
    "read_on": date,
    "licence": str,
    "sha256": str,
    "method": str,
    "columns": dict,
}
MAY_BE_EMPTY = {"pages"}
ADDRESS = {"url", "no_address"}
DOCUMENT_PAGES = range(1, 17)
QUANTITIES = ("loans", "amount_nok")
# The document, p. 14: 17 municipalities.
PRIORITY_COUNT = 17
# SSB, population on 1 January. 2008: county totals SSB printed, as quoted in the note on the
# population table. 2012: folkendrkv pages named in external_facts.csv beside the document.
SSB_COUNTY_TOTALS = {
    ("2008", "15"): 246_772,
    ("2008", "16"): 282_993,
    ("2008", "17"): 129_856,
    ("2012", "15"): 256_628,
    ("2012", "16"): 297_950,
    ("2012", "17"): 133_390,
}
# SSB, same pages: single municipalities on 1 January 2012.
SSB_2012 = {
    "1601": 176_348,
    "1663": 12_785,
    "1653": 15_392,
    "1638": 11_429,
    "1640": 5_604,
    "1702": 21_303,
    "1703": 12_953,
    "1714": 22_058,
    "1719": 18_922,
    "1721": 14_387,
    "1711": 2_513,
    "1739": 494,
    "1502": 25_488,
    "1504": 44_416,
    "1505": 23_813,
    "1519": 8_693,
    "1520": 10_398,
    "1534": 8_973,
}
# SSB table 07459 and IMDi: sums over all units of the copy kept beside the document, taken when it
# was read: residents, immigrants, Norwegian-born to immigrants.  The residents of 2006-2014 are
# those of a second copy too (IMDi's indicators, public repository gardenberg/imdikator-munch).
REGION_SUMS = {
    "2005": (645_700, 23_857, 2_812),
    "2006": (649_075, 25_285, 3_004),
    "2007": (653_290, 27_654, 3_293),
    "2008": (659_621, 32_222, 3_559),
    "2009": (666_164, 36_355, 3_966),
    "2010": (673_364, 40_981, 4_555),
    "2011": (680_110, 45_730, 5_108),
    "2012": (687_968, 51_445, 5_772),
    "2013": (696_602, 57_755, 6_529),
    "2014": (702_869, 61_755, 7_308),
}


def rows(table: str, folder: Path = RAW) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def shared_rows(name: str) -> list[dict[str, str]]:
    path = SHARED / name
    if not path.is_file():
        pytest.skip("the source material is not beside this checkout")
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def record(table: str) -> dict:
    return tomllib.loads((RAW / f"{table}.provenance.toml").read_text(encoding="utf-8"))


def p14() -> tuple[list[dict[str, str]], dict[str, str]]:
    table = rows("programme_p14_start_loans")
    (total,) = [row for row in table if row["row_kind"] == "sum"]
    return [row for row in table if row["row_kind"] == "municipality"], total


def test_every_table_has_a_record_and_every_record_a_table() -> None:
    records = sorted(path.name.removesuffix(".provenance.toml") for path in RAW.glob("*.toml"))
    assert records == sorted([*TABLES, *BORDERS])
    assert {path.suffix for path in RAW.iterdir()} == {".csv", ".geojson", ".toml"}


@pytest.mark.parametrize("table", [*TABLES, *BORDERS])
def test_record_is_complete(table: str) -> None:
    entry = record(table)
    (address,) = ADDRESS & set(entry)
    assert set(entry) - {address} == set(RECORD_KEYS)
    assert entry[address].startswith("https://") == (address == "url")
    for key, kind in RECORD_KEYS.items():
        assert isinstance(entry[key], kind), key
        assert entry[key] or key in MAY_BE_EMPTY, key
    assert set(entry["pages"]) <= set(DOCUMENT_PAGES)
    if table in BORDERS:
        features = json.loads((RAW / f"{table}.geojson").read_text(encoding="utf-8"))["features"]
        assert {tuple(one["properties"]) for one in features} == {tuple(entry["columns"])}
    else:
        with (RAW / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
            assert next(csv.reader(handle)) == list(entry["columns"])
    for column, described in entry["columns"].items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column)
        assert set(described) == {"unit", "description"}, column
        assert all(described.values()), column


@pytest.mark.parametrize("table", [*TABLES, *BORDERS])
def test_sha256_is_that_of_the_file(table: str) -> None:
    content = (RAW / f"{table}{'.geojson' if table in BORDERS else '.csv'}").read_bytes()
    assert hashlib.sha256(content).hexdigest() == record(table)["sha256"]


@pytest.mark.parametrize("table", TABLES)
def test_file_is_plain_csv_without_repeated_rows(table: str) -> None:
    content = (RAW / f"{table}.csv").read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert not content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8").splitlines()
    assert len(set(lines)) == len(lines)
    for row in rows(table):
        assert None not in row
        assert None not in row.values()
        assert all(cell == cell.strip() for cell in row.values())


def test_p14_changes_are_differences() -> None:
    municipalities, total = p14()
    assert len(municipalities) == PRIORITY_COUNT
    checked = 0
    for row in municipalities:
        for quantity in QUANTITIES:
            difference = int(row[f"{quantity}_2010"]) - int(row[f"{quantity}_2009"])
            assert int(row[f"{quantity}_change"]) == difference, row["municipality_name"]
            checked += 1
    assert checked == len(QUANTITIES) * PRIORITY_COUNT
    for quantity in QUANTITIES:
        difference = int(total[f"{quantity}_2010"]) - int(total[f"{quantity}_2009"])
        assert int(total[f"{quantity}_change"]) == difference


@pytest.mark.parametrize(
    "column", [f"{quantity}_{part}" for quantity in QUANTITIES for part in (2010, 2009, "change")]
)
def test_p14_columns_add_to_the_printed_sum(column: str) -> None:
    municipalities, total = p14()
    assert sum(int(row[column]) for row in municipalities) == int(total[column])


def test_shares_add_to_one_hundred() -> None:
    totals: Counter[str] = Counter()
    for row in rows("programme_p13_shares"):
        if row["statistic"] != "municipalities":
            totals[row["statistic"]] += int(row["printed_percent"])
    assert totals == {"population": 100, "start_loan_use": 100}


def test_chart_labels_fit_the_axis_and_the_press() -> None:
    bars = {row["year"]: int(row["loans"]) for row in rows("programme_p11_region_loans")}
    axis = [row for row in rows("programme_chart_axes") if row["chart"] == "loans"]
    assert set(bars) == {row["tick"] for row in axis if row["axis"] == "year"}
    assert max(bars.values()) <= max(int(row["tick"]) for row in axis if row["axis"] == "value")
    press = {
        row["year"]: int(row["printed_value"])
        for row in rows("press_totals")
        if row["area_kind"] == "region" and row["quantity"] == "loans"
    }
    confirmed = {
        row["year"] for row in rows("programme_p11_region_loans") if row["certainty"] == "confirmed"
    }
    assert press == {year: bars[year] for year in confirmed}
    _, total = p14()
    for year, loans in press.items():
        assert loans >= int(total[f"loans_{year}"])


def test_press_growth_is_that_of_its_own_totals() -> None:
    region = {
        (row["quantity"], row["year"]): int(row["printed_value"])
        for row in rows("press_totals")
        if row["area_kind"] == "region"
    }
    amount = {year: region["amount", year] for year in ("2009", "2010")}
    loans = {year: region["loans", year] for year in ("2009", "2010")}
    assert region["amount_change", "2010"] == amount["2010"] - amount["2009"]
    assert region["amount_growth", "2010"] == round(100 * (amount["2010"] / amount["2009"] - 1))
    assert region["loans_growth", "2010"] == round(100 * (loans["2010"] / loans["2009"] - 1))


def test_press_agrees_with_p14_for_stjordal() -> None:
    municipalities, _ = p14()
    (stjordal,) = [row for row in municipalities if row["municipality_name"] == "Stjørdal"]
    press = {
        row["quantity"]: int(row["printed_value"])
        for row in rows("press_totals")
        if row["area"] == "Stjørdal" and row["year"] == "2010"
    }
    assert press["loans"] == int(stjordal["loans_2010"])
    assert press["amount"] < int(stjordal["amount_nok_2010"]) < press["amount"] + 1_000_000


def test_priority_level_is_the_p14_list() -> None:
    municipalities, _ = p14()
    printed = {(row["municipality_code"], row["municipality_name"]) for row in municipalities}
    listed = {
        (row["municipality_code"], row["municipality_name"])
        for row in rows("programme_levels")
        if row["level"] == "priority"
    }
    assert printed == listed
    assert len(printed) == PRIORITY_COUNT


def test_names_counted_on_a_level_are_the_names_listed() -> None:
    # A joint municipality is one contract: count it once.
    contracts: dict[str, set[str]] = {}
    for row in rows("programme_levels"):
        name = row["joint_municipality"] or row["municipality_name"]
        contracts.setdefault(row["level"], set()).add(name)
    counted = {
        row["level"]: int(row["printed_count"])
        for row in rows("programme_level_counts")
        if row["count_kind"] == "names_counted"
    }
    assert counted == {level: len(names) for level, names in contracts.items()}


def test_units_per_year() -> None:
    units = Counter(row["year"] for row in rows("ssb_population"))
    expected = (87, 86, 86, 85, 85, 85, 85, 84, 84, 84)
    assert units == {str(2005 + offset): count for offset, count in enumerate(expected)}
    keys = [(row["municipality_code"], row["year"]) for row in rows("ssb_population")]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(("year", "county"), sorted(SSB_COUNTY_TOTALS))
def test_county_totals_printed_by_ssb(year: str, county: str) -> None:
    total = sum(
        int(row["population"])
        for row in rows("ssb_population")
        if row["year"] == year and row["municipality_code"].startswith(county)
    )
    assert total == SSB_COUNTY_TOTALS[year, county]


def test_people_of_the_region_are_those_of_the_copies_read() -> None:
    names = ("population", "immigrants", "norwegian_born_to_immigrants")
    sums = {year: [0, 0, 0] for year in REGION_SUMS}
    for row in rows("ssb_population"):
        for place, name in enumerate(names):
            sums[row["year"]][place] += int(row[name])
    assert {year: tuple(found) for year, found in sums.items()} == REGION_SUMS


def test_municipal_population_printed_by_ssb_for_2012() -> None:
    population = {
        row["municipality_code"]: int(row["population"])
        for row in rows("ssb_population")
        if row["year"] == "2012"
    }
    assert {code: population[code] for code in SSB_2012} == SSB_2012


def test_changes_explain_every_code_that_comes_or_goes() -> None:
    in_force: dict[int, set[str]] = {}
    name = {}
    for row in rows("ssb_population"):
        in_force.setdefault(int(row["year"]), set()).add(row["municipality_code"])
        name[row["municipality_code"]] = row["municipality_name"]
    gone: dict[str, set[str]] = {}
    come: dict[str, set[str]] = {}
    for before, after in pairwise(sorted(in_force)):
        if in_force[before] != in_force[after]:
            gone[f"{after}-01-01"] = in_force[before] - in_force[after]
            come[f"{after}-01-01"] = in_force[after] - in_force[before]
    changes = rows("municipality_changes")
    for found, side in ((gone, "predecessor"), (come, "successor")):
        listed: dict[str, set[str]] = {}
        for row in changes:
            listed.setdefault(row["change_date"], set()).add(row[f"{side}_code"])
            assert row[f"{side}_name"] == name[row[f"{side}_code"]]
        assert found == listed


def test_one_point_for_each_municipality_of_2009() -> None:
    points = rows("municipality_points_2009")
    in_2009 = {
        (row["municipality_code"], row["municipality_name"])
        for row in rows("ssb_population")
        if row["year"] == "2009"
    }
    assert len(points) == len(in_2009) == 85
    assert {(row["municipality_code"], row["municipality_name"]) for row in points} == in_2009
    for row in points:
        assert row["county_code"] == row["municipality_code"][:2]
        # Møre og Romsdal, Sør-Trøndelag and Nord-Trøndelag lie inside this box.
        assert 4.5 < float(row["longitude_deg"]) < 14.5
        assert 61.5 < float(row["latitude_deg"]) < 65.5


def test_centrality_counts() -> None:
    centrality = rows("ssb_centrality_2008")
    levels = Counter(row["centrality_level_2008"] for row in centrality)
    assert levels == {"0": 28, "1": 14, "2": 23, "3": 19}
    in_2012 = {
        (row["municipality_code"], row["municipality_name"])
        for row in rows("ssb_population")
        if row["year"] == "2012"
    }
    assert {(row["municipality_code"], row["municipality_name"]) for row in centrality} == in_2012
    assert len({row["centrality_label_nb"] for row in centrality}) == len(levels)


@pytest.mark.parametrize(
    "table",
    [name for name in TABLES if name.startswith("programme_") or name == "press_totals"],
)
def test_codes_and_names_are_those_of_2009(table: str) -> None:
    name = {
        row["municipality_code"]: row["municipality_name"]
        for row in rows("municipality_points_2009")
    }
    for row in rows(table):
        code = row.get("municipality_code", "")
        if code:
            assert row["municipality_name"] == name[code]
        if row.get("area_kind") == "municipality":
            assert row["area"] == name[row["area_code"]]


def population(year: int) -> dict[str, int]:
    """Population of each unit of a year, by code, on the borders of that year."""
    return {
        row["municipality_code"]: int(row["population"])
        for row in rows("ssb_population")
        if row["year"] == str(year)
    }


def grouped(number: int) -> str:
    """A number as the decision tables write it, thousands apart."""
    return f"{number:,}".replace(",", " ")


@pytest.mark.parametrize("table", sorted(path.stem for path in DECISIONS.glob("*.csv")))
def test_every_decision_has_a_reason_and_a_source(table: str) -> None:
    content = (DECISIONS / f"{table}.csv").read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
    known = {row["municipality_code"] for row in rows("municipality_points_2009")} | {""}
    for row in rows(table, DECISIONS):
        assert row["reason"].strip()
        assert row["source"].strip()
        assert row.get("municipality_code", "") in known
        # An outside fact that a decision leans on must be in the table of outside facts.
        cited = set(re.findall(r"\bE\d{2}\b", row["source"]))
        assert cited <= {fact["external_id"] for fact in rows("external_facts")}


def test_treatment_follows_the_levels() -> None:
    treatment = rows("treatment", DECISIONS)
    assert [row["municipality_code"] for row in treatment] == [
        row["municipality_code"] for row in rows("municipality_points_2009")
    ]

    def marked(column: str) -> set[str]:
        assert {row[column] for row in treatment} == {"true", "false"}
        return {row["municipality_code"] for row in treatment if row[column] == "true"}

    def on_level(level: str) -> set[str]:
        return {
            row["municipality_code"] for row in rows("programme_levels") if row["level"] == level
        }

    priority = marked("priority")
    signed = marked("agreement_signed_2010")
    eight = marked("agreement_eight_2013")
    intended = marked("agreement_intended_2011")
    assert priority == on_level("priority")
    assert signed == on_level("agreement")
    assert intended == signed | (on_level("agreement_intended") & priority)
    # Number of municipalities in each reading: contradictions A9 (7, 8 and 9 of the 17).
    assert (len(signed), len(eight), len(intended)) == (7, 8, 9)
    assert signed < eight < intended < priority
    clusters = Counter(row["cluster"] for row in treatment)
    shared = {cluster for cluster, size in clusters.items() if size > 1}
    joint = {
        row["municipality_code"]
        for row in rows("programme_levels")
        if row["joint_municipality"] == "Innherred samkommune"
    }
    assert {row["municipality_code"] for row in treatment if row["cluster"] in shared} == joint


def test_partners_of_a_treated_municipality_are_left_out_of_the_comparison() -> None:
    priority = {
        row["municipality_code"]
        for row in rows("treatment", DECISIONS)
        if row["priority"] == "true"
    }
    reached = {
        row["municipality_code"]
        for row in rows("programme_levels")
        if row["municipality_code"] not in priority
    }
    excluded = {
        row["municipality_code"]
        for row in rows("exclusions", DECISIONS)
        if row["applies_to"] == "municipal_comparison_group"
    }
    assert reached == excluded


def test_each_reading_uses_a_side_it_states() -> None:
    readings = rows("readings", DECISIONS)
    identifiers = [row["reading_id"] for row in readings]
    assert len(set(identifiers)) == len(identifiers)
    assert {f"A{n}" for n in range(1, 19)} | {f"B{n}" for n in range(1, 8)} <= set(identifiers)
    for row in readings:
        assert row["side_a"]
        assert row["side_b"]
        assert row["used"] in {"both", "neither"} or row[row["used"]], row["reading_id"]


def test_numbers_in_the_readings_are_those_of_the_tables() -> None:
    reading = {row["reading_id"]: row for row in rows("readings", DECISIONS)}
    by_year = {year: population(year) for year in range(2005, 2015)}
    trondheim = [by_year[year]["1601"] for year in by_year]
    growth = [after - before for before, after in pairwise(trondheim)]
    assert f"between {grouped(min(growth))} and {grouped(max(growth))}" in reading["A13"]["side_b"]
    assert max(growth) < 4_000  # p. 5 prints more than 4 000
    first = {
        what: min(year for year, persons in series.items() if persons > bound)
        for what, bound, series in (
            ("region", 680_000, {year: sum(by_year[year].values()) for year in by_year}),
            ("Trondheim", 173_000, {year: by_year[year]["1601"] for year in by_year}),
        )
    }
    assert set(first.values()) == {2011}
    assert "1 January 2011" in reading["A12"]["reason"]
    smallest = [min(by_year[year].values()) for year in range(2008, 2013)]
    assert f"{min(smallest)} to {max(smallest)}" in reading["A14"]["side_b"]
    above = {year for year in by_year if min(by_year[year].values()) > 500}
    assert above == {2005, 2006, 2007, 2013}
    for year in (2009, 2010):
        assert grouped(by_year[year]["1663"]) in reading["A15"]["side_b"]


def test_the_highest_average_of_the_press_is_that_of_its_county() -> None:
    # Reading B12: not the highest of the region in either year by p. 14, but of Nord-Trøndelag.
    (frosta,) = [row for row in rows("press_totals") if row["quantity"] == "average_loan"]
    (reading,) = [row for row in rows("readings", DECISIONS) if row["reading_id"] == "B12"]
    table, _ = p14()
    for year in (2009, 2010):
        average = {
            row["municipality_code"]: int(row[f"amount_nok_{year}"]) / int(row[f"loans_{year}"])
            for row in table
        }
        county = max(
            value for code, value in average.items() if code[:2] == frosta["area_code"][:2]
        )
        assert county < int(frosta["printed_value"]) < max(average.values())
        for value in (county, max(average.values())):
            assert grouped(round(value)) in reading["reason"]


def test_size_decides_selection_but_for_roros() -> None:
    # Reading B7.
    priority = {
        row["municipality_code"]
        for row in rows("treatment", DECISIONS)
        if row["priority"] == "true"
    }
    persons = population(2009)
    largest = sorted(persons, key=lambda code: -persons[code])[:PRIORITY_COUNT]
    assert priority - set(largest) == {"1640"}
    assert set(largest) - priority == {largest[-1]}


def test_population_share_rounds_to_the_printed_one_in_the_years_named() -> None:
    # Reading B8. The priority municipality 1505 is 1503 and 1556 before 2008.
    priority = {
        row["municipality_code"]
        for row in rows("treatment", DECISIONS)
        if row["priority"] == "true"
    } | {"1503", "1556"}
    (printed,) = [
        int(row["printed_percent"])
        for row in rows("programme_p13_shares")
        if (row["statistic"], row["group"]) == ("population", "priority")
    ]
    agreeing = []
    for year in range(2005, 2015):
        persons = population(year)
        share = sum(persons[code] for code in priority & set(persons)) / sum(persons.values())
        if round(100 * share) == printed:
            agreeing.append(year)
    assert agreeing == list(range(2008, 2014))
    (reading,) = [row for row in rows("readings", DECISIONS) if row["reading_id"] == "B8"]
    assert f"from {agreeing[0]} to {agreeing[-1]}" in reading["reason"]


def test_statements_state_what_a_check_needs() -> None:
    described = record("programme_statements")["columns"]
    statements = rows("programme_statements")
    pages = [int(row["page"]) for row in statements]
    assert pages == sorted(pages)
    assert [row["statement_id"] for row in statements] == [
        f"S{number:03d}" for number in range(1, len(statements) + 1)
    ]
    for row in statements:
        # The vocabularies are those the record explains.
        for column in ("kind", "comparison", "check"):
            assert re.search(rf"\b{row[column]}\b", described[column]["description"]), row
        arguments = row["check_argument"].split(";") if row["check_argument"] else []
        assert all(re.fullmatch(r"[a-z_]+=[^=;]+", argument) for argument in arguments), row
        assert (row["check"] == "none") == row["check_argument"].startswith("reason="), row
        assert row["statement"]
        assert row["statement_nb"]
        assert row["statement"] != row["statement_nb"]


def test_statements_repeat_the_printed_figures_of_the_other_tables() -> None:
    statements = rows("programme_statements")

    def printed(check: str) -> dict[str, int]:
        return {
            row["check_argument"]: int(row["printed_value"])
            for row in statements
            if row["check"] == check
        }

    _, total = p14()
    assert printed("column_sum") == {
        f"column={quantity}_{part}": int(total[f"{quantity}_{part}"])
        for quantity in QUANTITIES
        for part in (2010, 2009, "change")
    }
    assert printed("region_loans") == {
        f"year={row['year']}": int(row["loans"]) for row in rows("programme_p11_region_loans")
    }
    malvik = {
        (row["quantity"], row["year"]): int(row["printed_value"])
        for row in rows("programme_p06_malvik")
    }
    for check, quantity in (
        ("malvik_amount", "amount_nok"),
        ("malvik_count", "loans"),
        ("malvik_average", "average_loan_nok"),
    ):
        assert printed(check) == {
            f"year={year}": value for (what, year), value in malvik.items() if what == quantity
        }
    counts = [
        (row["page"], f"counted={row['counted']};level={row['level']}", row["printed_count"])
        for row in rows("programme_level_counts")
        if row["count_kind"] == "printed"
    ]
    for row in statements:
        if row["check"] == "level_count":
            counted, _, _ = row["check_argument"].partition(";apart=")
            assert (row["page"], counted, row["printed_value"]) in counts


def transcript() -> str:
    path = SHARED / "source" / "programme_nb.txt"
    if not path.is_file():
        pytest.skip("the source material is not beside this checkout")
    return path.read_text(encoding="utf-8")


def page_of(number: int) -> str:
    """One page of the transcript, between its page markers."""
    text = transcript()
    start = text.index(f"\n{number} ") if number != 9 else text.index(" 1,0 9 ")
    return text[start : text.index("\n\n", start + 1)]


def spaced(value: str) -> str:
    """A pattern for a number whose digits the transcript may group with spaces."""
    return " ?".join(re.escape(sign) for sign in value)


def test_p14_stands_in_the_transcript() -> None:
    columns = [f"{quantity}_{part}" for quantity in QUANTITIES for part in (2010, 2009, "change")]
    table = rows("programme_p14_start_loans")
    cells = [
        spaced(row[column]) if column in columns else row[column]
        for row in table
        for column in ("municipality_name", *columns)
    ]
    # The transcript leaves out the space before a minus sign.
    pattern = " ".join(cells).replace(r" \-", r" ?\-")
    assert re.search(pattern, page_of(14))


def test_p14_matches_the_list_of_facts_cell_by_cell() -> None:
    column = {
        "Antall 2010": "loans_2010",
        "Antall 2009": "loans_2009",
        "Endring (antall)": "loans_change",
        "Beløp 2010": "amount_nok_2010",
        "Beløp 2009": "amount_nok_2009",
        "Endring (beløp)": "amount_nok_change",
    }
    listed = {}
    for fact in shared_rows("facts/programme_facts.csv"):
        name, _, label = fact["quantity"].partition(": ")
        if fact["page"] == "14" and label in column:
            listed[name, column[label]] = fact["value"]
    ours = {
        (row["municipality_name"], name): row[name]
        for row in rows("programme_p14_start_loans")
        for name in column.values()
    }
    assert ours == listed
    assert len(ours) == (PRIORITY_COUNT + 1) * len(column)


def test_other_printed_figures_stand_on_their_page() -> None:
    for row in rows("programme_p11_region_loans"):
        assert row["loans"] in page_of(11).split()
    for row in rows("programme_p13_shares"):
        assert re.search(rf"\b{row['printed_percent']} ?%", page_of(int(row["page"])))
    for row in rows("programme_chart_axes"):
        assert row["tick"] in page_of(int(row["page"])).split()
    for row in rows("programme_p06_malvik"):
        written = row["printed_value"].removesuffix("000000")
        assert re.search(rf"\b{spaced(written)}\b", page_of(int(row["page"])))
    for row in rows("programme_levels"):
        # A joint municipality is named in the place of its members.
        assert (row["joint_municipality"] or row["municipality_name"]) in page_of(int(row["page"]))


def test_bar_labels_keep_their_order_in_the_transcript() -> None:
    words = page_of(11).split()
    places = [
        words.index(row["loans"])
        for row in sorted(rows("programme_p11_region_loans"), key=lambda row: row["label_order"])
    ]
    assert places == sorted(places)


def test_population_matches_its_copy_cell_by_cell() -> None:
    theirs = shared_rows("data/ssb_07459_population_region_2005_2014.csv")
    unnamed = {row["municipality_code"] for row in theirs if not row["municipality_name"]}
    assert unnamed == {"1569", "1572"}
    ours = {(row["municipality_code"], row["year"]): row for row in rows("ssb_population")}
    assert len(ours) == len(theirs)
    for row in theirs:
        mine = dict(ours[row["municipality_code"], row["year"]])
        if row["municipality_code"] in unnamed:
            mine["municipality_name"] = ""
        assert mine == row


def test_converted_tables_come_out_of_their_copies_with_the_same_bytes(tmp_path: Path) -> None:
    shared_rows("data/municipality_centres_2009.csv")  # skips where the copies are not at hand
    program = CHECKOUT / "tools" / "kept_tables.py"
    subprocess.run([sys.executable, program, SHARED / "data", tmp_path], check=True)
    made = sorted(tmp_path.iterdir())
    assert len(made) == 3
    for path in made:
        assert path.read_bytes() == (RAW / path.name).read_bytes()


def test_centrality_matches_its_copy_cell_by_cell() -> None:
    column = {
        "municipality_code": "Kommunenr",
        "county_code": "Fylkenr",
        "economic_region_code": "Næringsregionnr",
        "economic_region_name": "Næringsregion_ navn",
        "centrality_level_2008": "Sentralitet_nr_2008",
        "centrality_label_nb": "Sentralitet_kat_2008",
    }
    theirs = {row["Kommunenr"]: row for row in shared_rows("data/ssb_centrality_2008_region.csv")}
    ours = rows("ssb_centrality_2008")
    assert len(ours) == len(theirs)
    for row in ours:
        copy = theirs[row["municipality_code"]]
        assert {name: row[name] for name in column} == {
            name: copy[their_name] for name, their_name in column.items()
        }
        assert row["municipality_name"] == copy["Kommunenavn"].partition(" (")[0]


def test_points_match_their_copy_cell_by_cell() -> None:
    theirs = shared_rows("data/municipality_centres_2009.csv")
    for row in theirs:
        row["municipality_name"] = row["municipality_name"].partition(" (")[0]
    assert rows("municipality_points_2009") == sorted(
        theirs, key=lambda row: row["municipality_code"]
    )


def test_statements_cover_every_listed_fact_but_the_cells_of_the_table() -> None:
    listed = {fact["fact_id"]: fact for fact in shared_rows("facts/programme_facts.csv")}
    covered: set[str] = set()
    for row in rows("programme_statements"):
        facts = set(row["facts"].split(";")) - {""}
        assert facts <= set(listed)
        assert {listed[fact]["page"] for fact in facts} <= {row["page"]}
        covered |= facts
    cells = {
        fact_id
        for fact_id, fact in listed.items()
        if fact["page"] == "14" and ": " in fact["quantity"] and "SUM" not in fact["quantity"]
    }
    assert len(cells) == PRIORITY_COUNT * 6
    assert covered == set(listed) - cells


def test_no_sentence_of_the_document_is_carried_over() -> None:
    words = re.findall(r"\w+", transcript().lower())
    # Six in a row, at least four of them words, do not happen by chance; numbers are facts.
    length, least_words = 6, 4
    runs = {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}
    for path in sorted([*RAW.glob("*.csv"), *RAW.glob("*.toml"), *DECISIONS.glob("*.csv")]):
        for line in path.read_text(encoding="utf-8").splitlines():
            ours = re.findall(r"\w+", line.lower())
            for i in range(len(ours) - length + 1):
                run = tuple(ours[i : i + length])
                carried = run in runs and sum(not word.isdigit() for word in run) >= least_words
                assert not carried, f"{path.name}: {' '.join(run)}"


# --- the labour market and immigrants by reason, read in a public repository ---


def checkout_of_source() -> Path:
    """Find a checkout of gardenberg/imdikator-munch at 101c082, or pass the test over."""
    given = os.environ.get("IMDIKATOR_MUNCH", "")
    if not given:
        pytest.skip("IMDIKATOR_MUNCH names no checkout of the tables' source")
    return Path(given)


IMDI_TABLES = {
    "labour_market": "data/labour_market_region_2006_2014.csv",
    "labour_market_norway": "data/labour_market_norway_2006_2014.csv",
    "immigrants_by_reason": "data/immigrants_by_reason_region_2006_2015.csv",
}


@pytest.mark.parametrize("table", IMDI_TABLES)
def test_imdi_tables_match_a_copy_taken_by_others_cell_by_cell(table: str) -> None:
    theirs = shared_rows(IMDI_TABLES[table])
    ours = [{name: row[name] for name in theirs[0]} for row in rows(table)]
    assert ours == theirs


def test_imdi_tables_come_out_of_their_source_with_the_same_bytes(tmp_path: Path) -> None:
    program = CHECKOUT / "tools" / "imdikator_tables.py"
    subprocess.run([sys.executable, program, checkout_of_source(), tmp_path], check=True)
    for table in IMDI_TABLES:
        assert (tmp_path / f"{table}.csv").read_bytes() == (RAW / f"{table}.csv").read_bytes()


def test_imdi_tables_are_made_from_files_of_the_form_they_were_read_in(tmp_path: Path) -> None:
    """The program's own sources laid out anew from the tables, among rows that do not belong."""
    source, made = tmp_path / "imdikator-munch", tmp_path / "raw"
    for folder in ("data_flat_output", "data_flat_input"):
        (source / folder).mkdir(parents=True)
    counted = {
        "sysselsatte_innvkat": ("employed", ["innvkat_3"]),
        "arbledige_innvkat_land": ("unemployed_or_on_measures", ["innvkat_3", "vreg_3"]),
    }
    for name, (column, groups) in counted.items():
        table = [("0000", row) for row in rows("labour_market_norway")]
        table += [(row["municipality_code"], row) for row in rows("labour_market")]
        table.append(("0301", {"year": "2008", column: "1"}))  # Oslo
        lines = [f"aar,kommune_nr,{','.join(groups)},tabellvariabel,tabell_navn,enhet"]
        for code, row in table:
            for group, value in (("alle", row[column]), ("innvandrere", "7")):
                cells = ",".join([group, *["alle"] * (len(groups) - 1)])
                lines.append(f'{row["year"]},"{code}",{cells},"{value}",{name},personer')
                lines.append(f'{row["year"]},"{code}",{cells},"1.5",{name},prosent')
        path = source / "data_flat_output" / f"{name}-kommune-2006_2014.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    columns = {
        "alle": "immigrants",
        "arbeid": "immigrants_work",
        "flukt": "immigrants_refuge",
        "familie": "immigrants_family",
        "annet": "immigrants_other",
        "uoppgitt": "immigrants_reason_unknown",
    }
    people = [(row["municipality_code"], row) for row in rows("immigrants_by_reason")]
    none = dict.fromkeys(columns.values(), "0")
    country = [("00", row | none) for row in rows("labour_market_norway")]
    country.append(("00", {"year": "2015", "population": "0"} | none))
    for area, code, table in (("K", "kommune_id", people), ("L", "fylke_id", country)):
        for year in range(2006, 2016):
            lines = [f"tabell_navn;aar;{code};innvgrunn_6;kjonn;enhet;tabellvariabel;"]
            for unit, row in table:
                if row["year"] == str(year):
                    lines.append(f"t;{year};{unit}; ;alle;person;{row['population']};")
                    for reason, column in columns.items():
                        lines.append(f"t;{year};{unit};{reason};alle;person;{row[column]};")
                        lines.append(f"t;{year};{unit};{reason};1;person;3;")
                        lines.append(f"t;{year};{unit};{reason};alle;prosent;12,5;")
            path = source / "data_flat_input" / f"befolkning_innvandringsgrunn_{area}_{year}.csv"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program = CHECKOUT / "tools" / "imdikator_tables.py"
    subprocess.run([sys.executable, program, source, made], check=True)
    for table in IMDI_TABLES:
        assert (made / f"{table}.csv").read_bytes() == (RAW / f"{table}.csv").read_bytes()
    empty = subprocess.run([sys.executable, program, made, made], capture_output=True, text=True)
    assert empty.returncode == 1
    assert "give a checkout of gardenberg/imdikator-munch" in empty.stderr


def test_labour_market_of_the_country_is_what_statistics_norway_printed() -> None:
    table = {row["year"]: row for row in rows("labour_market_norway")}
    # Statistics Norway: employed residents, fourth quarter of 2008; registered unemployed and
    # participants in measures, fourth quarter of 2009; population on 1 January (table 07459)
    assert table["2008"]["employed"] == "2524752"
    assert table["2009"]["unemployed_or_on_measures"] == "85441"
    printed = {"2006": 4_640_219, "2008": 4_737_171, "2010": 4_858_199, "2014": 5_109_056}
    assert {year: int(table[year]["population"]) for year in printed} == printed


def test_codes_of_the_labour_market_are_those_of_the_next_new_year() -> None:
    def codes(table: str, year: int) -> set[str]:
        return {r["municipality_code"] for r in rows(table) if r["year"] == str(year)}

    for year in range(2006, 2014):
        assert codes("labour_market", year) == codes("ssb_population", year + 1)
    # so that a merger shows a year before it happens
    assert "1505" in codes("labour_market", 2007) - codes("ssb_population", 2007)
    assert "1756" in codes("labour_market", 2011) - codes("ssb_population", 2011)


def test_population_by_reason_is_that_of_statistics_norway_in_every_cell() -> None:
    theirs = {(r["municipality_code"], r["year"]): r["population"] for r in rows("ssb_population")}
    ours = {
        (r["municipality_code"], r["year"]): r["population"] for r in rows("immigrants_by_reason")
    }
    both = theirs.keys() & ours.keys()
    assert len(both) == 764
    assert all(theirs[cell] == ours[cell] for cell in both)


def test_reasons_add_up_and_are_lost_in_three_years() -> None:
    share = {}
    for year in map(str, range(2006, 2016)):
        table = [row for row in rows("immigrants_by_reason") if row["year"] == year]
        for row in table:
            reasons = [
                int(row[f"immigrants_{name}"])
                for name in ("refuge", "family", "work", "other", "reason_unknown")
            ]
            assert sum(reasons) == int(row["immigrants"])
            assert 1 not in reasons
        unknown = sum(int(row["immigrants_reason_unknown"]) for row in table)
        share[year] = unknown / sum(int(row["immigrants"]) for row in table)
    # what the table's record says of them
    assert {year: round(value, 2) for year, value in share.items()} == {
        "2006": 0.32,
        "2007": 0.29,
        "2008": 0.25,
        "2009": 0.23,
        "2010": 0.23,
        "2011": 0.76,
        "2012": 0.66,
        "2013": 0.58,
        "2014": 0.16,
        "2015": 0.15,
    }
