"""What an import adds up, sets aside, asks and writes."""

import datetime as dt
import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from imported_values import source, value

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.importing import ImportResult, import_file
from bsup_analysis.municipal_import.layout import mapping_of
from bsup_analysis.municipal_import.municipal_table import read_municipal
from bsup_analysis.municipal_import.municipalities import Reference
from bsup_analysis.tables.sources import Provenance
from bsup_analysis.tables.strict_csv import to_csv

Imported = Callable[..., ImportResult]
HEAD = "Kommunenr;År;Antall"


def test_predecessors_are_added_up(imported: Imported) -> None:
    result = imported([HEAD, "1503;2005;3", "1556;2005;4", "1505;2008;9"])
    assert value(result, "1505", 2005) == 7
    assert value(result, "1505", 2008) == 9
    row = result.table.query("municipality_code == '1505' and year == 2005")
    assert row["rows_used"].item() == 2


def test_a_missing_or_unknown_part_leaves_the_whole_unknown(imported: Imported) -> None:
    result = imported([HEAD, "1503;2005;3", "1503;2006;3", "1556;2006;:"])
    assert value(result, "1505", 2005) is None
    assert "Frei has no row" in source(result, "1505", 2005)
    assert value(result, "1505", 2006) is None
    assert "confidential" in source(result, "1505", 2006)


def test_all_municipalities_are_there_in_every_year_of_the_file(imported: Imported) -> None:
    table = imported([HEAD, "1601;2009;225", "1601;2012;5"]).table
    assert len(table) == 2 * 85
    assert table["rows_used"].sum() == 2
    assert table["loans"].notna().sum() == 2


@pytest.mark.parametrize(
    ("sign", "loans", "reason"),
    [
        ("-", 0, ""),
        (".", None, "cannot occur"),
        ("..", None, "missing"),
        (":", None, "confidential"),
        ("", None, ""),
    ],
)
def test_signs_keep_their_meaning(
    imported: Imported, sign: str, loans: int | None, reason: str
) -> None:
    result = imported([HEAD, f"1601;2011;{sign}", "1702;2011;8"])
    assert value(result, "1601", 2011) == loans
    assert value(result, "1601", 2011, "loans_low") == loans
    assert value(result, "1601", 2011, "loans_high") == loans
    assert reason in source(result, "1601", 2011)


def test_rows_that_are_not_the_regions_are_listed(imported: Imported) -> None:
    result = imported(
        [
            "Startlån;;",
            HEAD,
            "0301 Oslo;2009;900",
            "1601;2009;225",
            "1601;1999;5",
            "Hele landet;2009;9000",
            "1503 Kristiansund (-2007);2009;.",
            "Kilde: Husbanken;;",
        ]
    )
    assert dict(zip(result.set_aside["row"], result.set_aside["reason"], strict=True)) == {
        1: "above the header",
        3: "outside the region",
        5: "year outside 2002-2024",
        6: "a total or another area",
        7: "not in force, no number",
        8: "no municipality, no number",
    }
    assert (result.rows_in, result.rows_used) == (7, 1)


def test_later_mergers_refuse_and_can_be_set_aside(imported: Imported) -> None:
    rows = [HEAD, "1756;2012;5", "1601;2012;9"]
    with pytest.raises(InputError, match=r"row 2: 1756 Inderøy.*Mosvik and Inderøy.*cannot be"):
        imported(rows)
    result = imported(rows, set_aside=["divided"])
    assert result.set_aside["row"].tolist() == [2]
    assert value(result, "1729", 2012) is value(result, "1723", 2012) is None


@pytest.mark.parametrize("code", ["5059", "5006", "1507", "1577", "1547"])
def test_divided_areas_refuse_with_the_row(imported: Imported, code: str) -> None:
    with pytest.raises(InputError, match=rf"row 3: {code} .*area was divided; give numbers"):
        imported([HEAD, "1531;2021;5", f"{code};2021;5"])


def test_codes_of_another_year_ask_for_that_year(imported: Imported) -> None:
    rows = [HEAD, "5001;2009;225", "5030;2009;4", "5004;2009;41", "1502;2009;20"]
    with pytest.raises(InputError, match=r"row 2: '5001' was not in .* in 2018-2024;.*--codes-of"):
        imported(rows)
    result = imported(rows, codes_of=2018)
    assert value(result, "1601", 2009) == 225
    assert value(result, "1702", 2009) == 41
    assert result.codes == "the codes of 2018"
    with pytest.raises(InputError, match=r"row 3: '5030' was not in force in 2020"):
        imported(rows, codes_of=2020, set_aside=["divided"])


