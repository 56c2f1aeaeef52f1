"""A demonstration is marked in every form it takes, and kept out of results; runs that need the
user's table are there only where it is."""

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from displayed import displayed

from bsup_analysis.chapters.municipal import imported_table
from bsup_analysis.chapters.programme import shares
from bsup_analysis.cli.study_project import study_project
from bsup_analysis.design import load_design
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.exhibit import Exhibit, marked
from bsup_analysis.exhibit.style import across, new_figure
from bsup_analysis.language import LANGUAGES, Words
from bsup_analysis.run.adhoc_runs import adhoc_page
from bsup_analysis.study import DemonstrationStudy, Study

MUNICIPAL = [
    "09_municipal_effects_start_loans",
    "10_municipal_robustness_start_loans",
    "11_municipal_phasing",
    "12_municipal_profile",
    "14_municipal_start_loans",
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_of_an_exhibit_is_marked(language: str, demo: Path, tmp_path: Path) -> None:
    study = DemonstrationStudy(language, str(tmp_path), panel=str(demo))
    opening = study.opening("effects")
    table, figure = (
        displayed(study, imported_table.data_gate),
        displayed(study, shares.population_share),
    )
    study.close()
    word = {"nb": "SYNTETISK", "en": "SYNTHETIC"}[language]
    assert opening.title.startswith(word)
    assert opening.banner.startswith(word)
    assert f"<strong>{word}" in opening._repr_html_()
    assert table is not None
    assert figure is not None
    for exhibit in (table, figure):
        page = exhibit._repr_html_()
        assert page.index(f"<strong>{word}") < page.index("<figcaption>")
        for text in (exhibit.title, exhibit.caption, exhibit.alternative_text):
            assert text.startswith(word)
        assert word in exhibit.source
        with (tmp_path / "tables" / f"{exhibit.id}.csv").open(encoding="utf-8") as stream:
            assert {row["synthetic"] for row in csv.DictReader(stream)} == {"true"}
    for name in ("exhibits", "numbers"):
        content = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert content
        assert all(row["synthetic"] is True for row in content.values())
    plain = displayed(Study(language), shares.population_share)
    assert plain is not None
    assert plain.svg() != figure.svg()


def test_without_a_panel_nothing_is_marked(tmp_path: Path) -> None:
    study = Study("en", str(tmp_path))
    exhibit = displayed(study, shares.population_share)
    study.close()
    assert exhibit is not None
    assert "SYNTHETIC" not in exhibit._repr_html_()
    for path in tmp_path.rglob("*.*"):
        assert b"ynthetic" not in path.read_bytes(), path.name


def test_the_banner_stands_above_the_drawing_and_across_it() -> None:
    figure, axes = new_figure()
    axes.set_title("A title of its own")
    height = figure.get_size_inches()[1]
    across(figure, "SYNTHETIC – made up")
    figure.canvas.draw()
    assert figure.get_suptitle() == "SYNTHETIC – made up"
    assert [text.get_text() for text in figure.texts if text.get_rotation()] == ["SYNTHETIC"]
    assert figure.get_size_inches()[1] > height
    title = axes.title.get_window_extent()
    banner = next(text for text in figure.texts if not text.get_rotation())
    assert banner.get_window_extent().y0 >= title.y1  # nothing is covered


def test_marking_keeps_numbers_and_rows() -> None:
    data = pd.DataFrame({"year": [2009], "loans": [3]})
    exhibit = Exhibit("one", "T", "", "S", "A", data)
    again = marked(exhibit, Words("en"))
    assert again.data.drop(columns="synthetic").equals(data)
    assert again.id == "one"
    assert exhibit.banner == ""


@pytest.mark.parametrize("folder", ["reports", "reports/en", "data/municipal"])
def test_nothing_of_it_is_written_among_results_or_data(
    project: Path, demo: Path, folder: str
) -> None:
    with pytest.raises(InputError, match="never written"):
        DemonstrationStudy("en", str(project / folder), panel=str(demo))


def test_a_run_of_the_report_takes_no_panel(project: Path) -> None:
    path = project / "study.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('id = "05_robustness"\nparameters = {}',
                     'id = "05_robustness"\nparameters = { panel = "SYNTHETIC_x.csv" }'), "utf-8"
    )  # fmt: skip
    with pytest.raises(InputError, match=r"study.toml, line \d+: .*takes no SYNTHETIC panel"):
        load_design(path)


# --- runs that need the user's table -------------------------------------------------------------


def test_municipal_runs_are_there_where_the_table_is(project: Path) -> None:
    ids = [run.id for run in study_project().runs]
    assert not set(MUNICIPAL) & set(ids)
    with pytest.raises(
        InputError, match=r"run 09_municipal_effects_start_loans needs .*bring it with bsup"
    ):
        study_project().pages(only=MUNICIPAL[0])
    folder = project / "data" / "municipal"
    folder.mkdir()
    # the pipeline describes runs by the files there are; what is in them is read when they run
    (folder / "start_loans.csv").write_text("anything\n")
    (folder / "start_loans.provenance.toml").write_text("title = 'anything'\n")
    described = study_project()
    own = [run for run in described.runs if run.id in MUNICIPAL]
    assert [run.id for run in own] == MUNICIPAL
    assert [run.id for run in described.runs if run.id not in MUNICIPAL] == ids
    before = {run.id: described.fingerprint(run) for run in described.runs}
    (folder / "start_loans.csv").write_text("another\n")
    after = study_project()
    changed = [run.id for run in after.runs if after.fingerprint(run) != before[run.id]]
    assert changed == MUNICIPAL
    names = {described.name(path) for path in described.inputs(own[0])}
    assert {f"data/municipal/start_loans.{end}" for end in ("csv", "provenance.toml")} <= names


def test_an_own_run_may_read_what_any_run_of_its_notebook_reads(project: Path) -> None:
    folder = project / "data" / "municipal"
    folder.mkdir()
    (folder / "start_loans.csv").write_text("anything\n")
    page = adhoc_page(study_project(), "09_municipal_effects", ["outcome=start_loans", "panel="])
    assert "start_loans" in {table.stem for table in page.run.tables}


def test_each_conditional_run_says_what_it_needs() -> None:
    text = (Path(__file__).parents[2] / "study.toml").read_text(encoding="utf-8")
    assert re.findall(r'id = "(\w+)"\nneeds = "start_loans"', text) == MUNICIPAL
