"""The way of a number leads to what it rests on, and is refused where it would mislead."""

import csv
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
from study_copy import CHECKOUT

from bsup_analysis.design import load_design
from bsup_analysis.errors import InputError
from bsup_analysis.published.lineage import (
    Source,
    dependents,
    lineage,
    lineage_lines,
    row_spans,
    rows_within,
    source_lines,
)
from bsup_analysis.published.reader import read_published
from bsup_analysis.run.origins import origins
from bsup_analysis.tables import INPUTS, ORIGINS, OUTPUTS
from bsup_analysis.tables.processed import USED, build_panel
from bsup_analysis.tables.sources import read_source

DESIGN = load_design(CHECKOUT / "study.toml")


# --- rows and origins ---


def test_rows_are_written_as_spans_and_read_back() -> None:
    assert row_spans([5, 2, 3, 4, 9, 11, 12]) == "2-5, 9, 11-12"
    assert rows_within("2-5, 9, 11-12") == {2, 3, 4, 5, 9, 11, 12}
    assert row_spans([]) == ""
    assert rows_within("") == set()


@pytest.fixture(scope="module")
def panel() -> Mapping[str, pd.DataFrame]:
    return build_panel(read_source, *DESIGN.of_panel)


@pytest.mark.parametrize(("made", "raw"), USED)
def test_rows_that_do_not_enter_change_nothing_and_those_that_do_change_something(
    made: str, raw: str, panel: Mapping[str, pd.DataFrame]
) -> None:
    """The manifest's rows are the truth: the panel is built again without each of the two kinds."""
    table = read_source(raw)
    used = USED[made, raw](table).astype(bool)
    # a row that another table needs may not go: it is enough to change its number
    column = "printed_value" if "printed_value" in table else "loans_2010"

    def built(chosen: pd.Series) -> pd.DataFrame:
        changed = table.copy()
        changed.loc[chosen, column] = changed.loc[chosen, column] + 1

        def read(name: str) -> pd.DataFrame:
            return changed if name == raw else read_source(name)

        return build_panel(read, *DESIGN.of_panel)[made]

    assert used.any()
    assert (~used).any()
    assert not built(used).equals(panel[made])
    pd.testing.assert_frame_equal(built(~used), panel[made])


def test_synthetic_table_says_how_it_was_drawn() -> None:
    (path,) = (CHECKOUT / "data" / "simulation").glob("SYNTHETIC_bias.csv")
    (record,) = origins([path], read_source).values()
    assert record["title"].startswith("SYNTHETIC")
    assert record["seed"] == 20092012  # study.toml, inference.seed
    source = Source("x", "0", frozenset({2}), frozenset({2}), record)
    assert f"draws {record['draws']}" in "\n".join(source_lines("tables", source))


def test_origins_name_every_table_of_the_panel_once() -> None:
    assert set(OUTPUTS) | {"borders"} == set(ORIGINS)
    assert set(INPUTS) == {path.removesuffix(".csv") for path in INPUTS}
    assert not set(INPUTS) & set(ORIGINS)


# --- the way ---


def test_way_of_a_number_ends_at_rows_and_pages(base: Path) -> None:
    found = lineage(read_published(base / "reports"), "rate_ratio_loans_2009_2010")
    assert found.exhibit == "group_contrast_loans"
    assert found.shown["function"].endswith("contrast.group_contrast")
    assert found.shown["parameters"]["outcome"] == "loans"
    assert "loans_contrast" in found.shown["results"]
    raw = {Path(one.path).stem: one for one in found.behind}
    # document p. 14: 17 municipalities, and a printed sum that does not enter
    assert row_spans(raw["programme_p14_start_loans"].rows) == "2-18"
    assert len(raw["programme_p14_start_loans"].of) == 18
    assert raw["programme_p14_start_loans"].record["pages"] == [14]
    assert raw["ssb_population"].record["document"] == "SSB table 07459"
    assert raw["programme_p06_malvik"].places() == [("p. 6", "3, 5")]
    with (base / "data/raw/press_totals.csv").open(encoding="utf-8") as stream:
        press = dict(enumerate(csv.DictReader(stream), 2))
    used = [press[row] for row in raw["press_totals"].rows]
    assert {(row["area"], row["quantity"]) for row in used} == {
        ("Region Midt-Norge", "amount"),
        ("Stjørdal", "amount"),
        ("Stjørdal", "loans"),
    }
    assert found.changed(base) == []


def test_every_number_has_a_way_that_ends_at_sealed_files(base: Path) -> None:
    published = read_published(base / "reports")
    for name in published.numbers:
        found = lineage(published, name)
        for source in (*found.given, *found.behind):
            rows = source.of or source.path.endswith(".geojson")  # a map is drawn whole
            assert rows, f"{name}: {source.path} has no rows"
            assert source.digest == published.tables[source.path]["sha256"]
            if source.path.startswith("data/raw/"):
                assert "document" in source.record, source.path


