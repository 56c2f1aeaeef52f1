"""The panel: borders, identities on the real tables, published totals, the same bytes."""

from pathlib import Path

import pandas as pd
import pytest

from bsup_analysis.design import load_design
from bsup_analysis.errors import InputError
from bsup_analysis.tables import OUTPUTS, sources
from bsup_analysis.tables.borders import Borders
from bsup_analysis.tables.processed import (
    build_panel,
    indicators_table,
    municipality_table,
    write_processed,
)
from bsup_analysis.tables.sources import read_source
from bsup_analysis.tables.strict_csv import PROCESSED, read_csv, to_csv

CHECKOUT = Path(__file__).resolve().parents[2]
DESIGN = load_design(CHECKOUT / "study.toml")


@pytest.fixture(scope="module")
def panel() -> dict[str, pd.DataFrame]:
    return dict(build_panel(read_source, *DESIGN.of_panel))


@pytest.fixture(scope="module")
def borders() -> Borders:
    codes = frozenset(read_source("municipality_points_2009")["municipality_code"])
    return Borders(2009, codes, read_source("municipality_changes"))


@pytest.mark.parametrize("name", OUTPUTS)
def test_committed_tables_are_the_bytes_a_rebuild_gives(
    panel: dict[str, pd.DataFrame], name: str
) -> None:
    committed = (CHECKOUT / "data" / "processed" / f"{name}.csv").read_bytes()
    assert to_csv(panel[name]).encode() == committed
    assert len(read_csv(CHECKOUT / "data" / "processed" / f"{name}.csv", PROCESSED[name])) > 0


def test_every_table_has_a_schema() -> None:
    assert set(OUTPUTS) == set(PROCESSED)


def test_units(panel: dict[str, pd.DataFrame]) -> None:
    municipality = panel["municipality"]
    assert municipality["group"].value_counts().to_dict() == {"other": 68, "priority": 17}
    assert len(panel["municipality_year"]) == 85 * 10
    printed = read_source("programme_p14_start_loans").dropna(subset=["municipality_code"])
    priority = municipality.query("group == 'priority'")["municipality_code"]
    assert set(priority) == set(printed["municipality_code"])


def test_published_population_totals(panel: dict[str, pd.DataFrame]) -> None:
    # Statistics Norway, population 1 January 2008 by county (15, 16, 17), as printed
    years = panel["municipality_year"].query("year == 2008")
    county = years["municipality_code"].str[:2]
    totals = years.groupby(county)["population"].sum().to_dict()
    assert totals == {"15": 246_772, "16": 282_993, "17": 129_856}


def test_groups_add_up_to_the_region_and_municipalities_to_groups(
    panel: dict[str, pd.DataFrame],
) -> None:
    region = panel["region_year"].set_index("year")
    groups = (
        panel["group_year"].groupby("year")[["population", "loans", "amount_nok"]].sum(min_count=2)
    )
    known = groups["loans"].notna()
    assert (groups["population"] == region["population"]).all()
    for column in ("loans", "amount_nok"):
        assert (groups.loc[known, column] == region.loc[known, column]).all()
    complete = panel["municipality_year"].groupby(["group", "year"])["population"]
    counted = complete.sum()[complete.apply(lambda p: p.notna().all())]
    stated = panel["group_year"].set_index(["group", "year"])["population"]
    assert (counted == stated.loc[counted.index]).all()
    # only the group of the municipality that later merged is incomplete, and only from then on
    assert sorted(set(stated.index) - set(counted.index)) == [
        ("other", 2012),
        ("other", 2013),
        ("other", 2014),
    ]


def test_population_is_unknown_only_where_a_later_merger_hides_it(
    panel: dict[str, pd.DataFrame],
) -> None:
    unknown = panel["municipality_year"].query("population.isna()", engine="python")
    assert set(unknown["municipality_code"]) == {"1723", "1729"}
    assert set(unknown["year"]) == {2012, 2013, 2014}


def test_loans_are_known_only_where_they_are_published(panel: dict[str, pd.DataFrame]) -> None:
    known = panel["municipality_year"].dropna(subset=["loans"])
    assert set(known["group"]) == {"priority"}
    assert known.groupby("year").size().to_dict() == {2008: 2, 2009: 17, 2010: 17}


def test_earlier_mergers_are_added_up(panel: dict[str, pd.DataFrame]) -> None:
    raw = read_source("ssb_population")
    parts = raw.query("year == 2005 and municipality_code in ['1503', '1556']")["population"].sum()
    row = panel["municipality_year"].query("year == 2005 and municipality_code == '1505'")
    assert row["population"].item() == parts


def test_mergers_map_in_both_directions(borders: Borders) -> None:
    assert borders.units("1503", 2005) == ("1505",)
    assert borders.units("1556", 2007) == ("1505",)
    assert borders.units("1505", 2008) == ("1505",)
    assert borders.units("1756", 2012) == ("1723", "1729")
    assert borders.units("1723", 2011) == ("1723",)


@pytest.mark.parametrize(("code", "year"), [("1503", 2009), ("1756", 2009), ("9999", 2005)])
def test_a_code_that_does_not_belong_to_the_year_is_refused(
    borders: Borders, code: str, year: int
) -> None:
    with pytest.raises(InputError, match=code):
        borders.units(code, year)


@pytest.mark.parametrize("kind", ["split", "partial"])
def test_splits_refuse(borders: Borders, kind: str) -> None:
    changes = pd.DataFrame(
        {
            "change_date": ["2007-01-01", "2007-01-01"],
            "kind": [kind, kind],
            "predecessor_code": ["1599", "1599"],
            "successor_code": ["1502", "1504"],
        }
    )
    with pytest.raises(InputError, match="decide how its numbers are to be shared"):
        Borders(2009, borders.codes, changes).units("1599", 2006)


