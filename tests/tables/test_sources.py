"""Bad input: every broken raw table is refused with file, row and reason, and nothing is lost."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsup_analysis import paths
from bsup_analysis.design import load_design
from bsup_analysis.errors import InputError
from bsup_analysis.tables import OUTPUTS, sources
from bsup_analysis.tables.processed import write_processed
from bsup_analysis.tables.sources import read_source
from bsup_analysis.tables.strict_csv import SOURCES, read_csv, to_csv

Edit = Callable[[bytes], bytes]


def replace(old: str, new: str) -> Edit:
    def edit(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return edit


# table, the fault, the row it stands on (the header is row 1), a part of the sentence
FAULTS: dict[str, tuple[str, Edit, str, str]] = {
    "truncated": ("ssb_population", lambda c: c[:-9], "row 852", "cut off"),
    "latin-1": (
        "ssb_population",
        lambda c: c.decode("utf-8").encode("latin-1"),
        "row 15",
        "not UTF-8",
    ),
    "duplicated municipality-year": (
        "ssb_population",
        lambda c: c + c.splitlines(keepends=True)[-1],
        "row 85",
        "",
    ),
    "negative count": (
        "programme_p14_start_loans",
        replace("Trondheim,municipality,295,", "Trondheim,municipality,-295,"),
        "row 2",
        "loans_2010",
    ),
    "non-integer count": (
        "programme_p14_start_loans",
        replace("Orkdal,municipality,16,", "Orkdal,municipality,16.5,"),
        "row 3",
        "loans_2010",
    ),
    "text in place of a count": (
        "programme_p14_start_loans",
        replace("Orkdal,municipality,16,", "Orkdal,municipality,many,"),
        "row 3",
        "loans_2010",
    ),
    "empty count": (
        "programme_p14_start_loans",
        replace("Orkdal,municipality,16,", "Orkdal,municipality,,"),
        "row 3",
        "loans_2010",
    ),
    "malformed code": ("programme_p14_start_loans", replace("1,1601,", "1,161,"), "row 2", "code"),
    "swapped columns": (
        "programme_p14_start_loans",
        replace("loans_2010,loans_2009", "loans_2009,loans_2010"),
        "row 1",
        "'loans_2009' where 'loans_2010' belongs",
    ),
    "swapped column content": (
        "programme_p14_start_loans",
        replace("1,1601,Trondheim", "1,Trondheim,1601"),
        "row 2",
        "municipality_code",
    ),
    "a field too many": (
        "press_totals",
        replace("region,Region Midt-Norge,,2009", "region,Region, Midt-Norge,,2009"),
        "row 2",
        "12 fields where 11 belong",
    ),
    "unclosed quote": ("press_totals", replace("Frosta", '"Frosta'), "press_totals", "CSV"),
    "empty file": ("press_totals", lambda _: b"", "press_totals", "empty"),
    "year out of range": ("ssb_population", replace(",2005,", ",205,"), "row 2", "year"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_refused_with_file_row_and_reason(project: Path, name: str) -> None:
    table, edit, row, reason = FAULTS[name]
    path = project / "data" / "raw" / f"{table}.csv"
    design = load_design(paths.study_file())  # compares its years with the tables itself
    path.write_bytes(edit(path.read_bytes()))
    before = {n: (project / f"data/processed/{n}.csv").read_bytes() for n in OUTPUTS}
    with pytest.raises(InputError) as caught:
        write_processed(*design.of_panel)
    sentence = str(caught.value)
    assert f"data/raw/{table}.csv" in sentence
    assert row in sentence
    assert reason in sentence
    assert "\n" not in sentence
    after = {n: (project / f"data/processed/{n}.csv").read_bytes() for n in OUTPUTS}
    assert after == before
    assert not list((project / "data" / "processed").glob(".*"))


def test_missing_raw_file_is_refused(project: Path) -> None:
    (project / "data/raw/press_totals.csv").unlink()
    with pytest.raises(InputError, match=r"data/raw/press_totals\.csv is missing"):
        write_processed(*load_design(paths.study_file()).of_panel)


def test_unknown_municipality_code_is_refused_with_its_row(project: Path) -> None:
    path = project / "data/raw/ssb_population.csv"
    path.write_bytes(path.read_bytes().replace(b"\n1601,Trondheim,2005", b"\n1699,Trondheim,2005"))
    sources.seal("ssb_population")
    with pytest.raises(InputError, match=r"ssb_population\.csv, row \d+: .*1699"):
        write_processed(*load_design(paths.study_file()).of_panel)


def test_changed_content_is_refused_until_it_is_sealed(project: Path) -> None:
    path = project / "data/raw/press_totals.csv"
    path.write_bytes(path.read_bytes().replace(b",498000000,", b",499000000,"))
    with pytest.raises(InputError, match="bsup seal press_totals"):
        read_source("press_totals")
    sources.seal("press_totals")
    assert 499_000_000 in set(read_source("press_totals")["printed_value"])


def test_raw_table_without_a_record_is_not_read(project: Path) -> None:
    (project / "data/raw/press_totals.provenance.toml").unlink()
    with pytest.raises(InputError, match=r"where press_totals\.csv comes from"):
        read_source("press_totals")


def test_incomplete_record_is_refused(project: Path) -> None:
    record = project / "data/raw/press_totals.provenance.toml"
    text = record.read_text(encoding="utf-8")
    record.write_text(text.replace("licence = ", "license = ", 1), encoding="utf-8")
    with pytest.raises(InputError, match="licen"):
        read_source("press_totals")


@pytest.mark.parametrize(
    "address",
    ["", 'url = ""\n', 'url = "in our notes"\n', 'url = "https://a.no"\nno_address = "none"\n'],
)
def test_record_has_an_address_or_says_why_not(project: Path, address: str) -> None:
    record = project / "data/raw/press_totals.provenance.toml"
    text = record.read_text(encoding="utf-8")
    record.write_text(re.sub("(?m)^url = .*\n", address, text), encoding="utf-8")
    with pytest.raises(InputError, match=r"press_totals\.provenance\.toml.*(url|no_address)"):
        read_source("press_totals")


def test_unknown_table_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="ssb_population"):
        read_source("ssb_populasjon")


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_committed_table_is_read(name: str) -> None:
    assert len(read_source(name)) > 0


SMALL = pa.DataFrameSchema(
    {
        "code": pa.Column(str, pa.Check.str_matches(r"^\d{4}$"), unique=True),
        "name": pa.Column(str),
        "count": pa.Column(pd.Int64Dtype(), pa.Check.ge(0), nullable=True),
        "chosen": pa.Column(pd.BooleanDtype()),
    },
    name="Small",
    strict=True,
    ordered=True,
    coerce=True,
)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9999).map(lambda n: f"{n:04d}"),
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
            st.none() | st.integers(0, 10**12),
            st.booleans(),
        ),
        unique_by=lambda row: row[0],
        min_size=1,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_back_the_same(tmp_path: Path, rows: list[tuple]) -> None:
    table = pd.DataFrame(rows, columns=["code", "name", "count", "chosen"])
    table = SMALL.validate(table.astype({"count": "Int64", "chosen": "boolean", "name": "str"}))
    path = tmp_path / "small.csv"
    path.write_text(to_csv(table), encoding="utf-8", newline="")
    pd.testing.assert_frame_equal(read_csv(path, SMALL), table)


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_any_bytes_end_in_a_table_or_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "small.csv"
    path.write_bytes(content)
    try:
        read_csv(path, SMALL)
    except InputError as error:
        assert "small.csv" in str(error)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_a_damaged_table_is_never_read_as_another(tmp_path: Path, data: st.DataObject) -> None:
    good = b"code,name,count,chosen\n1601,Trondheim,295,true\n1640,R\xc3\xb8ros,8,false\n"
    cut = data.draw(st.integers(0, len(good) - 1))
    path = tmp_path / "small.csv"
    path.write_bytes(good[:cut])
    try:
        table = read_csv(path, SMALL)
    except InputError as error:
        assert "small.csv" in str(error)
    else:
        # only a cut at a row's end leaves a table, and then of whole rows
        assert good[:cut].endswith(b"\n")
        assert len(table) == good[:cut].count(b"\n") - 1


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("programme_p06_malvik", "2008,loans,", "2007,loans,", "must have .*2008 loans"),
        ("programme_p06_malvik", "2008,loans,", "-2008,loans,", r"row 5: year: '-2008' is refused"),
        ("programme_p13_shares", "priority,2009,", "priority,-2009,", "row 2: year: '-2009'"),
        ("press_totals", ",2010,2009,", ",2010,-2009,", "base_year: '-2009' is refused"),
        ("programme_p11_region_loans", ",1487,2010,", ",1487,2011,", "must have .*2010"),
    ],
)
def test_a_table_is_not_sealed_that_its_schema_refuses(
    project: Path, name: str, old: str, new: str, reason: str
) -> None:
    path, record = project / f"data/raw/{name}.csv", sources.record_path(name)
    before, text = record.read_bytes(), path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")
    with pytest.raises(InputError, match=reason):
        sources.seal(name)
    assert record.read_bytes() == before
    with pytest.raises(InputError, match=reason):
        read_source(name)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_no_row_stands_twice(project: Path, name: str) -> None:
    decision = project / f"data/decisions/{name}.csv"
    path = decision if decision.is_file() else project / f"data/raw/{name}.csv"
    if not path.is_file():
        pytest.skip("not a table of rows")
    head, first, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([head, first, first, *rest]), encoding="utf-8", newline="")
    with pytest.raises(InputError, match="row 2: this row stands there twice"):
        read_source(name)


def test_a_cluster_is_a_code_or_a_known_joint_municipality(project: Path) -> None:
    path = project / "data/decisions/treatment.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",true,1502,", ",true,Molde by,"), encoding="utf-8", newline="")
    with pytest.raises(InputError, match="row 2: cluster: 'Molde by' is refused"):
        read_source("treatment")


def test_a_pipe_is_not_read_as_a_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="no ordinary file"):
        read_csv(tmp_path / "pipe.csv", SOURCES["treatment"])
