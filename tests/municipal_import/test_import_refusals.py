"""Bad input ends in one sentence that says what to do, never in a traceback."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import import reading
from bsup_analysis.municipal_import.importing import ImportResult, import_file
from bsup_analysis.municipal_import.municipalities import Reference

Imported = Callable[..., ImportResult]
HEAD = "Kommunenr;År;Antall"


def workbook(change: Callable[[openpyxl.Workbook], object] | None = None) -> bytes:
    """A sound workbook of one sheet, changed."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Lån"
    for row in (["Kommune", "År", "Antall"], ["Trondheim", 2011, 5], ["Steinkjer", 2011, 6]):
        sheet.append(row)
    if change:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A workbook with its parts changed."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return stream.getvalue()


def refusal(imported: Imported, content: str | bytes | list[str], **options: object) -> str:
    with pytest.raises(InputError) as refused:
        imported(content, **options)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([HEAD, "1601;2011;abc"], "row 2: 'abc' is not a number"),
        ([HEAD, "1601;2011;-5"], "row 2: '-5' is negative"),
        ([HEAD, "1601;2011;2,5"], "row 2: '2,5' loans; a number of loans is whole"),
        ([HEAD, "1601;2011;=SUM(A1:A2)"], "row 2: '=SUM(A1:A2)' is a formula"),
        ([HEAD, "1601;2011;–"], "row 2: '–' may mean zero or unknown"),
        ([HEAD, "1601;2011K1;5"], "row 2: '2011K1' is not a year"),
        ([HEAD, "1699;2011;5"], "row 2: municipality code 1699"),
        ([HEAD, "<i>Oslo</i>;2011;5"], "row 2: '<i>Oslo</i>' is not a municipality"),
        ([HEAD, ";2011;5"], "row 2 has numbers but no municipality"),
        ([HEAD, "1601;2011;5;7"], "row 2 has 4 fields where the header has 3"),
        ([HEAD, "1601;2011;5", "1702;2011"], "row 3 has 2 fields where the header has 3"),
        ([HEAD, "1601;2011;5", "Trondheim;2011;5"], "row 3: Trondheim in 2011 stands in row 2"),
        ([HEAD, "1503;2006;5", "5001;2009;5"], "row 3: '5001' was not in force in 2009"),
        ([HEAD, "0301;2011;5"], "no row of the region that can be used: row 2, outside"),
        ([HEAD], "no rows below a header"),
        (["Kommunenr;År;Antall;Antall", "1601;2011;5;6"], "columns 3 and 4 are both taken"),
        (["Kommune;Kommune;År;Antall", "1601;1601;2011;5"], "columns 1 and 2 are both taken"),
        (["Kommunenr;År;Beløp", "1601;2011;5"], "does not say whether it is in NOK"),
        (["Kommunenr;År;Beløp kr;Beløp 1000 kr", "1601;2011;5;5"], "more than one unit"),
        (["Kommunenr;År;Farge", "1601;2011;5"], "column 3 ('Farge') is not understood"),
        (["Kommunenr;År;Antall avslag", "1601;2011;5"], "no column is recognised as loans or am"),
        (["a;b;c", "1601;2011;5"], "no header row with a municipality and a year"),
        (["Kommunenr;År;Beløp (1000 kr)", "1601;2011;1.234"], "--decimal comma or"),
        (["Kommunenr;År;Beløp kr", "1601;2011;1,5", "1702;2011;1.5"], "in one way"),
        (["Kommune;Antall 2011;Antall 2011", "1601;5;6"], "columns 2 and 3 are both taken"),
        (["region;variabel;år;verdi", "1601;Beløp;2011;5"], "row 2: 'Beløp' does not say"),
        (["region;variabel;år;verdi", "1601;;2011;5"], "row 2 has a number but does not say"),
        (['Kommunenr;År;"Antall', "1601;2011;5"], "quotation mark"),
        (["just words", "and more"], "no columns divided by"),
    ],
)
def test_bad_rows(imported: Imported, rows: list[str], match: str) -> None:
    assert match in refusal(imported, rows)


@pytest.mark.parametrize(
    ("content", "name", "match"),
    [
        (b"", "a.csv", "is empty"),
        (b"  \n \n", "a.csv", "is empty"),
        (b"a;b\n\0\0;1\n", "a.csv", "not a text file"),
        (bytes(range(256)), "a.bin", "not a text file"),
        (b"<html><table><tr><td>1601</td></tr></table></html>", "a.xls", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "password"),
        (b"PK\x03\x04 but not an archive", "a.xlsx", "damaged or locked"),
        (b"PAR1 but not Parquet", "a.parquet", "cannot be read as Parquet"),
    ],
)
def test_bad_files(imported: Imported, content: bytes, name: str, match: str) -> None:
    assert match in refusal(imported, content, name=name)


