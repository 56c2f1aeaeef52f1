"""The municipal panel as the study joins it: from a table in the user's form, and made up.

The table of the first tests is SYNTHETIC: counts numbered through, so that a misplaced row shows.
"""

from pathlib import Path

import pandas as pd
import pytest

from bsup_analysis import paths
from bsup_analysis.analysis.municipal_level import COLUMNS, MunicipalData, municipal_data
from bsup_analysis.design import load_design
from bsup_analysis.errors import InputError
from bsup_analysis.study import DemonstrationStudy, MunicipalStudy, read_table


def joined(
    reading: str = "signed_2010", years: tuple[int, ...] = (2004, 2008, 2010)
) -> MunicipalData:
    municipality = read_table("municipality")
    numbered = municipality[["municipality_code"]].merge(pd.DataFrame({"year": years}), how="cross")
    numbered = numbered.sample(frac=1, random_state=1)  # not in the order it comes out
    loans = numbered["municipality_code"].astype(int) * 10 + numbered["year"] - 2000
    table = numbered.assign(loans=loans, loans_low=loans, loans_high=loans)
    table["amount_nok"] = (loans * 1000).where(table["year"] != 2008)
    table = table.assign(definition="loans", source="imported: SYNTHETIC.xlsx; a note", rows_used=1)
    return municipal_data(
        table,
        municipality,
        *map(read_table, ("municipality_year", "exclusions", "co_treatment")),
        reading,
        load_design(paths.study_file()),
    )


def test_every_number_stays_with_its_municipality_and_year() -> None:
    table = joined().table
    assert list(table.columns) == COLUMNS
    assert len(table) == 85 * 3
    assert table[["unit", "year"]].equals(table[["unit", "year"]].sort_values(["unit", "year"]))
    expected = table["unit"].astype(int) * 10 + table["year"] - 2000
    assert (table["count"] == expected).all()
    # an unknown amount stays unknown
    assert table["amount_nok"].isna().equals(table["year"] == 2008)
    people = read_table("municipality_year").set_index(["municipality_code", "year"])["population"]
    malvik = table[table["unit"] == "1663"].set_index("year")["population"]
    assert malvik[2010] == people["1663", 2010]
    assert pd.isna(malvik[2004])  # before the panel of population
    assert dict(table.drop_duplicates("unit")["group"].value_counts()) == {
        "other": 68,
        "priority": 17,
    }
    assert set(table["county"]) == {"15", "16", "17"}


def test_the_parts_are_those_of_the_decisions() -> None:
    data = joined()
    assert data.largest == "1601"
    assert data.loss_sharing == ("1702",)
    assert data.excluded == ("1725", "1744", "1748")  # partners of Namsos: exclusions.csv X01-X03
    # 28 others border on a priority municipality, three of them Namsos's partners
    assert len(data.neighbours) == 25
    assert {"1662", "1711", "1717"} <= set(data.neighbours)  # Klæbu, Meråker, Frosta
    assert not {"1723", "1755", *data.excluded} & set(data.neighbours)  # Mosvik and Leka do not
    together = {unit for unit, cluster in data.cluster.items() if cluster == "innherred_samkommune"}
    assert together == {"1719", "1721"}
    assert not data.synthetic
    assert data.origin == "imported: SYNTHETIC.xlsx"


@pytest.mark.parametrize(
    ("reading", "later"),
    [("signed_2010", []), ("eight_2013", ["1714"]), ("intended_2011", ["1703", "1714"])],
)
def test_agreements_by_reading(reading: str, later: list[str]) -> None:
    years = joined(reading).agreement_year
    assert sorted(unit for unit, year in years.items() if year == 2011) == later
    # contracts printed on p. 14, Levanger and Verdal through Innherred samkommune (reading A9)
    first = ["1502", "1504", "1505", "1601", "1702", "1719", "1721"]
    assert sorted(unit for unit, year in years.items() if year == 2010) == first


def test_every_notebook_that_joins_a_users_table_may_read_what_the_join_needs() -> None:
    """A run with a table of a reader's own stops at a table that the design does not name."""
    joins = {"co_treatment", "exclusions", "municipality", "municipality_year"}
    found = [
        one
        for one in load_design(paths.study_file()).notebooks
        if any(run.needs for run in one.runs)
        and "study.municipal_" in (paths.notebooks() / f"{one.name}.ipynb").read_text("utf-8")
    ]
    assert len(found) == 4
    assert all(set(one.tables) >= joins for one in found)


def test_without_a_table_the_sentence_says_how_to_bring_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bsup_analysis.paths.municipal", lambda: tmp_path)
    study = MunicipalStudy("en")
    with pytest.raises(InputError, match=r"bsup import FILE or bsup fetch startlaan.*bsup demo"):
        _ = study.municipal_data


def test_a_demonstration_takes_its_place(demo: Path) -> None:
    study = DemonstrationStudy("nb", panel=str(demo))
    data = study.municipal_data
    assert data.synthetic
    assert "SYNTHETIC" in data.origin
    assert "seed 1" in data.origin
    assert list(data.table.columns) == COLUMNS
    assert list(data.table.dtypes) == list(joined().table.dtypes)
    assert {data.largest, *data.loss_sharing, *data.excluded} <= set(data.names)
    assert all(unit.startswith("SYN-") for unit in data.table["unit"])
    assert data.agreement_year["SYN-P01"] == 2010


def test_a_panel_that_is_no_demonstration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file of bsup demo"):
        DemonstrationStudy("en", panel=str(tmp_path / "SYNTHETIC_nothing.csv"))
