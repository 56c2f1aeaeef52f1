"""What a notebook depends on is found from its imports, and an edit makes nothing else stale."""

from pathlib import Path

import pytest

from bsup_analysis.cli.study_project import study_project
from bsup_analysis.run.notebooks import cells_of, code_of

PACKAGE = Path(__file__).parents[2] / "bsup_analysis"
CHAPTERS = PACKAGE / "chapters"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A package of two rooms, one with words, where `b.late` is imported inside a function."""
    package = tmp_path / "pack"
    for name, text in {
        "__init__.py": "",
        "a/__init__.py": "from pack.a.one import value\n",
        "a/one.py": "import os\nvalue = 1\n",
        "a/two.py": "",
        "b/__init__.py": "",
        "b/late.py": "",
        "b/early.py": "def call():\n    from pack.b import late\n    return late\n",
        "b/words/en/figure.toml": "",
        "b/words/nb/notebooks/one.toml": "",
        "b/__pycache__/late.pyc": "",
    }.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os", []),
        ("%matplotlib inline", []),
        ("from pack.a.two import x", ["__init__.py", "a/__init__.py", "a/one.py", "a/two.py"]),
        ("from pack import a", ["__init__.py", "a/__init__.py", "a/one.py"]),
        (
            "import pack.b.early as early",
            ["__init__.py", "b/__init__.py", "b/early.py", "b/late.py", "b/words/en/figure.toml"],
        ),
    ],
)
def test_code_is_what_is_imported_and_what_that_imports(
    toy: Path, source: str, expected: list[str]
) -> None:
    found = [path.relative_to(toy).as_posix() for path in code_of([source], toy)]
    assert found == expected


def test_a_comment_in_a_chapter_makes_its_notebooks_stale_and_no_other() -> None:
    used = {run.id: set(run.code) for run in study_project().runs}
    files: dict[str, dict[Path, set[str]]] = {"py": {}, "toml": {}}
    for end, found in files.items():
        for path in CHAPTERS.rglob(f"*.{end}"):
            if path.parent not in (CHAPTERS, *CHAPTERS.glob("*/words/*/notebooks")):
                found[path] = {run for run, code in used.items() if path in code}
    effects = {run for run in used if run.startswith(("04_", "05_"))}
    for end, found in files.items():
        for path, stale in found.items():
            chapter = path.relative_to(CHAPTERS).parts[0]
            if chapter == "explore":  # its notebook is no part of the report
                assert not stale, path
            elif chapter == "municipal":
                assert all(run.startswith(("09_", "10_")) for run in stale), path
            elif chapter == "effects":
                assert (stale == effects) if end == "toml" else (stale <= effects), path
            elif (end, path.stem) != ("py", "all_municipalities"):  # of notebook 11
                assert len(stale) == 1, path
    assert files["py"][CHAPTERS / "programme" / "start_loans.py"] == {"01_programme_figures"}
    words = CHAPTERS / "programme" / "words" / "nb" / "malvik.toml"
    assert files["toml"][words] == {"01_programme_figures"}


def test_the_floors_belong_to_every_notebook_and_what_only_reports_to_none() -> None:
    used = {run.id: set(run.code) for run in study_project().runs}
    for floor in ("effects/group_poisson.py", "language/nb/groups.toml", "exhibit/exhibit.py"):
        assert all(PACKAGE / floor in code for code in used.values())
    for room in ("pipeline", "report", "cli", "traceability", "statbank"):
        assert not any(path.is_relative_to(PACKAGE / room) for path in set().union(*used.values()))


def test_the_text_of_a_notebook_belongs_to_that_notebook() -> None:
    project = study_project()
    texts = set(CHAPTERS.glob("*/words/*/notebooks/*.toml"))
    assert not texts & {path for run in project.runs for path in run.code}
    for run in project.runs:
        text = project.texts(run.notebook.stem, "nb")
        assert text in texts or run.id == "08_profile"
        assert project.texts(run.notebook.stem, "en") is None


def test_what_is_no_notebook_imports_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    assert cells_of(path) == []
    path.write_text("{", encoding="utf-8")
    assert cells_of(path) == []