def test_a_later_merger_across_groups_is_refused(project: Path) -> None:
    path = project / "data/raw/municipality_changes.csv"
    text = path.read_text(encoding="utf-8").replace("1729,Inderøy,1756", "1721,Verdal,1756")
    path.write_text(text, encoding="utf-8", newline="")
    sources.seal("municipality_changes")
    population = project / "data/raw/ssb_population.csv"
    kept = [
        line
        for line in population.read_text(encoding="utf-8").splitlines(keepends=True)
        if not (line.startswith("1721,") and line.split(",")[2] >= "2012")
    ]
    population.write_text("".join(kept), encoding="utf-8", newline="")
    sources.seal("ssb_population")
    with pytest.raises(InputError, match="joins priority and other"):
        write_processed(*DESIGN.of_panel)


def test_priority_above_the_region_is_refused(project: Path) -> None:
    path = project / "data/raw/programme_p11_region_loans.csv"
    text = path.read_text(encoding="utf-8").replace("4,1047,2009", "4,700,2009")
    path.write_text(text, encoding="utf-8", newline="")
    sources.seal("programme_p11_region_loans")
    with pytest.raises(InputError, match="more loans or NOK than the whole region"):
        write_processed(*DESIGN.of_panel)


# --- what was measured in every municipality ---


def test_indicators_have_every_unit_and_year_and_one_unit_of_two_municipalities(
    panel: dict[str, pd.DataFrame],
) -> None:
    table = panel["municipality_indicators"]
    assert len(table) == 84 * 10
    parts = table.drop_duplicates("unit")["municipalities"].str.split("/").explode()
    assert sorted(parts) == sorted(panel["municipality"]["municipality_code"])
    joined = table[table["municipalities"].str.contains("/")]
    assert set(joined["unit"]) == {"1756"}
    assert set(joined["municipalities"]) == {"1723/1729"}
    assert set(joined["group"]) == {"other"}
    assert table.drop_duplicates("unit")["group"].value_counts().to_dict() == {
        "other": 67,
        "priority": 17,
    }


def test_indicators_conserve_the_sums_of_the_raw_tables(panel: dict[str, pd.DataFrame]) -> None:
    table = panel["municipality_indicators"]
    labour, immigrants = read_source("labour_market"), read_source("immigrants_by_reason")
    for raw, columns in (
        (labour, {"employed": None, "unemployed_or_on_measures": None}),
        (immigrants, {"population": None, "immigrants": None, "immigrants_reason_unknown": None}),
        (
            immigrants[immigrants["year"].isin(DESIGN.window.refugee_years.value)],
            {"immigrants_refuge": "refugees"},
        ),
    ):
        for column, made in columns.items():
            known = table.dropna(subset=[made or column])
            ours = known.groupby("year")[made or column].sum().astype(int)
            pd.testing.assert_series_equal(
                ours, raw.groupby("year")[column].sum(), check_names=False
            )


def test_indicators_map_codes_of_the_year_end(panel: dict[str, pd.DataFrame]) -> None:
    table = panel["municipality_indicators"].set_index(["unit", "year"])
    raw = read_source("labour_market").set_index(["municipality_code", "year"])["employed"]
    # at the end of 2006 Kristiansund and Frei are two, at the end of 2007 they are one
    assert table.loc[("1505", 2006), "employed"] == raw["1503", 2006] + raw["1556", 2006]
    assert table.loc[("1505", 2007), "employed"] == raw["1505", 2007]
    # Mosvik and Inderøy are two until the end of 2010, and one unit here all the time
    assert table.loc[("1756", 2010), "employed"] == raw["1723", 2010] + raw["1729", 2010]
    assert table.loc[("1756", 2011), "employed"] == raw["1756", 2011]


def test_refugees_of_lost_reasons_are_never_a_number(panel: dict[str, pd.DataFrame]) -> None:
    table = panel["municipality_indicators"]
    assert set(table.loc[table["refugees"].isna(), "year"]) == {2011, 2012, 2013}
    assert table.loc[table["year"].isin([2011, 2012, 2013]), "refugees"].isna().all()
    assert set(table.loc[table["employed"].isna(), "year"]) == {2015}


def test_indicators_of_a_later_merger_across_groups_are_refused(project: Path) -> None:
    path = project / "data/raw/municipality_changes.csv"
    text = path.read_text(encoding="utf-8").replace("1729,Inderøy,1756", "1721,Verdal,1756")
    path.write_text(text, encoding="utf-8", newline="")
    sources.seal("municipality_changes")
    borders = Borders(
        2009,
        frozenset(read_source("municipality_points_2009")["municipality_code"]),
        read_source("municipality_changes"),
    )
    origins = ("municipality_points_2009", "treatment", "ssb_centrality_2008")
    municipality = municipality_table(*map(read_source, origins))
    kept = [read_source(name) for name in ("labour_market", "immigrants_by_reason")]
    late = [
        table[~((table["municipality_code"] == "1721") & (table["year"] >= year))]
        for table, year in zip(kept, (2011, 2012), strict=True)
    ]
    with pytest.raises(InputError, match="1756 joins priority and other"):
        indicators_table(municipality, *late, borders, refugee_years=(2006,))


@pytest.mark.parametrize("year", [2011, 2012, 2013])
def test_a_year_of_lost_reasons_is_refused(year: int) -> None:
    with pytest.raises(InputError, match=rf"refugee_years has {year}, .*take the year out"):
        build_panel(read_source, *DESIGN.of_panel[:2], [2010, year])
