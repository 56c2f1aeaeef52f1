"""Any file ends in a table whose rows add up, or in one sentence; nothing else comes out."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import.importing import ImportResult, import_file
from bsup_analysis.municipal_import.municipalities import Reference

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FEW = settings(QUICK, max_examples=25)

heads = st.sampled_from(
    ["Kommune", "Kommunenr", "År", "Antall", "Beløp (1000 kr)", "2009", "2010", "Antall 2009",
     "", "Region", "value", "variabel", "<b>Antall</b>", "=1", "Endring", "Navn",
     "2010*", "Fylke", "Måned", "Formål", "2010M05",
     "Merknad", "Antall avslag", "Beløp", "mai 2010"]
)  # fmt: skip
labels = st.sampled_from(
    ["1601", "Trondheim", "1503", "5001", "1756", "0301 Oslo", "Sum", "", "Kilde: SSB", "1699",
     "<script>alert(1)</script>", "=HYPERLINK(1)", "Herøy (M. og R.)", "K-1702", "SYN-P01", "...",
     "Sande", "Sande (ny)", "EKA16", "16 Sør-Trøndelag", "A (", " - ", "#REF!",
     "Trondheim - Tråante"]
)  # fmt: skip
values = st.one_of(
    st.integers(-3, 10**7).map(str),
    st.sampled_from(
        ["", ".", "..", ":", "-", "1 234", "1.234", "1,5", "=A1", "<i>5</i>", "2009", "2011",
         "NA", "1\N{NO-BREAK SPACE}000", "–", "1e9", "٣", "#N/A", "225.000", "2010*", "mai 2010"]
    ),
)  # fmt: skip
encodings = st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
separators = st.sampled_from([";", ",", "\t", "|"])


def tried(path: Path, against: Reference, **options: object) -> ImportResult | str:
    """Import, dry; check what must hold of either end."""
    try:
        result = import_file(path, against, dry_run=True, **options)
    except InputError as refused:
        sentence = str(refused)
        assert sentence
        assert "\n" not in sentence
        assert sentence.endswith(".")
        return sentence
    assert result.rows_in == result.rows_used + len(result.set_aside)
    assert result.set_aside["row"].is_unique
    assert len(result.table) == len(against.units) * result.table["year"].nunique()
    assert set(result.table["municipality_code"]) == against.units
    known = result.table.dropna(subset=["loans"])
    assert (known["rows_used"] > 0).all()
    return result


@QUICK
@given(
    st.lists(heads, min_size=2, max_size=6),
    st.lists(st.tuples(labels, st.lists(values, min_size=1, max_size=6)), max_size=6),
    encodings,
    separators,
)
def test_text_tables(
    tmp_path: Path,
    against: Reference,
    head: list[str],
    rows: list[tuple[str, list[str]]],
    encoding: str,
    separator: str,
) -> None:
    lines = [separator.join(head), *(separator.join([label, *cells]) for label, cells in rows)]
    path = tmp_path / "file.csv"
    path.write_bytes("\n".join(lines).encode(encoding, "replace"))
    tried(path, against)


@QUICK
@given(
    st.lists(
        st.tuples(
            labels, st.integers(2001, 2026), values, st.sampled_from(["", "1", "2,5", "..", "x"])
        ),
        min_size=1,
        max_size=8,
    ),
    encodings,
    separators,
    st.lists(st.sampled_from(["divided", "unknown"]), unique=True),
    st.lists(st.sampled_from(["Kommune", "År", "Antall", "#4", "Beløp (1000 kr)"]), max_size=2),
    st.lists(st.sampled_from(["Sande", "ny", "2010*"]), max_size=2),
)
def test_long_tables_with_a_sound_header(
    tmp_path: Path,
    against: Reference,
    rows: list[tuple[str, int, str, str]],
    encoding: str,
    separator: str,
    set_aside: list[str],
    ignore: list[str],
    accept: list[str],
) -> None:
    head = ["Kommune", "År", "Antall", "Beløp (1000 kr)"]
    table = pd.DataFrame(rows, columns=head)
    path = tmp_path / "file.csv"
    path.write_bytes(table.to_csv(index=False, sep=separator).encode(encoding, "replace"))
    result = tried(path, against, set_aside=set_aside, ignore=ignore, accept=accept)
    if isinstance(result, ImportResult):
        used = set(range(2, len(rows) + 2)) - set(result.set_aside["row"])
        assert len(used) == result.rows_used


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes(tmp_path: Path, against: Reference, content: bytes) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    tried(path, against)


@FEW
@given(
    st.lists(st.lists(st.one_of(labels, values, st.integers(0, 3000), st.none()), max_size=5),
             min_size=1, max_size=6),
    st.lists(heads, min_size=3, max_size=5),
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2), st.integers(0, 2)),
             max_size=2),
)  # fmt: skip
def test_workbooks_with_formulas_and_merged_cells(
    tmp_path: Path,
    against: Reference,
    rows: list[list[object]],
    head: list[str],
    merged: list[tuple[int, int, int, int]],
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (head, *rows):
        sheet.append(row)
    for row, column, down, right in merged:
        sheet.merge_cells(
            start_row=row, start_column=column, end_row=row + down, end_column=column + right
        )
    path = tmp_path / "file.xlsx"
    book.save(path)
    tried(path, against)


@pytest.fixture(scope="module")
def workbook() -> bytes:
    stream = io.BytesIO()
    table = pd.DataFrame({"Kommune": ["1601", "1702"], "År": [2011, 2011], "Antall": [5, 6]})
    table.to_excel(stream, index=False)
    return stream.getvalue()


@pytest.fixture(scope="module")
def parquet() -> bytes:
    stream = io.BytesIO()
    table = pd.DataFrame({"Kommune": ["1601", "1702"], "År": [2011, 2011], "Antall": [5, 6]})
    table.to_parquet(stream)
    return stream.getvalue()


@QUICK
@given(st.data())
def test_damaged_files(
    tmp_path: Path, against: Reference, workbook: bytes, parquet: bytes, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from([workbook, parquet])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(10, len(content)))
    path = tmp_path / "file.bin"
    path.write_bytes(content[:end])
    tried(path, against)


@FEW
@given(st.data())
def test_damaged_sheets_in_a_sound_archive(
    tmp_path: Path, against: Reference, workbook: bytes, data: st.DataObject
) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(stream, "w") as new:
        harmed = data.draw(st.sampled_from(old.namelist()))
        for name in old.namelist():
            content = bytearray(old.read(name))
            if name == harmed:
                place = data.draw(st.integers(0, len(content) - 1))
                patch = data.draw(
                    st.sampled_from([b"", b"<", b">", b'"', b"999999999", b"\0", b"Z"])
                )
                content[place : place + data.draw(st.integers(0, 20))] = patch
            new.writestr(name, bytes(content))
    path = tmp_path / "file.xlsx"
    path.write_bytes(stream.getvalue())
    tried(path, against)


def test_two_hundred_thousand_rows(tmp_path: Path, against: Reference) -> None:
    own = [
        (code, year) for year in range(2005, 2012) for code in sorted(against.places.in_force[year])
    ]
    others = 200_000 - len(own)
    elsewhere = [(f"{301 + n % 900:04d}", 2005 + n % 7) for n in range(others)]
    rows = "".join(f"{code};{year};{n % 50}\n" for n, (code, year) in enumerate(own + elsewhere))
    path = tmp_path / "national.csv"
    path.write_text("Kommunenr;År;Antall\n" + rows, encoding="utf-8")
    result = tried(path, against)
    assert isinstance(result, ImportResult)
    assert result.rows_in == 200_000
    assert result.rows_used == len(own)
    assert len(result.set_aside) == others
    assert set(result.set_aside["reason"]) == {"outside the region"}
    assert result.table["loans"].notna().all()