def test_a_file_that_is_not_there(tmp_path: Path, against: Reference) -> None:
    with pytest.raises(InputError, match="is not there; check the path"):
        import_file(tmp_path / "none.csv", against)
    with pytest.raises(InputError, match="is a folder"):
        import_file(tmp_path, against)


def test_a_sound_workbook_is_read(imported: Imported) -> None:
    assert imported(workbook(), "a.xlsx").rows_used == 2


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda book: book.create_sheet("To").append([1]),
            "name one of them with --sheet Lån or --sheet To",
        ),
        (lambda book: book["Lån"].__setitem__("C3", "=C2+1"), "cell C3: a formula whose value"),
        (lambda book: book["Lån"].__setitem__("XFD1048576", 1), "row 1048576, column 16384"),
        (lambda book: book["Lån"].merge_cells("C2:C3"), "merged over rows 2 to 3"),
        (lambda book: book["Lån"].delete_rows(1, 3), "no sheet with cells"),
    ],
)
def test_workbooks(
    imported: Imported, change: Callable[[openpyxl.Workbook], object], match: str
) -> None:
    assert match in refusal(imported, workbook(change), name="a.xlsx")


def test_a_sheet_is_found_by_its_name(imported: Imported) -> None:
    content = workbook(lambda book: book.create_sheet("To").append([1]))
    assert imported(content, "a.xlsx", sheet="Lån").rows_used == 2
    assert "no sheet 'Tre'; it has: Lån, To" in refusal(
        imported, content, name="a.xlsx", sheet="Tre"
    )
    assert "has no sheets" in refusal(imported, [HEAD, "1601;2011;5"], sheet="Lån")


def test_merged_names_stand_for_all_their_rows(imported: Imported) -> None:
    def merge(book: openpyxl.Workbook) -> None:
        sheet = book["Lån"]
        sheet["A3"], sheet["B3"] = None, 2012
        sheet.merge_cells("A2:A3")

    result = imported(workbook(merge), "a.xlsx")
    known = result.table.dropna(subset=["loans"])
    assert known[["municipality_code", "year", "loans"]].to_numpy().tolist() == [
        ["1601", 2011, 5],
        ["1601", 2012, 6],
    ]


def test_a_formula_with_its_value_stored_is_a_number(imported: Imported) -> None:
    def with_value(name: str, data: bytes) -> bytes:
        if name == "xl/workbook.xml":
            return data.replace(b'fullCalcOnLoad="1"', b"")
        return data.replace(b"<f>C2+1</f><v></v>", b"<f>C2+1</f><v>6</v>").replace(
            b"<f>C2+1</f><v />", b"<f>C2+1</f><v>6</v>"
        )

    content = workbook(lambda book: book["Lån"].__setitem__("C3", "=C2+1"))
    result = imported(repacked(content, with_value), "a.xlsx")
    assert result.table["loans"].sum() == 11


def test_a_stored_value_that_is_to_be_computed_again_is_not_trusted(imported: Imported) -> None:
    # programs that do not compute store 0 and ask Excel to compute when it opens the file
    def with_zero(name: str, data: bytes) -> bytes:
        return data.replace(b"<f>C2+1</f><v></v>", b"<f>C2+1</f><v>0</v>").replace(
            b"<f>C2+1</f><v />", b"<f>C2+1</f><v>0</v>"
        )

    content = workbook(lambda book: book["Lån"].__setitem__("C3", "=C2+1"))
    assert "cell C3" in refusal(imported, repacked(content, with_zero), name="a.xlsx")


