"""Profiles: every municipality on the same scales, and pages from kernels that stay warm."""

import io
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from displayed import displayed
from nbformat.v4 import new_code_cell, new_notebook

from bsup_analysis.chapters.profile import page
from bsup_analysis.errors import InputError
from bsup_analysis.exhibit.style import house_style
from bsup_analysis.language import LANGUAGES
from bsup_analysis.run.engine import Progress
from bsup_analysis.run.profiles import make_profiles
from bsup_analysis.run.project import Project, Run, Step
from bsup_analysis.study import Study, read_table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "exhibits"))
from readers_eye import clashes

# the second page in a kernel must find nothing of the first, and count its cells from 1
TOY = """\
from IPython.display import HTML
assert "leftover" not in globals()
leftover = municipality_code
HTML(f"<h1>{municipality_code} {language}</h1><p>{value}</p>")
"""


def write_toy(root: Path, value: str = "1", codes: str = "0001,A\n0002,B\n0003,C\n") -> None:
    """Write a project of one notebook, which shows its parameters, and one table."""
    for name, text in {
        "study.toml": "# nothing\n",
        "data/municipality.csv": f"municipality_code,municipality_name\n{codes}",
        "package/code.py": "# nothing\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    parameters = 'language = "en"\noutput = ""\nmunicipality_code = "0001"\nvalue = ' + value
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]}), new_code_cell(TOY)]
    for number, cell in enumerate(cells):
        cell["id"] = f"toy-{number}"
    path = root / "notebooks" / "08_profile.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)


def toy(root: Path, name: str = "08_profile") -> Project:
    table = root / "data" / "municipality.csv"
    return Project(
        root=root,
        runs=(
            Run(
                name,
                root / "notebooks" / f"{name}.ipynb",
                (table,),
                {},
                (root / "package" / "code.py",),
            ),
        ),
        allowed={"language": ("nb", "en"), "municipality_code": ("*",)},
        processed=Step((table,), (), list),
        design=(root / "study.toml",),
    )


def make(project: Project, jobs: int = 2, languages: list[str] | None = None) -> Progress:
    progress = Progress(io.StringIO())
    make_profiles(project, languages, jobs, progress)
    return progress


def pages(project: Project) -> dict[str, bytes]:
    found = project.reports.rglob("*.html")
    return {path.relative_to(project.reports).as_posix(): path.read_bytes() for path in found}


def test_pages_are_made_once_and_again_only_when_something_changed(tmp_path):
    write_toy(tmp_path)
    project = toy(tmp_path)
    first = make(project)
    made = pages(project)
    wanted = {f"{one}/profiles/{code}.html" for one in ("nb", "en")
              for code in ("0001", "0002", "0003", "index")}  # fmt: skip
    assert set(made) == wanted
    assert len([name for name in first.done if name.startswith("profile ")]) == 6
    # kernels ran several pages, each as if it were the first: the toy refuses what one left behind
    for name in wanted - {"nb/profiles/index.html", "en/profiles/index.html"}:
        language, _, code = name.removesuffix(".html").split("/")
        page = made[name].decode()
        assert f"<h1>{code} {language}</h1>" in page
    for code, name in (("0001", "A"), ("0003", "C")):
        index = made["nb/profiles/index.html"].decode()
        assert re.search(rf'<a href="{code}\.html">\s*{name}', index)
    assert not list((project.build / "scratch").iterdir())

    assert not [name for name in make(project).done if "profile" in name]
    (tmp_path / "reports" / "nb" / "profiles" / "0002.html").write_text("changed by hand")
    assert [n for n in make(project).done if "profile" in n] == ["publish profiles"]
    assert pages(project) == made

    # one language alone is made anew, and nothing of it is published
    (tmp_path / "package" / "code.py").write_text("# other\n")
    assert len([n for n in make(project, languages=["nb"]).done if n.startswith("profile")]) == 3
    assert pages(project) == made
    assert set(published_names(project)) == set(made)

    # a municipality that is no more has no page
    write_toy(tmp_path, codes="0001,A\n0003,C\n")
    make(project)
    assert set(pages(project)) == {name for name in made if "0002" not in name}


def published_names(project: Project) -> dict[str, str]:
    return json.loads((project.reports / "profiles.json").read_text(encoding="utf-8"))["files"]


def test_pages_are_the_same_bytes_whatever_the_number_of_workers(tmp_path):
    found = []
    for jobs in (1, 3):
        root = tmp_path / str(jobs)
        root.mkdir()
        write_toy(root)
        make(toy(root), jobs=jobs)
        found.append(pages(toy(root)))
    assert found[0] == found[1]