def test_an_area_that_changed_without_a_new_code_is_not_mistaken(imported: Imported) -> None:
    # the codes of 2020 for 2009: Aukra, whose code did not change, then holds Orten
    rows = [HEAD, "5014;2009;1", "5020;2009;1", "1506;2009;1", "1547;2009;3"]
    with pytest.raises(InputError, match="'5014' was not in force in 2009"):
        imported(rows)
    with pytest.raises(InputError, match="1506 Molde"):
        imported(rows, codes_of=2020)
    result = imported(rows, codes_of=2020, set_aside=["divided"])
    assert value(result, "1547", 2009) is None
    assert value(result, "1620", 2009) == 1


def test_a_whole_is_not_taken_beside_its_parts(imported: Imported) -> None:
    with pytest.raises(InputError, match="'1505' was not in force in 2006, but in 2008-2024"):
        imported([HEAD, "1505;2006;7", "1503;2006;3", "1556;2006;4"])


@pytest.mark.parametrize("title", ["", "Beløp i 1000 kr;;"], ids=["bare", "below a title"])
def test_columns_of_years_without_a_word_ask_for_a_mapping(imported: Imported, title: str) -> None:
    rows = [*filter(None, [title]), "kommune;2011;2012", "1601;200;210"]
    with pytest.raises(InputError, match=r"--map loans=years, .*--map amount_1000_nok=years or"):
        imported(rows)
    named = imported(rows, mapping={"loans": "years"})
    assert value(named, "1601", 2012) == 210
    named = imported(rows, mapping={"amount_1000_nok": "years"})
    assert value(named, "1601", 2012, "amount_nok") == 210_000


def test_a_unit_stands_in_the_header_or_is_asked_about(imported: Imported) -> None:
    rows = ["Tall i 1000 kr;;", "Kommunenr;År;Beløp", "1601;2011;5"]
    with pytest.raises(InputError, match="'Beløp' does not say whether it is in NOK"):
        imported(rows)
    named = imported(rows, mapping={"amount_1000_nok": "Beløp"})
    assert value(named, "1601", 2011, "amount_nok") == 5_000


def test_a_mapping_names_columns(imported: Imported) -> None:
    rows = ["Hvor;Naar;Hva;Penger", "1601;2011;5;1,5", "1702;2011;6;2"]
    mapping = {"municipality": "hvor", "year": "Naar", "loans": "Hva", "amount_million_nok": "#4"}
    result = imported(rows, mapping=mapping)
    assert value(result, "1601", 2011, "amount_nok") == 1_500_000


@pytest.mark.parametrize(
    ("written", "head", "nok"),
    [
        ("1234,50", "Beløp (kr)", 1235),
        ("1234,49", "Beløp (kr)", 1234),
        ("1,2345", "Beløp (1000 kr)", 1235),
        ("4,3", "Beløp i mill. kr", 4_300_000),
    ],
)
def test_amounts_become_whole_nok(imported: Imported, written: str, head: str, nok: int) -> None:
    result = imported([f"Kommune;År;{head}", f"1601;2011;{written}"])
    assert value(result, "1601", 2011, "amount_nok") == nok
    assert value(result, "1601", 2011) is None


def test_rows_of_another_quantity_are_set_aside(imported: Imported) -> None:
    rows = ["region;statistikkvariabel;2011", "1601;Antall lån;5", "1601;Lån per innbygger;0,2"]
    result = imported(rows)
    assert value(result, "1601", 2011) == 5
    assert result.set_aside[["row", "reason"]].to_numpy().tolist() == [[3, "another quantity"]]


def test_averages_shares_and_changes_are_not_taken_for_loans(imported: Imported) -> None:
    head = "Kommune;År;Antall;Lån per 1000 innbyggere;Gjennomsnittslån (kr);Endring i antall"
    result = imported([head, "1601;2011;5;0,3;500000;-2"])
    used = result.understood[result.understood["taken_for"] != "not used"]
    assert used["header"].tolist() == ["Kommune", "År", "Antall"]


def test_mappings_are_read_from_options() -> None:
    found = mapping_of(["municipality=Kommunenr", "loans = Lån = antall"])
    assert found == {"municipality": "Kommunenr", "loans": "Lån = antall"}
    for wrong in (["loans"], ["loans="], ["year=a", "year=b"]):
        with pytest.raises(InputError):
            mapping_of(wrong)


def test_what_we_write_can_be_imported(imported: Imported, p14: pd.DataFrame) -> None:
    table = imported(p14.rename(columns={"code": "kommunenr"}).to_csv(index=False)).table
    again = imported(to_csv(table)).table
    pd.testing.assert_frame_equal(
        again.drop(columns=["source", "rows_used"]), table.drop(columns=["source", "rows_used"])
    )


def test_numbers_that_lost_their_type_are_still_read(imported: Imported) -> None:
    result = imported(["kommunenr,år,antall", "1601.0,2011.0,5.0", "1702.0,2011.0,"])
    assert value(result, "1601", 2011) == 5
    assert value(result, "1702", 2011) is None