def test_a_bomb_dressed_as_a_workbook_is_not_unpacked(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a hundred million blanks pack to a hundredth of that; the limit is lowered to be quick
    monkeypatch.setattr("bsup_analysis.municipal_import.reading.MOST_BYTES", 20_000_000)
    blanks = b" " * 30_000_000

    def blow_up(name: str, data: bytes) -> bytes:
        return data.replace(b"</worksheet>", blanks + b"</worksheet>")

    bomb = repacked(workbook(), blow_up)
    assert len(bomb) < 200_000
    assert "unpacks to more than" in refusal(imported, bomb, name="a.xlsx")


def test_an_archive_that_lies_about_its_size_is_refused(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = workbook()
    with zipfile.ZipFile(io.BytesIO(sound)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = sound.replace(size.to_bytes(4, "little"), (size // 2).to_bytes(4, "little"))
    assert lying != sound
    refusal(imported, lying, name="a.xlsx")


def test_entities_in_a_workbook_are_not_expanded(imported: Imported) -> None:
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'

    def with_entity(name: str, data: bytes) -> bytes:
        return entity + data.partition(b"?>")[2] if name == "xl/workbook.xml" else data

    refusal(imported, repacked(workbook(), with_entity), name="a.xlsx")


def test_cells_without_a_place_are_refused(imported: Imported) -> None:
    def without(name: str, data: bytes) -> bytes:
        return data.replace(b' r="A2"', b"") if "sheet1" in name else data

    assert "cells without a place" in refusal(
        imported, repacked(workbook(), without), name="a.xlsx"
    )


def test_an_archive_of_something_else(imported: Imported) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("data.csv", HEAD)
    assert "not an Excel workbook" in refusal(imported, stream.getvalue(), name="a.zip")


def parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def test_a_small_file_of_many_cells_is_refused_before_they_are_spelt_out(
    imported: Imported,
) -> None:
    few = reading.MOST_ROWS * 2
    text = "Kommunenr;År;Antall\n" + "1601;2011;5\n" * few
    assert "holds more than can be read" in refusal(imported, text)
    assert "holds more than can be read" in refusal(imported, ";" * reading.MOST_CELLS + "\na;b\n")


def test_a_text_that_many_cells_of_a_workbook_share_is_refused(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bsup_analysis.municipal_import.reading.MOST_BYTES", 20_000)
    shared = b"<sst><si><t>" + b"x" * 10_000 + b"</t></si></sst>"
    stream = io.BytesIO()
    cells = b"".join(b'<c r="A%d" t="s"><v>0</v></c>' % row for row in range(1, 10))
    with zipfile.ZipFile(stream, "w") as made:
        with zipfile.ZipFile(io.BytesIO(workbook())) as old:
            for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
                made.writestr(name, old.read(name))
        made.writestr("xl/worksheets/sheet1.xml", cells)
        made.writestr("xl/sharedStrings.xml", shared)
    assert "holds more than can be read" in refusal(imported, stream.getvalue(), name="a.xlsx")


def test_a_damaged_stream_in_a_workbook_is_one_sentence(imported: Imported) -> None:
    content = bytearray(repacked(workbook(), lambda _, data: data))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 80
    content[start : start + 40] = bytes(range(200, 240))
    assert "damaged or locked" in refusal(imported, bytes(content), name="a.xlsx")


@pytest.mark.parametrize("value", [2**62, -(2**62)])
def test_a_time_out_of_range_in_parquet_is_one_sentence(imported: Imported, value: int) -> None:
    when = pa.array([value], pa.int64()).cast(pa.timestamp("us"))
    table = pa.table({"kommune": ["1601"], "år": when, "antall": [5]})
    assert "cannot be read as Parquet" in refusal(imported, parquet(table), name="a.parquet")


def test_only_ordinary_files_are_read(tmp_path: Path, against: Reference) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(InputError, match="no ordinary file"):
            import_file(path, against)


def test_parquet_of_lists_is_refused(imported: Imported) -> None:
    table = pa.table({"kommune": ["1601"], "år": [2011], "antall": [[5, 6]]})
    assert "holds lists" in refusal(imported, parquet(table), name="a.parquet")


def test_parquet_that_unpacks_to_too_much_is_refused(imported: Imported) -> None:
    rows = reading.MOST_ROWS + 1
    year = pa.repeat(pa.scalar(2011, pa.int16()), rows)
    table = pa.table({"kommune": year, "år": year, "antall": year})
    content = parquet(table)
    assert len(content) < 1_000_000
    assert "holds more than can be read" in refusal(imported, content, name="a.parquet")


def test_parquet_of_many_bytes_is_refused(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bsup_analysis.municipal_import.reading.MOST_BYTES", 8_000)
    stream = io.BytesIO()
    zeros = pa.repeat(pa.scalar(0, pa.int64()), 2_000)
    pq.write_table(pa.table({"a": zeros, "b": zeros}), stream, use_dictionary=False)
    assert len(stream.getvalue()) < 8_000
    assert "holds more than can be read" in refusal(imported, stream.getvalue(), name="a.parquet")


def test_parquet_of_a_long_text_in_every_row_is_refused(imported: Imported) -> None:
    text = pa.array(["x" * 1_000_000])
    column = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 2_000), text)
    table = pa.table({"kommune": column})
    content = parquet(table)
    assert len(content) < 1_000_000
    assert "holds more than can be read" in refusal(imported, content, name="a.parquet")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("Kommunenr;År;Antall\n1601;2011;5\n", "SYNTHETIC_x.csv"),
        ("# SYNTHETIC {}\nKommunenr;År;Antall\n1601;2011;5\n", "x.csv"),
        ("Kommunenr;År;Antall;source\n1601;2011;5;synthetic\n", "x.csv"),
        ("Kommunenr;År;Antall\nSYN-P01;2011;5\n", "x.csv"),
    ],
)
def test_synthetic_data_are_refused_whatever_they_are_called(
    imported: Imported, content: str, name: str
) -> None:
    assert "synthetic" in refusal(imported, content, name=name)