def test_a_page_that_fails_is_told_in_a_sentence_and_no_file_is_left(tmp_path):
    write_toy(tmp_path, value="1 / 0", codes="0001,A\n")
    with pytest.raises(InputError, match=r"plain value"):
        make(toy(tmp_path), languages=["nb"])
    write_toy(tmp_path, codes="0001,A\n")
    notebook = tmp_path / "notebooks" / "08_profile.ipynb"
    notebook.write_text(notebook.read_text().replace("leftover = municipality_code", "1 / 0"))
    with pytest.raises(InputError, match=r"08_profile \(nb/0001\) failed .*division by zero"):
        make(toy(tmp_path), languages=["nb"])
    assert not (tmp_path / "build" / "profiles" / "nb" / "0001.html").exists()


def test_a_study_without_the_notebook_or_the_language_is_told(tmp_path):
    write_toy(tmp_path)
    with pytest.raises(InputError, match="names no notebook 08_profile"):
        make(toy(tmp_path, "01_other"))
    with pytest.raises(InputError, match="no language 'fr'"):
        make(toy(tmp_path), languages=["fr"])


def test_the_last_run_is_the_one_that_shows_most(tmp_path):
    """The municipal run stands after the published one, where the user's table is."""
    write_toy(tmp_path, codes="0001,A\n")
    project = toy(tmp_path)
    (published,) = project.runs
    told = replace(published, id="08_profile_municipal", parameters={"value": "of all"})
    make(replace(project, runs=(published, told)), languages=["nb"])
    page = project.build / "profiles" / "nb" / "0001.html"
    assert "<p>of all</p>" in page.read_text(encoding="utf-8")


def profile_of(code: str, language: str = "en"):
    return displayed(Study(language, municipality_code=code), page.municipality_profile)


@pytest.mark.parametrize("code", ["1663", "1723", "1601", "1725"])
def test_profile_is_whole_and_the_same_in_both_languages(root, code):
    both = [profile_of(code, language) for language in LANGUAGES]
    for exhibit in both:
        for text in (exhibit.title, exhibit.caption, exhibit.source, exhibit.alternative_text):
            assert not re.search(r"[{}]|\bnan\b|<NA>|  ", text), text
        assert exhibit.shown.iloc[:, 0].is_unique
        assert not exhibit.shown.isna().any().any()
        assert clashes(exhibit) == []
    assert both[0].data.equals(both[1].data)
    assert both[0].numbers == both[1].numbers


def test_every_page_has_the_same_scales(root):
    """The smallest and the largest, one without centrality, one without loans."""
    limits = []
    for code in ("1601", "1755", "1723", "1663"):
        with house_style():
            figure = profile_of(code).draw()
            figure.canvas.draw()
            limits.append([(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes])
    assert len(limits[0]) == 8  # with the map
    for other in limits[1:]:
        assert other == limits[0]


def test_profile_says_what_the_tables_say(root):
    """Document p. 14: Malvik 63 loans and 36 797 400 NOK in 2010; its rank among 85 by size."""
    exhibit = profile_of("1663")
    cells = dict(zip(exhibit.shown.iloc[:, 0], exhibit.shown.iloc[:, 1], strict=True))
    assert cells["Start loans 2010"] == "63"
    assert cells["Average loan 2010, NOK"] == "584,086"
    year = read_table("municipality_year").query("year == 2009").set_index("municipality_code")
    larger = (year["population"] > year.loc["1663", "population"]).sum()
    assert cells["Place by population 2009"] == f"number {larger + 1} of 85"
    assert exhibit.numbers["profile_population_2009"].value == year.loc["1663", "population"]
    assert "loans are not known" in profile_of("1723").caption
    assert "not known" in dict(profile_of("1723").shown.iloc[:, :2].to_numpy())["Centrality 2008"]


@pytest.mark.parametrize(
    ("code", "told"),
    [("1666", "1663 Malvik"), ("Malvik", "1663 Malvik"), ("malvk", "1663 Malvik"), ("", "1502")],
)
def test_an_unknown_municipality_is_refused_with_those_near_it(root, code, told):
    with pytest.raises(InputError, match=f"no municipality '{code}' of 2009.*{told}"):
        profile_of(code)
    with pytest.raises(InputError, match="no municipality"):
        page.heading(read_table("municipality"), code, Study("nb").words)