def test_the_lines_tell_what_was_understood(imported: Imported, p14: pd.DataFrame) -> None:
    text = "\n".join(imported(deviating(p14) + "0301,Oslo,2009,5,5\n").lines())
    for told in (
        "kommunenr municipality, by code",
        "outside the region",
        "35 in, 34 used, 1 set",
        "70 agree, 4 deviate, 8 open",
        "Malvik",
        "counted   undecided",
    ):
        assert told in text  # fmt: skip
    assert text.isprintable() or set(filter(lambda sign: not sign.isprintable(), text)) == {"\n"}


# --- the definition, and writing ----------------------------------------------------------


def deviating(p14: pd.DataFrame) -> str:
    changed = p14.assign(loans=p14["loans"] + (p14["name"] == "Malvik"))
    return changed.rename(columns={"code": "kommunenr", "nok": "nok"}).to_csv(index=False)


def test_deviations_are_shown_dry_and_refused_otherwise(
    imported: Imported, p14: pd.DataFrame, project: Path
) -> None:
    dry = imported(deviating(p14))
    assert dry.definition == "undecided"
    assert set(dry.deviations["area"]) == {"priority", "municipality"}
    assert (dry.deviations["difference"] == 1).all()
    with pytest.raises(InputError, match=r"Malvik 2009 loans: published 53, imported 54.*--defin"):
        imported(deviating(p14), dry_run=False)
    assert not (project / "data" / "municipal").exists()


def test_nothing_published_to_hold_it_against_asks_for_the_definition(
    imported: Imported, project: Path
) -> None:
    rows = [HEAD, "1601;2012;9"]
    with pytest.raises(InputError, match="nothing that can be compared with"):
        imported(rows, dry_run=False)
    written = imported(rows, dry_run=False, definition="approved_dwellings")
    assert set(written.table["definition"]) == {"approved_dwellings"}
    assert read_municipal()["definition"].unique().tolist() == ["approved_dwellings"]


def test_what_is_written_is_read_back_with_its_record(
    imported: Imported, p14: pd.DataFrame, project: Path
) -> None:
    day = dt.date(2026, 11, 22)
    text = p14.rename(columns={"code": "kommunenr"}).to_csv(index=False)
    result = imported(text, dry_run=False, today=day)
    folder = project / "data" / "municipal"
    assert sorted(result.written) == sorted(folder.iterdir())
    pd.testing.assert_frame_equal(read_municipal(), result.table)
    record = tomllib.loads((folder / "start_loans.provenance.toml").read_text(encoding="utf-8"))
    table = (folder / "start_loans.csv").read_bytes()
    assert record["sha256"] == hashlib.sha256(table).hexdigest()
    assert hashlib.sha256(text.encode()).hexdigest() in record["document"]
    assert {*record, "url"} == set(Provenance.__dataclass_fields__)
    assert set(record["columns"]) == set(result.table.columns)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    imported(text, dry_run=False, today=day)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_refused_import_leaves_the_earlier_one(
    imported: Imported, p14: pd.DataFrame, project: Path
) -> None:
    imported(p14.rename(columns={"code": "kommunenr"}).to_csv(index=False), dry_run=False)
    before = {p: p.read_bytes() for p in (project / "data" / "municipal").iterdir()}
    with pytest.raises(InputError):
        imported(deviating(p14), dry_run=False)
    assert {p: p.read_bytes() for p in (project / "data" / "municipal").iterdir()} == before


def test_an_edited_table_is_not_read(imported: Imported, p14: pd.DataFrame, project: Path) -> None:
    imported(p14.rename(columns={"code": "kommunenr"}).to_csv(index=False), dry_run=False)
    path = project / "data" / "municipal" / "start_loans.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("134258616", "134258617", 1), encoding="utf-8", newline="")
    with pytest.raises(InputError, match="not the file its record describes"):
        read_municipal()


def test_a_file_name_cannot_break_the_record(
    tmp_path: Path, against: Reference, project: Path
) -> None:
    path = tmp_path / 'a"b\\c\x7f<script>.csv'
    path.write_text(f"{HEAD}\n1601;2011;5\n", encoding="utf-8")
    result = import_file(path, against, definition="loans")
    record = tomllib.loads(result.written[1].read_text(encoding="utf-8"))
    assert "<script>" in record["document"]
    assert "<script>" in read_municipal()["source"].iloc[0]


@pytest.mark.parametrize(
    "options",
    [{"definition": "x"}, {"decimal": "x"}, {"set_aside": ["x"]}, {"codes_of": 1990},
     {"mapping": {"x": "y"}}, {"mapping": {"loans": "y"}}],
)  # fmt: skip
def test_unknown_options_are_refused(imported: Imported, options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        imported([HEAD, "1601;2011;5"], **options)
