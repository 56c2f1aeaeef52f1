"""Notebooks 07 and 08 with every municipality's loans, where there is a table of them.

The table here is SYNTHETIC: counts that follow from the code, so that a misplaced one shows.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from displayed import displayed, made

from bsup_analysis.chapters.phasing import pooling, ranking
from bsup_analysis.chapters.profile import page
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.exhibit import Exhibit, of_all
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.study import MunicipalStudy, Study, read_table
from bsup_analysis.study import tables as study_module

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "exhibits"))
from readers_eye import clashes

CHECKOUT = Path(__file__).resolve().parents[2]
RANKINGS = [
    ranking.loan_rate_ranking,
    ranking.loan_growth_ranking,
    pooling.loan_funnel,
]


# pooling many takes its time: a few others beside the priority municipalities are enough here
KNOWN = {"1514", "1617", "1723", "1744", "1751"}


def planted(code: str, year: int) -> int:
    return int(code) % 11 * (3 if year == 2009 else 4) + int(code) // 500


def table(definition: str = "loans") -> pd.DataFrame:
    places = read_table("municipality")
    known = places["municipality_code"].isin(KNOWN) | (places["group"] == "priority")
    years = pd.DataFrame({"year": [2009, 2010]})
    frame = places.assign(known=known)[["municipality_code", "known"]].merge(years, how="cross")
    loans = [planted(code, year) for code, year in frame[["municipality_code", "year"]].to_numpy()]
    frame["loans"] = pd.Series(loans, dtype="Int64").where(frame.pop("known"))
    amount = frame["loans"] * 400_000 if definition == "loans" else pd.NA
    return frame.assign(amount_nok=amount, definition=definition, source="SYNTHETIC").astype(
        {"loans": "Int64", "amount_nok": "Int64"}
    )


@pytest.fixture
def with_table(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Study]:
    """Open the study as if the user had brought a table."""

    def opened(language: str = "en", definition: str = "loans", **changed: str) -> Study:
        own = table(definition)
        monkeypatch.setattr(
            study_module, "read_table", lambda n: own if n == "start_loans" else read_table(n)
        )
        return MunicipalStudy(language, municipality_code="1723", **changed)

    return opened


def displayed_of_all(study: Study, make: Callable[..., Exhibit]) -> Exhibit:
    return study.show(of_all(made(study, make), study.start_loans, study.words))


@pytest.mark.parametrize("function", RANKINGS)
def test_all_municipalities_are_ranked_from_the_table(with_table, function):
    study = with_table()
    shown = {}
    for language in LANGUAGES:  # the numbers are the same: computed once, told twice
        study.words = Words(language)
        shown[language] = displayed_of_all(study, function)
    for language, exhibit in shown.items():
        assert exhibit.id.endswith("_municipal")
        assert all(name.endswith("_municipal") for name in exhibit.numbers)
        assert exhibit.title.startswith(
            {"nb": "Alle kommuner", "en": "All municipalities"}[language]
        )
        assert Words(language)("data_level.definition.loans") in exhibit.caption
        for text in (exhibit.title, exhibit.caption, exhibit.source, exhibit.alternative_text):
            assert not re.search(r"[{}]|\bnan\b|\binf\b|<NA>|  ", text), (language, text)
        assert "not known" not in exhibit.source
        if function is not pooling.loan_funnel:  # points as near as they happen to be
            assert clashes(exhibit) == []
    pd.testing.assert_frame_equal(shown["nb"].data, shown["en"].data)
    rows = shown["en"].data.set_index("municipality_code")
    assert len(rows) == 17 + len(KNOWN)
    assert set(rows.index) >= KNOWN
    column = "loans" if "loans" in rows else "loans_2010"
    assert rows[column].to_dict() == {code: planted(code, 2010) for code in rows.index}


def test_published_rows_are_not_mixed_in(with_table):
    rows = displayed_of_all(with_table(), ranking.loan_rate_ranking).data.set_index(
        "municipality_code"
    )
    assert rows.loc["1663", "loans"] == planted("1663", 2010) != 63  # document p. 14
    own = displayed(Study("en"), ranking.loan_rate_ranking).data
    assert len(own) == 17
    assert own.set_index("municipality_code").loc["1663", "loans"] == 63


@pytest.mark.parametrize("definition", ["loans", "approved_dwellings"])
def test_a_profile_shows_the_loans_of_any_municipality(with_table, definition):
    exhibit = displayed_of_all(with_table(definition=definition), page.municipality_profile)
    assert "not known" not in exhibit.caption.partition("Centrality")[2].partition("Level")[2]
    cells = dict(zip(exhibit.shown.iloc[:, 0], exhibit.shown.iloc[:, 1], strict=True))
    assert cells["Start loans 2010"] == str(planted("1723", 2010))
    assert cells["Average loan 2010, NOK"] == ("400,000" if definition == "loans" else "–")
    assert Words("en")(f"data_level.definition.{definition}") in exhibit.caption
    assert clashes(exhibit) == []
    rates = exhibit.data.query("quantity == 'loans_per_1000' and year == 2010")["value"]
    people = read_table("municipality_year").query("municipality_code == '1723' and year == 2010")
    assert rates.item() == pytest.approx(1000 * planted("1723", 2010) / people["population"].item())


def test_a_municipality_without_a_number_stays_unknown(with_table, monkeypatch):
    own = table()
    own.loc[own["municipality_code"] == "1723", ["loans", "amount_nok"]] = pd.NA
    opened = with_table()
    monkeypatch.setattr(
        study_module, "read_table", lambda n: own if n == "start_loans" else read_table(n)
    )
    exhibit = displayed_of_all(opened, page.municipality_profile)
    assert "The municipality's loans are not known." in exhibit.caption
    assert len(displayed_of_all(opened, ranking.loan_rate_ranking).data) == 16 + len(KNOWN)


def test_none_in_both_years_is_ranked_by_level_and_not_by_growth(with_table, monkeypatch):
    own = table()
    own.loc[own["municipality_code"] == "1723", ["loans", "amount_nok"]] = 0
    opened = with_table()
    monkeypatch.setattr(
        study_module, "read_table", lambda n: own if n == "start_loans" else read_table(n)
    )
    assert "1723" in set(
        displayed_of_all(opened, ranking.loan_rate_ranking).data["municipality_code"]
    )
    growth = displayed_of_all(opened, ranking.loan_growth_ranking).data
    assert "1723" not in set(growth["municipality_code"])
    assert np.isfinite(growth["raw"]).all()


def test_without_a_table_it_is_told_how_to_bring_one(root, monkeypatch):
    monkeypatch.setattr("bsup_analysis.paths.municipal", lambda: root / "nowhere")
    with pytest.raises(InputError, match="there is no municipal table yet; make one"):
        displayed_of_all(MunicipalStudy("en"), ranking.loan_rate_ranking)
    text = displayed(Study("en", municipality_code="1723"), page.municipality_profile).caption
    assert "loans are not known" in text


@pytest.mark.parametrize("name", ["11_municipal_phasing", "12_municipal_profile"])
def test_the_notebooks_run_at_the_municipal_level(with_table, tmp_path, name):
    with_table()  # the table is there now
    output = tmp_path / "out"
    namespace: dict[str, Any] = {}
    for cell in nbformat.read(CHECKOUT / "notebooks" / f"{name}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, namespace)  # noqa: S102 - the committed notebooks
            if "parameters" in cell.metadata.get("tags", []):
                namespace.update(panel="", output=str(output))
                if "municipality_code" in namespace:
                    namespace["municipality_code"] = "1723"
    exhibits = json.loads((output / "exhibits.json").read_text(encoding="utf-8"))
    assert exhibits
    assert all(one.endswith("_municipal") for one in exhibits)
    assert "start_loans" in json.loads((output / "reads.json").read_text(encoding="utf-8"))