def test_ways_there_and_back_agree(base: Path) -> None:
    published = read_published(base / "reports")
    ways = {name: set(lineage(published, name).tables) for name in published.numbers}
    for path in published.tables:
        table = Path(path).stem
        there = {number for numbers in dependents(published, path).values() for number in numbers}
        assert there == {name for name, tables in ways.items() if table in tables}, table


def test_command_tells_the_way(own: Path, bsup: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = bsup("trace", "average_loan_nok_priority_2009")
    assert (status, err) == (0, "")
    for part in (
        "average_loan_nok_priority_2009 = ",
        "notebooks/01_programme_figures.ipynb",
        "data/raw/programme_p14_start_loans.csv: rows 2-18 of 2-19",
        "revised August 2011), p. 14",
        "SSB table 07459",
    ):
        assert part in out
    assert max(map(len, out.splitlines())) <= 100


def test_way_says_where_in_the_drawn_data_a_number_stands(base: Path) -> None:
    published = read_published(base / "reports")
    told = list(lineage_lines(lineage(published, "rate_ratio_loans_2009_2010"), published))
    (cell,) = (line.strip() for line in told if "there in" in line)
    found = re.match(r"there in column (\w+), rows ([-\d]+);", cell)
    assert found is not None, cell
    with (base / "reports/tables/group_contrast_loans.csv").open(encoding="utf-8") as stream:
        drawn = dict(enumerate(csv.DictReader(stream), 2))
    value = published.numbers["rate_ratio_loans_2009_2010"]["value"]
    assert len(rows_within(found[2])) > 1
    for row in rows_within(found[2]):
        assert float(drawn[row][found[1]]) == value


def test_command_tells_of_exhibits_and_tables(
    own: Path, bsup: Callable[..., tuple[int, str, str]]
) -> None:
    status, out, _ = bsup("trace", "loan_share")
    assert status == 0
    assert out.startswith("exhibit    loan_share, a figure: ")
    status, out, _ = bsup("trace", "programme_p13_shares")
    assert status == 0
    assert "rows 2-6: p. 13" in out
    assert "implied_ratio_2008_2009_loans" in out
    assert bsup("trace", "data/raw/programme_p13_shares.csv")[1] == out


def test_way_needs_nothing_but_the_reports(
    own: Path, bsup: Callable[..., tuple[int, str, str]]
) -> None:
    told = bsup("trace", "rate_ratio_loans_2009_2010")
    for part in ("data", "notebooks", "build"):
        shutil.rmtree(own / part)
    assert bsup("trace", "rate_ratio_loans_2009_2010") == told


# --- faults ---


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("rate_ratio_loans_2009_210", "near names: rate_ratio_loans_2009_2010"),
        ("programme_p13", "programme_p13_shares"),
        ("§§§", "reports/numbers.json lists them"),
        ("", "reports/numbers.json lists them"),
    ],
)
def test_unknown_id_is_one_sentence_with_near_names(
    own: Path, bsup: Callable[..., tuple[int, str, str]], asked: str, near: str
) -> None:
    status, out, err = bsup("trace", asked)
    assert (status, out) == (1, "")
    assert f"there is no number, exhibit or table {asked!r}" in err
    assert near in err
    assert err.count("\n") == 1


def _without_tables(reports: Path) -> None:
    content = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
    del content["tables"]
    (reports / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda r: shutil.rmtree(r), "nothing has been published here: there is no reports/manif"),
        (lambda r: (r / "manifest.json").write_text("[]"), "reports/manifest.json is damaged"),
        (_without_tables, "is of an earlier version"),
        (lambda r: (r / "numbers.json").write_text("{}"), "numbers.json is not the file that was"),
        (lambda r: (r / "numbers.json").unlink(), "reports/numbers.json is missing; run"),
        (
            lambda r: (r / "tables" / "loan_share.csv").write_text("changed"),
            "tables/loan_share.csv is not the file that was published",
        ),
    ],
    ids=["nothing", "manifest", "earlier", "numbers", "none", "table"],
)
def test_what_was_not_published_has_no_way(
    own: Path,
    bsup: Callable[..., tuple[int, str, str]],
    spoil: Callable[[Path], object],
    sentence: str,
) -> None:
    spoil(own / "reports")
    status, out, err = bsup("trace", "loan_share_priority_2009")
    assert (status, out) == (1, "")
    assert sentence in err
    assert "`bsup report`" in err


def test_changed_source_is_told_after_the_way(
    own: Path, bsup: Callable[..., tuple[int, str, str]]
) -> None:
    path = own / "data" / "raw" / "ssb_population.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    status, out, err = bsup("trace", "loan_share_priority_2009")
    assert status == 1
    assert "loan_share_priority_2009 = " in out
    assert err.startswith("bsup: data/raw/ssb_population.csv changed since loan_share_priority")


def test_number_of_an_exhibit_that_is_not_there_is_refused(base: Path) -> None:
    published = read_published(base / "reports")
    with pytest.raises(InputError, match="there is no number, exhibit or table 'loan_shares'"):
        lineage(published, "loan_shares")
