"""Codes of any year and names, in the borders of 2009."""

import json
from pathlib import Path

import pytest

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.layout import Choices
from bsup_analysis.municipal_import.mapping import Entry, map_entries
from bsup_analysis.municipal_import.municipalities import Reference
from bsup_analysis.municipal_import.reading import RawTable
from bsup_analysis.tables.sources import read_source

KLASS = Path(__file__).resolve().parents[3] / "shared/payloads/klass131_codesAt_2026-01-01.json"


def test_codes_in_force_after_all_changes_are_those_of_klass(against: Reference) -> None:
    if not KLASS.is_file():
        pytest.skip("the recorded KLASS answer is not beside this checkout")
    listed = {row["code"] for row in json.loads(KLASS.read_text(encoding="utf-8"))["codes"]}
    region = {code for code in listed if code[:2] in ("15", "50")}
    assert against.places.changes.codes_in(2026) == region


def test_number_of_municipalities_by_year(against: Reference) -> None:
    # SSB, KLASS 131: 36/25/24 in 2009; Trøndelag 38 and Møre og Romsdal 26 from 2020, 27 from 2024
    found = {year: len(codes) for year, codes in against.places.in_force.items()}
    assert found == {
        **dict.fromkeys(range(2002, 2006), 87),
        **dict.fromkeys((2006, 2007), 86),
        **dict.fromkeys(range(2008, 2012), 85),
        **dict.fromkeys(range(2012, 2018), 84),
        **dict.fromkeys((2018, 2019), 83),
        **dict.fromkeys(range(2020, 2024), 64),
        2024: 65,
    }


def test_every_code_of_the_population_table_is_in_force_in_its_year(against: Reference) -> None:
    population = read_source("ssb_population")
    for year, part in population.groupby("year"):
        assert set(part["municipality_code"]) == against.places.in_force[int(year)]


def test_the_renumbering_of_2018_maps_one_to_one(against: Reference) -> None:
    later = read_source("municipality_codes_later").query("kind == 'renumbering'")
    for row in later.itertuples():
        year = int(row.change_date[:4])
        expected = against.places.units(row.predecessor_code, year - 1)
        assert against.places.units(row.successor_code, year) == expected
    assert against.places.units("5001", 2018) == ("1601",)
    assert against.places.units("5061", 2019) == ("1567",)
    assert len(later) == 47


@pytest.mark.parametrize(
    ("code", "year", "units"),
    [
        ("1506", 2020, ("1502", "1543", "1545")),
        ("1578", 2024, ("1524", "1526")),
        ("1579", 2022, ("1548", "1551")),
        ("5054", 2018, ("1624", "1718")),
        ("5001", 2020, ("1601", "1662")),
        ("5057", 2021, ("1621", "1627")),
        ("5058", 2024, ("1630", "1632")),
        ("5053", 2024, ("1723", "1729")),
    ],
)
def test_later_mergers_stand_for_several(
    against: Reference, code: str, year: int, units: tuple[str, ...]
) -> None:
    assert against.places.units(code, year) == units


@pytest.mark.parametrize(
    ("code", "year"),
    [
        *((code, 2020) for code in ("5055", "5056", "5059", "5006", "5007", "5060", "5054")),
        *((code, 2020) for code in ("1507", "1547", "1577", "1520")),
        *((code, 2021) for code in ("1535", "1539")),
        *((code, 2024) for code in ("1508", "1580")),
    ],
)
def test_divided_areas_have_no_units(against: Reference, code: str, year: int) -> None:
    assert against.places.units(code, year) == ()


@pytest.mark.parametrize("code", ["1535", "1539"])
def test_a_moved_piece_touches_neither_side_before_it_moved(against: Reference, code: str) -> None:
    assert against.places.units(code, 2020) == (code,)


def test_each_code_that_maps_is_part_of_exactly_one_municipality(against: Reference) -> None:
    for year in (2002, 2007, 2012, 2018, 2020, 2024):
        owners = [
            code for unit in sorted(against.units) for code in against.places.parts(unit, year)
        ]
        single = [
            code
            for code in against.places.in_force[year]
            if len(against.places.units(code, year)) == 1
        ]
        assert sorted(owners) == sorted(single)


@pytest.mark.parametrize(
    ("label", "year", "code"),
    [
        ("1601", 2009, "1601"),
        ("1601 Trondheim", 2009, "1601"),
        ("K-1601", 2009, "1601"),
        ("K1601 - Trondheim", 2009, "1601"),
        ("Trondheim", 2009, "1601"),
        ("TRONDHEIM KOMMUNE", 2009, "1601"),
        ("Trondheim - Tråante", 2019, "5001"),
        ("Herøy (M. og R.)", 2009, "1515"),
        ("Herøy (Møre og Romsdal)", 2009, "1515"),
        ("Sande (Møre og Romsdal)", 2009, "1514"),
        ("1503 Kristiansund (-2007)", 2005, "1503"),
        ("Kristiansund", 2005, "1503"),
        ("Kristiansund", 2009, "1505"),
        ("Inderøy", 2009, "1729"),
        ("Inderøy", 2012, "1756"),
        ("Snåsa", 2009, "1736"),
        ("Snåase - Snåsa", 2013, "1736"),
        ("A\u030alesund", 2009, "1504"),
        ("Ålesund", 2021, "1507"),
    ],
)
def test_labels(against: Reference, label: str, year: int, code: str) -> None:
    found = against.places.candidates(label, "")
    assert isinstance(found, frozenset)
    assert against.places.code_in(found, year) == code


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("0301 Oslo", "outside the region"),
        ("301", "outside the region"),
        ("1818", "outside the region"),
        ("Herøy (Nordland)", "outside the region"),
        ("Sum", "a total or another area"),
        ("I alt", "a total or another area"),
        ("Hele landet", "a total or another area"),
        ("Møre og Romsdal", "a total or another area"),
        ("Sør-Trøndelag", "a total or another area"),
        ("1500", "a total or another area"),
        ("EKG13", "a total or another area"),
    ],
)
def test_other_areas_are_known_for_what_they_are(
    against: Reference, label: str, reason: str
) -> None:
    assert against.places.candidates(label, "") == reason


@pytest.mark.parametrize(
    ("label", "name", "match"),
    [
        ("1699", "", "1699 was not in force"),
        ("Tronheim", "", "near: Trondheim"),
        ("1601", "Steinkjer", "code 1601 is Trondheim"),
        ("1601 Steinkjer", "", "code 1601 is Trondheim"),
        ("<b>Trondheim</b>", "", "is not a municipality"),
        ("=1+1", "", "is not a municipality"),
        ("SYN-P01", "", "synthetic"),
    ],
)
def test_unknown_labels_are_refused_with_the_row(
    against: Reference, label: str, name: str, match: str
) -> None:
    entry, table = Entry(2, label, name, (), "2009", {"loans": 1}), RawTable("f", "", ())
    with pytest.raises(InputError, match=match) as refused:
        map_entries([entry], against.places, table, None, (), Choices({}))
    assert str(refused.value).startswith("f, row 2")
